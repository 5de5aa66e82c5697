//go:build linux && (amd64 || arm64)

package threads

//lint:file-ignore U1000 The assembly uses these, through go_asm.h.

import (
	"golang.org/x/sys/unix"

	"threadbench/goroutines"
)

// The assembly includes this as go_asm.h: system call numbers and flags, and
// the layout of the structs that it shares with Go.

const (
	sysClone        = unix.SYS_CLONE
	sysExit         = unix.SYS_EXIT
	sysFutex        = unix.SYS_FUTEX
	sysRead         = unix.SYS_READ
	sysWrite        = unix.SYS_WRITE
	sysGettid       = unix.SYS_GETTID
	sysGetcpu       = unix.SYS_GETCPU
	sysSchedYield   = unix.SYS_SCHED_YIELD
	sysGetrusage    = unix.SYS_GETRUSAGE
	sysClockGettime = unix.SYS_CLOCK_GETTIME
	sysSigprocmask  = unix.SYS_RT_SIGPROCMASK
	sysSigaltstack  = unix.SYS_SIGALTSTACK
	sysFsync        = unix.SYS_FSYNC
	sysNanosleep    = unix.SYS_CLOCK_NANOSLEEP

	clockMonotonic = unix.CLOCK_MONOTONIC
	timerAbstime   = unix.TIMER_ABSTIME

	// Steps of work that a hog does between two looks at release.
	workChunk = goroutines.WorkChunk

	// Bytes that a syncing thread writes: part of the zeroes that stand for its
	// thread-local storage.
	syncBytes = RecordBytes

	// From include/uapi/asm-generic/signal-defs.h, which x/sys/unix leaves
	// out.
	sigSetmask  = 2
	sigsetBytes = 8

	// THREAD needs SIGHAND, which needs VM. With SETTLS the thread never
	// reads its creator's thread-local storage, which dies with its creator.
	cloneFlags = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND |
		unix.CLONE_SYSVSEM | unix.CLONE_THREAD | unix.CLONE_SETTLS |
		unix.CLONE_PARENT_SETTID | unix.CLONE_CHILD_CLEARTID

	// Both tasks ask for their CPU in every sampleEvery-th round trip. Where
	// that would disturb a stamp, they ask only in the first.
	sampleEvery = 256
	sampleOnce  = 1<<64 - 1

	// The value of control.cpu before the thread has asked; no CPU has that
	// number.
	noCPU = 1 << 16

	// The signal stack of faults: the kernel's frame takes up to 12 KiB of it.
	faultStackBytes = 64 << 10

	// A stack is touched every touchBytes: the smallest page of any platform.
	touchBytes = 4096

	// The most that body echo reads at once, into its stack.
	echoBytes = 64
)

// A control is what a raw thread and Go share. It lies at the top of the
// thread's mapping, outside of the Go heap; the thread's stack begins right
// below it. A word that both sides write is a futex word, or one side at a time
// writes it, with a futex operation between the turns.
type control struct {
	// The thread's life.
	tid     uint32  // the kernel writes the tid at clone, clears it at exit and wakes the shared futex on it
	seen    uint32  // gettid, called by the body
	body    uintptr // where the thread starts: a PC in bodies
	then    uintptr // where it goes on, if body is watch; a PC too
	blocked uint64  // the signal mask with every signal in it
	mask    uint64  // the creator's signal mask, put back after clone

	// A set's body.
	set   *set
	depth uintptr // bytes of stack to touch
	fd    int64   // the descriptor that bodies echo, listen and sync read; echo also writes it
	got   int64   // the latest read's result; for driveRead bytes read, for a hog the result of its work
	work  uint64  // the value that body work starts from, then its result after n steps

	// A turn of work: Go sets n and warm, increments gate and waits for done.
	// quit is read after each wait for the gate and for the turn.
	gate  uint32 // futex: the number of the latest turn
	done  uint32 // futex: the number of the latest turn that is over
	run   uint32 // futex: 1 while a turn is under way
	quit  uint32 // 1: exit instead of taking the next turn
	warm  uint64 // calls before the clock starts
	n     uint64 // calls on the clock
	timed uint32 // 1 when the clock has started

	// A driver's call passes the turn, then takes it; a peer's takes it, then
	// passes it.
	turn     uint32    // futex: 1 when it is this thread's turn
	other    *control  // the peer; nil for a driver alone
	in, out  int32     // the pipes' ends
	cpu      uint32    // getcpu, last sample of this turn, or noCPU
	children **control // what a creator starts: batch of them
	batch    uint64

	// Stamps go into stamps, which has room for all of a turn.
	stamps  *int64
	stamped uint64 // stamps taken so far
	instant *int64 // when a sleeper wakes for each stamp: seconds and nanoseconds
	asks    uint64 // the thread asks for its CPU when calls has none of these bits

	// Evidence.
	calls   uint64 // calls since the thread started, warm-up included
	samples uint64 // round trips in which both sides asked for their CPU
	crossed uint64 // samples in which the two CPUs differed
	spawned uint64 // successful clones
	failed  int64  // the latest negative result of a system call that may not fail, or the result of a short write
	echoed  uint64 // bytes that body echo has written back

	// A pool's worker, and a pipeline's tasks.
	pool     *pool
	number   uint32 // of the worker
	from, to *ring  // where items come from and go to; nil for none
	steps    uint64 // of work on each item, at least 1
	next     uint64 // the item that the source puts next
	until    uint64 // the first item that the source may not put yet
	ahead    uint64 // items that the sink orders beyond those of the warm-up
	sum      uint64 // of the items that the sink has taken

	start, end    unix.Timespec
	before, after unix.Rusage

	// The control's thread pointer points into the middle of tls. Code that
	// reads g through it finds nil, on whichever side of it the platform keeps
	// g.
	tls [tlsBytes]byte
}

