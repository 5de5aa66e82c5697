package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/chart"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
	"threadbench/scripts/internal/table"
)

// A dot is a row's figure on an axis, with its value in short and in full.
type dot struct {
	stat        summary.Summary
	value, says string
}

// dots adds a panel for each file that has a dot. Rows that differ only in their
// contender share a line. A row without a dot in any file is left out. A row with a
// dot in only one file keeps its line in all panels, so that equal lines lie at the
// same height. All panels have the same axis.
func (r *Report) dots(f *figure, title string, axis chart.Axis, rules []chart.Rule, names []catalog.Name, of func(*table.Row) (dot, bool)) {
	at := func(s source, name catalog.Name) (row *table.Row, d dot, ok bool) {
		if row = s.rows[name.String()]; row != nil {
			d, ok = of(row)
		}
		return row, d, ok
	}
	names = slices.DeleteFunc(slices.Clone(names), func(name catalog.Name) bool {
		return !slices.ContainsFunc(r.sources, func(s source) bool { _, _, ok := at(s, name); return ok })
	})
	families := map[string]bool{}
	for _, name := range names {
		families[name.Family] = true
	}
	var all []float64
	for _, rule := range rules {
		all = append(all, rule.At)
	}
	var sheets []chart.Rows
	for _, s := range r.sources {
		rows := chart.Rows{Title: r.titled(s, title), About: "A line for each pair, a mark for each contender. The tables below have the same figures.", Rules: rules}
		keys, lines := map[string]int{}, map[string]int{}
		family := ""
		for _, name := range names {
			line := name.With("impl", "").String()
			i, there := lines[line]
			if !there {
				i = len(rows.Rows)
				lines[line] = i
				next := chart.Row{Label: keyed(name)}
				if len(families) > 1 && name.Family != family {
					family, next.Head = name.Family, name.Family
				}
				rows.Rows = append(rows.Rows, next)
			}
			row, d, ok := at(s, name)
			if !ok {
				continue
			}
			if d.stat.Center <= 0 {
				f.unplaced(row, d.stat)
				continue
			}
			arm := armOf(name)
			k, there := keys[arm.short]
			if !there {
				k = len(rows.Keys)
				keys[arm.short] = k
				rows.Keys = append(rows.Keys, chart.Key{Look: arm.look, Label: arm.short})
			}
			rows.Rows[i].Cells = append(rows.Rows[i].Cells, chart.Cell{Key: k, Value: d.value, Point: chart.Point{X: d.stat.Center, XIn: span(d.stat), Says: d.says}})
			all = append(all, d.stat.Center)
			if d.stat.Interval {
				all = append(all, d.stat.Low, d.stat.High)
			}
		}
		if len(rows.Keys) > 0 {
			sheets = append(sheets, rows)
		}
	}
	axis = axis.Around(all)
	for _, rows := range sheets {
		rows.X = axis
		f.Panels = append(f.Panels, panel{rows.Title, rows})
	}
}

// stat is a row's summary in a unit, which may be results.Memory.
func (s source) stat(row *table.Row, unit string) (summary.Summary, bool) {
	if stat, ok := row.Stat(unit); ok || unit != results.Memory {
		return stat, ok
	}
	both := s.file.Row(row.Name.String()).Values(unit)
	if len(both) == 0 {
		return summary.Summary{}, false
	}
	return summary.Median(unit, both), true
}

