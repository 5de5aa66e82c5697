//go:build unix

package bench

import (
	"io"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// inOf is what a goroutine of that contender does first.
func inOf(impl string) func() {
	if impl == "locked" {
		return runtime.LockOSThread
	}
	return nil
}

// polling reads through the runtime's poller.
func polling(links []link) (read func(int) (bool, error), closeAll func()) {
	files := make([]*os.File, len(links))
	for i, l := range links {
		unix.SetNonblock(l.in, true)
		files[i] = os.NewFile(uintptr(l.in), "link")
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

// blocking reads in read(2).
func blocking(links []link) func(int) (bool, error) {
	return func(task int) (bool, error) {
		var b [1]byte
		for {
			n, err := unix.Read(links[task].in, b[:])
			if err != unix.EINTR {
				return n == 1, err
			}
		}
	}
}
