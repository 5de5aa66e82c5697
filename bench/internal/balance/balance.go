package balance

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/bench/numbers"
	"threadbench/goroutines"
	"threadbench/threads"
)

// Balance: how evenly uneven work comes to be spread over all CPUs.
//
// One producer hands out a list of items of work on the clock, on all CPUs
// with as many Ps. ONE op is one item; ns/op is the time of the whole list,
// from when the producer begins to hand out until the last item is done, over
// its items. There are 2,000 items for each CPU. How much work an item is has
// a heavy tail: a bounded Pareto distribution with the exponent 1.1, from
// 1,500 steps (about 2 us) to 3,000 times as many, so that a list takes some
// 25 ms and its largest item a few of them. Five lists are done in a process,
// after one to warm up; they are the same in every arm. The figures are the
// medians of the five.
//
// mode says how the items find who does them:
//
//	item    the producer makes a goroutine for each. Nobody but the runtime
//	        spreads them.
//	queue   workers, one for each CPU, receive them from one unbuffered channel.
//	shared  the producer writes the list where all find it, and wakes the
//	        workers; each takes the next item by an index that they share.
//	fixed   each worker is given its part of the list, as many items as the
//	        next one. Nothing spreads them any more.
//
// makespan-x is the time of the list over the ideal: how long the CPUs would
// take if its work could be cut up at will and none of them ever waited, but
// not less than the largest item takes. What the CPUs can do is measured
// directly before each list and after it: a locked thread on each does the
// same number of steps, all at once, and times itself; the sum of their speeds
// is what there is. Measured alone, a CPU would be faster than one of two that
// share a core or a clock, and every arm would be charged with that. A
// makespan-x below 1 says that the CPUs were slower while they were measured
// than in between.
//
// busiest-x is the work, in steps, of the worker that did most over the mean of
// all: counted, not timed. In mode=item, which has no workers, it is that of
// the CPUs on which the items began.
//
// crossed/op is the share of the items that came from another CPU: from that
// on which the worker did its item before, and in mode=item from that on which
// the producer was last seen, which looks at every sixteenth.
//
// It favours the goroutine in that its items hold no thread and never wait. On
// the other side, the machine has nothing else to do, and a fixed share of
// thousands of items is not the worst: the fewer they are, the worse it is.
var Family = measure.Family{Family: catalog.Balance, Cases: balanceCases()}

const (
	listPerCPU  = 2000
	leastSteps  = 1500
	mostSteps   = 3000 * leastSteps
	tailPower   = 1.1
	lists       = 5
	evenPortion = 2 // the CPUs' speed is measured with that part of a list
)

func balanceCases() []measure.Case {
	// Those that the runtime starts, and the workers of another speed.
	created := measure.Evidence{Count: "created", Rate: 1, CountTolerance: 64}
	none := measure.Evidence{Count: "created", Rate: 0, CountTolerance: 64}
	row := func(impl, mode string, crew newCrew, wants ...measure.Evidence) measure.Case {
		return measure.Case{
			Name:     catalog.Name{Family: "Balance"}.With("impl", impl).With("mode", mode),
			Once:     1,
			Env:      arm.Still,
			Quick:    mode == "item",
			Evidence: wants,
			OpenOnce: openBalance(crew),
		}
	}
	return []measure.Case{
		row("goroutine", "item", goCrew(goroutines.PerItem, false), created),

		row("goroutine", "queue", goCrew(goroutines.Queued, false), none),
		row("locked", "queue", goCrew(goroutines.Queued, true), none),

		row("goroutine", "shared", goCrew(goroutines.Shared, false), none),
		row("locked", "shared", goCrew(goroutines.Shared, true), none),
		row("clone", "shared", cloneCrew, none),

		row("goroutine", "fixed", goCrew(goroutines.Fixed, false), none),
		row("locked", "fixed", goCrew(goroutines.Fixed, true), none),
	}
}

// A crew does lists of work.
type crew struct {
	run   func([]goroutines.Item) (time.Duration, []goroutines.Record, error)
	tids  func() []int // of its workers; nil where they have no thread of their own
	close func() error
}

// newCrew makes a crew of so many workers for lists of so many items.
type newCrew func(workers, items int) (crew, error)

