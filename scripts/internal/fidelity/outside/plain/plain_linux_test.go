package plain

// What is unsafe here is sound: a word's address is taken in the call that hands
// it to the kernel.

import (
	"runtime"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func BenchmarkLockedPipe(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var ping, pong [2]int
	if err := unix.Pipe2(ping[:], unix.O_CLOEXEC); err != nil {
		b.Fatal(err)
	}
	defer unix.Close(ping[0])
	defer unix.Close(ping[1])
	if err := unix.Pipe2(pong[:], unix.O_CLOEXEC); err != nil {
		b.Fatal(err)
	}
	defer unix.Close(pong[0])
	defer unix.Close(pong[1])

	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(done)
		buf := make([]byte, 1)
		for i := 0; i < b.N; i += 2 {
			if _, err := unix.Read(ping[0], buf); err != nil {
				b.Error(err)
				return
			}
			if _, err := unix.Write(pong[1], buf); err != nil {
				b.Error(err)
				return
			}
		}
	}()
	buf := make([]byte, 1)
	b.ResetTimer()
	for i := 0; i < b.N; i += 2 {
		if _, err := unix.Write(ping[1], buf); err != nil {
			b.Fatal(err)
		}
		if _, err := unix.Read(pong[0], buf); err != nil {
			b.Fatal(err)
		}
	}
	<-done
}

// The numbers of FUTEX_WAIT_PRIVATE and FUTEX_WAKE_PRIVATE, as in linux/futex.h.
const (
	futexWaitPrivate = 128
	futexWakePrivate = 129
)

func BenchmarkLockedFutex(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	wait := func(word *uint32) {
		for atomic.LoadUint32(word) == 0 {
			_, _, errno := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWaitPrivate, 0, 0, 0, 0)
			if errno != 0 && errno != unix.EAGAIN && errno != unix.EINTR {
				panic(errno)
			}
		}
		atomic.StoreUint32(word, 0)
	}
	wake := func(word *uint32) {
		atomic.StoreUint32(word, 1)
		_, _, errno := unix.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWakePrivate, 1, 0, 0, 0)
		if errno != 0 {
			panic(errno)
		}
	}
	words := new([2]uint32)
	mine, theirs := &words[0], &words[1]
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for i := 0; i < b.N; i += 2 {
			wait(theirs)
			wake(mine)
		}
		close(done)
	}()
	b.ResetTimer()
	for i := 0; i < b.N; i += 2 {
		wake(theirs)
		wait(mine)
	}
	<-done
}
