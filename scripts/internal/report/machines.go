package report

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/chart"
	"threadbench/scripts/internal/claims"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
	"threadbench/scripts/internal/table"
)

// beside is the greatest number of files that stand side by side, each with its
// pictures. A report of more files shows what their machines have in common, and
// names the command that shows a single file.
const beside = 3

// many is a report of more files than stand side by side. Each machine gives one
// figure to a row. The median of these figures stands for all machines, with the
// least and the greatest in place of an interval.
type many struct{ files []source }

// gather returns one source that stands for all files, and the files themselves.
// Files with wrong figures (results.Wrong) give it no rows. The files' tables must be
// aligned.
func gather(files []source) (source, *many) {
	var counts []*results.File
	of := map[*results.File]source{}
	for _, s := range files {
		if results.Wrong(s.file.Config) == nil {
			counts = append(counts, s.file)
		}
		of[s.file] = s
	}
	machines := results.Machines(counts)
	name := prose.Count(len(machines), "machine")
	one := source{label: name, file: &results.File{Name: name}, table: &table.Table{}, rows: map[string]*table.Row{}}
	for _, section := range files[0].table.Sections {
		section.Rows = slices.Clone(section.Rows)
		for i := range section.Rows {
			row := &section.Rows[i]
			if all := rowsOf(row.Name.String(), machines, of); len(all) > 0 {
				*row = table.Over(all)
				one.rows[row.Name.String()] = row
			}
		}
		one.table.Sections = append(one.table.Sections, section)
	}
	return one, &many{files}
}

// rowsOf returns the row of this name once for each machine that has it. Of a
// machine's files the one with the most rounds of the row counts, and of several
// such files the latest.
func rowsOf(name string, machines [][]*results.File, of map[*results.File]source) []*table.Row {
	var all []*table.Row
	for _, files := range machines {
		var best *results.File
		rounds := 0
		for _, f := range files {
			row := of[f].rows[name]
			if row == nil {
				continue
			}
			if n := row.Stats[0].Rounds; n > rounds || n == rounds && f.Day() > best.Day() {
				best, rounds = f, n
			}
		}
		if best != nil {
			all = append(all, of[best].rows[name])
		}
	}
	return all
}

// from is the range over machines: "10.2× to 19.5×".
func from(s summary.Summary) string {
	if s.Rounds == 1 {
		return s.Figure(s.Center)
	}
	return s.Figure(s.Low) + " to " + s.Figure(s.High)
}

// gathered fills in the content that a report of many files has in place of files
// side by side.
func (r *Report) gathered(c *content) {
	one := r.sources[0]
	c.Gathered = true
	c.Families, c.Settings = r.manyTables(), r.many.settings()
	c.Places = []place{{Label: one.label, Caveats: r.many.caveats()}}
	c.Sources = []sourceText{{Label: one.label, Machine: strings.TrimSuffix(r.summary.About()[0], ".")}}
	c.Method = append([]string{
		"Of each machine a row has one figure and one factor, those of its rounds. Of these figures the page has the median, the least and the greatest. It has no interval of them, since the machines are those given and no sample of others. Of several files of one machine the one with the most rounds of a row counts, and of those the latest.",
	}, c.Method...)
}

// A sheet is a table of words. Its first row is the heading.
type sheet struct {
	Title, About string
	Rows         [][]string
}

// sums are the tables of the summary of several files. With many files, a table of
// each machine's verdicts follows.
func (r *Report) sums() []sheet {
	if r.summary == nil {
		return nil
	}
	var all []sheet
	for i, g := range r.summary.Grids() {
		about := ""
		if i == 0 {
			about = strings.Join(r.summary.About(), " ")
		}
		all = append(all, sheet{Title: g.Title, About: about, Rows: g.Rows})
	}
	if r.many == nil {
		return all
	}
	each := sheet{
		Title: "Each machine",
		About: "A file alone has more: go run ./scripts/claims FILE prints its ledger with every condition, interval and reason; go run ./scripts/report FILE makes its page with the pictures.",
		Rows:  [][]string{append([]string{"file", "machine"}, claims.Verdicts...)},
	}
	for _, m := range r.summary.Machines {
		var names []string
		for _, file := range m.Files {
			names = append(names, filepath.Base(file))
		}
		row := []string{strings.Join(names, ", "), m.About}
		for _, verdict := range claims.Verdicts {
			var those []string
			for _, e := range m.Entries {
				if e.Verdict != verdict {
					continue
				}
				text := e.ID
				if d := e.Decided(); d.There {
					text += " " + d.Measured()
				}
				those = append(those, text)
			}
			row = append(row, strings.Join(those, "; "))
		}
		each.Rows = append(each.Rows, row)
	}
	return append(all, each)
}

// manyOverview draws every pair's factor over machines on one axis.
func (r *Report) manyOverview() figure {
	f := figure{ID: "overview", Title: "Every pair on one axis", Short: "Overview", Wide: true, About: []string{
		"Each line is a pair: the thread's figure over the goroutine arm's, on a logarithmic axis, as the median over machines. Bars reach from the least to the greatest machine: one that holds 1× shows that machines disagree.",
		"Curves, stacks and distributions are of one machine: go run ./scripts/report FILE draws them.",
	}}
	axis := chart.Axis{Label: "times the goroutine arm's figure", Log: true, Format: times}
	r.dots(&f, "factor against the goroutine arm", axis, []chart.Rule{{At: 1, Label: "goroutine"}}, r.threads(), func(row *table.Row) (d dot, ok bool) {
		factor := row.Factor
		if factor == nil {
			return d, false
		}
		says := fmt.Sprintf("%s (%s on %s): %s, %s", factor.Text(), from(*factor), prose.Count(factor.Rounds, "machine"), row.Contender, row.FullName)
		if row.Doubt != "" {
			says += ", " + row.Doubt
		}
		return dot{*factor, factor.Text(), says}, true
	})
	return f
}

