//go:build unix

package bench

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A link is the two ends of what a task waits at.
type link struct{ in, out int }

// newLink makes a pair of sockets, or a pipe where read(2) is to block.
func newLink(wait string) (link, error) {
	var ends [2]int
	var err error
	if wait != "syscall" {
		ends, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	} else {
		err = unix.Pipe(ends[:])
	}
	if err != nil {
		return link{}, fmt.Errorf("making what a task waits at: %w; raise ulimit -n if file descriptors are used up", err)
	}
	unix.CloseOnExec(ends[0])
	unix.CloseOnExec(ends[1])
	return link{ends[0], ends[1]}, nil
}

func (l link) close() error { return errors.Join(unix.Close(l.in), unix.Close(l.out)) }

var aByte = []byte{1}

func (l link) send() error {
	for {
		_, err := unix.Write(l.out, aByte)
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return fmt.Errorf("waking a task: %w", err)
		}
	}
}
