//go:build !unix

package host

// KernelSwitches is unknown here.
func KernelSwitches() int64 { return -1 }

// MinorFaults is unknown here.
func MinorFaults() int64 { return -1 }