// manyTables are the families' tables. Each row has the machines' median, least and
// greatest figure.
func (r *Report) manyTables() []family {
	var all []family
	for _, name := range r.families() {
		f := r.family(name)
		t := r.sources[0].table
		section := t.Family(name)
		columns, _, _ := t.Columns(section)
		g := grid{ID: "table-" + strings.ToLower(identifier(name)), Caption: section.Title()}
		for _, c := range columns {
			g.Head = append(g.Head, cell{Text: c.Head, Right: c.Right})
		}
		for _, head := range []string{"figure", "from the least to the greatest", "against goroutine", "from the least to the greatest", "machines"} {
			g.Head = append(g.Head, cell{Text: head, Right: true})
		}
		for j, row := range section.Rows {
			l := line{First: j == 0 || row.Ref != section.Rows[j-1].Ref}
			for k, c := range columns {
				of := cell{Text: c.Cells[j], Value: exact(c.Values[j]), Right: c.Right}
				if k == 0 {
					of.Class = armOf(row.Name).look.Class
				}
				l.Cells = append(l.Cells, of)
			}
			g.Rows = append(g.Rows, line{append(l.Cells, ranges(&row)...), l.First})
		}
		g.Remarks = r.many.gather(func(s source) []string { return s.table.SelfRatios(name, "") })
		for _, row := range section.Rows {
			for _, w := range row.Warnings {
				g.Remarks = append(g.Remarks, fmt.Sprintf("Benchmark%s: %s.", row.FullName, w.Says))
			}
		}
		f.Grid = g
		all = append(all, f)
	}
	return all
}

// ranges are the cells of a row's figure and factor over machines.
func ranges(row *table.Row) []cell {
	cells := make([]cell, 5)
	for i := range cells {
		cells[i].Right = true
	}
	if len(row.Stats) == 0 {
		return cells
	}
	put := func(at int, s summary.Summary) {
		cells[at].Text, cells[at].Value = s.Figure(s.Center), exact(s.Center)
		cells[at+1].Text, cells[at+1].Value = from(s), exact(s.High-s.Low)
	}
	put(0, row.Stats[0])
	if row.Factor != nil {
		put(2, *row.Factor)
	}
	machines := fmt.Sprint(row.Stats[0].Rounds)
	cells[4].Text, cells[4].Value = machines, machines
	return cells
}

// gather returns the files' texts. A text that several files share stands there once.
func (m *many) gather(of func(source) []string) []string {
	var all []claims.Said
	for _, s := range m.files {
		for _, text := range of(s) {
			all = append(all, claims.Said{File: s.label, Text: text})
		}
	}
	return claims.Gather(all)
}

// caveats are the files' caveats, and the rows that were skipped, cut or failed.
func (m *many) caveats() []string {
	lacks := func(s source) []string {
		var all []string
		for _, n := range s.file.Notes {
			if text := n.Kind + ": Benchmark" + n.FullName; !slices.Contains(all, text) {
				all = append(all, text)
			}
		}
		return all
	}
	all := m.gather(func(s source) []string { return s.caveats() })
	left := map[string]int{}
	var order []string
	for _, s := range m.files {
		for _, text := range lacks(s) {
			if left[text]++; left[text] == 1 {
				order = append(order, text)
			}
		}
	}
	for _, text := range order {
		all = append(all, fmt.Sprintf("%s (%s)", text, prose.Count(left[text], "file")))
	}
	return all
}

// settings are the keys of the configuration. Each has its values, and the number of
// files with each value.
func (m *many) settings() []setting {
	var all []setting
	for _, s := range m.files {
		for _, c := range s.file.Config {
			if slices.ContainsFunc(all, func(have setting) bool { return have.Key == c.Key }) {
				continue
			}
			files := map[string]int{}
			var values []string
			for _, other := range m.files {
				v := other.file.Get(c.Key)
				if files[v]++; files[v] == 1 {
					values = append(values, v)
				}
			}
			slices.SortStableFunc(values, func(a, b string) int { return files[b] - files[a] })
			for i, v := range values {
				if v == "" {
					v = "not there"
				}
				if len(values) > 1 {
					v += fmt.Sprintf(" (%d)", files[values[i]])
				}
				values[i] = v
			}
			all = append(all, setting{Key: c.Key, Values: []string{strings.Join(values, ", ")}})
		}
	}
	return all
}

// threads are the names of the rows for the overview: no goroutines, no floors, and not
// mode=stamped.
func (r *Report) threads() []catalog.Name {
	var names []catalog.Name
	for _, section := range r.sources[0].table.Sections {
		for _, row := range section.Rows {
			if impl := row.Name.Get("impl"); impl != "goroutine" && impl != "floor" && row.Name.Get("mode") != "stamped" && !row.Own() {
				names = append(names, row.Name)
			}
		}
	}
	return names
}
