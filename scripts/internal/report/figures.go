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
	"threadbench/scripts/internal/table"
)

// A figure is a section of pictures.
type figure struct {
	ID, Title string
	Short     string   // of the list of sections
	About     []string // what it shows and how to read it
	Wide      bool     // its panels take the whole width
	Panels    []panel
	Words     []string // what the rows say, as sentences
	Notes     []string // what isn't drawn, and why
}

// A panel is one of its pictures.
type panel struct {
	Title   string
	Drawing chart.Drawing
}

// figures are the sections of pictures in the page's order. One without
// panels says why.
func (r *Report) figures() []figure {
	var all []figure
	if r.many != nil {
		all = []figure{r.manyOverview()}
	} else {
		all = []figure{r.overview(), r.scale(), r.stack(), r.latency(), r.bystander(), r.wakeup()}
	}
	for i := range all {
		if len(all[i].Panels) == 0 {
			all[i].Notes = append(all[i].Notes, "No row of this is in "+r.these()+": \"go run ./scripts/run -profile full\" measures it.")
		}
	}
	return all
}

// these is "this file", or "these files".
func (r *Report) these() string {
	if r.several() {
		return "these files"
	}
	return "this file"
}

// pictured is a family's section of pictures, without any yet; more is what to
// say beside what the family says of it.
func pictured(id string, f catalog.Family, more ...string) figure {
	about := strings.Join(append([]string{f.Picture.About}, more...), " ")
	return figure{ID: id, Title: f.Picture.Title, Short: f.Picture.Short, About: []string{about}}
}

// titled is a panel's title, with the file's label where there are several.
func (r *Report) titled(s source, title string) string {
	if !r.several() {
		return title
	}
	return s.label + ": " + title
}

// says is the exact figure of a row in a unit.
func says(row *table.Row, s table.Stat) string {
	text := table.Figure(s.Unit, s.Median)
	if s.Interval {
		text += " " + s.Within()
	}
	return fmt.Sprintf("%s: %s, %s, %s (%.6g, median of %s)", text, row.Contender, keyed(row.Name), s.Unit, s.Median, prose.Count(s.N, "value"))
}

// unplaced notes a value that a logarithmic axis has no place for.
func (f *figure) unplaced(row *table.Row, s table.Stat) {
	if s.Median <= 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("Not drawn, since a logarithmic axis has no place for it: %s.", says(row, s)))
	}
}

// overview is every pair's factor on one axis.
func (r *Report) overview() figure {
	f := figure{ID: "overview", Title: "Every pair on one axis", Short: "Overview", Wide: true, About: []string{
		"Each line is a pair: the thread's figure over the goroutine arm's, on a logarithmic axis. On the line at 1× they are alike; to the right of it the goroutine needs less, to the left the thread. " +
			"Bars are 95% intervals over rounds; one that holds 1× shows no difference.",
	}}
	axis := chart.Axis{Label: "times the goroutine arm's figure", Log: true, Format: times}
	r.dots(&f, "factor against the goroutine arm", axis, []chart.Rule{{At: 1, Label: "goroutine"}}, r.threads(), func(row *table.Row) (d dot, ok bool) {
		factor := row.Factor
		if factor == nil {
			return d, false
		}
		d = dot{factor.Stat, table.Times(factor.Median), table.Times(factor.Median)}
		if factor.Interval {
			d.says += " " + factor.Within()
		}
		if row.Doubt != "" {
			d.says += ", " + row.Doubt
		}
		d.says += fmt.Sprintf(": %s, %s over %s, %s", row.Contender, row.FullName, row.Ref, prose.Count(factor.N, "round"))
		return d, true
	})
	if len(f.Panels) == 0 {
		f.Notes = append(f.Notes, "There is nothing to compare: no thread's row of "+r.these()+" stands beside a goroutine's.")
	}
	return f
}

// A dot is a row's figure on an axis, its value in short, and all of it.
type dot struct {
	stat        table.Stat
	value, says string
}

