package gc

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/bench/numbers"
	"threadbench/goroutines"
)

// Family measures what a garbage collection costs a program that holds n parked
// tasks.
//
// ONE op is one forced collection (runtime.GC), after one to warm up. The tasks
// are parked before the first and until after the last, at their depth: the
// runtime doesn't shrink a stack that is in use to more than a quarter. Nothing
// else is on the heap, and no collection runs unforced.
//
// Ten collections find the program idle. They give
//
//	mark-ns   the mark CPU of a cycle by the runtime's count (assists, dedicated and
//	          idle workers). That count goes by the clock, so on a busy machine it
//	          includes time that the kernel gave to others
//	cpu-ns    all CPU time of the process over a cycle, by the kernel (host.CpuTime)
//	cycle-ns  the time of runtime.GC, which also sweeps
//
// Ten more find a goroutine at work, the watcher, which only takes one stamp
// after the other. They give the medians of
//
//	stw-ns   how long the world was stopped, both stops of a cycle together, by the
//	         runtime's own stamps (debug.GCStats): from when it begins to stop the
//	         others until they may run again. In the second stop the last stamp comes
//	         some microseconds before that (runtime/mgc.go). These stamps are whole
//	         ns, not the buckets of runtime/metrics
//	stood-least-ns, stood-most-ns
//	         how long the world really stood: stw-ns without the stopping, during
//	         which those not yet stopped still run. The runtime reports the stopping
//	         in buckets only (runtime/metrics), four to each power of two, which are
//	         14 to 25% wide (timeHistSubBucketBits in runtime/histogram.go). The least
//	         uses the buckets' upper ends, and is 0 where those are more than the
//	         stop; the most uses their lower ends
//	held-ns  the watcher's longest wait in a cycle, by its own stamps
//
// Most of a stop is the stopping: both stops take 100 to 300 us, also in a
// process without tasks, and stood-most-ns is 20 to 70 us of them. Stopping
// sends a signal to a thread on another CPU, which the kernel may have to wake
// first. So stw-ns would hide a part that grows with n while it is smaller than
// that; stood-least-ns would show it.
//
// stw-ns is the figure, and held-ns is its effect on a program. The watcher is
// stopped with the world. It also waits while its P goes to a mark worker
// first, or while the kernel gives its CPU to something else, and it can't tell
// these apart. On two CPUs held-ns is mostly the mark worker.
//
// Check: in at least one cycle the watcher waited for as long as the runtime
// says the world stood, or there is no figure. It can't run while the world
// stands. This need not hold in each cycle, since the first stop's last stamp
// comes after the others may run. The check is a bound against gross
// overstatement: it counts all of the watcher's waits in the cycle, those for
// the mark worker included.
//
// Threads end at 5,000: the runtime makes no more than 10,000 (SetMaxThreads),
// and a cycle with locked ones takes nearly three times as long as with
// goroutines. 100,000 tasks with 64 KiB of stack hold 7.3 GB of memory, and
// such a process takes some 20 s. A row that memory cuts gives its number of
// tasks in tasks.
//
// The floor is a process that holds no task; its n says which rows it belongs
// to. The collector doesn't know raw threads, so clone should be like the
// floor. GC favours the threads in that the collector need not look at their
// stacks. That is also why no Go pointer may be on the stack of a raw thread.
var Family = measure.Family{Family: catalog.GC, Cases: gcCases()}

// forced is the number of collections of an idle program, and of one at work.
const forced = 10

