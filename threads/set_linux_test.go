//go:build linux && (amd64 || arm64)

package threads

// What is unsafe here is sound: addresses are compared, or taken in the call
// that hands them to the kernel.

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestSet grows a set in steps, sees each thread asleep and all of them
// gone in the end.
func TestSet(t *testing.T) {
	needRoom(t, 61)
	leaveNothing(t)
	h, err := NewSet(LeastStack(0), 0)
	if err != nil {
		t.Fatal(err)
	}
	h.Wait() // for nobody
	total := 0
	for _, n := range []int{1, 0, 20, 40} {
		total += n
		if err := h.Make(n); err != nil {
			t.Fatal(err)
		}
		h.Wait()
		tids := h.TIDs()
		if len(tids) != total || !distinct(tids) {
			t.Fatalf("%d made, %d tids: %d", total, len(tids), tids)
		}
		if raw, mappings := Alive(); raw != total || mappings != total+1 {
			t.Errorf("Alive() = %d, %d with %d threads, want one mapping each and one shared", raw, mappings, total)
		}
	}
	tids := h.TIDs()
	for _, tid := range tids {
		eventually(t, "each thread sleeps", func() bool { return strings.HasPrefix(statusOf(t, tid, "State"), "S") })
		if tid == TID() || statusOf(t, tid, "Tgid") != strconv.Itoa(os.Getpid()) {
			t.Errorf("thread %d is not one of this process's own", tid)
		}
	}
	h.Release()
	h.Join()
	for _, tid := range tids {
		eventually(t, "each thread is gone", func() bool { return task(t, tid, "status") == "" })
	}
}

// TestSetWithoutThreads: a set without threads can be ended.
func TestSetWithoutThreads(t *testing.T) {
	leaveNothing(t)
	for _, release := range []bool{true, false} {
		h, err := NewSet(LeastStack(0), 0)
		if err != nil {
			t.Fatal(err)
		}
		if release {
			h.Release()
		}
		h.Join()
	}
}

// TestSetReleasedFirst: threads made after the release don't park.
func TestSetReleasedFirst(t *testing.T) {
	needRoom(t, 50)
	leaveNothing(t)
	h, err := NewSet(LeastStack(0), 0)
	if err != nil {
		t.Fatal(err)
	}
	h.Release()
	if err := h.Make(50); err != nil {
		t.Fatal(err)
	}
	h.Wait()
	if tids := h.TIDs(); !distinct(tids) {
		t.Errorf("tids %d", tids)
	}
	h.Join()
}

// TestSetParks sees the threads asleep on the word that releases them.
func TestSetParks(t *testing.T) {
	leaveNothing(t)
	h := made(t, 5, LeastStack(0), 0)
	parksOn(t, h, &h.words.release)
}

// parksOn sees every thread of a set asleep on a futex word.
func parksOn(t *testing.T, h *Set, word *uint32) {
	t.Helper()
	for _, tid := range h.TIDs() {
		eventually(t, "each thread waits on its word", func() bool {
			call, on := blockedIn(t, tid)
			return call == unix.SYS_FUTEX && uintptr(on) == uintptr(unsafe.Pointer(word))
		})
	}
}

// TestWorkers gives turns to a set of workers: each does its work once, and
// parks again on the word that releases it.
func TestWorkers(t *testing.T) {
	needRoom(t, 60)
	for _, n := range []int{0, 1, 60} {
		leaveNothing(t)
		h, err := NewWorkers(LeastStack(0), 100)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Make(n); err != nil {
			t.Fatal(err)
		}
		h.Wait()
		if got := h.Worked(); got != 0 {
			t.Errorf("%d workers have worked before their turn", got)
		}
		t.Run("before", func(t *testing.T) { parksOn(t, h, &h.words.turns) })
		turns := 0
		h.Turns(func() { turns++ })
		if got := h.Worked(); got != n || turns != n {
			t.Errorf("%d workers have worked in %d turns, want %d in %d", got, turns, n, n)
		}
		if left := atomic.LoadUint32(&h.words.turns); left != 0 {
			t.Errorf("%d turns were not taken", left)
		}
		t.Run("after", func(t *testing.T) { parksOn(t, h, &h.words.release) })
		h.Release()
		h.Join()
	}
}

// TestWorkersReleasedFirst: workers without a turn can be ended, and so can
// workers with a wrong result.
func TestWorkersReleasedFirst(t *testing.T) {
	leaveNothing(t)
	h, err := NewWorkers(LeastStack(0), 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Make(10); err != nil {
		t.Fatal(err)
	}
	h.Wait()
	h.members[3].control.n = 99
	h.Release()
	if got := h.Worked(); got != 9 {
		t.Errorf("%d workers have done their work right, want 9 of 10", got)
	}
	h.Join()
}