// number is the value of a name's key, NaN where the value is no number.
func number(n catalog.Name, key string) float64 {
	v, err := strconv.ParseFloat(n.Get(key), 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// curves are the lines of a plot over the key n: one for each contender, through the
// figures of its rows in a unit.
func (f *figure) curves(s source, rows []catalog.Name, unit string, log bool) []chart.Line {
	var lines []chart.Line
	at := map[string]int{}
	for _, name := range rows {
		row := s.rows[name.String()]
		if row == nil {
			continue
		}
		stat, ok := s.stat(row, unit)
		x := number(name, "n")
		if !ok || math.IsNaN(x) || x <= 0 {
			continue
		}
		if log {
			f.unplaced(row, stat)
		}
		if held, ok := row.Stat("tasks"); ok && held.Center < x {
			x = held.Center
		}
		arm := armOf(name)
		key := name.With("n", "").String()
		i, there := at[key]
		if !there {
			i = len(lines)
			at[key] = i
			lines = append(lines, chart.Line{Look: arm.look, Label: arm.short})
		}
		l := &lines[i]
		point := chart.Point{X: x, Y: stat.Center, YIn: span(stat), Says: says(row, stat)}
		if limit := s.limit(name); limit != "" {
			point.Stopped, l.Note = true, limit
			point.Says += "; stopped by " + limit
		}
		l.Points = append(l.Points, point)
	}
	for i := range lines {
		slices.SortStableFunc(lines[i].Points, func(a, b chart.Point) int { return cmp.Compare(a.X, b.X) })
		lines[i].Value = prose.Figure(unit, lines[i].Points[len(lines[i].Points)-1].Y)
	}
	return lines
}

// limit names the limit that stopped an arm at a row: the row was cut, or the next
// row was skipped. It is "" if nothing stopped the arm.
func (s source) limit(name catalog.Name) string {
	n := number(name, "n")
	for _, note := range s.file.Notes {
		same := note.Name.With("n", "").String() == name.With("n", "").String()
		cut := note.Kind == "cut" && number(note.Name, "n") == n
		next := note.Kind == "skip" && number(note.Name, "n") > n && s.last(name)
		head, _, ok := strings.Cut(note.Reason, ": ")
		if twin := strings.HasPrefix(head, "measured once more"); ok && !twin && same && (cut || next) {
			limit, _, _ := strings.Cut(head, " (")
			return limit
		}
	}
	return ""
}

// last reports whether no row of the same name has a greater n.
func (s source) last(name catalog.Name) bool {
	return !slices.ContainsFunc(s.file.Rows, func(r *results.Row) bool {
		return r.Name.With("n", "").String() == name.With("n", "").String() && number(r.Name, "n") > number(name, "n")
	})
}

// A quantity is the figure that a plot over n shows.
type quantity struct {
	title string
	unit  string
	label string
	log   bool
}

// overN adds a panel for each quantity and file. The panels of a quantity have the
// same axes.
func (r *Report) overN(f *figure, rows []catalog.Name, x string, rules []chart.Rule, quantities ...quantity) {
	for _, q := range quantities {
		yAxis := chart.Axis{Label: q.label, Log: q.log, Zero: true, Format: tick(q.unit)}
		if q.unit == results.Memory {
			yAxis.Base = 2
		}
		xAxis := chart.Axis{Label: x, Log: true, Format: tasks}
		var xs, ys []float64
		var sources []source
		var drawn [][]chart.Line
		for _, s := range r.sources {
			lines := f.curves(s, rows, q.unit, q.log)
			if len(lines) == 0 {
				continue
			}
			for _, l := range lines {
				for _, p := range l.Points {
					xs, ys = append(xs, p.X), append(ys, p.Y)
					if p.YIn.There {
						ys = append(ys, p.YIn.Low, p.YIn.High)
					}
				}
			}
			drawn, sources = append(drawn, lines), append(sources, s)
		}
		for _, rule := range rules {
			ys = append(ys, rule.At)
		}
		xAxis, yAxis = xAxis.Around(xs), yAxis.Around(ys)
		for i, lines := range drawn {
			title := r.titled(sources[i], q.title)
			f.Panels = append(f.Panels, panel{title, chart.Plot{Title: title, X: xAxis, Y: yAxis, Lines: lines, Rules: rules,
				About: fmt.Sprintf("%s over %s, a line for each of %s. The tables below have the same figures.", q.title, x, names(lines))}})
		}
	}
}

func names(lines []chart.Line) string {
	var all []string
	for _, l := range lines {
		if !slices.Contains(all, l.Label) {
			all = append(all, l.Label)
		}
	}
	return strings.Join(all, ", ")
}

// percentiles are the units of a distribution, each with the share of ops that took
// longer. The slowest op has no such share, and stands below the other points.
var percentiles = []struct {
	unit  string
	share float64
}{{"p50-ns", 0.5}, {"p90-ns", 0.1}, {"p99-ns", 0.01}, {"p999-ns", 0.001}, {"max-ns", 0.0001}}

// distributions adds a panel for each group of rows and each file. All panels have
// the same axes.
func (r *Report) distributions(f *figure, family, ops string, group func(catalog.Name) (title string, ok bool)) {
	x := chart.Axis{Label: "time", Log: true, Format: tick("ns")}
	y := chart.Axis{Label: "share of " + ops + " that took longer", Log: true, Min: 0.00006, Max: 0.7,
		Ticks: []chart.Tick{{At: 0.5, Label: "50%"}, {At: 0.1, Label: "10%"}, {At: 0.01, Label: "1%"}, {At: 0.001, Label: "0.1%"}, {At: 0.0001, Label: "slowest"}}}
	var titles []string
	for _, name := range r.rows(family) {
		if title, ok := group(name); ok && !slices.Contains(titles, title) {
			titles = append(titles, title)
		}
	}
	var xs []float64
	var plots []chart.Plot
	for _, title := range titles {
		for _, s := range r.sources {
			plot := chart.Plot{Title: r.titled(s, title), Y: y}
			for _, name := range r.rows(family) {
				row := s.rows[name.String()]
				if t, ok := group(name); !ok || t != title || row == nil {
					continue
				}
				arm := armOf(name)
				line := chart.Line{Look: arm.look, Label: arm.short}
				for _, p := range percentiles {
					stat, ok := row.Stat(p.unit)
					if !ok {
						continue
					}
					f.unplaced(row, stat)
					xs = append(xs, stat.Center)
					if stat.Interval {
						xs = append(xs, stat.Low, stat.High)
					}
					line.Points = append(line.Points, chart.Point{X: stat.Center, Y: p.share, XIn: span(stat), Says: says(row, stat), Dashed: p.unit == "max-ns"})
					if p.unit == "p99-ns" {
						line.Value = "p99 " + prose.Figure(stat.Unit, stat.Center)
					}
				}
				if len(line.Points) > 0 {
					plot.Lines = append(plot.Lines, line)
				}
			}
			plot.About = fmt.Sprintf("For each of %s, which share of %s took longer than a time. The tables below have the same figures.", names(plot.Lines), ops)
			if len(plot.Lines) > 0 {
				plots = append(plots, plot)
			}
		}
	}
	x = x.Around(xs)
	for _, p := range plots {
		p.X = x
		f.Panels = append(f.Panels, panel{p.Title, p})
	}
}
