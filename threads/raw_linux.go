//go:build linux && (amd64 || arm64)

package threads

import (
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Supported says whether this platform has raw threads.
const Supported = true

// MapsPerThread is the number of memory maps that a raw thread counts against
// vm.max_map_count: its stack and its guard page. mprotect makes the guard on
// every kernel. MADV_GUARD_INSTALL (6.13) would need no second map, but then a
// newer kernel would seem to have changed the cost of a thread.
const MapsPerThread = 2

// pageBytes is the kernel's page: on arm64 it may be 16 or 64 KiB.
var pageBytes = unix.Getpagesize()

// lateSlot is how long start retries a refused clone. A join returns a little
// before the kernel frees the slot of the joined thread. At a limit the next
// clone may then come too early. The slot took up to 2.3 ms on an idle machine, and
// more than 20 ms beside as many busy processes as CPUs. A clone that is
// refused for good waits this long in vain.
var lateSlot = time.Second

// Every raw thread and mapping of this package is counted here, for Alive.
var alive, mapped atomic.Int64

// Alive returns the number of raw threads started and not joined, and of
// mappings not unmapped. Both are 0 when nothing leaks.
func Alive() (raw, mappings int) { return int(alive.Load()), int(mapped.Load()) }

// LeastStack returns the smallest stack in bytes, a multiple of the page, on
// which a body can touch depth bytes. It includes the thread's control words,
// which lie on the stack.
func LeastStack(depth int) int {
	return (depth + bodyBytes + int(controlBytes) + pageBytes - 1) &^ (pageBytes - 1)
}

// DefaultStack returns the default size of a C thread's stack in bytes: the
// soft RLIMIT_STACK, or 2 MiB where that is unlimited (pthread_create(3)).
func DefaultStack() int {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_STACK, &r); err != nil || r.Cur > 1<<40 {
		return 2 << 20
	}
	return max(int(r.Cur)&^(pageBytes-1), LeastStack(0))
}

func (e *StartError) remedy() string {
	switch {
	case errors.Is(e.Err, unix.EAGAIN):
		return "a limit on threads is reached: threads.Limits names it; raise that limit"
	case errors.Is(e.Err, unix.ENOMEM):
		return "memory, vm.max_map_count or vm.overcommit_memory is at its limit: hold fewer threads or give them smaller stacks"
	case errors.Is(e.Err, unix.EMFILE), errors.Is(e.Err, unix.ENFILE):
		return "no file descriptor is left: raise ulimit -n"
	case errors.Is(e.Err, unix.EINVAL) && strings.HasPrefix(e.Step, "sched_setaffinity"):
		return "pick a CPU that the affinity mask and the cpuset allow"
	}
	return "a seccomp filter or a security module may forbid it: allow it, or leave the raw threads out"
}

// thread is one raw thread: its control, at the top of its mapping.
type thread struct {
	control *control
	mapping mapping
}

// newThread maps a stack of the given usable bytes (a multiple of the page)
// above a guard page and prepares the body. Nothing runs yet.
func newThread(body uintptr, stack int) (thread, error) {
	m, err := mapMemory(uintptr(stack + pageBytes))
	if err != nil {
		return thread{}, startError("mmap", err, stack)
	}
	if err := m.guard(); err != nil {
		m.unmap()
		return thread{}, startError("mprotect", err, stack)
	}
	c := m.top()
	c.body = body
	if faultsWatched {
		c.body, c.then = pcs.watch, body
	}
	c.blocked = ^uint64(0)
	c.asks = sampleEvery - 1
	return thread{c, m}, nil
}

func startError(step string, err error, stack int) error {
	return &StartError{Step: step, Err: err, Alive: int(alive.Load()), Stack: stack}
}

// start makes the thread run. If the kernel refuses, the mapping stays.
func (t thread) start() error {
	var until time.Time
	for {
		result := clone(t.control)
		if result > 0 {
			alive.Add(1)
			return nil
		}
		err := unix.Errno(-result)
		now := time.Now()
		if until.IsZero() {
			until = now.Add(lateSlot)
		}
		if err != unix.EAGAIN || now.After(until) {
			return startError("clone", err, int(t.mapping.size)-pageBytes)
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// join waits until the thread has exited.
func (t thread) join() {
	for tid := atomic.LoadUint32(&t.control.tid); tid != 0; tid = atomic.LoadUint32(&t.control.tid) {
		waitWhile(&t.control.tid, tid, true)
	}
	alive.Add(-1)
}
