package goroutines

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Create makes n tasks in batches. It starts the tasks of a batch one after the
// other, each of which runs to its end at once, and then joins them. Each task
// calls in before it reports that it has run, and out afterwards; nil does
// nothing. One op is one task created, run and joined.
func Create(n, batch int, in, out func()) {
	if batch < 1 {
		panic(fmt.Sprintf("goroutines: a batch of %d tasks", batch))
	}
	var running sync.WaitGroup
	task := running.Done
	if in != nil || out != nil {
		task = func() {
			if in != nil {
				in()
			}
			running.Done()
			if out != nil {
				out()
			}
		}
	}
	for n > 0 {
		b := min(batch, n)
		n -= b
		running.Add(b)
		for range b {
			go task()
		}
		running.Wait()
	}
}

// CreateStamped makes n tasks one after the other and joins each. calls gets a
// stamp before each task is made, firsts one as the task begins. in and out are
// as in Create.
func CreateStamped(n int, calls, firsts *Stamps, in, out func()) {
	var running sync.WaitGroup
	task := func() {
		firsts.Put()
		if in != nil {
			in()
		}
		running.Done()
		if out != nil {
			out()
		}
	}
	for range n {
		running.Add(1)
		calls.Put()
		go task()
		running.Wait()
	}
}

// A Set holds tasks, and can grow. They go down their stacks to a depth, park
// there on one channel, and exit together.
type Set struct {
	depth   int
	in      func()
	made    int
	want    atomic.Int64
	arrived atomic.Int64
	all     chan struct{} // signals that arrived has reached want
	gate    chan struct{}
	parked  sync.WaitGroup

	// For workers only.
	steps   int
	turned  bool
	turns   chan struct{}
	working sync.WaitGroup
	right   atomic.Int64 // workers with the right result
}

// NewSet prepares tasks that hold depth bytes of stack each. Each task calls
// in first; nil does nothing.
func NewSet(depth int, in func()) *Set {
	return &Set{depth: depth, in: in, all: make(chan struct{}, 1), gate: make(chan struct{})}
}

// workSeed is the value that a worker's steps start from.
const workSeed = 1

// NewWorkers prepares tasks that park until they get a turn, do steps steps of
// Work in it, at least one, and park again. in is as in NewSet.
func NewWorkers(steps int, in func()) *Set {
	if steps < 1 {
		panic(fmt.Sprintf("goroutines: %d steps of work", steps))
	}
	h := NewSet(0, in)
	h.steps, h.turns = steps, make(chan struct{})
	return h
}

// Make starts n more tasks.
func (h *Set) Make(n int) error {
	h.made += n
	h.want.Store(int64(h.made))
	h.parked.Add(n)
	if h.steps > 0 {
		h.working.Add(n)
	}
	task := h.task
	for range n {
		go task()
	}
	return nil
}

func (h *Set) task() {
	if h.in != nil {
		h.in()
	}
	if h.depth == 0 {
		h.park()
	} else {
		descend(h.depth, h.park)
	}
	h.parked.Done()
}

func (h *Set) park() {
	if h.arrived.Add(1) == h.want.Load() {
		select {
		case h.all <- struct{}{}:
		default: // signalled already, and nobody has waited since
		}
	}
	if h.steps > 0 {
		<-h.turns
		if Work(workSeed, h.steps) == Worked(workSeed, h.steps) {
			h.right.Add(1)
		}
		h.working.Done()
	}
	<-h.gate
}

// Wait returns when every task that Make has started is about to park.
func (h *Set) Wait() {
	for h.arrived.Load() < int64(h.made) {
		<-h.all
	}
}

// Turns gives each worker its turn without waiting for the work in between, and
// returns when all have done their work. Call it once, after Wait. each runs
// after every turn given; nil does nothing.
func (h *Set) Turns(each func()) {
	h.turned = true
	for range h.made {
		h.turns <- struct{}{}
		if each != nil {
			each()
		}
	}
	h.working.Wait()
}

// Worked returns the number of workers that have done their work with the right
// result. Call it after Turns.
func (h *Set) Worked() int { return int(h.right.Load()) }

// Release lets every task of the set exit. Workers that had no turn get it
// first.
func (h *Set) Release() {
	if h.steps > 0 && !h.turned {
		h.Turns(nil)
	}
	close(h.gate)
}

// Join waits until every task of the set has ended.
func (h *Set) Join() { h.parked.Wait() }

// frameBytes is the size of descend's array in each frame. frameSize is the
// size of the whole frame, as the compiler laid it out.
const frameBytes = 512

var frameSize = frameBytes

// init measures frameSize. It goes down only a short way, on main's own stack:
// a deeper stack would shrink in the garbage collections that measurements
// make.
func init() {
	at := func(frames int) (p uintptr) {
		descend(frames*frameBytes, func() { p = here() })
		return p
	}
	at(3) // the stack has grown and stays where it is

	if size := int(at(1)-at(3)) / 2; size > frameBytes && size < 4*frameBytes { // else here is not on the stack, in an instrumented build
		frameSize = size
	}
}

// descend goes down the stack by depth bytes, or up to a frame more, touches
// each frame on its way, and calls f there.
//
//go:noinline
func descend(depth int, f func()) (sum byte) {
	var frame [frameBytes]byte
	frame[depth%frameBytes] = 1
	if depth > frameSize {
		sum = descend(depth-frameSize, f)
	} else {
		f()
	}
	return sum + frame[(depth+1)%frameBytes]
}

// A Grower is a task that goes down its own stack on order, and then parks down
// there.
type Grower struct {
	depth  int
	order  chan *Stamps
	deep   chan bool
	end    chan struct{}
	exited chan struct{}
}

// NewGrower starts a task that goes down its stack by depth bytes on order. It
// returns when the task waits for the order. The task calls in first; nil does
// nothing.
func NewGrower(depth int, in func()) *Grower {
	g := &Grower{depth: depth, order: make(chan *Stamps), deep: make(chan bool), end: make(chan struct{}), exited: make(chan struct{})}
	go g.task(in)
	<-g.deep
	return g
}

func (g *Grower) task(in func()) {
	if in != nil {
		in()
	}
	g.deep <- false
	for s := range g.order {
		before := here()
		s.Put()
		descend(g.depth, s.Put)
		g.deep <- here() != before
	}
	descend(g.depth, func() {
		close(g.deep)
		<-g.end
	})
	close(g.exited)
}

// here returns the address of the caller's stack, as a number. That is sound:
// the number is only compared, and never becomes a pointer again.
//
//go:noinline
func here() uintptr {
	var local byte
	return uintptr(unsafe.Pointer(&local))
}

// Grow has the task go down its stack and come back up, with a stamp at the
// start and one at the depth. It reports whether the stack has moved, that is,
// grown into another place.
func (g *Grower) Grow(s *Stamps) (moved bool) {
	g.order <- s
	return <-g.deep
}

// Park has the task go down once more and park there. Its stack is then in use
// down to the depth.
func (g *Grower) Park() {
	close(g.order)
	<-g.deep
}

// Close ends the task. Call Park first.
func (g *Grower) Close() {
	close(g.end)
	<-g.exited
}
