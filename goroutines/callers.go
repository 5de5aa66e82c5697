package goroutines

import (
	"iter"
	"runtime"
	"sync"
)

// A Calling is how a caller has its function called.
type Calling int

const (
	Direct    Calling = iota // the caller calls it
	Locking                  // the caller calls it between LockOSThread and UnlockOSThread
	Handed                   // a server calls it: the caller sends it over a channel and waits for the answer
	Coroutine                // a coroutine of the caller's calls it (iter.Pull)
)

// A call is a function and the channel on which its caller waits for the answer.
type call struct {
	f    func()
	done chan struct{}
}

// lookEvery is how many calls a caller makes for each one that also looks
// around.
const lookEvery = 1 << 14

// Callers are tasks that have a function called, again and again. The function
// does steps of Work, each call from what the one before it came to, and counts
// its calls. Servers call it for those whose calls are Handed.
type Callers struct {
	steps  int
	calls  chan call
	turns  chan turn // the first caller's, who has the clock
	over   chan struct{}
	others sync.WaitGroup // the other callers of a round
	ended  sync.WaitGroup // callers and servers
	all    []*caller
	served []servedCalls
}

// servedCalls is how many calls a server has made, in a cache line of its own.
type servedCalls struct {
	n int
	_ [56]byte
}

// A caller is a task that has a function called.
type caller struct {
	shares chan int
	repeat func(f func(), n int) // has f called n times
	call   func()                // the function
	look   func()                // the function, and a look around

	ran int
	x   uint64
	_   [64]byte // no two callers count in the same cache line
}

// NewCallers starts n callers, and so many servers for Handed. Each server calls
// setup first, with its number; nil does nothing. An error of setup is an error
// of NewCallers. look is called in the function now and then, by the task that
// calls the function, with the caller's number.
func NewCallers(n int, how Calling, servers int, setup func(server int) error, look func(caller int)) (*Callers, error) {
	if how != Handed {
		servers = 0
	}
	if setup == nil {
		setup = func(int) error { return nil }
	}
	c := &Callers{calls: make(chan call), turns: make(chan turn), over: make(chan struct{}), served: make([]servedCalls, servers)}
	ready := make(chan error)
	for s := range servers {
		c.ended.Go(func() {
			ready <- setup(s)
			c.serve(&c.served[s].n)
		})
	}
	err := allReady(ready, servers)
	for i := range n {
		one := &caller{shares: make(chan int)}
		one.call = func() {
			one.x = Work(one.x, c.steps)
			one.ran++
		}
		one.look = func() {
			one.call()
			look(i)
		}
		one.repeat = c.way(how)
		c.all = append(c.all, one)
		if i > 0 {
			c.ended.Go(func() {
				for share := range one.shares {
					one.do(share)
					c.others.Done()
				}
			})
		}
	}
	c.ended.Go(c.lead)
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// serve is the life of a server.
func (c *Callers) serve(calls *int) {
	for call := range c.calls {
		call.f()
		*calls++
		call.done <- struct{}{}
	}
}

// way is how one caller has a function called.
func (c *Callers) way(how Calling) func(f func(), n int) {
	switch how {
	case Locking:
		return func(f func(), n int) {
			for range n {
				runtime.LockOSThread()
				f()
				runtime.UnlockOSThread()
			}
		}
	case Handed:
		done := make(chan struct{}, 1) // the server need not wait until its caller runs
		return func(f func(), n int) {
			for range n {
				c.calls <- call{f, done}
				<-done
			}
		}
	case Coroutine:
		return func(f func(), n int) {
			next, stop := iter.Pull(func(yield func(struct{}) bool) {
				for more := true; more; more = yield(struct{}{}) {
					f()
				}
			})
			for range n {
				next()
			}
			stop()
		}
	}
	return func(f func(), n int) {
		for range n {
			f()
		}
	}
}

// do has the function called n times.
func (c *caller) do(n int) {
	for n > 0 {
		some := min(n, lookEvery)
		c.repeat(c.look, 1)
		c.repeat(c.call, some-1)
		n -= some
	}
}

// lead is the life of the first caller. It stamps the clock, lets the others
// begin and waits for them.
func (c *Callers) lead() {
	for t := range c.turns {
		c.round(t.warm)
		t.clock.Start()
		c.round(t.n)
		t.clock.Stop()
		c.over <- struct{}{}
	}
}

// round has the callers make n calls in all.
func (c *Callers) round(n int) {
	c.others.Add(len(c.all) - 1)
	for i, one := range c.all[1:] {
		one.shares <- c.share(n, i+1)
	}
	c.all[0].do(c.share(n, 0))
	c.others.Wait()
}

// share is how many of n calls are a caller's.
func (c *Callers) share(n, caller int) int {
	return (n*(caller+1))/len(c.all) - n*caller/len(c.all)
}

// Steps sets how many steps of Work a call does. It is for between two turns.
func (c *Callers) Steps(n int) { c.steps = n }

// Run has the callers make warm calls off the clock and n on it, as many each.
// The clock is the first caller's: from before it lets the others begin until
// all of them have their last answer.
func (c *Callers) Run(n, warm int, clock Clock) {
	c.turns <- turn{n, warm, clock}
	<-c.over
}

// Answered is how many calls of each caller have been made so far, by the
// function's own count, and what its work has come to; and how many of them the
// servers have made. It is for between two turns.
func (c *Callers) Answered() (calls []int, x []uint64, served int) {
	for _, one := range c.all {
		calls, x = append(calls, one.ran), append(x, one.x)
	}
	for _, s := range c.served {
		served += s.n
	}
	return calls, x, served
}

// Close ends the callers and the servers.
func (c *Callers) Close() {
	close(c.turns)
	for _, one := range c.all {
		close(one.shares)
	}
	close(c.calls)
	c.ended.Wait()
}
