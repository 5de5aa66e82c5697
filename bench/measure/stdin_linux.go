package measure

// What is unsafe here is sound: the address is taken in the call that hands it
// to the kernel, which writes as many bytes as the slice has and keeps no
// address.

import (
	"io"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// heldInput is standard input as a worker reads it that is to hold its P between
// its turns: the scheduler isn't told of the wait.
//
// If it were, sysmon would take the P away and go to sleep, wake up with the
// next turn, and then look every 20 us for its first milliseconds, which are
// the whole turn: some 20 wake-ups on the CPU that is measured. Seen: 10 times
// the kernel switches of a long run, and 3 to 10% on a goroutine's figures. A
// sysmon that never slept looks every 10 ms, as in any program that is busy.
//
// It is for workers whose slices leave sysmon nothing to take: no thread of
// theirs blocks in a system call that the scheduler is told of. Those
// of raw threads wait so for the end of a turn, too (threads.Driver.Hold);
// else sysmon would find a P that was held for 10 ms in a system call, take it,
// and look every 20 us from there on, in all turns. What they wait for is the
// coordinator alone, so nothing of theirs is held up by it.
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

// parked is standard input as every other worker reads it: through the
// runtime's poller, so that nothing of the worker has a P meanwhile and sysmon
// sleeps. A worker with several Ps that waited in a plain read(2) would keep
// one, and its sysmon would look every 20 us for up to 10 ms whether to take
// it: in the turns of others.
func parked() io.Reader {
	if unix.SetNonblock(0, true) != nil {
		return os.Stdin
	}
	return os.NewFile(0, "standard input")
}
