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

// The turns of a traced worker, in ops: one that isn't counted, and one that
// is.
const (
	warmTraced  = 200
	CountTraced = measure.Provable
)

// clockCall is the system call at both ends of a turn's clock, in Go (see
// Meter) and in assembly.
const clockCall = "getrusage"

// aside are the calls that are no part of an op. sysmon sleeps by the clock,
// and an op takes longer under a tracer. A hand-off's evidence asks for the CPU
// once in 256 ops.
var aside = []string{"nanosleep", "clock_nanosleep", "getcpu"}

// OpenTraced opens another case in a worker of its own, and traces it.
func OpenTraced(of measure.Case) measure.OpeningOnce {
	return func(cut func(string)) (measure.Measurement, error) {
		program, err := os.Executable()
		if err != nil {
			return nil, err
		}
		a := &tracedArm{of: of}
		a.calls.reset()
		// The worker gets this process's CPUs, GOMAXPROCS and all else.
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

// Measure gives the worker a turn to warm up and a turn that is counted. The
// case's evidence has to hold as well, apart from context switches: each stop
// by the tracer is one.
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
		return lockstep.Slice{}, fmt.Errorf("the traced worker measured something else: %w", err)
	}
	if reason := held.Unproven(s.Ops, s.Counts); reason != "" {
		return lockstep.Slice{}, fmt.Errorf("the traced worker gave no evidence: %s", reason)
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

// taken returns the calls of a finished turn by name, and under syscalls the
// sum of all but those aside.
func (c *callCount) taken() (map[string]int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.marks != 2 {
		return nil, fmt.Errorf("counting the system calls of a turn: expected 2 calls of %s, where its clock starts and stops; seen %d", clockCall, c.marks)
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
