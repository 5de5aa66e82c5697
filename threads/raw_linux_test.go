//go:build linux && (amd64 || arm64)

package threads

// What is unsafe here is sound: addresses are compared, or taken in the call
// that hands them to the kernel.

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// eventually waits some seconds for what the kernel gets to in its own time.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begin := time.Now(); !is(); time.Sleep(100 * time.Microsecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// task reads a file of a thread of this process, "" if the thread is gone.
func task(t *testing.T, tid int, name string) string {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/%s", tid, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, unix.ESRCH) {
		t.Fatal(err)
	}
	return string(content)
}

// statusOf reads a line of a thread's status.
func statusOf(t *testing.T, tid int, key string) string {
	t.Helper()
	for line := range strings.Lines(task(t, tid, "status")) {
		if value, ok := strings.CutPrefix(line, key+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("thread %d has no %s in its status", tid, key)
	return ""
}

// blockedIn is the system call that a thread sleeps in and its first
// argument, -1 if it isn't in one. It skips the test where proc doesn't tell,
// or tells of an emulator's calls instead.
func blockedIn(t *testing.T, tid int) (call, arg int64) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// A thread that asks what it does reads.
	own, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/syscall", TID()))
	if f := strings.Fields(string(own)); err != nil || len(f) == 0 || f[0] != strconv.Itoa(unix.SYS_READ) {
		t.Skipf("needs /proc/self/task/TID/syscall to show this machine's system calls: %q, %v", own, err)
	}
	f := strings.Fields(task(t, tid, "syscall"))
	if len(f) < 2 || f[0] == "-1" {
		return -1, 0
	}
	call, err = strconv.ParseInt(f[0], 10, 64)
	if err == nil {
		arg, err = strconv.ParseInt(f[1], 0, 64)
	}
	if err != nil {
		t.Fatal(err)
	}
	return call, arg
}

// pin pins a driver, and skips the test where that is forbidden.
func pin(t *testing.T, d *Driver, driver, peer int) {
	t.Helper()
	err := d.Pin(driver, peer)
	if forbidden(err) {
		t.Skipf("needs to pin threads: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func distinct(tids []int) bool {
	return len(slices.Compact(slices.Sorted(slices.Values(tids)))) == len(tids)
}

// made makes a herd of n and waits for it.
func made(t *testing.T, n, stack, depth int) *Herd {
	t.Helper()
	h, err := NewHerd(stack, depth)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if h.words != nil && h.members != nil {
			h.Release()
			h.Join()
		}
	})
	if err := h.Make(n); err != nil {
		t.Fatal(err)
	}
	h.Wait()
	return h
}

// TestHerd grows a herd in steps, sees each thread asleep and all of them
// gone in the end.
func TestHerd(t *testing.T) {
	leaveNothing(t)
	h, err := NewHerd(LeastStack(0), 0)
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

// TestHerdWithoutThreads: what has made nothing can be ended.
func TestHerdWithoutThreads(t *testing.T) {
	leaveNothing(t)
	for _, release := range []bool{true, false} {
		h, err := NewHerd(LeastStack(0), 0)
		if err != nil {
			t.Fatal(err)
		}
		if release {
			h.Release()
		}
		h.Join()
	}
}

// TestHerdReleasedFirst: threads made after the release don't park.
func TestHerdReleasedFirst(t *testing.T) {
	leaveNothing(t)
	h, err := NewHerd(LeastStack(0), 0)
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

// TestHerdParks sees the threads asleep on the word that releases them.
func TestHerdParks(t *testing.T) {
	leaveNothing(t)
	h := made(t, 5, LeastStack(0), 0)
	parksOn(t, h, &h.words.release)
}

// parksOn sees every thread of a herd asleep on a futex word.
func parksOn(t *testing.T, h *Herd, word *uint32) {
	t.Helper()
	for _, tid := range h.TIDs() {
		eventually(t, "each thread waits on its word", func() bool {
			call, on := blockedIn(t, tid)
			return call == unix.SYS_FUTEX && uintptr(on) == uintptr(unsafe.Pointer(word))
		})
	}
}

// TestWorkers gives turns to a herd of workers: each does its work once, and
// parks again on the word that releases it.
func TestWorkers(t *testing.T) {
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

// TestWorkersReleasedFirst: workers that were given no turn can be ended, and
// so can those whose work comes to something else.
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

// resident is which pages of a mapping are, those below skip left out, from
// the top one downwards.
func (m mapping) resident(t *testing.T, skip int) []bool {
	t.Helper()
	size := int(m.size) - skip
	pages := make([]byte, size/pageBytes)
	if _, _, errno := unix.Syscall(unix.SYS_MINCORE, uintptr(m.base)+uintptr(skip), uintptr(size), uintptr(unsafe.Pointer(&pages[0]))); errno != 0 {
		t.Fatal(errno)
	}
	slices.Reverse(pages)
	all := make([]bool, len(pages))
	for i := range all {
		all[i] = pages[i]&1 != 0
	}
	return all
}

// TestDepth: the pages of the stack down to the depth are resident, and none
// below.
func TestDepth(t *testing.T) {
	leaveNothing(t)
	const stack = 256 << 10
	untouched, err := mapMemory(stack)
	if err != nil {
		t.Fatal(err)
	}
	defer untouched.unmap()
	if slices.Contains(untouched.resident(t, 0), true) {
		t.Skip("needs mincore(2) to tell what is resident: it says that untouched memory is")
	}
	for _, depth := range []int{0, 1, 100, pageBytes - 1, pageBytes, pageBytes + 1, 3 * pageBytes, 50_000, stack - LeastStack(0)} {
		h := made(t, 3, stack, depth)
		for _, member := range h.members {
			top := uintptr(member.mapping.base) + member.mapping.size
			deepest := uintptr(unsafe.Pointer(member.control)) - uintptr(depth)
			want := int(top-deepest+uintptr(pageBytes)-1) / pageBytes
			for i, is := range member.mapping.resident(t, pageBytes) {
				if is != (i < want) {
					t.Fatalf("depth %d: page %d from the top is resident: %t; want the first %d to be", depth, i, is, want)
				}
			}
		}
		h.Release()
		h.Join()
	}
}

// TestLeastStack: the deepest byte is on the stack, above the guard page, and
// no smaller stack would do.
func TestLeastStack(t *testing.T) {
	leaveNothing(t)
	for _, depth := range []int{0, 1, pageBytes - int(controlBytes) - bodyBytes, pageBytes - int(controlBytes) - bodyBytes + 1, 100_000} {
		stack := LeastStack(depth)
		if stack%pageBytes != 0 {
			t.Errorf("LeastStack(%d) = %d, no multiple of the page of %d", depth, stack, pageBytes)
		}
		made(t, 1, stack, depth)
		for _, bad := range [][2]int{{stack - pageBytes, depth}, {stack, -1}} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("NewHerd(%d, %d) didn't panic", bad[0], bad[1])
					}
				}()
				NewHerd(bad[0], bad[1])
			}()
		}
	}
	if s := DefaultStack(); s < LeastStack(0) || s%pageBytes != 0 {
		t.Errorf("DefaultStack() = %d", s)
	}
}

