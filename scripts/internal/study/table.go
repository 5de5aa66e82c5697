package study

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/chart"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/prose"
)

// much is how far a row has to have moved for the table to name it.
const much = 0.03

// A grid is the cells of a study's comparisons, by row and column.
type grid struct {
	columns []string
	rows    []string // full names
	cells   map[string]map[string]cell
}

// make writes the study's table and draws its picture.
func (s study) make(table io.Writer, folder string) (drawing, error) {
	if s.split != nil {
		return s.makeSplit(table, folder)
	}
	reports, lacking, err := s.read(folder)
	if err != nil {
		return drawing{}, err
	}
	g := &grid{cells: map[string]map[string]cell{}}
	var notes []string
	for _, r := range reports {
		have, err := r.cells()
		if err != nil {
			return drawing{}, err
		}
		g.add(r.part, have)
		for _, m := range r.Remarks {
			if m.Level != verdict.Notice {
				notes = append(notes, fmt.Sprintf("The gate on %s: %s.", r.part.name, prose.Markdown(strings.TrimRight(m.Text, "."))))
			}
		}
		for _, why := range r.without(have) {
			notes = append(notes, fmt.Sprintf("No figure in %s of %s.", r.part.name, prose.Markdown(why)))
		}
	}
	for _, p := range lacking {
		notes = append(notes, fmt.Sprintf("Not measured: %s.", p.name))
	}
	fmt.Fprintf(table, "![%s](%s)\n\n", s.title, s.picture())
	g.write(table)
	text := g.findings()
	if u := g.units(); u != "" {
		text = append(text, u)
	}
	for _, text := range append(text, sure(reports), machine(reports)) {
		fmt.Fprintln(table)
		prose.Wrap(table, text, "", "")
	}
	if notes != nil {
		fmt.Fprintln(table)
	}
	for _, n := range notes {
		prose.Wrap(table, n, "- ", "  ")
	}
	return g.draw(), nil
}

// add adds the cells of a comparison, in the order of the study's rows.
func (g *grid) add(p part, have []cell) {
	if !slices.Contains(g.columns, p.column) {
		g.columns = append(g.columns, p.column)
	}
	for _, name := range p.rows {
		for _, c := range have {
			if c.name.String() != name {
				continue
			}
			if g.cells[name] == nil {
				g.rows, g.cells[name] = append(g.rows, name), map[string]cell{}
			}
			g.cells[name][p.column] = c
		}
	}
}

// each calls do for each cell, row by row.
func (g *grid) each(do func(name, column string, c cell)) {
	for _, name := range g.rows {
		for _, column := range g.columns {
			if c, ok := g.cells[name][column]; ok {
				do(name, column, c)
			}
		}
	}
}

// usual is the unit of a row that names none.
const usual = "ns/op"

// write writes the table in Markdown. The figure before is that of the first
// column which has the row.
func (g *grid) write(w io.Writer) {
	head, rule := "| row | benchmark | before |", "|---|---|--:|"
	for _, c := range g.columns {
		head, rule = head+" "+prose.Markdown(c)+" |", rule+"--:|"
	}
	fmt.Fprintf(w, "%s\n%s\n", head, rule)
	for _, name := range g.rows {
		n, _ := catalog.ParseName(name) // a cell's name has been parsed
		fmt.Fprintf(w, "| %s | `%s` |", prose.Markdown(words(n)), name)
		before, factors := "", ""
		for _, column := range g.columns {
			c, ok := g.cells[name][column]
			if !ok {
				factors += " – |"
				continue
			}
			if before == "" {
				before = prose.Markdown(prose.Figure(c.unit, c.base))
				if c.unit != usual {
					before += " `" + c.unit + "`"
				}
			}
			factors += " " + c.text() + " |"
		}
		fmt.Fprintf(w, " %s |%s\n", before, factors)
	}
}

// text is the cell in Markdown, in bold if it is proven.
func (c cell) text() string {
	mark := ""
	if c.proven() {
		mark = "**"
	}
	return mark + prose.Markdown(prose.Digits(c.ratio)+" "+prose.TimesInterval(c.low, c.high)) + mark
}

// words are the row in words: who, and what one op is.
func words(n catalog.Name) string {
	who := cmp.Or(n.Get("impl"), n.Family)
	if i := n.Contender(); i >= 0 {
		who = catalog.Contenders[i].Short
	}
	op := n.Family
	if f, ok := catalog.FamilyOf(n.Family); ok {
		op, _, _ = strings.Cut(f.OneOp(n.Get("mode")), ";")
		op, _, _ = strings.Cut(op, ". ")
	}
	text := who + ": " + op
	for _, key := range catalog.Keys {
		if key != "n" { // its words are those of many callers
			text += n.Phrase(key)
		}
	}
	return text
}

