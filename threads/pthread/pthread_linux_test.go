//go:build pthread && cgo && (amd64 || arm64)

package pthread

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"threadbench/threads"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if left := Alive(); left != 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "%d C threads are left\n", left)
		code = 1
	}
	os.Exit(code)
}

func TestPair(t *testing.T) {
	for _, op := range []threads.Op{threads.Futex, threads.Pipe, threads.Yield} {
		d, err := NewPair(op)
		if err != nil {
			t.Fatal(err)
		}
		if op != threads.Yield { // off one CPU a yield hands nothing over
			if err := d.Pin(0, 0); err != nil {
				t.Log(err) // CPU 0 may not be allowed
			}
		}
		for i, n := range []int{1, 64, 3001} {
			if i == 1 {
				d.Hold()
			}
			got, err := d.Run(n, 7)
			if err != nil {
				t.Fatal(err)
			}
			if got.Ops != (n+1)/2*2 || got.Elapsed <= 0 || got.Spawned != 0 {
				t.Errorf("op %v: of %d ops asked for: %+v", op, n, got)
			}
			// A round trip is two ops, four of them warm up, and the peer
			// answers each once.
			if op != threads.Yield && got.Answers != int64(got.Ops/2+4) {
				t.Errorf("op %v: %d ops and 8 to warm up, %d round trips answered", op, got.Ops, got.Answers)
			}
		}
		if got := Alive(); got != 2 {
			t.Errorf("op %v: %d threads alive, want 2", op, got)
		}
		if err := d.Close(); err != nil || Alive() != 0 {
			t.Errorf("op %v: closed: %v, %d threads alive", op, err, Alive())
		}
	}
}

func TestPinRefused(t *testing.T) {
	d, err := NewPair(threads.Futex)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const none = 1023 // the last that a cpu_set_t holds
	if err := d.Pin(none, none); err == nil || !strings.Contains(err.Error(), "holding C threads on CPUs 1023 and 1023 (2 C threads alive): invalid argument") {
		t.Errorf("on CPU %d: %v", none, err)
	}
}

func TestCreator(t *testing.T) {
	for _, batch := range []int{1, 7, 100} {
		d, err := NewCreator(batch)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 300} {
			got, err := d.Run(n, batch)
			if err != nil {
				t.Fatal(err)
			}
			want := (n + batch - 1) / batch * batch
			if got.Ops != want || got.Spawned != int64(want+batch) || got.Elapsed <= 0 {
				t.Errorf("%d threads asked for, %d at a time: %+v", n, batch, got)
			}
		}
		if got := Alive(); got != 1 {
			t.Errorf("%d threads alive between the turns, want the creator alone", got)
		}
		if err := d.Close(); err != nil || Alive() != 0 {
			t.Errorf("closed: %v, %d threads alive", err, Alive())
		}
	}
}

func TestHerd(t *testing.T) {
	for _, depth := range []int{0, 1, 4096, 1 << 20} {
		for _, least := range []bool{true, false} {
			h, err := NewHerd(40, depth, least)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{1, 0, 39} {
				if err := h.Make(n); err != nil {
					t.Fatal(err)
				}
				h.Wait()
			}
			tids := h.TIDs()
			for _, tid := range tids {
				if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", tid)); err != nil {
					t.Errorf("thread %d, which parks: %v", tid, err)
				}
			}
			slices.Sort(tids)
			if got := len(slices.Compact(tids)); got != 40 || Alive() != 40 {
				t.Errorf("%d different threads, %d alive, want 40", got, Alive())
			}
			h.Release()
			h.Join()
			if Alive() != 0 {
				t.Errorf("joined, %d threads alive", Alive())
			}
		}
	}
}

// TestRefused asks for stacks that no address space holds: of 2^46 bytes each,
// the thread is refused, and those before it end as ever.
func TestRefused(t *testing.T) {
	h, err := NewHerd(8, 1<<46, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Make(8); err == nil || !strings.Contains(err.Error(), "starting 8 C threads") {
		t.Errorf("8 stacks of 2^46 bytes: %v", err)
	}
	h.Release()
	h.Join()
}

func TestLibrary(t *testing.T) {
	if got := Library(); got == "" || strings.ContainsAny(got, " \n") {
		t.Errorf("the C library is %q", got)
	}
}
