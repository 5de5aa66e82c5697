//go:build linux && (amd64 || arm64)

package threads

import (
	"errors"
	"io"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/goroutines"
)

// wantRefused checks that a step was refused for want of something.
func wantRefused(t *testing.T, err error, step string, errno unix.Errno, alive int) {
	t.Helper()
	var start *StartError
	if !errors.As(err, &start) || start.Step != step || !errors.Is(err, errno) {
		t.Fatalf("got %v, want a *StartError of %s: %v", err, step, errno)
	}
	if start.Alive != alive {
		t.Errorf("%v: want %d alive", err, alive)
	}
}

// TestPIDsRefused fills a control group with threads until the kernel refuses
// one, and goes on at that limit.
func TestPIDsRefused(t *testing.T) {
	if dir := role(); dir != "" {
		refusedAt(t, "pids.max", func() {
			setFile(t, dir, "cgroup.procs", strconv.Itoa(os.Getpid()))
			setFile(t, dir, "pids.max", "150")
		})
		return
	}
	needRoom(t, 150)
	dir := newGroup(t, groupToSplit(t, "pids"), "pids", "pids.max")
	passInRole(t, dir, "GOMAXPROCS=2")
}

// TestUserRefused does the same as a user whom RLIMIT_NPROC binds and who has
// no other process.
func TestUserRefused(t *testing.T) {
	if role() != "" {
		refusedAt(t, "RLIMIT_NPROC", func() {
			if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: 150, Max: 150}); err != nil {
				t.Fatal(err)
			}
		})
		return
	}
	needRoom(t, 150)
	needRoot(t)
	cmd := commandInRole(t, "unprivileged", "GOMAXPROCS=2")
	// The directory of a test binary is its owner's alone.
	cmd.Path, cmd.Dir = "/proc/self/exe", "/"
	id := uint32(1<<30 + os.Getpid())
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	pass(t, cmd)
}

// refusedAt is the part of both tests that runs in a process limited to 150
// threads. name is the limit's.
func refusedAt(t *testing.T, name string, limit func()) {
	leaveNothing(t)
	idle(30)
	limit()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mask := func() (set unix.Sigset_t) {
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, nil, &set); err != nil {
			t.Fatal(err)
		}
		return set
	}

	// Fill it up, twice: the second time the set's Wait begins when its last
	// threads have yet to arrive.
	before := mask()
	lateSlot = 20 * time.Millisecond // these are refused for good
	room, fills := 0, 20
	if brief() {
		fills = 5
	}
	for range fills {
		h, err := NewSet(LeastStack(0), 0)
		if err != nil {
			t.Fatal(err)
		}
		err = h.Make(1000)
		room = len(h.members)
		wantRefused(t, err, "clone", unix.EAGAIN, room)
		h.Wait()
		if tids := h.TIDs(); room < 50 || !distinct(tids) {
			t.Errorf("%d threads made: %d", room, tids)
		}
		if n, l, err := Headroom(Need{Threads: 1}); n != 0 || l.Name != name {
			t.Errorf("with no thread to be had, Headroom = %d, %+v, %v; want 0 by %s", n, l, err, name)
		}
		if err := h.Make(1); err == nil {
			t.Error("one more could be made")
		}
		h.Wait()
		h.Release()
		h.Join()
	}
	if after := mask(); after != before {
		t.Errorf("the creator's mask is %x after refusals, was %x", after.Val, before.Val)
	}
	if raw, mappings := Alive(); raw != 0 || mappings != 0 {
		t.Errorf("Alive() = %d, %d", raw, mappings)
	}

	// With one slot left, each join returns before that slot is free again.
	h := made(t, room-1, LeastStack(0), 0)
	last, err := newThread(pcs.exit, LeastStack(0))
	if err != nil {
		t.Fatal(err)
	}
	joins, late := tortured(1000, 10_000), 0
	lateSlot = time.Minute
	for i := range joins {
		if result := clone(last.control); result > 0 {
			alive.Add(1)
		} else if late++; result != -int(unix.EAGAIN) {
			t.Fatal(unix.Errno(-result))
		} else if err := last.start(); err != nil {
			t.Fatalf("after %d joins: %v", i, err)
		}
		last.join()
	}
	last.mapping.unmap()
	counted(t, "%d times a thread refused beside %d by %s; %d made and joined one by one in the last slot, %d of them refused at first",
		fills, room, name, joins, late)
	lateSlot = 20 * time.Millisecond

	// A pair that finds one slot leaves no peer behind.
	if _, err := NewPair(Futex); err == nil {
		t.Error("a pair was made in one slot")
	} else {
		wantRefused(t, err, "clone", unix.EAGAIN, room)
	}

	// A creator in the last slot finds none for its threads, says so, and
	// works again when there are slots.
	creator, err := NewCreator(5)
	d := newDriverOf(t, creator, err)
	defer d.Close()
	if timing, err := d.Run(10, 0); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("Run = %+v, %v; want EAGAIN", timing, err)
	}
	h.Release()
	h.Join()
	eventually(t, "the slots are free", func() bool {
		timing, err := d.Run(10, 0)
		return err == nil && timing.Spawned == 10
	})
}

