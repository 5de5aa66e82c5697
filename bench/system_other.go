//go:build !unix

package bench

// kernelSwitches is unknown here.
func kernelSwitches() int64 { return -1 }
