package threads

import (
	"errors"
	"fmt"
	"time"
)

// ErrUnsupported is what every raw thread answers where there is no
// trampoline: anywhere but linux/amd64 and linux/arm64.
var ErrUnsupported = errors.New("raw threads need linux/amd64 or linux/arm64")

// FaultsVariable, set to anything in the environment, has a fault on a raw
// thread tell on standard error which thread it was, where, and at what
// address, before the process dies of it. Without it such a fault says
// nothing. Measure nothing with it: a raw thread then makes two system calls
// more.
const FaultsVariable = "THREADBENCH_FAULTS"

// A StartError says which step of making a raw thread the kernel refused.
type StartError struct {
	Step  string // "clone", or what it stands on: "mmap", "mprotect", "pipe2", "sched_setaffinity to CPU 3"
	Err   error  // what the kernel answered, a syscall.Errno
	Alive int    // raw threads of this process alive at that moment
	Stack int    // bytes of stack asked for
}

// Error names the step, its state, the kernel's answer and the way out.
func (e *StartError) Error() string {
	return fmt.Sprintf("starting a raw thread (%d alive, stack of %d bytes): %s: %v; %s", e.Alive, e.Stack, e.Step, e.Err, e.remedy())
}

// Unwrap is the errno.
func (e *StartError) Unwrap() error { return e.Err }

// An Op is what two raw threads hand the turn to each other with.
type Op int

const (
	Futex Op = iota // FUTEX_WAKE_PRIVATE of the other's word, FUTEX_WAIT_PRIVATE on the own one
	Pipe            // write(2) of a byte into one pipe, blocking read(2) from another
	Yield           // sched_yield(2), which hands over only on a CPU that both share

	// The same hand-offs with a function for each half, as in a program that
	// calls a library: the function returns after the switch.
	FutexCalled
	PipeCalled
)

// A Timing is what one turn of a Driver measured, by the thread's own clock
// (CLOCK_MONOTONIC, asked by system call on the thread itself).
type Timing struct {
	Ops      int           // ops on the clock
	Elapsed  time.Duration // of all of them
	Switches int64         // context switches of the whole process meanwhile, voluntary and involuntary (getrusage)
	Answers  int64         // hand-offs that the peer answered, those of the warm-up among them
	Samples  int64         // hand-offs in which both sides were asked for their CPU (getcpu)
	Crossed  int64         // those of them in which the two CPUs differed
	Spawned  int64         // threads made, those of the warm-up among them
	Bytes    int64         // bytes that a NewReader's thread has read, those of the warm-up among them
	Faults   int64         // page faults of the whole process meanwhile that needed no reading (getrusage)
}

// RecordBytes is how much a thread of NewSyncers writes at a time.
const RecordBytes = 256

// An End is what a thread of a Herd has done in its life.
type End struct {
	Turns int64 // waits that are over, with what they were for, or chunks of work done
	Got   int64 // what its last read(2) answered, -errno of a write or fsync(2) that failed, or what its work has come to
}
