package fidelity

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/perf/benchfmt"

	"threadbench/bench"
	"threadbench/bench/lockstep"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		args []string
		says string // "" for none
	}{
		{nil, ""},
		{[]string{"-rounds", "1", "-cpu", "0", "-o", "x", "-format", "json"}, ""},
		{[]string{"-rounds", "0"}, "-rounds 0 is too few; give 1 or more"},
		{[]string{"-rounds", "x"}, `invalid value "x" for flag -rounds`},
		{[]string{"-cpu", "-2"}, "-cpu -2 is none"},
		{[]string{"-format", "csv"}, `-format "csv" is none; choose text or json`},
		{[]string{"-colour"}, "not defined: -colour; -h shows the flags"},
		{[]string{"fast"}, `fidelity takes no argument, "fast" given`},
	} {
		var help bytes.Buffer
		_, err := parse(test.args, &help)
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) || help.Len() > 0 {
			t.Errorf("%q: %v, %q; want %q", test.args, err, &help, test.says)
		}
	}
	var help, stderr bytes.Buffer
	if code := Run([]string{"-h"}, &help, &stderr); code != 0 || stderr.Len() > 0 || !strings.Contains(help.String(), "go run ./scripts/fidelity -o") || !strings.Contains(help.String(), "-rounds") {
		t.Errorf("-h: exit code %d\n%s%s", code, &help, &stderr)
	}
	stderr.Reset()
	if code := Run([]string{"-rounds", "0"}, &help, &stderr); code != 2 || !strings.HasPrefix(stderr.String(), "fidelity: -rounds 0") {
		t.Errorf("-rounds 0: exit code %d, %s", code, &stderr)
	}
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		want      string
	}{
		{0.95, 1.05, "inside"},
		{0.99, 1.01, "inside"},
		{0.949, 1.01, "undecided"},
		{1.01, 1.051, "undecided"},
		{0.9, 1.1, "undecided"},
		{1.049, 1.06, "undecided"},
		{1.051, 1.06, "outside"},
		{0.9, 0.949, "outside"},
	} {
		if got := (Row{Low: test.low, High: test.high, Interval: true, Bound: 0.05}).verdict(); got != test.want {
			t.Errorf("[%v, %v] within 1 ± 0.05: %s, want %s", test.low, test.high, got, test.want)
		}
	}
	if got := (Row{Low: 1, High: 1, Bound: 0.05}).verdict(); got != "undecided" {
		t.Errorf("without an interval: %s", got)
	}
	if got := (Row{Low: 2, High: 3, Interval: true}).verdict(); got != "" {
		t.Errorf("where nothing is expected: %s", got)
	}
}

// canned is a group whose measurements are given: of each round, the windows
// of its arms.
func canned(rounds ...[]lockstep.Result) *group {
	next := 0
	one := []bench.Evidence{{Count: "kernel-switches", Rate: 1, RateTolerance: 0.1}}
	return &group{
		title: "Canned switch", of: "Switch/impl=clone/via=futex/place=same", what: "One op is one switch.",
		arms: []arm{{name: "Go", wants: one, layouts: []string{"go-1", "go-2"}}, {name: "plain C", wants: one}, {name: "Go", wants: one}},
		rows: []*row{{of: 0, over: 1, bound: 0.05}, {of: 2, over: 0}},
		measure: func(_ context.Context, specs []lockstep.Spec) ([]lockstep.Result, error) {
			if want := []string{"go-1", "go-2"}[next%2]; specs[0].Path != want || specs[1].Path != "" {
				return nil, errors.New("measured in layout " + specs[0].Path)
			}
			next++
			return rounds[next-1], nil
		},
	}
}

// took is what an arm measured that took so long per op in each window, with
// so many switches for 1,000 ops.
func took(switches int64, nanoseconds ...float64) lockstep.Result {
	return lockstep.Result{Windows: nanoseconds, Ops: 1000, Counts: map[string]int64{"kernel-switches": switches}}
}

func TestRounds(t *testing.T) {
	died := lockstep.Result{Err: &lockstep.WorkerError{What: "the worker died: killed"}}
	g := canned(
		[]lockstep.Result{took(1000, 2100, 2000, 2200), took(1000, 2000, 2000, 2000), took(1000, 2100, 2000, 2200)},
		[]lockstep.Result{took(1000, 2000), took(2000, 2000), took(1000, 2020)}, // C made two switches for one
		[]lockstep.Result{took(1000, 2000), took(1000, 2000), died},
		[]lockstep.Result{took(1000, 2040), took(1000, 2000), took(1000)},
	)
	for round := 1; round <= 4; round++ {
		if err := g.round(t.Context(), round); err != nil {
			t.Fatal(err)
		}
	}
	r := report([]group{*g}, 4)
	want := Report{Rounds: 4, Groups: []Group{{
		Title: "Canned switch", What: "One op is one switch.", Case: "Switch/impl=clone/via=futex/place=same",
		Rows: []Row{
			{Of: "Go", Over: "plain C", Ratio: 1.02, Rounds: 3, Bound: 0.05, Verdict: "undecided", OfNS: 2040, OverNS: 2000,
				Missing: []string{"plain C: expected 1000 kernel-switches of 1000 ops, give or take 100; seen 2000"}},
			{Of: "Go", Over: "Go", Ratio: 1.005, Rounds: 2, OfNS: 2060, OverNS: 2050,
				Missing: []string{"Go: the worker died: killed", "Go and Go have no lap in common"}},
		},
	}}}
	if d := cmp.Diff(want, r); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}

	skipped := canned([]lockstep.Result{{Err: lockstep.Skipf("no room")}, took(1000, 1), took(1000, 1)})
	if err := skipped.round(t.Context(), 1); err != nil || skipped.leftOut != "no room" {
		t.Errorf("of an arm that can't be measured here: %v, left out for %q", err, skipped.leftOut)
	}
	if err := skipped.round(t.Context(), 2); err != nil {
		t.Errorf("a group that is left out is measured: %v", err)
	}
}

