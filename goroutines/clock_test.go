package goroutines

import (
	"testing"
	"time"
)

// TestClock: the clock's steps are small against a slice.
func TestClock(t *testing.T) {
	var least time.Duration
	last := Now()
	for seen := 0; seen < 100; {
		now := Now()
		if now < last {
			t.Fatalf("the clock went back from %v to %v", last, now)
		}
		if step := now - last; step > 0 {
			if seen++; least == 0 || step < least {
				least = step
			}
		}
		last = now
	}
	if least > 10*time.Microsecond {
		t.Errorf("the clock's least step is %v, too coarse for slices of 1.5 ms", least)
	}
}
