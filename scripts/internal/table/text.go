package table

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// Text renders the table for a reader, at most 100 columns wide except where a
// single word of the file is wider. Its error is the writer's.
func (t *Table) Text(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, s := range results.Wrong(t.Config) {
		prose.Wrap(b, s, "", "  ")
	}
	prose.Wrap(b, t.Machine(), "", "  ")
	if t.Driver == results.Testing {
		prose.Wrap(b, "The driver was go test: one arm ran after the other, so a factor is a quotient of two medians, unpaired, with no interval; p is the probability of such samples by chance (Mann-Whitney U-test).", "", "  ")
	}
	if t.Truncated {
		prose.Wrap(b, results.Unended, "", "  ")
	}
	prose.Wrap(b, t.Spread(), "", "  ")
	if len(t.Sections) == 0 {
		fmt.Fprintln(b, "\nNothing was measured.")
	}
	for i := range t.Sections {
		fmt.Fprintln(b)
		t.section(b, &t.Sections[i])
	}
	if len(t.Notes) > 0 {
		fmt.Fprintln(b, "\nLeft out, cut or failed")
		for _, n := range t.Left() {
			prose.Wrap(b, n, "  ", "    ")
		}
	}
	if short := t.Short(); len(short) > 0 {
		fmt.Fprintln(b, "\nIn short")
		for _, s := range short {
			prose.Wrap(b, s, "  ", "    ")
		}
	}
	return b.Flush()
}

// headlines are the rows that answer what a goroutine costs against a thread
// of either kind: made with none to reuse, held, and switched between with each
// side's own primitive on one CPU.
var headlines = []string{
	"Create/impl=locked/mode=cold", "Create/impl=clone/mode=cold", "Create/impl=pthread/mode=cold",
	"Stack/impl=locked/depth=0", "Stack/impl=clone/stack=least/depth=0", "Stack/impl=pthread/stack=default/depth=0",
	"Switch/impl=locked/via=channel/place=same", "Switch/impl=clone/via=futex/place=same", "Switch/impl=pthread/via=futex/place=same",
}

// Short is the table in a sentence for each of the headlines that it holds.
func (t *Table) Short() []string {
	var short []string
	for _, name := range headlines {
		for _, s := range t.Sections {
			for _, r := range s.Rows {
				if r.Name.String() == name && r.Words != "" {
					short = append(short, r.Words)
				}
			}
		}
	}
	return short
}

// Machine says what was measured, and on what.
func (t *Table) Machine() string {
	get := func(key string) string {
		for _, s := range t.Config {
			if s.Key == key {
				return s.Value
			}
		}
		return ""
	}
	parts := []string{fmt.Sprintf("threadbench: %s, driver %s", prose.Count(t.Rounds, noun(t.Driver)), t.Driver)}
	if os, arch := get("goos"), get("goarch"); os != "" || arch != "" {
		parts = append(parts, os+"/"+arch)
	}
	for _, p := range []struct{ key, format string }{
		{"kernel", "kernel %s"}, {"go", "%s"}, {"cpus", "cpus %s"}, {"memory", "memory %s"}, {"virt", "virt %s"},
	} {
		if v := get(p.key); v != "" {
			parts = append(parts, fmt.Sprintf(p.format, v))
		}
	}
	return strings.Join(parts, ", ")
}

// noun is what a driver makes many of.
func noun(driver string) string {
	if driver == results.Testing {
		return "run"
	}
	return "round"
}

// Spread says what the instrument is worth, by A/A.
func (t *Table) Spread() string {
	if t.AA == nil {
		return "A/A: no arm of this file was measured twice in the same laps, so this machine's own spread is not known."
	}
	a := t.AA
	return fmt.Sprintf("A/A, a goroutine arm measured twice in the same laps: medians from %.3f× to %.3f× over %s, furthest from 1 in %s. The factor on a goroutine's line is this one, where it was measured.",
		a.Low, a.High, prose.Count(a.N, "arm"), a.Furthest)
}

// Title names the section: "Switch place=same".
func (s *Section) Title() string {
	if s.Fixed == "" {
		return s.Family
	}
	return s.Family + " " + s.Fixed
}

