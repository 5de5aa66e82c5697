package arm

import (
	"runtime"
	"time"

	"threadbench/bench/lockstep"
	"threadbench/threads"
)

// Wire locks a task to a thread of its own.
func Wire(int) error {
	runtime.LockOSThread()
	return nil
}

// WireApart locks a task to a thread of its own, on a CPU of its own.
func WireApart(task int) error {
	runtime.LockOSThread()
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		return err
	}
	return threads.Pin(cpus[task])
}

// InOneGo is the length of the turns of an arm that can't be measured in
// slices.
const InOneGo = 50 * time.Millisecond
