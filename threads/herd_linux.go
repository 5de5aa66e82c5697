//go:build linux && (amd64 || arm64)

package threads

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"threadbench/goroutines"
)

// A Herd is a growing number of raw threads that touch their stack to a
// depth, park on one futex, and exit together.
type Herd struct {
	body    uintptr
	stack   int // usable bytes
	depth   int
	fds     []int // what each works on, in the order in which they are made, or what all of them do
	outs    []int // one more for each, if not nil
	steps   int   // of work that each does in its turn
	turned  bool  // the turns have been given
	shared  mapping
	words   *herd
	members []thread
	ends    []End
	echoed  int64 // by those that were joined
	failed  error // of one of those
}

// NewHerd prepares threads with that many bytes of stack each, of which each
// touches depth bytes before it parks. The stack has to be a LeastStack(depth)
// at least. A refused mapping is a *StartError.
func NewHerd(stack, depth int) (*Herd, error) { return newHerd(pcs.park, stack, depth, []int{-1}) }

// NewEchoers prepares a thread for each of the file descriptors, which are to
// be in blocking mode: it reads up to 64 bytes, writes them back, and exits
// when there is no more to read. See Echoed. A refused mapping is a
// *StartError.
func NewEchoers(stack int, fds []int) (*Herd, error) { return newHerd(pcs.echo, stack, 0, fds) }

// NewWaiters prepares threads of which each blocks in read(2) on a file
// descriptor of its own for one byte, again and again, until the file ends or
// reading fails. Make as many as there are descriptors, at the most. A refused
// mapping is a *StartError.
func NewWaiters(fds []int) (*Herd, error) { return newHerd(pcs.listen, LeastStack(0), 0, fds) }

// NewSyncers is NewWaiters with RecordBytes written to a file of the thread's
// own, and synced (fsync(2)), for each byte; a thread ends when that fails, too.
func NewSyncers(fds, files []int) (*Herd, error) {
	h, err := newHerd(pcs.sync, LeastStack(0), 0, fds)
	if err == nil {
		h.outs = files
	}
	return h, err
}

// NewHogs prepares threads of which each does chunks of work
// (goroutines.WorkChunk), from its own tid on, until the herd is released. A
// refused mapping is a *StartError.
func NewHogs() (*Herd, error) { return newHerd(pcs.hog, LeastStack(0), 0, []int{-1}) }

func newHerd(body uintptr, stack, depth int, fds []int) (*Herd, error) {
	if depth < 0 || stack < LeastStack(depth) {
		panic(fmt.Sprintf("threads: a stack of %d bytes is too small to touch %d: LeastStack is %d", stack, depth, LeastStack(depth)))
	}
	shared, err := mapMemory(uintptr(pageBytes))
	if err != nil {
		return nil, startError("mmap", err, stack)
	}
	return &Herd{body: body, stack: (stack + pageBytes - 1) &^ (pageBytes - 1), depth: depth, fds: fds, shared: shared, words: shared.herdAt()}, nil
}

// workSeed is what a worker's steps begin with.
const workSeed = 1

// NewWorkers prepares threads that park until they are given a turn, do so
// many steps of goroutines.Work in it, at least one, and park again. The stack
// has to be a LeastStack(0) at least. A refused mapping is a *StartError.
func NewWorkers(stack, steps int) (*Herd, error) {
	if steps < 1 {
		panic(fmt.Sprintf("threads: %d steps of work", steps))
	}
	h, err := newHerd(pcs.work, stack, 0, []int{-1})
	if err == nil {
		h.steps = steps
	}
	return h, err
}

// Make starts n more threads. If one is refused it says so by a *StartError;
// those made before it stay in the herd.
func (h *Herd) Make(n int) error {
	h.words.expect(len(h.members) + n)
	for range n {
		if err := h.add(); err != nil {
			h.words.expect(len(h.members))
			return err
		}
	}
	return nil
}

func (h *Herd) add() error {
	t, err := newThread(h.body, h.stack)
	if err != nil {
		return err
	}
	t.control.herd = h.words
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

// expect has the n-th arrival wake who waits.
func (h *herd) expect(n int) { atomic.StoreUint32(&h.want, uint32(n)) }

// Wait returns when every thread of the herd has touched its stack and is
// about to park, or to block in a system call.
func (h *Herd) Wait() { waitFor(&h.words.arrived, uint32(len(h.members))) }

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

// WaitTurns returns when the threads of NewWaiters or NewSyncers have waited
// for n bytes since they were made, all together, and have come back to wait again.
func (h *Herd) WaitTurns(n int) {
	want := len(h.members) + n
	h.words.expect(want)
	waitFor(&h.words.arrived, uint32(want))
}

// Ends are what the threads have done, in the order in which they were made.
// They are for after Join.
func (h *Herd) Ends() []End { return h.ends }

// Turns gives each worker its turn, one after the other without waiting for
// what it does in it, and returns when all have done their work. It is for
// once, when Wait has returned. each is called after every turn given; nil
// does nothing.
func (h *Herd) Turns(each func()) {
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

// Worked is how many workers have done their work, and done it right. It is
// for after Turns.
func (h *Herd) Worked() int {
	want, right := goroutines.Worked(workSeed, h.steps), 0
	for _, t := range h.members {
		if atomic.LoadUint64(&t.control.work) == want {
			right++
		}
	}
	return right
}

// Release lets every parked thread of the herd exit. Workers that were given
// no turn are given it first.
func (h *Herd) Release() {
	if h.steps > 0 && !h.turned {
		h.Turns(nil)
	}
	setAndWake(&h.words.release, 1)
}

// Join waits until every thread of the herd has exited and unmaps all that
// the herd has mapped. The Herd can't be used after it.
func (h *Herd) Join() {
	for _, t := range h.members {
		t.join()
		h.ends = append(h.ends, End{Turns: int64(t.control.calls), Got: t.control.got})
		h.tally(t.control)
		t.mapping.unmap()
	}
	h.members = nil
	h.shared.unmap()
}

// tally takes down what a thread that has exited did.
func (h *Herd) tally(c *control) {
	h.echoed += int64(c.echoed)
	switch {
	case c.failed < 0:
		h.failed = fmt.Errorf("a raw thread that echoes: write: %w", unix.Errno(-c.failed))
	case c.failed > 0 || c.failed == 0 && c.got > 0 && h.body == pcs.echo:
		h.failed = fmt.Errorf("a raw thread that echoes: expected to write back %d bytes, seen %d", c.got, c.failed)
	case c.got < 0 && h.body == pcs.echo && unix.Errno(-c.got) != unix.ECONNRESET:
		h.failed = fmt.Errorf("a raw thread that echoes: read: %w", unix.Errno(-c.got))
	}
}

// Echoed is how many bytes the threads of a herd of NewEchoers have written
// back; after Join. Its error is a call that failed, but for the end of what
// is read: of a connection its reset, too.
func (h *Herd) Echoed() (bytes int64, err error) { return h.echoed, h.failed }

// TIDs are the thread ids that the threads themselves got from gettid(2), in
// the order in which they were made; complete after Wait.
func (h *Herd) TIDs() []int {
	tids := make([]int, len(h.members))
	for i, t := range h.members {
		tids[i] = int(atomic.LoadUint32(&t.control.seen))
	}
	return tids
}