var heap atomic.Pointer[[32 << 20]byte]

// TestMemoryRefused takes from a process the memory to map stacks in.
func TestMemoryRefused(t *testing.T) {
	if role() == "" {
		passInRole(t, "starved", "GOGC=off")
		return
	}
	leaveNothing(t)
	// The runtime would not survive a refusal: it gets its threads and its
	// heap beforehand.
	idle(10)
	heap.Store(new([32 << 20]byte))
	heap.Store(nil)
	runtime.GC()
	const room = 64 << 20
	limit := func(bytes uint64) {
		var r unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_AS, &r); err != nil {
			t.Fatal(err)
		}
		r.Cur = min(bytes, r.Max)
		if err := unix.Setrlimit(unix.RLIMIT_AS, &r); err != nil {
			t.Fatal(err)
		}
	}
	size, err := strconv.ParseUint(strings.TrimSuffix(statusOf(t, os.Getpid(), "VmSize"), " kB"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	limit(size<<10 + room)
	defer limit(unix.RLIM_INFINITY)
	if m, err := mapMemory(2 * room); err == nil {
		m.unmap()
		skipRole(t, "needs a system that obeys RLIMIT_AS")
	}

	h, err := NewSet(2*room, 0)
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, h.Make(1), "mmap", unix.ENOMEM, 0)
	h.Wait()
	h.Join()

	// Refused half-way: Wait waits for the threads that were made.
	for range 100 {
		h, err := NewSet(room/8, 0)
		if err != nil {
			t.Fatal(err)
		}
		err = h.Make(1000)
		n := len(h.members)
		wantRefused(t, err, "mmap", unix.ENOMEM, n)
		h.Wait()
		if n < 2 || !distinct(h.TIDs()) {
			t.Errorf("%d made: %d", n, h.TIDs())
		}
		h.Release()
		h.Join()
	}

	// The array of a creator's threads, and the stack of one of them.
	for _, batch := range []int{2 * room / 8, room / LeastStack(0)} {
		_, err := NewCreator(batch)
		wantRefused(t, err, "mmap", unix.ENOMEM, 0)
	}

	// With room for no, one, or two small stacks, nothing of a pair stays.
	for stacks := range 3 {
		runtime.LockOSThread()
		var all []mapping
		each := uintptr(LeastStack(0) + pageBytes)
		for size := each; size > 0; {
			m, err := mapMemory(size)
			if err != nil {
				size = size / 2 / each * each
				continue
			}
			if all = append(all, m); len(all) == 2 {
				size = room
			}
		}
		for _, m := range all[:stacks] {
			m.unmap()
		}
		all = all[stacks:]
		d, err := NewPair(Futex)
		for _, m := range all {
			m.unmap()
		}
		runtime.UnlockOSThread()
		if stacks < 2 {
			wantRefused(t, err, "mmap", unix.ENOMEM, 0)
			continue
		}
		run(t, newDriverOf(t, d, err), 10, 0)
		d.Close()
	}
}

// sanitizer is the flag by which this binary was built with one, "" if it
// wasn't.
func sanitizer() string {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Value == "true" && slices.Contains([]string{"-race", "-asan", "-msan"}, s.Key) {
			return s.Key
		}
	}
	return ""
}

