package turns

import (
	"os"
	"os/exec"
	"testing"
)

// TestKilled kills the measuring process, which then can't clean up. The
// processes that it measures must die with it, stopped or not.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), standInVariable+"=1", roundVariable+"=BenchmarkStamps", logVariable+"="+dir)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	there(dir, 2)
	cmd.Process.Kill()
	cmd.Wait()
	gone(t, dir, 2)
}
