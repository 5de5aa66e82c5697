package pipeline

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
	"threadbench/threads"
)

// Family measures the cost of putting a function into a task of its own, with a
// channel in and a channel out.
//
// A source sends the items' numbers. Each stage receives an item, calls its
// function and sends the result, and a sink takes the results. ONE op is one
// item, from the source to the sink: one hand-off more than there are stages.
// The function is a fixed number of steps of work, and knows nothing of the
// pipeline. The sink runs the clock; the pipeline is empty before and after a
// turn.
//
// All tasks run on one CPU, so that stages that work at the same time don't
// hide the cost of the hand-offs. On several CPUs, a pipeline whose stages work
// for long enough is as fast as its slowest stage.
//
// via says how the tasks are linked: by channels, or for raw threads by rings
// in shared memory. A raw thread that finds its ring empty or full sleeps on a
// futex. The floor calls the functions one after the other.
//
// mode says how much room there is between two tasks:
//
//	unbuffered  channels without a buffer, and rings of one slot: each item costs a
//	            switch at every hand-off.
//	buffered    channels and rings of 64. A task goes on until its buffer is empty or
//	            full, so that many items share a switch. The clock starts while items
//	            flow, after 1,024, and a turn has at least 8,192: raw threads that
//	            were asleep do one or two items at a time for some hundreds of items.
//	            The items on their way as the clock starts make the time up to 1.6%
//	            too short, in all arms.
//	crossover   unbuffered; it looks for the work of which the hand-offs cost 5%. The
//	            pipeline and the direct call take turns in one process, with more
//	            work for each item until the pipeline takes less than 1.05 times as
//	            long, and then with work in between. One more measurement there, or
//	            near it, gives the time of an item's hand-offs. crossover-ns is the
//	            work of which that is 5%, ns/op that work and its hand-offs. With more
//	            work the hand-off is cheap. Once a process.
//
// Pipeline favours the goroutine in that one CPU does it all: a channel then
// never wakes another CPU. The gain of a buffer for threads shows how much of
// their cost is the switch. Raw threads may gain less than locked ones. The
// kernel lets a woken thread stop the one that woke it, with an item or two in
// the ring. A locked goroutine has to wait for the one P until its waker
// blocks.
var Family = measure.Family{Family: catalog.Pipeline, Cases: pipelineCases()}

const (
	stageSteps     = 100 // of work that a stage does on an item
	pipelineBuffer = 64
	bufferedItems  = 8192 // in a turn, at least
	bufferedWarm   = 1024
)

