// Package ptrace watches a process that it starts, and tells of each system
// call that any of its threads is about to make.
//
// The process takes part: it calls Filter, which has the kernel's seccomp
// filter stop each of its calls for the tracer (SECCOMP_RET_TRACE, seccomp(2)).
// PTRACE_SYSCALL, which needs no help, stops at a call's end as well. That
// changes what is counted: a thread that has woken another one is held up
// before it can go to sleep itself, and finds its answer there when it gets
// on: its wait is never made. A stop before a call comes when that is decided.
package ptrace

import (
	"errors"
	"fmt"
)

// A Tracer starts one process and watches it until its end.
type Tracer struct {
	// Entered is called with the name of each system call that a thread of the
	// process is about to make, "syscall-7" for one that has no name here; by
	// one thread at a time, while the caller waits.
	Entered func(call string)

	process int // its id, and its group's
	known   map[int]bool
	over    chan struct{}
}

// ErrUnsupported is what is refused anywhere but on Linux.
var ErrUnsupported = errors.New("tracing needs Linux")

// A RefusedError says that the system doesn't let a process be traced here.
type RefusedError struct {
	Step string // what was refused
	Err  error  // what the kernel answered
	Why  string // what is known of the reason, and the way out
}

func (e *RefusedError) Error() string { return fmt.Sprintf("%s: %v; %s", e.Step, e.Err, e.Why) }

// Unwrap is what the kernel answered.
func (e *RefusedError) Unwrap() error { return e.Err }
