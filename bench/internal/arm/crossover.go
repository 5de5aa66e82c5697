package arm

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/bench/numbers"
)

// A Doer does items of work, by itself or through somebody else. Every item
// has as many steps of work.
type Doer interface {
	Steps(n int) // of an item, from now on

	// Pass has n items done on the clock, after warm off it, and is an error
	// unless all of them were.
	Pass(n, warm int) (time.Duration, map[string]int64, error)
	Close() error
}

// OpenCrossover looks for the work of an item from which handing it over, as
// one of the two does, costs less than crossing of doing it directly.
func OpenCrossover(handed, direct func() (Doer, error)) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		h, err := handed()
		if err != nil {
			return nil, err
		}
		d, err := direct()
		if err != nil {
			return nil, errors.Join(err, h.Close())
		}
		return &crossoverArm{handed: h, direct: d}, nil
	}
}

const (
	crossing    = 0.05 // what the hand-offs cost of the work at the crossover
	crossLeast  = 64   // steps of work on an item: the least that is tried
	crossMost   = 1 << 21
	crossHalves = 2 // how often what lies between too little and enough is halved

	crossTurn  = 1500 * time.Microsecond         // a turn without hand-offs at the least
	crossItems = 32                              // and its items: a turn through a pipeline has one hand-off more, the order
	crossTurns = 5                               // turns with hand-offs, each between two without
	crossFinal = 15                              // of the last measurement, and its items:
	crossSure  = 1 + measure.Provable/crossFinal // their evidence counts
	crossTries = 5                               // for one that is near enough
	crossWarm  = 4                               // items off the clock
	crossLong  = 30 * time.Second                // the longest that is looked for it: a worker that says nothing for a minute is hung
)

// A crossoverArm looks for the work at which the hand-offs cost 5%.
type crossoverArm struct {
	handed, direct Doer
	nsPerStep      float64   // by the latest measurement
	until          time.Time // gives up then
}

// A crossed is what an item of some work took: the medians over the turns.
type crossed struct {
	cost   float64 // of the hand-offs: the time with them over that without, less 1
	direct float64 // ns of an item
	items  int     // that were handed over on the clock
	counts map[string]int64
}

// measure has those with hand-offs take that many turns, and those without one
// more, of so many items at the least of that many steps.
func (a *crossoverArm) measure(steps, turns, least int) (crossed, error) {
	if time.Now().After(a.until) {
		return crossed{}, fmt.Errorf("looking for the crossover at %d steps of work: not found within %v; the machine is busy with something else: end that", steps, crossLong)
	}
	a.handed.Steps(steps)
	a.direct.Steps(steps)
	n := 20 * least
	if a.nsPerStep > 0 {
		n = max(least, int(float64(crossTurn)/(a.nsPerStep*float64(steps))))
	}
	c := crossed{counts: map[string]int64{}, items: turns * n}
	var directs, costs []float64
	call := func() error {
		took, _, err := a.direct.Pass(n, crossWarm)
		directs = append(directs, float64(took)/float64(n))
		return err
	}
	if err := call(); err != nil {
		return crossed{}, err
	}
	for i := range turns {
		took, counts, err := a.handed.Pass(n, crossWarm)
		if err == nil {
			err = call()
		}
		if err != nil {
			return crossed{}, err
		}
		for k, v := range counts {
			c.counts[k] += v
		}
		costs = append(costs, float64(took)/float64(n)/((directs[i]+directs[i+1])/2)-1)
	}
	c.cost, c.direct = numbers.Median(costs), numbers.Median(directs)
	a.nsPerStep = c.direct / float64(steps)
	return c, nil
}

