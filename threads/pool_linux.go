//go:build linux && (amd64 || arm64)

package threads

import (
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/goroutines"
)

// A Pool is raw threads that work through a list. Each takes the next item by a
// shared index.
type Pool struct {
	workers []thread
	words   *pool
	items   []item
	records []record
	mapped  []mapping
}

// NewPool makes that many raw threads, at least one, for lists of up to items
// items. They sleep until there is a list. A refused thread is a *StartError.
func NewPool(workers, items int) (*Pool, error) {
	if workers < 1 || items < 1 {
		panic(fmt.Sprintf("threads: a pool of %d for %d items", workers, items))
	}
	c := &Pool{}
	for _, size := range []uintptr{poolBytes, itemBytes * uintptr(items), recordBytes * uintptr(items)} {
		m, err := mapMemory(size)
		if err != nil {
			c.Close()
			return nil, startError("mmap", err, LeastStack(0))
		}
		c.mapped = append(c.mapped, m)
	}
	c.words = (*pool)(c.mapped[0].base)
	c.items, c.records = c.mapped[1].items(items), c.mapped[2].records(items)
	c.words.items, c.words.records = &c.items[0], &c.records[0]
	for w := range workers {
		t, err := newThread(pcs.share, LeastStack(0))
		if err == nil {
			t.control.pool, t.control.number = c.words, uint32(w)
			if err = t.start(); err != nil {
				t.mapping.unmap()
			}
		}
		if err != nil {
			c.Close()
			return nil, err
		}
		c.workers = append(c.workers, t)
	}
	return c, nil
}

// Run has the threads do a list and returns how long that took. The time runs
// from just before Run copies the list to where the threads find it, until the
// last item is done, by the clock of the thread that did it. The records are in
// the list's order. It is an error if a system call failed, or if an item has
// no steps.
//
// Run waits by RawSyscall and keeps its P. Otherwise sysmon would retake the P
// and sleep, and then look every 20 us for the first milliseconds of whatever
// comes next.
func (c *Pool) Run(list []goroutines.Item) (time.Duration, []goroutines.Record, error) {
	if len(list) > len(c.items) {
		return 0, nil, fmt.Errorf("running a pool of raw threads: a list of %d items, there is room for %d", len(list), len(c.items))
	}
	for i, it := range list {
		if it.Steps < 1 {
			return 0, nil, fmt.Errorf("running a pool of raw threads: item %d has %d steps; at least one is needed", i, it.Steps)
		}
	}
	clear(c.records)
	over := atomic.LoadUint32(&c.words.done)

	var began unix.Timespec
	if err := unix.ClockGettime(clockMonotonic, &began); err != nil {
		return 0, nil, fmt.Errorf("running a pool of raw threads: clock_gettime: %w", err)
	}
	for i, it := range list {
		c.items[i] = item(it)
	}
	c.words.n, c.words.next = uint64(len(list)), 0
	atomic.StoreUint32(&c.words.left, uint32(len(c.workers)))
	setAndWake(&c.words.gate, over+1)
	holdWhile(&c.words.done, over)

	ended := int64(0)
	for _, w := range c.workers {
		if errno := unix.Errno(-atomic.SwapInt64(&w.control.failed, 0)); errno != 0 {
			return 0, nil, fmt.Errorf("running a pool of raw threads: a system call of the body failed: %w", errno)
		}
		ended = max(ended, unix.TimespecToNsec(w.control.end))
	}
	records := make([]goroutines.Record, len(list))
	for i := range records {
		r := goroutines.Record(c.records[i])
		if r.From == noCPU {
			r.From = -1
		}
		records[i] = r
	}
	return time.Duration(ended - unix.TimespecToNsec(began)), records, nil
}

// TIDs returns the threads' ids, from gettid(2). They are complete after a Run.
func (c *Pool) TIDs() []int {
	var tids []int
	for _, w := range c.workers {
		tids = append(tids, int(atomic.LoadUint32(&w.control.seen)))
	}
	return tids
}

// Close ends the threads and unmaps their memory.
func (c *Pool) Close() error {
	for _, w := range c.workers {
		atomic.StoreUint32(&w.control.quit, 1)
	}
	if c.words != nil {
		setAndWake(&c.words.gate, atomic.LoadUint32(&c.words.gate)+1)
	}
	for _, w := range c.workers {
		w.join()
		w.mapping.unmap()
	}
	for _, m := range c.mapped {
		m.unmap()
	}
	c.workers, c.mapped, c.words = nil, nil, nil
	return nil
}
