// Package catalog says what is measured: benchmark names and their keys, contenders,
// units, what makes another build, and each family in a file of its own, with all
// that a table or a page says of it. It imports nothing of ours, and is all of
// bench that a reader of results files links.
package catalog

import (
	"maps"
	"slices"
)

// A Family is what a family is and how it is read: all that a table or a page
// needs to know of it.
type Family struct {
	Name    string
	Op      string            // what one op is
	ModeOps map[string]string // the same in the modes where it is something else
	Primary []string          // the units whose sum decides a row, and is what x-goroutine compares
	Beside  []string          // the units that a table shows beside it; nil for all
	Read    string            // the protocol, whom it favours, how to read it

	// ModePrimary has the modes whose rows other units decide. x-goroutine
	// compares none of them: they are counts, of which a quotient may have 0 below.
	ModePrimary map[string][]string

	Wordings []Wording // how a row's factor is said: the first that fits counts
	Answer   *Answer   // its line of the summary; nil for none
	Picture  *Picture  // its section of pictures; nil for none
}

// OneOp is what one op of the family is in a mode, "" for none.
func (f Family) OneOp(mode string) string {
	if op, ok := f.ModeOps[mode]; ok {
		return op
	}
	return f.Op
}

// Compared reports whether x-goroutine compares the rows of a mode.
func (f Family) Compared(mode string) bool { return f.ModePrimary[mode] == nil }

// Decides are the units whose sum decides the row of that name, nil for a
// family that isn't ours. Whatever writes a results file asks here; whatever
// reads one takes the file's word for it (DecidedBy).
func Decides(n Name) []string {
	f, _ := FamilyOf(n.Family)
	if units, ok := f.ModePrimary[n.Get("mode")]; ok {
		return units
	}
	return f.Primary
}

// DecidedBy says which rows a unit decides, alone or in a sum: "FAMILY", and
// "FAMILY/mode=MODE" where it holds for that mode, whatever else is said of the
// family. A results file's Unit lines have it as decides=, commas between.
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
// braces: {one}, {many}, {via}, {place}, {stack}, {depth}, {n}, {stages}, {wait}
// and {load} of the case; the same with "ref " of its goroutine arm; {x} is
// "11.2 times", or a range of times; {case} and {unit} serve where the family is
// not known. A wording without {x} is for cases without a factor, and has
// {figure}.
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
