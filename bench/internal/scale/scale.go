package scale

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
	"threadbench/threads"
)

// Family measures the cost of a task when there are n of them.
//
// ONE op is one of n tasks that are created, begin, park, are all held at once,
// released together and joined: the time of all that over n. Nothing else is on
// the clock.
//
// A process does this in passes. The first pass gives
//
//	cold-ns   its own time a task: with nothing to reuse, in a fresh process
//	bytes     user and kernel memory of the n tasks held, over n (Stack has the
//	          slope)
//	threads   the most threads of the process, while each task in turn was woken, did
//	          500 steps of work and parked again. The next task doesn't wait for the
//	          one before, so many run at a time
//
// cold-ns and bytes are reported from 1,000 tasks on: with fewer, the process's
// own share is larger. ns/op comes from the passes after the first. There are
// enough of them to make at least 10,000 goroutines or 1,000 threads. They make
// goroutines from what earlier ones left. No thread is made so, and from 1,000
// threads on there is only the first pass, which then gives ns/op. So from
// there on x-goroutine compares threads in a fresh process with goroutines in
// one that has made some before. To compare cold with cold, use cold-ns.
//
// With a few tasks the channels and futexes that hold them count, too: with one
// task they are half of it.
//
// The garbage collector is on, as in any program that holds so many tasks.
// gc-cycles is how often it ran while ns/op was measured. It takes part of the
// time of a million goroutines, and no more than a hundredth of their bytes.
// Scale uses all CPUs.
//
// n of the threads goes on until a limit ends it, which the row's note names. A
// quarter of a limit that other processes share is left to them. Locked
// goroutines meet the runtime's own limit first, 10,000 (debug.SetMaxThreads).
//
// Scale favours the thread in that nobody else needs one meanwhile, and the
// goroutine in that it does nothing while it is held.
var Family = measure.Family{Family: catalog.Scale, Cases: scaleCases()}

const (
	scaleSteps = 500  // of work in a turn
	scaleLarge = 1000 // tasks from which bytes and cold-ns mean something

	// The least number of tasks in the passes that count.
	scaleGoroutines = 10_000
	scaleThreads    = 1000
)

func scaleCases() []measure.Case {
	var cases []measure.Case
	row := func(impl string, n int, park arm.NewParked) {
		cases = append(cases, measure.Case{
			Name:     catalog.Name{Family: "Scale"}.With("impl", impl),
			Once:     1,
			Env:      arm.AsItIs,
			Quick:    impl == "goroutine" && (n == 1000 || n == 10_000) || impl == "clone" && n == 1000, // which decide
			OpenOnce: openScale(impl, n, park),
		}.WithN(n))
	}
	for n := 1; n <= 1_000_000; n *= 10 {
		row("goroutine", n, goroutineWorkers)
		if n <= 10_000 {
			row("locked", n, lockedWorkers)
		}
		if n <= 100_000 {
			row("clone", n, cloneWorkers)
		}
	}
	return cases
}

// workers are parked tasks that also get turns.
type workers interface {
	arm.ParkedTasks
	Turns(each func())
	Worked() int
}

func goroutineWorkers(n, depth, stack int) (arm.Parked, error) {
	return arm.Parked{ParkedTasks: goroutines.NewWorkers(scaleSteps, nil), Tids: nil}, nil
}

func lockedWorkers(n, depth, stack int) (arm.Parked, error) {
	if err := arm.ToldThreads(); err != nil {
		return arm.Parked{}, err
	}
	in, tids := arm.TidsOf(n)
	return arm.Parked{ParkedTasks: goroutines.NewWorkers(scaleSteps, in), Tids: tids}, nil
}

func cloneWorkers(n, depth, stack int) (arm.Parked, error) {
	h, err := threads.NewWorkers(threads.LeastStack(0), scaleSteps)
	if err != nil {
		return arm.Parked{}, arm.SkipUnsupported(err)
	}
	return arm.Parked{ParkedTasks: h, Tids: h.TIDs}, nil
}

// plainSets make the tasks of the passes after the first.
var plainSets = map[string]arm.NewParked{"goroutine": arm.ParkedGoroutines, "locked": arm.ParkedLocked, "clone": arm.ParkedClones}

// ofProcess are the limits that no other process shares.
var ofProcess = []string{"SetMaxThreads", "vm.max_map_count"}

func openScale(impl string, n int, first arm.NewParked) measure.OpeningOnce {
	return func(cut func(string)) (measure.Measurement, error) {
		areThreads := impl != "goroutine"
		need := threads.Need{Threads: n, BytesPerThread: 4 << 10}
		if areThreads {
			need = arm.NeedOf(n, impl == "locked")
			need.BytesPerThread = 64 << 10
		}
		fits, limit, err := arm.Room(need, areThreads)
		if err != nil {
			return nil, err
		}
		if fits < n {
			reason := (&threads.LimitError{Limit: limit, Wanted: n}).Error()
			if !strings.Contains(strings.Join(ofProcess, " "), limit.Name) {
				fits -= fits / 4
				reason += fmt.Sprintf("; %d are made, to leave room for others", fits)
			}
			if fits <= n/10 {
				return nil, &lockstep.Skip{Reason: reason + "; that is no more than the row before has"}
			}
			cut(reason)
		}
		meter, err := host.NewMemoryMeter()
		var skip *lockstep.Skip
		if errors.As(err, &skip) {
			cut("no bytes: " + skip.Reason)
		} else if err != nil {
			return nil, err
		}
		a := &scaleArm{n: fits, meter: meter, areThreads: areThreads, passes: passes(fits, areThreads)}
		a.first, err = first(fits, 0, 0)
		for range a.passes {
			if err != nil {
				break
			}
			var h arm.Parked
			if h, err = plainSets[impl](fits, 0, 0); err == nil {
				a.later = append(a.later, h)
			}
		}
		if err != nil {
			return nil, errors.Join(err, a.Close())
		}
		return a, nil
	}
}

