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

// Family measures how evenly uneven work is spread over all CPUs.
//
// One producer hands out a list of items of work, on the clock, on all CPUs
// with as many Ps. ONE op is one item. ns/op is the time of the whole list over
// its items, from the producer's start until the last item is done. There are
// 2,000 items for each CPU. The work of an item has a heavy tail: a bounded
// Pareto distribution with exponent 1.1, from 1,500 steps (about 2 us) to 3,000
// times as many. So a list takes some 25 ms, and its largest item a few of
// them. A process does five lists after one to warm up, the same in every arm.
// The figures are the medians of the five.
//
// mode says how the items reach the workers:
//
//	item    the producer makes a goroutine for each. Only the runtime spreads
//	        them.
//	queue   workers, one for each CPU, receive them from one unbuffered channel.
//	shared  the producer writes the list where all find it, and wakes the
//	        workers; each takes the next item by a shared index.
//	fixed   each worker gets its part of the list, all of the same size. Nothing
//	        spreads the items after that.
//
// makespan-x is the time of the list over the ideal: the time of the CPUs if
// the work could be divided at will and no CPU ever waited, but at least the
// time of the largest item. The speed of the CPUs is measured directly before
// each list and after it: a locked thread on each CPU does the same number of
// steps, all at once, and times itself. The sum of these speeds counts. A CPU
// measured alone would be faster than one of two that share a core or a clock,
// and every arm would look worse for it. A makespan-x below 1 says that the
// CPUs were slower during these measurements than in between.
//
// busiest-x is the work, in steps, of the worker that did most over the mean of
// all: counted, not timed. mode=item has no workers; there it is the work of
// the CPU on which most of the work began.
//
// crossed/op is the share of the items that came from another CPU than the one
// that did them: from that of the worker's item before, or in mode=item from
// that of the producer, which looks at its CPU every sixteenth item.
//
// Balance favours the goroutine in that its items hold no thread and never
// wait. On the other hand, the machine has nothing else to do, and thousands of
// items are kind to a fixed share: with fewer items it does worse.
var Family = measure.Family{Family: catalog.Balance, Cases: balanceCases()}

const (
	listPerCPU  = 2000
	leastSteps  = 1500
	mostSteps   = 3000 * leastSteps
	tailPower   = 1.1
	lists       = 5
	evenPortion = 2 // the CPUs' speed is measured with this fraction of a list
)

func balanceCases() []measure.Case {
	// The tolerance is for goroutines of the runtime, and of the measurement of
	// speed.
	created := measure.Evidence{Count: "created", Rate: 1, CountTolerance: 64}
	none := measure.Evidence{Count: "created", Rate: 0, CountTolerance: 64}
	row := func(impl, mode string, pool newPool, wants ...measure.Evidence) measure.Case {
		return measure.Case{
			Name:     catalog.Name{Family: "Balance"}.With("impl", impl).With("mode", mode),
			Once:     1,
			Env:      arm.Still,
			Quick:    mode == "item",
			Evidence: wants,
			OpenOnce: openBalance(pool),
		}
	}
	return []measure.Case{
		row("goroutine", "item", goPool(goroutines.PerItem, false), created),

		row("goroutine", "queue", goPool(goroutines.Queued, false), none),
		row("locked", "queue", goPool(goroutines.Queued, true), none),

		row("goroutine", "shared", goPool(goroutines.Shared, false), none),
		row("locked", "shared", goPool(goroutines.Shared, true), none),
		row("clone", "shared", clonePool, none),

		row("goroutine", "fixed", goPool(goroutines.Fixed, false), none),
		row("locked", "fixed", goPool(goroutines.Fixed, true), none),
	}
}

// A pool does lists of work.
type pool struct {
	run   func([]goroutines.Item) (time.Duration, []goroutines.Record, error)
	tids  func() []int // of its workers; nil if they have no thread of their own
	close func() error
}

// newPool makes a pool of workers workers for lists of items items.
type newPool func(workers, items int) (pool, error)

