package create

import (
	"errors"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/armtest"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
	"threadbench/threads"
)

// TestFloorAllocatesAsGoroutine parks goroutines and compares their memory, heap and
// stacks, with the blocks of start's floor.
func TestFloorAllocatesAsGoroutine(t *testing.T) {
	if !armtest.Alone(t, arm.Still...) {
		return
	}
	if host.BuildSettings()["-race"] == "true" {
		t.Skip("the race detector allocates, too")
	}
	const n = 10_000
	held := func() float64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc + m.StackInuse)
	}
	h := goroutines.NewSet(0, nil)
	before := held()
	if err := h.Make(n); err != nil {
		t.Fatal(err)
	}
	h.Wait()
	goroutine := (held() - before) / n

	arm, err := openAllocate(nil)
	if err != nil {
		t.Fatal(err)
	}
	before = held()
	s, err := arm.Measure()
	if err != nil {
		t.Fatal(err)
	}
	floor := (held() - before) / float64(s.Ops)
	h.Release()
	h.Join()
	runtime.KeepAlive(arm)

	if off := math.Abs(floor-goroutine) / goroutine; off > 0.15 {
		t.Errorf("the floor allocates %.0f bytes, a goroutine %.0f: %.0f%% off, want 15%% at the most", floor, goroutine, 100*off)
	}
	t.Logf("the floor allocates %.0f bytes, a goroutine %.0f", floor, goroutine)
}

// TestFloorZeroesNothing: a span fresh from the system is not touched before
// its stacks are, so that the floor pays no page fault twice.
func TestFloorZeroesNothing(t *testing.T) {
	if !armtest.Alone(t, arm.Still...) {
		return
	}
	switch {
	case host.BuildSettings()["-race"] == "true":
		t.Skip("the race detector touches what is allocated")
	case host.MinorFaults() < 0:
		t.Skip("this system does not count page faults")
	}
	const n = 64
	var spans [n]*[spanBytes]byte
	before := host.MinorFaults()
	for i := range spans {
		spans[i] = new([spanBytes]byte)
	}
	untouched := host.MinorFaults() - before
	runtime.KeepAlive(&spans)
	if pages := int64(n * spanBytes / os.Getpagesize()); untouched > pages/4 {
		t.Errorf("%d page faults for %d pages that nobody has touched", untouched, pages)
	}
}

// TestStackPool takes as many stacks as the floor does: each has bytes of its own,
// and they come from no more spans than needed.
func TestStackPool(t *testing.T) {
	var p stackPool
	seen := map[*byte]bool{}
	for i := range createCold {
		stack := p.take()
		if len(stack) != host.StackStart || seen[&stack[0]] {
			t.Fatalf("stack %d has %d bytes, and was taken already: %v", i, len(stack), seen[&stack[0]])
		}
		seen[&stack[0]] = true
		for j := range stack { // a link in it would lead astray
			stack[j] = 0xff
		}
	}
	if want := (createCold + stacksInSpan - 1) / stacksInSpan; p.cut != want {
		t.Errorf("%d stacks are of %d spans, want %d", createCold, p.cut, want)
	}
}

// TestFloorStacksCounted: two gs on one stack are no evidence.
func TestFloorStacksCounted(t *testing.T) {
	c, ok := measure.Families{Family}.Lookup("Create/impl=floor/mode=start")
	if !ok {
		t.Fatal("no such case")
	}
	a := &allocateArm{meter: arm.NewMeter()}
	s, err := a.Measure()
	if err != nil {
		t.Fatal(err)
	}
	if proven, err := c.Check(s.Ops, s.Counts); err != nil || !proven {
		t.Errorf("%v: %v, %v", s.Counts, proven, err)
	}
	a.gs[7].stack = a.gs[8].stack
	if got := a.distinctStacks(); got != createCold-1 {
		t.Errorf("%d stacks of %d gs, of which two share one", got, createCold)
	}
}

// A quietTasks is one that does nothing.
type quietTasks struct{}

func (quietTasks) Make(int) error { return nil }
func (quietTasks) Wait()          {}
func (quietTasks) Release()       {}
func (quietTasks) Join()          {}

// TestColdCountsOffTheClock makes the counting of threads yield over and over: none
// of that is on the clock.
func TestColdCountsOffTheClock(t *testing.T) {
	const sleeps = 200
	counted := int64(0)
	tids := func() []int {
		before := host.KernelSwitches()
		for range sleeps {
			time.Sleep(50 * time.Microsecond)
		}
		counted = host.KernelSwitches() - before
		return []int{1, 2}
	}
	for _, join := range []bool{true, false} {
		a := &coldArm{parked: arm.Parked{ParkedTasks: quietTasks{}, Tids: tids}, join: join, meter: arm.NewMeter()}
		s, err := a.Measure()
		if err != nil {
			t.Fatal(err)
		}
		if host.KernelSwitches() < 0 {
			t.Skip("this system does not count context switches")
		}
		if on := s.Counts["kernel-switches"]; counted < sleeps/2 || on > counted/4 {
			t.Errorf("join %v: %d switches while threads were counted, %d on the clock", join, counted, on)
		}
		if s.Counts["threads"] != 2 {
			t.Errorf("join %v: %v", join, s.Counts)
		}
	}
}

