// Package catalog describes what is measured: benchmark names and their keys,
// contenders, units, build flags that change the code, and each family in a
// file of its own, with every text that a table or a page prints about it. It
// imports nothing of this module, and programs that read results link nothing
// else of bench.
package catalog

import (
	"maps"
	"slices"
)

// A Family describes a family: all that a table or a page needs to know of it.
type Family struct {
	Name    string
	Op      string            // one op, in words
	ModeOps map[string]string // the same for modes with another op
	Primary []string          // the units whose sum decides a row; x-goroutine compares that sum
	Beside  []string          // the units that a table shows beside it; nil for all
	Read    string            // the protocol, whom it favours, how to read it

	// ModePrimary lists the modes whose rows other units decide. x-goroutine
	// doesn't compare those rows: they are counts, and may be 0.
	ModePrimary map[string][]string

	Wordings []Wording // how a row's factor is said: the first that fits counts
	Answer   *Answer   // its line of the summary; nil for none
	Picture  *Picture  // its section of pictures; nil for none
}

// OneOp returns the words for one op of the family in a mode, "" for none.
func (f Family) OneOp(mode string) string {
	if op, ok := f.ModeOps[mode]; ok {
		return op
	}
	return f.Op
}

// Compared reports whether x-goroutine compares the rows of a mode.
func (f Family) Compared(mode string) bool { return f.ModePrimary[mode] == nil }

// Decides returns the units whose sum decides the row of that name, nil for a
// family that isn't ours. Code that writes a results file asks Decides; code
// that reads one goes by the file (DecidedBy).
func Decides(n Name) []string {
	f, _ := FamilyOf(n.Family)
	if units, ok := f.ModePrimary[n.Get("mode")]; ok {
		return units
	}
	return f.Primary
}

// DecidedBy returns the rows that a unit decides, alone or in a sum: "FAMILY",
// and "FAMILY/mode=MODE" for a mode of its own, which overrides the family's. A
// results file's Unit lines have them as decides=, separated by commas.
func DecidedBy(unit string) []string {
	var rows []string
	for _, f := range Families {
		if slices.Contains(f.Primary, unit) {
			rows = append(rows, f.Name)
		}
		for _, mode := range slices.Sorted(maps.Keys(f.ModePrimary)) {
			if slices.Contains(f.ModePrimary[mode], unit) {
				rows = append(rows, f.Name+"/mode="+mode)
			}
		}
	}
	return rows
}

// A Wording says a factor in a sentence. An empty Impl or Mode is any. In
// braces: {one}, {many}, {via}, {place}, {stack}, {depth}, {n}, {stages}, {wait},
// {load}, {work}, {procs} and {callers} of the case; the same with "ref " of its
// goroutine arm; {x} is "11.2 times", or a range of times; {case} and {unit}
// serve where the family is not known. A wording without {x} is for cases
// without a factor, and has {figure}.
type Wording struct {
	Impl, Mode string
	Says       string // where there is a difference; "" for the wording of an unknown family
	Same       string // where none was seen
	Less       string // what a factor below 1 is called; "" if that depends
}

// An Answer is a family's line of the summary: what something takes a goroutine,
// and how many times as much it takes a thread.
type Answer struct {
	Does       string   // what is done: "create, run and join"; 20 characters at the most
	More, Less string   // what follows "2.00 times", for a factor above 1 and below it: "as long", "sooner"
	Rows       []string // the threads' rows, one of each kind; all refer to one goroutine arm
}

// A Picture is what stands beside a family's pictures.
type Picture struct {
	Title string
	Short string // of the list of sections
	About string // what they show and how to read them
}

// Headlines are the threads' rows of the summary.
func Headlines() []Name {
	var all []Name
	for _, f := range Families {
		if f.Answer == nil {
			continue
		}
		for _, row := range f.Answer.Rows {
			n, err := ParseName(row)
			if err != nil {
				panic("catalog: " + err.Error()) // a row of the table above
			}
			all = append(all, n)
		}
	}
	return all
}
