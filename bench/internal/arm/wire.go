package arm

import (
	"runtime"
	"time"

	"threadbench/bench/lockstep"
	"threadbench/threads"
)

// Wire wires a task to a thread of its own.
func Wire(int) error {
	runtime.LockOSThread()
	return nil
}

// WireApart wires a task to a thread of its own, on a CPU of its own.
func WireApart(task int) error {
	runtime.LockOSThread()
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		return err
	}
	return threads.Pin(cpus[task])
}

// InOneGo is how long the turns are of what can't be measured in slices.
const InOneGo = 50 * time.Millisecond
