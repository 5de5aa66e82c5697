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

// AsleepFor is how long tasks that are to be blocked are waited for.
var AsleepFor = 10 * time.Second

// AllAsleep returns when all n tasks are blocked; an error if they aren't
// within a while.
func AllAsleep(n int, asleep func() (int, error)) error {
	var seen int
	for began := time.Now(); time.Since(began) < AsleepFor; time.Sleep(time.Millisecond) {
		var err error
		if seen, err = asleep(); err != nil || seen == n {
			return err
		}
	}
	return fmt.Errorf("expected %d tasks blocked in what they wait for, seen %d", n, seen)
}

// ThreadsNow is how many threads this process has, those that the runtime
// knows nothing of among them where the system tells.
func ThreadsNow() int {
	if tasks, err := os.ReadDir("/proc/self/task"); err == nil {
		return len(tasks)
	}
	return int(host.Count(host.ThreadsAlive))
}

// InState counts the goroutines that are in one of the states, as the runtime's
// tracebacks have them: "IO wait" is the poller, "syscall" a system call.
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
