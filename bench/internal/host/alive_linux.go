package host

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// KernelThreads returns the number of threads of this process, by the kernel's
// count (proc_pid_status(5)). The scheduler doesn't know of the three system
// calls, so the runtime makes no thread because of them. KernelThreads
// allocates nothing unless it fails. The conversions are sound: they stand in
// the calls' argument lists, so their targets stay in place until the call is
// over.
func KernelThreads() (int, error) {
	const path = "/proc/self/status"
	name := [...]byte{'/', 'p', 'r', 'o', 'c', '/', 's', 'e', 'l', 'f', '/', 's', 't', 'a', 't', 'u', 's', 0}
	at := unix.AT_FDCWD
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(&name)), unix.O_RDONLY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return 0, fmt.Errorf("counting threads: opening %s: %w", path, errno)
	}
	var status statusReader
	threads, err := 0, error(nil)
	for threads == 0 && err == nil {
		rest := status.rest()
		n, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(rest))), uintptr(len(rest)))
		switch {
		case errno != 0:
			err = fmt.Errorf("reading: %w", errno)
		case n == 0:
			err = errors.New("no line Threads")
		default:
			threads, err = status.threads(int(n))
		}
	}
	unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	if err != nil {
		return 0, fmt.Errorf("counting threads: %s: %w", path, err)
	}
	return threads, nil
}

// A statusReader finds the number of threads in /proc/self/status. The file may
// have any length: it lists the groups of the user, of which there may be
// 65,536.
type statusReader struct {
	text [4096]byte
	kept int // bytes of a line whose rest has yet to be read
}

// rest returns the place for the next part of the file.
func (s *statusReader) rest() []byte { return s.text[s.kept:] }

// threads returns the number in the line "Threads: 123", at least 1, among the
// n bytes read; 0 if the line isn't there yet.
func (s *statusReader) threads(n int) (int, error) {
	unread := s.text[:s.kept+n]
	for {
		line, after, whole := bytes.Cut(unread, []byte("\n"))
		if !whole {
			break
		}
		unread = after
		number, ok := bytes.CutPrefix(line, []byte("Threads:"))
		if !ok {
			continue
		}
		n, err := strconv.Atoi(string(bytes.TrimSpace(number)))
		if err != nil || n < 1 {
			return 0, fmt.Errorf("%q is not a number of threads", string(bytes.TrimSpace(line)))
		}
		return n, nil
	}
	s.kept = copy(s.text[:], unread)
	if s.kept == len(s.text) {
		s.kept = 0 // a longer line is not the one with the number
	}
	return 0, nil
}
