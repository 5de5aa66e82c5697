//go:build linux && (amd64 || arm64)

package threads

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A Pipeline is a row of raw threads: a source that puts the items' numbers,
// stages that do some work on each item, and the driver, which takes the
// results. A ring in shared memory joins each two neighbours. A thread that
// finds its ring full or empty sleeps on a futex, and its neighbour makes the
// system call that wakes it only then. One op is one item.
type Pipeline struct {
	*Driver
	stages []thread
	rings  []mapping
	flows  bool // the items on the clock follow those of the warm-up without a gap
}

// NewPipeline makes a pipeline of stages stages, at least one, that do steps
// steps of work on each item, and rings of slots slots: a power of 2 up to 64.
// A refused thread is a *StartError.
func NewPipeline(stages, slots, steps int) (*Pipeline, error) {
	if stages < 1 || slots < 1 || slots > ringSlots || slots&(slots-1) != 0 {
		panic(fmt.Sprintf("threads: a pipeline of %d stages with rings of %d slots", stages, slots))
	}
	p := &Pipeline{flows: slots > 1}
	var err error
	p.Driver, err = newDriver(pcs.driveSink, 0, 1, func(d *Driver) error {
		var rings []*ring
		for range stages + 1 {
			m, err := mapMemory(ringBytes)
			if err != nil {
				return startError("mmap", err, LeastStack(0))
			}
			p.rings = append(p.rings, m)
			r := (*ring)(m.base)
			r.size = uint64(slots)
			rings = append(rings, r)
		}
		if err := d.meet(pcs.source); err != nil {
			return err
		}
		d.peer.control.to, d.driver.control.from = rings[0], rings[stages]
		for i := range stages {
			t, err := newThread(pcs.stage, LeastStack(0))
			if err != nil {
				return err
			}
			t.control.from, t.control.to, t.control.steps = rings[i], rings[i+1], uint64(max(steps, 1))
			if err := t.start(); err != nil {
				t.mapping.unmap()
				return err
			}
			p.stages = append(p.stages, t)
		}
		return nil
	})
	if err != nil {
		p.endStages()
		return nil, err
	}
	return p, nil
}

// SetSteps sets how many steps of work each stage does on an item, at least
// one. Call it between two turns.
func (p *Pipeline) SetSteps(n int) {
	for _, t := range p.stages {
		t.control.steps = uint64(max(n, 1))
	}
}

// Flow returns what has come out of the pipeline so far, from item 0 on: the
// number of items, the sum of their results, and the items that each stage has
// done.
func (p *Pipeline) Flow() (items int, sum uint64, each []int) {
	c := p.driver.control
	for _, t := range p.stages {
		each = append(each, int(atomic.LoadUint64(&t.control.calls)))
	}
	return int(c.calls), c.sum, each
}

// Run gives the driver a turn, as Driver.Run does. With rings of one slot, the
// driver orders the n items on the clock, after the warm-up's have come
// through. With larger rings, they follow those of the warm-up without a gap.
func (p *Pipeline) Run(n, warm int) (Timing, error) {
	p.driver.control.ahead = 0
	if p.flows && warm > 0 {
		p.driver.control.ahead = uint64(n)
	}
	t, err := p.Driver.Run(n, warm)
	for _, s := range p.stages {
		if errno := unix.Errno(-atomic.SwapInt64(&s.control.failed, 0)); errno != 0 && err == nil {
			err = fmt.Errorf("running a raw thread for %d ops: a system call of the body failed: %w", n, errno)
		}
	}
	return t, err
}

// TIDs returns the threads' ids, from gettid(2). They are complete after a Run.
func (p *Pipeline) TIDs() []int {
	var tids []int
	for _, t := range append([]thread{p.driver, *p.peer}, p.stages...) {
		tids = append(tids, int(atomic.LoadUint32(&t.control.seen)))
	}
	return tids
}

// endStages ends the stages and unmaps the rings.
func (p *Pipeline) endStages() {
	for _, t := range p.stages {
		atomic.StoreUint32(&t.control.quit, 1)
	}
	for _, m := range p.rings {
		setAndWake(&(*ring)(m.base).dry, 0)
	}
	for _, t := range p.stages {
		t.join()
		t.mapping.unmap()
	}
	for _, m := range p.rings {
		m.unmap()
	}
}

// Close ends the threads and unmaps their memory.
func (p *Pipeline) Close() error {
	err := p.Driver.Close()
	p.endStages()
	return err
}
