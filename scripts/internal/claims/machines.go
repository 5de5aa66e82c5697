package claims

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// A Summary is the verdicts of several machines on the statements. Its unit is
// the machine: files of one machine count once (results.Machines).
type Summary struct {
	Machines []Machine
	Splits   []results.Split // by what the machines differ in
	Left     []string        // files that don't count, and why
	Warnings []string        // of the files that count, gathered
}

// A Machine is a host with its CPU, kernel and Go, and its verdicts.
type Machine struct {
	Label string   // its first file's name
	About string   // "vm, AMD-EPYC, 6.18.44, go1.26.8"
	Files []string // their paths
	// Entries are the verdicts. If a machine has several files, one of them
	// decides each statement: a file that has the whole of the statement comes
	// before one in smaller numbers, then the file with the most rounds of it,
	// then the latest. No figure has a part in this choice. If one of these
	// files says that the statement holds and another that it fails, the
	// machine is inconclusive.
	Entries []Entry

	file *results.File // the first one, which describes the machine
}

// Sum sums files up, each with its ledger. A file with wrong figures
// (results.Wrong) doesn't count.
func Sum(files []*results.File, ledgers []Ledger) *Summary {
	s := &Summary{}
	of := map[*results.File]Ledger{}
	var count []*results.File
	var warned []Said
	for i, f := range files {
		of[f] = ledgers[i]
		if wrong := results.Wrong(f.Config); wrong != nil {
			s.Left = append(s.Left, f.Name+": "+strings.Join(wrong, " "))
			continue
		}
		count = append(count, f)
		for _, w := range ledgers[i].Warnings {
			warned = append(warned, Said{f.Name, w})
		}
	}
	s.Warnings = Gather(warned)
	label := labels(count)
	var machines []*results.File
	for _, own := range results.Machines(count) {
		m := Machine{Label: label[own[0]], About: about(own[0]), file: own[0]}
		machines = append(machines, own[0])
		for _, f := range own {
			m.Files = append(m.Files, f.Name)
		}
		for i := range of[own[0]].Entries {
			m.Entries = append(m.Entries, agreed(own, of, i))
		}
		s.Machines = append(s.Machines, m)
	}
	s.Splits = results.Splits(machines)
	return s
}

// Said is a remark on a file.
type Said struct{ File, Text string }

// Gather merges remarks that are alike except for the numbers in them, and says
// of how many files each is.
func Gather(all []Said) []string {
	wordsOf := func(text string) string {
		return strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' || r == '.' {
				return -1
			}
			return r
		}, text)
	}
	type group struct {
		first Said
		files int
		alike bool
	}
	var groups []*group
	at := map[string]*group{}
	for _, s := range all {
		g := at[wordsOf(s.Text)]
		if g == nil {
			g = &group{first: s, alike: true}
			groups = append(groups, g)
			at[wordsOf(s.Text)] = g
		}
		g.files++
		g.alike = g.alike && s.Text == g.first.Text
	}
	var lines []string
	for _, g := range groups {
		who := g.first.File
		switch {
		case g.files > 1 && g.alike:
			who = prose.Count(g.files, "file")
		case g.files > 1:
			who = fmt.Sprintf("%s, such as %s", prose.Count(g.files, "file"), g.first.File)
		}
		lines = append(lines, who+": "+g.first.Text)
	}
	return lines
}

// labels are the files' names, without their folders if that tells them apart.
func labels(files []*results.File) map[*results.File]string {
	times := map[string]int{}
	for _, f := range files {
		times[filepath.Base(f.Name)]++
	}
	all := map[*results.File]string{}
	for _, f := range files {
		all[f] = f.Name
		if base := filepath.Base(f.Name); times[base] == 1 {
			all[f] = base
		}
	}
	return all
}

// about is the host and what identifies its CPU, kernel and Go.
func about(f *results.File) string {
	words := []string{f.Host()}
	for _, a := range results.Aspects {
		words = append(words, f.Get(a.Keys[0]))
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), ", ")
}

// agreed is the verdict of a machine's files on statement i.
func agreed(files []*results.File, of map[*results.File]Ledger, i int) Entry {
	rounds := func(f *results.File) int {
		least := math.MaxInt
		for _, n := range of[f].Entries[i].Needs {
			least = min(least, n.Rounds) // 0 if the file lacks it
		}
		if looks := f.Looks(); looks != nil {
			least = min(least, looks[0]) // the number of rounds after the first look depends on the figures
		}
		return least
	}
	whole := func(f *results.File) int {
		if of[f].Entries[i].Smaller {
			return 0
		}
		return min(1, rounds(f))
	}
	best := slices.MaxFunc(files, func(f, g *results.File) int {
		return cmp.Or(whole(f)-whole(g), rounds(f)-rounds(g), strings.Compare(f.Day(), g.Day()))
	})
	e := of[best].Entries[i]
	says := func(verdict string) int {
		return slices.IndexFunc(files, func(f *results.File) bool {
			other := of[f].Entries[i]
			return other.Verdict == verdict && other.Smaller == e.Smaller
		})
	}
	if h, f := says(Holds), says(Fails); h >= 0 && f >= 0 {
		e.Verdict = Inconclusive
		e.Reason = fmt.Sprintf("its files contradict each other: the statement holds in %s and fails in %s", files[h].Name, files[f].Name)
	}
	return e
}

// A Tally says on how many machines a statement holds, and what they measured.
type Tally struct {
	Machines map[string][]int // by verdict, their indices
	Warned   []int            // machines with a doubt about the deciding figure
	Primary  []Range          // of the primary condition; several if the machines' forms differ, the most frequent first
	By       []Range          // of the conditions by which it fails on machines, other than the primary one
}

