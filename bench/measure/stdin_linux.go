package measure

// What is unsafe here is sound: the address is taken in the call that hands it
// to the kernel, which writes no more bytes than the slice has and keeps no
// address.

import (
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// heldInput is the standard input of a worker that holds its P between its
// turns: its read doesn't tell the scheduler of the wait.
//
// With a plain read, sysmon would retake the P and go to sleep, wake up with
// the next turn, and then look every 20 us for its first milliseconds, which
// are the whole turn: some 20 wake-ups on the measured CPU. We saw 10 times the
// context switches of a long run, and 3 to 10% on a goroutine's figures. A
// sysmon that never slept looks every 10 ms, as in any busy program.
//
// heldInput is for workers whose slices leave sysmon nothing to take: no thread
// of theirs blocks in a system call that the scheduler knows of. So the workers
// of raw threads also hold their P until the end of a turn
// (threads.Driver.Hold). Otherwise sysmon would find a P that had been in a
// system call for 10 ms, take it, and look every 20 us from then on, in all
// turns. These workers wait for nothing but the coordinator, so holding the P
// delays nothing of theirs.
type heldInput struct{}

// Read is read(2).
func (heldInput) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_READ, 0, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
		switch {
		case errno == unix.EINTR:
		case errno != 0:
			return 0, errno
		case n == 0:
			return 0, io.EOF
		default:
			return int(n), nil
		}
	}
}

// parked is the standard input of every other worker. It reads through the
// runtime's poller, so that the worker holds no P meanwhile and sysmon sleeps.
// In a plain read(2), a worker with several Ps would keep one. Its sysmon would
// look every 20 us, for up to 10 ms, whether to retake it, during the turns of
// others.
func parked() io.Reader {
	if unix.SetNonblock(0, true) != nil {
		return os.Stdin
	}
	return os.NewFile(0, "standard input")
}
