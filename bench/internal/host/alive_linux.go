package host

import (
	"bytes"
	"fmt"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// KernelThreads is how many threads this process has, by the kernel's count
// (proc_pid_status(5)). The runtime isn't told of the three system calls, so
// that it makes no thread for their sake, and nothing is allocated. The
// conversions stand in the calls' argument lists, so they are sound: what they
// point at stays where it is until the call is over.
func KernelThreads() (int, error) {
	const path = "/proc/self/status"
	name := [...]byte{'/', 'p', 'r', 'o', 'c', '/', 's', 'e', 'l', 'f', '/', 's', 't', 'a', 't', 'u', 's', 0}
	var text [4096]byte
	at := unix.AT_FDCWD
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(&name)), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return 0, fmt.Errorf("counting threads: opening %s: %w", path, errno)
	}
	n, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(&text)), uintptr(len(text)))
	unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	if errno != 0 {
		return 0, fmt.Errorf("counting threads: reading %s: %w", path, errno)
	}
	threads, err := parseThreads(text[:n])
	if err != nil {
		return 0, fmt.Errorf("counting threads: %s: %w", path, err)
	}
	return threads, nil
}

// parseThreads finds the line "Threads:	123", at least 1.
func parseThreads(status []byte) (int, error) {
	for line := range bytes.Lines(status) {
		rest, ok := bytes.CutPrefix(line, []byte("Threads:"))
		if !ok {
			continue
		}
		n, err := strconv.Atoi(string(bytes.TrimSpace(rest)))
		if err != nil || n < 1 {
			return 0, fmt.Errorf("%q is no number of threads", bytes.TrimSpace(line))
		}
		return n, nil
	}
	return 0, fmt.Errorf("no line Threads")
}