func TestText(t *testing.T) {
	r := Report{Rounds: 30, Groups: []Group{
		{Title: "Futex switch", Case: "Switch/impl=clone/via=futex/place=same", What: "One op is one switch.", Rows: []Row{
			{Of: "Go", Over: "C", Ratio: 0.9984, Low: 0.98, High: 1.0104, Interval: true, Rounds: 30, Bound: 0.05, Verdict: "inside", OfNS: 1840, OverNS: 1850},
			{Of: "C", Over: "C", Ratio: 1.2, Rounds: 2, OfNS: 999, OverNS: 26000000},
			{Of: "Go", Over: "Go", Missing: []string{"Go: died", "Go: hung"}},
		}},
		{Title: "Pipe", Case: "Switch/impl=clone/via=pipe/place=same", What: strings.Repeat("word ", 21), LeftOut: "perf is not in PATH"},
	}}
	var b strings.Builder
	if err := r.text(&b); err != nil {
		t.Fatal(err)
	}
	want := `Each ratio is the median over 30 rounds of fresh processes, read off the same laps, with the 95% interval
of that median. inside and outside say it of the whole interval.

Futex switch (Switch/impl=clone/via=futex/place=same)
  One op is one switch.
                  ratio  95% interval    rounds  expected  is      times per op
  Go over C       0.998  [0.980, 1.010]  30      1 ± 0.05  inside  1.840µs, 1.850µs
  C over itself   1.200  –               2                         999.0ns, 26.00ms
  Go over itself  –      –               0                         –
  Go over Go: no ratio in 2 of 30 rounds; the last one: Go: hung

Pipe (Switch/impl=clone/via=pipe/place=same)
  word word word word word word word word word word word word word word word word word word word
  word word
  left out: perf is not in PATH
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("text (-want +got):\n%s", d)
	}
	if err := r.unmeasured(); err == nil || !strings.Contains(err.Error(), "no ratio in any round of Futex switch: Go over Go;") {
		t.Errorf("unmeasured: %v", err)
	}
	if err := (Report{Groups: r.Groups[1:]}).unmeasured(); err != nil {
		t.Errorf("what is left out is unmeasured: %v", err)
	}

	var text bytes.Buffer
	if err := r.json(&text); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, back); d != "" {
		t.Errorf("JSON, read back (-want +got):\n%s", d)
	}
}

// TestLines keeps rounds, of which one has no ratio in the first row.
func TestLines(t *testing.T) {
	g := canned(
		[]lockstep.Result{took(1000, 2000), took(0, 2000), took(1000, 2000)},
		[]lockstep.Result{took(1000, 2000), took(1000, 1000), took(1000, 3000)},
	)
	var text strings.Builder
	for round := 1; round <= 2; round++ {
		if err := g.round(t.Context(), round); err != nil {
			t.Fatal(err)
		}
		text.WriteString(lines([]group{*g}))
	}
	var got []string
	for r := benchfmt.NewReader(strings.NewReader(text.String()), "rounds"); r.Scan(); {
		result, ok := r.Result().(*benchfmt.Result)
		if !ok {
			t.Fatalf("%v in\n%s", r.Result(), &text)
		}
		got = append(got, string(result.Name))
		if _, ok := result.Value("x-ratio"); !ok || len(result.Values) != 3 {
			t.Errorf("%s has the values %v", result.Name, result.Values)
		}
	}
	const of = "Switch/impl=clone/via=futex/place=same/of=Go/over="
	if d := cmp.Diff([]string{of + "Go", of + "plainC", of + "Go"}, got); d != "" {
		t.Errorf("lines (-want +got):\n%s", d)
	}
}

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rounds.txt")
	f, err := create(path, []byte("driver: lockstep\n"))
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	if text, err := os.ReadFile(path); err != nil || string(text) != "driver: lockstep\n" {
		t.Errorf("it begins with %q, %v", text, err)
	}
	if _, err := create(path, nil); err == nil || !strings.Contains(err.Error(), "the file exists; choose another with -o") {
		t.Errorf("a file that is there: %v", err)
	}
	if _, err := create(filepath.Join(path, "below"), nil); err == nil {
		t.Error("made in a file")
	}
}
