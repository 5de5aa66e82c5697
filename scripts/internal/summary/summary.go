// Package summary computes the summary of a figure over the rounds of a results
// file, with the reasons to doubt the figure.
//
// Its stance: there is one estimator of a factor, and doubt is data. A factor is the
// estimate by Hodges and Lehmann of the logarithms of the rounds' paired factors,
// with the signed-rank interval. A file of driver testing has no pairs: its factor
// estimates the shift between two sets of runs, with the rank-sum interval (package
// paired). An absolute figure is the median with the interval that benchstat prints.
// A [Summary] carries its warnings, as benchmath's does. Whoever prints a Summary
// prints the warnings in these words.
//
// A factor's interval allows for the A/A of its goroutine arm ([AA]).
//
// Of our packages it imports numbers, paired, prose and results.
package summary

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// Confidence is the level of every interval.
const Confidence = 0.95

// None stands where there is no figure.
const None = "–"

// A Summary is a figure over rounds.
type Summary struct {
	Unit      string // as in the file; "" for a factor and for a bare number
	Factor    bool
	Unpaired  bool // the factor is of two sets of runs, not of pairs
	Machines  bool // over machines: Low and High are the least and the greatest, Rounds is the number of machines
	Center    float64
	Low, High float64 // the 95% interval, if Interval; in an Estimate they may be infinite
	Interval  bool    // false where there are too few rounds for one
	Rounds    int     // the rounds with a value, at least 1
	States    []State // the two states of the rounds, the lower first; nil where the rounds have one state
	Warnings  []Warning
}

// Median is the summary of at least one value in a unit of the file, without
// warnings: the median and its interval.
func Median(unit string, values []float64) Summary {
	sample := benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds) // NewSample sorts
	of := benchmath.AssumeNothing.Summary(sample, Confidence)
	s := Summary{Unit: unit, Center: of.Center, Rounds: len(values)}
	if !math.IsInf(of.Lo, 0) && !math.IsInf(of.Hi, 0) {
		s.Low, s.High, s.Interval = of.Lo, of.Hi, true
	}
	return s
}

// Primary is the summary of a row's primary figure, with its warnings.
func Primary(f *results.File, r *results.Row) Summary {
	unit, _ := r.Primary()
	values := r.Values(unit)
	s := Median(unit, values)
	s.doubt(f, values)
	return s
}

// An Estimate is a summary with the sample that tests its figure. The tests have the
// same allowance as the summary's interval.
type Estimate struct {
	Summary
	sample *paired.Sample
}

// Greater is the p-value of the hypothesis that the figure is at most m. Less is that
// of the hypothesis that it is at least m.
func (e *Estimate) Greater(m float64) float64 { return e.sample.Greater(e.scaled(m)) }
func (e *Estimate) Less(m float64) float64    { return e.sample.Less(e.scaled(m)) }

// scaled is a value on the scale of comparison: for a factor its logarithm.
func (s Summary) scaled(x float64) float64 {
	if s.Factor {
		return math.Log(x)
	}
	return x
}

func (s Summary) unscaled(x float64) float64 {
	if s.Factor {
		return math.Exp(x)
	}
	return x
}

// Factor is a row's primary figure over its goroutine arm's, with warnings. It is nil
// where the file has no such factor. Rounds whose paired factor isn't above 0 don't
// count, nor do cut rounds if any round was not cut. In a file of go test such a run
// of either arm leaves no factor.
func Factor(f *results.File, r *results.Row) *Estimate { return over(f, r, 1) }

// Inverse is the goroutine arm's primary figure over a row's.
func Inverse(f *results.File, r *results.Row) *Estimate { return over(f, r, -1) }

