// Package claims tests what is commonly taught about goroutines. It is a ledger
// of statements: each has the rows of a results file that decide it, the bound
// that they are held to, and a file's verdict.
//
// Its stance: what decides a statement is written down before the run, as data
// (statements.go), with the bound and its reason. A statement may have several
// conditions, all of which must hold. Each condition is tested twice over the
// rounds by the signed-rank test (package paired): whether the figure is shown
// to be on the right side of the bound, and whether it is shown to be on the
// wrong side.
//
// A statement holds if all its conditions are shown (the greatest of their
// p-values). It fails if one of them is shown to fail (the smallest, times
// their number). Twice the smaller of the two is the statement's p-value.
// Holm's procedure over all statements of the ledger, measured or not, keeps
// the chance of any wrong verdict under 5%. A run with several looks spends
// these 5% over its looks (looks.go). A statement that neither holds nor fails
// is inconclusive. Factors are compared by their logarithms. Both tests allow
// for the A/A of a factor's goroutine arm, as its interval does (package
// summary).
//
// For some figures, such as how long the world was stopped, a round gives only
// a lower and an upper limit. Both limits are carried through: the figure is
// shown to be on a side of its bound if the nearer limit is.
//
// Of ours it imports the catalog of names, units and families, and commandline,
// paired, prose, results and summary.
package claims

import (
	"fmt"
	"slices"
	"strings"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
)

// Level is the chance of any wrong verdict in a ledger.
const Level = 0.05

// Verdicts.
const (
	Holds        = "holds"
	Fails        = "fails"
	Inconclusive = "inconclusive"
	Missing      = "missing" // the file lacks a row that decides
)

// A statement is a claim and the conditions that decide it.
type statement struct {
	id     string
	says   string
	finds  string      // a sentence with "%s" for the primary condition's figure: what was found
	needs  []condition // all must hold; the first is the primary one
	small  *form       // the statement in smaller numbers, nil for none
	reads  string      // how the deciding figure reads if the statement holds, with "%s" for it; "" for the bare verdict
	why    string      // the reason for the primary bound
	beside []condition // circumstances, of the same families, in which the verdict may turn

	stated  string // the day on which it came into the ledger, yyyy-mm-dd
	changes []Change
}

// A condition holds a figure to a bound.
type condition struct {
	what  string // the figure in words
	value measure
	least bool // the bound is the least that the figure may be; else the most
	bound float64
}

func atLeast(bound float64, m measure, what string) condition {
	return condition{what, m, true, bound}
}

func atMost(bound float64, m measure, what string) condition {
	return condition{what, m, false, bound}
}

// A Finding is a file's figure for a condition.
type Finding struct {
	What   string
	Rows   []string
	Unit   string // "" for a factor or a bare number
	Factor bool
	Least  bool // Bound is the least that the figure may be; else the most
	Bound  float64

	There     bool    // the file has the figure; else the fields below are empty
	Effect    float64 // Hodges and Lehmann's estimate over rounds
	Low, High float64 // its 95% interval, if Interval is set
	Interval  bool    // there are enough rounds for an interval
	Rounds    int
	States    []summary.State // the two states that the rounds fall into; nil if none are seen
	Warnings  []summary.Warning

	// Bounded means that each round gives only limits of the figure. Effect is
	// then the estimate of the lower limit and Most that of the upper one, +Inf
	// for none. Low is from the lower limit's interval, High from the upper
	// limit's.
	Bounded bool
	Most    float64

	right, wrong float64 // p-values: of being on the wrong side, and of being on the right side
}

// On tells on which side of its bound the whole interval is: 1 for the right
// side, -1 for the wrong side, 0 if the interval contains the bound.
func (f Finding) On() int {
	switch {
	case f.Low > f.Bound && f.Least, f.High < f.Bound && !f.Least:
		return 1
	case f.High < f.Bound && f.Least, f.Low > f.Bound && !f.Least:
		return -1
	}
	return 0
}

// straddles tells whether the bound is between two states.
func (f Finding) straddles() bool {
	return f.States != nil && f.States[0].Center < f.Bound && f.Bound < f.States[1].Center
}

// twoBounds says why more rounds don't decide about such a figure.
const twoBounds = "a round gives only a lower and an upper limit of the figure, and the bound is between them: more rounds don't help"

// between tells whether the bound is between a figure's two limits.
func (f Finding) between() bool { return f.Bounded && f.Effect < f.Bound && f.Bound < f.Most }

