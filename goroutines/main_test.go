package goroutines

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// The main goroutine keeps the main thread. A locked goroutine that exited on it
// would leave it wedged (runtime/proc.go, mexit), and tests wait for a task's
// thread to end.
func init() { runtime.LockOSThread() }

// TestMain fails a run that leaves a goroutine or a descriptor behind.
func TestMain(m *testing.M) {
	// The runtime's poller keeps two descriptors from its first use on.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	before := takeInventory()
	code := m.Run()
	if left := before.since(); left != "" {
		fmt.Fprintf(os.Stderr, "the tests left behind:%s\n", left)
		code = max(code, 1)
	}
	os.Exit(code)
}

// An inventory is what a process has that a test could leave behind.
type inventory struct {
	goroutines int
	files      map[string]int // descriptors by what they stand for, where the system shows them
}

func takeInventory() inventory {
	c := inventory{runtime.NumGoroutine(), map[string]int{}}
	const fds = "/proc/self/fd"
	entries, _ := os.ReadDir(fds)
	for _, e := range entries {
		// The directory's own descriptor is closed by now.
		if target, err := os.Readlink(filepath.Join(fds, e.Name())); err == nil {
			c.files[target]++
		}
	}
	return c
}

// since lists what is there now and was not in the inventory before, "" for
// nothing. It waits some seconds for leftovers to go.
func (before inventory) since() string {
	var left strings.Builder
	for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(time.Millisecond) {
		left.Reset()
		now := takeInventory()
		if n := now.goroutines - before.goroutines; n > 0 {
			fmt.Fprintf(&left, "\n%d goroutines", n)
		}
		for target, n := range now.files {
			if n > before.files[target] {
				fmt.Fprintf(&left, "\n%d descriptors of %s", n-before.files[target], target)
			}
		}
		if left.Len() == 0 {
			break
		}
	}
	return left.String()
}

// leaveNothing fails a test that leaves something behind, when it ends.
func leaveNothing(t *testing.T) {
	t.Helper()
	before := takeInventory()
	t.Cleanup(func() {
		if left := before.since(); left != "" {
			t.Errorf("left behind:%s", left)
		}
	})
}

// eventually waits some seconds for what the scheduler gets to in its own
// time.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begin := time.Now(); !is(); time.Sleep(100 * time.Microsecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