// crossover is how many steps of work make the hand-offs cost as much of it as
// crossing says. cost measures what they cost. The first guess is that they
// take the same time whatever the work; from there it goes on to more work or
// to less until it has been on either side, halves what lies between, and
// takes the place on the line between the two ends.
func crossover(cost func(steps int) (float64, error)) (int, error) {
	var low, high int        // steps that are too few, and enough
	var above, below float64 // what the hand-offs cost there
	try := func(steps int) error {
		c, err := cost(steps)
		if c > crossing {
			low, above = steps, c
		} else {
			high, below = steps, c
		}
		return err
	}
	if err := try(crossLeast); err != nil {
		return 0, err
	}
	if high > 0 {
		return 0, fmt.Errorf("expected hand-offs that cost more than %g%% of %d steps of work, seen %.3g%%", 100*crossing, high, 100*below)
	}
	steps := int(min(crossMost, crossLeast*above/crossing))
	for bracketed := false; !bracketed; {
		if err := try(steps); err != nil {
			return 0, err
		}
		switch {
		case high == 0 && steps == crossMost:
			return 0, fmt.Errorf("expected hand-offs that cost less than %g%% of %d steps of work, seen %.3g%%", 100*crossing, steps, 100*above)
		case high == 0:
			steps = min(crossMost, steps*3/2)
		case low == crossLeast && steps*2/3 > crossLeast:
			steps = steps * 2 / 3
		default:
			bracketed = true
		}
	}
	for range crossHalves {
		if err := try(int(math.Sqrt(float64(low) * float64(high)))); err != nil {
			return 0, err
		}
	}
	part := (above - crossing) / (above - below)
	return int(math.Round(float64(low) * math.Pow(float64(high)/float64(low), part))), nil
}

// crossover is the work, in ns, of which what the hand-offs take is as much as
// crossing says.
func (c crossed) crossover() float64 { return c.direct * c.cost / crossing }

// near measures at a crossover that was found, and at other work if the
// hand-offs turn out to cost a sixth more or less there. Of those that don't
// come as near it answers the nearest; it is an error if that is beyond half
// or twice the cost.
func near(steps int, measure func(steps int) (crossed, error)) (nearest crossed, err error) {
	off := func(c crossed) float64 { // a factor, from 1 on
		if c.cost <= 0 {
			return math.Inf(1)
		}
		return max(c.cost/crossing, crossing/c.cost)
	}
	var seen []string
	for range crossTries {
		c, err := measure(steps)
		if err != nil {
			return crossed{}, err
		}
		if off(c) < off(nearest) {
			nearest = c
		}
		if off(c) < 7./6 {
			break
		}
		seen = append(seen, fmt.Sprintf("%.3g%% of %d steps", 100*c.cost, steps))
		steps = min(crossMost, max(crossLeast, int(float64(steps)*min(2, max(0.5, c.cost/crossing)))))
	}
	if off(nearest) > 2 {
		return crossed{}, fmt.Errorf("expected hand-offs that cost about %g%% of the work at the crossover, seen %s", 100*crossing, strings.Join(seen, ", "))
	}
	return nearest, nil
}

// Measure looks for the crossover. Its ops are the items of the last pass near
// it, and take the time that they would at it; the counts are of that pass.
func (a *crossoverArm) Measure() (lockstep.Slice, error) {
	a.until = time.Now().Add(crossLong)
	if _, err := a.measure(crossLeast, crossTurns, crossItems); err != nil { // to warm up
		return lockstep.Slice{}, err
	}
	steps, err := crossover(func(steps int) (float64, error) {
		c, err := a.measure(steps, crossTurns, crossItems)
		return c.cost, err
	})
	if err != nil {
		return lockstep.Slice{}, err
	}
	at, err := near(steps, func(steps int) (crossed, error) { return a.measure(steps, crossFinal, crossSure) })
	if err != nil {
		return lockstep.Slice{}, err
	}
	return lockstep.Slice{
		Ops:     at.items,
		Elapsed: time.Duration((1 + crossing) * at.crossover() * float64(at.items)),
		Counts:  at.counts,
		Figures: map[string]float64{"crossover-ns": at.crossover()},
	}, nil
}

func (a *crossoverArm) Close() error { return errors.Join(a.handed.Close(), a.direct.Close()) }
