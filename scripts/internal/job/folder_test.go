package job

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestSweepFolders removes only what ended processes left behind.
func TestSweepFolders(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("GOTMPDIR", "")
	for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(variable, temp)
	}
	dead := exec.Command(os.Args[0], "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	stale := fmt.Sprintf("threadbench-%d-123", dead.Process.Pid)
	kept := []string{
		fmt.Sprintf("threadbench-%d-123", os.Getpid()),
		"threadbench-1-123", // another user's, which this process may not ask about
		"threadbench-123",
		"threadbench-x-123",
		"threadbench--123",
		fmt.Sprintf("other-%d-123", dead.Process.Pid),
	}
	for _, name := range append(kept, stale) {
		if err := os.MkdirAll(filepath.Join(temp, name, "below"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	SweepFolders()
	slices.Sort(kept)
	entries, err := os.ReadDir(temp)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if err != nil || !slices.Equal(got, kept) {
		t.Errorf("left are %v, %v, want %v", got, err, kept)
	}
}

// TestTempFolder is in GOTMPDIR, else in TMPDIR, and is removed with all its
// content.
func TestTempFolder(t *testing.T) {
	temp, goTemp := t.TempDir(), t.TempDir()
	for _, variable := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(variable, temp)
	}
	for variable, want := range map[string]string{"": temp, goTemp: goTemp} {
		t.Setenv("GOTMPDIR", variable)
		dir, remove, err := TempFolder()
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Dir(dir) != want {
			t.Errorf("with GOTMPDIR %q the folder is %s, want one in %s", variable, dir, want)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("it holds %v, %v, want nothing", left, err)
		}
		if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		remove()
		if left, err := os.ReadDir(want); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}
