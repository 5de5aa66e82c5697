package calibrate

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"threadbench/scripts/internal/gate"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
)

// onMachine is a session on a machine.
func onMachine(cpu string) *session {
	return &session{Version: version, Begun: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Commit: "abc", Subjects: map[string]string{own: "gate", "toml": "example.com/toml@v1 -pkg ."},
		Config: map[string]string{"goos": "linux", "goarch": "amd64", "cpu": cpu, "cpus": "2", "virt": "kvm", "kernel": "6.1", "go": "go1.26"}}
}

// begin makes a data file of machine A's with these runs.
func begin(t *testing.T, runs ...*trial) *file {
	t.Helper()
	f := &file{File: job.File{Path: filepath.Join(t.TempDir(), "data.jsonl")}}
	if err := f.keep(onMachine("A")); err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if err := f.keep(r); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// died is a run without a verdict.
var died = &trial{Cell: cell{subject: own}, Seconds: 3, Error: "it died"}

// TestKept reads back what is kept of a run of the gate.
func TestKept(t *testing.T) {
	got := &gate.Measured{Seed: 5, Disturbance: "steal=1.00%", Rules: verdict.Rules{Alpha: 0.01, Margin: 0.03}, Report: &verdict.Report{Verdict: verdict.Regression, Rows: []verdict.Result{
		{Row: verdict.Row{Name: "A", Unit: "ns/op", Better: "lower"}, Verdict: verdict.Regression, Change: verdict.Change{Rounds: [2]int{8, 8}, Ratio: 1.1234567, Low: 1.1, High: 1.15, Spread: 0.02}},
		{Row: verdict.Row{Name: "A", Unit: "MB/s", Better: "higher"}, Verdict: verdict.Pass, Change: verdict.Change{Rounds: [2]int{12, 12}, Ratio: 1, Low: 0.98, High: 1.01, Spread: math.Inf(1)}},
		{Row: verdict.Row{Name: "A", Unit: "allocs/op", Better: "lower"}, Verdict: verdict.Pass, Counted: true, Change: verdict.Change{Rounds: [2]int{8, 8}, Ratio: math.NaN(), Low: 1, High: 1}},
		{Row: verdict.Row{Name: "B", Unit: "ns/op", Better: "lower"}, Verdict: "inconclusive", Change: verdict.Change{Rounds: [2]int{2, 2}, Ratio: 1.01, Low: 0, High: math.Inf(1), Spread: 0.1}},
		{Row: verdict.Row{Name: "B", Unit: "faults/op"}},
	}}}
	c := cell{own, 0.01, 0.05}
	run := newTrial(c, true, time.Now(), got, nil)
	if run.Cell != c || !run.Apart || run.Verdict != verdict.Regression || run.Seed != 5 || run.Margin != 0.03 || run.Alpha != 0.01 || run.Disturbance != got.Disturbance {
		t.Errorf("%+v", run)
	}
	want := []row{
		{Name: "A", Unit: "ns/op", Verdict: verdict.Regression, Rounds: 8, Ratio: 1.1235, Low: 1.1, High: 1.15, Most: 0.15, Spread: 0.02},
		{Name: "A", Unit: "MB/s", Verdict: verdict.Pass, Rounds: 12, Ratio: 1, Low: 0.98, High: 1.01, Most: 0.020408},
		{Name: "A", Unit: "allocs/op", Verdict: verdict.Pass, Rounds: 8},
		{Name: "B", Unit: "ns/op", Verdict: "inconclusive", Rounds: 2, Ratio: 1.01, Spread: 0.1},
	}
	if diff := cmp.Diff(want, run.Rows); diff != "" {
		t.Errorf("rows (-want +kept):\n%s", diff)
	}
	failed := newTrial(c, false, time.Now(), &gate.Measured{}, errors.New("it died"))
	kept := begin(t, run, failed)
	text, err := os.ReadFile(kept.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept.Path, append(text, `{"run":`...), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := readFile(kept.Path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*trial{run, failed}, f.runs, cmp.AllowUnexported(cell{}), cmpopts.IgnoreFields(trial{}, "on")); diff != "" || len(f.sessions) != 1 || f.Size != int64(len(text)) {
		t.Errorf("%d sessions, %d bytes whole; runs (-kept +read):\n%s", len(f.sessions), f.Size, diff)
	}
}

// TestMalformed names the line that can't be read.
func TestMalformed(t *testing.T) {
	f := begin(t, &trial{Cell: cell{own, 0, 0.05}, Verdict: verdict.Pass, Rows: []row{{Name: "A"}}})
	text, err := os.ReadFile(f.Path)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(text)
	for _, test := range []struct{ name, text, want string }{
		{"no session", whole[strings.Index(whole, "\n")+1:], ":1: not calibration data"},
		{"blank", whole + "\n", ":3:"},
		{"an older version", strings.Replace(whole, `{"calibration":2`, `{"calibration":1`, 1), ":1: calibration data of version 1, of another gate"},
		{"a cell", strings.Replace(whole, `"run":"own+5%"`, `"run":"other"`, 1), `"other" is no subject`},
		{"no cell", strings.Replace(whole, `"run"`, `"walk"`, 1), `a run ""`},
		{"no verdict", strings.Replace(whole, `"verdict":"pass"`, `"said":"pass"`, 1), "neither a verdict nor an error"},
		{"binary", "\x00\x01\n", ":1:"},
	} {
		path := filepath.Join(t.TempDir(), "data.jsonl")
		if err := os.WriteFile(path, []byte(test.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := readFile(path); err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), path+":") {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

// TestTorn cuts a file within its last line: going on makes the file whole.
func TestTorn(t *testing.T) {
	path := begin(t, died, died).Path
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := strings.LastIndexByte(string(text[:len(text)-1]), '\n') + 1
	for cut := last; cut < len(text); cut++ {
		if err := os.WriteFile(path, text[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := resume(path, onMachine("A"))
		if err != nil || len(f.runs) != 1 || f.Size != int64(last) {
			t.Fatalf("cut at byte %d of the last line: %v, %+v", cut-last, err, f)
		}
		if err := errors.Join(f.keep(onMachine("A")), f.keep(died)); err != nil {
			t.Fatal(err)
		}
		if f, err := readFile(path); err != nil || len(f.runs) != 2 || len(f.sessions) != 2 {
			t.Errorf("gone on after a cut: %v, %+v", err, f)
		}
	}
}

// TestResume refuses to mix data, and files that can't be written, before
// anything is measured.
func TestResume(t *testing.T) {
	if f, err := resume(filepath.Join(t.TempDir(), "data.jsonl"), onMachine("A")); err != nil || len(f.runs) != 0 {
		t.Errorf("no file yet: %v", err)
	}
	path := begin(t, died).Path
	if _, err := resume(path, onMachine("B")); err != nil {
		t.Errorf("another machine: %v", err)
	}
	newer := onMachine("A")
	newer.Subjects["toml"] = "example.com/toml@v2 -pkg ."
	if _, err := resume(path, newer); err == nil || !strings.Contains(err.Error(), "other foreign packages") {
		t.Errorf("another package: %v", err)
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none", "data.jsonl")} {
		if _, err := resume(path, onMachine("A")); err == nil {
			t.Errorf("%s was taken for a file", path)
		}
	}
}
