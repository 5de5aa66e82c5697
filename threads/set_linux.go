//go:build linux && (amd64 || arm64)

package threads

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"threadbench/goroutines"
)

// A Set holds raw threads, and can grow. They touch their stacks down to a
// depth, park on one futex, and exit together.
type Set struct {
	body    uintptr
	stack   int // usable bytes
	depth   int
	fds     []int // the descriptor that each works on, in the order of their making, or one for all
	outs    []int // a second descriptor for each, if not nil
	steps   int   // of work in a worker's turn
	turned  bool  // the turns have been given
	shared  mapping
	words   *set
	members []thread
	ends    []End
	echoed  int64 // by joined threads
	failed  error // of a joined thread
}

// NewSet prepares threads with stack bytes of stack each, which touch depth
// bytes before they park. The stack has to be at least LeastStack(depth). A
// refused mapping is a *StartError.
func NewSet(stack, depth int) (*Set, error) { return newSet(pcs.park, stack, depth, []int{-1}) }

// NewEchoers prepares a thread for each of the file descriptors, which have to
// be in blocking mode. The thread reads up to 64 bytes, writes them back, and
// exits when there is no more to read: see Echoed. A refused mapping is a
// *StartError.
func NewEchoers(stack int, fds []int) (*Set, error) { return newSet(pcs.echo, stack, 0, fds) }

// NewWaiters prepares threads that block in read(2), each on its own file
// descriptor, one byte at a time, until the file ends or reading fails. Make no
// more threads than there are descriptors. A refused mapping is a *StartError.
func NewWaiters(fds []int) (*Set, error) { return newSet(pcs.listen, LeastStack(0), 0, fds) }

// NewSyncers is NewWaiters whose threads, for each byte, also write RecordBytes
// to a file of their own and sync it (fsync(2)). A thread also ends when that
// fails.
func NewSyncers(fds, files []int) (*Set, error) {
	h, err := newSet(pcs.sync, LeastStack(0), 0, fds)
	if err == nil {
		h.outs = files
	}
	return h, err
}

// NewHogs prepares threads that do chunks of work (goroutines.WorkChunk) until
// the set is released. Each starts from its own tid. A refused mapping is a
// *StartError.
func NewHogs() (*Set, error) { return newSet(pcs.hog, LeastStack(0), 0, []int{-1}) }

func newSet(body uintptr, stack, depth int, fds []int) (*Set, error) {
	if depth < 0 || stack < LeastStack(depth) {
		panic(fmt.Sprintf("threads: a stack of %d bytes is too small to touch %d: LeastStack is %d", stack, depth, LeastStack(depth)))
	}
	shared, err := mapMemory(uintptr(pageBytes))
	if err != nil {
		return nil, startError("mmap", err, stack)
	}
	return &Set{body: body, stack: (stack + pageBytes - 1) &^ (pageBytes - 1), depth: depth, fds: fds, shared: shared, words: shared.setAt()}, nil
}

// workSeed is the value that a worker's steps start from.
const workSeed = 1

// NewWorkers prepares threads that park until they get a turn, do steps steps
// of goroutines.Work in it, at least one, and park again. The stack has to be
// at least LeastStack(0). A refused mapping is a *StartError.
func NewWorkers(stack, steps int) (*Set, error) {
	if steps < 1 {
		panic(fmt.Sprintf("threads: %d steps of work", steps))
	}
	h, err := newSet(pcs.work, stack, 0, []int{-1})
	if err == nil {
		h.steps = steps
	}
	return h, err
}

// Make starts n more threads. A refused thread is a *StartError; the threads
// made before it stay in the set.
func (h *Set) Make(n int) error {
	h.words.expect(len(h.members) + n)
	for range n {
		if err := h.add(); err != nil {
			h.words.expect(len(h.members))
			return err
		}
	}
	return nil
}

