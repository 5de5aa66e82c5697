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
	"threadbench/scripts/internal/summary"
)

// Text renders the table for a reader. It is at most 100 columns wide, unless a
// single word of the file is wider. Its error is the writer's.
func (t *Table) Text(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, s := range t.Warnings {
		prose.Wrap(b, s, "", "  ")
	}
	prose.Wrap(b, t.Machine(), "", "  ")
	prose.Wrap(b, About(t.Driver), "", "  ")
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
	return b.Flush()
}

// setting is the value of a key of the configuration, "" if there is none.
func (t *Table) setting(key string) string {
	for _, s := range t.Config {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// Machine says what was measured, and on what.
func (t *Table) Machine() string {
	return t.machine(", driver "+t.Driver, "kernel", "go", "cpus", "memory", "virt")
}

// machine is Machine with the text behind after the rounds, and with these keys of
// the configuration.
func (t *Table) machine(behind string, keys ...string) string {
	rounds := prose.Count(t.Rounds, summary.Noun(t.Driver))
	if t.Looks != nil {
		rounds = "up to " + rounds + ", less of what was decided before"
	}
	parts := []string{"threadbench: " + rounds + behind}
	if os, arch := t.setting("goos"), t.setting("goarch"); os != "" || arch != "" {
		parts = append(parts, os+"/"+arch)
	}
	for _, key := range keys {
		v := t.setting(key)
		switch {
		case v == "":
		case key == "go":
			parts = append(parts, v)
		default:
			parts = append(parts, key+" "+v)
		}
	}
	return strings.Join(parts, ", ")
}

// About explains the figures in the files of a driver.
func About(driver string) string {
	if driver == results.Testing {
		return "The driver was go test: one arm ran after the other. A factor is the shift between two sets of runs, unpaired, by Hodges and Lehmann on logarithms, with the 95% rank-sum interval. Nothing here shows what the instrument is worth: there is no A/A (" + AAIs + ")."
	}
	return "A time is the median over rounds. A factor is the Hodges-Lehmann estimate of the rounds' paired factors, on logarithms. A/A is " + AAIs + ". A factor's 95% signed-rank interval is widened on both sides by the far end of the A/A's, where there is one. Each interval is 95% by itself."
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
	below := append(t.SelfRatios(s.Family, s.group), t.Remarks(s)...)
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

// mixed heads a column whose primary figures differ in kind.
const mixed = "primary\nfigure"

// figures are the columns of the primary figure and, if there is one, the factor.
func (t *Table) figures(s *Section) []Column {
	median, within := Column{Right: true}, Column{Head: "95%\ninterval", Right: true}
	x, last := Column{Head: "against\ngoroutine", Right: true}, Column{Head: "95%\ninterval", Right: true}
	if t.Driver == results.Testing {
		x.Head = "unpaired\nfactor"
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
		median.add(primary.Figure(primary.Center), primary.Center)
		within.add(primary.Within(), width(primary))
		switch f := r.Factor; {
		case f != nil:
			x.add(f.Text(), f.Center)
			last.add(f.Within(), width(*f))
		case r.Own() && r.Compared:
			x.add("1×", 1)
			last.add("", math.NaN())
		default:
			x.empty()
			last.empty()
		}
	}
	columns := []Column{median, within}
	if slices.ContainsFunc(s.Rows, func(r Row) bool { return r.Factor != nil }) {
		columns = append(columns, x, last)
	}
	marks, _ := s.doubts()
	doubt := Column{Head: "doubt"}
	for _, m := range marks {
		doubt.add(m, math.NaN())
	}
	if strings.Join(marks, "") != "" {
		columns = append(columns, doubt)
	}
	return columns
}

// width is the width of a summary's interval, NaN where there is none.
func width(s summary.Summary) float64 {
	if !s.Interval {
		return math.NaN()
	}
	return s.High - s.Low
}

// doubts returns a mark for each of the section's rows, and lines that explain the
// marks. A warning of all rows has a line without a mark.
func (s *Section) doubts() (marks, lines []string) {
	rows := 0
	of := map[string]map[int]bool{} // warning → indexes of its rows
	var order []string
	for i, r := range s.Rows {
		if len(r.Stats) > 0 {
			rows++
		}
		for _, w := range r.Warnings {
			if w.Kind == summary.Excludes || w.Kind == summary.NoAA {
				continue // the section has the A/A's warnings
			}
			if of[w.Says] == nil {
				of[w.Says] = map[int]bool{}
				order = append(order, w.Says)
			}
			of[w.Says][i] = true
		}
	}
	marks = make([]string, len(s.Rows))
	marked := 0
	for _, says := range order {
		if len(of[says]) == rows {
			lines = append(lines, says+".")
			continue
		}
		mark := string(rune('a' + marked%26))
		if marked >= 26 {
			mark = string(rune('a'+marked/26-1)) + mark
		}
		marked++
		lines = append(lines, mark+": "+says+".")
		for i := range of[says] {
			marks[i] = strings.TrimSpace(marks[i] + " " + mark)
		}
	}
	return marks, lines
}

// SelfRatios are the A/A lines of a family's goroutine arms: of one group, or with ""
// of all groups. If all lines are equal there is one.
func (t *Table) SelfRatios(family, group string) []string {
	var titled, plain []string
	if t.Driver == results.Testing {
		return nil // About says that such a file has no A/A
	}
	for _, s := range t.Sections {
		measured := func(r Row) bool { return r.Factor != nil || r.AA != nil }
		if s.Family != family || group != "" && s.group != group || !slices.ContainsFunc(s.Rows, measured) {
			continue
		}
		titled, plain = append(titled, s.Title()+". "+s.AA.String()), append(plain, s.AA.String())
	}
	if once := slices.Compact(slices.Clone(plain)); len(once) <= 1 {
		return once
	}
	return titled
}

// evidence are the columns of counts that prove what was measured.
func (t *Table) evidence(s *Section) []Column {
	family, _ := catalog.FamilyOf(s.Family)
	units := family.Beside
	if units == nil {
		for _, r := range s.Rows {
			for i, st := range r.Stats {
				if i > 0 && !slices.Contains(units, st.Unit) {
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
			c.add(st.Figure(st.Center), st.Center)
		}
		if there {
			columns = append(columns, c)
		}
	}
	return columns
}

// Remarks are the lines below a section's table that a reader needs to read it.
func (t *Table) Remarks(s *Section) []string {
	_, notes := s.doubts()
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
	}
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

// Left are the notes on rows that were skipped, cut or failed: one line for each
// kind and case.
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
		// Each note stands there once, with its first reason.
		var more []string
		if g.first.Kind == "failed" {
			more = append(more, fmt.Sprintf("in %d of %s", g.rounds, prose.Count(t.Rounds, summary.Noun(t.Driver))))
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

// A Column is a column of a section's table.
type Column struct {
	Head   string    // may have two lines
	Right  bool      // aligned, as figures are
	Cells  []string  // one for each row
	Values []float64 // the cells' values in the file's units, to sort by; NaN where a cell is no number
}

func (c *Column) add(cell string, value float64) {
	c.Cells, c.Values = append(c.Cells, cell), append(c.Values, value)
}

// empty adds a cell without a figure.
func (c *Column) empty() { c.add(summary.None, math.NaN()) }

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
