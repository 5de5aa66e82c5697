package create

import (
	"encoding/binary"
	"fmt"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// openAllocate is the floor of starting a goroutine: it allocates a stack and a
// g in the runtime's way, and touches what a goroutine touches. All of them
// stay alive.
//
// The runtime takes stacks from spans of 32 KiB that it divides into a list of
// 16; a P takes 8 of them at a time (runtime/stack.go, stackpoolalloc and
// stackcacherefill). It takes each g from the heap and lists it
// (runtime/proc.go, malg and allgadd). The floor does the same. Neither zeroes
// a stack: memory fresh from the system is zero already.
//
// Two things differ. The floor's spans are the heap's, of one object each,
// since only the runtime can have spans of its own kind (allocManual). And its
// lists need no lock. The floor leaves out the run queue, the switch to the
// goroutine, and the allocations of the goroutine's own code.
func openAllocate(func(string)) (measure.Measurement, error) {
	if got := host.Count(host.StackStarts); got != host.StackStart {
		return nil, fmt.Errorf("allocating the memory of a goroutine: its stack starts at %d bytes here, not %d", got, host.StackStart)
	}
	return &allocateArm{meter: arm.NewMeter()}, nil
}

const (
	lineBytes = 64 // of a cache

	// runtime.g has 440 bytes in Go 1.26 on 64 bits, in a size class of 448
	// (runtime/runtime2.go). Starting a goroutine writes to each of its cache
	// lines.
	gWords = 55

	spanBytes    = 32 << 10 // runtime/malloc.go, _StackCacheSize
	stacksInSpan = spanBytes / host.StackStart
	stacksCached = stacksInSpan / 2

	// The stack that a parked task uses: 340 bytes, by the frames of the set's
	// task and park, chanrecv1, chanrecv and gopark.
	framesBytes = 6 * lineBytes
)

type gBlock struct {
	stack *byte
	words [gWords - 1]uint64
}

// A stackPool hands out stacks. Stacks have numbers from 1 on. A list of free
// stacks is the number of its first one. Each stack has the number of the next
// in its lowest word; the runtime's stacks have an address there.
type stackPool struct {
	spans [(createCold + stacksInSpan - 1) / stacksInSpan]*[spanBytes]byte
	cut   int    // spans in use
	free  uint64 // of the latest span
	cache uint64
}

// at returns the stack of a number.
func (p *stackPool) at(n uint64) []byte {
	n--
	return p.spans[n/stacksInSpan][n%stacksInSpan*host.StackStart:][:host.StackStart]
}

// push puts a stack on a list; pop takes the first one off.
func (p *stackPool) push(list *uint64, n uint64) {
	binary.NativeEndian.PutUint64(p.at(n), *list)
	*list = n
}

func (p *stackPool) pop(list *uint64) uint64 {
	n := *list
	*list = binary.NativeEndian.Uint64(p.at(n))
	return n
}

// take returns an unused stack.
func (p *stackPool) take() []byte {
	if p.cache == 0 {
		for range stacksCached {
			p.refill()
		}
	}
	return p.at(p.pop(&p.cache))
}

// refill puts a free stack into the cache, from a new span if needed.
func (p *stackPool) refill() {
	if p.free == 0 {
		p.spans[p.cut] = new([spanBytes]byte)
		first := uint64(p.cut)*stacksInSpan + 1
		p.cut++
		for n := first; n < first+stacksInSpan; n++ {
			p.push(&p.free, n)
		}
	}
	p.push(&p.cache, p.pop(&p.free))
}

type allocateArm struct {
	meter  *arm.Meter
	stacks stackPool
	gs     []*gBlock
}

func (a *allocateArm) Measure() (lockstep.Slice, error) {
	made := host.Count(host.ThreadsAlive)
	a.meter.Start()
	for range createCold {
		a.allocate()
	}
	a.meter.Stop()
	counts := map[string]int64{"threads": host.Count(host.ThreadsAlive) - made, "stacks": int64(a.distinctStacks())}
	return lockstep.Slice{Ops: createCold, Elapsed: a.meter.Elapsed, Counts: a.meter.Counts(counts)}, nil
}

// allocate makes one g with its stack.
func (a *allocateArm) allocate() {
	g, stack := new(gBlock), a.stacks.take()
	binary.NativeEndian.PutUint64(stack, 0) // as malg does
	g.stack = &stack[0]
	for i := lineBytes/8 - 1; i < len(g.words); i += lineBytes / 8 {
		g.words[i] = 1
	}
	for at := host.StackStart - lineBytes; at >= host.StackStart-framesBytes; at -= lineBytes {
		stack[at] = 1
	}
	a.gs = append(a.gs, g)
}

// distinctStacks returns how many stacks the gs have.
func (a *allocateArm) distinctStacks() int {
	stacks := map[*byte]bool{}
	for _, g := range a.gs {
		stacks[g.stack] = true
	}
	return len(stacks)
}

func (a *allocateArm) Close() error { return nil }
