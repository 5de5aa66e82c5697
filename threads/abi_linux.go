//go:build linux && (amd64 || arm64)

package threads

//lint:file-ignore U1000 The assembly uses these, through go_asm.h.

import (
	"golang.org/x/sys/unix"

	"threadbench/goroutines"
)

// What the assembly includes as go_asm.h: the system call numbers and flags,
// and the layout of the structs that it shares with Go.

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

	// What a hog does before it looks whether it is to end.
	workChunk = goroutines.WorkChunk

	// What a syncing thread writes, out of the zeroes that stand for its
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

	// Every sampleEvery-th round trip both tasks ask for their CPU, or, where
	// that would be in a stamp's way, only in the first.
	sampleEvery = 256
	sampleOnce  = 1<<64 - 1

	// What control.cpu holds until the thread has asked: no CPU has that number.
	noCPU = 1 << 16

	// The signal stack of faults: the kernel's frame takes up to 12 KiB of it.
	faultStackBytes = 64 << 10

	// A stack is touched every touchBytes: the least page of any platform.
	touchBytes = 4096

	// What body echo reads at once at the most, into its stack.
	echoBytes = 64
)

// A control is what a raw thread and Go say to each other. It stands at the
// top of the thread's mapping, outside of the Go heap; the thread's stack
// begins right below it. Words that both sides write are futex words or are
// written by one side at a time, with a futex operation between the turns.
type control struct {
	// The thread's life.
	tid     uint32  // the kernel writes the tid at clone, clears it at exit and wakes the shared futex on it
	seen    uint32  // gettid, called by the body
	body    uintptr // where the thread starts: a PC in bodies
	then    uintptr // where it goes on, if body is watch
	blocked uint64  // the signal mask with every signal in it
	mask    uint64  // the creator's signal mask, put back after clone

	// A herd's body.
	herd  *herd
	depth uintptr // bytes of stack to touch
	fd    int64   // what body echo reads from and writes to
	got   int64   // what the latest read returned; bytes read, of driveRead; what the work has come to, of a hog
	work  uint64  // what body work's steps begin with, and then what they have come to; n says how many

	// A turn of work: Go sets n and warm, bumps gate and waits for done. quit
	// is read after each wait, on the gate and for the turn.
	gate  uint32 // futex: the number of the latest turn
	done  uint32 // futex: the number of the latest turn that is over
	run   uint32 // futex: 1 while a turn is under way
	quit  uint32 // 1: exit instead of taking the next turn
	warm  uint64 // calls before the clock starts
	n     uint64 // calls on the clock
	timed uint32 // 1 when the clock has started

	// A call of a driver passes the turn, then takes it; of a peer the other
	// way round.
	turn     uint32    // futex: 1 when it is this thread's turn
	other    *control  // the peer; nil for a driver alone
	in, out  int32     // the pipes' ends
	cpu      uint32    // getcpu, last sample of this turn, or noCPU
	children **control // what a creator starts: batch of them
	batch    uint64

	// What takes a stamp puts it into stamps, which has room for all of a turn.
	stamps  *int64
	stamped uint64 // how many there are
	instant *int64 // when a sleeper is to wake, for each stamp: seconds and nanoseconds
	asks    uint64 // it asks for its CPU when calls has none of these bits

	// Evidence.
	calls   uint64 // calls since the start, warm-up and all
	samples uint64 // round trips in which both CPUs were asked for
	crossed uint64 // those in which they differed
	spawned uint64 // successful clones
	failed  int64  // the latest negative result of a system call that may not fail, or what a write fell short with
	echoed  uint64 // bytes that body echo has written back

	// A crew's worker, and a pipeline's tasks.
	crew     *crew
	number   uint32 // of the worker
	from, to *ring  // where the items come from and go to; nil for none
	steps    uint64 // of work on each item, at least 1
	next     uint64 // the item that the source puts next
	until    uint64 // the first that it may not put yet
	ahead    uint64 // items that the sink orders beyond those of the warm-up
	sum      uint64 // of what the sink has taken

	start, end    unix.Timespec
	before, after unix.Rusage

	// Code that reads g through the thread pointer finds nil, on whichever
	// side of it the platform keeps g.
	tls [tlsBytes]byte
}

const (
	tlsBytes = 256
	tlsBase  = tlsBytes / 2
)

// A herd is what the threads of one Herd share.
type herd struct {
	arrived uint32 // futex: threads that have got as far as parking
	want    uint32 // the arrival that wakes who waits on arrived
	release uint32 // futex: 1 lets all of them exit
	turns   uint32 // futex: turns of work given and not taken
	worked  uint32 // futex: threads that have done their work
}

// A faultWatch is what the handler of faults works with.
type faultWatch struct {
	handlers [32]uintptr // where a signal goes that is not a raw thread's
	blocked  uint64      // every signal but those of faults
	alt      altStack    // the stack below

	claimed uint32 // 1 once a thread has faulted
	posted  uint32 // futex: 1 when all below is written
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

// A crew is what the workers of one Crew share.
type crew struct {
	gate uint32 // futex: the number of the latest list
	left uint32 // workers that aren't done with it
	done uint32 // futex: the number of the latest list that is done
	_    [52]byte
	next uint64 // the shared index, in a cache line of its own
	_    [56]byte

	n       uint64
	items   *item
	records *record
}

type item goroutines.Item
type record goroutines.Record

// A ring hands items from one task to another: a task puts, another takes.
type ring struct {
	put  uint64 // how many items were put; written by the one that puts
	_    [56]byte
	took uint64 // how many were taken; written by the one that takes
	_    [56]byte
	dry  uint32 // futex: 1 while the one that takes waits, or is about to; whoever wakes it makes it 0
	_    [60]byte
	full uint32 // futex: the same of the one that puts
	_    [60]byte
	size uint64 // slots in use, a power of 2 up to ringSlots
	slot [ringSlots]uint64
}

const ringSlots = 64

// bodies are the places where a raw thread can start, as PCs, in the order in
// which bodies_linux.h fills them in. A driver's is drive…, its peer's serve….
type bodies struct {
	exit, watch, fault, work, share, source, stage, listen, sync, hog, echo uintptr
	driveRead, driveSink, park, begin                                       uintptr
	driveFutex, driveFutexCalled, driveFutexStamped, driveMiss              uintptr
	drivePipe, drivePipeCalled, drivePipeStamped, driveYield                uintptr
	driveCreate, driveCreateStamped, driveStamp, driveGrow                  uintptr
	driveSleep, drivePace                                                   uintptr
	serveFutex, serveFutexCalled, serveFutexStamped, servePipe              uintptr
	servePipeCalled, servePipeStamped, serveYield                           uintptr
}

// pcs are where they begin, by bodies_linux.h.
var pcs bodies
