package goroutines

import (
	"errors"
	"sync"
	"sync/atomic"
)

// Waiters are tasks that wait over and over.
type Waiters struct {
	n       int
	want    atomic.Int64
	arrived atomic.Int64
	all     chan struct{} // signals that arrived has reached want
	ended   sync.WaitGroup
	turns   []int64
	errs    []error
}

// NewWaiters starts n tasks. Each calls in first, which may be nil, and then
// wait, over and over, until wait reports that there is no more or fails.
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
			default: // signalled already, and nobody has waited since
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

// WaitTurns returns when the tasks have waited n times in all since they were
// made, and wait again.
func (w *Waiters) WaitTurns(n int) {
	want := int64(w.n + n)
	w.want.Store(want)
	for w.arrived.Load() < want {
		<-w.all
	}
}

// Join waits until every task has ended. It returns how often each has waited,
// without its last time, and the errors.
func (w *Waiters) Join() (turns []int64, err error) {
	w.ended.Wait()
	return w.turns, errors.Join(w.errs...)
}
