//go:build !amd64 && !arm64

package goroutines

// chunk does n steps.
func chunk(x uint64, n int) uint64 {
	for range n {
		x = x*workFactor + workTerm
	}
	return x
}

// Ticks are nanoseconds of the clock where no counter of the CPU is known.
func Ticks() int64 { return int64(Now()) }
