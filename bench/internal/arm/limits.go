package arm

import (
	"errors"
	"fmt"
	"os"

	"threadbench/bench/lockstep"
	"threadbench/threads"
)

// A worker looks up the limits before it makes threads: the Go runtime does
// not survive a refused one.

// Headroom is a *lockstep.Skip that names the limit unless all the threads
// can be made.
func Headroom(need threads.Need) error { return AllFit(need, true) }

// AllFit is a *lockstep.Skip that names the limit unless all the tasks fit; see
// Room.
func AllFit(need threads.Need, areThreads bool) error {
	fits, limit, err := Room(need, areThreads)
	if err == nil && fits < need.Threads {
		err = &lockstep.Skip{Reason: (&threads.LimitError{Limit: limit, Wanted: need.Threads}).Error()}
	}
	return err
}

// Room is how many of the tasks fit. For goroutines, which aren't threads,
// only memory and address space tell.
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

// NeedOf is what so many threads take at the least: raw ones on the least
// stack, or locked goroutines, whose stacks are in the heap of the Go runtime.
func NeedOf(n int, ofRuntime bool) threads.Need {
	if ofRuntime {
		// The stacks of the thread, 16 and 32 KiB, and the goroutine's.
		return threads.Need{Threads: n, Runtime: true, SpacePerThread: 64 << 10}
	}
	return threads.Need{Threads: n, MapsPerThread: threads.MapsPerThread, SpacePerThread: spaceOf(threads.LeastStack(0))}
}

// spaceOf is the address space of a thread with so much stack: below it is a
// guard page.
func spaceOf(stack int) int64 { return int64(stack + os.Getpagesize()) }

// SkipUnsupported is a *lockstep.Skip for raw threads on a system that has
// none, else the error as it is.
func SkipUnsupported(err error) error {
	if errors.Is(err, threads.ErrUnsupported) {
		return &lockstep.Skip{Reason: err.Error()}
	}
	return err
}

// Leaks is an error if a raw thread, a C thread or a mapping of ours is still
// there.
func Leaks() error {
	if CMaker != nil && CMaker.Alive() != 0 {
		return fmt.Errorf("left behind: %d C threads", CMaker.Alive())
	}
	if raw, mappings := threads.Alive(); raw != 0 || mappings != 0 {
		return fmt.Errorf("left behind: %d raw threads, %d mappings", raw, mappings)
	}
	return nil
}

// Parkable is how many of n tasks that go down their stack by depth bytes can
// be held at once; stack is what a thread is given, 0 for the least. Fewer are
// a cut, too few a *lockstep.Skip; either names the limit.
func Parkable(impl string, n, depth, stack int, cut func(string)) (int, error) {
	// What one task may take at the most: its stack, the one that it grew
	// out of, and what the kernel and the runtime add. What goroutines grew out
	// of is free again, and the next ones take it: 73.7 KiB each was the most
	// that 45,000 of them held 64 KiB deep.
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

// stackLeast is the least number of tasks whose slope says anything.
const stackLeast = 40
