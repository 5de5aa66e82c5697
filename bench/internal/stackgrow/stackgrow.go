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

// StackGrow: how long it takes to come by a deep stack.
//
// ONE op is one fresh task that goes down its stack by depth bytes for the
// first time. A goroutine calls itself, and the runtime finds a stack of twice
// the size and copies the old one, again and again from 2 KiB on. A thread's
// stack is all there, as address space, and the kernel finds a page at each
// fault. The task takes a stamp as it begins and one at the depth: the way
// back up is not timed.
//
// All of it on one CPU, once a process, with no collection, and stacks that
// start at their least but for default. mode says what the stack is made from:
//
//	cold     from memory that the process has never used: each task stays
//	         parked at its depth, so that the next one's stack is not made of
//	         an older one's. A goroutine's growing then meets page faults, too,
//	         on its last stack: those that it outgrew are free at once, and the
//	         next goroutine grows through them. The first one of all meets
//	         faults on each, about twice as many, which max-ns shows. A locked
//	         goroutine's new thread takes two of the free ones, of 16 and 32
//	         KiB, for the runtime's own stacks, so that its growing finds fewer.
//	reused   a goroutine, its descriptor and its memory are what the last one
//	         left: the finding and the copying alone.
//	default  like reused with the runtime as it is, after a collection that has
//	         seen as many tasks a quarter deeper: the runtime has the stacks of
//	         reused goroutines start at what the average one took, its own among
//	         them (adaptivestackstart), so that none has to grow. Those of new
//	         ones start at 2 KiB always.
//	shrink   the way back: tasks have gone down and come up again, and wait.
//	         Collections follow, each of which may halve a stack that is less
//	         than a quarter in use, until no stack gets smaller any more.
//	         collections says how many it took, left-B/task what a stack is
//	         then: twice its start, since what a parked goroutine uses and the
//	         800 bytes kept for calls that don't look are more than a quarter of
//	         4 KiB (runtime/stack.go, shrinkstack). One op is one collection
//	         that made them smaller.
//
// The floor goes down a stack that has grown already: the calls, with nothing
// to find or to copy.
//
// It favours the thread at small depths, which touches a byte a page where
// the goroutine makes a call for every half KiB; and at all depths in that the
// thread's stack was mapped beforehand (Create has that).
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

// A growing is what a goroutine's stack grows from.
type growing int

const (
	cold    growing = iota
	again           // it has grown already
	reused          // what the last one left
	adapted         // the same, after a collection that saw deep ones
)

func growGoroutines(in func(), how growing) func(depth, n int) (measure.Measurement, error) {
	return func(depth, n int) (measure.Measurement, error) {
		need := threads.Need{Threads: n, BytesPerThread: int64(8*depth + 64<<10), Runtime: true}
		if err := arm.AllFit(need, in != nil); err != nil {
			return nil, err
		}
		var herd []*goroutines.Grower
		end := func() error {
			for _, g := range herd {
				g.Close()
			}
			herd = nil
			return arm.Leaks()
		}
		// grow makes n tasks and has them go down, each as soon as it is made.
		// The page faults are those of their ways down alone.
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
					herd = append(herd, g)
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

// grown is an error unless as many of n stacks have moved as were to, and the
// runtime's stacks have become as many bytes a task more: cold ones have all
// their stacks still, reused ones are made of those of older tasks.
func grown(how growing, depth, n, moves, moved, held int) error {
	switch {
	case moved != moves:
		return fmt.Errorf("expected %d of %d stacks to be grown into another place, seen %d", moves, n, moved)
	case how != reused && held < depth*7/8:
		return fmt.Errorf("expected %d bytes of the runtime's stacks a task at least, seen %d", depth, held)
	case how == reused && held > depth/8:
		return fmt.Errorf("expected stacks made of those of older tasks; the runtime's have become %d bytes a task more", held)
	}
	return nil
}

// faulted is an error unless n stacks that were touched to a depth took a page
// fault for each page. Where a page is larger than the depth it may be there
// already; other threads of the process may fault a little.
func faulted(depth, n int, faults int64) error {
	pages := float64(n*depth) / float64(os.Getpagesize())
	if slack := 30 + max(0.1*float64(n)+0.02*pages, float64(n)-pages); math.Abs(float64(faults)-pages) > slack {
		return fmt.Errorf("expected %.0f page faults for %d stacks of %d bytes, give or take %.0f; seen %d", pages, n, depth, slack, faults)
	}
	return nil
}

// few are as many as it takes for the next one to find one to reuse.
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

// shrinkIdle is how many collections in a row have to find nothing for it to be
// the end.
const shrinkIdle = 3

// Measure has the tasks go down and come up, and collects.
func (a *shrinkArm) Measure() (lockstep.Slice, error) {
	// What collections make smaller is the tasks', so other stacks are as small
	// as they get beforehand.
	before := host.Count(host.StackBytes)
	for idle := 0; idle < shrinkIdle; {
		runtime.GC()
		now := host.Count(host.StackBytes)
		if idle++; now < before {
			idle = 0
		}
		before = now
	}
	var herd []*goroutines.Grower
	defer func() {
		for _, g := range herd {
			g.Park()
			g.Close()
		}
	}()
	for range a.n {
		g := goroutines.NewGrower(a.depth, nil)
		g.Grow(goroutines.NewStamps(2))
		herd = append(herd, g)
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
		// Less than a page a task is the runtime's own.
		if now := host.Count(host.StackBytes) - before; now < left-int64(a.n)*512 {
			left, s.Ops, s.Elapsed = now, made, took
		}
	}
	if s.Ops == 0 { // none made them smaller, as what is left says
		s.Ops, s.Elapsed = made, took
	}
	s.Figures = map[string]float64{"collections": float64(s.Ops), "left-B/task": float64(left) / float64(a.n)}
	return s, nil
}

// deep is an error unless so many bytes of stacks are as deep as the tasks went.
func (a *shrinkArm) deep(held int64) error {
	if least := int64(a.n) * int64(a.depth) * 7 / 8; held < least {
		return fmt.Errorf("expected %d bytes of stacks to be held before the first collection, seen %d", least, held)
	}
	return nil
}

// collected is an error unless the collector ran once.
func collected(ran int64) error {
	if ran != 1 {
		return fmt.Errorf("expected one collection, seen %d", ran)
	}
	return nil
}

func (a *shrinkArm) Close() error { return arm.Leaks() }

// growth are the intervals between each pair of stamps.
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
	var herd []*threads.Driver
	end := func() error {
		var err error
		for _, d := range herd {
			err = errors.Join(err, d.Close())
		}
		herd = nil
		return errors.Join(err, arm.Leaks())
	}
	for range n {
		d, err := threads.NewGrower(depth)
		if err != nil {
			return nil, errors.Join(arm.SkipUnsupported(err), end())
		}
		herd = append(herd, d)
	}
	return &arm.StampedArm{Raw: true, Shut: end, Timed: func() ([]int64, lockstep.Slice, error) {
		var stamps []int64
		faults := int64(0)
		for _, d := range herd {
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
