package arm

import (
	"errors"
	"fmt"
	"os"

	"threadbench/bench/lockstep"
	"threadbench/threads"
)

// A worker looks up the limits before it makes threads: the Go runtime does not
// survive the refusal of a thread.

// Headroom returns a *lockstep.Skip that names the limit unless all the threads
// can be made.
func Headroom(need threads.Need) error { return AllFit(need, true) }

// AllFit returns a *lockstep.Skip that names the limit unless all the tasks
// fit: see Room.
func AllFit(need threads.Need, areThreads bool) error {
	fits, limit, err := Room(need, areThreads)
	if err == nil && fits < need.Threads {
		err = &lockstep.Skip{Reason: (&threads.LimitError{Limit: limit, Wanted: need.Threads}).Error()}
	}
	return err
}

// Room returns how many of the tasks fit. Goroutines aren't threads, so only
// limits of memory and address space count for them.
func Room(need threads.Need, areThreads bool) (int, threads.Limit, error) {
	if areThreads {
		return threads.Headroom(need)
	}
	limits, err := threads.Limits(need)
	if err != nil {
		return 0, threads.Limit{}, err
	}
	for _, l := range limits {
		switch l.Name {
		case "MemAvailable", "memory.max", "memory.limit_in_bytes", "RLIMIT_AS", "CommitLimit":
			if l.Room < int64(need.Threads) {
				return int(l.Room), l, nil
			}
		}
	}
	return need.Threads, threads.Limit{}, nil
}

// NeedOf returns the least need of n threads: raw ones on the least stack, or
// locked goroutines, whose stacks are in the heap of the Go runtime.
func NeedOf(n int, ofRuntime bool) threads.Need {
	if ofRuntime {
		// The stacks of the thread, 16 and 32 KiB, and of the goroutine.
		return threads.Need{Threads: n, Runtime: true, SpacePerThread: 64 << 10}
	}
	return threads.Need{Threads: n, MapsPerThread: threads.MapsPerThread, SpacePerThread: spaceOf(threads.LeastStack(0))}
}

// spaceOf returns the address space of a thread with that stack and a guard
// page.
func spaceOf(stack int) int64 { return int64(stack + os.Getpagesize()) }

// SkipUnsupported returns a *lockstep.Skip for raw threads on a system that has
// none, else the error itself.
func SkipUnsupported(err error) error {
	if errors.Is(err, threads.ErrUnsupported) {
		return &lockstep.Skip{Reason: err.Error()}
	}
	return err
}

// Leaks returns an error if a raw thread, a C thread or a mapping of ours is
// left.
func Leaks() error {
	if CMaker != nil && CMaker.Alive() != 0 {
		return fmt.Errorf("left behind: %d C threads", CMaker.Alive())
	}
	if raw, mappings := threads.Alive(); raw != 0 || mappings != 0 {
		return fmt.Errorf("left behind: %d raw threads, %d mappings", raw, mappings)
	}
	return nil
}

// Parkable returns how many of n tasks that go down their stacks by depth bytes
// can be held at once. stack is the stack of a thread, 0 for the least. It
// calls cut if fewer fit, and returns a *lockstep.Skip if too few do; both name
// the limit.
func Parkable(impl string, n, depth, stack int, cut func(string)) (int, error) {
	// The most that one task may take: its stack, the one that it outgrew, and
	// what the kernel and the runtime add. The next goroutines reuse the stacks
	// that others outgrew: 45,000 goroutines with stacks of 64 KiB held at most
	// 73.7 KiB each.
	need := NeedOf(n, impl == "locked")
	need.BytesPerThread = int64(4*depth + 64<<10)
	switch impl {
	case "goroutine":
		// Its stack is a power of two, of which it has touched the depth.
		need = threads.Need{Threads: n, BytesPerThread: int64(depth + depth/4 + 8<<10), SpacePerThread: int64(2*depth + depth/4 + 8<<10)}
	case "clone", "pthread":
		need.SpacePerThread = spaceOf(max(stack, threads.LeastStack(depth)))
	}
	fits, limit, err := Room(need, impl != "goroutine")
	if err != nil {
		return 0, err
	}
	if fits < stackLeast {
		return 0, &lockstep.Skip{Reason: (&threads.LimitError{Limit: limit, Wanted: stackLeast}).Error()}
	}
	if fits < n {
		cut((&threads.LimitError{Limit: limit, Wanted: n}).Error())
	}
	return fits, nil
}

// stackLeast is the least number of tasks for a meaningful slope.
const stackLeast = 40
