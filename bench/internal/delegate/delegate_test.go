package delegate

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/armtest"
	"threadbench/goroutines"
	"threadbench/threads"
)

// TestDelegates: in every mode the right goroutine makes each call.
func TestDelegates(t *testing.T) {
	for _, row := range []struct {
		impl, mode string
		callers    int
	}{
		{"goroutine", "direct", 1}, {"goroutine", "direct", 3}, {"locked", "direct", 1}, {"locked", "direct", 3},
		{"goroutine", "delegated", 1}, {"locked", "delegated", 1}, {"locked", "delegated", 3}, {"locked", "pool", 3},
		{"floor", "delegated", 1},
	} {
		a, err := newDelegate(row.impl, row.mode, 7, row.callers)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 50, 20_000} {
			s, err := a.Run(n)
			if err != nil || s.Ops != max(n, row.callers) || s.Elapsed <= 0 {
				t.Errorf("%+v, %d calls: %+v, %v", row, n, s, err)
			}
		}
		if threads.TID() >= 0 && row.impl == "locked" && row.mode == "delegated" && a.seen[0].tid != a.servers[0] {
			t.Errorf("%+v: called on thread %d, the server's is %d", row, a.seen[0].tid, a.servers[0])
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestBrokenCallers: it is an error if calls are made in another way than the row's name
// says.
func TestBrokenCallers(t *testing.T) {
	lock := func(int) error { runtime.LockOSThread(); return nil }
	for _, test := range []struct {
		name, impl, mode string
		how              goroutines.Calling
		setup            func(int) error
		want             string
	}{
		{"no lock around the call", "locked", "direct", goroutines.Direct, nil, "on a locked thread: true, seen false"},
		{"a lock that nobody asked for", "goroutine", "direct", goroutines.Locking, nil, "on a locked thread: false, seen true"},
		{"a server that isn't locked", "locked", "delegated", goroutines.Handed, nil, "on a locked thread: true, seen false"},
		{"another thread's server", "locked", "delegated", goroutines.Handed, lock, "calls looked at on the server's thread, seen 0"},
		{"a call that is not handed over", "goroutine", "delegated", goroutines.Direct, nil, "expected servers to make 12 of 12 calls, seen 0"},
	} {
		a, err := newDelegate(test.impl, test.mode, 3, 1)
		if err != nil {
			t.Fatal(err)
		}
		whole := a.callers
		broken, err := goroutines.NewCallers(1, test.how, 1, test.setup, a.look)
		if err != nil {
			t.Fatal(err)
		}
		broken.Steps(3)
		a.callers = broken
		_, _, err = a.Pass(10, 2)
		if threads.TID() >= 0 || !strings.Contains(test.want, "thread,") {
			armtest.Says(t, test.name, err, test.want)
		}
		whole.Close()
		broken.Close()
	}
}

// spoiled callers make other calls than asked for.
type spoiled struct {
	calls  []int
	x      []uint64
	served int
	steps  int
	look   func(int)
	spoil  func(*spoiled)
}

func (s *spoiled) Run(n, warm int, clock goroutines.Clock) {
	clock.Start()
	s.calls[0] += n + warm
	s.x[0] = goroutines.Worked(s.x[0], (n+warm)*s.steps)
	s.look(0)
	s.spoil(s)
	clock.Stop()
}

func (s *spoiled) Steps(n int) { s.steps = n }

func (s *spoiled) Answered() ([]int, []uint64, int) {
	return append([]int{}, s.calls...), append([]uint64{}, s.x...), s.served
}

func (s *spoiled) Close() {}

// TestDelegateProof: calls other than those asked for give no figure.
func TestDelegateProof(t *testing.T) {
	defer func(was func() int64) { threadsAlive = was }(threadsAlive)
	still := func() int64 { return 0 }
	for _, test := range []struct {
		name, want string
		spoil      func(*spoiled)
	}{
		{"whole", "", func(*spoiled) {}},
		{"half the calls", "expected 12 calls answered, seen 6", func(s *spoiled) { s.calls[0], s.x[0] = 6, goroutines.Worked(0, 6*3) }},
		{"twice the calls", "expected 12 calls answered, seen 24", func(s *spoiled) { s.calls[0], s.x[0] = 24, goroutines.Worked(0, 24*3) }},
		{"half the work", "expected 12 calls of caller 1 to come to", func(s *spoiled) { s.x[0] = goroutines.Worked(0, 6*3) }},
		{"a server's call", "expected servers to make 0 of 12 calls, seen 1", func(s *spoiled) { s.served++ }},
		{"a thread for each call", "threads made in 12 calls, seen 100012", func(*spoiled) { threadsAlive = func() int64 { return 100_012 } }},
		{"nobody looks", "expected the calls of caller 1 to be looked at, seen none of 12", nil},
	} {
		threadsAlive = still
		a := &delegateArm{how: goroutines.Direct, seen: make([]sight, 1), meter: arm.NewMeter()}
		s := &spoiled{calls: []int{0}, x: []uint64{0}, look: a.look, spoil: test.spoil}
		if test.spoil == nil {
			s.look, s.spoil = func(int) {}, func(*spoiled) {}
		}
		a.callers = s
		a.Steps(3)
		_, _, err := a.Pass(10, 2)
		armtest.Says(t, test.name, err, test.want)
	}
}

// TestServersApart: each server of a pool has a thread of its own.
func TestServersApart(t *testing.T) {
	if threads.TID() < 0 {
		t.Skip("the system doesn't tell threads apart")
	}
	a := &delegateArm{how: goroutines.Handed, seen: []sight{{looks: 1, locked: true}}, servers: []int{5, 5}}
	armtest.Says(t, "two servers on one thread", a.proves(0, 1), "expected 2 servers on threads of their own, seen 1 threads")
}

// TestCrossoverOfDelegate: a row opened for the search of a crossover makes calls of few
// and of many steps.
func TestCrossoverOfDelegate(t *testing.T) {
	for _, impl := range []string{"goroutine", "locked"} {
		d, err := doer(impl, "delegated")()
		if err != nil {
			t.Fatal(err)
		}
		for _, steps := range []int{64, 8000} {
			d.Steps(steps)
			if took, counts, err := d.Pass(32, 4); err != nil || took <= 0 || took > time.Minute || counts["schedules"] < 0 {
				t.Errorf("%s, %d steps: %v, %v, %v", impl, steps, took, counts, err)
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
