package suite

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench"
	"threadbench/bench/catalog"
	"threadbench/scripts/internal/claims"
)

func TestGroups(t *testing.T) {
	everything := regexp.MustCompile("")
	for _, p := range Profiles {
		cases := selectCases(p, everything)
		gs := p.groups(cases)
		n := 0
		for _, g := range gs {
			n += len(g.cases)
			if g.ref < 0 {
				t.Errorf("profile %s: the group of %s lacks its goroutine arm", p.Name, g.cases[0].Name)
				continue
			}
			ref := g.cases[g.ref].Name.String()
			for _, c := range g.cases {
				if c.Name.Ref().String() != ref {
					t.Errorf("profile %s: %s takes turns with %s, and is compared with %s", p.Name, c.Name, ref, c.Name.Ref())
				}
				if (c.Once > 0) != (g.once() > 0) {
					t.Errorf("profile %s: %s and %s are measured in one group, once and in slices", p.Name, c.Name, g.cases[0].Name)
				}
			}
			if arms := g.arms(); len(arms) != len(g.cases)+len(g.aa) || g.once() == 0 && !slices.Contains(g.aa, g.ref) || p.Full && !slices.Contains(g.aa, g.ref) {
				t.Errorf("profile %s: %s has the arms %v, A/A %v", p.Name, ref, arms, g.aa)
			}
		}
		if n != len(cases) {
			t.Errorf("profile %s: %d of %d cases stand in a group", p.Name, n, len(cases))
		}
		if p.Full && len(cases) != len(bench.Families.Cases()) {
			t.Errorf("profile %s has %d of %d cases", p.Name, len(cases), len(bench.Families.Cases()))
		}
	}
	alone := Profiles[0].groups(selectCases(Profiles[0], regexp.MustCompile("impl=clone/mode=cold")))
	if len(alone) != 1 || alone[0].ref != -1 || len(alone[0].arms()) != 1 {
		t.Errorf("a case without its goroutine arm: %+v", alone)
	}
}

// TestMeasuredTwice: each profile measures twice the goroutine arms of what a
// summary quotes, and what is quoted, except in the short profile what takes a
// process of its own. The full profile also does so with what decides a
// statement.
func TestMeasuredTwice(t *testing.T) {
	for _, p := range Profiles {
		cases, twice := map[string]bool{}, map[string]bool{}
		for _, g := range p.groups(selectCases(p, regexp.MustCompile(""))) {
			for _, c := range g.cases {
				cases[c.Name.String()] = true
			}
			for _, i := range g.aa {
				twice[g.cases[i].Name.String()] = true
			}
		}
		var wanted []string
		for _, n := range catalog.Headlines() {
			wanted = append(wanted, n.String(), n.Ref().String())
		}
		for _, row := range claims.Factors() {
			if cases[row] {
				wanted = append(wanted, row)
			}
		}
		if p.Full {
			wanted = append(wanted, claims.Primary()...)
		}
		held := 0
		for _, name := range wanted {
			c, ok := bench.Families.Lookup(name)
			if !ok {
				continue // a C thread's, in a build without them
			}
			short := !p.Full && c.Once > 0 && name != c.Name.Ref().String()
			if held++; twice[name] == short {
				t.Errorf("profile %s measures %s twice: %v", p.Name, name, twice[name])
			}
		}
		if held < 15 {
			t.Errorf("profile %s: %d rows", p.Name, held)
		}
	}
}

// TestQuickDecides: the short profile measures every row of each statement, in
// its whole form or its smaller one.
func TestQuickDecides(t *testing.T) {
	quick := map[string]bool{}
	for _, c := range selectCases(Profiles[0], regexp.MustCompile("")) {
		quick[c.Name.String()] = true
	}
	for id, forms := range claims.Forms() {
		if !slices.ContainsFunc(forms, func(rows []string) bool {
			return !slices.ContainsFunc(rows, func(row string) bool { return !quick[row] })
		}) {
			t.Errorf("%s: quick measures the rows of no form of it: %q", id, forms)
		}
	}
}

func TestInRound(t *testing.T) {
	gs := Profiles[0].groups(selectCases(Profiles[0], regexp.MustCompile("Create")))
	first := func(gs []group) (names []string) {
		for _, g := range gs {
			names = append(names, g.cases[0].Name.String())
		}
		return names
	}
	forward, backward := first(inRound(gs, 1)), first(inRound(gs, 2))
	if d := cmp.Diff(first(gs), forward); d != "" {
		t.Errorf("round 1 (-want +got):\n%s", d)
	}
	slices.Reverse(backward)
	if d := cmp.Diff(forward, backward); d != "" {
		t.Errorf("round 2, read backwards (-want +got):\n%s", d)
	}
}
