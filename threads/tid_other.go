//go:build !linux && !windows

package threads

// TID is -1 here: the thread is not told.
func TID() int { return -1 }