func pipelineCases() []measure.Case {
	// Each evidence is for an item.
	none := measure.Evidence{Count: "kernel-switches", Rate: 0, RateTolerance: 0.05, CountTolerance: 100}
	// The scheduler put a goroutine on a thread at each hand-off.
	scheduled := func(stages int) measure.Evidence {
		handOffs := float64(stages + 1)
		return measure.Evidence{Count: "schedules", Rate: handOffs, RateTolerance: 0.05 * handOffs, CountTolerance: 300}
	}
	// A locked goroutine that finds its P taken is scheduled once more.
	again := func(stages int) measure.Evidence {
		w := scheduled(stages)
		w.RateTolerance *= 5
		return w
	}
	// A locked goroutine's thread wakes the next one's, perhaps through a third
	// thread that has the P: 2.7 to 2.8 switches a hand-off seen.
	locked := func(stages int) measure.Evidence {
		handOffs := float64(stages + 1)
		return measure.Evidence{Count: "kernel-switches", Rate: 2.75 * handOffs, RateTolerance: 1.3 * handOffs, CountTolerance: 30}
	}
	// Raw threads do up to two items in a row, or are stopped by one that they
	// woke: 1.3 to 2 switches a hand-off seen.
	raw := func(stages int) measure.Evidence {
		handOffs := float64(stages + 1)
		return measure.Evidence{Count: "kernel-switches", Rate: 1.65 * handOffs, RateTolerance: 0.8 * handOffs, CountTolerance: 30}
	}
	// With the work of the crossover, more than 100 us, the kernel's scheduler
	// also preempts them in it: 4.1 to 5.8 switches an item seen.
	preempted := measure.Evidence{Count: "kernel-switches", Rate: 5, RateTolerance: 2.4, CountTolerance: 30}
	// With buffers, the schedulers decide how many items share a switch: no
	// evidence.

	base := func(impl, mode, via string, stages int, wants []measure.Evidence) measure.Case {
		return measure.Case{
			Name: catalog.Name{Family: "Pipeline"}.With("impl", impl).With("mode", mode).With("via", via).With("stages", strconv.Itoa(stages)),
			CPUs: 1, Procs: 1,
			Quick:    mode == "crossover" && impl == "goroutine" || mode == "unbuffered" && stages == 1 && (impl == "goroutine" || impl == "locked"), // which decide
			Evidence: wants,
		}
	}
	row := func(impl, mode, via string, stages int, open measure.Opening, wants ...measure.Evidence) measure.Case {
		c := base(impl, mode, via, stages, wants)
		c.Open, c.HoldsP = open, true
		return c
	}
	crossover := func(impl, via string, make newPipeline, wants ...measure.Evidence) measure.Case {
		c := base(impl, "crossover", via, 1, wants)
		c.OpenOnce, c.Once, c.Env = arm.OpenCrossover(doer(make), doer(directCalls)), 1, arm.Still
		return c
	}
	// The ledger of claims judges the cost of a goroutine's hand-off, with the
	// kernel's help or without: no count of context switches refuses it.
	var cases []measure.Case
	for _, stages := range []int{1, 4} {
		cases = append(cases,
			row("goroutine", "unbuffered", "channel", stages, openPipeline(goPipeline(nil), stages, 0), again(stages)),
			row("locked", "unbuffered", "channel", stages, openPipeline(goPipeline(arm.Wire), stages, 0), locked(stages), again(stages)),
			row("clone", "unbuffered", "ring", stages, openPipeline(clonePipeline, stages, 0), raw(stages)),
			row("floor", "unbuffered", "call", stages, openPipeline(directCalls, stages, 0), none))
	}
	return append(cases,
		row("goroutine", "buffered", "channel", 1, openPipeline(goPipeline(nil), 1, pipelineBuffer), none),
		row("locked", "buffered", "channel", 1, openPipeline(goPipeline(arm.Wire), 1, pipelineBuffer)),
		row("clone", "buffered", "ring", 1, openPipeline(clonePipeline, 1, pipelineBuffer)),

		crossover("goroutine", "channel", goPipeline(nil), again(1)),
		crossover("locked", "channel", goPipeline(arm.Wire), preempted, again(1)),
		crossover("clone", "ring", clonePipeline, preempted))
}

// A pipeline has items go through stages of work.
type pipeline struct {
	run   func(n, warm int) (time.Duration, map[string]int64, error)
	steps func(n int)                              // sets the steps of work of each stage
	flow  func() (items int, sum uint64, of []int) // returns what has come out, and how many items each stage has done
	tids  func() []int                             // of its tasks; nil if they have no thread of their own
	close func() error
}

// newPipeline makes a pipeline with room for buffer items between two tasks.
type newPipeline func(stages, buffer int) (pipeline, error)

// stagesOf returns n functions that do *steps steps of work each.
func stagesOf(n int, steps *int) []func(uint64) uint64 {
	var fs []func(uint64) uint64
	for range n {
		fs = append(fs, func(x uint64) uint64 { return goroutines.Work(x, *steps) })
	}
	return fs
}

func goPipeline(setup func(task int) error) newPipeline {
	return func(stages, buffer int) (pipeline, error) {
		tids := make([]int, stages+2)
		in := setup
		if setup != nil {
			if err := arm.Headroom(arm.NeedOf(stages+2, true)); err != nil {
				return pipeline{}, err
			}
			in = func(task int) error {
				err := setup(task)
				tids[task] = threads.TID()
				return err
			}
		}
		steps := stageSteps
		p, err := goroutines.NewPipeline(stagesOf(stages, &steps), buffer, in)
		if err != nil {
			return pipeline{}, err
		}
		m := arm.NewMeter()
		made := pipeline{
			run: func(n, warm int) (time.Duration, map[string]int64, error) {
				p.Run(n, warm, m)
				return m.Elapsed, m.Counts(nil), nil
			},
			steps: func(n int) { steps = n },
			flow:  p.Flow,
			close: func() error { p.Close(); return nil },
		}
		if setup != nil && threads.TID() >= 0 {
			made.tids = func() []int { return tids }
		}
		return made, nil
	}
}

func clonePipeline(stages, buffer int) (pipeline, error) {
	if err := arm.Headroom(arm.NeedOf(stages+2, false)); err != nil {
		return pipeline{}, err
	}
	p, err := threads.NewPipeline(stages, max(buffer, 1), stageSteps)
	if err != nil {
		return pipeline{}, arm.SkipUnsupported(err)
	}
	p.Hold()
	return pipeline{
		run: func(n, warm int) (time.Duration, map[string]int64, error) {
			t, err := p.Run(n, warm)
			return t.Elapsed, map[string]int64{"kernel-switches": t.Switches}, err
		},
		steps: p.SetSteps,
		flow:  p.Flow,
		tids:  p.TIDs,
		close: func() error { return errors.Join(p.Close(), arm.Leaks()) },
	}, nil
}

