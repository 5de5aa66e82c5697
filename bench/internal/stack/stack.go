package stack

import (
	"errors"
	"fmt"
	"runtime/debug"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/bench/numbers"
	"threadbench/threads"
)

// Family measures how much memory a parked task holds.
//
// ONE op is one task that has gone down its stack by depth bytes and parked
// there. In one process, n grows in steps, and everything stays held. Each step
// reads resident user memory (smaps_rollup), kernel memory (from a memory
// cgroup of the worker's own if it may make one, else the system's) and address
// space. The figures are the slopes over n, in bytes a task. The memory of a
// process before its first task is the intercept, a figure of its own.
//
// Then all tasks end, and everything freed is given back to the system. What is
// still held, over n, is the residue. For locked goroutines it is mostly the
// runtime's own stacks for their threads, which the runtime frees when it next
// makes one. Go reserves address space in steps of 64 MiB, so reserved-B/task
// of its tasks may be off by a fifth.
//
// All this happens once a process, without garbage collections and with stacks
// that start at their least. A growing stack leaves its old one behind for
// others to use, so a collection at the right moment would flatter the
// goroutine.
//
// stack says how much stack a raw thread gets: least is what its body needs,
// default what a C program gets (RLIMIT_STACK), reserved and not resident.
// Goroutines and locked ones have only one kind. For a C thread, default is
// pthread_create(3) without attributes, and least is the least that the C
// library allows plus the depth.
//
// Stack favours the raw thread with the least stack, which has no room for a
// handler or for code that anyone would write. RSS alone would favour every
// thread, since it leaves out the kernel's part.
var Family = measure.Family{Family: catalog.Stack, Cases: stackCases()}

var stackDepths = []int{0, 4 << 10, 64 << 10, 1 << 20}

const (
	stackGoroutines = 100_000
	stackThreads    = 9_000
	// About the most memory to hold; with deep stacks there are fewer tasks.
	stackBudget = 1 << 30
)

// measure.FewerTasks divides the number of tasks by fewer, but not to less than
// fewest.
const (
	fewer  = 8
	fewest = 64
)

func stackCases() []measure.Case {
	var cases []measure.Case
	row := func(impl, stack string, depth int, park arm.NewParked) {
		n := stackThreads
		if impl == "goroutine" {
			n = stackGoroutines
		}
		// A goroutine's stack is a power of two: up to twice its depth, and as
		// much again for the one that it was copied from.
		n = min(n, stackBudget/max(4096, 4*depth))
		cases = append(cases, measure.Case{
			Name:     catalog.Name{Family: "Stack"}.With("impl", impl).With("stack", stack).With("depth", fmt.Sprint(depth)),
			Once:     1,
			Env:      arm.Still,
			Quick:    depth == 0 && (stack != "default" || impl == "pthread") || impl == "goroutine",
			C:        impl == "pthread",
			OpenOnce: openStack(impl, stack, depth, n, park),
		})
	}
	for _, depth := range stackDepths {
		row("goroutine", "", depth, arm.ParkedGoroutines)
		row("locked", "", depth, arm.ParkedLocked)
		row("clone", "least", depth, arm.ParkedClones)
		row("clone", "default", depth, arm.ParkedClones)
		if measure.WithPthread {
			row("pthread", "least", depth, arm.ParkedC(true))
			row("pthread", "default", depth, arm.ParkedC(false))
		}
	}
	return cases
}

