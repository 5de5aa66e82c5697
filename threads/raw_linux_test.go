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
	// A thread that looks at itself is in read(2).
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

// made makes a set of n and waits for it.
func made(t *testing.T, n, stack, depth int) *Set {
	t.Helper()
	h, err := NewSet(stack, depth)
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

// resident says which pages of a mapping are resident, from the top downwards,
// without the lowest skip.
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
						t.Errorf("NewSet(%d, %d) didn't panic", bad[0], bad[1])
					}
				}()
				NewSet(bad[0], bad[1])
			}()
		}
	}
	if s := DefaultStack(); s < LeastStack(0) || s%pageBytes != 0 {
		t.Errorf("DefaultStack() = %d", s)
	}
}

// TestLargePages uses pages of 64 KiB, as arm64 may have: no arithmetic may
// assume 4096.
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

// TestStartError: the whole text of each error.
func TestStartError(t *testing.T) {
	for err, want := range map[*StartError]string{
		{Step: "clone", Err: unix.EAGAIN, Alive: 7, Stack: 4096}:   "starting a raw thread (7 alive, stack of 4096 bytes): clone: resource temporarily unavailable; a limit on threads is reached: threads.Limits names it; raise that limit",
		{Step: "mmap", Err: unix.ENOMEM, Alive: 0, Stack: 8 << 20}: "starting a raw thread (0 alive, stack of 8388608 bytes): mmap: cannot allocate memory; memory, vm.max_map_count or vm.overcommit_memory is at its limit: hold fewer threads or give them smaller stacks",
		{Step: "pipe2", Err: unix.EMFILE, Stack: 4096}:             "starting a raw thread (0 alive, stack of 4096 bytes): pipe2: too many open files; no file descriptor is left: raise ulimit -n",
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