// TestFloorNeedsSmallStacks opens the floor where goroutines start with a larger
// stack than the floor allocates.
func TestFloorNeedsSmallStacks(t *testing.T) {
	if !armtest.Alone(t, "GODEBUG=adaptivestackstart=1") {
		return
	}
	h := goroutines.NewSet(64<<10, nil)
	if err := h.Make(100); err != nil {
		t.Fatal(err)
	}
	h.Wait()
	runtime.GC() // which sees deep stacks
	runtime.GC()
	_, err := openAllocate(nil)
	h.Release()
	h.Join()
	if err == nil || !strings.Contains(err.Error(), "its stack starts at ") {
		t.Errorf("opened with deep stacks alive: %v, want an error with their size", err)
	}
}

func TestRoundUp(t *testing.T) {
	for _, test := range []struct{ n, batch, want int }{{1, 1, 1}, {1, 100, 100}, {100, 100, 100}, {101, 100, 200}} {
		if got := arm.RoundUp(test.n, test.batch); got != test.want {
			t.Errorf("roundUp(%d, %d) = %d, want %d", test.n, test.batch, got, test.want)
		}
	}
}

// TestPooledThreads makes tasks from a locked maker: each runs on another thread
// than the maker, one of a few existing threads.
func TestPooledThreads(t *testing.T) {
	if !armtest.Alone(t, "GOMAXPROCS=1") {
		return
	}
	c, ok := measure.Families{Family}.Lookup("Create/impl=locked/mode=pooled")
	if !ok {
		t.Fatal("no such case")
	}
	arm, err := c.Open(nil)
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		t.Skip(skip.Reason)
	}
	if err != nil {
		t.Fatal(err)
	}
	a := arm.(*pooledArm)
	for _, n := range []int{1, 1500, 1000} {
		s, err := arm.Run(n)
		if err != nil {
			t.Fatal(err)
		}
		if s.Ops != n || s.Counts["elsewhere"] != int64(n) || a.seen < 1 || a.seen > 8 {
			t.Errorf("%d ops, %v, on %d threads so far; want %d, each on another thread than its maker's, of 8 at the most", s.Ops, s.Counts, a.seen, n)
		}
		if proven, err := c.Check(s.Ops, s.Counts); err != nil || proven != (n >= measure.Provable) {
			t.Errorf("%d ops: %v, %v", n, proven, err)
		}
	}

	// A maker that isn't wired: its tasks run where it waits.
	a.maker = threads.TID()
	a.elsewhere = 0
	a.create(100, 1, a.hooks.in, a.hooks.out)
	if a.elsewhere > 10 {
		t.Errorf("%d of 100 tasks of a maker that isn't wired were on another thread", a.elsewhere)
	}
	if err := arm.Close(); err != nil {
		t.Error(err)
	}
}

// TestPoolCounted: a thread in the pool counts once, one beyond its room each time.
func TestPoolCounted(t *testing.T) {
	a := &pooledArm{}
	for range 2 {
		for tid := range 16 {
			a.note(tid + 1)
		}
	}
	if a.seen != 16 {
		t.Errorf("16 threads are counted as %d", a.seen)
	}
	a.note(17)
	a.note(17)
	if a.seen != 18 {
		t.Errorf("2 more, for which there is no room, make %d", a.seen)
	}
}

// TestHooksCountThreads makes tasks in each way in this process, and checks the
// counts of threads and goroutines.
func TestHooksCountThreads(t *testing.T) {
	if !armtest.Alone(t) {
		return
	}
	for _, test := range []struct {
		name        string
		how         func() hooks
		least, most int64
	}{
		{"plain", plain, 0, 8},
		{"given back", giveBack, 0, 8},
		{"exits locked", exitLocked, 180, 200},
	} {
		arm, err := openCreate(createBatch, test.how)(nil)
		if err != nil {
			t.Fatal(err)
		}
		s, err := arm.Run(150)
		if err != nil {
			t.Fatal(err)
		}
		if s.Ops != 200 {
			t.Errorf("%s: 150 ops in batches of 100 are %d", test.name, s.Ops)
		}
		if made := s.Counts["threads"]; made < test.least || made > test.most {
			t.Errorf("%s: %d threads made for %d tasks, want %d to %d", test.name, made, s.Ops, test.least, test.most)
		}
		if created := s.Counts["created"]; created < 200 || created > 264 {
			t.Errorf("%s: %d goroutines created for 200 tasks", test.name, created)
		}
		if err := arm.Close(); err != nil {
			t.Error(err)
		}
	}
}
