//go:build !amd64 && !arm64

package goroutines

// Ticks are nanoseconds of the clock where no counter of the CPU is known.
func Ticks() int64 { return int64(Now()) }
