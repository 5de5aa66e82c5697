package threads

import (
	"errors"
	"fmt"
	"time"
)

// ErrUnsupported is the error of every function that would make a raw thread,
// on any platform but linux/amd64 and linux/arm64.
var ErrUnsupported = errors.New("raw threads need linux/amd64 or linux/arm64")

// FaultsVariable names an environment variable. If it is set to anything, a
// fault on a raw thread is reported on standard error before the process dies:
// the thread, the place in the program and the address. Otherwise the process
// dies silently. Don't measure with it: each raw thread then makes two more
// system calls.
const FaultsVariable = "THREADBENCH_FAULTS"

// A StartError is the kernel's refusal of one step in making a raw thread.
type StartError struct {
	Step  string // "clone", or a step before or after it: "mmap", "mprotect", "pipe2", "sched_setaffinity to CPU 3"
	Err   error  // the kernel's answer, a syscall.Errno
	Alive int    // raw threads of this process alive at that moment
	Stack int    // bytes of stack asked for
}

// Error gives the step, the state, the kernel's answer and the way out.
func (e *StartError) Error() string {
	return fmt.Sprintf("starting a raw thread (%d alive, stack of %d bytes): %s: %v; %s", e.Alive, e.Stack, e.Step, e.Err, e.remedy())
}

// Unwrap returns the errno.
func (e *StartError) Unwrap() error { return e.Err }

// An Op is the primitive by which two raw threads hand the turn to each other.
type Op int

const (
	Futex Op = iota // FUTEX_WAKE_PRIVATE of the other's word, FUTEX_WAIT_PRIVATE on the own one
	Pipe            // write(2) of a byte into one pipe, blocking read(2) from another
	Yield           // sched_yield(2), which hands over only on a CPU that both share

	// The same hand-offs with a function for each half, as in a program that
	// calls a library: the function returns after the switch.
	FutexCalled
	PipeCalled
	YieldCalled

	Gettid // gettid(2), a system call that does next to nothing: for a floor alone
)

// A Timing is the result of one turn of a Driver. The driver's own thread reads
// the clock (CLOCK_MONOTONIC, by system call).
type Timing struct {
	Ops      int           // ops on the clock
	Elapsed  time.Duration // of all of them
	Switches int64         // context switches of the whole process in that time, voluntary and involuntary (getrusage)
	Answers  int64         // hand-offs that the peer answered, warm-up included
	Samples  int64         // hand-offs in which both sides asked for their CPU (getcpu)
	Crossed  int64         // samples in which the two CPUs differed
	Spawned  int64         // threads made, warm-up included
	Bytes    int64         // bytes that a NewReader's thread has read, warm-up included
	Faults   int64         // minor page faults of the whole process in that time (getrusage)
}

// RecordBytes is the size of one write by a thread of NewSyncers.
const RecordBytes = 256

// An End is what a thread of a Set has done by the time it exits.
type End struct {
	Turns int64 // bytes that it waited for and dealt with, or chunks of work done
	Got   int64 // the result of its last read(2), -errno of a write or fsync(2) that failed, or the result of its work
}
