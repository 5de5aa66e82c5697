package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/chart"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
	"threadbench/scripts/internal/table"
)

// A figure is a section of the report with pictures.
type figure struct {
	ID, Title string
	Short     string   // the title in the list of sections
	About     []string // what the pictures show and how to read them
	Wide      bool     // the panels take the whole width
	Panels    []panel
	Words     []string // what the rows say, as sentences
	Notes     []string // which rows aren't drawn, and why
}

// A panel is one picture of a figure.
type panel struct {
	Title   string
	Drawing chart.Drawing
}

// figures are the sections of pictures, in the page's order. Sections with nothing
// to show are left out.
func (r *Report) figures() []figure {
	var all []figure
	if r.many != nil {
		all = []figure{r.manyOverview()}
	} else {
		all = []figure{r.overview(), r.scale(), r.stack(), r.latency(), r.bystander(), r.wakeup()}
	}
	return slices.DeleteFunc(all, func(f figure) bool { return f.Panels == nil && f.Notes == nil })
}

// pictured is a family's section of pictures, still without pictures. more is added
// to the family's own text about the section.
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

// says is the text of a mark: the exact figure of a row in a unit.
func says(row *table.Row, s summary.Summary) string {
	text := prose.Figure(s.Unit, s.Center)
	if s.Interval {
		text += " " + s.Within()
	}
	return fmt.Sprintf("%s: %s, %s, %s (%.6g, median of %s)", text, row.Contender, keyed(row.Name), s.Unit, s.Center, prose.Count(s.Rounds, "value"))
}

// unplaced adds a note for a value that has no place on a logarithmic axis.
func (f *figure) unplaced(row *table.Row, s summary.Summary) {
	if s.Center <= 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("Not drawn, since a logarithmic axis has no place for it: %s.", says(row, s)))
	}
}

// overview draws every pair's factor on one axis.
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
		d = dot{*factor, factor.Text(), factor.Text()}
		if factor.Interval && factor.States == nil {
			d.says += " " + factor.Within()
		}
		if row.Doubt != "" {
			d.says += ", " + row.Doubt
		}
		d.says += fmt.Sprintf(": %s, %s over %s, %s", row.Contender, row.FullName, row.Ref, prose.Count(factor.Rounds, "round"))
		return d, true
	})
	return f
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

// stack draws memory by depth: user and kernel memory stacked in one bar, reserved
// memory as an outline.
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

// stacked is a row of Stack as bars, with their length. It is nil where the row
// lacks one of the units.
func (f *figure) stacked(row *table.Row) (*chart.Row, float64) {
	arm := armOf(row.Name)
	user, ok1 := row.Stat("user-B/task")
	kernel, ok2 := row.Stat("kernel-B/task")
	both, ok3 := row.Stat(results.Memory)
	if !ok1 || !ok2 || !ok3 {
		return nil, 0
	}
	for _, s := range []summary.Summary{user, kernel} {
		if s.Center < 0 {
			f.Notes = append(f.Notes, "Drawn as nothing, since it is below 0: "+says(row, s)+".")
		}
	}
	u, k := max(0, user.Center), max(0, kernel.Center)
	label := arm.short
	if more := keyed(row.Name, "depth"); more != "" {
		label += ", " + more
	}
	line := &chart.Row{Label: label, Class: arm.look.Class, Value: prose.Figure(both.Unit, both.Center)}
	if reserved, ok := row.Stat("reserved-B/task"); ok {
		line.Bars = append(line.Bars, chart.Bar{Look: arm.look, Part: chart.Outline, To: reserved.Center, Says: says(row, reserved)})
		line.Value += " (" + prose.Figure(reserved.Unit, reserved.Center) + " reserved)"
	}
	line.Bars = append(line.Bars,
		chart.Bar{Look: arm.look, To: u, Says: says(row, user)},
		chart.Bar{Look: arm.look, Part: chart.Half, From: u, To: u + k, Says: says(row, kernel)})
	line.Total = &chart.Point{X: both.Center, XIn: span(both)}
	total := u + k
	if both.Interval {
		total = max(total, both.High)
	}
	return line, total
}

// known says which points of a distribution a results file has.
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
		return dot{stat, prose.Figure(stat.Unit, stat.Center), says(row, stat)}, ok
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