// TestLargePages has the arithmetic of a kernel with pages of 64 KiB, as
// arm64 has them: nothing may rest on 4096.
func TestLargePages(t *testing.T) {
	leaveNothing(t)
	defer func(kernels int) { pageBytes = kernels }(pageBytes)
	pageBytes = 64 << 10
	h := made(t, 2, LeastStack(100_000), 100_000)
	for _, member := range h.members {
		if uintptr(h.stack+pageBytes) != member.mapping.size || member.mapping.size%uintptr(pageBytes) != 0 {
			t.Errorf("a mapping of %d bytes for a stack of %d", member.mapping.size, h.stack)
		}
	}
	h.Release()
	h.Join()
	d, err := NewCreator(3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Run(9, 0); err != nil {
		t.Error(err)
	}
	d.Close()
}

var ops = []struct {
	name string
	op   Op
}{{"futex", Futex}, {"pipe", Pipe}, {"yield", Yield}, {"futex-called", FutexCalled}, {"pipe-called", PipeCalled}}

// written are those of ops that have a floor: their hand-offs are written out.
var written = ops[:3]

func newDriverOf(t *testing.T, d *Driver, err error) *Driver {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func run(t *testing.T, d *Driver, n, warm int) Timing {
	t.Helper()
	timing, err := d.Run(n, warm)
	if err != nil {
		t.Fatal(err)
	}
	if timing.Elapsed < 0 || timing.Elapsed == 0 && n > 0 {
		t.Errorf("%d ops in %v", n, timing.Elapsed)
	}
	return timing
}

// sampled is how many of the calls from..to-1 ask for their CPU.
func sampled(from, to int) int64 {
	return int64((to+sampleEvery-1)/sampleEvery - (from+sampleEvery-1)/sampleEvery)
}

// TestTurns: turns of any size, one after the other, make the ops that they
// were asked for, rounded up to round trips; so do those that hold the P.
func TestTurns(t *testing.T) {
	leaveNothing(t)
	for _, o := range ops {
		t.Run(o.name, func(t *testing.T) {
			pair, err := NewPair(o.op)
			d := newDriverOf(t, pair, err)
			defer d.Close()
			calls := 0 // round trips so far
			for i, size := range [][2]int{{1, 0}, {0, 0}, {0, 1}, {2, 1}, {3, 3}, {1000, 10}, {511, 0}, {5000, 512}, {1, 0}} {
				n, warm := size[0], size[1]
				if i > 5 {
					d.Hold()
				}
				timing := run(t, d, n, warm)
				if want := (n + 1) / 2 * 2; timing.Ops != want || timing.Spawned != 0 {
					t.Errorf("Run(%d, %d) = %+v, want %d ops", n, warm, timing, want)
				}
				clock := calls + (warm+1)/2
				calls = clock + (n+1)/2
				if o.op == Yield {
					continue // nothing orders the peer's calls
				}
				if want := int64((n+1)/2 + (warm+1)/2); timing.Answers != want {
					t.Errorf("Run(%d, %d) = %+v, want %d answers", n, warm, timing, want)
				}
				if want := sampled(clock, calls); timing.Samples != want || timing.Crossed > want {
					t.Errorf("Run(%d, %d) = %+v, want %d samples", n, warm, timing, want)
				}
			}
		})
	}
}

// TestSwitches: on one CPU each hand-off is a context switch, and the two
// sides never differ in their CPU.
func TestSwitches(t *testing.T) {
	leaveNothing(t)
	cpu := slices.Max(allowed(t, 1))
	const n = 10_000
	for _, o := range ops {
		t.Run(o.name, func(t *testing.T) {
			pair, err := NewPair(o.op)
			d := newDriverOf(t, pair, err)
			defer d.Close()
			pin(t, d, cpu, cpu)
			run(t, d, 2*sampleEvery, 0)
			timing := run(t, d, n, 100)
			// What else runs on this CPU, and this process's own other
			// threads, add some; a yield that finds the peer's slice used up
			// may take some away.
			least, most := int64(n-n/50), int64(2*n+2000)
			answers := int64(n/2 + 50)
			if o.op == Yield {
				least = n / 2
				if timing.Answers < answers/2 || timing.Answers > answers*2 {
					t.Errorf("%+v, want about %d answers", timing, answers)
				}
			}
			if timing.Switches < least || timing.Switches > most {
				t.Errorf("%+v, want a switch per op: %d to %d", timing, least, most)
			}
			if timing.Samples == 0 || timing.Crossed != 0 {
				t.Errorf("%+v, want no crossing on one CPU", timing)
			}
		})
	}
}

// TestCrossing: on two CPUs every hand-off crosses, and a pair that is moved
// onto one doesn't any more.
func TestCrossing(t *testing.T) {
	leaveNothing(t)
	all := allowed(t, 2)
	for _, o := range ops {
		t.Run(o.name, func(t *testing.T) {
			pair, err := NewPair(o.op)
			d := newDriverOf(t, pair, err)
			defer d.Close()
			for _, place := range [][2]int{{all[0], all[1]}, {all[1], all[1]}, {all[1], all[0]}} {
				pin(t, d, place[0], place[1])
				timing := run(t, d, 4*sampleEvery, 0)
				want := timing.Samples
				if place[0] == place[1] {
					want = 0
				}
				if timing.Crossed != want || timing.Samples == 0 && o.op != Yield {
					t.Errorf("CPUs %d: %+v, want %d crossed", place, timing, want)
				}
			}
		})
	}
}

// TestPinRefused: a CPU that isn't there is an error that says so.
func TestPinRefused(t *testing.T) {
	leaveNothing(t)
	pair, err := NewPair(Futex)
	d := newDriverOf(t, pair, err)
	defer d.Close()
	err = d.Pin(1023, 1023)
	var start *StartError
	if !errors.As(err, &start) || !errors.Is(err, unix.EINVAL) || start.Step != "sched_setaffinity to CPU 1023" {
		t.Errorf("Pin(1023, 1023) = %v", err)
	}
	run(t, d, 10, 0)
}

// TestFloors: the calls of a hand-off with nobody there switch to nobody.
func TestFloors(t *testing.T) {
	leaveNothing(t)
	const n = 5000
	for _, o := range written {
		t.Run(o.name, func(t *testing.T) {
			floor, err := NewFloor(o.op)
			d := newDriverOf(t, floor, err)
			defer d.Close()
			for _, n := range []int{0, 1, 2, 255, 256, 257} {
				if timing := run(t, d, n, n); timing.Ops != n || timing.Answers != 0 || timing.Samples != 0 || timing.Spawned != 0 {
					t.Errorf("Run(%d, %d) = %+v", n, n, timing)
				}
			}
			// The count is the whole process's, and other processes come in
			// between: the quietest of some turns tells.
			all := allowed(t, 1)
			least := int64(n)
			for try := 0; try < 40 && least > n/50; try++ {
				pin(t, d, all[try%len(all)], 0)
				least = min(least, run(t, d, n, 0).Switches)
			}
			if least <= n/50 {
				return
			}
			if o.op == Yield {
				t.Skipf("needs a CPU that nothing else wants, since a yield goes to whatever does: %d switches for %d yields", least, n)
			}
			t.Errorf("%d switches for %d ops, want next to none", least, n)
		})
	}
}

// TestCreator: the driver makes and joins just the threads it was asked for.
func TestCreator(t *testing.T) {
	leaveNothing(t)
	for _, batch := range []int{1, 2, 7, 100} {
		creator, err := NewCreator(batch)
		d := newDriverOf(t, creator, err)
		for _, size := range [][2]int{{1, 0}, {0, 0}, {0, 5}, {10, 10}, {250, 3}} {
			n, warm := size[0], size[1]
			ops, all := (n+batch-1)/batch*batch, (warm+batch-1)/batch*batch
			timing := run(t, d, n, warm)
			if timing.Ops != ops || timing.Spawned != int64(ops+all) {
				t.Errorf("batch %d: Run(%d, %d) = %+v, want %d ops and %d threads", batch, n, warm, timing, ops, ops+all)
			}
		}
		d.Close()
	}
}

// TestCreatorsThreads has the children of a creator say who they are: each
// has run, as a thread of its own.
func TestCreatorsThreads(t *testing.T) {
	leaveNothing(t)
	const batch = 50
	creator, err := NewCreator(batch)
	d := newDriverOf(t, creator, err)
	defer d.Close()
	h, err := NewHerd(LeastStack(0), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Join()
	h.Release()
	for _, child := range d.spawned {
		child.control.herd = h.words
		child.control.body = pcs.park
	}
	for turn := 1; turn <= 3; turn++ {
		run(t, d, batch, 0)
		tids := []int{int(d.driver.control.seen)}
		for _, child := range d.spawned {
			tids = append(tids, int(child.control.seen))
			if child.control.tid != 0 {
				t.Errorf("thread %d is not joined", child.control.tid)
			}
		}
		if !distinct(tids) || slices.Min(tids) <= 0 {
			t.Errorf("the driver and its threads are %d, want each a thread of its own", tids)
		}
		if arrived := h.words.arrived; int(arrived) != turn*batch {
			t.Errorf("%d threads have run, want %d", arrived, turn*batch)
		}
	}
}

// TestNoBatch: a creator of nothing is a mistake of the program.
func TestNoBatch(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("NewCreator(0) didn't panic")
		}
	}()
	NewCreator(0)
}

// TestFailedCall: a system call that fails in the driver or its peer is an
// error of that turn, and of no other.
func TestFailedCall(t *testing.T) {
	leaveNothing(t)
	pair, err := NewPair(Pipe)
	d := newDriverOf(t, pair, err)
	defer d.Close()
	run(t, d, 100, 0)
	for name, c := range map[string]*control{"driver": d.driver.control, "peer": d.peer.control} {
		// What FAILED would have stored.
		atomic.StoreInt64(&c.failed, -int64(unix.EIO))
		if timing, err := d.Run(2, 0); !errors.Is(err, unix.EIO) || timing != (Timing{}) {
			t.Errorf("%s: Run = %+v, %v; want EIO", name, timing, err)
		}
		run(t, d, 2, 0)
	}

	// A floor whose pipe can't be used really fails, and ends.
	floor, err := NewFloor(Pipe)
	f := newDriverOf(t, floor, err)
	out := f.driver.control.out
	f.driver.control.out = -1
	f.driver.control.in = -1
	if timing, err := f.Run(10, 0); !errors.Is(err, unix.EBADF) {
		t.Errorf("Run with no pipe = %+v, %v; want EBADF", timing, err)
	}
	f.driver.control.out = out
	f.driver.control.in = int32(f.fds[0])
	run(t, f, 10, 0)
	f.Close()
}

// TestClose ends drivers in every state: before their first instruction,
// after a turn or more, pinned or not.
func TestClose(t *testing.T) {
	leaveNothing(t)
	cpu := slices.Max(allowed(t, 1))
	makers := map[string]func() (*Driver, error){
		"creator": func() (*Driver, error) { return NewCreator(3) },
	}
	for _, o := range ops {
		makers["pair/"+o.name] = func() (*Driver, error) { return NewPair(o.op) }
	}
	for _, o := range written {
		makers["floor/"+o.name] = func() (*Driver, error) { return NewFloor(o.op) }
	}
	for name, make := range makers {
		t.Run(name, func(t *testing.T) {
			for i := range 60 {
				made, err := make()
				d := newDriverOf(t, made, err)
				if i%2 == 1 {
					pin(t, d, cpu, cpu)
				}
				for turn := range i / 2 % 4 {
					run(t, d, 1+turn*turn*10, turn)
				}
				if i%5 == 0 {
					time.Sleep(time.Millisecond) // all of them asleep by now
				}
				if err := d.Close(); err != nil {
					t.Fatal(err)
				}
				if raw, mappings := Alive(); raw != 0 || mappings != 0 {
					t.Fatalf("Alive() = %d, %d after Close", raw, mappings)
				}
			}
		})
	}
}

// TestCreateJoin makes and joins more than 10,000 threads from Go and as many
// from a raw thread, 100,000 each under torture, and misses none; some hundred
// in short mode.
func TestCreateJoin(t *testing.T) {
	leaveNothing(t)
	batch, rounds := 100, tortured(101, 1000)
	if brief() {
		rounds = 5
	}
	var joined atomic.Int64
	// A join that is lost would never return.
	deadline := time.AfterFunc(2*time.Minute, func() {
		panic(fmt.Sprintf("a join is lost: %d of 2 times %d threads have been joined", joined.Load(), batch*rounds))
	})
	defer deadline.Stop()
	told := 0
	for round := range rounds {
		h, err := NewHerd(LeastStack(0), 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Make(batch); err != nil {
			t.Fatal(err)
		}
		if round%2 == 0 {
			h.Wait()
			tids := h.TIDs()
			if !distinct(tids) || slices.Min(tids) <= 0 {
				t.Fatalf("tids %d", tids)
			}
			told += len(tids)
		}
		h.Release() // in the other rounds some have parked by now and others not
		h.Join()
		if raw, mappings := Alive(); raw != 0 || mappings != 0 {
			t.Fatalf("Alive() = %d, %d after Join", raw, mappings)
		}
		joined.Add(int64(batch))
	}
	creator, err := NewCreator(batch)
	d := newDriverOf(t, creator, err)
	if timing := run(t, d, batch*rounds, 0); timing.Spawned != int64(batch*rounds) {
		t.Errorf("%+v, want %d threads", timing, batch*rounds)
	}
	d.Close()
	counted(t, "%d threads made and joined from Go, %d of them seen with a tid of their own beside 99 others; %d from a raw thread",
		joined.Load(), told, batch*rounds)
}

// TestMasks: a raw thread blocks every signal that can be blocked, and its
// creator blocks after a clone what it blocked before.
func TestMasks(t *testing.T) {
	leaveNothing(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mask := func() (set unix.Sigset_t) {
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, nil, &set); err != nil {
			t.Fatal(err)
		}
		return set
	}
	before := mask()
	defer func() {
		if err := unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil); err != nil {
			t.Fatal(err)
		}
	}()
	var odd unix.Sigset_t
	odd.Val[0] = 1<<(unix.SIGUSR2-1) | 1<<(unix.SIGWINCH-1)
	if err := unix.PthreadSigmask(unix.SIG_BLOCK, &odd, nil); err != nil {
		t.Fatal(err)
	}
	own := mask()
	h := made(t, 3, LeastStack(0), 0)
	pair, err := NewPair(Futex)
	d := newDriverOf(t, pair, err)
	defer d.Close()
	run(t, d, 10, 0)
	if after := mask(); after != own {
		t.Errorf("the creator's mask is %x, was %x", after.Val, own.Val)
	}
	blocked := func(tid int) uint64 {
		mask, err := strconv.ParseUint(statusOf(t, tid, "SigBlk"), 16, 64)
		if err != nil {
			t.Fatal(err)
		}
		return mask
	}
	full := ^uint64(1<<(unix.SIGKILL-1) | 1<<(unix.SIGSTOP-1))
	all := unix.Sigset_t{Val: [16]uint64{full}}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, nil); err != nil {
		t.Fatal(err)
	}
	if shown := blocked(TID()); shown != full {
		t.Skipf("needs /proc/self/task/TID/status to show a thread's own mask, not an emulator's: %x for %x", shown, full)
	}
	want := full
	if faultsWatched {
		want &= faults.blocked
	}
	for _, tid := range append(h.TIDs(), int(d.driver.control.seen), int(d.peer.control.seen)) {
		if mask := blocked(tid); mask != want {
			t.Errorf("thread %d blocks %016x, want %016x", tid, mask, want)
		}
	}
}

