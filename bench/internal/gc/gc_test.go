package gc

import (
	"fmt"
	"math"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/armtest"
	"threadbench/goroutines"
)

// TestGCArms collects with a few tasks of each kind parked, in a process of
// its own.
func TestGCArms(t *testing.T) {
	const n = 50
	for _, depth := range []int{0, 64 << 10} {
		for _, kind := range []struct {
			impl string
			park arm.NewParked
		}{
			{"goroutine", arm.ParkedGoroutines},
			{"locked", arm.ParkedLocked},
			{"clone", arm.ParkedClones},
			{"floor", nil},
		} {
			t.Run(fmt.Sprintf("%s%d", kind.impl, depth), func(t *testing.T) {
				if !armtest.Alone(t, arm.Still...) {
					return
				}
				s := armtest.Measured(t, openGC(kind.impl, n, depth, kind.park), func(why string) { t.Skip(why) })
				if s.Ops != forced || s.Elapsed != 0 {
					t.Errorf("%d ops in %v", s.Ops, s.Elapsed)
				}
				for _, unit := range []string{"stw-ns", "stood-most-ns", "cycle-ns", "mark-ns", "cpu-ns"} {
					if x := s.Figures[unit]; !(x > 0) || math.IsInf(x, 0) {
						t.Errorf("%s is %v", unit, x)
					}
				}
				least, there := s.Figures["stood-least-ns"]
				if most := s.Figures["stood-most-ns"]; !there || !(least >= 0 && least < most && most <= s.Figures["stw-ns"]) {
					t.Errorf("the world stood for %v to %v ns of %v (%t)", least, most, s.Figures["stw-ns"], there)
				}
				if tasks, ok := s.Figures["tasks"]; ok != (kind.park != nil) || ok && tasks != n {
					t.Errorf("%v tasks", tasks)
				}
			})
		}
	}
}

// TestGCProof compares counts with the tasks that should be parked.
func TestGCProof(t *testing.T) {
	for _, test := range []struct {
		name   string
		tids   []int
		alive  int
		stacks int64
		want   string
	}{
		{"goroutines", nil, 10, 10 << 20, ""},
		{"threads", []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 10, 10 << 20, ""},
		{"one that has ended", nil, 9, 10 << 20, "expected 10 tasks parked, seen 9"},
		{"half", nil, 5, 10 << 20, "expected 10 tasks parked, seen 5"},
		{"twice", nil, 20, 10 << 20, "expected 10 tasks parked, seen 20"},
		{"half the stacks", nil, 10, 5 << 20, "seen 5242880"},
		{"two on one thread", []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 8}, 10, 10 << 20, "expected 10 threads parked, seen 9"},
		{"stacks that were ready", nil, 10, 10<<20 - stackRoom, ""},
		{"stacks that have shrunk", nil, 10, 10<<20 - stackRoom - 1, "1048576 a task less 98304, seen 10387455"},
	} {
		a := &gcArm{n: 10, least: 1 << 20}
		if test.tids != nil {
			a.parked.Tids = func() []int { return test.tids }
		}
		armtest.Says(t, test.name, a.prove(test.alive, test.stacks), test.want)
	}
}

func TestCyclesCounted(t *testing.T) {
	before := cycleCount{3, 2}
	armtest.Says(t, "as many as forced", before.since(cycleCount{3 + forced, 2 + forced}), "")
	armtest.Says(t, "one of the runtime's own", before.since(cycleCount{4 + forced, 2 + forced}), "expected 10 collections, all of them forced; seen 11, 10 of them forced")
	armtest.Says(t, "one too few", before.since(cycleCount{2 + forced, 1 + forced}), "seen 9, 9 of them forced")
	armtest.Says(t, "one of them not forced", before.since(cycleCount{3 + forced, 1 + forced}), "seen 10, 9 of them forced")
}

// TestAgree compares the runtime's stops with the watcher's waits.
func TestAgree(t *testing.T) {
	for _, test := range []struct {
		name                   string
		stops, stopping, waits []float64
		want                   string
	}{
		{"waits just as long", []float64{50e3, 60e3, 70e3}, []float64{0, 0, 0}, []float64{50e3, 60e3, 70e3}, ""},
		{"longer, for a mark worker", []float64{50e3, 60e3, 70e3}, []float64{0, 0, 0}, []float64{500e3, 600e3, 700e3}, ""},
		{"others ran while they were being stopped", []float64{50e3, 60e3, 70e3}, []float64{45e3, 45e3, 60e3}, []float64{0, 0, 0}, ""},
		{"a grain less", []float64{50e3, 60e3, 70e3}, []float64{0, 0, 0}, []float64{30e3, 40e3, 50e3}, ""},
		{"less in one cycle", []float64{50e3, 60e3, 900e3}, []float64{0, 0, 0}, []float64{50e3, 60e3, 0}, ""},
		{"less in two of three", []float64{50e3, 60e3, 70e3}, []float64{5e3, 0, 0}, []float64{50e3, 30e3, 10e3}, ""},
		{"less in all of them", []float64{50e3, 60e3, 70e3}, []float64{5e3, 0, 0}, []float64{20e3, 30e3, 10e3},
			"in each of 3 cycles it waited for less, in the worst for 10000 ns of a stop of 70000 ns, of which at most 0 ns"},
		{"no waits at all", []float64{50e3, 60e3, 70e3}, []float64{5e3, 5e3, 5e3}, []float64{0, 0, 0}, "in each of 3 cycles"},
	} {
		armtest.Says(t, test.name, agree(test.stops, test.stopping, test.waits), test.want)
	}
}

