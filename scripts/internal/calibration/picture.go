package calibration

import (
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"

	"threadbench/scripts/internal/chart"
)

// looks are those of budgets, the shortest first.
var looks = []chart.Look{
	{Class: "first", Marker: chart.Circle}, {Class: "second", Marker: chart.Square},
	{Class: "third", Marker: chart.Triangle}, {Class: "fourth", Marker: chart.Diamond},
}

// picture writes the power curves as SVG.
func (a *Analysis) picture(w io.Writer) error {
	sheet := a.Sheet()
	if sheet.Charts == nil {
		return fmt.Errorf("%s has no runs to draw: some of our own rows are needed", a.Name)
	}
	return sheet.Write(w)
}

// Sheet is the power curves: for each row the share of runs that found it, over
// the slowdown; on the left with both sides in one layout, on the right apart.
// It has no charts where there are no runs of our own rows.
func (a *Analysis) Sheet() chart.Sheet {
	sheet := chart.Sheet{
		Title: "Which slowdowns the gate finds",
		About: "Share of runs that found a row, over the slowdown injected into it. Points are counted runs with their 95% intervals; " +
			"dashed lines are resampled from rounds in which nothing had changed. Up to the margin they are false alarms.",
		Columns: 2, Width: 460,
	}
	var names []string
	var budgets []Duration
	for _, p := range a.Power {
		if !slices.Contains(names, p.Name) {
			names = append(names, p.Name)
		}
		if !p.Resampled && !slices.Contains(budgets, p.Budget) {
			budgets = append(budgets, p.Budget)
		}
	}
	slices.Sort(budgets)
	for _, name := range names {
		for _, apart := range []bool{false, true} {
			plot := chart.Plot{
				Title: name + ", one layout",
				About: "Share of runs that found it, over the slowdown",
				X:     chart.Axis{Label: "slowdown (upright: the margin)", Zero: true, Format: percent},
				Y:     chart.Axis{Label: "share of runs that found it", Min: 0, Max: 1, Format: percent},
				Rules: []chart.Rule{{At: 1 - level, Label: percent(1 - level)}, {At: a.Margin, Vertical: true}},
			}
			if apart {
				plot.Title = name + ", layouts apart"
			}
			for i, budget := range budgets {
				plot.Lines = append(plot.Lines, a.curves(name, apart, budget, looks[i%len(looks)], float64(i)*aside)...)
			}
			if plot.Lines != nil {
				sheet.Charts = append(sheet.Charts, plot)
			}
		}
	}
	return sheet
}

// aside is by how much points of the next budget are moved to the right, or
// their intervals would lie on each other.
const aside = 0.0012

// curves are a row's of a budget: what was counted, and what was resampled with
// about as many rounds.
func (a *Analysis) curves(name string, apart bool, budget Duration, look chart.Look, moved float64) []chart.Line {
	counted := chart.Line{Look: look, Label: budget.String()}
	rounds := 0
	at := map[float64]Point{}
	for _, p := range a.Power {
		if p.Name != name || p.Apart != apart || p.Resampled || p.Budget != budget {
			continue
		}
		at[p.Inject] = p
		rounds = max(rounds, p.Rounds)
	}
	for _, inject := range slices.Sorted(maps.Keys(at)) {
		p := at[inject]
		counted.Points = append(counted.Points, chart.Point{X: inject + moved, Y: p.Share, YIn: chart.Span{Low: p.Low, High: p.High, There: true},
			Says: fmt.Sprintf("%v, +%s: found in %v runs %s", budget, percent(inject), p.Count, interval(p.Count))})
	}
	if counted.Points == nil {
		return nil
	}
	lines := []chart.Line{counted}
	length := slices.MinFunc(lengths, func(a, b int) int {
		off := func(n int) float64 { return math.Abs(math.Log(float64(n) / float64(rounds))) }
		return int(math.Copysign(1, off(a)-off(b)))
	})
	drawn := chart.Line{Look: chart.Look{Class: look.Class, Marker: chart.None}, Label: strconv.Itoa(length) + " resampled"}
	for _, p := range a.Power {
		if p.Name == name && p.Apart == apart && p.Resampled && p.Rounds == length {
			drawn.Points = append(drawn.Points, chart.Point{X: p.Inject + moved, Y: p.Share, Dashed: true,
				Says: fmt.Sprintf("%d rounds, +%s: %s, resampled", length, percent(p.Inject), percent(p.Share))})
		}
	}
	if len(drawn.Points) > 1 {
		lines = append(lines, drawn)
	}
	return lines
}
