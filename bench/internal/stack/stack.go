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

// Stack: how much memory a parked task holds.
//
// ONE op is one task that has gone down its stack by depth bytes and parked
// there. In one process, n grows in steps; at each, resident user memory
// (smaps_rollup), kernel memory (a memory cgroup of the worker's own where it
// may make one, else the system's) and address space are read, all of it
// still held. The figures are the slopes over n, bytes a task; what a process
// takes before its first task is the intercept, and stands beside them. Then
// all tasks end, everything freed is given back to the system, and what is
// still held, over n, is the residue: of locked goroutines mostly the runtime's
// own stacks for their threads, which it frees when it next makes one. Go
// reserves address space by 64 MiB, so that reserved-B/task of its tasks is
// good to a fifth.
//
// Once a process, with no collection and stacks that start at their least: a
// growing stack leaves its old one behind for others to use, so a collection
// at the right moment would flatter the goroutine.
//
// stack says how much stack a raw thread is given: least is what its body
// needs, default what a C program gets (RLIMIT_STACK), reserved and not
// resident. A goroutine and a locked one have but one kind. For a C thread
// default is pthread_create(3) without attributes, and least is the least that
// the C library allows, and the depth.
//
// It favours the raw thread with the least stack, which has no room for a
// handler or for code that anyone would write. RSS alone would favour every
// thread: it leaves the kernel's part out.
var Family = measure.Family{Family: catalog.Stack, Cases: stackCases()}

var stackDepths = []int{0, 4 << 10, 64 << 10, 1 << 20}

const (
	stackGoroutines = 100_000
	stackThreads    = 9_000
	// No more memory than this is meant to be held, about: of deep stacks
	// there are fewer.
	stackBudget = 1 << 30
)

// Where measure.FewerTasks asks for fewer tasks, they are divided by fewer, but not
// to less than fewest.
const (
	fewer  = 8
	fewest = 64
)

func stackCases() []measure.Case {
	var cases []measure.Case
	row := func(impl, stack string, depth int, herd arm.NewHerd) {
		n := stackThreads
		if impl == "goroutine" {
			n = stackGoroutines
		}
		// A goroutine's stack is a power of two: up to twice its depth, and
		// once more for the one that it was copied from.
		n = min(n, stackBudget/max(4096, 4*depth))
		cases = append(cases, measure.Case{
			Name:     catalog.Name{Family: "Stack"}.With("impl", impl).With("stack", stack).With("depth", fmt.Sprint(depth)),
			Once:     1,
			Env:      arm.Still,
			Quick:    depth == 0 && (stack != "default" || impl == "pthread") || impl == "goroutine",
			C:        impl == "pthread",
			OpenOnce: openStack(impl, stack, depth, n, herd),
		})
	}
	for _, depth := range stackDepths {
		row("goroutine", "", depth, arm.GoroutineHerd)
		row("locked", "", depth, arm.LockedHerd)
		row("clone", "least", depth, arm.CloneHerd)
		row("clone", "default", depth, arm.CloneHerd)
		if measure.WithPthread {
			row("pthread", "least", depth, arm.CHerd(true))
			row("pthread", "default", depth, arm.CHerd(false))
		}
	}
	return cases
}

func openStack(impl, stack string, depth, n int, herd arm.NewHerd) measure.OpeningOnce {
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
		h, err := herd(fits, depth, given)
		if err != nil {
			meter.Close()
			return nil, err
		}
		a := &stackArm{herd: h, meter: meter, n: fits}
		// The next power of two, and a span half in use; some of the first
		// tasks' may be in spans that were there before.
		a.leastStack, a.mostStack = max(depth, host.StackStart)*7/8, 4*depth+16<<10
		switch impl {
		case "clone", "pthread":
			// None, but for a span or two of the runtime's own threads.
			a.leastStack, a.mostStack = 0, 64+64<<10/fits
		case "locked":
			// And the g0 and signal stacks of the thread: 16 and 32 KiB.
			a.mostStack += 48 << 10
		}
		return a, nil
	}
}

type stackArm struct {
	herd  arm.Census // none once it was held
	meter *host.MemoryMeter
	n     int

	leastStack, mostStack int // bytes of the runtime's stacks that a task is to have
}

// steps is at how many n the memory is read.
const steps = 4

// Measure holds the tasks.
func (a *stackArm) Measure() (lockstep.Slice, error) {
	before, err := a.meter.Read()
	if err != nil {
		return lockstep.Slice{}, err
	}
	defer func() { a.herd = arm.Census{} }() // it will have been joined
	stacks, others := host.Count(host.StackBytes), arm.TasksAlive()

	var xs []float64
	var user, kernel, reserved []float64
	made := 0
	for step := 1; step <= steps && err == nil; step++ {
		if err = a.herd.Make(a.n*step/steps - made); err != nil {
			break
		}
		made = a.n * step / steps
		a.herd.Wait()
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
	case a.herd.Tids != nil:
		alive = arm.Distinct(a.herd.Tids())
	default:
		alive = int64(arm.Settled(others+a.n) - others)
	}
	a.herd.Release()
	a.herd.Join()
	if err == nil {
		err = a.prove(alive, stacks)
	}
	if err != nil {
		return lockstep.Slice{}, err
	}
	// Twice: what the first collection frees the second one sweeps.
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

// prove holds what was counted against what was to be held: as many goroutines
// as tasks, or as many threads for a thread arm, and stacks of the runtime's as
// deep as they were to be.
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
	if a.herd.ParkedHerd != nil {
		a.herd.Join()
	}
	return errors.Join(a.meter.Close(), arm.Leaks())
}
