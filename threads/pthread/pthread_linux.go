//go:build pthread && cgo && (amd64 || arm64)

package pthread

// The rules of cgo hold without more: what C keeps hold of is C's own memory,
// and what Go passes holds no pointer of Go's.

/*
#cgo LDFLAGS: -pthread
#define _GNU_SOURCE
#include <alloca.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "bodies.h"

static int64_t alive; // threads started and not joined

static int new_control(struct control **c)
{
	if (posix_memalign((void **)c, 64, sizeof **c) != 0)
		return -ENOMEM;
	memset(*c, 0, sizeof **c);
	return 0;
}

static void free_control(struct control *c) { free(c); }

static int start(struct control *c)
{
	pthread_t thread;
	int result = -pthread_create(&thread, NULL, c->body, c);
	if (result == 0) {
		c->thread = thread;
		__atomic_fetch_add(&alive, 1, __ATOMIC_RELAXED);
	}
	return result;
}

static void join(struct control *c)
{
	pthread_join(c->thread, NULL);
	__atomic_fetch_sub(&alive, 1, __ATOMIC_RELAXED);
}

static int64_t count_alive(void) { return __atomic_load_n(&alive, __ATOMIC_RELAXED); }

static int pin(struct driver *d, int driver, int peer)
{
	cpu_set_t set;
	int result;

	CPU_ZERO(&set);
	CPU_SET(driver, &set);
	result = -pthread_setaffinity_np(d->driver->thread, sizeof set, &set);
	if (result == 0 && d->peer != NULL) {
		CPU_ZERO(&set);
		CPU_SET(peer, &set);
		result = -pthread_setaffinity_np(d->peer->thread, sizeof set, &set);
	}
	return result;
}

// What the threads of a herd share: threads.Herd.
struct herd {
	uint32_t arrived, want, release, next;
	uint64_t depth, made;
	int least;
	pthread_attr_t attr;
	pthread_t *threads;
	uint32_t *tids;
};

// Touches each page of its stack down to the depth, arrives, waits until the
// herd is released, and exits.
static void *park(void *herd)
{
	struct herd *h = herd;
	if (h->depth > 0) {
		volatile char *deepest = alloca(h->depth);
		for (uint64_t at = h->depth; at > 4096; at -= 4096)
			deepest[at - 1] = 1;
		deepest[0] = 1;
	}
	h->tids[__atomic_fetch_add(&h->next, 1, __ATOMIC_RELAXED)] = (uint32_t)sys(SYS_gettid, 0, 0, 0, 0);
	if (__atomic_add_fetch(&h->arrived, 1, __ATOMIC_ACQ_REL) == load(&h->want))
		futex(&h->arrived, FUTEX_WAKE_PRIVATE, 1);
	while (load(&h->release) == 0)
		futex(&h->release, FUTEX_WAIT_PRIVATE, 0);
	return NULL;
}

static void free_herd(struct herd *h)
{
	if (h->least)
		pthread_attr_destroy(&h->attr);
	free(h->threads);
	free(h->tids);
	free(h);
}

// n: the most that it will hold. least: on the least stack, else with the
// default attributes.
static int new_herd(struct herd **herd, uint64_t n, uint64_t depth, int least)
{
	struct herd *h = calloc(1, sizeof *h);
	int result = 0;

	if (h == NULL)
		return -ENOMEM;
	h->depth = depth;
	h->threads = calloc(n, sizeof *h->threads);
	h->tids = calloc(n, sizeof *h->tids);
	if (h->threads == NULL || h->tids == NULL)
		result = -ENOMEM;
	if (result == 0 && least) {
		uint64_t page = sysconf(_SC_PAGESIZE);
		uint64_t bytes = (sysconf(_SC_THREAD_STACK_MIN) + depth + page - 1) / page * page;
		if ((result = -pthread_attr_init(&h->attr)) == 0) {
			h->least = 1;
			result = -pthread_attr_setstacksize(&h->attr, bytes);
		}
	}
	if (result < 0) {
		free_herd(h);
		return result;
	}
	*herd = h;
	return 0;
}

static int grow_herd(struct herd *h, uint64_t n)
{
	sigset_t all, before;
	int result = 0;

	store(&h->want, h->made + n);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; n > 0 && result == 0; n--) {
		result = -pthread_create(&h->threads[h->made], h->least ? &h->attr : NULL, park, h);
		if (result == 0) {
			h->made++;
			__atomic_fetch_add(&alive, 1, __ATOMIC_RELAXED);
		}
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	store(&h->want, h->made);
	return result;
}

static void wait_herd(struct herd *h)
{
	uint32_t arrived;
	while ((arrived = load(&h->arrived)) < h->made)
		futex(&h->arrived, FUTEX_WAIT_PRIVATE, arrived);
}

static void release_herd(struct herd *h) { wake_with(&h->release, 1); }

static void join_herd(struct herd *h)
{
	for (uint64_t i = 0; i < h->made; i++) {
		pthread_join(h->threads[i], NULL);
		__atomic_fetch_sub(&alive, 1, __ATOMIC_RELAXED);
	}
	free_herd(h);
}

#ifdef __GLIBC__
#include <gnu/libc-version.h>
static const char *library(void) { return gnu_get_libc_version(); }
#else
static const char *library(void) { return NULL; }
#endif
*/
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
func Alive() int { return int(C.count_alive()) }

