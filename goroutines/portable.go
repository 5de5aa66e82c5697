//go:build !amd64 && !arm64

package goroutines

// chunk does n steps.
func chunk(x uint64, n int) uint64 {
	for range n {
		x = x*workFactor + workTerm
	}
	return x
}

// Ticks returns nanoseconds of the clock: no counter of this CPU is known.
func Ticks() int64 { return int64(Now()) }
