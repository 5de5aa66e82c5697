//go:build !unix

package bench

// kernelSwitches is unknown here.
func kernelSwitches() int64 { return -1 }

// minorFaults is unknown here.
func minorFaults() int64 { return -1 }
