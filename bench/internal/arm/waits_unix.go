//go:build unix

package arm

import (
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// InOf is what a goroutine of that contender does first.
func InOf(impl string) func() {
	if impl == "locked" {
		return runtime.LockOSThread
	}
	return nil
}

// Polling reads through the runtime's poller.
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

// Blocking reads in read(2).
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