func gcCases() []measure.Case {
	var cases []measure.Case
	row := func(impl string, n, depth int, park arm.NewParked) {
		cases = append(cases, measure.Case{
			Name:     catalog.Name{Family: "GC"}.With("impl", impl).With("depth", fmt.Sprint(depth)),
			Once:     1,
			Env:      arm.Still,
			Quick:    depth == 0 && (n == 10_000 || n == 1000 && impl == "goroutine"), // which decide
			OpenOnce: openGC(impl, n, depth, park),
		}.WithN(n))
	}
	for _, group := range []struct {
		n, depth int
		threads  bool
	}{
		{1000, 0, true}, {5000, 0, true}, {10_000, 0, false}, {100_000, 0, false},
		{1000, 64 << 10, true}, {5000, 64 << 10, true}, {10_000, 64 << 10, false}, {100_000, 64 << 10, false},
	} {
		row("goroutine", group.n, group.depth, arm.ParkedGoroutines)
		if group.threads {
			row("locked", group.n, group.depth, arm.ParkedLocked)
			row("clone", group.n, group.depth, arm.ParkedClones)
		}
		row("floor", group.n, group.depth, nil)
	}
	return cases
}

func openGC(impl string, n, depth int, park arm.NewParked) measure.OpeningOnce {
	return func(cut func(string)) (measure.Measurement, error) {
		if park == nil {
			return &gcArm{}, nil
		}
		fits, err := arm.Parkable(impl, n, depth, 0, cut)
		if err != nil {
			return nil, err
		}
		h, err := park(fits, depth, 0)
		if err != nil {
			return nil, err
		}
		a := &gcArm{parked: h, n: fits, least: max(depth, host.StackStart) * 7 / 8, ofRuntime: impl != "clone"}
		if !a.ofRuntime {
			a.least = 0
		}
		return a, nil
	}
}

type gcArm struct {
	parked    arm.Parked // zero for the floor, and after it was joined
	n         int
	least     int // bytes of the runtime's stacks that a task must have
	ofRuntime bool
}

// Measure forces collections while the tasks are parked.
func (a *gcArm) Measure() (lockstep.Slice, error) {
	if a.n == 0 {
		return collect()
	}
	defer func() { a.parked = arm.Parked{} }() // it is joined by then
	others, stacks := arm.TasksAlive(), host.Count(host.StackBytes)
	parked := func() error { return a.prove(arm.Settled(a.n+others)-others, host.Count(host.StackBytes)-stacks) }
	err := a.parked.Make(a.n)
	a.parked.Wait()
	var s lockstep.Slice
	if err == nil {
		err = parked()
	}
	if err == nil {
		s, err = collect()
	}
	if err == nil {
		err = parked()
	}
	a.parked.Release()
	a.parked.Join()
	if s.Figures != nil {
		s.Figures["tasks"] = float64(a.n)
	}
	return s, err
}

// stackRoom is the most stack memory that the runtime may have had ready. It
// takes memory for small stacks in spans of 32 KiB, and keeps some on each P
// and some for all.
const stackRoom = 3 * 32 << 10

// prove compares the counts with what should be parked.
func (a *gcArm) prove(alive int, stacks int64) error {
	if alive != a.n {
		return fmt.Errorf("expected %d tasks parked, seen %d", a.n, alive)
	}
	if a.parked.Tids != nil {
		if seen := arm.Distinct(a.parked.Tids()); seen != int64(a.n) {
			return fmt.Errorf("expected %d threads parked, seen %d", a.n, seen)
		}
	}
	if want := int64(a.n*a.least - stackRoom); a.least > 0 && stacks < want {
		return fmt.Errorf("expected at least %d bytes more of the runtime's stacks (%s), %d a task less %d, seen %d", want, host.StackBytes, a.least, stackRoom, stacks)
	}
	return nil
}

func (a *gcArm) Close() error {
	if a.parked.ParkedTasks != nil {
		a.parked.Join()
	}
	return arm.Leaks()
}