func (t *Table) section(b *bufio.Writer, s *Section) {
	prose.Wrap(b, s.Title()+". "+s.OneOp, "", "  ")

	// Evidence that doesn't fit beside the figures goes below them.
	labels, more := s.labels(), t.evidence(s)
	block := slices.Concat(labels, t.figures(s))
	if all := slices.Concat(block, more); total(all) <= prose.Width {
		block, more = all, nil
	}
	grid(b, block)
	for len(more) > 0 {
		n := 1
		for n < len(more) && total(slices.Concat(labels, more[:n+1])) <= prose.Width {
			n++
		}
		fmt.Fprintln(b)
		grid(b, slices.Concat(labels, more[:n]))
		more = more[n:]
	}
	below := t.Remarks(s)
	for _, r := range s.Rows {
		if r.Words != "" {
			below = append(below, r.Words)
		}
	}
	if len(below) > 0 {
		fmt.Fprintln(b)
	}
	for _, line := range below {
		prose.Wrap(b, line, "  ", "    ")
	}
}

// Columns are the section's table: which case a line is, its figures, and the
// evidence beside them.
func (t *Table) Columns(s *Section) (labels, figures, evidence []Column) {
	return s.labels(), t.figures(s), t.evidence(s)
}

// labels are the columns that say which case a line is.
func (s *Section) labels() []Column {
	who := Column{Head: "contender"}
	for _, r := range s.Rows {
		who.add(r.Contender, math.NaN())
	}
	columns := []Column{who}
	for _, key := range s.Vary {
		c := Column{Head: key}
		for _, r := range s.Rows {
			v := r.Name.Get(key)
			if key == "place" && r.Lottery {
				v += ", lottery"
			}
			number, err := strconv.ParseFloat(r.Name.Get(key), 64)
			if err != nil {
				number = math.NaN()
			}
			c.add(v, number)
		}
		columns = append(columns, c)
	}
	return columns
}

// mixed heads a column of primary figures that aren't all of one kind.
const mixed = "primary\nfigure"

// figures are the columns of the primary figure and, if there is one, the factor.
func (t *Table) figures(s *Section) []Column {
	median, within := Column{Right: true}, Column{Head: "95%\ninterval", Right: true}
	x, last := Column{Head: "against\ngoroutine", Right: true}, Column{Head: "95%\ninterval", Right: true}
	if t.Driver == results.Testing {
		x.Head, last.Head = "unpaired\nfactor", "p"
	}
	for _, r := range s.Rows {
		if len(r.Stats) == 0 {
			for _, c := range []*Column{&median, &within, &x, &last} {
				c.empty()
			}
			continue
		}
		primary := r.Stats[0]
		if h := head(primary.Unit); median.Head == "" || median.Head == h {
			median.Head = h
		} else {
			median.Head = mixed
		}
		median.add(Figure(primary.Unit, primary.Median), primary.Median)
		within.add(primary.Within(), primary.width())
		switch f := r.Factor; {
		case f == nil:
			x.empty()
			last.empty()
		case r.Own() && f.Unit != results.SelfFactor:
			x.add("1×", 1)
			last.add("", math.NaN())
		case f.Paired:
			x.add(Times(f.Median), f.Median)
			last.add(f.Within(), f.width())
		default:
			x.add(Times(f.Median), f.Median)
			last.add(prose.Chance(f.P, 3), f.P)
		}
	}
	if !slices.ContainsFunc(s.Rows, func(r Row) bool { return r.Factor != nil }) {
		return []Column{median, within}
	}
	return []Column{median, within, x, last}
}

// evidence are the columns of what shows that the thing was measured.
func (t *Table) evidence(s *Section) []Column {
	family, _ := catalog.FamilyOf(s.Family)
	units := family.Beside
	if units == nil {
		for _, r := range s.Rows {
			for i, st := range r.Stats {
				if i > 0 && st.Unit != results.SelfFactor && !slices.Contains(units, st.Unit) {
					units = append(units, st.Unit)
				}
			}
		}
	}
	var columns []Column
	for _, u := range units {
		c := Column{Head: head(u), Right: true}
		there := false
		for _, r := range s.Rows {
			st, ok := r.Stat(u)
			if !ok {
				c.empty()
				continue
			}
			there = true
			c.add(Figure(u, st.Median), st.Median)
		}
		if there {
			columns = append(columns, c)
		}
	}
	return columns
}