const (
	tlsBytes = 256
	tlsBase  = tlsBytes / 2
)

// A set is what the threads of one Set share.
type set struct {
	arrived uint32 // futex: threads that are about to park
	want    uint32 // the count of arrived, or of worked, that wakes the waiter
	release uint32 // futex: 1 lets all of them exit
	turns   uint32 // futex: turns of work given and not taken
	worked  uint32 // futex: threads that have done their work
}

// A faultWatch is the data of the handler of faults.
type faultWatch struct {
	handlers [32]uintptr // the handlers that were there before, for faults on other threads
	blocked  uint64      // every signal but those of faults
	alt      altStack    // the stack below

	claimed uint32 // 1 once a raw thread has faulted
	posted  uint32 // futex: 1 when all fields below are written
	tid     uint32
	signal  uint32
	code    int32 // si_code: 0 or less for a signal that was sent
	pc, sp  uintptr
	addr    uintptr // si_addr

	stack [faultStackBytes]byte
}

// altStack is stack_t, sigaltstack(2).
type altStack struct {
	base  uintptr
	flags int32
	size  uintptr
}

// A pool is what the workers of one Pool share.
type pool struct {
	gate uint32 // futex: the number of the latest list
	left uint32 // workers that have not finished the list
	done uint32 // futex: the number of the latest finished list
	_    [52]byte
	next uint64 // the shared index, in a cache line of its own
	_    [56]byte

	n       uint64
	items   *item
	records *record
}

type item goroutines.Item
type record goroutines.Record

// A ring hands items from the task that puts to the task that takes.
type ring struct {
	put  uint64 // items put so far; only the task that puts writes it
	_    [56]byte
	took uint64 // items taken so far; only the task that takes writes it
	_    [56]byte
	dry  uint32 // futex: 1 while the task that takes waits, or is about to; the waker sets it to 0
	_    [60]byte
	full uint32 // futex: the same for the task that puts
	_    [60]byte
	size uint64 // slots in use, a power of 2 up to ringSlots
	slot [ringSlots]uint64
}

const ringSlots = 64

// bodies are the PCs at which a raw thread can start, in the order in which
// bodies_linux.h fills them in. A driver's is drive…, its peer's serve….
type bodies struct {
	exit, watch, fault, work, share, source, stage, listen, sync, hog, echo uintptr
	driveRead, driveSink, park, begin                                       uintptr
	driveFutex, driveFutexCalled, driveFutexStamped                         uintptr
	driveMiss, driveMissCalled                                              uintptr
	drivePipe, drivePipeCalled, drivePipeStamped                            uintptr
	driveYield, driveYieldCalled, driveGettid                               uintptr
	driveCreate, driveCreateStamped, driveStamp, driveGrow                  uintptr
	driveSleep, drivePace                                                   uintptr
	serveFutex, serveFutexCalled, serveFutexStamped, servePipe              uintptr
	servePipeCalled, servePipeStamped, serveYield, serveYieldCalled         uintptr
}

// pcs is filled in by bodies_linux.h.
var pcs bodies
