// Package table computes the paired table of a results file and renders it as
// text, JSON and CSV.
//
// Its stance: the unit of the statistics is a round. Package summary computes the
// figures, and this package puts them in order. Each section shows the A/A of its
// goroutine arm. Doubts stand below the lines that they concern. Nothing is
// subtracted, pooled over cases, or left out without a word.
//
// Of our packages it imports the catalog of names, units and families, and numbers,
// prose, results and summary.
package table

import (
	"cmp"
	"slices"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
)

// A Table is the paired table of a results file.
type Table struct {
	Config    []results.Setting
	Driver    string   // results.Lockstep or results.Testing
	Rounds    int      // complete rounds; with driver testing the most runs of one case
	Looks     []int    // rounds after which the run went on with some of the rows only
	Truncated bool     // a round of the file never ended, and doesn't count
	Warnings  []string // what a reader must know first
	Sections  []Section
	Notes     []results.Note
}

// A Section is a family's rows that refer to one goroutine arm.
type Section struct {
	Family string
	Fixed  string      // the keys that all rows share, "place=same"; "" if none
	Vary   []string    // the keys that tell the rows apart, impl left out
	OneOp  string      // what ONE op is
	AA     *summary.AA // the A/A of the goroutine arm; nil if there is none
	Rows   []Row       // in the order of catalog.Contenders, then of the file
	group  string      // the goroutine arm that the rows refer to
}

// A Row is one case.
type Row struct {
	Name      catalog.Name
	FullName  string            // as in the file
	Contender string            // in words: "raw thread (clone)"
	Ref       string            // the goroutine arm's name, "" if the file doesn't hold it
	Lottery   bool              // the schedulers place the tasks: decides nothing
	Stats     []summary.Summary // the primary figure first, then the file's units in order
	Factor    *summary.Summary  // nil for the goroutine arm itself, without a goroutine arm, or if the family doesn't compare the figure by factors
	Compared  bool              // the family compares the figure by factors
	AA        *summary.AA       // the A/A of the goroutine arm that the row refers to; nil if there is none
	Words     string            // the comparison as a sentence; "" for the goroutine arm itself
	Doubt     string            // what a reader must know who sees only the factor: "no difference seen"; "" if nothing
	Warnings  []summary.Warning // of the primary figure and the factor
}

// New computes the table of a file.
func New(f *results.File) *Table {
	t := &Table{Config: f.Config, Driver: f.Driver, Rounds: f.Rounds, Truncated: f.Truncated, Warnings: f.Warnings(), Notes: f.Notes, Looks: f.Looks()}
	at := map[string]int{} // group → section
	for _, r := range f.Rows {
		row := newRow(f, r)
		// Rows without their goroutine arm form a group with the rows that would
		// have had the same arm.
		group := row.Ref
		if group == "" {
			group = "no arm: " + r.Name.With("impl", "").With("via", "").With("stack", "").String()
		}
		i, ok := at[group]
		if !ok {
			i = len(t.Sections)
			at[group] = i
			t.Sections = append(t.Sections, Section{Family: r.Name.Family, AA: row.AA, group: group})
		}
		t.Sections[i].Rows = append(t.Sections[i].Rows, row)
	}
	for i := range t.Sections {
		t.Sections[i].finish()
	}
	gather(t.Sections)
	return t
}

// gather puts the sections of each family together. Families stand in the order in
// which they first appear.
func gather(sections []Section) {
	families := map[string]int{}
	for i, s := range sections {
		if _, ok := families[s.Family]; !ok {
			families[s.Family] = i
		}
	}
	slices.SortStableFunc(sections, func(a, b Section) int { return cmp.Compare(families[a.Family], families[b.Family]) })
}

