package bench

import (
	"runtime"
	"threadbench/bench/lockstep"
	"threadbench/threads"
	"time"
)

// wire wires a task to a thread of its own.
func wire(int) error {
	runtime.LockOSThread()
	return nil
}

// wireApart wires a task to a thread of its own, on a CPU of its own.
func wireApart(task int) error {
	runtime.LockOSThread()
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		return err
	}
	return threads.Pin(cpus[task])
}

// inOneGo is how long the turns are of what can't be measured in slices.
const inOneGo = 50 * time.Millisecond
