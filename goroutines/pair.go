package goroutines

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"runtime"
)

// A Link is the primitive by which two tasks hand the turn to each other. A
// round trip is two hand-offs.
type Link interface {
	// Drive makes n round trips as the task that has the turn.
	Drive(n int) error
	// Serve answers the round trips as the other task, until Close. If it would
	// block a thread or spin while it waits for them, the link also has Begin
	// and End: see Turns.
	Serve() error
	// Close ends Serve and frees what the link holds. No Drive may be running.
	Close() error
	// Tally returns the counts of the two tasks. Read it between two turns.
	Tally() *Tally
}

// A Tally is the evidence of a link: how often the other task answered, and on
// which CPUs the two ran or, with stamps, when each got the turn.
type Tally struct {
	Answers int // round trips that Serve answered
	Samples int // hand-offs in which both sides asked for their CPU
	Crossed int // samples in which the two CPUs differed

	driven int
	cpu    [2]int
	each   int // -1 if each hand-off is stamped, else 0
	stamps [2]*Stamps
}

// Both sides ask for their CPU in every sampleEvery-th round trip.
const sampleEvery = 256

// Stamp makes both tasks take a stamp whenever they get the turn, at most n
// times each, instead of asking for their CPU in some round trips. Call it
// before the first round trip.
func (t *Tally) Stamp(n int) {
	t.each = -1
	t.stamps = [2]*Stamps{NewStamps(n), NewStamps(n)}
}

// Stamps returns the stamps of the driver and of the other task.
func (t *Tally) Stamps() (driver, other *Stamps) { return t.stamps[0], t.stamps[1] }

// seldom reports whether a round trip is one to sample or stamp: others are
// only counted.
func (t *Tally) seldom(trip int) bool { return trip&(sampleEvery-1)&^t.each == 0 }

// Driving is called by Drive before each round trip.
func (t *Tally) Driving() {
	if t.seldom(t.driven) {
		t.drives()
	}
}

//go:noinline
func (t *Tally) drives() {
	if t.each == 0 {
		t.cpu[0] = CPU()
	}
}

// Driven is called by Drive after each round trip.
func (t *Tally) Driven() {
	if t.seldom(t.driven) {
		t.drove()
	}
	t.driven++
}

func (t *Tally) drove() {
	switch {
	case t.each != 0:
		t.stamps[0].Put()
	case t.cpu[0] >= 0:
		t.Samples++
		if t.cpu[0] != t.cpu[1] {
			t.Crossed++
		}
	}
}

// Answering is called by Serve when it gets the turn.
func (t *Tally) Answering() {
	if t.seldom(t.Answers) {
		t.answers()
	}
	t.Answers++
}

func (t *Tally) answers() {
	if t.each != 0 {
		t.stamps[1].Put()
	} else {
		t.cpu[1] = CPU()
	}
}

// NewChannel links two tasks by two unbuffered channels.
func NewChannel() Link {
	return &channel{there: make(chan struct{}), back: make(chan struct{})}
}

type channel struct {
	there, back chan struct{}
	tally       Tally
}

func (l *channel) Drive(n int) error {
	for range n {
		l.tally.Driving()
		l.there <- struct{}{}
		<-l.back
		l.tally.Driven()
	}
	return nil
}

func (l *channel) Serve() error {
	for range l.there {
		l.tally.Answering()
		l.back <- struct{}{}
	}
	return nil
}

func (l *channel) Close() error  { close(l.there); return nil }
func (l *channel) Tally() *Tally { return &l.tally }

// Turns parks a link's serving task in Go between two turns. If the task waited
// in the kernel for its next round trip, it would keep its P. Then sysmon would
// look every 20 us, for up to 10 ms, whether to retake that P, during the turns
// of others.
type Turns struct {
	begin chan int
	over  chan struct{}
}

// NewTurns makes the turns of a new link.
func NewTurns() Turns { return Turns{make(chan int), make(chan struct{})} }

// Begin has Serve answer that many round trips. The driver calls it before the
// clock starts.
func (t Turns) Begin(trips int) { t.begin <- trips }

// End waits until Serve has answered them or has failed.
func (t Turns) End() { <-t.over }

// Serve calls answer with the number of round trips of each turn, until Close
// or an error.
func (t Turns) Serve(answer func(trips int) error) error {
	defer close(t.over)
	for trips := range t.begin {
		if err := answer(trips); err != nil {
			return err
		}
		t.over <- struct{}{}
	}
	return nil
}

// Close ends Serve. No turn may be running.
func (t Turns) Close() { close(t.begin) }

// NewYield links two tasks that both call runtime.Gosched in turn. A yield goes
// through the scheduler's global queue, a channel's hand-off through the P's
// next slot, so the two are different measures (runtime/proc.go, goschedImpl).
// Nothing orders the two tasks within a turn, so their CPUs are not compared.
func NewYield() Link { return &yield{Turns: NewTurns()} }

type yield struct {
	Turns
	tally Tally
}

func (l *yield) Drive(n int) error {
	for range n {
		runtime.Gosched()
	}
	return nil
}

func (l *yield) Serve() error {
	return l.Turns.Serve(func(trips int) error {
		for range trips {
			l.tally.Answers++
			runtime.Gosched()
		}
		return nil
	})
}

func (l *yield) Close() error  { l.Turns.Close(); return nil }
func (l *yield) Tally() *Tally { return &l.tally }

