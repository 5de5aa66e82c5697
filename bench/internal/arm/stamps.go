package arm

import (
	"fmt"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"threadbench/bench/lockstep"
	"threadbench/goroutines"
	"threadbench/threads"
)

// A TickRate finds the duration of a tick, by two readings of the counter and
// the clock around the measurement.
type TickRate struct {
	began time.Duration
	at    int64
}

// apart is the least time between the two readings. Each is off by some 0.1 us,
// so the rate by some 1e-5.
const apart = 20 * time.Millisecond

// AtOnce reads the counter and a clock, within some 0.1 us of each other.
func AtOnce[T ~int64](clock func() T) (ticks int64, now T) {
	within := int64(math.MaxInt64)
	for range 20 { // take the try with the least time between the readings
		before := goroutines.Ticks()
		read := clock()
		if after := goroutines.Ticks(); after-before < within {
			within, ticks, now = after-before, before+(after-before)/2, read
		}
	}
	return ticks, now
}

// NewTickRate takes the first of the two readings.
func NewTickRate() TickRate {
	at, began := AtOnce(goroutines.Now)
	return TickRate{began, at}
}

// Ns takes the second reading and returns the nanoseconds of a tick. It is an
// error if the counter's rate is another one right afterwards. A TSC that the
// kernel calls unstable behaves so: it follows the clock of its CPU, or stops
// while the CPU sleeps.
func (r TickRate) Ns() (float64, error) {
	ns, err := r.over()
	if err != nil {
		return 0, err
	}
	after, err := NewTickRate().over()
	if err != nil {
		return 0, err
	}
	return ns, even(ns, after)
}

// over returns the nanoseconds of a tick between the two readings.
func (r TickRate) over() (float64, error) {
	time.Sleep(apart - (goroutines.Now() - r.began))
	at, now := AtOnce(goroutines.Now)
	ns := float64(now-r.began) / float64(at-r.at)
	if !(ns > 0) || math.IsInf(ns, 0) {
		return 0, fmt.Errorf("timing the CPU's counter: expected it to rise; it went from %d to %d in %v", r.at, at, now-r.began)
	}
	return ns, nil
}

// even returns an error if two rates of the counter differ by more than 1%, a
// hundred times the error of the readings.
func even(ns, after float64) error {
	if math.Abs(after/ns-1) > 0.01 {
		return fmt.Errorf("timing the CPU's counter: expected a steady %.6g ns a tick, seen %.6g: stamps mean nothing here; if the kernel calls the TSC unstable (see dmesg), leave out the rows of mode=stamped", ns, after)
	}
	return nil
}

// Intervals returns the time of each op in ticks, from its stamp in since to
// its stamp in until.
func Intervals(since, until []int64) ([]int64, error) {
	if len(since) != len(until) {
		return nil, fmt.Errorf("expected a stamp at the end of each of %d ops, seen %d", len(since), len(until))
	}
	all := make([]int64, len(since))
	for i := range since {
		if all[i] = until[i] - since[i]; since[i] < 0 || all[i] < 0 {
			return nil, fmt.Errorf("op %d of %d: stamped %d at its beginning and %d at its end: the counters of two CPUs differ, or a stamp is missing", i+1, len(since), since[i], until[i])
		}
	}
	return all, nil
}

// quantiles are reported for each row that stamps its ops.
var quantiles = []struct {
	unit    string
	percent float64
}{{"p50-ns", 50}, {"p90-ns", 90}, {"p99-ns", 99}, {"p999-ns", 99.9}}

// longest is the longest interval that Distribution records: a minute.
const longest = int64(time.Minute)

// Distribution returns the percentiles of intervals in ticks, in ns, and the
// cost of a stamp.
func Distribution(ticks []int64, nsPerTick float64, stamp time.Duration) (map[string]float64, error) {
	h := hdrhistogram.New(1, longest, 3)
	for _, t := range ticks {
		if err := h.RecordValue(min(longest, int64(math.Round(float64(t)*nsPerTick)))); err != nil {
			return nil, fmt.Errorf("recording %d ticks of %g ns: %w", t, nsPerTick, err)
		}
	}
	figures := map[string]float64{"max-ns": float64(h.Max()), "stamp-ns": float64(stamp)}
	for _, q := range quantiles {
		figures[q.unit] = float64(h.ValueAtQuantile(q.percent))
	}
	return figures, nil
}

// stampOps is the number of stamps that StampCost takes.
const stampOps = 2000

// StampCost returns the cost of a stamp, of a raw thread or of a goroutine. It
// can't be less than the clock's or the counter's own grain.
func StampCost(raw bool) (time.Duration, error) {
	if !raw {
		s := goroutines.NewStamps(stampOps)
		began := goroutines.Now()
		for range stampOps {
			s.Put()
		}
		return (goroutines.Now() - began) / stampOps, nil
	}
	d, err := threads.NewStamper(stampOps)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	t, err := d.Run(stampOps, 0)
	return t.Elapsed / (2 * stampOps), err
}

// A StampedArm measures the time of each of its ops, by stamps.
type StampedArm struct {
	Raw   bool // raw threads take the stamps
	Timed func() (ticks []int64, s lockstep.Slice, err error)
	Shut  func() error
}

// Measure does the ops and reports their times.
func (a *StampedArm) Measure() (lockstep.Slice, error) {
	cost, err := StampCost(a.Raw)
	if err != nil {
		return lockstep.Slice{}, err
	}
	rate := NewTickRate()
	ticks, s, err := a.Timed()
	if err != nil {
		return lockstep.Slice{}, err
	}
	ns, err := rate.Ns()
	if err != nil {
		return lockstep.Slice{}, err
	}
	if len(ticks) != s.Ops {
		return lockstep.Slice{}, fmt.Errorf("expected the time of each of %d ops, seen %d", s.Ops, len(ticks))
	}
	s.Figures, err = Distribution(ticks, ns, cost)
	if s.Elapsed == 0 { // only the ops are timed
		sum := int64(0)
		for _, t := range ticks {
			sum += t
		}
		s.Elapsed = time.Duration(float64(sum) * ns)
	}
	return s, err
}

func (a *StampedArm) Close() error { return a.Shut() }