func over(f *results.File, r *results.Row, sign float64) *Estimate {
	aa := Of(f, r)
	s := Summary{Factor: true, Unpaired: f.Driver == results.Testing}
	var sample *paired.Sample
	var logs []float64
	if s.Unpaired {
		ref := f.Ref(r)
		if ref == nil {
			return nil
		}
		unit, _ := r.Primary()
		refUnit, _ := ref.Primary()
		base, head := logarithms(ref, refUnit, sign), logarithms(r, unit, sign)
		if unit != refUnit || len(base) < len(ref.Runs) || len(head) < len(r.Runs) {
			return nil
		}
		sample, _ = paired.RankSum(base, head)
		s.Rounds = min(len(base), len(head))
	} else {
		if logs = logarithms(r, results.PairedFactor, sign); len(logs) == 0 {
			return nil
		}
		sample, _ = paired.SignedRank(logs)
		s.Rounds = len(logs)
	}
	e := s.estimate(sample.Allowing(aa.Allowance()))
	e.doubt(f, logs)
	if aa == nil {
		e.Lacks()
	} else {
		e.Warnings = append(e.Warnings, aa.Warnings...)
	}
	return e
}

// Lacks adds the warning that no A/A was measured, so that the estimate allows for
// none.
func (e *Estimate) Lacks() { e.warn(NoAA, "A/A not measured") }

// logarithms are the logarithms of a row's values above 0, times sign. Cut rounds
// count only if all rounds were cut.
func logarithms(r *results.Row, unit string, sign float64) []float64 {
	var whole, all []float64
	for _, run := range r.Runs {
		x, ok := run.Get(unit)
		if !ok || x <= 0 {
			continue
		}
		all = append(all, sign*math.Log(x))
		if !r.Cut(run) {
			whole = append(whole, sign*math.Log(x))
		}
	}
	if whole == nil {
		return all
	}
	return whole
}

// Shift estimates the center of the rounds' values, which must be in the rounds'
// order. It adds warnings. It is nil if there is no value, or one is NaN. A factor is
// compared by its logarithm, and none of its values may be below 0. most is the
// allowance of the interval, as a logarithm.
func Shift(f *results.File, unit string, factor bool, values []float64, most float64) *Estimate {
	s := Summary{Unit: unit, Factor: factor, Rounds: len(values)}
	var scaled []float64
	for _, x := range values {
		scaled = append(scaled, s.scaled(x))
	}
	sample, err := paired.SignedRank(scaled)
	if err != nil {
		return nil
	}
	e := s.estimate(sample.Allowing(most))
	e.doubt(f, scaled)
	return e
}

// estimate fills the summary from its sample.
func (s Summary) estimate(sample *paired.Sample) *Estimate {
	within := sample.Interval(1 - Confidence)
	s.Center, s.Low, s.High = s.unscaled(sample.Estimate()), s.unscaled(within.Low), s.unscaled(within.High)
	s.Interval = sample.LeastP() < (1-Confidence)/2
	return &Estimate{s, sample}
}

// Enough is the least number of rounds for an interval, the same for a median and
// for a factor.
func Enough() int {
	n := 2
	for !Median("", make([]float64, n)).Interval {
		n++
	}
	return n
}

// Figure formats a value for a reader: "9.12 µs", "55.2×".
func (s Summary) Figure(x float64) string {
	switch {
	case s.Factor:
		return prose.Times(x)
	case math.IsInf(x, 0):
		return prose.Digits(x)
	}
	return prose.Figure(s.Unit, x)
}

// Text is the estimate, or both states where there are two: "0.654× or 0.948×".
func (s Summary) Text() string {
	if s.States == nil {
		return s.Figure(s.Center)
	}
	var states []string
	for _, state := range s.States {
		states = append(states, s.Figure(state.Center))
	}
	return strings.Join(states, " or ")
}

// Within is the interval, "[9.01, 9.30]", or a dash.
func (s Summary) Within() string {
	switch {
	case !s.Interval:
		return None
	case s.Factor:
		return prose.TimesInterval(s.Low, s.High)
	}
	return prose.Interval(s.Unit, s.Center, s.Low, s.High)
}

// Says is the text of the summary's warning of a kind, "" if there is none.
func (s Summary) Says(kind Kind) string {
	for _, w := range s.Warnings {
		if w.Kind == kind {
			return w.Says
		}
	}
	return ""
}

// few says that there are too few rounds for an interval.
func (s Summary) few(noun string) string {
	return fmt.Sprintf("%s: no interval, which takes %d", prose.Count(s.Rounds, noun), Enough())
}
