package suite

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"threadbench/bench"
	"threadbench/bench/catalog"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/scripts/internal/claims"
	"threadbench/scripts/internal/prose"
)

// A Profile is how long a run measures.
type Profile struct {
	Name    string
	Rounds  int
	Laps    int // laps of a window
	Windows int // windows of a round
	Full    bool
}

// slice is the intended length of a turn. In shorter turns the hand-over takes
// too large a share; in longer ones the machine changes between two turns.
const slice = 1500 * time.Microsecond

// Profiles are what -profile chooses from. A verdict over the m statements of
// the ledger at 5% needs 1+ceil(log2(m/0.05)) rounds: 10 for up to 25. A
// statement that fails by one of two or three conditions needs 11.
var Profiles = []Profile{
	{Name: "quick", Rounds: 11, Laps: 36, Windows: 1},
	{Name: "full", Rounds: 12, Laps: 120, Windows: 1, Full: true},
}

// defaultRounds says how many rounds each profile has.
func defaultRounds() string {
	var each []string
	for _, p := range Profiles {
		each = append(each, fmt.Sprintf("%d for %s", p.Rounds, p.Name))
	}
	return strings.Join(each, ", ")
}

// A Plan is what a run was asked to do. It is in the results file, and a run
// can be resumed only with the same plan.
type Plan struct {
	Profile string `json:"profile"`
	Bench   string `json:"bench"`
	Rounds  int    `json:"rounds,omitempty"` // 0 with Looks
	CPU     int    `json:"cpu"`

	// Looks are the numbers of rounds after which a run checks the ledger and
	// goes on with what is undecided; nil for a run of Rounds rounds.
	Looks []int `json:"looks,omitempty"`
}

// most is the greatest number of rounds of the run.
func (p Plan) most() int {
	if p.Looks != nil {
		return p.Looks[len(p.Looks)-1]
	}
	return p.Rounds
}

func (p Plan) line() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return "# plan " + string(text) + "\n"
}

// A group takes turns: the cases whose x-goroutine refers to the same goroutine
// arm. Some of its cases are opened a second time, as an A/A: their ratio to
// themselves (x-self) shows the noise of the measurement. Profile.measuredTwice
// says which.
type group struct {
	cases []measure.Case
	ref   int   // the goroutine arm among them, -1 if it isn't selected
	aa    []int // the cases that are opened twice
}

// once is how often a round measures each case of the group in a process of its
// own; 0 for a group that is measured in slices.
func (g group) once() int { return g.cases[0].Once }

// arms are the indexes of the cases in the order of the workers: each case
// once, then the A/A.
func (g group) arms() []int {
	var arms []int
	for i := range g.cases {
		arms = append(arms, i)
	}
	return append(arms, g.aa...)
}

// quoted tells whether a report begins with the case, or whether its factor
// decides a statement. The goroutine arm of such a case counts, too.
func quoted(c measure.Case) bool {
	name := c.Name.String()
	is := func(n catalog.Name) bool { return n.String() == name || n.Ref().String() == name }
	return slices.ContainsFunc(catalog.Headlines(), is) || slices.ContainsFunc(claims.Factors(), func(row string) bool {
		n, err := catalog.ParseName(row)
		return err == nil && is(n)
	})
}

// measuredTwice tells whether a profile opens a case twice. Both profiles do
// that with what is quoted, and with goroutine arms. The full profile also does
// it with the primary rows of the statements. Where each opening takes a process
// of its own, the short profile has time for the quoted goroutine arms only: their
// A/A widens the intervals of all factors beside them.
func (p Profile) measuredTwice(c measure.Case) bool {
	name := c.Name.String()
	isRef := name == c.Name.Ref().String()
	switch {
	case p.Full:
		return isRef || quoted(c) || slices.Contains(claims.Primary(), name)
	case c.Once > 0:
		return isRef && quoted(c)
	}
	return isRef || quoted(c)
}

// selectCases are the profile's cases whose full name matches.
func selectCases(p Profile, re *regexp.Regexp) []measure.Case {
	return slices.DeleteFunc(bench.Families.Cases(), func(c measure.Case) bool {
		return !p.Full && !c.Quick || !re.MatchString("Benchmark"+c.Name.String())
	})
}

// groups are the profile's cases in groups, each in the cases' order.
func (p Profile) groups(cases []measure.Case) []group {
	var gs []group
	at := map[string]int{}
	for _, c := range cases {
		ref := c.Name.Ref().String()
		i, ok := at[ref]
		if !ok {
			i = len(gs)
			at[ref] = i
			gs = append(gs, group{ref: -1})
		}
		if c.Name.String() == ref {
			gs[i].ref = len(gs[i].cases)
		}
		if p.measuredTwice(c) {
			gs[i].aa = append(gs[i].aa, len(gs[i].cases))
		}
		gs[i].cases = append(gs[i].cases, c)
	}
	for _, g := range gs {
		for i := range g.cases {
			// In the short profile, a group with an A/A has half as many
			// processes.
			if c := &g.cases[i]; !p.Full && g.aa != nil && c.Once > 1 {
				c.Once /= 2
			}
		}
	}
	return gs
}

// inRound is the order of the groups in a round. Every other round goes
// backwards, so that no family is always measured first.
func inRound(gs []group, round int) []group {
	order := slices.Clone(gs)
	if round%2 == 0 {
		slices.Reverse(order)
	}
	return order
}

func (p Profile) lockstep() lockstep.Plan {
	return lockstep.Plan{Slice: slice, Laps: p.Laps, Windows: p.Windows}
}

// list says what a plan would measure: each family, how to read it, and its
// cases.
func list(cases []measure.Case) string {
	var b strings.Builder
	for _, f := range bench.Families {
		of := slices.DeleteFunc(slices.Clone(cases), func(c measure.Case) bool { return c.Name.Family != f.Name })
		if len(of) == 0 {
			continue
		}
		prose.Wrap(&b, fmt.Sprintf("%s: one op is %s.", f.Name, f.Op), "", "")
		prose.Wrap(&b, f.Read, "", "")
		for _, c := range of {
			kind := "in slices"
			if c.Once > 0 {
				kind = "once a process"
			}
			fmt.Fprintf(&b, "  Benchmark%-56s %s\n", c.Name, kind)
		}
		b.WriteByte('\n')
	}
	return b.String()
}