func goCrew(how goroutines.Sharing, locked bool) newCrew {
	return func(workers, items int) (crew, error) {
		var setup func(int) error
		tids := make([]int, workers)
		if locked {
			if err := arm.Headroom(arm.NeedOf(workers+1, true)); err != nil {
				return crew{}, err
			}
			setup = func(task int) error {
				runtime.LockOSThread()
				if task >= 0 {
					tids[task] = threads.TID()
				}
				return nil
			}
		}
		c, err := goroutines.NewCrew(how, workers, setup)
		if err != nil {
			return crew{}, err
		}
		made := crew{
			run: func(list []goroutines.Item) (time.Duration, []goroutines.Record, error) {
				took, records := c.Run(list)
				return took, records, nil
			},
			close: func() error { c.Close(); return nil },
		}
		if locked && threads.TID() >= 0 {
			made.tids = func() []int { return tids }
		}
		return made, nil
	}
}

func cloneCrew(workers, items int) (crew, error) {
	if err := arm.Headroom(arm.NeedOf(workers, false)); err != nil {
		return crew{}, err
	}
	c, err := threads.NewCrew(workers, items)
	if err != nil {
		return crew{}, arm.SkipUnsupported(err)
	}
	return crew{run: c.Run, tids: c.TIDs, close: func() error { return errors.Join(c.Close(), arm.Leaks()) }}, nil
}

func openBalance(make newCrew) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		workers := runtime.GOMAXPROCS(0)
		// The CPUs' speed is measured by as many locked threads.
		if err := arm.Headroom(arm.NeedOf(workers, true)); err != nil {
			return nil, err
		}
		even, err := newEven(workers)
		if err != nil {
			return nil, err
		}
		c, err := make(workers, workers*listPerCPU)
		if err != nil {
			even.close()
			return nil, err
		}
		return &balanceArm{crew: c, workers: workers, speed: even.speed, close: even.close}, nil
	}
}

// heavyTail is a list of n items, the same for the same seed. How many steps an
// item has is from a bounded Pareto distribution, by its quantile at a random
// place.
func heavyTail(n int, seed uint64) []goroutines.Item {
	draw := rand.New(rand.NewPCG(seed, 0))
	list := make([]goroutines.Item, n)
	beyond := math.Pow(float64(leastSteps)/mostSteps, tailPower) // what an unbounded one has above
	for i := range list {
		steps := leastSteps * math.Pow(1-draw.Float64()*(1-beyond), -1/tailPower)
		list[i] = goroutines.Item{X: draw.Uint64(), Steps: min(int(steps), mostSteps)}
	}
	return list
}

// workOf is how many steps a list has, and its largest item.
func workOf(list []goroutines.Item) (total, largest int) {
	for _, it := range list {
		total += it.Steps
		largest = max(largest, it.Steps)
	}
	return total, largest
}

// even is a locked thread for each CPU, held there where the system can, to
// measure what the CPUs can do at once.
type even struct {
	orders []chan int // steps
	speeds chan float64
	ended  chan struct{}
}

func newEven(workers int) (*even, error) {
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		return nil, err
	}
	e := &even{speeds: make(chan float64, workers), ended: make(chan struct{})}
	ready := make(chan error)
	for w := range workers {
		order := make(chan int)
		e.orders = append(e.orders, order)
		go func() {
			runtime.LockOSThread()
			var err error
			if host.CanPin {
				err = threads.Pin(cpus[w%len(cpus)])
			}
			ready <- err
			for steps := range order {
				began := goroutines.Now()
				x := goroutines.Work(uint64(w), steps)
				took := goroutines.Now() - began
				speed := float64(steps) / float64(max(took, 1))
				if x != goroutines.Worked(uint64(w), steps) {
					speed = 0
				}
				e.speeds <- speed
			}
			e.ended <- struct{}{}
		}()
	}
	for range workers {
		if e := <-ready; err == nil {
			err = e
		}
	}
	if err != nil {
		e.close()
		return nil, err
	}
	return e, nil
}

// speed is how many steps a nanosecond all CPUs do together, if each does so
// many.
func (e *even) speed(steps int) (float64, error) {
	for _, o := range e.orders {
		o <- steps
	}
	sum, wrong := 0.0, 0
	for range e.orders {
		s := <-e.speeds
		sum += s
		if s == 0 {
			wrong++
		}
	}
	if wrong > 0 {
		return 0, fmt.Errorf("expected %d threads to do %d steps each, to measure the CPUs' speed; %d came to another result", len(e.orders), steps, wrong)
	}
	return sum, nil
}