func TestNewStoppings(t *testing.T) {
	h := func(counts ...uint64) *metrics.Float64Histogram {
		return &metrics.Float64Histogram{Counts: counts, Buckets: []float64{math.Inf(-1), 1e-6, 2e-6, 4e-6, math.Inf(1)}}
	}
	for _, test := range []struct {
		name        string
		after       *metrics.Float64Histogram
		least, most float64
	}{
		{"nothing new", h(1, 2, 3, 4), 0, 0},
		{"one of 1 to 2 us and two of 2 to 4", h(1, 3, 5, 4), 5000, 10_000},
		{"one shorter than any bucket", h(2, 2, 3, 4), 0, 1000},
		{"one longer than any", h(1, 2, 3, 5), 4000, math.Inf(1)},
	} {
		least, most := newStoppings(h(1, 2, 3, 4), test.after)
		if math.Abs(least-test.least) > 1e-6 || most != test.most && math.Abs(most-test.most) > 1e-6 {
			t.Errorf("%s: %v to %v ns, want %v to %v", test.name, least, most, test.least, test.most)
		}
	}
}

// TestStanding: no time is below 0, and no bound infinite.
func TestStanding(t *testing.T) {
	for _, test := range []struct{ stop, leastStopping, mostStopping, least, most float64 }{
		{100, 40, 50, 50, 60},
		{100, 90, 110, 0, 10},
		{100, 110, 120, 0, 0},
		{100, 80, math.Inf(1), 0, 20},
		{100, 0, 0, 100, 100},
	} {
		if least, most := standing(test.stop, test.leastStopping, test.mostStopping); least != test.least || most != test.most {
			t.Errorf("%+v: %v to %v", test, least, most)
		}
	}
}

// TestStoppingBuckets: the width, from 1 us to 1 s, of the runtime's buckets, from
// which the bounds of stood-least-ns and stood-most-ns come.
func TestStoppingBuckets(t *testing.T) {
	widest, narrowest := 0.0, math.Inf(1)
	b := stoppings().Buckets
	for i := range len(b) - 1 {
		if b[i] >= 1e-6 && b[i+1] <= 1 {
			width := b[i+1]/b[i] - 1
			widest, narrowest = max(widest, width), min(narrowest, width)
		}
	}
	if math.Abs(widest-1./4) > 1e-3 || math.Abs(narrowest-1./7) > 1e-3 {
		t.Errorf("buckets of %.4f to %.4f of their lower end; gc.go says 1/7 to 1/4", narrowest, widest)
	}
}

// TestWithin cuts waits to a stretch of time.
func TestWithin(t *testing.T) {
	w := &watcher{gaps: []gap{{0, 10}, {20, 50}, {60, 65}, {90, 200}}}
	for _, test := range []struct {
		of           gap
		all, longest int64
	}{
		{gap{0, 300}, 10 + 30 + 5 + 110, 110},
		{gap{5, 62}, 5 + 30 + 2, 30},
		{gap{25, 30}, 5, 5},
		{gap{50, 60}, 0, 0},
		{gap{300, 400}, 0, 0},
	} {
		if all, longest := w.within(test.of); all != test.all || longest != test.longest {
			t.Errorf("within %v: %d, the longest %d; want %d and %d", test.of, all, longest, test.all, test.longest)
		}
	}
}

// TestWatcher watches a few collections.
func TestWatcher(t *testing.T) {
	w := watch(1)
	var cycles []gap
	for range 3 {
		c := gap{since: goroutines.Ticks()}
		runtime.GC()
		time.Sleep(20 * time.Millisecond) // it has a turn on one CPU as well
		c.until = goroutines.Ticks()
		cycles = append(cycles, c)
	}
	w.end()
	if err := w.prove(cycles); err != nil {
		t.Error(err)
	}
	for _, g := range w.gaps {
		if g.until-g.since <= w.least || g.since < w.first || g.until > w.last {
			t.Errorf("a wait from %d to %d, stamps from %d to %d", g.since, g.until, w.first, w.last)
		}
	}
}

func TestWatcherProof(t *testing.T) {
	cycles := []gap{{100, 200}, {300, 400}}
	for _, test := range []struct {
		name string
		w    *watcher
		want string
	}{
		{"all along", &watcher{first: 99, last: 400, stamps: 200}, ""},
		{"began late", &watcher{first: 101, last: 500, stamps: 200}, "seen stamps from 101 to 500"},
		{"ended early", &watcher{first: 1, last: 399, stamps: 200}, "until after the last at 400, seen stamps from 1 to 399"},
		{"idle", &watcher{first: 1, last: 500, stamps: 199}, "expected at least 200 stamps, seen 199"},
		{"too many waits", &watcher{first: 1, last: 500, stamps: 200, lost: 2}, "seen 2 more"},
	} {
		armtest.Says(t, test.name, test.w.prove(cycles), test.want)
	}
	w := watcher{gaps: make([]gap, 0, 1)}
	w.gap(gap{1, 2})
	w.gap(gap{3, 4})
	if len(w.gaps) != 1 || w.lost != 1 {
		t.Errorf("two waits with room for one: kept %v, lost %d", w.gaps, w.lost)
	}
}
