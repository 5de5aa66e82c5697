//go:build !linux

package goroutines

// CPU is -1 here: the system doesn't tell.
func CPU() int { return -1 }