// stuck tells whether no further round decides: a condition has only limits,
// the bound is between them, and no other condition is about to fail.
func (e Entry) stuck() bool {
	return e.Verdict == Inconclusive && slices.ContainsFunc(e.Needs, Finding.between) &&
		!slices.ContainsFunc(e.Needs, func(n Finding) bool { return !n.between() && n.On() <= 0 })
}

// An Entry is a file's verdict on a statement.
type Entry struct {
	ID        string
	Statement string
	Why       string
	Since     string   // the day since which measure and bound are unchanged, yyyy-mm-dd
	Changes   []Change // of measure or bound after a run, the earliest first
	Finds     string   // a sentence with "%s" for the first condition's figure: what was found
	Verdict   string
	P         float64   // adjusted over the ledger
	Smaller   bool      // decided in smaller numbers
	Reason    string    // why it is inconclusive or missing, its smaller form, and how it reads; "" if there is nothing to say
	Unasked   bool      // missing, since the run was not asked to measure its rows
	Needs     []Finding // the first is the primary one
	Beside    []Finding
}

// Decided is the condition that decided: the first one that failed, or else the
// primary one that the file has.
func (e Entry) Decided() Finding {
	decided := e.Needs[0]
	for _, n := range e.Needs[1:] {
		if n.There && (!decided.There || e.Verdict == Fails && n.wrong < decided.wrong) {
			decided = n
		}
	}
	return decided
}

// Found returns a sentence on what was found for the condition that decided, ""
// if the file has no figure for it.
func (e Entry) Found() string {
	d := e.Decided()
	if !d.There {
		return ""
	}
	if d.States != nil {
		return e.found(d, d.Measured())
	}
	return e.found(d, d.effect())
}

// found returns the sentence for a condition and its figure.
func (e Entry) found(f Finding, figure string) string {
	if f.What != e.Needs[0].What || e.Finds == "" || f.States != nil {
		return strings.ToUpper(f.What[:1]) + f.What[1:] + ": " + figure + "."
	}
	figure = strings.ReplaceAll(figure, "× to ", " to ")
	return fmt.Sprintf(e.Finds, strings.ReplaceAll(figure, "×", " times"))
}

// A Circumstance is a finding beside a verdict that says more than the verdict.
type Circumstance struct {
	Word string // its bearing on the verdict: "turns", "holds there", "fails there"
	Finding
}

// String is the finding, with its bound if it is a verdict of its own.
func (c Circumstance) String() string {
	if c.Word == turns {
		return c.Measured() + ": " + c.What + c.doubts()
	}
	return c.Finding.String()
}

const turns = "turns"

// Circumstances are those in which the verdict of a statement turns; for an
// inconclusive statement, those in which it is shown to hold or to fail.
func (e Entry) Circumstances() []Circumstance {
	words := map[string]map[int]string{
		Holds:        {-1: turns},
		Fails:        {1: turns},
		Inconclusive: {1: "holds there", -1: "fails there"},
	}[e.Verdict]
	var all []Circumstance
	for _, f := range e.Beside {
		if word := words[f.On()]; f.There && word != "" {
			all = append(all, Circumstance{word, f})
		}
	}
	return all
}

// Judge decides every statement of the ledger by a file.
func Judge(f *results.File) []Entry { return judge(statements, f) }

func judge(ledger []statement, f *results.File) []Entry {
	if f.Looks() != nil {
		return lookedAt(ledger, f)
	}
	entries, ps := weigh(ledger, f)
	settle(ledger, entries, ps, f)
	return entries
}

// weigh finds the conditions of each statement in a file, and its p-value. The
// verdicts are those for sufficiently small p-values.
func weigh(ledger []statement, f *results.File) (entries []Entry, ps []float64) {
	for _, s := range ledger {
		e := Entry{ID: s.id, Statement: s.says, Why: s.why, Since: s.since(), Changes: s.changes}
		e.Needs, e.Finds, e.Reason = s.in(f)
		e.Smaller = e.Reason != ""
		right, wrong := 0.0, 1.0
		for _, found := range e.Needs {
			if !found.There {
				right = 1
				continue
			}
			right = max(right, found.right)
			wrong = min(wrong, found.wrong*float64(len(e.Needs)))
		}
		for _, c := range s.beside {
			if !slices.ContainsFunc(e.Needs, func(n Finding) bool { return n.What == c.what }) { // the smaller form has this condition, too
				e.Beside = append(e.Beside, find(c, f))
			}
		}
		e.Verdict = Holds
		if wrong < right {
			e.Verdict = Fails
		}
		entries = append(entries, e)
		ps = append(ps, min(1, 2*right, 2*wrong))
	}
	return entries, ps
}

