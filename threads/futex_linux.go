package threads

// What is unsafe here is sound. Each address is taken in the call that hands it
// to the kernel, so the word stays in place until the call returns, in the Go
// heap or outside of it. The kernel keeps no address.

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Futexes for goroutines. Waiting goes through Syscall6, which tells the
// scheduler: a wait through RawSyscall would delay a garbage collection that
// starts in the meantime.

// From linux/futex.h, which x/sys/unix leaves out.
const (
	futexWait        = 0
	futexWake        = 1
	futexPrivate     = 128
	futexWaitPrivate = futexWait | futexPrivate
	futexWakePrivate = futexWake | futexPrivate
)

// waitWhile waits while the word is v. The kernel wakes the waiters of a tid
// word by a shared futex, so that wait has to be shared too.
func waitWhile(word *uint32, v uint32, shared bool) {
	op := uintptr(futexWaitPrivate)
	if shared {
		op = futexWait
	}
	for atomic.LoadUint32(word) == v {
		unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), op, uintptr(v), 0, 0, 0)
	}
}

// wakeOne wakes the first waiter on the word.
func wakeOne(word *uint32) {
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWakePrivate, 1, 0, 0, 0)
}

// holdWhile is waitWhile without telling the scheduler, so that the goroutine
// keeps its P. A garbage collection waits for it: use it only for short waits.
func holdWhile(word *uint32, v uint32) {
	for atomic.LoadUint32(word) == v {
		unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWaitPrivate, uintptr(v), 0, 0, 0)
	}
}

// setAndWake stores v in the word and wakes all waiters.
func setAndWake(word *uint32, v uint32) {
	atomic.StoreUint32(word, v)
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWakePrivate, 1<<30, 0, 0, 0)
}
