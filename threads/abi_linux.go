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
	sysFsync        = unix.SYS_FSYNC
	sysNanosleep    = unix.SYS_CLOCK_NANOSLEEP

	clockMonotonic = unix.CLOCK_MONOTONIC
	timerAbstime   = unix.TIMER_ABSTIME

	// What a hog does before it looks whether it is to end.
	workChunk = goroutines.WorkChunk

	// What a syncing thread writes, out of the zeroes that stand for its
	// thread-local storage.
	recordBytes = RecordBytes

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

	// A stack is touched every touchBytes: the least page of any platform.
	touchBytes = 4096
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
	blocked uint64  // the signal mask with every signal in it
	mask    uint64  // the creator's signal mask, put back after clone

	// A herd's body.
	herd  *herd
	depth uintptr // bytes of stack to touch
	fd    int64   // what body read reads from
	got   int64   // what read returned; bytes read, of takeByte; what the work has come to, of a hog

	// A turn of work: Go sets n and warm, bumps gate and waits for done. quit
	// is read after each wait, on the gate and in take.
	gate uint32 // futex: the number of the latest turn
	done uint32 // futex: the number of the latest turn that is over
	run  uint32 // futex: 1 while a turn is under way
	quit uint32 // 1: exit instead of taking the next turn
	warm uint64 // calls before the clock starts
	n    uint64 // calls on the clock

	// One call of a driver is pass, then take; of a peer take, then pass.
	pass, take uintptr
	other      *control  // the peer; nil for a driver alone
	turn       uint32    // futex: 1 when it is this thread's turn
	in, out    int32     // the pipes' ends
	cpu        uint32    // getcpu, last sample of this turn, or noCPU
	children   **control // what spawn starts: batch of them
	batch      uint64

	// What takes a stamp puts it into stamps, which has room for all of a turn.
	stamps  *int64
	stamped uint64  // how many there are
	inner   uintptr // the half that takeStamp is wrapped around
	instant *int64  // when sleepTake is to wake, for each stamp: seconds and nanoseconds
	asks    uint64  // it asks for its CPU when calls has none of these bits

	// Evidence.
	calls   uint64 // calls since the start, warm-up and all
	samples uint64 // round trips in which both CPUs were asked for
	crossed uint64 // those in which they differed
	spawned uint64 // successful clones
	failed  int64  // the latest negative result of a system call that may not fail

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
}

// bodies are the places where a raw thread can start, and the halves of a
// call, as PCs.
type bodies struct {
	exit, park, block, drive, serve uintptr
	begin                           uintptr
	futexPass, futexTake, futexMiss uintptr
	pipePass, pipeTake              uintptr
	yieldPass, yieldTake, nop       uintptr
	spawn, join, stampSpawn         uintptr
	stamp, takeStamp, touch         uintptr
	listen, sync, hog               uintptr
	takeByte, sleepTake             uintptr
}