// NewPipe links two tasks by two pipes through the runtime's network poller: a
// task whose pipe is empty parks, and blocks no thread.
func NewPipe() (Link, error) {
	l := &pipe{}
	for i := range l.pipes {
		r, w, err := os.Pipe()
		if err != nil {
			l.Close()
			return nil, fmt.Errorf("linking two tasks by pipes: %w; raise ulimit -n if file descriptors are used up", err)
		}
		l.pipes[i] = [2]*os.File{r, w}
	}
	return l, nil
}

// NewPipeFloor is one task that writes a byte into a pipe and reads it: the
// system calls of a hand-off with nobody to hand anything to. One round trip of
// Drive is two of those hand-offs.
func NewPipeFloor() (Link, error) {
	l, err := NewPipe()
	if err != nil {
		return nil, err
	}
	return &pipeFloor{l.(*pipe)}, nil
}

type pipe struct {
	pipes [2][2]*os.File // there and back, each read end and write end
	tally Tally
}

func (l *pipe) Drive(n int) error {
	var b [1]byte
	out, in := l.pipes[0][1], l.pipes[1][0]
	for range n {
		l.tally.Driving()
		if _, err := out.Write(b[:]); err != nil {
			return err
		}
		if _, err := in.Read(b[:]); err != nil {
			return err
		}
		l.tally.Driven()
	}
	return nil
}

func (l *pipe) Serve() error {
	var b [1]byte
	in, out := l.pipes[0][0], l.pipes[1][1]
	for {
		if _, err := in.Read(b[:]); errors.Is(err, io.EOF) || errors.Is(err, os.ErrClosed) {
			return nil // by Close
		} else if err != nil {
			return err
		}
		l.tally.Answering()
		if _, err := out.Write(b[:]); err != nil {
			return err
		}
	}
}

func (l *pipe) Close() error {
	// The write ends first: Serve then reads the end of its pipe.
	for end := 1; end >= 0; end-- {
		for _, p := range l.pipes {
			if p[end] != nil {
				p[end].Close()
			}
		}
	}
	return nil
}

func (l *pipe) Tally() *Tally { return &l.tally }

type pipeFloor struct{ *pipe }

func (l pipeFloor) Drive(n int) error {
	var b [1]byte
	for range n {
		for _, p := range l.pipes {
			if _, err := p[1].Write(b[:]); err != nil {
				return err
			}
			if _, err := p[0].Read(b[:]); err != nil {
				return err
			}
		}
		l.tally.Answers++
	}
	return nil
}

func (l pipeFloor) Serve() error { return nil }

// NewCoroutine links a task with a coroutine made by iter.Pull. The runtime
// switches between the two without the scheduler: the cheapest switch of
// goroutine stacks there is. Neither its maker nor its driver may be locked to
// a thread: the runtime would end the process.
func NewCoroutine() Link {
	l := &coroutine{}
	l.next, l.stop = iter.Pull(func(give func(struct{}) bool) {
		for {
			l.tally.Answers++
			if !give(struct{}{}) {
				return
			}
		}
	})
	return l
}

type coroutine struct {
	next  func() (struct{}, bool)
	stop  func()
	tally Tally
}

func (l *coroutine) Drive(n int) error {
	for range n {
		l.next()
	}
	return nil
}

func (l *coroutine) Serve() error  { return nil }
func (l *coroutine) Close() error  { l.stop(); return nil }
func (l *coroutine) Tally() *Tally { return &l.tally }

// A Pair is two tasks on a link: one drives in turns, the other serves.
type Pair struct {
	link  Link
	turns chan turn
	over  chan error
	ended chan error
}

type turn struct {
	n, warm int
	clock   Clock
}

// NewPair starts the two tasks. Each calls setup first, on its own goroutine:
// task 0 is the driver, 1 the one that serves. An error of setup is an error of
// NewPair. A nil setup does nothing.
func NewPair(link Link, setup func(task int) error) (*Pair, error) {
	p := &Pair{link: link, turns: make(chan turn), over: make(chan error), ended: make(chan error, 2)}
	if setup == nil {
		setup = func(int) error { return nil }
	}
	ready := make(chan error)
	go func() {
		ready <- setup(1)
		p.ended <- link.Serve()
	}()
	go func() {
		ready <- setup(0)
		for t := range p.turns {
			p.over <- p.drive(t)
		}
		p.ended <- nil
	}()
	if err := allReady(ready, 2); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// allReady waits until n tasks have reported that they are set up, and returns
// the first error among them.
func allReady(ready <-chan error, n int) (err error) {
	for range n {
		if e := <-ready; err == nil {
			err = e
		}
	}
	return err
}

func (p *Pair) drive(t turn) error {
	parked, ok := p.link.(interface {
		Begin(trips int)
		End()
	})
	if ok {
		parked.Begin(t.warm + t.n)
	}
	if err := p.link.Drive(t.warm); err != nil {
		return err
	}
	t.clock.Start()
	err := p.link.Drive(t.n)
	t.clock.Stop()
	if ok && err == nil {
		parked.End()
	}
	return err
}

// Run gives the driver a turn: warm round trips off the clock and n on it.
func (p *Pair) Run(n, warm int, clock Clock) error {
	p.turns <- turn{n, warm, clock}
	return <-p.over
}

// Tally returns the link's counts. Read it between two turns.
func (p *Pair) Tally() *Tally { return p.link.Tally() }

// Close ends both tasks.
func (p *Pair) Close() error {
	close(p.turns)
	err := p.link.Close()
	for range 2 {
		if e := <-p.ended; err == nil {
			err = e
		}
	}
	return err
}