// TestMapsRefused: one map more than vm.max_map_count is refused, and what
// was mapped can be unmapped at that limit.
func TestMapsRefused(t *testing.T) {
	content, err := os.ReadFile("/proc/sys/vm/max_map_count")
	if err != nil {
		t.Skipf("needs vm.max_map_count: %v", err)
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	if limit > 1<<17 {
		t.Skipf("needs a vm.max_map_count of at most %d, or it takes gigabytes: it is %d", 1<<17, limit)
	}
	if role() == "" {
		if brief() {
			t.Skip("needs a second or two: not in short mode")
		}
		if tool := sanitizer(); tool != "" {
			t.Skipf("needs a runtime that may be refused a map for a moment: that of %s ends the process", tool)
		}
		passInRole(t, "at the limit", "GOGC=off")
		return
	}
	leaveNothing(t)
	idle(10)
	var all []thread
	for {
		var th thread
		if th, err = newThread(pcs.exit, LeastStack(0)); err != nil {
			break
		}
		all = append(all, th)
	}
	// At once, so that the Go runtime finds a map for itself when it wants one.
	const spared = 500
	reached := len(all)
	for _, th := range all[reached-spared:] {
		th.mapping.unmap()
	}
	all = all[:reached-spared]
	var start *StartError
	if !errors.As(err, &start) || !errors.Is(err, unix.ENOMEM) || start.Step != "mmap" && start.Step != "mprotect" || !strings.Contains(err.Error(), "vm.max_map_count") {
		t.Errorf("got %v, want ENOMEM of mmap or mprotect, and vm.max_map_count named", err)
	}
	if n := MapsPerThread * reached; n > limit || n < limit-1000 {
		t.Errorf("%d threads mapped, with %d maps each and a limit of %d", reached, MapsPerThread, limit)
	}
	counted(t, "%d stacks mapped until vm.max_map_count %d: %v", reached, limit, err)

	// A little below, the look-up refuses before the kernel does.
	need := Need{Threads: 2 * spared, MapsPerThread: MapsPerThread}
	n, l, err := Headroom(need)
	if err != nil || l.Name != "vm.max_map_count" || n < spared/2 || n > spared+spare {
		t.Errorf("Headroom = %d, %+v, %v; want about %d by vm.max_map_count", n, l, err, spared)
	}
	counted(t, "Headroom there: %v", &LimitError{Limit: l, Wanted: need.Threads})

	// Every second one, so that nothing merges.
	for i := 0; i < len(all); i += 2 {
		all[i].mapping.unmap()
	}
	for i := 1; i < len(all); i += 2 {
		all[i].mapping.unmap()
	}
}

// TestDescriptorsRefused takes from a process the descriptors for its pipes.
func TestDescriptorsRefused(t *testing.T) {
	if role() == "" {
		passInRole(t, "without descriptors")
		return
	}
	leaveNothing(t)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		need int
		open func() (io.Closer, error)
	}{
		{"pair", 4, func() (io.Closer, error) { return NewPair(Pipe) }},
		{"floor", 2, func() (io.Closer, error) { return NewFloor(Pipe) }},
		{"link", 4, func() (io.Closer, error) { return NewPipeLink() }},
		{"polled link", 4, func() (io.Closer, error) { return goroutines.NewPipe() }},
	} {
		for free := range test.need + 1 {
			var spare []int
			for {
				fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
				if err != nil {
					break
				}
				spare = append(spare, fd)
			}
			for _, fd := range spare[len(spare)-free:] {
				unix.Close(fd)
			}
			before := takeInventory()
			c, err := test.open()
			if left := takeInventory(); err != nil && !maps.Equal(left.files, before.files) {
				t.Errorf("%s with %d descriptors left %v of %v", test.name, free, left.files, before.files)
			}
			for _, fd := range spare[:len(spare)-free] {
				unix.Close(fd)
			}
			switch {
			case free == test.need:
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
			case !strings.HasSuffix(test.name, "link"):
				wantRefused(t, err, "pipe2", unix.EMFILE, 0)
			case !errors.Is(err, unix.EMFILE):
				t.Errorf("%s with %d descriptors: %v, want EMFILE", test.name, free, err)
			}
			// A careless clean-up would close standard input.
			if _, err := unix.FcntlInt(0, unix.F_GETFD, 0); err != nil {
				t.Fatalf("%s with %d descriptors closed descriptor 0: %v", test.name, free, err)
			}
		}
	}
}
