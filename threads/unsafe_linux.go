//go:build linux && (amd64 || arm64)

package threads

// All unsafe code of the raw threads. It is sound because the memory that a raw
// thread and Go share is mapped here, outside of the Go heap: the collector
// neither moves nor frees it, has no pointer to it and finds none in it. It is
// unmapped only after the kernel has cleared the tid word of the thread whose
// stack it is. One side at a time writes a word, with a futex operation (on the
// Go side an atomic one) in between.

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// clone starts a raw thread on c; see raw_linux_*.s.
//
//go:noescape
func clone(c *control) (result int)

const (
	controlBytes = (unsafe.Sizeof(control{}) + 63) &^ 63
	// A body's own frames take a few words below the control; bodyBytes is
	// reserved for them.
	bodyBytes = 256

	poolBytes   = unsafe.Sizeof(pool{})
	itemBytes   = unsafe.Sizeof(item{})
	recordBytes = unsafe.Sizeof(record{})
	ringBytes   = unsafe.Sizeof(ring{})
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
	if _, _, errno := unix.Syscall(unix.SYS_MPROTECT, uintptr(m.base), uintptr(pageBytes), unix.PROT_NONE); errno != 0 {
		return errno
	}
	return nil
}

// top is the control at the top of the mapping.
func (m mapping) top() *control {
	return (*control)(unsafe.Add(m.base, m.size-controlBytes))
}

// setAt is the set at the bottom of the mapping.
func (m mapping) setAt() *set { return (*set)(m.base) }

// controls is the mapping as an array of n pointers to controls.
func (m mapping) controls(n int) []*control {
	return unsafe.Slice((**control)(m.base), n)
}

// words is the mapping as an array of n words.
func (m mapping) words(n int) []int64 {
	return unsafe.Slice((*int64)(m.base), n)
}

// items is the mapping as an array of n items of a pool's list.
func (m mapping) items(n int) []item { return unsafe.Slice((*item)(m.base), n) }

// records is the mapping as an array of n records.
func (m mapping) records(n int) []record { return unsafe.Slice((*record)(m.base), n) }