// Library names the C library: "glibc-2.36", or "libc" for one that doesn't
// tell.
func Library() string {
	if version := C.library(); version != nil {
		return "glibc-" + C.GoString(version)
	}
	return "libc"
}

func failed(doing string, result C.int) error {
	return fmt.Errorf("%s (%d C threads alive): %w; if a limit is met, threads.Limits names it: raise it, or hold fewer threads", doing, Alive(), syscall.Errno(-result))
}

// A Driver is a C thread that does ops when it is given a turn and times them
// itself, and its peer or its children: threads.Driver in C.
type Driver struct {
	d    C.struct_driver
	hold bool
}

// NewPair makes two C threads that hand the turn to each other, as
// threads.NewPair does raw ones.
func NewPair(op threads.Op) (*Driver, error) {
	ops := map[threads.Op]uint32{threads.Futex: C.FUTEX, threads.Pipe: C.PIPE, threads.Yield: C.YIELD}
	d := &Driver{}
	if result := C.new_pair(&d.d, ops[op]); result < 0 {
		return nil, failed("starting two C threads", result)
	}
	return d, nil
}

// NewCreator makes a C thread that makes threads by pthread_create(3) with the
// default attributes, batch of them one after the other, each of which returns
// at once, and then joins them. One op is one thread made and joined.
func NewCreator(batch int) (*Driver, error) {
	d := &Driver{}
	if result := C.new_creator(&d.d, C.uint64_t(batch)); result < 0 {
		return nil, failed("starting a C thread", result)
	}
	return d, nil
}

// Hold has each Run from here on keep its P until its turn is over:
// threads.Driver's.
func (d *Driver) Hold() { d.hold = true }

// Run gives the driver a turn, as threads.Driver's.
func (d *Driver) Run(n, warm int) (threads.Timing, error) {
	over := C.begin_turn(&d.d, C.uint64_t(n), C.uint64_t(warm))
	wait := unix.Syscall6
	if d.hold {
		wait = unix.RawSyscall6
	}
	done := (*uint32)(&d.d.driver.done)
	for atomic.LoadUint32(done) == uint32(over) {
		wait(unix.SYS_FUTEX, uintptr(unsafe.Pointer(done)), C.FUTEX_WAIT_PRIVATE, uintptr(over), 0, 0, 0)
	}
	var t C.struct_timing
	if result := C.end_turn(&d.d, &t); result < 0 {
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

// Pin holds the driver and its peer on one CPU each.
func (d *Driver) Pin(driver, peer int) error {
	if result := C.pin(&d.d, C.int(driver), C.int(peer)); result < 0 {
		return failed(fmt.Sprintf("holding C threads on CPUs %d and %d", driver, peer), result)
	}
	return nil
}

// Close ends the driver and its peer, joins them and gives back what they
// had.
func (d *Driver) Close() error {
	C.close_driver(&d.d)
	return nil
}

// A Herd is a growing number of C threads that touch their stack to a depth,
// park on one futex, and exit together.
type Herd struct{ h *C.struct_herd }

// NewHerd prepares at most n threads, of which each touches depth bytes before
// it parks: with the default attributes, or on the least stack that serves.
func NewHerd(n, depth int, least bool) (*Herd, error) {
	h := &Herd{}
	onLeast := C.int(0)
	if least {
		onLeast = 1
	}
	if result := C.new_herd(&h.h, C.uint64_t(n), C.uint64_t(depth), onLeast); result < 0 {
		return nil, failed(fmt.Sprintf("preparing %d C threads", n), result)
	}
	return h, nil
}

// Make starts n more threads. Those made before one was refused stay in the
// herd.
func (h *Herd) Make(n int) error {
	if result := C.grow_herd(h.h, C.uint64_t(n)); result < 0 {
		return failed(fmt.Sprintf("starting %d C threads", n), result)
	}
	return nil
}

// Wait returns when every thread of the herd has touched its stack and is
// about to park.
func (h *Herd) Wait() { C.wait_herd(h.h) }

// Release lets every parked thread of the herd exit.
func (h *Herd) Release() { C.release_herd(h.h) }

// Join waits until every thread of the herd has exited, and frees what the
// herd has. The Herd can't be used after it.
func (h *Herd) Join() {
	C.join_herd(h.h)
	h.h = nil
}

// TIDs are the thread ids that the threads themselves got from gettid(2);
// complete after Wait. The slice of C's array is sound: C made as many words,
// and frees them in Join.
func (h *Herd) TIDs() []int {
	tids := make([]int, h.h.made)
	for i, tid := range unsafe.Slice(h.h.tids, len(tids)) {
		tids[i] = int(tid)
	}
	return tids
}
