package threads

// What is unsafe here is sound: the address of a word is taken in the call
// that hands it to the kernel, so the word stays where it is until the call
// returns, in the Go heap or outside of it, and the kernel keeps no address.

import (
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Futexes as Go sees them. Waiting goes through Syscall6, so that the
// scheduler knows of it: a wait through RawSyscall would hold up a collection
// that starts meanwhile.

// From linux/futex.h, which x/sys/unix leaves out.
const (
	futexWait        = 0
	futexWake        = 1
	futexPrivate     = 128
	futexWaitPrivate = futexWait | futexPrivate
	futexWakePrivate = futexWake | futexPrivate
)

// waitWhile waits while the word is v. A tid word is waited on shared: the
// kernel wakes it so.
func waitWhile(word *uint32, v uint32, shared bool) {
	op := uintptr(futexWaitPrivate)
	if shared {
		op = futexWait
	}
	for atomic.LoadUint32(word) == v {
		unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), op, uintptr(v), 0, 0, 0)
	}
}

// wakeOne wakes one that waits on the word, the first of them.
func wakeOne(word *uint32) {
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWakePrivate, 1, 0, 0, 0)
}

// holdWhile waits while the word is v without telling the scheduler, so that the
// goroutine keeps its P. It is for what ends by itself soon: a collection waits
// for it.
func holdWhile(word *uint32, v uint32) {
	for atomic.LoadUint32(word) == v {
		unix.RawSyscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWaitPrivate, uintptr(v), 0, 0, 0)
	}
}

// setAndWake stores v in the word and wakes all that wait on it.
func setAndWake(word *uint32, v uint32) {
	atomic.StoreUint32(word, v)
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWakePrivate, 1<<30, 0, 0, 0)
}
