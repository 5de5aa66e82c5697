package threads

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"threadbench/goroutines"
)

// TID returns the id of the calling thread (gettid(2)).
func TID() int { return unix.Gettid() }

// Pin pins the calling thread to one CPU. The caller must have locked itself to
// the thread.
func Pin(cpu int) error {
	if err := PinThread(0, cpu); err != nil {
		return fmt.Errorf("pinning a locked thread to CPU %d: sched_setaffinity: %w; allow the call, or leave out the cases with a place", cpu, err)
	}
	return nil
}

// PinThread pins a thread to one CPU; tid 0 is the calling thread. The error is
// that of sched_setaffinity(2).
func PinThread(tid, cpu int) error {
	set := unix.NewCPUSet(cpu + 1) // unix.CPUSet ends at 1,024 CPUs
	set.Set(cpu)
	return unix.SchedSetaffinityDynamic(tid, set)
}

// NewFutexLink links two locked goroutines by two futex words. Each blocks its
// thread in FUTEX_WAIT_PRIVATE, and the runtime knows of it (entersyscall).
func NewFutexLink() (goroutines.Link, error) {
	return &futexLink{Turns: goroutines.NewTurns()}, nil
}

type futexLink struct {
	goroutines.Turns
	words [2]struct {
		turn uint32
		_    [60]byte // a cache line each
	}
	tally goroutines.Tally
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
	return l.Turns.Serve(func(trips int) error {
		for range trips {
			l.take(1)
			l.tally.Answering()
			l.pass(0)
		}
		return nil
	})
}

func (l *futexLink) Close() error { l.Turns.Close(); return nil }

func (l *futexLink) Tally() *goroutines.Tally { return &l.tally }

// NewPipeLink links two locked goroutines by two pipes in blocking mode: a task
// whose pipe is empty blocks its thread in read(2). The network poller is not
// involved.
func NewPipeLink() (goroutines.Link, error) {
	l := &pipeLink{Turns: goroutines.NewTurns()}
	for i := range l.pipes {
		if err := unix.Pipe2(l.pipes[i][:], unix.O_CLOEXEC); err != nil {
			for _, made := range l.pipes[:i] {
				unix.Close(made[0])
				unix.Close(made[1])
			}
			return nil, fmt.Errorf("linking two locked goroutines: pipe2: %w; raise ulimit -n if file descriptors are used up", err)
		}
	}
	return l, nil
}

type pipeLink struct {
	goroutines.Turns
	pipes [2][2]int // there and back, each read end and write end
	tally goroutines.Tally
	quit  sync.Once // closes the write end of the way back
}

// hangUp ends the driver's reading. Close calls it, and a Serve that has
// failed: otherwise the driver would wait for the answer for ever.
func (l *pipeLink) hangUp() { l.quit.Do(func() { unix.Close(l.pipes[1][1]) }) }

var errHungUp = errors.New("the other side has hung up")

// send writes the byte of a hand-off. Write and Read of x/sys tell the race
// detector that the write comes before the read; Syscall would not.
func send(fd int, b []byte) error {
	for {
		_, err := unix.Write(fd, b)
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return fmt.Errorf("writing the byte of a hand-off: %w", err)
		}
	}
}

// receive reads the byte of a hand-off; errHungUp says that no more will come.
func receive(fd int, b []byte) error {
	for {
		n, err := unix.Read(fd, b)
		switch {
		case n > 0:
			return nil
		case err == nil:
			return errHungUp
		case err != unix.EINTR:
			return fmt.Errorf("reading the byte of a hand-off: %w", err)
		}
	}
}

func (l *pipeLink) Drive(n int) error {
	b := make([]byte, 1)
	for range n {
		l.tally.Driving()
		if err := send(l.pipes[0][1], b); err != nil {
			return err
		}
		if err := receive(l.pipes[1][0], b); err != nil {
			return err
		}
		l.tally.Driven()
	}
	return nil
}

func (l *pipeLink) Serve() error {
	b := make([]byte, 1)
	err := l.Turns.Serve(func(trips int) error {
		for range trips {
			if err := receive(l.pipes[0][0], b); err != nil {
				return err
			}
			l.tally.Answering()
			if err := send(l.pipes[1][1], b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		l.hangUp()
	}
	return err
}

// Close closes the pipes at once: between two turns neither task is in a system
// call on them.
func (l *pipeLink) Close() error {
	l.Turns.Close()
	l.hangUp()
	for _, fd := range []int{l.pipes[0][0], l.pipes[0][1], l.pipes[1][0]} {
		unix.Close(fd)
	}
	return nil
}

func (l *pipeLink) Tally() *goroutines.Tally { return &l.tally }
