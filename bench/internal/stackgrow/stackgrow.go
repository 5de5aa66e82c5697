package stackgrow

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
	"threadbench/threads"
)

// Family measures how long it takes to get a deep stack.
//
// ONE op is one fresh task that goes down its stack by depth bytes for the
// first time. A goroutine calls itself. The runtime finds a stack of twice the
// size and copies the old one, over and over from 2 KiB on. A thread's whole
// stack is there as address space, and the kernel finds a page at each fault.
// The task takes a stamp as it begins and one at the depth: the way back up is
// not timed.
//
// All of it runs on one CPU, once a process, without garbage collections.
// Stacks start at their least, except in default. mode says what the stack is
// made from:
//
//	cold     memory that the process has never used. Each task stays parked at
//	         its depth, so that the next stack is not made from an older one. So
//	         a growing goroutine also meets page faults, but only on its final
//	         stack: the smaller ones are free again at once, and the next
//	         goroutine grows through them. Only the first goroutine meets faults
//	         on each, about twice as many; max-ns shows it. A locked goroutine's
//	         new thread takes two of the free stacks, of 16 and 32 KiB, for the
//	         runtime's own use, so its growth finds fewer.
//	reused   the goroutine, its descriptor and its memory are those of the last
//	         one: only the finding and the copying.
//	default  like reused with the runtime's defaults, after a collection that
//	         has seen as many tasks a quarter deeper. The runtime starts the
//	         stacks of reused goroutines at the average size in use, these
//	         tasks' included (adaptivestackstart), so none has to grow. Stacks
//	         of new goroutines always start at 2 KiB.
//	shrink   the way back: tasks have gone down and come up again, and wait.
//	         Then collections run until no stack gets smaller; each may halve a
//	         stack that is less than a quarter in use. collections is their
//	         number. left-B/task is the size of a stack then: twice its start,
//	         since a parked goroutine's use and the 800 bytes kept for calls
//	         that don't check are more than a quarter of 4 KiB
//	         (runtime/stack.go, shrinkstack). One op is one collection that made
//	         stacks smaller.
//
// The floor goes down a stack that has grown already: only the calls, with
// nothing to find or to copy.
//
// StackGrow favours the thread at small depths: it touches a byte a page, and
// the goroutine makes a call for every half KiB. At all depths it favours the
// thread in that its stack was mapped beforehand (Create measures that).
var Family = measure.Family{Family: catalog.StackGrow, Cases: stackGrowCases()}

var growDepths = []int{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}

const (
	growTasks  = 1000
	growBudget = 64 << 20 // bytes of depth held at once
)

func stackGrowCases() []measure.Case {
	var cases []measure.Case
	row := func(impl, mode string, depth int, env []string, open func(depth, n int) (measure.Measurement, error)) {
		n := min(growTasks, growBudget/depth)
		cases = append(cases, measure.Case{
			Name: catalog.Name{Family: "StackGrow"}.With("impl", impl).With("mode", mode).With("depth", fmt.Sprint(depth)),
			Once: 1, CPUs: 1, Procs: 1,
			Env:      env,
			Quick:    mode == "shrink" && depth == 1<<20, // which decides
			OpenOnce: func(func(string)) (measure.Measurement, error) { return open(depth, n) },
		})
	}
	for _, depth := range growDepths {
		row("goroutine", "cold", depth, arm.Still, growGoroutines(nil, cold))
		row("locked", "cold", depth, arm.Still, growGoroutines(runtime.LockOSThread, cold))
		row("clone", "cold", depth, arm.Still, growThreads)
		row("floor", "cold", depth, arm.Still, growGoroutines(nil, again))
		row("goroutine", "reused", depth, arm.Still, growGoroutines(nil, reused))
		row("goroutine", "default", depth, arm.AsItIs, growGoroutines(nil, adapted))
		row("goroutine", "shrink", depth, arm.Still, shrinkGoroutines)
	}
	return cases
}

// A growing is the origin of a goroutine's stack.
type growing int

const (
	cold    growing = iota
	again           // the stack has grown already
	reused          // memory that the last goroutine left
	adapted         // the same, after a collection that saw deep stacks
)

