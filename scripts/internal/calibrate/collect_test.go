package calibrate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"threadbench/scripts/internal/job"
)

var (
	machineB = map[string]string{"cpu": "B"}
	own      = &session{Version: version, Alpha: 0.01, Margin: 0.01, Config: machineB}
	died     = &trial{cell: cell{Kind: same, Budget: minute}, Error: "it died"}
)

// begin makes a data file with these runs.
func begin(t *testing.T, path string, runs ...*trial) {
	t.Helper()
	f := &file{File: job.File{Path: path}}
	if err := f.keep(own); err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if err := f.keep(r); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTorn cuts a file within its last line: going on makes the file whole.
func TestTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.jsonl")
	begin(t, path, died, died)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := strings.LastIndexByte(string(text[:len(text)-1]), '\n') + 1
	for cut := last; cut < len(text); cut++ {
		if err := os.WriteFile(path, text[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := resume(path, machineB)
		if err != nil || len(f.runs) != 1 || f.Size != int64(last) {
			t.Fatalf("cut at byte %d of the last line: %v, %+v", cut-last, err, f)
		}
		if err := errors.Join(f.keep(own), f.keep(died)); err != nil {
			t.Fatal(err)
		}
		if f, err := readFile(path); err != nil || len(f.runs) != 2 || len(f.sessions) != 2 {
			t.Errorf("gone on after a cut: %v, %+v", err, f)
		}
	}
}

// TestResume refuses what would mix two machines' data, and what can't be
// written, before anything is measured.
func TestResume(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.jsonl")
	if f, err := resume(path, machineB); err != nil || len(f.runs) != 0 {
		t.Errorf("no file yet: %v", err)
	}
	begin(t, path, died)
	if _, err := resume(path, map[string]string{"cpu": "C"}); err == nil || !strings.Contains(err.Error(), `its cpu is "B", here it is "C"`) {
		t.Errorf("another machine: %v", err)
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none", "data.jsonl")} {
		if _, err := resume(path, machineB); err == nil {
			t.Errorf("%s was taken for a file", path)
		}
	}
}
