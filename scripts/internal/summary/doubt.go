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

// A Kind is that of a warning.
type Kind string

// The kinds of warnings.
const (
	TwoStates Kind = "states"  // the rounds lie in two groups
	Drifts    Kind = "trend"   // they rise, or fall, one after the other
	Few       Kind = "few"     // too few for an interval
	Excludes  Kind = "aa"      // the A/A is off 1
	NoAA      Kind = "no-aa"   // there is none
	Cut       Kind = "cut"     // fewer tasks than the name says
	Refused   Kind = "refused" // evidence was refused, or a worker failed, in some rounds
	Partial   Kind = "partial" // not in all rounds
)

// A State is some of the rounds, which lie apart from the others.
type State struct {
	Center float64 `json:"center"` // their median
	Rounds int     `json:"rounds"`
}

// How two states are told from one that scatters: the gap between them is wider
// than the ranges of both together, each has at least leastState rounds, and
// they differ by at least stateStep and, but in factors, by leastStep, below which a
// figure reads as 0. Few rounds leave such gaps by chance, so that
// of fewer than fullStates, n, the gap has to be (fullStates/n)² times as wide.
// TestStates has how often one state is taken for two: in at most 2%.
const (
	fullStates = 12
	leastState = 2
	stateStep  = 0.02
	leastStep  = 0.001
)

// trendLevel is the chance that any row of a file that doesn't drift is said to.
// With 90 rows that takes 8 rounds at least.
const trendLevel = 0.05

func (s *Summary) warn(k Kind, says string) {
	s.Warnings = append(s.Warnings, Warning{k, says})
}

// doubt adds the warnings that follow from the values alone, in the order of the
// rounds, on the scale that they are compared on. Nil says that they have none.
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
	// A row has a figure and a factor.
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

// split is how many of the values are in the lower of two states, 0 if there is
// one state.
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
	if !(ranges > 0 && widest > few*few*ranges) { // those without a range are counts
		return 0
	}
	return at
}

// Noun is what a driver makes many of.
func Noun(driver string) string {
	if driver == results.Testing {
		return "run"
	}
	return "round"
}

// Row are the warnings of a row that its figures share.
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
	case there < f.Rounds && !slices.Contains(f.Looks(), there): // else what it decides was decided then
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
