//go:build !amd64 && !arm64

package goroutines

import "time"

var started = time.Now()

// Ticks are nanoseconds of the monotonic clock where no counter of the CPU is
// known.
func Ticks() int64 { return int64(time.Since(started)) }
