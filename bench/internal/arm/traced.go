package arm

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"

	"threadbench/bench/internal/ptrace"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// The turns of a traced worker, in ops: one that isn't counted, one that is.
const (
	warmTraced  = 200
	CountTraced = measure.Provable
)

// clockCall is the call between the first and the second of which a turn's
// clock runs, in Go (see meter) and in assembly.
const clockCall = "getrusage"

// aside are the calls that are no part of an op: sysmon's naps come by the
// clock, which an op under a tracer takes more of, and a hand-off's evidence
// asks for the CPU once in 128 ops.
var aside = []string{"nanosleep", "clock_nanosleep", "getcpu"}

// OpenTraced opens another case in a worker of its own, which it traces.
func OpenTraced(of measure.Case) measure.OpeningOnce {
	return func(cut func(string)) (measure.Measurement, error) {
		program, err := os.Executable()
		if err != nil {
			return nil, err
		}
		a := &tracedArm{of: of}
		a.calls.reset()
		// CPUs, GOMAXPROCS and all else are this process's own.
		a.worker, err = lockstep.Start(context.Background(), lockstep.Spec{
			Path:    program,
			Env:     measure.Environ(os.Environ(), measure.WorkerVariable+"="+of.Name.String(), measure.TracedVariable+"=1"),
			Starter: &ptrace.Tracer{Entered: a.calls.entered},
		})
		if err != nil {
			return nil, measure.SkipUntraceable(err)
		}
		for _, reason := range a.worker.Cuts {
			cut(reason)
		}
		return a, nil
	}
}

type tracedArm struct {
	of     measure.Case
	worker *lockstep.Worker
	calls  callCount
}

// Measure has the worker take a turn to warm up and one that is counted. What
// was counted besides has to be what the case wants, as far as it holds under a
// tracer: a stop is a context switch, so those don't.
func (a *tracedArm) Measure() (lockstep.Slice, error) {
	ctx := context.Background()
	if _, err := a.worker.Run(ctx, warmTraced); err != nil {
		return lockstep.Slice{}, err
	}
	a.calls.reset()
	s, err := a.worker.Run(ctx, CountTraced)
	if err != nil {
		return lockstep.Slice{}, err
	}
	counts, err := a.calls.taken()
	if err != nil {
		return lockstep.Slice{}, err
	}
	held := a.of
	held.Evidence = slices.DeleteFunc(slices.Clone(held.Evidence), func(w measure.Evidence) bool { return w.Count == "kernel-switches" })
	if _, err := held.Check(s.Ops, s.Counts); err != nil {
		return lockstep.Slice{}, fmt.Errorf("the worker that was traced measured something else: %w", err)
	}
	if reason := held.Unproven(s.Ops, s.Counts); reason != "" {
		return lockstep.Slice{}, fmt.Errorf("expected evidence of the worker that was traced, seen %s", reason)
	}
	return lockstep.Slice{Ops: s.Ops, Counts: counts}, nil
}

func (a *tracedArm) Close() error { return a.worker.Close(context.Background()) }

// A callCount counts the system calls on a turn's clock, by name.
type callCount struct {
	mu    sync.Mutex
	marks int
	names map[string]int64
}

func (c *callCount) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.marks, c.names = 0, map[string]int64{}
}

func (c *callCount) entered(call string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if call == clockCall {
		c.marks++
	} else if c.marks == 1 {
		c.names[call]++
	}
}

// taken are the calls of a turn that is over, by name, and as syscalls all of
// them but those aside.
func (c *callCount) taken() (map[string]int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.marks != 2 {
		return nil, fmt.Errorf("expected 2 calls of %s, where a turn's clock starts and stops; seen %d", clockCall, c.marks)
	}
	counts := maps.Clone(c.names)
	counts["syscalls"] = 0
	for name, n := range c.names {
		if !slices.Contains(aside, name) {
			counts["syscalls"] += n
		}
	}
	return counts, nil
}