// TestStartError reads as it should.
func TestStartError(t *testing.T) {
	for err, want := range map[*StartError]string{
		{Step: "clone", Err: unix.EAGAIN, Alive: 7, Stack: 4096}:   "starting a raw thread (7 alive, stack of 4096 bytes): clone: resource temporarily unavailable; a limit on threads is met: see Limits, and raise the one that it names",
		{Step: "mmap", Err: unix.ENOMEM, Alive: 0, Stack: 8 << 20}: "starting a raw thread (0 alive, stack of 8388608 bytes): mmap: cannot allocate memory; memory, vm.max_map_count or vm.overcommit_memory is met: hold fewer threads or give them smaller stacks",
		{Step: "pipe2", Err: unix.EMFILE, Stack: 4096}:             "starting a raw thread (0 alive, stack of 4096 bytes): pipe2: too many open files; file descriptors are used up: raise ulimit -n",
		{Step: "sched_setaffinity to CPU 9", Err: unix.EINVAL}:     "starting a raw thread (0 alive, stack of 0 bytes): sched_setaffinity to CPU 9: invalid argument; pick a CPU that the affinity mask and the cpuset allow",
		{Step: "clone", Err: unix.EPERM, Alive: 1, Stack: 4096}:    "starting a raw thread (1 alive, stack of 4096 bytes): clone: operation not permitted; a seccomp filter or a security module may forbid it: allow it, or leave the raw threads out",
	} {
		if got := err.Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if !errors.Is(err, err.Err) {
			t.Errorf("%v doesn't unwrap to its errno", err)
		}
	}
}