func (h *Set) add() error {
	t, err := newThread(h.body, h.stack)
	if err != nil {
		return err
	}
	t.control.set = h.words
	t.control.depth = uintptr(h.depth)
	t.control.fd = int64(h.fds[len(h.members)%len(h.fds)])
	t.control.n, t.control.work = uint64(h.steps), workSeed
	if h.outs != nil {
		t.control.out = int32(h.outs[len(h.members)])
	}
	if err := t.start(); err != nil {
		t.mapping.unmap()
		return err
	}
	h.members = append(h.members, t)
	return nil
}

// expect makes the n-th arrival wake the waiter.
func (h *set) expect(n int) { atomic.StoreUint32(&h.want, uint32(n)) }

// Wait returns when every thread of the set has touched its stack and is
// about to park, or to block in a system call.
func (h *Set) Wait() { waitFor(&h.words.arrived, uint32(len(h.members))) }

// waitFor waits until the word has risen to n.
func waitFor(word *uint32, n uint32) {
	for {
		seen := atomic.LoadUint32(word)
		if seen >= n {
			return
		}
		waitWhile(word, seen, false)
	}
}

// WaitTurns returns when the threads of NewWaiters or NewSyncers have dealt
// with n bytes in all since they were made, and wait again.
func (h *Set) WaitTurns(n int) {
	want := len(h.members) + n
	h.words.expect(want)
	waitFor(&h.words.arrived, uint32(want))
}

// Ends returns what each thread did, in the order of their making. Call it
// after Join.
func (h *Set) Ends() []End { return h.ends }

// Turns gives each worker its turn without waiting for the work in between, and
// returns when all have done their work. Call it once, after Wait. each runs
// after every turn given; nil does nothing.
func (h *Set) Turns(each func()) {
	h.turned = true
	for range h.members {
		atomic.AddUint32(&h.words.turns, 1)
		wakeOne(&h.words.turns)
		if each != nil {
			each()
		}
	}
	waitFor(&h.words.worked, uint32(len(h.members)))
}

// Worked returns the number of workers that have done their work with the right
// result. Call it after Turns.
func (h *Set) Worked() int {
	want, right := goroutines.Worked(workSeed, h.steps), 0
	for _, t := range h.members {
		if atomic.LoadUint64(&t.control.work) == want {
			right++
		}
	}
	return right
}

// Release lets every parked thread of the set exit. Workers that had no turn
// get it first.
func (h *Set) Release() {
	if h.steps > 0 && !h.turned {
		h.Turns(nil)
	}
	setAndWake(&h.words.release, 1)
}

// Join waits until every thread of the set has exited and unmaps all memory of
// the set, which can't be used afterwards.
func (h *Set) Join() {
	for _, t := range h.members {
		t.join()
		h.ends = append(h.ends, End{Turns: int64(t.control.calls), Got: t.control.got})
		h.tally(t.control)
		t.mapping.unmap()
	}
	h.members = nil
	h.shared.unmap()
}

// tally adds up the results of a thread that has exited.
func (h *Set) tally(c *control) {
	h.echoed += int64(c.echoed)
	switch {
	case c.failed < 0:
		h.failed = fmt.Errorf("echoing on a raw thread: write: %w", unix.Errno(-c.failed))
	case c.failed > 0 || c.failed == 0 && c.got > 0 && h.body == pcs.echo:
		h.failed = fmt.Errorf("echoing on a raw thread: %d of %d bytes written back", c.failed, c.got)
	case c.got < 0 && h.body == pcs.echo && unix.Errno(-c.got) != unix.ECONNRESET:
		h.failed = fmt.Errorf("echoing on a raw thread: read: %w", unix.Errno(-c.got))
	}
}

// Echoed returns the number of bytes that the threads of NewEchoers have
// written back, after Join. The error is a call that failed; the end of the
// file and the reset of a connection are no errors.
func (h *Set) Echoed() (bytes int64, err error) { return h.echoed, h.failed }

// TIDs returns the thread ids, which the threads got from gettid(2), in the
// order of their making. They are complete after Wait.
func (h *Set) TIDs() []int {
	tids := make([]int, len(h.members))
	for i, t := range h.members {
		tids[i] = int(atomic.LoadUint32(&t.control.seen))
	}
	return tids
}