func growGoroutines(in func(), how growing) func(depth, n int) (measure.Measurement, error) {
	return func(depth, n int) (measure.Measurement, error) {
		need := threads.Need{Threads: n, BytesPerThread: int64(8*depth + 64<<10), Runtime: true}
		if err := arm.AllFit(need, in != nil); err != nil {
			return nil, err
		}
		var growers []*goroutines.Grower
		end := func() error {
			for _, g := range growers {
				g.Close()
			}
			growers = nil
			return arm.Leaks()
		}
		// grow makes n tasks and has each go down as soon as it is made. It
		// counts only the page faults on the way down.
		grow := func(s *goroutines.Stamps, depth, n int, how growing) (moved int, faults int64) {
			for range n {
				g := goroutines.NewGrower(depth, in)
				if how == again {
					g.Grow(goroutines.NewStamps(2))
				}
				before := host.MinorFaults()
				if g.Grow(s) {
					moved++
				}
				faults += host.MinorFaults() - before
				g.Park()
				if how == reused {
					g.Close()
				} else {
					growers = append(growers, g)
				}
			}
			return moved, faults
		}
		run := func() ([]int64, lockstep.Slice, error) {
			how, least, most, moves := how, host.StackStart, host.StackStart, n
			switch how {
			case again:
				moves = 0
			case adapted:
				grow(goroutines.NewStamps(2*n), depth*5/4, n, cold)
				runtime.GC()
				how, least, most, moves = reused, depth, 8*depth, 0
			}
			if start := int(host.Count(host.StackStarts)); start < least || start > most {
				return nil, lockstep.Slice{}, fmt.Errorf("expected stacks that start at %d to %d bytes, seen %d", least, most, start)
			}
			if how == reused {
				grow(goroutines.NewStamps(2*few), depth, few, reused)
			}
			s := goroutines.NewStamps(2 * n)
			stacks := host.Count(host.StackBytes)
			moved, faults := grow(s, depth, n, how)
			counts := map[string]int64{"moved": int64(moved)}
			if host.MinorFaults() >= 0 {
				counts["faults"] = faults
			}
			held := int(host.Count(host.StackBytes)-stacks) / n
			if err := grown(how, depth, n, moves, moved, held); err != nil {
				return nil, lockstep.Slice{}, err
			}
			return growth(s.All(), n, counts)
		}
		return &arm.StampedArm{Timed: run, Shut: end}, nil
	}
}

// grown returns an error unless as many of n stacks have moved as should have,
// and the runtime's stacks have grown by the right size a task. Cold tasks
// still have all their stacks; reused tasks use those of older ones.
func grown(how growing, depth, n, moves, moved, held int) error {
	switch {
	case moved != moves:
		return fmt.Errorf("expected %d of %d stacks to be grown into another place, seen %d", moves, n, moved)
	case how != reused && held < depth*7/8:
		return fmt.Errorf("expected at least %d bytes of the runtime's stacks a task, seen %d", depth, held)
	case how == reused && held > depth/8:
		return fmt.Errorf("expected stacks made from those of older tasks; the runtime's stacks have grown by %d bytes a task", held)
	}
	return nil
}

// faulted returns an error unless n stacks that were touched to a depth had a
// page fault for each page. If a page is larger than the depth it may be there
// already. Other threads of the process may have a few faults.
func faulted(depth, n int, faults int64) error {
	pages := float64(n*depth) / float64(os.Getpagesize())
	if slack := 30 + max(0.1*float64(n)+0.02*pages, float64(n)-pages); math.Abs(float64(faults)-pages) > slack {
		return fmt.Errorf("expected %.0f page faults for %d stacks of %d bytes, give or take %.0f; seen %d", pages, n, depth, slack, faults)
	}
	return nil
}

// few is the number of tasks after which the next one finds a stack to reuse.
const few = 8

// shrinkGoroutines counts the collections until stacks that were deep get no
// smaller.
func shrinkGoroutines(depth, n int) (measure.Measurement, error) {
	if err := arm.AllFit(threads.Need{Threads: n, BytesPerThread: int64(8*depth + 64<<10)}, false); err != nil {
		return nil, err
	}
	return &shrinkArm{depth: depth, n: n, meter: arm.NewMeter()}, nil
}

type shrinkArm struct {
	depth, n int
	meter    *arm.Meter
}

// shrinkIdle is the number of collections in a row that find nothing before the
// count ends.
const shrinkIdle = 3

