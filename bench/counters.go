package bench

import (
	"runtime/metrics"
)

// count reads one of the runtime's counters.
func count(name string) int64 {
	s := []metrics.Sample{{Name: name}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64())
}

const (
	goroutinesCreated = "/sched/goroutines-created:goroutines"
	goroutinesAll     = "/sched/goroutines:goroutines"
	goroutinesWaiting = "/sched/goroutines/waiting:goroutines"
	goroutinesInCalls = "/sched/goroutines/not-in-go:goroutines"
	threadsAlive      = "/sched/threads/total:threads"
	stackBytes        = "/memory/classes/heap/stacks:bytes"
	stackStarts       = "/gc/stack/starting-size:bytes"
	gcCycles          = "/gc/cycles/total:gc-cycles"
)
