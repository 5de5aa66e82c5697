package create

import (
	"testing"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/armtest"
	"threadbench/bench/internal/broken"
	"threadbench/bench/measure"
	"threadbench/goroutines"
	"threadbench/threads"
)

// TestBrokenThreadEach makes goroutines that each take a thread.
func TestBrokenThreadEach(t *testing.T) {
	if !armtest.Alone(t, append(arm.Still, "GOMAXPROCS=1")...) {
		return
	}
	broken.Row(t, Family, "Create/impl=goroutine/mode=cold", "goroutines that each take a thread", func() (measure.Measurement, error) {
		return openCold(func(n, depth, stack int) (arm.Parked, error) {
			h, err := arm.ParkedLocked(n, depth, stack)
			h.Tids = nil // a goroutine has no thread to tell
			return h, err
		}, true)(nil)
	})
}

// TestBrokenReusedThread makes tasks in place of raw threads; one of them runs on
// the thread of another.
func TestBrokenReusedThread(t *testing.T) {
	if !armtest.Alone(t, append(arm.Still, "GOMAXPROCS=1")...) {
		return
	}
	if threads.TID() < 0 {
		t.Skip("this system does not tell a task its thread")
	}
	broken.Row(t, Family, "Create/impl=clone/mode=cold", "a reused thread", func() (measure.Measurement, error) {
		return openCold(func(n, depth, stack int) (arm.Parked, error) {
			in, tids := arm.TidsOf(n)
			h := goroutines.NewSet(depth, func() { in(); giveBack().out() })
			return arm.Parked{ParkedTasks: h, Tids: tids}, nil
		}, true)(nil)
	})
}