// directCalls is the floor: it calls the functions one after the other.
func directCalls(stages, _ int) (pipeline, error) {
	steps := stageSteps
	fs := stagesOf(stages, &steps)
	items, sum := 0, uint64(0)
	call := func(n int) {
		for range n {
			x := uint64(items)
			for _, f := range fs {
				x = f(x)
			}
			sum += x
			items++
		}
	}
	m := arm.NewMeter()
	return pipeline{
		run: func(n, warm int) (time.Duration, map[string]int64, error) {
			call(warm)
			m.Start()
			call(n)
			m.Stop()
			return m.Elapsed, m.Counts(nil), nil
		},
		steps: func(n int) { steps = n },
		flow: func() (int, uint64, []int) {
			of := make([]int, stages)
			for i := range of {
				of[i] = items
			}
			return items, sum, of
		},
		close: func() error { return nil },
	}, nil
}

// sumOf returns the sum of the results of n items, from the number first on,
// after steps steps of work on each. Each step is a multiplication and an
// addition, and so is any number of them together.
func sumOf(first, n, steps int) uint64 {
	term := goroutines.Worked(0, steps)
	factor := goroutines.Worked(1, steps) - term
	numbers := uint64(n)*uint64(first) + uint64(n)*uint64(n-1)/2
	return factor*numbers + uint64(n)*term
}

// pass sends n items through, and warm before them off the clock, and checks
// what comes out.
func (p pipeline) pass(n, warm, stages, steps int) (time.Duration, map[string]int64, error) {
	items, sum, before := p.flow()
	took, counts, err := p.run(n, warm)
	if err != nil {
		return 0, nil, err
	}
	out, total, after := p.flow()
	if out-items != n+warm {
		return 0, nil, fmt.Errorf("expected %d items to come out of the pipeline, seen %d", n+warm, out-items)
	}
	if len(after) != stages {
		return 0, nil, fmt.Errorf("expected a pipeline of %d stages, seen %d", stages, len(after))
	}
	for i := range after {
		if did := after[i] - before[i]; did != n+warm {
			return 0, nil, fmt.Errorf("expected stage %d of %d to do %d items, seen %d", i+1, stages, n+warm, did)
		}
	}
	if want := sumOf(items, n+warm, stages*steps); total-sum != want {
		return 0, nil, fmt.Errorf("expected %d items from number %d on to have the sum %d, seen %d", n+warm, items, want, total-sum)
	}
	if p.tids != nil {
		if seen := arm.Distinct(p.tids()); seen != int64(stages+2) {
			return 0, nil, fmt.Errorf("expected %d tasks on threads of their own, seen %d threads", stages+2, seen)
		}
	}
	return took, counts, nil
}

func openPipeline(make newPipeline, stages, buffer int) measure.Opening {
	return func(func(string)) (lockstep.Arm, error) {
		p, err := make(stages, buffer)
		if err != nil {
			return nil, err
		}
		a := &pipelineArm{p, stages, arm.WarmGoroutine, 1}
		switch {
		case buffer > 0:
			a.warm, a.least = bufferedWarm, bufferedItems
		case p.tids != nil:
			a.warm = arm.WarmThread
		}
		return a, nil
	}
}

// doer is a pipeline of one stage as a crossover is looked for with it.
func doer(make newPipeline) func() (arm.Doer, error) {
	return func() (arm.Doer, error) {
		p, err := make(1, 0)
		return &stage{p, stageSteps}, err
	}
}

type stage struct {
	pipeline
	each int // steps
}

func (s *stage) Steps(n int) {
	s.each = n
	s.steps(n)
}

func (s *stage) Pass(n, warm int) (time.Duration, map[string]int64, error) {
	return s.pass(n, warm, 1, s.each)
}

func (s *stage) Close() error { return s.close() }

type pipelineArm struct {
	pipeline
	stages int
	warm   int
	least  int // items of a turn
}

func (a *pipelineArm) Run(n int) (lockstep.Slice, error) {
	n = max(n, a.least)
	took, counts, err := a.pass(n, min(n, a.warm), a.stages, stageSteps)
	return lockstep.Slice{Ops: n, Elapsed: took, Counts: counts}, err
}

func (a *pipelineArm) Close() error { return a.close() }