// collect forces collections in an idle program and in a watched one.
func collect() (lockstep.Slice, error) {
	s := lockstep.Slice{Ops: forced, Figures: map[string]float64{}}
	rate := arm.NewTickRate()
	runtime.GC()

	cycles, mark, cpu := cyclesNow(), markCPU(), host.CpuTime()
	var took []float64
	for range forced {
		began := goroutines.Now()
		runtime.GC()
		took = append(took, float64(goroutines.Now()-began))
	}
	s.Figures["cycle-ns"] = numbers.Median(took)
	s.Figures["mark-ns"] = float64(markCPU()-mark) / forced
	if cpu >= 0 {
		s.Figures["cpu-ns"] = float64(host.CpuTime()-cpu) / forced
	}
	if err := cycles.since(cyclesNow()); err != nil {
		return s, err
	}

	ns, err := rate.Ns()
	if err != nil {
		return s, err
	}
	cycles = cyclesNow()
	w := watch(ns)
	stamps := make([]gap, forced)
	least, most := make([]float64, forced), make([]float64, forced) // of the stopping
	for i := range stamps {
		before := stoppings()
		stamps[i].since = goroutines.Ticks()
		runtime.GC()
		stamps[i].until = goroutines.Ticks()
		least[i], most[i] = newStoppings(before, stoppings())
	}
	w.end()
	if err := cycles.since(cyclesNow()); err != nil {
		return s, err
	}
	var stats debug.GCStats
	debug.ReadGCStats(&stats)
	if len(stats.Pause) < forced {
		return s, fmt.Errorf("expected the runtime to report how long it stopped the world in %d cycles, seen %d (debug.GCStats)", forced, len(stats.Pause))
	}
	stops := make([]float64, forced)
	stoodLeast, stoodMost := make([]float64, forced), make([]float64, forced)
	waits, longest := make([]float64, forced), make([]float64, forced)
	for i, cycle := range stamps {
		stops[i] = float64(stats.Pause[forced-1-i]) // the latest one comes first
		stoodLeast[i], stoodMost[i] = standing(stops[i], least[i], most[i])
		all, one := w.within(cycle)
		waits[i], longest[i] = float64(all)*ns, float64(one)*ns
	}
	s.Figures["stw-ns"] = numbers.Median(stops)
	s.Figures["stood-least-ns"] = numbers.Median(stoodLeast)
	s.Figures["stood-most-ns"] = numbers.Median(stoodMost)
	s.Figures["held-ns"] = numbers.Median(longest)
	return s, errors.Join(w.prove(stamps), agree(stops, most, waits))
}

// cycleCount is the number of collections so far.
type cycleCount struct{ all, forced int64 }

func cyclesNow() cycleCount {
	return cycleCount{host.Count(host.GcCycles), host.Count("/gc/cycles/forced:gc-cycles")}
}

// since returns an error unless just the forced collections have run.
func (before cycleCount) since(now cycleCount) error {
	if all, own := now.all-before.all, now.forced-before.forced; all != forced || own != forced {
		return fmt.Errorf("expected %d collections, all of them forced; seen %d, %d of them forced", forced, all, own)
	}
	return nil
}

// markCPU returns the CPU time of marking so far, in ns, by the runtime's
// account.
func markCPU() int64 {
	s := []metrics.Sample{
		{Name: "/cpu/classes/gc/mark/assist:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/dedicated:cpu-seconds"},
		{Name: "/cpu/classes/gc/mark/idle:cpu-seconds"},
	}
	metrics.Read(s)
	sum := 0.0
	for _, m := range s {
		sum += m.Value.Float64()
	}
	return int64(math.Round(sum * 1e9))
}

