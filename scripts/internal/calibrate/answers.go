package calibrate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aclements/go-moremath/mathx"

	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/prose"
)

// An answer is what the gate says of a run's two sides: head against base as
// they were measured or, of runs in which these share a layout, once more with
// the control in the place of base, so that the sides have layouts apart.
type answer struct {
	*trial
	sides  string // oneLayout or apart
	report *verdict.Report
}

const (
	oneLayout = "one layout"
	apart     = "apart"
)

// answersOf are the answers of those runs that have a verdict.
func answersOf(runs []*trial) ([]*answer, error) {
	var all []*answer
	for _, r := range runs {
		for _, swapped := range []bool{false, true} {
			if r.Error != "" || swapped && r.Kind == rebuilt {
				continue
			}
			report, err := r.judge(swapped)
			if err != nil {
				return nil, fmt.Errorf("the run of %v: %w", r.Begun.Format(time.RFC3339), err)
			}
			sides := oneLayout
			if swapped || r.Kind == rebuilt {
				sides = apart
			}
			all = append(all, &answer{r, sides, report})
		}
	}
	return all, nil
}

// judge is the gate's own decision on the run's figures, with base and control
// swapped or as they were. As they were, what was said then counts: the figures
// that are kept are rounded, which may turn a verdict that hangs by a hair.
func (r *trial) judge(swapped bool) (*verdict.Report, error) {
	var all []verdict.Row
	for _, row := range r.Rows {
		v := verdict.Row{Name: row.Name, Unit: row.Unit, Better: row.Better}
		for i, base := range row.Base {
			control := row.Control[i]
			if swapped {
				base, control = control, base
			}
			v.Pairs = append(v.Pairs, verdict.Pair{Base: base, Head: row.Head[i]})
			v.Control = append(v.Control, verdict.Pair{Base: base, Head: control})
		}
		all = append(all, v)
	}
	report, err := verdict.Judge(all, verdict.Rules{Alpha: r.session.Alpha, Margin: r.session.Margin})
	if err == nil && !swapped {
		report.Verdict = r.Verdict
		for i, row := range r.Rows {
			report.Rows[i].Verdict = row.Verdict
		}
	}
	return report, err
}

// alarm tells whether some row is a regression, whatever the control says.
func (a *answer) alarm() bool {
	return slices.ContainsFunc(a.report.Rows, func(r verdict.Result) bool { return r.Verdict == verdict.Regression })
}

// A row is one row of an answer.
type row struct {
	*answer
	verdict.Result
}

func rowsOf(answers []*answer) []row {
	var all []row
	for _, a := range answers {
		for _, r := range a.report.Rows {
			all = append(all, row{a, r})
		}
	}
	return all
}

// name is the row's, with its unit if that isn't a time.
func (r row) name() string { return strings.TrimSuffix(r.Row.Name+" "+r.Row.Unit, " ns/op") }

// found tells whether the row is worse by itself: at level α/m, m being the rows
// of the run. So the gate decides if no other row is worse; where others are,
// Holm's method finds more. A run whose control saw a difference finds nothing.
func (r row) found() bool {
	return r.trial.Verdict != verdict.Invalid && r.P < r.report.Rules.Alpha/float64(r.report.Decided)
}

// group sorts values by a key: the keys as they first come, and the values of each.
func group[K comparable, V any](all []V, key func(V) K) (keys []K, of map[K][]V) {
	of = map[K][]V{}
	for _, v := range all {
		k := key(v)
		if of[k] == nil {
			keys = append(keys, k)
		}
		of[k] = append(of[k], v)
	}
	return keys, of
}

// level is that of all bounds and intervals: 95%.
const level = 0.05

// A tally is how many of n independent runs had something. Its bounds are
// exact: Clopper and Pearson, The Use of Confidence or Fiducial Limits
// Illustrated in the Case of the Binomial, 1934, as quantiles of the beta
// distribution. They hold the true share with at least the confidence asked
// for, whatever the share is.
type tally struct{ k, n int }

// count is how many of the values had something.
func count[V any](all []V, had func(V) bool) tally {
	c := tally{n: len(all)}
	for _, v := range all {
		if had(v) {
			c.k++
		}
	}
	return c
}

// lower is the one-sided lower bound at level alpha, from 0 to 1.
func (c tally) lower(alpha float64) float64 {
	if c.k == 0 {
		return 0
	}
	low, high := 0.0, 1.0
	for range 60 {
		if middle := (low + high) / 2; mathx.BetaInc(middle, float64(c.k), float64(c.n-c.k+1)) < alpha {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// upper is the one-sided upper bound at level alpha.
func (c tally) upper(alpha float64) float64 { return 1 - tally{c.n - c.k, c.n}.lower(alpha) }

// String is "3 of 100".
func (c tally) String() string { return fmt.Sprintf("%d of %d", c.k, c.n) }

// within is the two-sided 95% interval, half of the level on each side.
func (c tally) within() string {
	return "[" + prose.Percent(c.lower(level/2)) + ", " + prose.Percent(c.upper(level/2)) + "]"
}
