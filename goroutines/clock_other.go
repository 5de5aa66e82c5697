//go:build !windows

package goroutines

import "time"

var started = time.Now()

// Now reads the monotonic clock: the time since some moment in this process. It
// never goes back. Only differences of two readings have a meaning.
func Now() time.Duration { return time.Since(started) }
