package host

import (
	"runtime/metrics"
)

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
