//go:build !linux

package goroutines

// CPU returns -1 here: the system doesn't report it.
func CPU() int { return -1 }