// A Range is the least and the greatest figure of a condition over machines, by
// their estimates or, if rounds fall into two states, by both states.
type Range struct {
	Finding     // the first of them, for its words, unit and bound
	N       int // machines that have the figure
	Least   float64
	Highest float64 // +Inf for no bound
}

// Tally counts the machines of a group, given by their indices, for statement i.
func (s *Summary) Tally(i int, machines []int) Tally {
	t := Tally{Machines: map[string][]int{}}
	for _, k := range machines {
		e := s.Machines[k].Entries[i]
		t.Machines[e.Verdict] = append(t.Machines[e.Verdict], k)
		t.Primary = added(t.Primary, e.Needs[0])
		d := e.Decided()
		if d.Warnings != nil {
			t.Warned = append(t.Warned, k)
		}
		if e.Verdict == Fails && d.What != e.Needs[0].What {
			t.By = added(t.By, d)
		}
	}
	slices.SortStableFunc(t.Primary, func(a, b Range) int { return b.N - a.N })
	if i := slices.IndexFunc(t.Primary, func(r Range) bool { return r.N == 0 }); i > 0 {
		t.Primary = t.Primary[:i] // conditions that no machine has serve only for their words
	}
	return t
}

// added extends the range of a finding's condition by a machine's finding.
func added(ranges []Range, f Finding) []Range {
	at := slices.IndexFunc(ranges, func(r Range) bool { return r.What == f.What })
	if at < 0 {
		at = len(ranges)
		ranges = append(ranges, Range{Finding: f})
	}
	if !f.There {
		return ranges
	}
	least, most := f.Effect, f.Effect
	switch {
	case f.Bounded:
		most = f.Most
	case f.States != nil:
		least, most = f.States[0].Center, f.States[1].Center
	}
	r := &ranges[at]
	if r.N++; r.N == 1 {
		r.Least, r.Highest = least, most
	}
	r.Least, r.Highest = min(r.Least, least), max(r.Highest, most)
	return ranges
}

// String is "1.15× to 2.31×", "" for machines without the figure.
func (r Range) String() string {
	least, most := r.summed().Figure(r.Least), r.summed().Figure(r.Highest)
	switch {
	case r.N == 0:
		return ""
	case math.IsInf(r.Highest, 1):
		return least + " or more"
	case least == most:
		return least
	}
	return least + " to " + most
}

// Found is what machines found of statement i, by the condition that most of them
// have, in a sentence; "" where none has it.
func (s *Summary) Found(i int) string {
	r := s.Tally(i, s.All()).Primary[0]
	for _, m := range s.Machines {
		if e := m.Entries[i]; r.N > 0 && e.Needs[0].What == r.What {
			return e.found(r.Finding, r.String())
		}
	}
	return ""
}

// All are the indices of all machines.
func (s *Summary) All() []int {
	all := make([]int, len(s.Machines))
	for i := range all {
		all[i] = i
	}
	return all
}

// Verdicts are in the order in which they are counted.
var Verdicts = []string{Holds, Fails, Inconclusive, Missing}

// named is up to how many machines of a verdict are named, if other machines
// have another verdict.
const named = 3

// Counts is "holds on 38, fails on 2 (here.txt, there.txt)".
func (s *Summary) Counts(t Tally) string {
	var parts []string
	for _, v := range Verdicts {
		those := t.Machines[v]
		if len(those) == 0 {
			continue
		}
		part := fmt.Sprintf("%s on %d", v, len(those))
		if len(those) <= named && len(t.Machines) > 1 {
			var labels []string
			for _, k := range those {
				labels = append(labels, s.Machines[k].Label)
			}
			part += " (" + strings.Join(labels, ", ") + ")"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// contradicted tells whether a statement holds on one machine and fails on
// another.
func (t Tally) contradicted() bool { return len(t.Machines[Holds]) > 0 && len(t.Machines[Fails]) > 0 }

// statements are the ledger's statements, with the entries of the first machine
// for their words; nil if no file counts.
func (s *Summary) statements() []Entry {
	if len(s.Machines) == 0 {
		return nil
	}
	return s.Machines[0].Entries
}

// About are the sentences that a reader must know first.
func (s *Summary) About() []string {
	files := 0
	for _, m := range s.Machines {
		files += len(m.Files)
	}
	differ := "They differ in nothing but the host."
	if len(s.Splits) > 0 {
		var by []string
		for _, split := range s.Splits {
			by = append(by, fmt.Sprintf("%s (%d kinds)", split.By, len(split.Groups)))
		}
		differ = "They differ in " + strings.Join(by, ", ") + "."
	}
	if len(s.Machines) < 2 {
		differ = ""
	}
	all := []string{
		strings.TrimSpace(fmt.Sprintf("%s of %s. %s", prose.Count(files, "file"), prose.Count(len(s.Machines), "machine"), differ)),
		"A machine is a host with its CPU, kernel and Go. If files agree in all of these, the one with the most rounds counts. If they contradict each other, the machine is inconclusive.",
		"The machines are the ones given, not a sample of all machines. " + s.wrong(),
	}
	for _, l := range s.Left {
		all = append(all, "Not counted: "+l)
	}
	return append(all, s.Warnings...)
}

// wrong says how many wrong verdicts to expect.
func (s *Summary) wrong() string {
	n := float64(len(s.Machines))
	if Level*n < 1 {
		return fmt.Sprintf("The chance of any wrong verdict is at most %s in one machine's ledger, and at most %s in all of them.", prose.Percent(Level), prose.Percent(Level*n))
	}
	return fmt.Sprintf("The chance of any wrong verdict is at most %s in one machine's ledger: on average up to %.0f of these %.0f ledgers have one.", prose.Percent(Level), Level*n, n)
}
