package bench

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"threadbench/bench/lockstep"
	"threadbench/goroutines"
	"threadbench/threads"
)

// TestFloorAllocatesAsGoroutine parks goroutines and holds what each of them
// takes of the heap and of the stacks against the blocks of nojoin's floor.
func TestFloorAllocatesAsGoroutine(t *testing.T) {
	if !alone(t, still...) {
		return
	}
	if buildSettings()["-race"] == "true" {
		t.Skip("the race detector allocates, too")
	}
	const n = 10_000
	held := func() float64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc + m.StackInuse)
	}
	h := goroutines.NewHerd(0, nil)
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
	s, err := arm.Run(1)
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

// TestFloorNeedsSmallStacks opens the floor where goroutines start with a
// larger stack than the one that it allocates.
func TestFloorNeedsSmallStacks(t *testing.T) {
	if !alone(t, "GODEBUG=adaptivestackstart=1") {
		return
	}
	h := goroutines.NewHerd(64<<10, nil)
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
		if got := roundUp(test.n, test.batch); got != test.want {
			t.Errorf("roundUp(%d, %d) = %d, want %d", test.n, test.batch, got, test.want)
		}
	}
}

func TestDistinct(t *testing.T) {
	tids := []int{7, 3, 7, 7, 9}
	if got := distinct(tids); got != 3 {
		t.Errorf("distinct(%v) = %d, want 3", tids, got)
	}
	if !slices.Equal(tids, []int{7, 3, 7, 7, 9}) {
		t.Errorf("distinct has sorted its argument: %v", tids)
	}
	if got := distinct(nil); got != 0 {
		t.Errorf("distinct of nothing = %d", got)
	}
}

// TestPooledThreads makes tasks from a wired maker: each runs on another thread
// than it, of a few that are there already.
func TestPooledThreads(t *testing.T) {
	if !alone(t, "GOMAXPROCS=1") {
		return
	}
	c, ok := Lookup("Create/impl=locked/mode=pooled")
	if !ok {
		t.Fatal("no such case")
	}
	arm, err := c.open(nil)
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
		if proven, err := c.Check(s.Ops, s.Counts); err != nil || proven != (n >= provable) {
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

// TestPoolCounted: a thread counts once, and in the end each time.
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

// TestHooksCountThreads runs each way of making tasks in this process and sees
// that what is made is counted as it is.
func TestHooksCountThreads(t *testing.T) {
	if !alone(t) {
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
