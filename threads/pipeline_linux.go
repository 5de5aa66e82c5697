//go:build linux && (amd64 || arm64)

package threads

import (
	"fmt"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A Pipeline is raw threads in a row: a source that puts the numbers of the
// items, stages that do some work on each, and the driver, which takes what
// comes out. Between each two of them is a ring in memory that both have; who
// finds it full or empty sleeps on a futex, and is woken by the other one only
// if it does. One op is one item.
type Pipeline struct {
	*Driver
	stages []thread
	rings  []mapping
	flows  bool // the items on the clock follow those before them at once
}

// NewPipeline makes a pipeline of that many stages, at least one, which do
// that many steps of work on each item, and rings of as many slots: a power of
// 2 up to 64. A refused thread is a *StartError.
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

// SetSteps is for between two turns: how many steps of work each stage does on
// an item, at least one.
func (p *Pipeline) SetSteps(n int) {
	for _, t := range p.stages {
		t.control.steps = uint64(max(n, 1))
	}
}

// Flow is what has come out of the pipeline so far: how many items, from the
// number 0 on, and the sum of what they came to; and how many each stage has
// done.
func (p *Pipeline) Flow() (items int, sum uint64, each []int) {
	c := p.driver.control
	for _, t := range p.stages {
		each = append(each, int(atomic.LoadUint64(&t.control.calls)))
	}
	return int(c.calls), c.sum, each
}

// Run gives the driver a turn, as a Driver's does. In a pipeline with rings of
// one slot the n items are ordered on the clock, when those before them are
// through; with larger ones they follow them at once.
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

// TIDs are the threads' ids, as they got them from gettid(2): complete after a
// Run.
func (p *Pipeline) TIDs() []int {
	var tids []int
	for _, t := range append([]thread{p.driver, *p.peer}, p.stages...) {
		tids = append(tids, int(atomic.LoadUint32(&t.control.seen)))
	}
	return tids
}

// endStages ends the stages that run, and unmaps the rings.
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

// Close ends the threads and gives back what they had.
func (p *Pipeline) Close() error {
	err := p.Driver.Close()
	p.endStages()
	return err
}