func openStack(impl, stack string, depth, n int, park arm.NewParked) measure.OpeningOnce {
	return func(cut func(string)) (measure.Measurement, error) {
		given := 0
		if stack == "default" {
			given = threads.DefaultStack()
			if given < threads.LeastStack(depth) {
				return nil, lockstep.Skipf("RLIMIT_STACK %d: a depth of %d wanted; raise it: ulimit -s %d", given, depth, (2*depth)>>10)
			}
		}
		n := n
		if measure.Fewer() {
			n = max(n/fewer, fewest)
		}
		fits, err := arm.Parkable(impl, n, depth, given, cut)
		if err != nil {
			return nil, err
		}
		meter, err := host.NewMemoryMeter()
		if err != nil {
			return nil, err
		}
		h, err := park(fits, depth, given)
		if err != nil {
			meter.Close()
			return nil, err
		}
		a := &stackArm{parked: h, meter: meter, n: fits}
		// The next power of two, and a span half in use. Some of the first
		// tasks' stacks may be in spans that were there before.
		a.leastStack, a.mostStack = max(depth, host.StackStart)*7/8, 4*depth+16<<10
		switch impl {
		case "clone", "pthread":
			// None, apart from a span or two of the runtime's own threads.
			a.leastStack, a.mostStack = 0, 64+64<<10/fits
		case "locked":
			// And the thread's g0 and signal stacks: 16 and 32 KiB.
			a.mostStack += 48 << 10
		}
		return a, nil
	}
}

type stackArm struct {
	parked arm.Parked // zero after it was joined
	meter  *host.MemoryMeter
	n      int

	leastStack, mostStack int // bytes of the runtime's stacks that a task must have
}

// steps is the number of n at which memory is read.
const steps = 4

// Measure holds the tasks and reads the memory.
func (a *stackArm) Measure() (lockstep.Slice, error) {
	before, err := a.meter.Read()
	if err != nil {
		return lockstep.Slice{}, err
	}
	defer func() { a.parked = arm.Parked{} }() // it is joined by then
	stacks, others := host.Count(host.StackBytes), arm.TasksAlive()

	var xs []float64
	var user, kernel, reserved []float64
	made := 0
	for step := 1; step <= steps && err == nil; step++ {
		if err = a.parked.Make(a.n*step/steps - made); err != nil {
			break
		}
		made = a.n * step / steps
		a.parked.Wait()
		var m host.Memory
		m, err = a.meter.Read()
		xs = append(xs, float64(made))
		user = append(user, float64(m.User-before.User))
		kernel = append(kernel, float64(m.Kernel-before.Kernel))
		reserved = append(reserved, float64(m.Reserved-before.Reserved))
	}
	stacks = host.Count(host.StackBytes) - stacks
	var alive int64
	switch {
	case err != nil:
	case a.parked.Tids != nil:
		alive = arm.Distinct(a.parked.Tids())
	default:
		alive = int64(arm.Settled(others+a.n) - others)
	}
	a.parked.Release()
	a.parked.Join()
	if err == nil {
		err = a.prove(alive, stacks)
	}
	if err != nil {
		return lockstep.Slice{}, err
	}
	// Twice: the second collection sweeps what the first has freed.
	debug.FreeOSMemory()
	debug.FreeOSMemory()
	after, err := a.meter.Read()
	if err != nil {
		return lockstep.Slice{}, err
	}

	userSlope, userAt0 := numbers.Line(xs, user)
	kernelSlope, kernelAt0 := numbers.Line(xs, kernel)
	reservedSlope, _ := numbers.Line(xs, reserved)
	return lockstep.Slice{Ops: a.n, Figures: map[string]float64{
		"user-B/task":     userSlope,
		"kernel-B/task":   kernelSlope,
		"reserved-B/task": reservedSlope,
		"residue-B/task":  float64(after.User+after.Kernel-before.User-before.Kernel) / float64(a.n),
		"intercept-B":     userAt0 + kernelAt0,
		"tasks":           float64(a.n),
	}}, nil
}

// prove compares the counts with what should be held: a goroutine for each
// task, or a thread in a thread arm, and stacks of the runtime's of the right
// depth.
func (a *stackArm) prove(alive, stacks int64) error {
	if alive != int64(a.n) {
		return fmt.Errorf("expected %d tasks held at once, seen %d", a.n, alive)
	}
	if each := int(stacks) / a.n; each < a.leastStack || each > a.mostStack {
		return fmt.Errorf("expected %d to %d bytes of the runtime's stacks a task (%s), seen %d", a.leastStack, a.mostStack, host.StackBytes, each)
	}
	return nil
}

func (a *stackArm) Close() error {
	if a.parked.ParkedTasks != nil {
		a.parked.Join()
	}
	return errors.Join(a.meter.Close(), arm.Leaks())
}
