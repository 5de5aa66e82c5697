//go:build unix

package arm

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// A Link is the two ends of what a task waits at.
type Link struct{ In, Out int }

// NewLink makes a pair of sockets, or a pipe where read(2) is to block.
func NewLink(wait string) (Link, error) {
	var ends [2]int
	var err error
	if wait != "syscall" {
		ends, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	} else {
		err = unix.Pipe(ends[:])
	}
	if err != nil {
		return Link{}, fmt.Errorf("making what a task waits at: %w; raise ulimit -n if file descriptors are used up", err)
	}
	unix.CloseOnExec(ends[0])
	unix.CloseOnExec(ends[1])
	return Link{ends[0], ends[1]}, nil
}

func (l Link) Close() error { return errors.Join(unix.Close(l.In), unix.Close(l.Out)) }

var AByte = []byte{1}

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
