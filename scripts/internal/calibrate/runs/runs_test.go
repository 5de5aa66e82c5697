package runs

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threadbench/scripts/internal/gate/verdict"
)

const minute = Duration(time.Minute)

var machineA = map[string]string{"goos": "linux", "goarch": "amd64", "cpu": "A", "cpus": "2", "virt": "kvm", "kernel": "6.1", "go": "go1.26"}

func newSession() *Session {
	return &Session{Version: Version, Begun: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Commit: "abc", Alpha: 0.01, Margin: 0.01, Config: machineA}
}

// A world is where runs are simulated, by standard deviations of logarithms.
type world struct {
	r      *rand.Rand
	round  float64 // of head/base in one layout, from round to round
	run    float64 // of what all rounds of a run have alike
	layout float64 // of a layout's effect on one side
}

func newWorld(round, run, layout float64) world {
	return world{rand.New(rand.NewPCG(3, 4)), round, run, layout}
}

var names = []string{"Create/impl=goroutine", "Switch/impl=clone"}

// simulate is a run, its verdict the gate's own.
func (w world) simulate(t *testing.T, cell Cell, rounds int) *Run {
	t.Helper()
	r := &Run{Cell: cell, Begun: newSession().Begun, Seconds: 60, Rounds: rounds, Pool: 8, Seed: 1, Session: newSession()}
	var rows []verdict.Row
	for _, name := range names {
		all := w.run*w.r.NormFloat64() + math.Log1p(cell.Inject)
		row := verdict.Row{Name: name, Unit: "ns/op", Better: "lower"}
		side := func(shift float64) float64 { return 100 * math.Exp(shift+w.round/math.Sqrt2*w.r.NormFloat64()) }
		for i := range rounds {
			layout, control := w.layout*w.r.NormFloat64(), w.layout*w.r.NormFloat64()
			base, head := side(layout), side(layout+all)
			if cell.Kind == Rebuilt {
				head = side(w.layout*w.r.NormFloat64() + all)
			}
			row.Pairs = append(row.Pairs, verdict.Pair{Round: i + 1, Base: base, Head: head})
			row.Control = append(row.Control, verdict.Pair{Round: i + 1, Base: base, Head: side(control)})
		}
		rows = append(rows, row)
	}
	report, err := verdict.Judge(rows, verdict.Rules{Alpha: 0.01, Margin: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	r.Verdict = report.Verdict
	for _, res := range report.Rows {
		r.Rows = append(r.Rows, NewRow(res))
	}
	return r
}

// simulated is a file with so many runs of each of some cells, 22 rounds each.
func (w world) simulated(t *testing.T, runs int, cells ...Cell) *File {
	t.Helper()
	f := &File{Name: "data.jsonl", Sessions: []*Session{newSession()}}
	for _, c := range cells {
		for range runs {
			f.Runs = append(f.Runs, w.simulate(t, c, 22))
		}
	}
	return f
}

// lines are the table's rows that begin with these cells, as text.
func lines(t *testing.T, f *File, table int, begin string) string {
	t.Helper()
	p, err := f.Page()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, row := range p.Tables[table].Rows[1:] {
		if l := strings.Join(row, " | "); strings.HasPrefix(l, begin) {
			all = append(all, l)
		}
	}
	return strings.Join(all, "\n")
}

// TestPage counts what the runs say: no false alarms where there is nothing, a
// slowdown that is found the more the larger it is, and less often where
// layouts differ.
func TestPage(t *testing.T) {
	f := newWorld(0.015, 0, 0.03).simulated(t, 20, Cell{Same, 0, minute}, Cell{Rebuilt, 0, minute}, Cell{Same, 0.02, minute}, Cell{Same, 0.1, minute})
	f.Runs = append(f.Runs, &Run{Cell: Cell{Same, 0, minute}, Error: "died"})
	for _, test := range []struct {
		table       int
		begin, want string
	}{
		{0, "same:1m | one layout", "| 22 | 0 of 20 | [0%, 16.8%] | 13.9% |"},
		{0, "same:1m | apart", "| 0 of 20 |"},
		{0, "rebuilt:1m | apart", "| 0 of 20 |"},
		{0, "rebuilt:1m | one layout", ""},
		{0, "same+2%", ""}, // above the margin: nothing false about it
		{1, names[0] + " | one layout | 1m", "20 of 20 [83.2%, 100%] +"},
	} {
		if got := lines(t, f, test.table, test.begin); !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("table %d, %s: %q, want %q", test.table, test.begin, got, test.want)
		}
	}
	answers, err := answersOf(f.Runs)
	if err != nil {
		t.Fatal(err)
	}
	type key struct {
		inject float64
		apart  bool
	}
	_, of := group(rowsOf(answers), func(r row) key { return key{r.Inject, r.apart} })
	found := func(inject float64, apart bool) int { return count(of[key{inject, apart}], row.found).K }
	if found(0.02, true) >= found(0.02, false) || found(0.02, false) >= found(0.1, false) {
		t.Errorf("2%% was found %d and %d times, 10%% %d times", found(0.02, true), found(0.02, false), found(0.1, false))
	}
	p, err := f.Page()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := p.Write(&b); err != nil || !strings.Contains(p.Source, "81 runs") || !strings.Contains(b.String(), "nothing else: 1.") || strings.Contains(b.String(), "NaN") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

// TestFooled has a gate that is fooled: what moves all rounds of a run alike is
// no noise that rounds could show, and the count of false alarms says so.
func TestFooled(t *testing.T) {
	answers, err := answersOf(newWorld(0.01, 0.05, 0).simulated(t, 20, Cell{Same, 0, minute}).Runs)
	if err != nil {
		t.Fatal(err)
	}
	if c := count(answers, (*answer).alarm); c.Lower(level) < 0.2 {
		t.Errorf("%v false alarms where every run is off by 5%%", c)
	}
}

// TestInvalidFindsNothing has a control see a difference: then a slowdown isn't
// found, though the figures would show it.
func TestInvalidFindsNothing(t *testing.T) {
	f := newWorld(0.01, 0, 0).simulated(t, 2, Cell{Same, 0.1, minute})
	f.Runs[1].Verdict = verdict.Invalid
	for _, name := range names {
		if got := lines(t, f, 0, name); strings.Count(got, "1 of 2") != 2 {
			t.Errorf("of a valid and an invalid run:\n%s", got)
		}
	}
}

// TestNothingToSay is an error that names the file.
func TestNothingToSay(t *testing.T) {
	for _, f := range []*File{{Name: "x"}, {Name: "x", Runs: []*Run{{Error: "died"}}}} {
		if _, err := f.Page(); err == nil || !strings.Contains(err.Error(), "x holds no run with a verdict") {
			t.Errorf("%v", err)
		}
	}
	f := newWorld(0.01, 0, 0).simulated(t, 1, Cell{Same, 0, minute})
	f.Sessions = append(f.Sessions, &Session{Alpha: 0.01, Margin: 0.02})
	if _, err := f.Page(); err == nil || !strings.Contains(err.Error(), "margin 0.02") {
		t.Errorf("two margins: %v", err)
	}
}

// TestWorth says of a run what runs like it were, and nothing of others.
func TestWorth(t *testing.T) {
	f := newWorld(0.015, 0, 0.02).simulated(t, 20, Cell{Same, 0, minute}, Cell{Rebuilt, 0, minute}, Cell{Same, 0.1, minute})
	rules := verdict.Rules{Alpha: 0.01, Margin: 0.01}
	rows := []verdict.Row{{Name: names[0], Unit: "ns/op"}, {Name: names[1], Unit: "ns/op"}}
	elsewhere := map[string]string{"cpu": "A", "kernel": "6.2"}
	for _, test := range []struct {
		config map[string]string
		rules  verdict.Rules
		rows   []verdict.Row
		rounds int
		apart  bool
		want   string
	}{
		{machineA, rules, rows, 25, false, "What such a run is worth on this machine (data.jsonl): with nothing changed, 0 of 20 said regression (at most 13.9% do, at 95%); of the slowdowns injected it found, in the row where it finds the least, +10% in 20 of 20."},
		{machineA, rules, rows, 25, true, "0 of 40 said regression (at most 7.22% do"},
		{elsewhere, rules, rows, 22, false, "another machine's (kernel 6.1, here 6.2)"},
		{machineA, verdict.Rules{Alpha: 0.01, Margin: 0.02}, rows, 22, false, "this margin"},
		{machineA, rules, rows[:1], 22, false, "no runs of these rows"},
		{machineA, rules, rows, 110, false, "about 110 rounds"},
	} {
		text, known, err := f.Worth(test.config, test.rules, test.rows, test.rounds, test.apart)
		if err != nil || known != strings.Contains(test.want, "said regression") || !strings.Contains(text, test.want) {
			t.Errorf("%q, %v, %v; want %q", text, known, err, test.want)
		}
	}
}

// TestKept reads back what a run is in JSON, a run without a verdict and
// a torn one included.
func TestKept(t *testing.T) {
	run := newWorld(0.02, 0, 0).simulate(t, Cell{Same, 0.03, minute}, 12)
	failed := &Run{Cell: Cell{Package, 0, 5 * minute}, Begun: newSession().Begun, Seconds: 3, Error: "it died", Session: newSession()}
	text := encoded(t, newSession(), run, failed)
	f, err := ReadFile(write(t, text+`{"run":`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*Run{run, failed}, f.Runs); diff != "" || len(f.Sessions) != 1 || f.Torn != 7 {
		t.Errorf("%d sessions, %d bytes torn; runs (-kept +read):\n%s", len(f.Sessions), f.Torn, diff)
	}
}

// encoded are lines of a data file.
func encoded(t *testing.T, values ...any) string {
	t.Helper()
	var b strings.Builder
	for _, v := range values {
		if err := json.NewEncoder(&b).Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// write is the path of a file with the text.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data.jsonl")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestMalformed names the line of what can't be read.
func TestMalformed(t *testing.T) {
	whole := encoded(t, newSession(), newWorld(0.02, 0, 0).simulate(t, Cell{Same, 0, minute}, 10))
	for _, test := range []struct{ name, text, want string }{
		{"no session", whole[strings.Index(whole, "\n")+1:], ":1: not calibration data"},
		{"blank", whole + "\n", ":3:"},
		{"another version", strings.Replace(whole, `{"calibration":1`, `{"calibration":2`, 1), ":1: calibration data of version 2"},
		{"a kind", strings.Replace(whole, `"run":"same"`, `"run":"other"`, 1), `"other"`},
		{"a budget", strings.Replace(whole, `"budget":"1m"`, `"budget":"-1m"`, 1), "budget -1m"},
		{"some arms", strings.Replace(whole, `"control":[`, `"control":[1,`, 1), "10, 10 and 11 figures"},
		{"no rows", strings.Replace(whole, `"rows"`, `"lines"`, 1), "0 rows"},
		{"binary", "\x00\x01\n", ":1:"},
	} {
		path := write(t, test.text)
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), path+":") {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}