// Measure has the tasks go down and come up, and then collects.
func (a *shrinkArm) Measure() (lockstep.Slice, error) {
	// Shrink all other stacks first, so that later collections shrink only the
	// tasks'.
	before := host.Count(host.StackBytes)
	for idle := 0; idle < shrinkIdle; {
		runtime.GC()
		now := host.Count(host.StackBytes)
		if idle++; now < before {
			idle = 0
		}
		before = now
	}
	var growers []*goroutines.Grower
	defer func() {
		for _, g := range growers {
			g.Park()
			g.Close()
		}
	}()
	for range a.n {
		g := goroutines.NewGrower(a.depth, nil)
		g.Grow(goroutines.NewStamps(2))
		growers = append(growers, g)
	}
	held := host.Count(host.StackBytes) - before
	if err := a.deep(held); err != nil {
		return lockstep.Slice{}, err
	}
	s := lockstep.Slice{}
	left, made, took := held, 0, time.Duration(0)
	for made-s.Ops < shrinkIdle {
		cycles := host.Count(host.GcCycles)
		a.meter.Start()
		runtime.GC()
		a.meter.Stop()
		if err := collected(host.Count(host.GcCycles) - cycles); err != nil {
			return lockstep.Slice{}, err
		}
		made++
		took += a.meter.Elapsed
		// A change of less than 512 bytes a task is the runtime's own.
		if now := host.Count(host.StackBytes) - before; now < left-int64(a.n)*512 {
			left, s.Ops, s.Elapsed = now, made, took
		}
	}
	if s.Ops == 0 { // none made them smaller, as left-B/task shows
		s.Ops, s.Elapsed = made, took
	}
	s.Figures = map[string]float64{"collections": float64(s.Ops), "left-B/task": float64(left) / float64(a.n)}
	return s, nil
}

// deep returns an error unless the bytes of stacks fit the tasks' depth.
func (a *shrinkArm) deep(held int64) error {
	if least := int64(a.n) * int64(a.depth) * 7 / 8; held < least {
		return fmt.Errorf("expected at least %d bytes of stacks before the first collection, seen %d", least, held)
	}
	return nil
}

// collected returns an error unless the garbage collector ran once.
func collected(ran int64) error {
	if ran != 1 {
		return fmt.Errorf("expected one collection, seen %d", ran)
	}
	return nil
}

func (a *shrinkArm) Close() error { return arm.Leaks() }

// growth returns the intervals between each pair of stamps.
func growth(stamps []int64, n int, counts map[string]int64) ([]int64, lockstep.Slice, error) {
	if len(stamps) != 2*n {
		return nil, lockstep.Slice{}, fmt.Errorf("expected %d stamps of %d tasks, seen %d", 2*n, n, len(stamps))
	}
	var since, until []int64
	for i := 0; i < len(stamps); i += 2 {
		since, until = append(since, stamps[i]), append(until, stamps[i+1])
	}
	ticks, err := arm.Intervals(since, until)
	return ticks, lockstep.Slice{Ops: n, Counts: counts}, err
}

func growThreads(depth, n int) (measure.Measurement, error) {
	if err := arm.Headroom(threads.Need{Threads: n, MapsPerThread: threads.MapsPerThread, BytesPerThread: int64(depth + 64<<10)}); err != nil {
		return nil, err
	}
	var growers []*threads.Driver
	end := func() error {
		var err error
		for _, d := range growers {
			err = errors.Join(err, d.Close())
		}
		growers = nil
		return errors.Join(err, arm.Leaks())
	}
	for range n {
		d, err := threads.NewGrower(depth)
		if err != nil {
			return nil, errors.Join(arm.SkipUnsupported(err), end())
		}
		growers = append(growers, d)
	}
	return &arm.StampedArm{Raw: true, Shut: end, Timed: func() ([]int64, lockstep.Slice, error) {
		var stamps []int64
		faults := int64(0)
		for _, d := range growers {
			t, err := d.Run(1, 0)
			if err != nil {
				return nil, lockstep.Slice{}, err
			}
			own, _ := d.Stamps()
			stamps = append(stamps, own...)
			faults += t.Faults
		}
		if err := faulted(depth, n, faults); err != nil {
			return nil, lockstep.Slice{}, err
		}
		return growth(stamps, n, map[string]int64{"faults": faults})
	}}, nil
}
