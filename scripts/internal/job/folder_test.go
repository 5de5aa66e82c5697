package job

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
)

// TestSweepFolders leaves alone what no process that has ended left behind.
func TestSweepFolders(t *testing.T) {
	temp := t.TempDir()
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
		"threadbench-1-123", // somebody else's, whom this process may not ask after
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