// Align gives each table the sections and rows of all the tables, in one order, so
// that the tables can stand side by side. A row that a table lacks has no Stats
// there. A row without its goroutine arm stands in the section of a table that has
// the arm.
func Align(tables []*Table) {
	var all []Section
	stands := map[string]bool{}
	add := func(s Section, r Row) {
		if stands[r.Name.String()] {
			return
		}
		stands[r.Name.String()] = true
		i := slices.IndexFunc(all, func(a Section) bool { return a.group == s.group && a.Family == s.Family })
		if i < 0 {
			i = len(all)
			all = append(all, Section{Family: s.Family, group: s.group})
		}
		all[i].Rows = append(all[i].Rows, Row{Name: r.Name, FullName: r.FullName, Contender: r.Contender, Ref: r.Ref, Lottery: r.Lottery})
	}
	for _, ofArm := range []bool{true, false} {
		for _, t := range tables {
			for _, s := range t.Sections {
				for _, r := range s.Rows {
					if ofArm == (r.Ref != "") {
						add(s, r)
					}
				}
			}
		}
	}
	for i := range all {
		all[i].finish()
	}
	gather(all)
	for _, t := range tables {
		var own []Section
		for _, s := range all {
			s.Rows = slices.Clone(s.Rows)
			for i := range s.Rows {
				if r := t.Row(s.Rows[i].Name.String()); r != nil {
					s.Rows[i], s.AA = *r, r.AA
				}
			}
			own = append(own, s)
		}
		t.Sections = own
	}
}

// Row is the row of a name, nil if there is none.
func (t *Table) Row(name string) *Row {
	for i := range t.Sections {
		for j := range t.Sections[i].Rows {
			if r := &t.Sections[i].Rows[j]; r.Name.String() == name && len(r.Stats) > 0 {
				return r
			}
		}
	}
	return nil
}

// finish orders the section's rows and fills in what describes them.
func (s *Section) finish() {
	slices.SortStableFunc(s.Rows, func(a, b Row) int { return cmp.Compare(order(a.Name), order(b.Name)) })
	s.tell()
}

// tell fills in which keys the rows share, which keys differ, and what ONE op is.
func (s *Section) tell() {
	var fixed []string
	first := s.Rows[0].Name
	for _, key := range catalog.Keys {
		v := first.Get(key)
		switch {
		case key == "impl":
		case slices.ContainsFunc(s.Rows, func(r Row) bool { return r.Name.Get(key) != v }):
			s.Vary = append(s.Vary, key)
		case v != "":
			fixed = append(fixed, key+"="+v)
		}
	}
	s.Fixed = strings.Join(fixed, " ")
	s.OneOp = oneOp(first)
}

// Family joins a family's sections into one, nil if there are none. The rows stay in
// order. OneOp is that of the first section.
func (t *Table) Family(name string) *Section {
	all := &Section{Family: name}
	for _, s := range t.Sections {
		if s.Family == name {
			all.Rows = append(all.Rows, s.Rows...)
		}
	}
	if len(all.Rows) == 0 {
		return nil
	}
	all.tell()
	return all
}

// order is a contender's place in every table. Unknown contenders come last.
func order(n catalog.Name) int {
	if i := n.Contender(); i >= 0 {
		return i
	}
	return len(catalog.Contenders)
}

func newRow(f *results.File, r *results.Row) Row {
	row := Row{Name: r.Name, FullName: r.FullName, Contender: contender(r.Name), Lottery: r.Name.Get("place") == "free"}
	row.Compared, row.AA = compared(r), summary.Of(f, r)
	row.Stats = append(row.Stats, summary.Primary(f, r))
	for _, u := range r.Units() {
		if u != row.Stats[0].Unit && u != results.PairedFactor && u != results.SelfFactor {
			row.Stats = append(row.Stats, summary.Median(u, r.Values(u)))
		}
	}
	row.Warnings = append(summary.Row(f, r), row.Stats[0].Warnings...)
	ref := f.Ref(r)
	if ref != nil {
		row.Ref = ref.Name.String()
	}
	if e := summary.Factor(f, r); e != nil && row.Compared && ref != r {
		row.Factor = &e.Summary
		row.Warnings = append(row.Warnings, e.Warnings...)
	}
	row.Words, row.Doubt = words(row, ref), doubt(row)
	return row
}

// compared reports whether a row has the figure that decides it, and its family
// compares that figure by factors. Rows of an unknown family are always compared.
func compared(r *results.Row) bool {
	f, known := catalog.FamilyOf(r.Name.Family)
	return !known || r.Decided() && f.Compared(r.Name.Get("mode"))
}

// Stat is the row's summary in a unit.
func (r *Row) Stat(unit string) (summary.Summary, bool) {
	for _, s := range r.Stats {
		if s.Unit == unit {
			return s, true
		}
	}
	return summary.Summary{}, false
}

// Own reports whether the row is the goroutine arm that its section refers to.
func (r *Row) Own() bool { return r.Ref == r.Name.String() }
