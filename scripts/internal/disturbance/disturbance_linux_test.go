package disturbance

import (
	"math"
	"testing"
	"time"
)

// Two readings 10 s apart. Of 2000 ticks of two CPUs 100 are stolen, 1300 idle
// and 600 busy; this process has 4 s of those.
func TestAfter(t *testing.T) {
	read := func(text string, own time.Duration, at int64) Reading {
		r := Reading{at: time.Unix(at, 0), own: own, throttledUnknown: true}
		r.stat(text)
		return r
	}
	before := read("cpu  100 0 100 1000 50 0 0 10 70 0\ncpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\nintr 5\ncpu9 1\n", time.Second, 100)
	after := read("cpu  500 50 200 2200 150 30 20 110 90 0\ncpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\nintr 5\n", 5*time.Second, 110)
	got := after.after(before)
	if got.CPUs != 2 || got.Time != 10*time.Second || got.Throttled != -1 || math.Abs(got.Steal-0.05) > 1e-12 || math.Abs(got.Others-0.2) > 1e-12 {
		t.Errorf("%+v", got)
	}
	before.throttledUnknown, after.throttledUnknown = false, false
	before.throttled, after.throttled = 3, 7
	if got := after.after(before); got.Throttled != 4 {
		t.Errorf("throttled %d times, want 4", got.Throttled)
	}
	if got := read("", 0, 1).after(read("", 0, 0)); got.CPUs != 0 || got.Busy() != "" {
		t.Errorf("without /proc/stat: %+v", got)
	}
}
