package goroutines

import (
	"errors"
	"sync"
	"sync/atomic"
)

// Waiters are tasks of which each waits again and again.
type Waiters struct {
	n       int
	want    atomic.Int64
	arrived atomic.Int64
	all     chan struct{} // says that arrived has come to want
	ended   sync.WaitGroup
	turns   []int64
	errs    []error
}

// NewWaiters starts n tasks. Each calls in first, which may be nil, and then
// wait, again and again, until that says that there is no more to wait for or
// fails.
func NewWaiters(n int, in func(), wait func(task int) (more bool, err error)) *Waiters {
	w := &Waiters{n: n, all: make(chan struct{}, 1), turns: make([]int64, n), errs: make([]error, n)}
	w.want.Store(int64(n))
	w.ended.Add(n)
	for i := range n {
		go w.task(i, in, wait)
	}
	return w
}

func (w *Waiters) task(i int, in func(), wait func(int) (bool, error)) {
	defer w.ended.Done()
	if in != nil {
		in()
	}
	for {
		if w.arrived.Add(1) == w.want.Load() {
			select {
			case w.all <- struct{}{}:
			default: // said already, and nobody has waited since
			}
		}
		more, err := wait(i)
		if !more || err != nil {
			w.errs[i] = err
			return
		}
		w.turns[i]++
	}
}

// WaitTurns returns when the tasks have waited n times since they were made,
// all together, and have come back to wait again.
func (w *Waiters) WaitTurns(n int) {
	want := int64(w.n + n)
	w.want.Store(want)
	for w.arrived.Load() < want {
		<-w.all
	}
}

// Join waits until every task has run to its end. It tells how often each has
// waited, its last time not counted, and what any of them failed with.
func (w *Waiters) Join() (turns []int64, err error) {
	w.ended.Wait()
	return w.turns, errors.Join(w.errs...)
}
