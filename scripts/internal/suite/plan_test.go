package suite

import (
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench"
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
			twins := 0
			if p.Full || g.once() == 0 {
				twins = 1
			}
			if arms := g.arms(); len(arms) != len(g.cases)+twins || twins > 0 && arms[len(arms)-1] != g.ref {
				t.Errorf("profile %s: %s has the arms %v, want each case and the goroutine's again %d times", p.Name, ref, arms, twins)
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