// passes returns the number of passes after the first.
func passes(n int, areThreads bool) int {
	switch {
	case !areThreads:
		return (scaleGoroutines + n - 1) / n
	case n < scaleLarge:
		return (scaleThreads + n - 1) / n
	}
	return 0
}

type scaleArm struct {
	n          int
	areThreads bool
	passes     int
	meter      *host.MemoryMeter // nil where memory can't be read
	first      arm.Parked        // zero after its pass
	later      []arm.Parked
}

// held is what was counted during the first pass.
type held struct {
	tasks   int // alive at once
	tids    int // threads that they ran on, -1 for goroutines
	worked  int // did their work with the right result
	samples int // counts of the threads
	threads int // the most threads in a sample
}

// Measure makes the passes.
func (a *scaleArm) Measure() (lockstep.Slice, error) {
	s := lockstep.Slice{Ops: a.n, Figures: map[string]float64{"tasks": float64(a.n)}}
	before, err := a.memory()
	if err != nil {
		return s, err
	}
	others := arm.TasksAlive()
	defer func() { a.first = arm.Parked{} }() // it is joined by then
	collections := host.Count(host.GcCycles)

	began := goroutines.Now()
	err = a.first.Make(a.n)
	a.first.Wait()
	elapsed := goroutines.Now() - began
	if err != nil {
		a.first.Release()
		a.first.Join()
		return s, err
	}
	collected := host.Count(host.GcCycles) - collections
	seen := held{tasks: arm.Settled(others+a.n) - others, tids: -1}
	holding, err := a.memory()
	if a.first.Tids != nil {
		seen.tids = int(arm.Distinct(a.first.Tids()))
	}
	var errThreads error
	seen.samples, seen.threads, errThreads = turns(a.first.ParkedTasks.(workers), a.n)
	seen.worked = a.first.ParkedTasks.(workers).Worked()

	collections = host.Count(host.GcCycles)
	began = goroutines.Now()
	a.first.Release()
	a.first.Join()
	elapsed += goroutines.Now() - began
	collected += host.Count(host.GcCycles) - collections
	if err := errors.Join(err, errThreads, a.prove(seen)); err != nil {
		return s, err
	}

	s.Elapsed = elapsed
	s.Figures["threads"] = float64(seen.threads)
	if a.n >= scaleLarge {
		s.Figures["cold-ns"] = float64(elapsed) / float64(a.n)
	}
	if a.n >= scaleLarge && a.meter != nil {
		s.Figures["user-B/task"] = float64(holding.User-before.User) / float64(a.n)
		s.Figures["kernel-B/task"] = float64(holding.Kernel-before.Kernel) / float64(a.n)
	}
	if a.passes > 0 {
		s.Ops = a.passes * a.n
		if s.Elapsed, err = a.again(); err != nil {
			return s, err
		}
		collected = host.Count(host.GcCycles) - collections
	}
	s.Figures["gc-cycles"] = float64(collected)
	return s, nil
}

func (a *scaleArm) memory() (host.Memory, error) {
	if a.meter == nil {
		return host.Memory{}, nil
	}
	return a.meter.Read()
}

// again makes the later passes. Close doesn't see the tasks that it has joined.
func (a *scaleArm) again() (time.Duration, error) {
	began := goroutines.Now()
	for i, h := range a.later {
		err := h.Make(a.n)
		h.Wait()
		h.Release()
		h.Join()
		if err != nil {
			a.later = a.later[i+1:]
			return 0, err
		}
	}
	elapsed := goroutines.Now() - began
	a.later = nil
	return elapsed, nil
}

// turnSamples is how often the threads are counted while turns are given.
const turnSamples = 100

// turns gives each worker its turn, and counts the threads over and over
// meanwhile.
func turns(h workers, n int) (samples, most int, err error) {
	given, every := 0, (n+turnSamples-1)/turnSamples
	sample := func() {
		alive, e := host.KernelThreads()
		samples, most, err = samples+1, max(most, alive), errors.Join(err, e)
	}
	h.Turns(func() {
		if given++; given%every == 0 {
			sample()
		}
	})
	sample()
	return samples, most, err
}

// prove compares the counts with what should have been held.
func (a *scaleArm) prove(seen held) error {
	least := 1
	if a.areThreads {
		least = a.n
	}
	switch {
	case seen.tasks != a.n:
		return fmt.Errorf("expected %d tasks held at once, seen %d", a.n, seen.tasks)
	case a.areThreads && seen.tids != a.n:
		return fmt.Errorf("expected the tasks to run on %d threads, seen %d", a.n, seen.tids)
	case seen.worked != a.n:
		return fmt.Errorf("expected %d tasks to do their work in turn, seen %d", a.n, seen.worked)
	case seen.samples < min(a.n, turnSamples/2):
		return fmt.Errorf("expected at least %d counts of the threads, seen %d", min(a.n, turnSamples/2), seen.samples)
	case seen.threads < least:
		return fmt.Errorf("expected at least %d threads while the tasks run in turn, seen %d", least, seen.threads)
	}
	return nil
}

// Close ends the tasks that were not used.
func (a *scaleArm) Close() error {
	if a.first.ParkedTasks != nil {
		a.first.Join()
	}
	for _, h := range a.later {
		h.Join()
	}
	var err error
	if a.meter != nil {
		err = a.meter.Close()
	}
	return errors.Join(err, arm.Leaks())
}