// stampsInTurn sees that there are n stamps of either, the first one's first.
func stampsInTurn(t *testing.T, first, second []int64, n int) {
	t.Helper()
	if len(first) != n || len(second) != n {
		t.Fatalf("%d and %d stamps, want %d of either", len(first), len(second), n)
	}
	last := int64(0)
	for i := range first {
		if first[i] < last || second[i] < first[i] {
			t.Fatalf("stamps %d: %d and %d, after %d", i, first[i], second[i], last)
		}
		last = second[i]
	}
}

// TestStamped: raw threads take one stamp a hand-off, and one more turn than
// there is room for is refused.
func TestStamped(t *testing.T) {
	leaveNothing(t)
	cpu := slices.Max(allowed(t, 1))
	for _, o := range written {
		if o.op == Yield {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			pair, err := NewStampedPair(o.op, 600)
			d := newDriverOf(t, pair, err)
			defer d.Close()
			pin(t, d, cpu, cpu)
			if timing := run(t, d, 1000, 20); timing.Ops != 1000 || timing.Answers != 510 {
				t.Errorf("%+v", timing)
			}
			driver, other := d.Stamps()
			stampsInTurn(t, other, driver, 510)
			if _, err := d.Run(200, 0); err == nil || !strings.Contains(err.Error(), "610 stamps wanted, there is room for 600") {
				t.Errorf("a turn that there is no room for: %v", err)
			}
		})
	}
	t.Run("creator", func(t *testing.T) {
		creator, err := NewStampedCreator(300)
		d := newDriverOf(t, creator, err)
		defer d.Close()
		pin(t, d, cpu, cpu)
		if timing := run(t, d, 290, 10); timing.Spawned != 300 {
			t.Errorf("%+v", timing)
		}
		calls, firsts := d.Stamps()
		stampsInTurn(t, calls, firsts, 300)
	})
	t.Run("stamper", func(t *testing.T) {
		stamper, err := NewStamper(100)
		d := newDriverOf(t, stamper, err)
		defer d.Close()
		run(t, d, 100, 0)
		own, other := d.Stamps()
		if len(own) != 200 || !slices.IsSorted(own) || other != nil {
			t.Errorf("%d stamps, %d of another", len(own), len(other))
		}
	})
}

// TestGrower: a thread that goes down its stack for the first time meets a
// page fault a page at least, and takes a stamp before and after.
func TestGrower(t *testing.T) {
	leaveNothing(t)
	resident := func(m mapping) (n int) {
		for _, is := range m.resident(t, pageBytes) {
			if is {
				n++
			}
		}
		return n
	}
	for _, pages := range []int{1, 16, 64} {
		grower, err := NewGrower(pages * pageBytes)
		d := newDriverOf(t, grower, err)
		before := resident(d.driver.mapping)
		timing := run(t, d, 1, 0)
		// Each page faults once. A few faults are those of the process's other
		// threads.
		least, most := int64(pages), int64(pages+pages/2+16)
		if grown := resident(d.driver.mapping) - before; grown != pages || timing.Faults < least || timing.Faults > most {
			t.Errorf("depth of %d pages: %d more are resident, %d page faults", pages, grown, timing.Faults)
		}
		own, _ := d.Stamps()
		if len(own) != 2 || own[1] < own[0] {
			t.Errorf("stamps %v", own)
		}
		d.Close()
	}
}
