package arm

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"threadbench/bench/internal/host"
)

// AsleepFor is how long AllAsleep waits for tasks to block.
var AsleepFor = 10 * time.Second

// AllAsleep returns when all n tasks are blocked, or an error if they aren't
// within AsleepFor.
func AllAsleep(n int, asleep func() (int, error)) error {
	var seen int
	for began := time.Now(); time.Since(began) < AsleepFor; time.Sleep(time.Millisecond) {
		var err error
		if seen, err = asleep(); err != nil || seen == n {
			return err
		}
	}
	return fmt.Errorf("waiting until %d tasks are blocked: %d are after %v", n, seen, AsleepFor)
}

// ThreadsNow returns the number of threads of this process. It includes raw
// threads where the system reports them.
func ThreadsNow() int {
	if tasks, err := os.ReadDir("/proc/self/task"); err == nil {
		return len(tasks)
	}
	return int(host.Count(host.ThreadsAlive))
}

// InState counts the goroutines in one of the states, named as in the runtime's
// tracebacks: "IO wait" is the poller, "syscall" a system call.
func InState(states ...string) int {
	buf := make([]byte, 1<<20)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	seen := 0
	for line := range bytes.Lines(buf[:n]) {
		_, state, ok := bytes.Cut(line, []byte(" ["))
		if ok && bytes.HasPrefix(line, []byte("goroutine ")) && slices.ContainsFunc(states, func(s string) bool { return bytes.HasPrefix(state, []byte(s)) }) {
			seen++
		}
	}
	return seen
}
