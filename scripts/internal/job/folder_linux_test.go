package job

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNoexec names a folder that is mounted noexec, leaves nothing there, and
// uses GOTMPDIR instead.
func TestNoexec(t *testing.T) {
	temp := t.TempDir()
	if err := unix.Mount("none", temp, "tmpfs", unix.MS_NOEXEC, ""); err != nil {
		t.Skipf("needs to mount a tmpfs: %v", err)
	}
	defer unix.Unmount(temp, 0)
	t.Setenv("TMPDIR", temp)
	t.Setenv("GOTMPDIR", "")
	dir, _, err := TempFolder()
	if err == nil || !strings.Contains(err.Error(), temp) || !strings.Contains(err.Error(), "noexec: set GOTMPDIR") {
		t.Errorf("%s, %v, want an error that names %s, noexec and GOTMPDIR", dir, err, temp)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	t.Setenv("GOTMPDIR", t.TempDir())
	_, remove, err := TempFolder()
	if err != nil {
		t.Fatal(err)
	}
	remove()
}