// dots adds a panel for each file, with a line for those of the rows that
// differ in their contender alone. Rows without a dot in any of the files are
// left out; those of one file keep their place in the others', so that the
// files' lines lie at the same height. All have the same axis.
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
			if d.stat.Median <= 0 {
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
			rows.Rows[i].Cells = append(rows.Rows[i].Cells, chart.Cell{Key: k, Value: d.value, Point: chart.Point{X: d.stat.Median, XIn: span(d.stat), Says: d.says}})
			all = append(all, d.stat.Median)
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
func (s source) stat(row *table.Row, unit string) (table.Stat, bool) {
	if stat, ok := row.Stat(unit); ok || unit != results.Memory {
		return stat, ok
	}
	both := s.file.Row(row.Name.String()).Values(unit)
	if len(both) == 0 {
		return table.Stat{}, false
	}
	return table.Summarize(unit, both), true
}

// number is the value of a name's key, NaN where it is none.
func number(n catalog.Name, key string) float64 {
	v, err := strconv.ParseFloat(n.Get(key), 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// curves are the lines of a plot over the key n: of each contender the rows'
// figures in a unit.
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
		if held, ok := row.Stat("tasks"); ok && held.Median < x {
			x = held.Median
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
		point := chart.Point{X: x, Y: stat.Median, YIn: span(stat), Says: says(row, stat)}
		if limit := s.limit(name); limit != "" {
			point.Stopped, l.Note = true, limit
			point.Says += "; stopped by " + limit
		}
		l.Points = append(l.Points, point)
	}
	for i := range lines {
		slices.SortStableFunc(lines[i].Points, func(a, b chart.Point) int {
			if a.X < b.X {
				return -1
			}
			return 1
		})
		lines[i].Value = table.Figure(unit, lines[i].Points[len(lines[i].Points)-1].Y)
	}
	return lines
}

// limit is what stopped an arm at a row: the row was cut, or the next one left
// out; "" if nothing did.
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

// last tells whether no row of the same name has a greater n.
func (s source) last(name catalog.Name) bool {
	return !slices.ContainsFunc(s.file.Rows, func(r *results.Row) bool {
		return r.Name.With("n", "").String() == name.With("n", "").String() && number(r.Name, "n") > number(name, "n")
	})
}

// A quantity is what a plot over n shows.
type quantity struct {
	title string
	unit  string
	label string
	log   bool
}

// overN adds a panel for each quantity and file; those of one quantity have
// the same axes.
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

func (r *Report) scale() figure {
	f := pictured("scale", catalog.Scale)
	rows := r.rows("Scale")
	r.overN(&f, rows, "tasks held at once", nil,
		quantity{"Time per task", "ns/op", "time per task", true},
		quantity{"Memory per task", results.Memory, "user and kernel memory per task", true},
		quantity{"Threads of the process", "threads", "threads", true})
	for _, s := range r.sources {
		for _, note := range s.table.Left() {
			if strings.Contains(note, "BenchmarkScale/") {
				f.Notes = append(f.Notes, r.titled(s, note))
			}
		}
	}
	return f
}

// stack is memory by depth: user and kernel on end, reserved as an outline.
func (r *Report) stack() figure {
	f := pictured("stack", catalog.Stack)
	var depths []string
	for _, name := range r.rows("Stack") {
		if d := name.Get("depth"); !slices.Contains(depths, d) {
			depths = append(depths, d)
		}
	}
	for _, depth := range depths {
		var drawn []chart.Rows
		greatest := 0.0
		for _, s := range r.sources {
			title := "depth " + bytesOf(depth)
			if depth == "" {
				title = "no depth"
			}
			rows := chart.Rows{Title: r.titled(s, title), About: "Memory of a parked task, a bar for each contender. The tables below have the same figures.", Keys: []chart.Key{
				{Look: chart.Look{Class: "plain"}, Label: "user"},
				{Look: chart.Look{Class: "plain"}, Part: chart.Half, Label: "kernel"},
				{Look: chart.Look{Class: "plain"}, Part: chart.Outline, Label: "reserved"},
			}}
			for _, name := range r.rows("Stack") {
				row := s.rows[name.String()]
				if row == nil || name.Get("depth") != depth {
					continue
				}
				line, total := f.stacked(row)
				if line == nil {
					continue
				}
				rows.Rows = append(rows.Rows, *line)
				greatest = max(greatest, total)
			}
			if len(rows.Rows) > 0 {
				drawn = append(drawn, rows)
			}
		}
		for _, rows := range drawn {
			rows.X = chart.Axis{Label: "bytes per task", Zero: true, Base: 2, Format: tick("B")}.Around([]float64{0, greatest})
			f.Panels = append(f.Panels, panel{rows.Title, rows})
		}
	}
	return f
}

// stacked is a row of Stack as bars, and how long they are; nil where it lacks
// the units.
func (f *figure) stacked(row *table.Row) (*chart.Row, float64) {
	arm := armOf(row.Name)
	user, ok1 := row.Stat("user-B/task")
	kernel, ok2 := row.Stat("kernel-B/task")
	both, ok3 := row.Stat(results.Memory)
	if !ok1 || !ok2 || !ok3 {
		return nil, 0
	}
	for _, s := range []table.Stat{user, kernel} {
		if s.Median < 0 {
			f.Notes = append(f.Notes, "Drawn as nothing, since it is below 0: "+says(row, s)+".")
		}
	}
	u, k := max(0, user.Median), max(0, kernel.Median)
	label := arm.short
	if more := keyed(row.Name, "depth"); more != "" {
		label += ", " + more
	}
	line := &chart.Row{Label: label, Class: arm.look.Class, Value: table.Figure(both.Unit, both.Median)}
	if reserved, ok := row.Stat("reserved-B/task"); ok {
		line.Bars = append(line.Bars, chart.Bar{Look: arm.look, Part: chart.Outline, To: reserved.Median, Says: says(row, reserved)})
		line.Value += " (" + table.Figure(reserved.Unit, reserved.Median) + " reserved)"
	}
	line.Bars = append(line.Bars,
		chart.Bar{Look: arm.look, To: u, Says: says(row, user)},
		chart.Bar{Look: arm.look, Part: chart.Half, From: u, To: u + k, Says: says(row, kernel)})
	line.Total = &chart.Point{X: both.Median, XIn: span(both)}
	total := u + k
	if both.Interval {
		total = max(total, both.High)
	}
	return line, total
}

// percentiles are the units of a distribution and the share of ops that took
// longer. The slowest op has no share of its own: it stands below the others.
var percentiles = []struct {
	unit  string
	share float64
}{{"p50-ns", 0.5}, {"p90-ns", 0.1}, {"p99-ns", 0.01}, {"p999-ns", 0.001}, {"max-ns", 0.0001}}

// distributions adds a panel for each set of rows and each file. All have the
// same axes.
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
					xs = append(xs, stat.Median)
					if stat.Interval {
						xs = append(xs, stat.Low, stat.High)
					}
					line.Points = append(line.Points, chart.Point{X: stat.Median, Y: p.share, XIn: span(stat), Says: says(row, stat), Dashed: p.unit == "max-ns"})
					if p.unit == "p99-ns" {
						line.Value = "p99 " + table.Figure(stat.Unit, stat.Median)
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

// known says what of a distribution is known.
const known = "A results file holds the median, the 90th, 99th and 99.9th percentile and the slowest of a round, each drawn as the median over rounds with its interval; the straight lines between them are not measured, and the dashed one leads to the slowest, which has no share of its own."

func (r *Report) latency() figure {
	f := pictured("latency", catalog.Switch, known)
	r.distributions(&f, "Switch", "switches", func(n catalog.Name) (string, bool) {
		return keyed(n, "mode"), n.Get("mode") == "stamped"
	})
	return f
}

func (r *Report) bystander() figure {
	f := pictured("bystander", catalog.Block)
	var waits []string
	rows := map[string][]catalog.Name{}
	for _, name := range r.rows("Block") {
		w := keyed(name, "n")
		if rows[w] == nil {
			waits = append(waits, w)
		}
		rows[w] = append(rows[w], name)
	}
	for _, w := range waits {
		r.overN(&f, rows[w], "tasks that wait", []chart.Rule{{At: 1}},
			quantity{"The bystander's speed, tasks waiting" + waiting(rows[w][0]), "bystander-share", "speed over its speed alone", false})
	}
	for _, w := range waits {
		r.overN(&f, rows[w], "tasks that wait", nil, quantity{"Threads, tasks waiting" + waiting(rows[w][0]), "threads", "threads of the process", true})
	}
	return f
}

// waiting says what Block's tasks wait for.
func waiting(n catalog.Name) string {
	wait := cmp.Or(n.Phrase("wait"), " "+n.Get("wait"))
	if more := keyed(n, "n", "wait"); more != "" {
		wait += ", " + more
	}
	return wait
}

func (r *Report) wakeup() figure {
	f := pictured("wakeup", catalog.Wakeup, known)
	axis := chart.Axis{Label: "99th percentile of the wake-up", Log: true, Format: tick("ns")}
	r.dots(&f, "The wake-up alone", axis, nil, r.rows("Wakeup"), func(row *table.Row) (dot, bool) {
		stat, ok := row.Stat("wake-ns")
		return dot{stat, table.Figure(stat.Unit, stat.Median), says(row, stat)}, ok
	})
	r.distributions(&f, "Wakeup", "wake-ups", func(n catalog.Name) (string, bool) { return keyed(n), true })
	for _, s := range r.sources {
		for _, name := range r.rows("Wakeup") {
			if row := s.rows[name.String()]; row != nil && row.Words != "" {
				f.Words = append(f.Words, r.titled(s, row.Words))
			}
		}
	}
	return f
}
