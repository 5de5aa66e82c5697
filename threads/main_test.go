package threads

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

// The main goroutine keeps the main thread. If a locked goroutine exited on the
// main thread, the runtime could not end that thread and would wedge it
// (runtime/proc.go, mexit). The runtime would no longer count it, although no
// test leaked it.
func init() { runtime.LockOSThread() }

// TestMain fails a run that leaves something behind: the kernel forgives
// neither a lost thread nor a lost mapping, and no later test would notice.
func TestMain(m *testing.M) {
	// A process with the race detector sleeps for a second before it exits.
	// The processes that tests start need not.
	os.Setenv("GORACE", os.Getenv("GORACE")+" atexit_sleep_ms=0")
	// The runtime's poller keeps two descriptors from its first use on.
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	for range 20 {
		strangers = max(strangers, takeInventory().threads)
		time.Sleep(time.Millisecond)
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
	raw, mappings int            // registered by this package
	threads       int            // in /proc/self/task, the runtime's own not counted
	files         map[string]int // descriptors by what they stand for
}

// strangers is how many threads of this process the runtime doesn't count
// when nothing leaks: an emulator has some of its own.
var strangers int

// takeInventory counts what this system shows.
func takeInventory() inventory {
	c := inventory{files: map[string]int{}}
	c.raw, c.mappings = Alive()
	ofRuntime := []metrics.Sample{{Name: "/sched/threads/total:threads"}}
	if tasks, err := os.ReadDir("/proc/self/task"); err == nil {
		metrics.Read(ofRuntime)
		// The runtime counts a thread a moment before it makes it.
		c.threads = max(strangers, len(tasks)-int(ofRuntime[0].Value.Uint64()))
	}
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
// nothing. It waits some seconds for leftovers to go: a thread stays in /proc for
// a moment after its join.
func (before inventory) since() string {
	var left strings.Builder
	for begin := time.Now(); time.Since(begin) < 10*time.Second; time.Sleep(time.Millisecond) {
		left.Reset()
		now := takeInventory()
		for _, n := range []struct {
			name        string
			before, now int
		}{
			{"raw threads", before.raw, now.raw},
			{"mappings", before.mappings, now.mappings},
			{"threads that are not the runtime's", before.threads, now.threads},
		} {
			if n.now > n.before {
				fmt.Fprintf(&left, "\n%d %s", n.now-n.before, n.name)
			}
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
