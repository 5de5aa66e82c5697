package summary

import (
	"fmt"
	"math"

	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// An AA is the factor of an arm over itself: the arm is opened twice in the same
// laps. A perfect instrument gives 1.
type AA struct {
	Summary
	Worst float64 // the factor of the round that is furthest from 1
}

// off is the distance from 1 beyond which the interval of an A/A gets a warning.
const off = 0.01

// Of is the A/A of the goroutine arm that a row refers to, or else the row's own A/A.
// It is nil where neither was measured twice.
func Of(f *results.File, r *results.Row) *AA {
	var logs []float64
	if ref := f.Ref(r); ref != nil {
		logs = logarithms(ref, results.SelfFactor, 1)
	}
	if logs == nil {
		logs = logarithms(r, results.SelfFactor, 1)
	}
	if logs == nil {
		return nil
	}
	sample, _ := paired.SignedRank(logs)
	a := &AA{Summary{Factor: true, Rounds: len(logs)}.estimate(sample).Summary, 1}
	worst := 0.0
	for _, l := range logs {
		if math.Abs(l) > math.Abs(worst) {
			worst = l
		}
	}
	a.Worst = math.Exp(worst)
	if a.Interval && (a.Low > 1+off || a.High < 1/(1+off)) {
		a.warn(Excludes, fmt.Sprintf("the interval of the A/A is off 1 by more than %s", prose.Percent(off)))
	}
	return a
}

// Allowance is the most, as a logarithm, by which the instrument may favour one of
// two arms. It is the end of the A/A's 95% interval that is further from 1, or 0
// without an interval.
//
// The A/A is evidence of a systematic effect between workers. The effect's sign in
// another pair is unknown, and so nothing can correct for the effect. Phillips, Eberhardt and
// Parry, Guidelines for Expressing the Uncertainty of Measurement Results
// Containing Uncorrected Bias, J. Res. NIST 102 (1997) 577, add the size of such
// an effect to the expanded uncertainty. The size is itself an estimate, and here
// its bound is added. TestAllowance has the simulation: with the estimate in place of
// the bound, or with the hull of the two intervals, a factor's 95% interval covers
// too rarely.
func (a *AA) Allowance() float64 {
	if a == nil || !a.Interval {
		return 0
	}
	return max(math.Abs(math.Log(a.Low)), math.Abs(math.Log(a.High)))
}

// String is the A/A as a line: "A/A: 0.998× [0.991, 1.004], worst round 1.12×,
// 12 rounds".
func (a *AA) String() string {
	if a == nil {
		return "A/A: not measured for these lines; their intervals are those of the rounds alone."
	}
	s := "A/A: " + a.Figure(a.Center)
	if a.Interval {
		s += " " + a.Within()
	}
	s += fmt.Sprintf(", worst round %s, %s", a.Figure(a.Worst), prose.Count(a.Rounds, "round"))
	if !a.Interval {
		s += ": too few for an interval"
	}
	for _, w := range a.Warnings {
		s += "; " + w.Says
	}
	return s + "."
}
