package host

import "runtime/metrics"

// A usage is what this process has used so far; -1 is unknown.
type usage struct{ switches, faults, cpu int64 }

// KernelSwitches returns how often a thread of this process has lost its CPU so
// far, by waiting or by preemption (getrusage(2)); -1 if unknown.
func KernelSwitches() int64 { return readUsage().switches }

// MinorFaults returns this process's page faults so far that needed no reading
// (getrusage(2)); -1 if unknown.
func MinorFaults() int64 { return readUsage().faults }

// Count reads one of the runtime's counters.
func Count(name string) int64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}

const (
	GoroutinesCreated = "/sched/goroutines-created:goroutines"
	GoroutinesAll     = "/sched/goroutines:goroutines"
	GoroutinesWaiting = "/sched/goroutines/waiting:goroutines"
	GoroutinesInCalls = "/sched/goroutines/not-in-go:goroutines"
	ThreadsAlive      = "/sched/threads/total:threads"
	StackBytes        = "/memory/classes/heap/stacks:bytes"
	StackStarts       = "/gc/stack/starting-size:bytes"
	GcCycles          = "/gc/cycles/total:gc-cycles"
)
