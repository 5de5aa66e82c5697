package calibrate

import (
	"bytes"
	"strings"
	"testing"
)

// TestPlan reads plans, and names what is wrong with one.
func TestPlan(t *testing.T) {
	goals, err := parsePlan("own=100, own@1%+2.5%=7,xxhash+5%=0")
	want := []goal{{cell{own, 0, 0}, 100}, {cell{own, 0.01, 0.025}, 7}, {cell{"xxhash", 0, 0.05}, 0}}
	if err != nil || len(goals) != len(want) {
		t.Fatalf("%v, %v", goals, err)
	}
	for i, g := range goals {
		if g != want[i] {
			t.Errorf("%+v, want %+v", g, want[i])
		}
	}
	for _, s := range []string{"own", "own+3%", "own@0.5%", "toml@1%+10%"} {
		goals, err := parsePlan(s + "=1")
		if err != nil || goals[0].String() != s {
			t.Errorf("%s is read as %v, %v", s, goals, err)
		}
	}
	goals, err = parsePlan(defaultPlan)
	if err != nil {
		t.Error(err)
	}
	for _, s := range subjects {
		for _, inject := range []float64{0, 0.05, 0.1} {
			n := 0
			for _, g := range goals {
				if g.cell == (cell{s.name, 0, inject}) {
					n = g.runs
				}
			}
			if n < 10 {
				t.Errorf("the default plan has %d of %v", n, cell{s.name, 0, inject})
			}
		}
	}
	for _, test := range []struct{ plan, want string }{
		{"", "it is no SUBJECT"},
		{"own", `"" is no number of runs`},
		{"own=-1", `"-1" is no number of runs`},
		{"own=99999999999999999999", "is no number of runs"},
		{"other=1", `"other" is no subject; choose one of own, xxhash, toml, btree`},
		{"own+3=1", "it is no SUBJECT"},
		{"own+0%=1", "0% is no percentage from 0.01% to 100%"},
		{"own@1.2.3%=1", "1.2.3% is no percentage"},
		{"own+NaN%=1", "it is no SUBJECT"},
		{"toml+3%=1", "can't be slowed down by 3%, only by 1/N"},
		{"own=1,own=2", "own stands twice"},
	} {
		if _, err := parsePlan(test.plan); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.plan, err, test.want)
		}
	}
}

// TestNext takes a share of each goal, counts earlier runs, and begins nothing
// that doesn't fit.
func TestNext(t *testing.T) {
	goals, err := parsePlan("own=10,xxhash=5,own+5%=2")
	if err != nil {
		t.Fatal(err)
	}
	var all []*trial
	add := func(g goal, n int) {
		for range n {
			all = append(all, &trial{Cell: g.cell, Seconds: 90})
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
	all = []*trial{{Cell: goals[1].cell, Error: "died"}} // which doesn't count
	add(goals[0], 20)
	add(goals[1], 3)
	all[len(all)-1].Seconds = 240
	if got, want := left(goals, all), "the plan lacks xxhash=2,own+5%=2, about 17m"; got != want { // 2 of 140 s, 2 of unknown length
		t.Errorf("%q, want %q", got, want)
	}
	if g, ok := next(goals, all, func(c cell) bool { return expected(c, all) < unknown }); !ok || g != goals[1] {
		t.Errorf("%v, %v comes next", g, ok)
	}
}

// TestApart gives head layouts of its own in every other unchanged run, and in
// all slower ones.
func TestApart(t *testing.T) {
	var all []*trial
	for i := range 6 {
		c := cell{subject: own}
		if got := c.apart(all); got != (i%2 == 1) {
			t.Errorf("run %d: %v", i+1, got)
		}
		if !(cell{subject: own, inject: 0.05}).apart(all) {
			t.Error("a slower head is linked in base's layout")
		}
		all = append(all, &trial{Cell: c}, &trial{Cell: c, Error: "died"}, &trial{Cell: cell{subject: "toml"}})
	}
}

// TestUsage refuses command lines, and helps.
func TestUsage(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"-nonsense", "-h shows the flags"},
		{"x", "takes no argument"},
		{"-plan own", "-plan"},
		{"-o page.html", "ends in .md"},
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
	for _, s := range subjects {
		if !strings.Contains(out.String(), "\n  "+s.name+" ") {
			t.Errorf("-h doesn't name %s", s.name)
		}
	}
}
