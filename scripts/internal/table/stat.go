package table

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"

	"threadbench/scripts/internal/results"
)

// confidence is the level of every interval.
const confidence = 0.95

// sample is benchmath's, which sorts: the caller's values stay as they are.
func sample(values []float64) *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
}

// Summarize is the median of at least one value and its interval.
func Summarize(unit string, values []float64) Stat {
	s := benchmath.AssumeNothing.Summary(sample(values), confidence)
	stat := Stat{Unit: unit, Median: s.Center, N: len(values)}
	if !math.IsInf(s.Lo, 0) && !math.IsInf(s.Hi, 0) {
		stat.Low, stat.High, stat.Interval = s.Lo, s.Hi, true
	}
	return stat
}

// Enough is the least number of rounds that an interval needs.
func Enough() int {
	n := 2
	for !Summarize("", make([]float64, n)).Interval {
		n++
	}
	return n
}

// unpaired is the quotient of two medians, nil where it says nothing: the two
// figures are in different units, or not both above 0.
func unpaired(r, ref *results.Row) *Factor {
	unit, _ := r.Primary()
	refUnit, _ := ref.Primary()
	if unit != refUnit {
		return nil
	}
	a, b := r.Values(unit), ref.Values(unit)
	x := Summarize(unit, a).Median / Summarize(unit, b).Median
	if !(x > 0) || math.IsInf(x, 0) {
		return nil
	}
	c := benchmath.AssumeNothing.Compare(sample(a), sample(b))
	// benchmath also warns where all values are equal; then there are enough.
	few := len(c.Warnings) > 0 && x != 1
	return &Factor{Stat: Stat{Unit: results.PairedFactor, Median: x, N: min(len(a), len(b))}, P: c.P, Few: few}
}

// width is that of the interval, NaN where there is none.
func (s Stat) width() float64 {
	if !s.Interval {
		return math.NaN()
	}
	return s.High - s.Low
}
