package host

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"threadbench/bench/lockstep"
)

// TestOnDisk: a folder that a dead worker has left goes, one of a living
// process stays.
func TestOnDisk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	dead, living := filepath.Join(os.TempDir(), diskPrefix+"999999999-1"), filepath.Join(os.TempDir(), diskPrefix+strconv.Itoa(os.Getpid())+"-1")
	for _, dir := range []string{dead, living} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir, err := OnDisk()
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		t.Skip(skip.Reason)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if filepath.Dir(dir) != os.TempDir() {
		t.Skipf("%s is in memory", os.TempDir())
	}
	if _, err := os.Stat(dead); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", dead, err)
	}
	if _, err := os.Stat(living); err != nil {
		t.Error(err)
	}
}
