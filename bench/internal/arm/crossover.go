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
// has the same number of steps of work.
type Doer interface {
	// Steps sets the steps of each item from now on.
	Steps(n int)

	// Pass has n items done on the clock, after warm items off the clock. It is an
	// error unless all of them were done.
	Pass(n, warm int) (time.Duration, map[string]int64, error)
	Close() error
}

// OpenCrossover opens an arm that looks for the crossover: the work of an item
// above which handing it over costs less than 5% of doing it directly.
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
	crossing    = 0.05 // the hand-offs' cost at the crossover, as a share of the work
	crossLeast  = 64   // the least steps of work on an item that are tried
	crossMost   = 1 << 21
	crossHalves = 2 // how often the range between too little and enough is halved

	crossTurn  = 1500 * time.Microsecond         // the least time of a turn without hand-offs
	crossItems = 32                              // and its least items: a turn through a pipeline has one hand-off more, the order
	crossTurns = 5                               // turns with hand-offs, each between two without
	crossFinal = 15                              // turns of the last measurement, and its least items:
	crossSure  = 1 + measure.Provable/crossFinal // enough for their evidence
	crossTries = 5                               // for a measurement that is near enough
	crossWarm  = 4                               // items off the clock
	crossLong  = 30 * time.Second                // then the search ends: a worker that is silent for a minute counts as hung
)

// A crossoverArm looks for the work at which the hand-offs cost 5%.
type crossoverArm struct {
	handed, direct Doer
	nsPerStep      float64   // by the latest measurement
	until          time.Time // the end of the search
}

// A crossed is the measurement of items with some work: medians over the turns.
type crossed struct {
	cost   float64 // of the hand-offs: the time with them over that without, less 1
	direct float64 // ns of an item
	items  int     // that were handed over on the clock
	counts map[string]int64
}

// measure gives the Doer with hand-offs turns turns, and the one without them one
// more, each of at least least items with steps steps.
func (a *crossoverArm) measure(steps, turns, least int) (crossed, error) {
	if time.Now().After(a.until) {
		return crossed{}, fmt.Errorf("looking for the crossover at %d steps of work: not found within %v; something else keeps the machine busy: end it", steps, crossLong)
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

// crossover returns the steps of work of which the hand-offs cost the share
// crossing. cost measures their cost. The first guess is that the hand-offs
// take the same time for any work. From there it tries more work or less until
// it has a value on either side, halves the range between them, and
// interpolates between the two ends.
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

// crossover returns the work, in ns, of which the hand-offs cost the share
// crossing.
func (c crossed) crossover() float64 { return c.direct * c.cost / crossing }

// near measures at the crossover found. If the hand-offs cost a sixth more or
// less there, it tries other work, and returns the nearest measurement. It is
// an error if even that is off by more than a factor of two.
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
// it, with the time that they would take at it; the counts are those of that
// pass.
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
