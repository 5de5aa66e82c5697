// The adapter makes a worker (bench/lockstep) of a judge: a plain program that
// knows nothing of turns.
//
//	adapter -cpus 1 -for 1.5ms turns c PROGRAM           a turn is one batch or more of a running judge
//	adapter -cpus 1 -for 1.5ms turns go PROGRAM CHANNEL
//	adapter -cpus 1 -for 200ms whole c PROGRAM           a turn is a process of its own
//	adapter -cpus 1 -for 200ms whole go PROGRAM CHANNEL
//	adapter -cpus 0,1 -for 200ms whole go PROGRAM CASE
//	adapter -cpus 1 -for 30ms whole perf
//
// The judge runs on the CPUs, the adapter where it was started. -for is how
// long a batch should take.
//
// A judge in C is started as "PROGRAM OPS BATCHES"; 0 batches means for ever.
// It prints a line "OPS NS ns/op" for each batch, where NS is the time of one
// op. A judge in Go is a test binary with a benchmark of that name. go test
// -bench of a case of the suite is such a judge, too.
//
// Of ours it imports lockstep. Its stance: a judge stays as its author wrote
// it. What it lacks for taking turns is done from outside.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"threadbench/bench/lockstep"
)

// The judge dies with the thread that started it, and starts with that thread's
// CPUs. So the main thread starts it, always.
func init() { runtime.LockOSThread() }

func main() {
	os.Exit(lockstep.Serve(os.Stdin, os.Stdout, func(func(string)) (lockstep.Arm, error) { return open(os.Args[1:]) }))
}

func open(args []string) (lockstep.Arm, error) {
	var (
		cpus []int
		long time.Duration
	)
	flags := flag.NewFlagSet("adapter", flag.ContinueOnError)
	flags.Func("cpus", "the CPUs of the judge", func(list string) error {
		for field := range strings.SplitSeq(list, ",") {
			cpu, err := strconv.Atoi(field)
			if err != nil || cpu < 0 {
				return fmt.Errorf("%q is no CPU", field)
			}
			cpus = append(cpus, cpu)
		}
		return nil
	})
	flags.DurationVar(&long, "for", 0, "how long a batch is to take")
	flags.SetOutput(io.Discard)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if cpus == nil || long <= 0 || flags.NArg() < 2 {
		return nil, fmt.Errorf("starting a judge: %q lacks -cpus, -for, turns or whole, or the kind of judge", args)
	}
	way, kind := flags.Arg(0), flags.Arg(1)
	j, err := newJudge(kind, flags.Args()[2:])
	if err != nil {
		return nil, err
	}
	j.cpus = cpus
	switch {
	case way == "whole":
		return openWhole(j, long)
	case way == "turns" && j.endless:
		return openTurns(j, long)
	case way == "turns":
		return nil, fmt.Errorf("starting %s: it prints one result and ends, so it can't take turns; use whole", j.name)
	}
	return nil, fmt.Errorf("starting %s: %q is neither turns nor whole", j.name, way)
}

// turns is a judge that runs for ever and is stopped between its turns.
type turns struct {
	*process
	ops int // of a batch
}

func openTurns(j *judge, long time.Duration) (lockstep.Arm, error) {
	ops, err := j.pilot(long)
	if err != nil {
		return nil, err
	}
	p, err := j.start(j.args(ops, 0))
	if err != nil {
		return nil, err
	}
	if _, err = p.next(); err == nil { // in the first batch, caches and pools are cold
		err = p.stop()
	}
	if err != nil {
		p.kill()
		return nil, err
	}
	return &turns{p, ops}, nil
}

// Run takes the number of batches that is nearest to n ops, at least one. The
// batch during which the judge was stopped doesn't count.
func (a *turns) Run(n int) (s lockstep.Slice, err error) {
	if err := a.resume(); err != nil {
		return s, err
	}
	if _, err := a.next(); err != nil {
		return s, err
	}
	var nanoseconds float64
	for range max(1, (n+a.ops/2)/a.ops) {
		b, err := a.next()
		if err != nil {
			return s, err
		}
		s.Ops += b.ops
		nanoseconds += b.nsPerOp * float64(b.ops)
	}
	s.Elapsed = time.Duration(nanoseconds)
	return s, a.stop()
}

func (a *turns) Close() error {
	a.kill()
	return nil
}

// whole is a judge that is started anew for each measurement.
type whole struct {
	*judge
	long time.Duration
	ops  int // of a measurement; 0 if the judge chooses its own length
}

func openWhole(j *judge, long time.Duration) (lockstep.Arm, error) {
	a := &whole{judge: j, long: long}
	if j.timed == nil {
		ops, err := j.pilot(long)
		if err != nil {
			return nil, err
		}
		a.ops = ops
	}
	return a, nil
}

// Run is one process of the judge. Its ops are the multiple of the pilot run's
// ops that is nearest to n, at least once these.
func (a *whole) Run(n int) (lockstep.Slice, error) {
	var args []string
	if a.timed != nil {
		args = a.timed(a.long)
	} else {
		args = a.args(a.ops*max(1, (n+a.ops/2)/a.ops), 1)
	}
	bs, err := a.run(args)
	if err != nil {
		return lockstep.Slice{}, err
	}
	if len(bs) != 1 {
		return lockstep.Slice{}, fmt.Errorf("%s gave %d results, want 1", a.name, len(bs))
	}
	return lockstep.Slice{Ops: bs[0].ops, Elapsed: time.Duration(bs[0].nsPerOp * float64(bs[0].ops))}, nil
}

func (a *whole) Close() error { return nil }
