package calibrate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"threadbench/scripts/internal/calibrate/runs"
)

var (
	here = map[string]string{"cpu": "A"}
	own  = &runs.Session{Version: runs.Version, Alpha: 0.01, Margin: 0.01, Config: here}
	died = &runs.Run{Cell: runs.Cell{Kind: runs.Same, Budget: minute}, Error: "it died"}
)

// TestTorn cuts a file within its last line: going on makes the file whole.
func TestTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.jsonl")
	if err := keep(path, own, died, died); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := strings.LastIndexByte(string(text[:len(text)-1]), '\n') + 1
	for cut := last; cut < len(text); cut++ {
		if err := os.WriteFile(path, text[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		if f, err := resume(path, here); err != nil || len(f.Runs) != 1 || f.Torn != cut-last {
			t.Fatalf("cut at byte %d of the last line: %v, %+v", cut-last, err, f)
		}
		if err := keep(path, own, died); err != nil {
			t.Fatal(err)
		}
		if f, err := runs.ReadFile(path); err != nil || len(f.Runs) != 2 || len(f.Sessions) != 2 || f.Torn != 0 {
			t.Errorf("gone on after a cut: %v, %+v", err, f)
		}
	}
}

// TestResume refuses what would mix two machines' data, and what can't be
// written, before anything is measured.
func TestResume(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data.jsonl")
	if f, err := resume(path, here); err != nil || len(f.Runs) != 0 {
		t.Errorf("no file yet: %v", err)
	}
	if err := keep(path, own, died); err != nil {
		t.Fatal(err)
	}
	if _, err := resume(path, map[string]string{"cpu": "B"}); err == nil || !strings.Contains(err.Error(), `its cpu is "A", here it is "B"`) {
		t.Errorf("another machine: %v", err)
	}
	for _, path := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none", "data.jsonl")} {
		if _, err := resume(path, here); err == nil {
			t.Errorf("%s was taken for a file", path)
		}
	}
}
