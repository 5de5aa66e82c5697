package calibrate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"threadbench/scripts/internal/calibration"
)

// A cell is a sort of runs: what was compared, how much slower head was made,
// and how long a run was.
type cell struct {
	kind   string
	inject float64 // 0.03 is 3%; 0 for none
	budget time.Duration
}

// String is the cell as -plan has it.
func (c cell) String() string {
	s := c.kind
	if c.inject > 0 {
		s += "+" + strconv.FormatFloat(100*c.inject, 'f', -1, 64) + "%"
	}
	return s + ":" + calibration.Duration(c.budget).String()
}

// cellOf is the cell that a run is of.
func cellOf(r *calibration.Run) cell { return cell{r.Kind, r.Inject, time.Duration(r.Budget)} }

// A goal is a cell and how many runs of it are wanted.
type goal struct {
	cell
	runs int
}

// defaultPlan is what the tables of results/README.md are made of.
const defaultPlan = "same:1m=100,rebuilt:1m=20,package:1m=20," +
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
		if slices.ContainsFunc(goals, func(other goal) bool { return other.cell == g.cell }) {
			return nil, fmt.Errorf("-plan: %v stands twice; give each once", g.cell)
		}
		goals = append(goals, g)
	}
	return goals, nil
}

func parseGoal(s string) (g goal, err error) {
	what, runs, ok := strings.Cut(s, "=")
	if !ok {
		return g, errors.New("no number of runs")
	}
	if g.runs, err = strconv.Atoi(runs); err != nil || g.runs < 0 {
		return g, fmt.Errorf("%q is no number of runs", runs)
	}
	what, budget, ok := strings.Cut(what, ":")
	if !ok {
		return g, errors.New("no budget")
	}
	if g.budget, err = time.ParseDuration(budget); err != nil || g.budget <= 0 {
		return g, fmt.Errorf("%q is no time to measure", budget)
	}
	kind, inject, injected := strings.Cut(what, "+")
	if g.kind = kind; !slices.Contains(calibration.Kinds, kind) {
		return g, fmt.Errorf("%q is no kind; choose %s", kind, strings.Join(calibration.Kinds, ", "))
	}
	if !injected {
		return g, nil
	}
	percent, err := strconv.ParseFloat(strings.TrimSuffix(inject, "%"), 64)
	switch {
	case err != nil || !strings.HasSuffix(inject, "%") || !(percent >= 0.01 && percent <= 1000):
		return g, fmt.Errorf("%q is no slowdown from 0.01%% to 1000%%", inject)
	case kind == calibration.Package:
		return g, errors.New("the benchmarks of a package have no worker that could be slowed down")
	}
	g.inject = math.Round(percent*1e6) / 1e8 // 0.03, not 0.030000000000000002
	return g, nil
}

// next is the goal to go on with: the one that is furthest behind with one run
// more (D'Hondt's method), so that what there is when the time is over is a
// share of each; of those alike, the first. done are the runs so far; fits
// tells whether there is time for one more.
func next(goals []goal, done map[cell]int, fits func(cell) bool) (goal, bool) {
	left := slices.DeleteFunc(slices.Clone(goals), func(g goal) bool { return done[g.cell] >= g.runs || !fits(g.cell) })
	if len(left) == 0 {
		return goal{}, false
	}
	return slices.MinFunc(left, func(a, b goal) int {
		return cmp.Compare((done[a.cell]+1)*b.runs, (done[b.cell]+1)*a.runs)
	}), true
}

// missing is how many runs the goals still lack.
func missing(goals []goal, done map[cell]int) (runs int) {
	for _, g := range goals {
		runs += max(0, g.runs-done[g.cell])
	}
	return runs
}