// Remarks say what a reader has to know of a section's lines.
func (t *Table) Remarks(s *Section) []string {
	var notes, cases []string
	var few, looked []int
	lottery, alone, differ := false, false, false
	unit := ""
	for _, r := range s.Rows {
		if len(r.Stats) == 0 {
			continue
		}
		if unit == "" {
			unit = r.Stats[0].Unit
		}
		differ = differ || r.Stats[0].Unit != unit
		lottery = lottery || r.Lottery
		alone = alone || r.Ref == ""
		p := r.Stats[0]
		if !p.Interval && !slices.Contains(few, p.N) {
			few = append(few, p.N)
		}
		switch {
		case p.N == t.Rounds:
		case slices.Contains(t.Looks, p.N):
			if !slices.Contains(looked, p.N) {
				looked = append(looked, p.N)
			}
		default:
			cases = append(cases, fmt.Sprintf("Benchmark%s: in %d of %s only.", r.FullName, p.N, prose.Count(t.Rounds, noun(t.Driver))))
		}
	}
	slices.Sort(few)
	for _, n := range few {
		notes = append(notes, fmt.Sprintf("%s %s: too few for a 95%% interval (%d needed)", none, prose.Count(n, noun(t.Driver)), Enough()))
	}
	slices.Sort(looked)
	for _, n := range looked {
		notes = append(notes, fmt.Sprintf("The run measured some of these rows in %d of %s only: what they decide was decided then, or given up.", n, prose.Count(t.Rounds, noun(t.Driver))))
	}
	notes = append(notes, cases...)
	if differ {
		notes = append(notes, "The primary figures of these lines are of different kinds.")
	}
	if alone {
		notes = append(notes, "The goroutine arm of these lines is not in this file.")
	}
	if lottery {
		notes = append(notes, "place=free is left to the schedulers: a lottery, which decides nothing.")
	}
	return notes
}

// Left are the notes of what was left out, cut or failed, one line for each kind
// and case.
func (t *Table) Left() []string {
	type group struct {
		first  results.Note
		rounds int
		others bool
	}
	var groups []*group
	at := map[string]*group{}
	for _, n := range t.Notes {
		key := n.Kind + " " + n.FullName
		g := at[key]
		if g == nil {
			g = &group{first: n}
			at[key] = g
			groups = append(groups, g)
		}
		g.others = g.others || n.Reason != g.first.Reason
		g.rounds += n.Rounds
	}
	kinds := map[string]string{"skip": "left out", "cut": "cut", "failed": "failed"}
	var lines []string
	for _, g := range groups {
		line := fmt.Sprintf("%s: Benchmark%s: %s", kinds[g.first.Kind], g.first.FullName, g.first.Reason)
		// Each is told once, with its first reason.
		var more []string
		if g.first.Kind == "failed" {
			more = append(more, fmt.Sprintf("in %d of %s", g.rounds, prose.Count(t.Rounds, noun(t.Driver))))
		}
		if g.others {
			more = append(more, "others differ")
		}
		if more != nil {
			line += " (" + strings.Join(more, "; ") + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

// A Column of a section's table.
type Column struct {
	Head   string    // may have two lines
	Right  bool      // aligned, as figures are
	Cells  []string  // one for each row
	Values []float64 // what the cells say, in the file's units, to sort by; NaN where that is no number
}

func (c *Column) add(cell string, value float64) {
	c.Cells, c.Values = append(c.Cells, cell), append(c.Values, value)
}

// empty adds a cell where there is no figure.
func (c *Column) empty() { c.add(none, math.NaN()) }

func (c Column) lines() (upper, lower string) {
	upper, lower, two := strings.Cut(c.Head, "\n")
	if !two {
		return "", upper
	}
	return upper, lower
}

func (c Column) width() int {
	upper, lower := c.lines()
	w := max(utf8.RuneCountInString(upper), utf8.RuneCountInString(lower))
	for _, s := range c.Cells {
		w = max(w, utf8.RuneCountInString(s))
	}
	return w
}

// total is a grid's width.
func total(columns []Column) int {
	w := 0
	for _, c := range columns {
		w += 2 + c.width()
	}
	return w
}

// grid writes columns side by side, each after two spaces.
func grid(b *bufio.Writer, columns []Column) {
	line := func(cell func(c Column) string) {
		var s strings.Builder
		for _, c := range columns {
			text := cell(c)
			pad := strings.Repeat(" ", c.width()-utf8.RuneCountInString(text))
			if c.Right {
				text = pad + text
			} else {
				text += pad
			}
			s.WriteString("  " + text)
		}
		fmt.Fprintln(b, strings.TrimRight(s.String(), " "))
	}
	if slices.ContainsFunc(columns, func(c Column) bool { return strings.Contains(c.Head, "\n") }) {
		line(func(c Column) string { upper, _ := c.lines(); return upper })
	}
	line(func(c Column) string { _, lower := c.lines(); return lower })
	for i := range columns[0].Cells {
		line(func(c Column) string { return c.Cells[i] })
	}
}
