package bench

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"threadbench/goroutines"
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
