package goroutines

// A Pipeline is a row of tasks, linked by channels: a source that sends the
// items' numbers, stages, and a sink that adds up the results. Each stage
// receives an item, calls a function with it and sends the result. The
// functions know nothing of the pipeline.
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

// stageCalls is the number of items that a stage has done, in a cache line of
// its own.
type stageCalls struct {
	n int
	_ [56]byte
}

// NewPipeline starts a pipeline with a stage for each function, over channels
// that buffer that many items. Each task calls setup first, with its number:
// the sink's is 0, the source's 1. An error of setup is an error of
// NewPipeline. A nil setup does nothing.
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

// feed is the source: it sends as many items as the sink orders.
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

// drain is the sink. It orders items and takes them, the warm-up's off the
// clock and the rest on it. The pipeline is empty before and after a turn. With
// buffers, items keep flowing as the clock starts.
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

// Run sends warm items through off the clock and n on it; the sink runs the
// clock. Without buffers, the sink orders the n items on the clock, after the
// warm-up's have come through. With buffers, they follow those of the warm-up
// without a gap.
func (p *Pipeline) Run(n, warm int, clock Clock) {
	p.turns <- turn{n, warm, clock}
	<-p.over
}

// Flow returns what has come out of the pipeline so far, from item 0 on: the
// number of items, the sum of their results, and the items that each stage has
// done. Call it between two turns.
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
