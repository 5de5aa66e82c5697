package goroutines

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Create makes n tasks in batches: those of a batch one after the other, each
// of which runs to its end at once, and then joins them. in and out are
// called by each task before and after it says that it has run; nil does
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

// CreateStamped makes n tasks one after the other and joins each. calls takes a
// stamp before each is made, firsts as it begins. in and out are as in Create.
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

// A Herd is a growing number of tasks that go down their stack to a depth,
// park there on one channel, and exit together.
type Herd struct {
	depth   int
	in      func()
	made    int
	want    atomic.Int64
	arrived atomic.Int64
	all     chan struct{} // says that arrived has come to want
	gate    chan struct{}
	parked  sync.WaitGroup

	// Of workers alone.
	steps   int
	turned  bool
	turns   chan struct{}
	working sync.WaitGroup
	right   atomic.Int64 // whose work came to what it should
}

// NewHerd prepares tasks that hold depth bytes of stack each. in is called by
// each task first; nil does nothing.
func NewHerd(depth int, in func()) *Herd {
	return &Herd{depth: depth, in: in, all: make(chan struct{}, 1), gate: make(chan struct{})}
}

// workSeed is what a worker's steps begin with.
const workSeed = 1

// NewWorkers prepares tasks that park until they are given a turn, do so many
// steps of Work in it, at least one, and park again. in is as in NewHerd.
func NewWorkers(steps int, in func()) *Herd {
	if steps < 1 {
		panic(fmt.Sprintf("goroutines: %d steps of work", steps))
	}
	h := NewHerd(0, in)
	h.steps, h.turns = steps, make(chan struct{})
	return h
}

// Make starts n more tasks.
func (h *Herd) Make(n int) error {
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

func (h *Herd) task() {
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

func (h *Herd) park() {
	if h.arrived.Add(1) == h.want.Load() {
		select {
		case h.all <- struct{}{}:
		default: // said already, and nobody has waited since
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

// Wait returns when every task that Make was asked for is about to park.
func (h *Herd) Wait() {
	for h.arrived.Load() < int64(h.made) {
		<-h.all
	}
}

// Turns gives each worker its turn, one after the other without waiting for
// what it does in it, and returns when all have done their work. It is for
// once, when Wait has returned. each is called after every turn given; nil
// does nothing.
func (h *Herd) Turns(each func()) {
	h.turned = true
	for range h.made {
		h.turns <- struct{}{}
		if each != nil {
			each()
		}
	}
	h.working.Wait()
}

// Worked is how many workers have done their work, and done it right. It is
// for after Turns.
func (h *Herd) Worked() int { return int(h.right.Load()) }

// Release lets every task of the herd exit. Workers that were given no turn
// are given it first.
func (h *Herd) Release() {
	if h.steps > 0 && !h.turned {
		h.Turns(nil)
	}
	close(h.gate)
}

// Join waits until every task of the herd has run to its end.
func (h *Herd) Join() { h.parked.Wait() }

// frameBytes is what descend has on each frame, and frameSize what a frame of
// it takes, as the compiler has made it.
const frameBytes = 512

var frameSize = frameBytes

// The way down is short: it is main's own stack, which would shrink in the
// collections that measurements make if it had become any deeper.
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

// descend goes down the stack by depth bytes, and by less than a frame more,
// touching each frame on its way, and calls f there.
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

// A Grower is a task that goes down its own stack when it is told to, and
// then parks down there.
type Grower struct {
	depth  int
	order  chan *Stamps
	deep   chan bool
	end    chan struct{}
	exited chan struct{}
}

// NewGrower starts a task that will go down its stack by depth bytes, and
// returns when it waits for that. in is called by the task first; nil does
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

// here is where the caller's stack is. Making a number of the pointer is sound,
// since it is compared and never made a pointer again.
//
//go:noinline
func here() uintptr {
	var local byte
	return uintptr(unsafe.Pointer(&local))
}

// Grow has the task go down its stack and come back up, and take a stamp as
// it begins and one at the depth. It tells whether the stack has moved: grown
// into another place.
func (g *Grower) Grow(s *Stamps) (moved bool) {
	g.order <- s
	return <-g.deep
}

// Park has the task go down once more and park there, so that its stack is in
// use as far as that.
func (g *Grower) Park() {
	close(g.order)
	<-g.deep
}

// Close ends the task, which has to have been parked.
func (g *Grower) Close() {
	close(g.end)
	<-g.exited
}
