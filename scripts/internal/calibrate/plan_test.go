package calibrate

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

const minute = duration(time.Minute)

// TestPlan reads plans, and names what is wrong with one.
func TestPlan(t *testing.T) {
	goals, err := parsePlan("same:1m=100, rebuilt+2.5%:5m=7,same:90s=0")
	want := []goal{{cell{Kind: "same", Budget: minute}, 100}, {cell{Kind: "rebuilt", Inject: 0.025, Budget: 5 * minute}, 7}, {cell{Kind: "same", Budget: 3 * minute / 2}, 0}}
	if err != nil || len(goals) != len(want) {
		t.Fatalf("%v, %v", goals, err)
	}
	for i, g := range goals {
		if g != want[i] {
			t.Errorf("%+v, want %+v", g, want[i])
		}
	}
	for _, s := range []string{"same:1m", "same+3%:5m", "rebuilt+0.01%:1h", "rebuilt:1m30s"} {
		goals, err := parsePlan(s + "=1")
		if err != nil || goals[0].String() != strings.TrimSuffix(s, "=1") {
			t.Errorf("%s is read as %v, %v", s, goals, err)
		}
	}
	if _, err := parsePlan(defaultPlan); err != nil {
		t.Error(err)
	}
	for _, test := range []struct{ plan, want string }{
		{"", "it is none; each part is KIND"},
		{"same:1m", "it is none"},
		{"same=3", "it is none"},
		{"same:1m=-1", "it is none"},
		{"same:1m=99999999999999999999", "out of range"},
		{"same:soon=1", `"soon" is no time`},
		{"same:-1m=1", `"-1m" is no time`},
		{"other:1m=1", `"other:1m=1": it is none`},
		{"same+3:1m=1", "it is none"},
		{"same+0%:1m=1", "0% is no slowdown"},
		{"same+1.2.3%:1m=1", "1.2.3% is no slowdown"},
		{"same+NaN%:1m=1", "it is none"},
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
	var all []*trial
	add := func(g goal, n int) {
		for range n {
			all = append(all, &trial{cell: g.cell, Seconds: 90})
		}
	}
	always := func(cell) bool { return true }
	for range 8 { // about half of each
		g, _ := next(goals, all, always)
		add(g, 1)
	}
	for i, least := range []int{4, 2, 1} {
		if n := len(done(goals[i].cell, all)); n < least {
			t.Errorf("after 8 of 17 runs there are %d of %v", n, goals[i].cell)
		}
	}
	for range 9 {
		g, _ := next(goals, all, always)
		add(g, 1)
	}
	if g, ok := next(goals, all, always); ok || left(goals, all) != "the plan is done" {
		t.Errorf("after all 17 runs comes %v; %s", g, left(goals, all))
	}
	all = []*trial{{cell: goals[1].cell, Error: "died"}} // which doesn't count
	add(goals[0], 20)
	add(goals[1], 4)
	if got, want := left(goals, all), "the plan lacks rebuilt:1m=1,same+3%:5m=2, about 13m"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if g, ok := next(goals, all, func(c cell) bool { return c.Budget < 5*minute }); !ok || g != goals[1] {
		t.Errorf("%v, %v comes next", g, ok)
	}
}

// TestUsage refuses command lines, and helps.
func TestUsage(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"-nonsense", "-h shows the flags"},
		{"x", "takes no argument"},
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
