package scale

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/armtest"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
)

// TestScaleArms holds a few tasks of each kind, in a process of its own.
func TestScaleArms(t *testing.T) {
	for _, n := range []int{1, 30, 1100} {
		for _, kind := range []struct {
			impl  string
			first arm.NewParked
		}{
			{"goroutine", goroutineWorkers},
			{"locked", lockedWorkers},
			{"clone", cloneWorkers},
		} {
			t.Run(fmt.Sprintf("%s%d", kind.impl, n), func(t *testing.T) {
				if !armtest.Alone(t, arm.AsItIs...) {
					return
				}
				s := armtest.Measured(t, openScale(kind.impl, n, kind.first), func(why string) { t.Log(why) })
				f := s.Figures
				if f["tasks"] != float64(n) {
					t.Skipf("%v tasks have room", f["tasks"])
				}
				areThreads := kind.impl != "goroutine"
				if want := max(1, passes(n, areThreads)) * n; s.Ops != want || s.Elapsed <= 0 {
					t.Errorf("%d ops in %v, want %d", s.Ops, s.Elapsed, want)
				}
				if got, own := f["threads"], float64(n); areThreads && (got < own || got > own+64) || !areThreads && (got < 1 || got > 64) {
					t.Errorf("%v threads", got)
				}
				for _, unit := range []string{"cold-ns", "user-B/task", "kernel-B/task"} {
					if _, ok := f[unit]; ok != (n >= scaleLarge && (host.CanPin || unit == "cold-ns")) {
						t.Errorf("%s of %d tasks: %v", unit, n, ok)
					}
				}
				if _, ok := f["gc-cycles"]; !ok {
					t.Error("the collections were not counted")
				}
			})
		}
	}
}

func TestPasses(t *testing.T) {
	for _, test := range []struct {
		n       int
		threads bool
		want    int
	}{
		{1, false, 10_000}, {3, false, 3334}, {10_000, false, 1}, {1_000_000, false, 1},
		{1, true, 1000}, {999, true, 2}, {1000, true, 0}, {10_000, true, 0},
	} {
		if got := passes(test.n, test.threads); got != test.want {
			t.Errorf("%d tasks, threads: %v: %d passes, want %d", test.n, test.threads, got, test.want)
		}
	}
}

// TestScaleProof compares counts with the tasks that should be held.
func TestScaleProof(t *testing.T) {
	good := held{tasks: 500, tids: 500, worked: 500, samples: 100, threads: 504}
	for _, test := range []struct {
		name    string
		threads bool
		change  func(*held)
		want    string // of the error, "" for none
	}{
		{"threads", true, func(*held) {}, ""},
		{"goroutines", false, func(h *held) { h.tids, h.threads = -1, 4 }, ""},
		{"a task too few", false, func(h *held) { h.tasks-- }, "expected 500 tasks held at once, seen 499"},
		{"a task too many", true, func(h *held) { h.tasks++ }, "expected 500 tasks held at once, seen 501"},
		{"half the tasks", false, func(h *held) { h.tasks = 250 }, "expected 500 tasks held at once, seen 250"},
		{"twice the tasks", false, func(h *held) { h.tasks = 1000 }, "expected 500 tasks held at once, seen 1000"},
		{"half the threads", true, func(h *held) { h.tids = 250 }, "expected the tasks to run on 500 threads, seen 250"},
		{"twice the threads", true, func(h *held) { h.tids = 1000 }, "expected the tasks to run on 500 threads, seen 1000"},
		{"half of them worked", true, func(h *held) { h.worked = 250 }, "expected 500 tasks to do their work in turn, seen 250"},
		{"two tasks on one thread", true, func(h *held) { h.tids-- }, "expected the tasks to run on 500 threads, seen 499"},
		{"a task that did not work", false, func(h *held) { h.worked-- }, "expected 500 tasks to do their work in turn, seen 499"},
		{"threads not counted", false, func(h *held) { h.samples = 49 }, "expected at least 50 counts of the threads, seen 49"},
		{"fewer threads than tasks", true, func(h *held) { h.threads = 499 }, "expected at least 500 threads while the tasks run in turn, seen 499"},
		{"no thread", false, func(h *held) { h.threads = 0 }, "expected at least 1 threads"},
	} {
		seen := good
		test.change(&seen)
		a := &scaleArm{n: 500, areThreads: test.threads}
		armtest.Says(t, test.name, a.prove(seen), test.want)
	}
}

// TestScaleCut asks for more tasks than any machine has room for.
func TestScaleCut(t *testing.T) {
	_, err := openScale("clone", 1<<30, cloneWorkers)(func(why string) { t.Errorf("cut: %s", why) })
	var skip *lockstep.Skip
	if !errors.As(err, &skip) || !host.CanPin && skip.Reason == "" {
		t.Fatalf("a set of 2^40 threads: %v (%T), want a *Skip", err, err)
	}
	if host.CanPin && (!strings.Contains(skip.Reason, "raise it: ") || !strings.Contains(skip.Reason, "no more than the row before")) {
		t.Errorf("skipped: %s", skip.Reason)
	}
}

// A joined is a set that counts how often it is joined, and can be made or not.
type joined struct {
	fails error
	times int
}

func (j *joined) Make(int) error { return j.fails }
func (j *joined) Wait()          {}
func (j *joined) Release()       {}
func (j *joined) Join()          { j.times++ }

// TestPassFails has the second of three passes fail: each set is joined once,
// those that were not used among them.
func TestPassFails(t *testing.T) {
	fails := errors.New("no more threads")
	sets := []*joined{{}, {fails: fails}, {}}
	a := &scaleArm{n: 1}
	for _, h := range sets {
		a.later = append(a.later, arm.Parked{ParkedTasks: h})
	}
	if _, err := a.again(); !errors.Is(err, fails) {
		t.Errorf("the passes end with %v, want %v", err, fails)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	for i, h := range sets {
		if h.times != 1 {
			t.Errorf("set %d was joined %d times", i, h.times)
		}
	}
}
