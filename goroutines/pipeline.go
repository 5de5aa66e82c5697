package goroutines

// A Pipeline is tasks in a row, linked by channels: a source that sends the
// numbers of the items, stages that each receive an item, call a function with
// it and send what that answers, and a sink that takes what comes out and adds
// it up. The functions know nothing of all this.
type Pipeline struct {
	first  chan uint64
	orders chan int // to the source
	turns  chan turn
	over   chan struct{}
	ended  chan struct{}
	tasks  int

	calls []stageCalls
	items int
	sum   uint64
}

// stageCalls is how many items a stage has done, in a cache line of its own.
type stageCalls struct {
	n int
	_ [56]byte
}

// NewPipeline starts a pipeline with a stage for each function, over channels
// that hold that many items. Each task calls setup first, with its number: the
// sink's is 0, the source's 1. An error of setup is an error of NewPipeline. A
// nil setup does nothing.
func NewPipeline(stages []func(uint64) uint64, buffer int, setup func(task int) error) (*Pipeline, error) {
	p := &Pipeline{first: make(chan uint64, buffer), orders: make(chan int), turns: make(chan turn),
		over: make(chan struct{}), ended: make(chan struct{}), tasks: len(stages) + 2, calls: make([]stageCalls, len(stages))}
	if setup == nil {
		setup = func(int) error { return nil }
	}
	ready := make(chan error)
	start := func(task int, life func()) {
		go func() {
			ready <- setup(task)
			life()
			p.ended <- struct{}{}
		}()
	}
	start(1, p.feed)
	in := p.first
	for i, f := range stages {
		out := make(chan uint64, buffer)
		from, calls := in, &p.calls[i].n
		start(i+2, func() {
			for x := range from {
				*calls++
				out <- f(x)
			}
			close(out)
		})
		in = out
	}
	start(0, func() { p.drain(in) })
	if err := allReady(ready, p.tasks); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// feed is the source: it sends as many items as it is told to.
func (p *Pipeline) feed() {
	next := uint64(0)
	for n := range p.orders {
		for range n {
			p.first <- next
			next++
		}
	}
	close(p.first)
}

// drain is the sink: it orders items and takes them, some of them off the
// clock and the rest on it. The pipeline is empty before and after a turn; a
// buffered one flows on as the clock begins.
func (p *Pipeline) drain(out <-chan uint64) {
	order := func(n int) {
		if n > 0 {
			p.orders <- n
		}
	}
	take := func(n int) {
		for range n {
			p.sum += <-out
		}
		p.items += n
	}
	for t := range p.turns {
		ahead := 0
		if cap(out) > 0 && t.warm > 0 {
			ahead = t.n
		}
		order(t.warm + ahead)
		take(t.warm)
		t.clock.Start()
		order(t.n - ahead)
		take(t.n)
		t.clock.Stop()
		p.over <- struct{}{}
	}
}

// Run has warm items go through off the clock and n on it. The sink stamps. In
// a pipeline without buffers the n are ordered on the clock, when those before
// them are through; with buffers they follow them at once.
func (p *Pipeline) Run(n, warm int, clock Clock) {
	p.turns <- turn{n, warm, clock}
	<-p.over
}

// Flow is what has come out of the pipeline so far: how many items, from the
// number 0 on, and the sum of what they came to; and how many each stage has
// done. It is for between two turns.
func (p *Pipeline) Flow() (items int, sum uint64, each []int) {
	for i := range p.calls {
		each = append(each, p.calls[i].n)
	}
	return p.items, p.sum, each
}

// Close ends the tasks.
func (p *Pipeline) Close() {
	close(p.turns)
	close(p.orders)
	for range p.tasks {
		<-p.ended
	}
}
