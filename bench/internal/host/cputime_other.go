//go:build !unix

package host

// CpuTime is unknown here.
func CpuTime() int64 { return -1 }
