package summary

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"threadbench/bench/numbers"
	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// A Warning is a reason to doubt a figure.
type Warning struct {
	Kind Kind   `json:"kind"`
	Says string `json:"says"` // in words, without the row
}

// A Kind is the kind of a warning.
type Kind string

// The kinds of warnings.
const (
	TwoStates Kind = "states"  // the rounds lie in two groups
	Drifts    Kind = "trend"   // the rounds rise, or fall, over time
	Few       Kind = "few"     // too few rounds for an interval
	Excludes  Kind = "aa"      // the A/A is off 1
	NoAA      Kind = "no-aa"   // there is no A/A
	Cut       Kind = "cut"     // fewer tasks than the name says
	Refused   Kind = "refused" // evidence was refused, or a worker failed, in some rounds
	Partial   Kind = "partial" // not in all rounds
)

// A State is a group of rounds that lie apart from the others.
type State struct {
	Center float64 `json:"center"` // their median
	Rounds int     `json:"rounds"`
}

// Rounds lie in two states, and not in one that scatters, if all of these hold:
//   - The gap between the states is wider than the ranges of both together. Few
//     rounds leave such gaps by chance. So with n rounds, fewer than fullStates, the
//     gap must be (fullStates/n)² times as wide.
//   - Each state has at least leastState rounds.
//   - The states' medians differ by at least stateStep, as a share of the larger.
//   - Unless they are factors, the medians differ by at least leastStep, below which
//     a figure reads as 0.
//
// TestStates: one state is taken for two in at most 2% of cases.
const (
	fullStates = 12
	leastState = 2
	stateStep  = 0.02
	leastStep  = 0.001
)

// trendLevel is the chance that a file without any drift gets a drift warning. With
// 90 rows, a warning takes at least 8 rounds.
const trendLevel = 0.05

func (s *Summary) warn(k Kind, says string) {
	s.Warnings = append(s.Warnings, Warning{k, says})
}

// doubt adds the warnings that follow from the values alone. The values are on the
// scale of comparison, in the order of the rounds. They are nil if they have no
// order.
func (s *Summary) doubt(f *results.File, values []float64) {
	noun := Noun(f.Driver)
	if !s.Interval {
		s.warn(Few, s.few(noun))
	}
	if i := split(values); i > 0 {
		up := slices.Sorted(slices.Values(values))
		s.States = []State{{s.unscaled(numbers.Median(up[:i])), i}, {s.unscaled(numbers.Median(up[i:])), len(up) - i}}
		if low, high := s.States[0].Center, s.States[1].Center; high-low < stateStep*max(math.Abs(low), math.Abs(high)) || !s.Factor && high-low < leastStep {
			s.States = nil
		} else {
			s.warn(TwoStates, fmt.Sprintf("two states: %s in %s, %s in %d", s.Figure(low), prose.Count(i, noun), s.Figure(high), len(up)-i))
		}
	}
	// Each row is tested twice: its figure and its factor.
	level := trendLevel / float64(2*len(f.Rows))
	if p, direction, err := paired.Trend(values); err == nil && p < level {
		what := s.Unit
		if s.Factor {
			what = "the factor"
		} else if what == "" {
			what = "the figure"
		}
		s.warn(Drifts, fmt.Sprintf("%s %s over the %ss, p %s", what, map[int]string{1: "rises", -1: "falls"}[direction], noun, prose.Chance(p, 5)))
	}
}

// split is the number of values in the lower of two states, 0 if there is only one
// state.
func split(values []float64) int {
	up := slices.Sorted(slices.Values(values))
	at, widest := 0, 0.0
	for i := leastState; i <= len(up)-leastState; i++ {
		if gap := up[i] - up[i-1]; gap > widest {
			at, widest = i, gap
		}
	}
	if at == 0 {
		return 0
	}
	few := max(1, fullStates/float64(len(up)))
	ranges := up[at-1] - up[0] + up[len(up)-1] - up[at]
	if !(ranges > 0 && widest > few*few*ranges) { // values without a range are counts
		return 0
	}
	return at
}

// Noun is the word for one repetition of a driver.
func Noun(driver string) string {
	if driver == results.Testing {
		return "run"
	}
	return "round"
}

// Row are the warnings that concern all figures of a row.
func Row(f *results.File, r *results.Row) []Warning {
	var all []Warning
	noun := Noun(f.Driver)
	failed := 0
	for _, n := range f.Notes {
		if n.Kind == "failed" && n.Name.String() == r.Name.String() && !strings.HasPrefix(n.Reason, "measured once more") {
			failed += n.Rounds
		}
	}
	switch there := len(r.Runs); {
	case failed > 0:
		all = append(all, Warning{Refused, fmt.Sprintf("failed in %d of %s", failed, prose.Count(f.Rounds, noun))})
	case there < f.Rounds && !slices.Contains(f.Looks(), there): // a row with all rounds up to a look was decided at that look
		all = append(all, Warning{Partial, fmt.Sprintf("in %d of %s only", there, prose.Count(f.Rounds, noun))})
	}
	cut := 0
	for _, run := range r.Runs {
		if r.Cut(run) {
			cut++
		}
	}
	if cut > 0 {
		all = append(all, Warning{Cut, fmt.Sprintf("cut to fewer tasks than its name says in %d of %s", cut, prose.Count(f.Rounds, noun))})
	}
	return all
}
