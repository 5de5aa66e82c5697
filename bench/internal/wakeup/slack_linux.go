package wakeup

import (
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"threadbench/bench/lockstep"
)

// withSlack makes every thread of this process sleep with that timer slack, in
// nanoseconds. A thread inherits the slack of its maker, so withSlack restarts
// the process from a thread that has it.
func withSlack(ns int) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	now, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil && now == ns {
		return nil
	}
	if err == nil {
		err = unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(ns), 0, 0, 0)
	}
	if err != nil {
		return lockstep.Skipf("prctl for a timer slack of %d ns: %v; allow the call", ns, err)
	}
	// The new process has to find its standard input as this one did (parked).
	if err := unix.SetNonblock(0, false); err != nil {
		return err
	}
	return fmt.Errorf("starting anew with a timer slack of %d ns: %w", ns, syscall.Exec("/proc/self/exe", os.Args, os.Environ()))
}

// hasSlack returns an error unless the caller's thread has that timer slack; 0
// accepts any.
func hasSlack(ns int) error {
	if ns == 0 {
		return nil
	}
	seen, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err == nil && seen != ns {
		err = fmt.Errorf("expected a timer slack of %d ns, seen %d", ns, seen)
	}
	return err
}
