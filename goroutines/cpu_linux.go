package goroutines

// What is unsafe here is sound: the address is taken in the call that hands it
// to the kernel, and the kernel doesn't keep it after the call.

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// CPU returns the number of the CPU that the caller runs on (getcpu(2)), or -1
// if that is unknown. The number may be out of date on return.
func CPU() int {
	var cpu uint32
	if _, _, errno := unix.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return -1
	}
	return int(cpu)
}