// findings say which rows moved, and which may have.
func (g *grid) findings() []string {
	all, proven := 0, 0
	var far, open, doubted []string
	fewest, most := 0, 0
	g.each(func(name, column string, c cell) {
		all++
		if fewest == 0 || c.rounds < fewest {
			fewest = c.rounds
		}
		most = max(most, c.rounds)
		at := "`" + name + "`"
		if len(g.columns) > 1 {
			at += " in " + prose.Markdown(column)
		}
		if c.proven() {
			proven++
		}
		if c.beyond(much) {
			far = append(far, at)
		}
		if c.doubt != "" {
			doubted = append(doubted, at+" ("+prose.Markdown(c.doubt)+")")
		} else if c.undecided() {
			open = append(open, at)
		}
	})
	rounds := fmt.Sprint(most)
	if fewest < most {
		rounds = fmt.Sprintf("%d to %d", fewest, most)
	}
	text := fmt.Sprintf("A figure is the factor after over before, with its interval: below 1 it got less. **Bold** is proven: the interval excludes 1. Each is of %s rounds. Proven: %d of %d. Of these, %d by more than %s at the nearer end of the interval.",
		rounds, proven, all, len(far), prose.Percent(much))
	if open == nil {
		text += fmt.Sprintf(" Undecided: none. Every other interval lies within %s of 1.", prose.Percent(near))
	} else {
		text += fmt.Sprintf(" Undecided: %d of %d, whose intervals contain 1 and reach beyond %s.", len(open), all, prose.Percent(near))
	}
	if doubted == nil {
		return []string{text}
	}
	return []string{text, "In doubt, and never bold: " + strings.Join(doubted, "; ") + "."}
}

// units says what the units are that the table names, "" for none.
func (g *grid) units() string {
	var all []string
	for _, u := range catalog.Units {
		used := false
		g.each(func(_, _ string, c cell) { used = used || c.unit == u.Name })
		if used && u.Name != usual {
			what, _, _ := strings.Cut(u.What, ",")
			all = append(all, fmt.Sprintf("`%s` is %s", u.Name, what))
		}
	}
	if all == nil {
		return ""
	}
	return "Figures before are " + usual + " where no unit stands: " + strings.Join(all, "; ") + "."
}

// sure says how sure the intervals are.
func sure(reports []*report) string {
	alpha := 0.0
	for _, r := range reports {
		alpha = max(alpha, r.Alpha)
	}
	return fmt.Sprintf("How sure: the gate shares a level of %s over the rows and looks of a comparison, on each side of the intervals. So all intervals of a comparison hold at once with a probability of at least %s.",
		prose.Percent(alpha), prose.Percent(1-2*alpha))
}

// machine says where the comparisons were measured, for how long, and which
// share of the CPU time the host gave to others meanwhile.
func machine(reports []*report) string {
	took := map[string][]string{}
	var places []string
	for _, r := range reports {
		busy := ""
		if s := r.Disturbance.Steal; s != nil {
			busy = fmt.Sprintf(" (%s stolen)", prose.Percent(*s))
		}
		at := place(func(key string) string { return r.config[key] })
		if took[at] == nil {
			places = append(places, at)
		}
		took[at] = append(took[at], fmt.Sprintf("%s %s%s", r.part.name, about(r.took()), busy))
	}
	for i, at := range places {
		places[i] = fmt.Sprintf("Measured on %s, with the CPU time that the host stole: %s.", at, strings.Join(took[at], ", "))
	}
	return strings.Join(places, " ")
}

// place is a machine's configuration in a few words.
func place(get func(string) string) string {
	return prose.Markdown(fmt.Sprintf("%s, %s CPUs, %s/%s, kernel %s, %s, mitigations %s", get("cpu"), get("cpus"), get("goos"), get("goarch"), get("kernel"), get("virt"), get("mitigations")))
}

// about is a time in minutes.
func about(d time.Duration) string { return fmt.Sprintf("%d min", int(d/time.Minute)) }

// draw draws a chart for each column. Proven cells have a colour, the others
// none.
func (g *grid) draw() drawing {
	keys := []chart.Key{{Look: chart.Look{Class: "locked"}, Label: "proven"}, {Look: chart.Look{Class: "plain", Marker: chart.Diamond}, Label: "not proven"}}
	d := drawing{width: 800,
		about: "The factor of each row with its interval, one chart for each setting. Where the interval excludes 1 the row has a colour. Left of 1 it got less."}
	for _, column := range g.columns {
		rows := chart.Rows{Title: column, About: d.about, Keys: keys,
			X:     chart.Axis{Label: "factor, after over before", Log: true, Format: prose.Digits},
			Rules: []chart.Rule{{At: 1, Label: "no change"}}}
		family := ""
		for _, name := range g.rows {
			c, ok := g.cells[name][column]
			if !ok {
				continue
			}
			row := chart.Row{Label: short(c.name)}
			if c.name.Family != family {
				family = c.name.Family
				row.Head = family
			}
			key := 1
			if c.proven() {
				key = 0
			}
			interval := prose.TimesInterval(c.low, c.high)
			point := chart.Point{X: c.ratio, Says: fmt.Sprintf("%s: %s %s", name, prose.Digits(c.ratio), interval)}
			if c.low > 0 && c.high < 1e6 {
				point.XIn = chart.Span{Low: c.low, High: c.high, There: true}
			}
			row.Cells = []chart.Cell{{Key: key, Point: point, Value: prose.Digits(c.ratio)}}
			rows.Rows = append(rows.Rows, row)
		}
		d.charts = append(d.charts, rows)
	}
	return d
}

// short is the row below its family's heading.
func short(n catalog.Name) string {
	var b bytes.Buffer
	b.WriteString(cmp.Or(n.Get("impl"), n.Family))
	if i := n.Contender(); i >= 0 {
		b.Reset()
		b.WriteString(catalog.Contenders[i].Short)
	}
	for _, key := range catalog.Keys {
		switch v := n.Get(key); {
		case v == "" || key == "impl":
		case slices.Contains([]string{"n", "depth", "stages", "procs", "work"}, key):
			fmt.Fprintf(&b, ", %s=%s", key, v)
		default:
			b.WriteString(", " + v)
		}
	}
	return b.String()
}
