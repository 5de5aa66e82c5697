//go:build linux && (amd64 || arm64)

package threads

// A fault on a raw thread, told. The kernel ends a process that faults with
// the signal blocked, and asks no handler. So with FaultsVariable set, raw
// threads leave the signals of faults open and have a signal stack, and a
// handler of ours stands before the Go runtime's: on a raw thread it hands
// what it was given to a goroutine, which tells it; on any other thread it
// jumps on to the handler that was there. That is a system call or two more a
// thread, and so it is off where something is measured.
//
// What is unsafe here is sound because faults is no part of the Go heap: it
// doesn't move, the collector finds no pointer in it, and its fields are
// written before the first raw thread begins, or by the one thread that has
// claimed it, which publishes them by posted. Its stack serves every raw
// thread, since the first to fault is the last to run. Two that fault at the
// same moment may mix their reports.

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// faultSignals are those that an instruction can raise, sigaction(2).
var faultSignals = []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGILL, unix.SIGFPE, unix.SIGTRAP}

// action is the kernel's struct sigaction.
type action struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

var faults faultWatch

// faultsWatched says that newThread has its threads watched.
var faultsWatched = os.Getenv(FaultsVariable) != ""

func init() {
	if faultsWatched {
		watchFaults()
	}
}

func watchFaults() {
	faults.alt = altStack{base: uintptr(unsafe.Pointer(&faults.stack)), size: faultStackBytes}
	faults.blocked = ^uint64(0)
	for _, s := range faultSignals {
		var a action
		if err := sigaction(s, nil, &a); err != nil {
			panic(fmt.Sprintf("threads: looking up the handler of %v: %v", s, err))
		}
		if a.handler <= 1 {
			continue // no handler but the default action: it stays blocked
		}
		faults.handlers[s] = a.handler
		a.handler = pcs.fault
		if err := sigaction(s, &a, nil); err != nil {
			panic(fmt.Sprintf("threads: handling %v: %v", s, err))
		}
		faults.blocked &^= 1 << (s - 1)
	}
	go reportFault()
}

func sigaction(s unix.Signal, set, old *action) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), sigsetBytes, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// reportFault waits for a fault, tells it, and lets the process die of it.
func reportFault() {
	waitWhile(&faults.posted, 0, false)
	s := unix.Signal(faults.signal)
	what := fmt.Sprintf("faulted: %v (code %d) at address %#x", s, faults.code, faults.addr)
	if faults.code <= 0 {
		// Then si_pid is where si_addr would be.
		what = fmt.Sprintf("was sent %v (code %d) by process %d", s, faults.code, uint32(faults.addr))
	}
	fmt.Fprintf(os.Stderr, "threads: raw thread %d %s, in %s, pc %#x, sp %#x\n",
		faults.tid, what, place(faults.pc), faults.pc, faults.sp)
	sigaction(s, &action{}, nil)
	for {
		unix.Kill(unix.Getpid(), s)
		time.Sleep(time.Millisecond)
	}
}

// place is where in the program a PC is.
func place(pc uintptr) string {
	f := runtime.FuncForPC(pc)
	if f == nil {
		return "no function of this program"
	}
	file, line := f.FileLine(pc)
	return fmt.Sprintf("%s+%#x (%s:%d)", f.Name(), pc-f.Entry(), filepath.Base(file), line)
}
