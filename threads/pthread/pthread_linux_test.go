//go:build pthread && cgo && (amd64 || arm64)

package pthread

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

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

// TestWriteRefused has the driver's pipe refuse what it writes: the turn ends
// with the errno, and the next one works again.
func TestWriteRefused(t *testing.T) {
	d, err := NewPair(threads.Pipe)
	if err != nil {
		t.Fatal(err)
	}
	out := int(d.d.fds[1])
	kept, err := unix.FcntlInt(uintptr(out), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if err := unix.Dup3(int(null.Fd()), out, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Run(10, 0); !errors.Is(err, unix.EBADF) || !strings.Contains(err.Error(), "running a C thread for 10 ops (2 C threads alive): bad file descriptor") {
		t.Errorf("a pipe that can't be written to: %+v, %v", got, err)
	}
	if err := unix.Dup3(kept, out, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	unix.Close(kept)
	if got, err := d.Run(10, 0); err != nil || got.Ops != 10 || got.Answers != 5 {
		t.Errorf("the pipe can be written to again: %+v, %v", got, err)
	}
	if err := d.Close(); err != nil || Alive() != 0 {
		t.Errorf("closed: %v, %d threads alive", err, Alive())
	}
}

// TestCreateRefused has no address space left for the stack of a thread of the
// batch: the turn ends with the errno, and the threads made before are joined.
func TestCreateRefused(t *testing.T) {
	if os.Getenv(refusedVariable) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestCreateRefused$", "-test.v")
		// The runtime asks for little memory meanwhile.
		cmd.Env = append(os.Environ(), refusedVariable+"=1", "GOGC=off")
		if text, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(text), "--- PASS: TestCreateRefused") {
			t.Errorf("%v: %s", err, text)
		}
		return
	}
	d, err := NewCreator(1000)
	if err != nil {
		t.Fatal(err)
	}
	d.Hold()
	if _, err := d.Run(1, 0); err != nil {
		t.Fatal(err)
	}
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &before); err != nil {
		t.Fatal(err)
	}
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[0])
	if err != nil {
		t.Fatal(err)
	}
	// The stacks take all of the room. After the join it is the runtime's.
	const room = 128 << 20
	limit := uint64(pages*os.Getpagesize() + room)
	if err := unix.Setrlimit(unix.RLIMIT_AS, &unix.Rlimit{Cur: limit, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	got, err := d.Run(2000, 0)
	if err2 := unix.Setrlimit(unix.RLIMIT_AS, &before); err2 != nil {
		t.Fatal(err2)
	}
	if !errors.Is(err, unix.EAGAIN) || got != (threads.Timing{}) || Alive() != 1 {
		t.Errorf("no room for 1000 stacks: %+v, %v, %d threads alive", got, err, Alive())
	}
	if got, err := d.Run(2000, 0); err != nil || got.Spawned != 2000 || Alive() != 1 {
		t.Errorf("room again: %+v, %v, %d threads alive", got, err, Alive())
	}
	if err := d.Close(); err != nil || Alive() != 0 {
		t.Errorf("closed: %v, %d threads alive", err, Alive())
	}
}

// refusedVariable marks the test's own process, whose address space is limited.
const refusedVariable = "THREADBENCH_CREATE_REFUSED"

func TestSet(t *testing.T) {
	for _, depth := range []int{0, 1, 4096, 1 << 20} {
		for _, least := range []bool{true, false} {
			h, err := NewSet(40, depth, least)
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

// TestRefused asks for stacks of 2^46 bytes, which don't fit into the address
// space: a thread is refused, and the threads before it end as usual.
func TestRefused(t *testing.T) {
	h, err := NewSet(8, 1<<46, true)
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
