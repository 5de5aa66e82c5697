package calibrate

import (
	"encoding/json"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threadbench/scripts/internal/gate"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
)

var machineA = map[string]string{"goos": "linux", "goarch": "amd64", "cpu": "A", "cpus": "2", "virt": "kvm", "kernel": "6.1", "go": "go1.26"}

func newSession() *session {
	return &session{Version: version, Begun: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Commit: "abc", Alpha: 0.01, Margin: 0.01, Config: machineA}
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
func (w world) simulate(t *testing.T, cell cell, rounds int) *trial {
	t.Helper()
	var rows []verdict.Row
	for _, name := range names {
		all := w.run*w.r.NormFloat64() + math.Log1p(cell.Inject)
		row := verdict.Row{Name: name, Unit: "ns/op", Better: "lower"}
		side := func(shift float64) float64 { return 100 * math.Exp(shift+w.round/math.Sqrt2*w.r.NormFloat64()) }
		for range rounds {
			layout, control := w.layout*w.r.NormFloat64(), w.layout*w.r.NormFloat64()
			base, head := side(layout), side(layout+all)
			if cell.Kind == rebuilt {
				head = side(w.layout*w.r.NormFloat64() + all)
			}
			row.Pairs = append(row.Pairs, verdict.Pair{Base: base, Head: head})
			row.Control = append(row.Control, verdict.Pair{Base: base, Head: side(control)})
		}
		rows = append(rows, row)
	}
	report, err := verdict.Judge(rows, verdict.Rules{Alpha: 0.01, Margin: 0.01})
	if err != nil {
		t.Fatal(err)
	}
	r := newTrial(cell, newSession().Begun, &gate.Measured{Report: report, Rounds: rounds, Seed: 1}, nil)
	r.Seconds, r.session = 60, newSession()
	return r
}

// simulated is a file with so many runs of each of some cells, 22 rounds each.
func (w world) simulated(t *testing.T, runs int, cells ...cell) *file {
	t.Helper()
	f := &file{File: job.File{Path: "data.jsonl"}, sessions: []*session{newSession()}}
	for _, c := range cells {
		for range runs {
			f.runs = append(f.runs, w.simulate(t, c, 22))
		}
	}
	return f
}

// said is what the page says, its cells a space apart.
func said(t *testing.T, f *file) string {
	t.Helper()
	var b strings.Builder
	if err := f.page(&b); err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(" +").ReplaceAllString(b.String(), " ")
}

// lines are the rows of the page's tables that begin with these cells.
func lines(t *testing.T, f *file, begin string) string {
	t.Helper()
	var all []string
	for l := range strings.Lines(said(t, f)) {
		if strings.HasPrefix(l, "| "+begin) {
			all = append(all, l)
		}
	}
	return strings.Join(all, "")
}

// TestPage counts what the runs say: no false alarms where there is nothing, a
// slowdown that is found the more the larger it is, and less often where
// layouts differ.
func TestPage(t *testing.T) {
	f := newWorld(0.015, 0, 0.03).simulated(t, 20, cell{same, 0, minute}, cell{rebuilt, 0, minute}, cell{same, 0.02, minute}, cell{same, 0.1, minute})
	f.runs = append(f.runs, &trial{cell: cell{same, 0, minute}, Error: "died"})
	for _, test := range []struct {
		begin, want string
	}{
		{"same:1m | one layout", "| 22 | 0 of 20 | [0%, 16.8%] | 13.9% |"},
		{"same:1m | apart", "| 0 of 20 |"},
		{"rebuilt:1m | apart", "| 0 of 20 |"},
		{"rebuilt:1m | one layout", ""},
		{"same+2%", ""}, // above the margin: nothing false about it
		{names[0] + " | one layout | 1m", "20 of 20 [83.2%, 100%] +"},
	} {
		if got := lines(t, f, test.begin); !strings.Contains(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s: %q, want %q", test.begin, got, test.want)
		}
	}
	answers, err := answersOf(f.runs)
	if err != nil {
		t.Fatal(err)
	}
	type key struct {
		inject float64
		sides  string
	}
	_, of := group(rowsOf(answers), func(r row) key { return key{r.Inject, r.sides} })
	found := func(inject float64, sides string) int { return count(of[key{inject, sides}], row.found).k }
	if found(0.02, apart) >= found(0.02, oneLayout) || found(0.02, oneLayout) >= found(0.1, oneLayout) {
		t.Errorf("2%% was found %d and %d times, 10%% %d times", found(0.02, apart), found(0.02, oneLayout), found(0.1, oneLayout))
	}
	if text := said(t, f); !strings.Contains(text, "81 runs") || !strings.Contains(text, "nothing else: 1.") || strings.Contains(text, "NaN") {
		t.Errorf("it says\n%s", text)
	}
}

// TestFooled has a gate that is fooled: what moves all rounds of a run alike is
// no noise that rounds could show, and the count of false alarms says so.
func TestFooled(t *testing.T) {
	answers, err := answersOf(newWorld(0.01, 0.05, 0).simulated(t, 20, cell{same, 0, minute}).runs)
	if err != nil {
		t.Fatal(err)
	}
	if c := count(answers, (*answer).alarm); c.lower(level) < 0.2 {
		t.Errorf("%v false alarms where every run is off by 5%%", c)
	}
}

// TestInvalidFindsNothing has a control see a difference: then a slowdown isn't
// found, though the figures would show it.
func TestInvalidFindsNothing(t *testing.T) {
	f := newWorld(0.01, 0, 0).simulated(t, 2, cell{same, 0.1, minute})
	f.runs[1].Verdict = verdict.Invalid
	for _, name := range names {
		if got := lines(t, f, name); strings.Count(got, "1 of 2") != 2 {
			t.Errorf("of a valid and an invalid run:\n%s", got)
		}
	}
}

// TestNothingToSay is an error that names the file.
func TestNothingToSay(t *testing.T) {
	for _, f := range []*file{{File: job.File{Path: "x"}}, {File: job.File{Path: "x"}, runs: []*trial{{Error: "died"}}}} {
		if err := f.page(io.Discard); err == nil || !strings.Contains(err.Error(), "x holds no run with a verdict") {
			t.Errorf("%v", err)
		}
	}
	f := newWorld(0.01, 0, 0).simulated(t, 1, cell{same, 0, minute})
	f.sessions = append(f.sessions, &session{Alpha: 0.01, Margin: 0.02})
	if err := f.page(io.Discard); err == nil || !strings.Contains(err.Error(), "margin 0.02") {
		t.Errorf("two margins: %v", err)
	}
}

// TestKept reads back what a run is in JSON, a run without a verdict and
// a torn one included.
func TestKept(t *testing.T) {
	run := newWorld(0.02, 0, 0).simulate(t, cell{same, 0.03, minute}, 12)
	failed := &trial{cell: cell{foreign, 0, 5 * minute}, Begun: newSession().Begun, Seconds: 3, Error: "it died", session: newSession()}
	text := encoded(t, newSession(), run, failed)
	f, err := readFile(write(t, text+`{"run":`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*trial{run, failed}, f.runs, cmp.AllowUnexported(trial{})); diff != "" || len(f.sessions) != 1 || f.Size != int64(len(text)) {
		t.Errorf("%d sessions, %d bytes whole; runs (-kept +read):\n%s", len(f.sessions), f.Size, diff)
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
	whole := encoded(t, newSession(), newWorld(0.02, 0, 0).simulate(t, cell{same, 0, minute}, 10))
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
		if _, err := readFile(path); err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), path+":") {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}