func (e *even) close() {
	for _, o := range e.orders {
		close(o)
	}
	for range e.orders {
		<-e.ended
	}
}

type balanceArm struct {
	crew    crew
	workers int
	speed   func(steps int) (float64, error) // as even's
	close   func()
}

// Measure does the lists.
func (a *balanceArm) Measure() (lockstep.Slice, error) {
	n := a.workers * listPerCPU
	if _, _, err := a.crew.run(heavyTail(n, 0)); err != nil {
		return lockstep.Slice{}, err
	}
	counts := map[string]int64{"created": 0, "samples": 0, "crossed": 0}
	var makespans, times, busiest []float64
	var before float64
	anonymous := false
	for i := range lists {
		list := heavyTail(n, uint64(i+1))
		total, largest := workOf(list)
		portion := total / a.workers / evenPortion
		if i == 0 {
			var err error
			if before, err = a.speed(portion); err != nil {
				return lockstep.Slice{}, err
			}
		}
		created, switches := host.Count(host.GoroutinesCreated), host.KernelSwitches()
		took, records, err := a.crew.run(list)
		if err != nil {
			return lockstep.Slice{}, err
		}
		counts["created"] += host.Count(host.GoroutinesCreated) - created
		if now := host.KernelSwitches(); now >= 0 {
			counts["kernel-switches"] += now - switches
		}
		after, err := a.speed(portion)
		if err != nil {
			return lockstep.Slice{}, err
		}
		done, err := tally(list, records)
		if err != nil {
			return lockstep.Slice{}, err
		}
		counts["samples"] += done.samples
		counts["crossed"] += done.crossed
		anonymous = anonymous || done.anonymous
		makespans = append(makespans, makespan(took, total, largest, a.workers, (before+after)/2))
		times = append(times, float64(took))
		busiest = append(busiest, float64(done.busiest)*float64(a.workers)/float64(total))
		before = after
	}
	if a.crew.tids != nil {
		if seen := arm.Distinct(a.crew.tids()); seen != int64(a.workers) {
			return lockstep.Slice{}, fmt.Errorf("expected %d workers on threads of their own, seen %d threads", a.workers, seen)
		}
	}
	s := lockstep.Slice{
		Ops:     n,
		Elapsed: time.Duration(numbers.Median(times)),
		Counts:  counts,
		Figures: map[string]float64{"makespan-x": numbers.Median(makespans)},
	}
	for k := range counts { // of all the lists, as if of one
		counts[k] /= lists
	}
	if !anonymous {
		s.Figures["busiest-x"] = numbers.Median(busiest)
	}
	return s, nil
}

func (a *balanceArm) Close() error {
	a.close()
	return a.crew.close()
}

// makespan is how long a list took over the ideal: its total number of steps
// at the speed of all workers, in steps a nanosecond, and its largest item at
// that of one.
func makespan(took time.Duration, total, largest, workers int, speed float64) float64 {
	ideal := max(float64(total)/speed, float64(largest)/(speed/float64(workers)))
	return float64(took) / ideal
}

// A done list is what its records come to.
type done struct {
	busiest          int // steps of the worker that did most, or of the CPU where there are none
	samples, crossed int64
	anonymous        bool // nobody knows who did some of it
}

// tally holds the records of a list against what each item is to come to, once.
func tally(list []goroutines.Item, records []goroutines.Record) (done, error) {
	var d done
	if len(records) != len(list) {
		return d, fmt.Errorf("expected a record of each of %d items, seen %d", len(list), len(records))
	}
	type who struct{ worker, cpu int32 }
	did := map[who]int{}
	for i, r := range records {
		if r.Times != 1 {
			return d, fmt.Errorf("expected item %d of %d to be done once, seen %d times", i, len(list), r.Times)
		}
		if want := goroutines.Worked(list[i].X, list[i].Steps); r.Result != want {
			return d, fmt.Errorf("expected item %d of %d to come to %d, seen %d", i, len(list), want, r.Result)
		}
		by := who{r.Worker, -1}
		if r.Worker < 0 {
			by.cpu = r.CPU
			d.anonymous = d.anonymous || r.CPU < 0
		}
		did[by] += list[i].Steps
		d.busiest = max(d.busiest, did[by])
		if r.From >= 0 && r.CPU >= 0 {
			d.samples++
			if r.From != r.CPU {
				d.crossed++
			}
		}
	}
	return d, nil
}
