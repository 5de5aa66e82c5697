package calibrate

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestPlan reads plans, and names what is wrong with one.
func TestPlan(t *testing.T) {
	goals, err := parsePlan("same:1m=100, rebuilt+2.5%:5m=7,package:90s=0")
	want := []goal{{cell{"same", 0, time.Minute}, 100}, {cell{"rebuilt", 0.025, 5 * time.Minute}, 7}, {cell{"package", 0, 90 * time.Second}, 0}}
	if err != nil || len(goals) != len(want) {
		t.Fatalf("%v, %v", goals, err)
	}
	for i, g := range goals {
		if g != want[i] {
			t.Errorf("%+v, want %+v", g, want[i])
		}
	}
	for _, s := range []string{"same:1m", "same+3%:5m", "rebuilt+0.01%:1h", "package:1m30s"} {
		goals, err := parsePlan(s + "=1")
		if err != nil || goals[0].String() != strings.TrimSuffix(s, "=1") {
			t.Errorf("%s is read as %v, %v", s, goals, err)
		}
	}
	if _, err := parsePlan(defaultPlan); err != nil {
		t.Error(err)
	}
	for _, test := range []struct{ plan, want string }{
		{"", "no number of runs"},
		{"same:1m", "no number of runs"},
		{"same=3", "no budget"},
		{"same:1m=-1", `"-1" is no number`},
		{"same:1m=x", `"x" is no number`},
		{"same:soon=1", `"soon" is no time`},
		{"same:-1m=1", `"-1m" is no time`},
		{"other:1m=1", `"other" is no kind; choose same, rebuilt, package`},
		{"same+3:1m=1", `"3" is no slowdown`},
		{"same+0%:1m=1", `"0%" is no slowdown`},
		{"same+NaN%:1m=1", "is no slowdown"},
		{"package+3%:1m=1", "no worker that could be slowed down"},
		{"same:1m=1,same:60s=2", "same:1m stands twice"},
	} {
		if _, err := parsePlan(test.plan); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.plan, err, test.want)
		}
	}
}

// TestNext takes a share of each goal, goes on with what there is, and begins
// nothing that doesn't fit.
func TestNext(t *testing.T) {
	goals, err := parsePlan("same:1m=10,rebuilt:1m=5,same+3%:5m=2")
	if err != nil {
		t.Fatal(err)
	}
	always := func(cell) bool { return true }
	done := map[cell]int{}
	var order []string
	for {
		g, ok := next(goals, done, always)
		if !ok {
			break
		}
		done[g.cell]++
		order = append(order, g.kind)
		if len(order) == 8 { // about half of each
			if done[goals[0].cell] < 4 || done[goals[1].cell] < 2 || done[goals[2].cell] < 1 {
				t.Errorf("after 8 of 17 runs there are %v", done)
			}
		}
	}
	if len(order) != 17 || missing(goals, done) != 0 {
		t.Errorf("%d runs, %v", len(order), done)
	}
	done = map[cell]int{goals[0].cell: 20, goals[1].cell: 4}
	if n := missing(goals, done); n != 3 {
		t.Errorf("%d are missing, want 3", n)
	}
	g, ok := next(goals, done, func(c cell) bool { return c.budget < 5*time.Minute })
	if !ok || g != goals[1] {
		t.Errorf("%v, %v comes next", g, ok)
	}
}

// TestUsage refuses command lines, and helps.
func TestUsage(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"-nonsense", "-h shows the flags"},
		{"x", "takes no argument"},
		{"-for -1m", "no time"},
		{"-pool 2", "-pool 2"},
		{"-pool -1", "-pool -1"},
		{"-format xml", `-format "xml"`},
		{"-analyse -status", "exclude each other"},
		{"-plan same", "-plan"},
		{"-analyse -data nowhere/data.jsonl", "nowhere"},
	} {
		var out, errs bytes.Buffer
		if code := Run(strings.Fields(test.args), &out, &errs); code != 2 || !strings.Contains(errs.String(), test.want) || out.Len() > 0 {
			t.Errorf("%s: %d, %s%s, want %q", test.args, code, errs.String(), out.String(), test.want)
		}
	}
	var out, errs bytes.Buffer
	if code := Run([]string{"-h"}, &out, &errs); code != 0 || !strings.Contains(out.String(), "-plan") || errs.Len() > 0 {
		t.Errorf("-h: %d, %s%s", code, out.String(), errs.String())
	}
}
