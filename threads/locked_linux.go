package threads

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"

	"threadbench/goroutines"
)

// TID is the thread that the caller runs on (gettid(2)).
func TID() int { return unix.Gettid() }

// Pin holds the calling thread on one CPU. The caller has wired itself to it.
func Pin(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("pinning a locked thread to CPU %d: sched_setaffinity: %w; allow the call, or leave out what needs a place", cpu, err)
	}
	return nil
}

// NewFutexLink links two locked goroutines by two futex words: each blocks
// its thread in FUTEX_WAIT_PRIVATE, and the runtime knows (entersyscall).
func NewFutexLink() (goroutines.Link, error) { return &futexLink{}, nil }

type futexLink struct {
	words [2]struct {
		turn uint32
		_    [60]byte // a cache line each
	}
	closed atomic.Bool
	tally  goroutines.Tally
}

func (l *futexLink) pass(to int) { setAndWake(&l.words[to].turn, 1) }

func (l *futexLink) take(from int) {
	waitWhile(&l.words[from].turn, 0, false)
	atomic.StoreUint32(&l.words[from].turn, 0)
}

func (l *futexLink) Drive(n int) error {
	for range n {
		l.tally.Driving()
		l.pass(1)
		l.take(0)
		l.tally.Driven()
	}
	return nil
}

func (l *futexLink) Serve() error {
	for {
		l.take(1)
		if l.closed.Load() {
			return nil
		}
		l.tally.Answering()
		l.pass(0)
	}
}

func (l *futexLink) Close() error {
	l.closed.Store(true)
	l.pass(1)
	return nil
}

func (l *futexLink) Tally() *goroutines.Tally { return &l.tally }

// NewPipeLink links two locked goroutines by two pipes in blocking mode: a
// task whose pipe is empty blocks its thread in read(2), and the network
// poller has no part in it.
func NewPipeLink() (goroutines.Link, error) {
	l := &pipeLink{}
	for i := range l.pipes {
		if err := unix.Pipe2(l.pipes[i][:], unix.O_CLOEXEC); err != nil {
			return nil, fmt.Errorf("linking two locked goroutines: pipe2: %w; raise ulimit -n if file descriptors are used up", err)
		}
	}
	return l, nil
}

type pipeLink struct {
	pipes [2][2]int // there and back, each read end and write end
	tally goroutines.Tally
}

func transfer(nr uintptr, fd int, b *byte) (int, error) {
	for {
		n, _, errno := unix.Syscall(nr, uintptr(fd), uintptr(unsafe.Pointer(b)), 1)
		if errno == 0 {
			return int(n), nil
		}
		if errno != unix.EINTR {
			return 0, fmt.Errorf("handing a byte through a pipe: %w", errno)
		}
	}
}

func (l *pipeLink) Drive(n int) error {
	b := new(byte)
	for range n {
		l.tally.Driving()
		if _, err := transfer(unix.SYS_WRITE, l.pipes[0][1], b); err != nil {
			return err
		}
		if _, err := transfer(unix.SYS_READ, l.pipes[1][0], b); err != nil {
			return err
		}
		l.tally.Driven()
	}
	return nil
}

func (l *pipeLink) Serve() error {
	b := new(byte)
	for {
		n, err := transfer(unix.SYS_READ, l.pipes[0][0], b)
		if n == 0 {
			// Closed by the driver's side; what is left is ours to close.
			unix.Close(l.pipes[0][0])
			unix.Close(l.pipes[1][1])
			return err
		}
		l.tally.Answering()
		if _, err := transfer(unix.SYS_WRITE, l.pipes[1][1], b); err != nil {
			return err
		}
	}
}

func (l *pipeLink) Close() error {
	unix.Close(l.pipes[0][1])
	unix.Close(l.pipes[1][0])
	return nil
}

func (l *pipeLink) Tally() *goroutines.Tally { return &l.tally }
