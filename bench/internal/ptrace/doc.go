// Package ptrace starts a process, watches it, and reports each system call
// that any of its threads is about to make.
//
// The process takes part: it calls Filter, which makes the kernel's seccomp
// filter stop each of its calls for the tracer (SECCOMP_RET_TRACE, seccomp(2)).
// PTRACE_SYSCALL needs no such help, but also stops at a call's end, and that
// changes the count. A thread that has woken another one would be held up
// before it can go to sleep itself. It would find its answer there when it goes
// on, and never make its wait. A stop before a call doesn't hold it up at that
// point.
package ptrace

import (
	"errors"
	"fmt"
)

// A Tracer starts one process and watches it until its end.
type Tracer struct {
	// Entered is called with the name of each system call that a thread of the
	// process is about to make, "syscall-7" for a call without a name here. One
	// thread at a time calls it, while the caller of the system call waits.
	Entered func(call string)

	process int // its id, and its group's
	known   map[int]bool
	over    chan struct{}
}

// ErrUnsupported is the error everywhere but on Linux.
var ErrUnsupported = errors.New("tracing needs Linux")

// A RefusedError says that the system doesn't allow a process to be traced
// here.
type RefusedError struct {
	Step string // what was refused
	Err  error  // the kernel's answer
	Why  string // the likely reason, and the way out
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %v; %s", e.Step, e.Err, e.Why) }

// Unwrap returns the kernel's answer.
func (e *RefusedError) Unwrap() error { return e.Err }
