//go:build linux && (amd64 || arm64)

package threads

// How a fault on a raw thread gets reported. Raw threads block every signal,
// and the kernel then ends a process that faults without asking a handler. So
// with FaultsVariable set, raw threads leave the signals of faults open and
// have a signal stack. A handler of ours replaces the Go runtime's. On a raw
// thread it hands the kernel's data to a goroutine, which prints the report. On
// any other thread it jumps to the handler that was there before. This costs
// each raw thread two more system calls, so it is off in measurements.
//
// What is unsafe here is sound because faults is no part of the Go heap: it
// doesn't move, and the collector finds no pointer in it. Its fields are
// written before the first raw thread begins, or by the one thread that has
// claimed it, which publishes them by posted. One signal stack serves all raw
// threads, since the first to fault is the last to run. Two that fault at the
// same moment may garble the report.

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// faultSignals are the signals that an instruction can raise, sigaction(2).
var faultSignals = []unix.Signal{unix.SIGSEGV, unix.SIGBUS, unix.SIGILL, unix.SIGFPE, unix.SIGTRAP}

// action is the kernel's struct sigaction.
type action struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

var faults faultWatch

// faultsWatched makes newThread start each thread in body watch.
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
			continue // the default action or ignored: the signal stays blocked
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

// reportFault waits for a fault, prints it, and lets the process die of it.
func reportFault() {
	waitWhile(&faults.posted, 0, false)
	s := unix.Signal(faults.signal)
	what := fmt.Sprintf("faulted: %v (code %d) at address %#x", s, faults.code, faults.addr)
	if faults.code <= 0 {
		// For a sent signal, si_pid stands in si_addr's place.
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

// place names the place in the program at a PC.
func place(pc uintptr) string {
	f := runtime.FuncForPC(pc)
	if f == nil {
		return "no function of this program"
	}
	file, line := f.FileLine(pc)
	return fmt.Sprintf("%s+%#x (%s:%d)", f.Name(), pc-f.Entry(), filepath.Base(file), line)
}
