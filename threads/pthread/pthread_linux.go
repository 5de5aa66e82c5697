//go:build pthread && cgo && (amd64 || arm64)

package pthread

// The rules of cgo hold without further care: C keeps only C's own memory, and
// Go passes nothing that holds a Go pointer.

// #cgo LDFLAGS: -pthread
// #include <linux/futex.h>
// #include "pthread_linux.h"
import "C"

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"threadbench/threads"
)

// Alive is the number of threads started here and not joined.
func Alive() int { return int(C.threads_alive()) }

// Library names the C library: "glibc-2.36", or "libc" for one that doesn't
// report its version.
func Library() string {
	if version := C.library_version(); version != nil {
		return "glibc-" + C.GoString(version)
	}
	return "libc"
}

func failed(doing string, result C.int) error {
	return fmt.Errorf("%s (%d C threads alive): %w; if a limit is met, threads.Limits names it: raise it, or hold fewer threads", doing, Alive(), syscall.Errno(-result))
}

// A Driver is a C thread that does ops in turns and times them itself, with its
// peer or its children: threads.Driver in C.
type Driver struct {
	d    *C.struct_driver
	hold bool
}

// NewPair makes two C threads that hand the turn to each other, as
// threads.NewPair does raw ones.
func NewPair(op threads.Op) (*Driver, error) {
	ops := map[threads.Op]uint32{threads.Futex: C.FUTEX, threads.Pipe: C.PIPE, threads.Yield: C.YIELD}
	in, known := ops[op]
	if !known {
		panic(fmt.Sprintf("pthread: no Op %d", op))
	}
	d := &Driver{}
	if result := C.driver_new_pair(&d.d, in); result < 0 {
		return nil, failed("starting two C threads", result)
	}
	return d, nil
}

// NewCreator makes a C thread that makes batch threads in a row by
// pthread_create(3) with the default attributes, each of which returns at once,
// and then joins them. One op is one thread made and joined.
func NewCreator(batch int) (*Driver, error) {
	if batch < 1 {
		panic(fmt.Sprintf("pthread: a batch of %d threads", batch))
	}
	d := &Driver{}
	if result := C.driver_new_creator(&d.d, C.uint64_t(batch)); result < 0 {
		return nil, failed("starting a C thread", result)
	}
	return d, nil
}

// Hold makes each later Run keep the goroutine's P while it waits, as
// threads.Driver's does.
func (d *Driver) Hold() { d.hold = true }

// Run gives the driver a turn, as threads.Driver's does.
func (d *Driver) Run(n, warm int) (threads.Timing, error) {
	over := C.driver_begin(d.d, C.uint64_t(n), C.uint64_t(warm))
	wait := unix.Syscall6
	if d.hold {
		wait = unix.RawSyscall6
	}
	done := (*uint32)(C.driver_done(d.d))
	for atomic.LoadUint32(done) == uint32(over) {
		wait(unix.SYS_FUTEX, uintptr(unsafe.Pointer(done)), C.FUTEX_WAIT_PRIVATE, uintptr(over), 0, 0, 0)
	}
	var t C.struct_timing
	if result := C.driver_end(d.d, &t); result < 0 {
		return threads.Timing{}, failed(fmt.Sprintf("running a C thread for %d ops", n), result)
	}
	return threads.Timing{
		Ops:      int(t.ops),
		Elapsed:  time.Duration(t.ns),
		Switches: int64(t.switches),
		Answers:  int64(t.answers),
		Samples:  int64(t.samples),
		Crossed:  int64(t.crossed),
		Spawned:  int64(t.spawned),
	}, nil
}

// Pin pins the driver to one CPU and its peer to another.
func (d *Driver) Pin(driver, peer int) error {
	if result := C.driver_pin(d.d, C.int(driver), C.int(peer)); result < 0 {
		return failed(fmt.Sprintf("holding C threads on CPUs %d and %d", driver, peer), result)
	}
	return nil
}

// Close ends the driver and its peer, joins them and frees what they used.
func (d *Driver) Close() error {
	C.driver_close(d.d)
	return nil
}

// A Set holds C threads, and can grow. They touch their stacks down to a depth,
// park on one futex, and exit together.
type Set struct{ h *C.struct_set }

// NewSet prepares at most n threads, which touch depth bytes before they park.
// They have the default attributes, or the least stack that is enough.
func NewSet(n, depth int, least bool) (*Set, error) {
	h := &Set{}
	onLeast := C.int(0)
	if least {
		onLeast = 1
	}
	if result := C.set_new(&h.h, C.uint64_t(n), C.uint64_t(depth), onLeast); result < 0 {
		return nil, failed(fmt.Sprintf("preparing %d C threads", n), result)
	}
	return h, nil
}

// Make starts n more threads. The threads made before a refused one stay in the
// set.
func (h *Set) Make(n int) error {
	if result := C.set_grow(h.h, C.uint64_t(n)); result < 0 {
		return failed(fmt.Sprintf("starting %d C threads", n), result)
	}
	return nil
}

// Wait returns when every thread of the set has touched its stack and is
// about to park.
func (h *Set) Wait() { C.set_wait(h.h) }

// Release lets every parked thread of the set exit.
func (h *Set) Release() { C.set_release(h.h) }

// Join waits until every thread of the set has exited, and frees the set,
// which can't be used afterwards.
func (h *Set) Join() {
	C.set_join(h.h)
	h.h = nil
}

// TIDs returns the thread ids, which the threads got from gettid(2). They are
// complete after Wait. The slice of C's array is sound: C allocated that many
// words, and frees them in Join.
func (h *Set) TIDs() []int {
	var n C.uint64_t
	words := C.set_tids(h.h, &n)
	tids := make([]int, n)
	for i, tid := range unsafe.Slice(words, len(tids)) {
		tids[i] = int(tid)
	}
	return tids
}
