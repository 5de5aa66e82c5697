package suite

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"threadbench/bench"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
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

// slice is how long a turn is aimed to be. Shorter ones are eaten up by the
// hand-over, longer ones let the machine change between two turns.
const slice = 1500 * time.Microsecond

// Profiles are what -profile chooses from. A verdict over the m statements of
// the ledger at 5% needs 1+ceil(log2(m/0.05)) rounds: 10 for up to 25. That wake
// fails is shown by one of its three conditions in quick, which takes 11.
var Profiles = []Profile{
	{Name: "quick", Rounds: 11, Laps: 40, Windows: 1},
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

// A Plan is what a run was asked to do. It stands in the results file, and a
// run is resumed to the same plan.
type Plan struct {
	Profile string `json:"profile"`
	Bench   string `json:"bench"`
	Rounds  int    `json:"rounds"`
	CPU     int    `json:"cpu"`
}

func (p Plan) line() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return "# plan " + string(text) + "\n"
}

// A group is what takes turns: the cases whose x-goroutine refers to the same
// goroutine arm, and that arm once more, whose ratio to itself says what the
// instrument is worth. The short profile goes without the latter where each arm
// takes a process of its own: the time goes to more statements.
type group struct {
	cases []measure.Case
	ref   int  // the goroutine arm among them, -1 if it isn't selected
	twin  bool // it is measured once more
}

// once is how often a round measures each of the group, in a process of its
// own; 0 for a group that is measured in slices.
func (g group) once() int { return g.cases[0].Once }

// arms are the indexes of the cases in the order of the workers: each case
// once, and the goroutine arm's twin.
func (g group) arms() []int {
	var arms []int
	for i := range g.cases {
		arms = append(arms, i)
	}
	if g.twin {
		arms = append(arms, g.ref)
	}
	return arms
}

// selectCases are the profile's cases whose full name matches.
func selectCases(p Profile, re *regexp.Regexp) []measure.Case {
	var chosen []measure.Case
	for _, c := range bench.Families.Cases() {
		if (p.Full || c.Quick) && re.MatchString("Benchmark"+c.Name.String()) {
			chosen = append(chosen, c)
		}
	}
	return chosen
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
			gs[i].twin = p.Full || c.Once == 0
		}
		gs[i].cases = append(gs[i].cases, c)
	}
	return gs
}

// inRound is the order of the groups in a round: every other one backwards, so
// that no family is always measured first.
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
