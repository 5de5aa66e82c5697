package goroutines

import (
	"sync/atomic"
	"time"
)

// An Item is work to be shared out: Steps steps from X on.
type Item struct {
	X     uint64
	Steps int
}

// A Record tells who did an item, where, and with what result.
type Record struct {
	Result uint64
	CPU    int32 // where it began; -1 if the system doesn't report it
	From   int32 // where it came from: its worker's CPU at the item before, or else the producer's CPU; -1 for neither
	Worker int32 // the worker that did it, from 0; -1 if the item had a task of its own
	Times  int32 // how often it was done
}

// A Sharing is the way that a list's items take from the producer to the
// workers.
type Sharing int

const (
	PerItem Sharing = iota // the producer makes a task for each item
	Queued                 // workers receive them, one by one, from an unbuffered channel
	Shared                 // the producer writes the list where all workers find it; they take the next item by one index
	Fixed                  // the producer gives each worker a part of the list, all of the same size
)

// A Pool is a producer and the workers that do its items.
type Pool struct {
	how     Sharing
	workers int
	lists   chan []Item
	queue   chan job     // Queued
	parts   []chan []job // one for each worker, for Shared and Fixed
	over    chan struct{}
	end     chan time.Duration
	ended   chan struct{}

	// The current list.
	jobs    []job
	records []Record
	left    atomic.Int64 // items or workers that are not done
	_       [64]byte
	next    atomic.Int64 // the shared index
	_       [64]byte

	elapsed time.Duration
}

// A job is an item and its place in the list.
type job struct {
	at int
	Item
}

// NewPool starts a producer and workers, none for PerItem. Each task calls
// setup first, with its number: the producer's is -1. An error of setup is an
// error of NewPool. A nil setup does nothing.
func NewPool(how Sharing, workers int, setup func(task int) error) (*Pool, error) {
	if how == PerItem {
		workers = 0
	}
	if setup == nil {
		setup = func(int) error { return nil }
	}
	c := &Pool{how: how, workers: workers, lists: make(chan []Item), queue: make(chan job), over: make(chan struct{}), end: make(chan time.Duration), ended: make(chan struct{})}
	ready := make(chan error)
	for w := range workers {
		c.parts = append(c.parts, make(chan []job))
		go func() {
			ready <- setup(w)
			c.work(w)
			c.ended <- struct{}{}
		}()
	}
	go func() {
		ready <- setup(-1)
		for list := range c.lists {
			c.hand(list)
			c.over <- struct{}{}
		}
		c.ended <- struct{}{}
	}()
	if err := allReady(ready, workers+1); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Run has the tasks do a list, and returns how long that took: from the
// producer's start until the last item is done. The records are in the list's
// order, and valid until the next Run. An empty list panics.
func (c *Pool) Run(list []Item) (time.Duration, []Record) {
	if len(list) == 0 {
		panic("goroutines: an empty list")
	}
	if len(c.records) != len(list) {
		c.records, c.jobs = make([]Record, len(list)), make([]job, len(list))
	}
	clear(c.records)
	clear(c.jobs)
	c.next.Store(0)
	c.lists <- list
	<-c.over
	return c.elapsed, c.records
}

// handSample is the number of items that the producer hands out between two
// looks at its CPU.
const handSample = 16

func (c *Pool) hand(list []Item) {
	began := Now()
	switch c.how {
	case PerItem:
		c.left.Store(int64(len(list)))
		from := int32(-1)
		for i, item := range list {
			if i%handSample == 0 {
				from = int32(CPU())
			}
			go c.alone(job{i, item}, from)
		}
	case Queued:
		c.left.Store(int64(len(list)))
		for i, item := range list {
			c.queue <- job{i, item}
		}
	default:
		c.left.Store(int64(c.workers))
		for i, item := range list {
			c.jobs[i] = job{i, item}
		}
		for w, part := range c.parts {
			if c.how == Fixed {
				part <- c.jobs[w*len(list)/c.workers : (w+1)*len(list)/c.workers]
			} else {
				part <- c.jobs
			}
		}
	}
	c.elapsed = <-c.end - began
}

// alone is the task of one item.
func (c *Pool) alone(j job, from int32) {
	c.do(j, -1, int32(CPU()), from)
	c.done()
}

func (c *Pool) work(w int) {
	cpu := int32(-1)
	do := func(j job) {
		last := cpu
		cpu = int32(CPU())
		c.do(j, int32(w), cpu, last)
	}
	switch c.how {
	case Queued:
		for j := range c.queue {
			do(j)
			c.done()
		}
	case Shared:
		for jobs := range c.parts[w] {
			cpu = -1
			for i := c.next.Add(1) - 1; i < int64(len(jobs)); i = c.next.Add(1) - 1 {
				do(jobs[i])
			}
			c.done()
		}
	case Fixed:
		for jobs := range c.parts[w] {
			cpu = -1
			for _, j := range jobs {
				do(j)
			}
			c.done()
		}
	}
}

func (c *Pool) do(j job, worker, cpu, from int32) {
	r := &c.records[j.at]
	r.CPU, r.From, r.Worker = cpu, from, worker
	r.Times++
	r.Result = Work(j.X, j.Steps)
}

// done counts down, and signals the end of the list.
func (c *Pool) done() {
	if c.left.Add(-1) == 0 {
		c.end <- Now()
	}
}

// Close ends the producer and the workers.
func (c *Pool) Close() {
	close(c.lists)
	close(c.queue)
	for _, p := range c.parts {
		close(p)
	}
	for range c.workers + 1 {
		<-c.ended
	}
}
