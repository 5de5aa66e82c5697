//go:build unix

package arm

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// A Link is the two ends of a pipe or socket pair that a task waits on.
type Link struct{ In, Out int }

// NewLink makes a socket pair, or for wait=syscall a pipe, on which read(2)
// blocks.
func NewLink(wait string) (Link, error) {
	var ends [2]int
	var err error
	if wait != "syscall" {
		ends, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	} else {
		err = unix.Pipe(ends[:])
	}
	if err != nil {
		return Link{}, fmt.Errorf("making the pipe or sockets that a task waits on: %w; raise ulimit -n if file descriptors are used up", err)
	}
	unix.CloseOnExec(ends[0])
	unix.CloseOnExec(ends[1])
	return Link{ends[0], ends[1]}, nil
}

// Close closes both ends.
func (l Link) Close() error { return errors.Join(unix.Close(l.In), unix.Close(l.Out)) }

// AByte is the content of a wake-up.
var AByte = []byte{1}

// Send sends a byte.
func (l Link) Send() error {
	for {
		_, err := unix.Write(l.Out, AByte)
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return fmt.Errorf("waking a task: %w", err)
		}
	}
}

// InOf returns the function that a goroutine of that contender calls first.
func InOf(impl string) func() {
	if impl == "locked" {
		return runtime.LockOSThread
	}
	return nil
}

// Polling returns a read through the runtime's poller.
func Polling(links []Link) (read func(int) (bool, error), closeAll func()) {
	files := make([]*os.File, len(links))
	for i, l := range links {
		unix.SetNonblock(l.In, true)
		files[i] = os.NewFile(uintptr(l.In), "link")
	}
	read = func(task int) (bool, error) {
		var b [1]byte
		switch n, err := files[task].Read(b[:]); {
		case n == 1:
			return true, nil
		case err == io.EOF:
			return false, nil
		default:
			return false, err
		}
	}
	return read, func() {
		for _, f := range files {
			f.Close()
		}
	}
}

// Blocking returns a read that blocks in read(2).
func Blocking(links []Link) func(int) (bool, error) {
	return func(task int) (bool, error) {
		var b [1]byte
		for {
			n, err := unix.Read(links[task].In, b[:])
			if err != unix.EINTR {
				return n == 1, err
			}
		}
	}
}