// settle adjusts the p-values of a ledger. It takes back the verdicts whose
// p-values are not small enough.
func settle(ledger []statement, entries []Entry, ps []float64, f *results.File) {
	for i, p := range paired.Holm(ps) {
		e := &entries[i]
		e.P = p
		smaller := e.Reason
		if p < Level {
			if e.Verdict == Holds && ledger[i].reads != "" {
				e.Reason = joined(fmt.Sprintf(ledger[i].reads, e.Decided().times()), smaller)
			}
			continue
		}
		if slices.ContainsFunc(e.Needs, func(n Finding) bool { return !n.There }) {
			e.Verdict = Missing
			e.Reason, e.Unasked = absent(f, e.Needs)
			continue
		}
		e.Verdict, e.Reason = Inconclusive, "the figure is too near to its bound, or too noisy, for these rounds"
		if slices.ContainsFunc(e.Needs, func(n Finding) bool { return n.On() < 0 }) {
			e.Reason = "beyond its bound by itself, but not after the correction for the ledger's other conditions and statements; make a new run with more rounds"
		}
		if slices.ContainsFunc(e.Needs, Finding.straddles) {
			e.Reason = "the rounds fall into two states, one on each side of the bound: more rounds don't help, find what causes the two"
		}
		if slices.ContainsFunc(e.Needs, Finding.between) {
			e.Reason = twoBounds
		}
		for _, n := range e.Needs {
			if least, err := paired.LeastRounds(len(entries), Level); err == nil && n.Rounds < least {
				e.Reason = commandline.Typed(fmt.Sprintf("%s; a verdict needs %d, \"go run ./scripts/run -rounds %d\"", prose.Count(n.Rounds, "round"), least, least))
			}
		}
		e.Reason = joined(e.Reason, smaller)
	}
}

// joined is two remarks. Either may be "".
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// times is a factor's effect in words: "1.35 times".
func (f Finding) times() string {
	return strings.ReplaceAll(f.effect(), "×", "") + " times"
}

// find tests a condition against a file.
func find(c condition, f *results.File) Finding {
	found := Finding{What: c.what, Rows: c.value.rows, Unit: c.value.unit, Factor: c.value.ratio, Least: c.least, Bound: c.bound, Bounded: c.value.most != nil}
	least, most := c.value.estimates(f)
	if least == nil || most == nil {
		return found
	}
	found.There, found.Rounds, found.Interval = true, least.Rounds, least.Interval
	found.Effect, found.Most, found.Low, found.High = least.Center, most.Center, least.Low, most.High
	found.Warnings = least.Warnings
	if !found.Bounded {
		found.States = least.States
	}
	for _, name := range found.Rows {
		if row := f.Row(name); row != nil {
			found.Warnings = append(found.Warnings, summary.Row(f, row)...)
		}
	}
	// The figure is on a side of the bound if both of its limits are.
	found.right, found.wrong = most.Less(c.bound), least.Greater(c.bound)
	if c.least {
		found.right, found.wrong = found.wrong, found.right
	}
	return found
}

// full says how to get a file with every row.
func full() string {
	return commandline.Typed("\"go run ./scripts/run -profile full\" measures every row that this machine can")
}

// absent says why a file lacks what decides a statement. unasked tells whether
// the file has no row of it and no note on its rows.
func absent(f *results.File, needs []Finding) (reason string, unasked bool) {
	var lacking, without []string
	unasked = true
	for _, need := range needs {
		unasked = unasked && !need.There
		if need.There {
			continue
		}
		there := true
		for _, name := range need.Rows {
			lacks := "no Benchmark" + name
			row := f.Row(name)
			if whole(row) {
				continue
			}
			there = false
			if row != nil {
				lacks = "Benchmark" + name + " was cut"
			}
			if i := slices.IndexFunc(f.Notes, func(n results.Note) bool { return n.Name.String() == name }); i >= 0 {
				lacks, unasked = lacks+": "+f.Notes[i].Reason, false
			}
			if !slices.Contains(lacking, lacks) {
				lacking = append(lacking, lacks)
			}
		}
		if there {
			without = append(without, need.What)
		}
	}
	if without != nil && f.Emulated() {
		return "it needs times, and those of an emulated CPU mean nothing", false
	}
	if without != nil {
		return "its rows are in the file, but not in the same rounds or without the unit, for: " + strings.Join(without, "; "), false
	}
	return strings.Join(lacking, ", ") + "; " + full(), unasked
}
