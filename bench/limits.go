package bench

import (
	"errors"
	"fmt"

	"threadbench/bench/lockstep"
	"threadbench/threads"
)

// A worker looks up the limits before it makes threads: the Go runtime does
// not survive a refused one.

// headroom is a *lockstep.Skip that names the limit unless all the threads
// can be made.
func headroom(need threads.Need) error {
	fits, limit, err := threads.Headroom(need)
	if err != nil {
		return err
	}
	if fits < need.Threads {
		return &lockstep.Skip{Reason: (&threads.LimitError{Limit: limit, Wanted: need.Threads}).Error()}
	}
	return nil
}

// room is how many of the tasks fit. For goroutines, which aren't threads,
// only memory tells.
func room(need threads.Need, areThreads bool) (int, threads.Limit, error) {
	if areThreads {
		return threads.Headroom(need)
	}
	limits, err := threads.Limits(need)
	if err != nil {
		return 0, threads.Limit{}, err
	}
	for _, l := range limits {
		switch l.Name {
		case "MemAvailable", "memory.max", "memory.limit_in_bytes":
			if l.Room < int64(need.Threads) {
				return int(l.Room), l, nil
			}
		}
	}
	return need.Threads, threads.Limit{}, nil
}

// mapsPerThread is how many memory maps a thread takes: one that the Go
// runtime makes has its stacks in the heap.
func mapsPerThread(ofRuntime bool) int {
	if ofRuntime {
		return 0
	}
	return threads.MapsPerThread
}

// skipUnsupported is a *lockstep.Skip for raw threads on a system that has
// none, else the error as it is.
func skipUnsupported(err error) error {
	if errors.Is(err, threads.ErrUnsupported) {
		return &lockstep.Skip{Reason: err.Error()}
	}
	return err
}

// leaks is an error if a raw thread, a C thread or a mapping of ours is still
// there.
func leaks() error {
	if cThreads != nil && cThreads.Alive() != 0 {
		return fmt.Errorf("left behind: %d C threads", cThreads.Alive())
	}
	if raw, mappings := threads.Alive(); raw != 0 || mappings != 0 {
		return fmt.Errorf("left behind: %d raw threads, %d mappings", raw, mappings)
	}
	return nil
}
