//go:build !windows

package goroutines

import "time"

var started = time.Now()

// Now reads the monotonic clock: the time since some moment of this process.
// It never goes back; what counts is the difference of two readings.
func Now() time.Duration { return time.Since(started) }
