//go:build linux && (amd64 || arm64)

package threads

// Everything unsafe of the raw threads. It is sound because the memory that a
// raw thread and Go share is mapped here, outside of the Go heap: the
// collector neither moves nor frees it, holds no pointer of it and finds none
// in it, and it is unmapped only when the kernel has cleared the tid word of
// the thread whose stack it is. Between the two a word is written by one side
// at a time, with a futex operation (on the Go side an atomic one) between.

import (
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// clone starts a raw thread on c; see raw_linux_*.s.
//
//go:noescape
func clone(c *control) (result int)

// bodyPCs fills in where the bodies begin; see raw_linux_*.s.
//
//go:noescape
func bodyPCs(pcs *bodies)

var pcs = func() (b bodies) { bodyPCs(&b); return }()

const (
	controlBytes = (unsafe.Sizeof(control{}) + 63) &^ 63
	// A body's own frames take a few words below the control; this is what
	// is kept for them.
	bodyBytes = 256
)

// mapping is one mapping outside of the Go heap.
type mapping struct {
	base unsafe.Pointer
	size uintptr
}

func mapMemory(size uintptr) (mapping, error) {
	base, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE|unix.MAP_STACK)
	if err != nil {
		return mapping{}, err
	}
	mapped.Add(1)
	return mapping{base, size}, nil
}

func (m mapping) unmap() {
	if err := unix.MunmapPtr(m.base, m.size); err != nil {
		panic("threads: unmapping what was mapped: " + err.Error())
	}
	mapped.Add(-1)
}

// guard makes the lowest page of the mapping fault.
func (m mapping) guard() error {
	if _, _, errno := unix.Syscall(unix.SYS_MPROTECT, uintptr(m.base), pageBytes, unix.PROT_NONE); errno != 0 {
		return errno
	}
	return nil
}

// top is the control at the top of the mapping.
func (m mapping) top() *control {
	return (*control)(unsafe.Add(m.base, m.size-controlBytes))
}

// herdAt is the herd at the bottom of the mapping.
func (m mapping) herdAt() *herd { return (*herd)(m.base) }

// controls is the mapping as an array of n pointers to controls.
func (m mapping) controls(n int) []*control {
	return unsafe.Slice((**control)(m.base), n)
}

// futexes as Go sees them. Waiting goes through Syscall6, so that the
// scheduler knows: a wait through RawSyscall would hold up a collection that
// starts meanwhile.

// waitWhile waits while the word is v. shared is for a tid word, whose futex
// the kernel wakes shared.
func waitWhile(word *uint32, v uint32, shared bool) {
	op := uintptr(futexWaitPrivate)
	if shared {
		op = futexWait
	}
	for atomic.LoadUint32(word) == v {
		unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), op, uintptr(v), 0, 0, 0)
	}
}

// set stores v in the word and wakes all that wait on it.
func set(word *uint32, v uint32) {
	atomic.StoreUint32(word, v)
	wake(word, 1<<30)
}

func wake(word *uint32, n uintptr) {
	unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWakePrivate, n, 0, 0, 0)
	runtime.KeepAlive(word)
}