// stoppings returns the distribution of the times of stopping the others.
func stoppings() *metrics.Float64Histogram {
	s := []metrics.Sample{{Name: "/sched/pauses/stopping/gc:seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64Histogram()
}

// newStoppings returns the least and the most time, in ns, of the stoppings
// between two readings.
func newStoppings(before, after *metrics.Float64Histogram) (least, most float64) {
	for i, n := range after.Counts {
		if n > before.Counts[i] { // the first bucket and the last are open
			least += float64(n-before.Counts[i]) * max(0, after.Buckets[i])
			most += float64(n-before.Counts[i]) * after.Buckets[i+1]
		}
	}
	return least * 1e9, most * 1e9
}

// standing returns the least and the most time that the world stood in a stop,
// from the bounds of its stopping; never below 0.
func standing(stop, leastStopping, mostStopping float64) (least, most float64) {
	return max(0, stop-mostStopping), max(0, stop-leastStopping)
}

// agree returns an error unless, in some cycle, the watcher waited for at least
// as long as the world stood. stopping is the upper bound of the time that it
// took to stop the others. In other cycles the watcher may have waited for
// less. The runtime takes the first stop's last stamp after it has let the
// others go, and on a busy machine the kernel may take its CPU in between. Then
// stw-ns is too long.
func agree(stops, stopping, waits []float64) error {
	const grain = 20_000 // ns: on an idle machine the last stamp comes this long after the others may run
	short, worst := 0, 0
	for i := range stops {
		if missing := stops[i] - stopping[i] - waits[i]; missing > grain {
			short++
			if missing > stops[worst]-stopping[worst]-waits[worst] {
				worst = i
			}
		}
	}
	if short == len(stops) {
		return fmt.Errorf("expected the watcher to wait while the world stood; in each of %d cycles it waited for less, in the worst for %.0f ns of a stop of %.0f ns, of which at most %.0f ns are the stopping",
			short, waits[worst], stops[worst], stopping[worst])
	}
	return nil
}

// A gap is from a stamp to the next one, in ticks.
type gap struct{ since, until int64 }

const (
	leastGap = 1000 // ns: a shorter gap is the watcher's own loop
	mostGaps = 1 << 20
)

// A watcher takes one stamp after the other and records the gaps.
type watcher struct {
	least int64 // ticks
	stop  atomic.Bool
	over  chan struct{}

	// To be read after the end.
	first, last int64
	stamps      int
	gaps        []gap
	lost        int // gaps for which there was no room
}

// watch starts a watcher and returns when it is at work.
func watch(nsPerTick float64) *watcher {
	w := &watcher{least: int64(leastGap / nsPerTick), over: make(chan struct{}), gaps: make([]gap, 0, mostGaps)}
	began := make(chan struct{})
	go w.work(began)
	<-began
	return w
}

func (w *watcher) work(began chan struct{}) {
	w.first = goroutines.Ticks()
	close(began)
	w.last = w.first
	for over := false; !over; {
		over = w.stop.Load() // then one more stamp
		w.stamp()
	}
	close(w.over)
}

// stamp is a function so that its call is a place where the runtime stops a
// goroutine at once. In a loop around the assembly of Ticks alone, a signal
// next to never finds a place where it may stop the goroutine: the stop is then
// milliseconds late.
//
//go:noinline
func (w *watcher) stamp() {
	now := goroutines.Ticks()
	if now-w.last > w.least {
		w.gap(gap{w.last, now})
	}
	w.last = now
	w.stamps++
}

func (w *watcher) gap(g gap) {
	if len(w.gaps) == cap(w.gaps) {
		w.lost++
		return
	}
	w.gaps = append(w.gaps, g)
}

// end ends the watcher after one more stamp.
func (w *watcher) end() {
	w.stop.Store(true)
	<-w.over
}

// within returns how long the watcher has waited in a stretch of time, in
// ticks: in all, and the longest wait.
func (w *watcher) within(of gap) (all, longest int64) {
	for _, g := range w.gaps {
		if d := min(g.until, of.until) - max(g.since, of.since); d > 0 {
			all, longest = all+d, max(longest, d)
		}
	}
	return all, longest
}

// prove returns an error unless the watcher was at work all the time.
func (w *watcher) prove(cycles []gap) error {
	switch first, last := cycles[0].since, cycles[len(cycles)-1].until; {
	case w.first > first || w.last < last:
		return fmt.Errorf("expected stamps from before the first cycle at %d ticks until after the last at %d, seen stamps from %d to %d", first, last, w.first, w.last)
	case w.stamps < 100*len(cycles):
		return fmt.Errorf("expected at least %d stamps, seen %d", 100*len(cycles), w.stamps)
	case w.lost > 0:
		return fmt.Errorf("expected at most %d waits of the watcher, seen %d more", mostGaps, w.lost)
	}
	return nil
}