func goPool(how goroutines.Sharing, locked bool) newPool {
	return func(workers, items int) (pool, error) {
		var setup func(int) error
		tids := make([]int, workers)
		if locked {
			if err := arm.Headroom(arm.NeedOf(workers+1, true)); err != nil {
				return pool{}, err
			}
			setup = func(task int) error {
				runtime.LockOSThread()
				if task >= 0 {
					tids[task] = threads.TID()
				}
				return nil
			}
		}
		c, err := goroutines.NewPool(how, workers, setup)
		if err != nil {
			return pool{}, err
		}
		made := pool{
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

func clonePool(workers, items int) (pool, error) {
	if err := arm.Headroom(arm.NeedOf(workers, false)); err != nil {
		return pool{}, err
	}
	c, err := threads.NewPool(workers, items)
	if err != nil {
		return pool{}, arm.SkipUnsupported(err)
	}
	return pool{run: c.Run, tids: c.TIDs, close: func() error { return errors.Join(c.Close(), arm.Leaks()) }}, nil
}

func openBalance(make newPool) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		workers := runtime.GOMAXPROCS(0)
		// As many locked threads measure the CPUs' speed.
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
		return &balanceArm{pool: c, workers: workers, speed: even.speed, close: even.close}, nil
	}
}

// heavyTail returns a list of n items, the same for the same seed. The steps of
// an item are the quantile of a bounded Pareto distribution at a random place.
func heavyTail(n int, seed uint64) []goroutines.Item {
	draw := rand.New(rand.NewPCG(seed, 0))
	list := make([]goroutines.Item, n)
	beyond := math.Pow(float64(leastSteps)/mostSteps, tailPower) // the share of an unbounded distribution above mostSteps
	for i := range list {
		steps := leastSteps * math.Pow(1-draw.Float64()*(1-beyond), -1/tailPower)
		list[i] = goroutines.Item{X: draw.Uint64(), Steps: min(int(steps), mostSteps)}
	}
	return list
}

// workOf returns the steps of a list in all, and of its largest item.
func workOf(list []goroutines.Item) (total, largest int) {
	for _, it := range list {
		total += it.Steps
		largest = max(largest, it.Steps)
	}
	return total, largest
}

// even is a locked thread for each CPU, pinned where the system can, to measure
// the speed of the CPUs when all of them work.
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

// speed returns how many steps a nanosecond all CPUs do together, when each
// does that many.
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
		return 0, fmt.Errorf("measuring the CPUs' speed: expected %d threads to do %d steps each; %d had a wrong result", len(e.orders), steps, wrong)
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
	pool    pool
	workers int
	speed   func(steps int) (float64, error) // even.speed
	close   func()
}

// Measure does the lists.
func (a *balanceArm) Measure() (lockstep.Slice, error) {
	n := a.workers * listPerCPU
	if _, _, err := a.pool.run(heavyTail(n, 0)); err != nil {
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
		took, records, err := a.pool.run(list)
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
	if a.pool.tids != nil {
		if seen := arm.Distinct(a.pool.tids()); seen != int64(a.workers) {
			return lockstep.Slice{}, fmt.Errorf("expected %d workers on threads of their own, seen %d threads", a.workers, seen)
		}
	}
	s := lockstep.Slice{
		Ops:     n,
		Elapsed: time.Duration(numbers.Median(times)),
		Counts:  counts,
		Figures: map[string]float64{"makespan-x": numbers.Median(makespans)},
	}
	for k := range counts { // the mean of the lists
		counts[k] /= lists
	}
	if !anonymous {
		s.Figures["busiest-x"] = numbers.Median(busiest)
	}
	return s, nil
}

func (a *balanceArm) Close() error {
	a.close()
	return a.pool.close()
}

// makespan returns the time of a list over the ideal: its total steps at the
// speed of all workers together, in steps a nanosecond, or its largest item at
// the speed of one.
func makespan(took time.Duration, total, largest, workers int, speed float64) float64 {
	ideal := max(float64(total)/speed, float64(largest)/(speed/float64(workers)))
	return float64(took) / ideal
}

// A done is the sum of a list's records.
type done struct {
	busiest          int // steps of the worker that did most, or of the CPU if there are no workers
	samples, crossed int64
	anonymous        bool // the worker and the CPU of some item are unknown
}

// tally checks that each item of a list was done once with the right result,
// and adds up the records.
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
			return d, fmt.Errorf("expected item %d of %d to have the result %d, seen %d", i, len(list), want, r.Result)
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
