package goroutines_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"threadbench/goroutines"
	"threadbench/threads"
)

// tids collects the threads that tasks ran on.
type tids struct {
	mu  sync.Mutex
	all []int
}

func (s *tids) add() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, threads.TID())
}

func (s *tids) distinct() int { return len(slices.Compact(slices.Sorted(slices.Values(s.all)))) }

// TestCreateLocked: a task that exits locked ends its thread, so each task gets
// a new one. A task that unlocks leaves its thread to the next.
func TestCreateLocked(t *testing.T) {
	const n = 40
	var died, reused tids
	goroutines.Create(n, 1, func() { runtime.LockOSThread(); died.add() }, nil)
	if len(died.all) != n || died.distinct() != n {
		t.Errorf("%d tasks that exit locked ran on %d threads: %d", n, died.distinct(), died.all)
	}
	goroutines.Create(n, 1, func() { runtime.LockOSThread(); reused.add() }, runtime.UnlockOSThread)
	if len(reused.all) != n || reused.distinct() > n/2 {
		t.Errorf("%d tasks that unlock before they exit ran on %d threads: %d", n, reused.distinct(), reused.all)
	}
}

// TestSetLocked: tasks that lock themselves to a thread before they park have a
// thread each, all at once.
func TestSetLocked(t *testing.T) {
	var seen tids
	h := goroutines.NewSet(3000, func() { runtime.LockOSThread(); seen.add() })
	for range 3 {
		if err := h.Make(15); err != nil {
			t.Fatal(err)
		}
		h.Wait()
	}
	if seen.distinct() != 45 {
		t.Errorf("45 locked tasks are on %d threads", seen.distinct())
	}
	h.Release()
	h.Join()
}
