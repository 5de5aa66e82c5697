package calibrate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"threadbench/scripts/internal/calibrate/runs"
)

// A goal is a sort of runs, and how many are wanted.
type goal struct {
	runs.Cell
	runs int
}

// defaultPlan is what the tables of results/calibration.md are made of.
const defaultPlan = "same:1m=100,rebuilt:1m=20," +
	"same+1%:1m=10,same+2%:1m=20,same+3%:1m=20,same+5%:1m=20,same+10%:1m=20," +
	"same:5m=10,same+1%:5m=5,same+2%:5m=10,same+3%:5m=20,same+5%:5m=5,same+10%:5m=5"

// parsePlan reads goals, KIND[+PERCENT%]:BUDGET=RUNS, by commas.
func parsePlan(s string) ([]goal, error) {
	var goals []goal
	for text := range strings.SplitSeq(s, ",") {
		g, err := parseGoal(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("-plan: %q: %w; each part is KIND[+PERCENT%%]:BUDGET=RUNS, such as same:1m=100 or same+3%%:5m=20", text, err)
		}
		if slices.ContainsFunc(goals, func(other goal) bool { return other.Cell == g.Cell }) {
			return nil, fmt.Errorf("-plan: %v stands twice; give each once", g.Cell)
		}
		goals = append(goals, g)
	}
	return goals, nil
}

func parseGoal(s string) (g goal, err error) {
	what, number, _ := strings.Cut(s, "=")
	if g.runs, err = strconv.Atoi(number); err != nil || g.runs < 0 {
		return g, fmt.Errorf("%q is no number of runs", number)
	}
	what, budget, _ := strings.Cut(what, ":")
	if g.Budget.UnmarshalText([]byte(budget)) != nil || g.Budget <= 0 {
		return g, fmt.Errorf("%q is no time to measure", budget)
	}
	kind, inject, injected := strings.Cut(what, "+")
	if g.Kind = kind; kind != runs.Same && kind != runs.Rebuilt {
		return g, fmt.Errorf("%q is no kind; choose %s or %s", kind, runs.Same, runs.Rebuilt)
	}
	if injected {
		percent, err := strconv.ParseFloat(strings.TrimSuffix(inject, "%"), 64)
		if err != nil || !strings.HasSuffix(inject, "%") || !(percent >= 0.01 && percent <= 1000) {
			return g, fmt.Errorf("%q is no slowdown from 0.01%% to 1000%%", inject)
		}
		g.Inject = math.Round(percent*1e6) / 1e8 // 0.03, not 0.030000000000000002
	}
	return g, nil
}

// done are the runs of a cell that have a verdict.
func done(c runs.Cell, all []*runs.Run) []*runs.Run {
	return slices.DeleteFunc(slices.Clone(all), func(r *runs.Run) bool { return r.Cell != c || r.Error != "" })
}

// expected is how long one more run of a cell takes: as the last one
// did, or its budget and what comes before it.
func expected(c runs.Cell, all []*runs.Run) time.Duration {
	if past := done(c, all); len(past) > 0 {
		return time.Duration(past[len(past)-1].Seconds * float64(time.Second))
	}
	return time.Duration(c.Budget)*11/10 + 5*time.Second
}

// next is the goal to go on with: the one that is furthest behind with one run
// more (D'Hondt's method), so that what there is when the time is over is a
// share of each; of those alike, the first. fits tells whether there is time
// for one more.
func next(goals []goal, all []*runs.Run, fits func(runs.Cell) bool) (goal, bool) {
	share := func(g goal) float64 { return float64(len(done(g.Cell, all))+1) / float64(g.runs) }
	open := slices.DeleteFunc(slices.Clone(goals), func(g goal) bool { return share(g) > 1 || !fits(g.Cell) })
	if len(open) == 0 {
		return goal{}, false
	}
	return slices.MinFunc(open, func(a, b goal) int { return cmp.Compare(share(a), share(b)) }), true
}

// left says what the plan still lacks.
func left(goals []goal, all []*runs.Run) string {
	takes := time.Duration(0)
	var parts []string
	for _, g := range goals {
		if n := g.runs - len(done(g.Cell, all)); n > 0 {
			takes += time.Duration(n) * expected(g.Cell, all)
			parts = append(parts, fmt.Sprintf("%v=%d", g.Cell, n))
		}
	}
	if parts == nil {
		return "the plan is done"
	}
	return fmt.Sprintf("the plan lacks %s, about %v", strings.Join(parts, ","), runs.Duration(takes.Round(time.Minute)))
}
