package bench

import (
	"fmt"
	"runtime"

	"threadbench/bench/lockstep"
	"threadbench/goroutines"
	"threadbench/threads"
)

// Switch: how long it takes to hand the CPU from one task to another.
//
// Two tasks hand a turn back and forth; nothing else happens between. ONE op
// is ONE switch: a round trip is two. The task that drives stamps the clock
// around the slice, after a warm-up that lets the thread that released it go
// to sleep.
//
// via says with what the turn is handed over. channel and futex are each
// side's native primitive; pipe is one that all have: through the runtime's
// poller for a goroutine, in a blocking read(2) for a locked one and a raw
// thread. yield (runtime.Gosched, sched_yield(2)) goes another way through
// either scheduler than a hand-off and stands for nothing but itself.
//
// place says where. same is one CPU: what a switch costs, and the fairest
// place. cross is one CPU each, for those that can be held there: it measures
// the wake-up of an idle CPU more than a switch. free leaves it to the
// schedulers: a lottery between the two, which decides nothing.
//
// It favours the goroutine: with no work between, its stack and its few words
// of state stay in the first-level cache, and so does a thread's, whose
// switch then hides what it costs the caches of a real program.
var switchFamily = Family{
	Name:    "Switch",
	Op:      "one switch from one task to another; a round trip is two",
	Primary: []string{"ns/op"},
	Read: "Two tasks hand a turn back and forth. place=same, one CPU, is what a switch costs; " +
		"cross adds the wake-up of an idle CPU; free is a lottery between the two and decides nothing. " +
		"channel against futex compares each side's own primitive, pipe the same one for all.",
	Cases: switchCases(),
}

func switchCases() []Case {
	// kernel-switches, per op.
	none := Want{Count: "kernel-switches", Per: 0, Slack: 0.01, Const: 30}
	// Where an op takes microseconds, other programs' preemptions weigh more.
	rare := Want{Count: "kernel-switches", Per: 0, Slack: 0.05, Const: 100}
	one := Want{Count: "kernel-switches", Per: 1, Slack: 0.1, Const: 30}
	// A locked goroutine that blocks keeps sysmon looking: some 20 wake-ups in
	// a slice of 300 ops.
	oneAndSysmon := Want{Count: "kernel-switches", Per: 1, Slack: 0.3, Const: 30}
	// Over a channel a locked goroutine's thread wakes the other's, perhaps
	// through a third that has the P: 2.5 to 3.0 seen.
	some := Want{Count: "kernel-switches", Per: 2.5, Slack: 1.6, Const: 30}
	// On two CPUs the waiter may find its word set before it sleeps, and the
	// driver's wake may find nobody: 0.56 to 1.00 seen.
	most := Want{Count: "kernel-switches", Per: 0.8, Slack: 0.4, Const: 30}
	// A locked one that waits longer than 20 us has lost its P to sysmon, and
	// gets another with a switch or two more: 1.6 to 2 seen.
	mostAndMore := Want{Count: "kernel-switches", Per: 1.7, Slack: 1.3, Const: 30}
	// The scheduler put each goroutine on a thread once an op.
	scheduled := Want{Count: "schedules", Per: 1, Slack: 0.05, Const: 300}
	// With several Ps a reader may find its byte before it has parked.
	oftenScheduled := Want{Count: "schedules", Per: 1, Slack: 0.5, Const: 300}
	stayed := Want{Count: "crossed", Of: "samples", Per: 0}
	crossed := Want{Count: "crossed", Of: "samples", Per: 1}

	row := func(impl, via, place string, open func(func(string)) (lockstep.Arm, error), wants ...Want) Case {
		c := Case{
			Name:  Name{Family: "Switch"}.With("impl", impl).With("via", via).With("place", place),
			Wants: wants,
			open:  open,
		}
		switch place {
		case "same":
			c.CPUs, c.Procs, c.Quick = 1, 1, true
			if impl == "locked" && via != "channel" && via != "yield" {
				// A locked goroutine that blocks in the kernel keeps its P
				// until sysmon takes it away, 20 us later at the least. With
				// one P for two that would be measured, so they get one each.
				c.Procs = 2
			}
			c.Awake = impl == "goroutine" || impl == "floor"
		case "cross":
			c.CPUs, c.Procs = 2, 2
		}
		c.C = impl == "pthread"
		if impl == "clone" || c.C {
			// No Go code runs in a turn. With an idle P beside the one of the
			// goroutine that waits for its end, sysmon would look every 20 us.
			c.Procs, c.Awake = 1, true
		}
		return c
	}
	var (
		channel     = func() (goroutines.Link, error) { return goroutines.NewChannel(), nil }
		yield       = func() (goroutines.Link, error) { return goroutines.NewYield(), nil }
		coroutine   = func() (goroutines.Link, error) { return goroutines.NewCoroutine(), nil }
		pipe        = goroutines.NewPipe
		pipeFloor   = goroutines.NewPipeFloor
		futex       = threads.NewFutexLink
		blockedPipe = threads.NewPipeLink
	)
	cases := []Case{
		row("goroutine", "channel", "same", openPair(channel, nil), none, scheduled, stayed),
		row("locked", "channel", "same", openPair(channel, wire), some, scheduled, stayed),
		row("locked", "futex", "same", openPair(futex, wire), oneAndSysmon, stayed),
		row("clone", "futex", "same", openRaw(threads.NewPair, threads.Futex, false), one, stayed),
		row("floor", "channel", "same", openPair(coroutine, nil), none),
		row("floor", "futex", "same", openRaw(threads.NewFloor, threads.Futex, false), rare),

		row("goroutine", "pipe", "same", openPair(pipe, nil), rare, scheduled, stayed),
		row("locked", "pipe", "same", openPair(blockedPipe, wire), oneAndSysmon, stayed),
		row("clone", "pipe", "same", openRaw(threads.NewPair, threads.Pipe, false), one, stayed),
		row("floor", "pipe", "same", openPair(pipeFloor, nil), rare),

		row("goroutine", "yield", "same", openPair(yield, nil), none, scheduled),
		row("locked", "yield", "same", openPair(yield, wire), some, scheduled),
		row("clone", "yield", "same", openRaw(threads.NewPair, threads.Yield, false), one),
		row("floor", "yield", "same", openRaw(threads.NewFloor, threads.Yield, false), rare),

		row("locked", "futex", "cross", openPair(futex, wireApart), mostAndMore, crossed),
		row("clone", "futex", "cross", openRaw(threads.NewPair, threads.Futex, true), most, crossed),
		row("locked", "pipe", "cross", openPair(blockedPipe, wireApart), mostAndMore, crossed),
		row("clone", "pipe", "cross", openRaw(threads.NewPair, threads.Pipe, true), most, crossed),

		row("goroutine", "channel", "free", openPair(channel, nil), scheduled),
		row("locked", "channel", "free", openPair(channel, wire), scheduled),
		row("locked", "futex", "free", openPair(futex, wire)),
		row("clone", "futex", "free", openRaw(threads.NewPair, threads.Futex, false)),
		row("goroutine", "pipe", "free", openPair(pipe, nil), oftenScheduled),
		row("locked", "pipe", "free", openPair(blockedPipe, wire)),
		row("clone", "pipe", "free", openRaw(threads.NewPair, threads.Pipe, false)),
	}
	if withPthread {
		cases = append(cases,
			row("pthread", "futex", "same", openRaw(cPair, threads.Futex, false), one, stayed),
			row("pthread", "pipe", "same", openRaw(cPair, threads.Pipe, false), one, stayed),
			row("pthread", "yield", "same", openRaw(cPair, threads.Yield, false), one),
			row("pthread", "futex", "cross", openRaw(cPair, threads.Futex, true), most, crossed),
			row("pthread", "pipe", "cross", openRaw(cPair, threads.Pipe, true), most, crossed),
		)
	}
	return cases
}

// wire wires a task to a thread of its own.
func wire(int) error {
	runtime.LockOSThread()
	return nil
}

// wireApart wires a task to a thread of its own, on a CPU of its own.
func wireApart(task int) error {
	runtime.LockOSThread()
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		return err
	}
	return threads.Pin(cpus[task])
}

// The warm-up off the clock, in ops: until the thread that released the task
// has gone to sleep, about 0.1 ms.
const (
	warmGoroutine = 200
	warmThread    = 64
)

// openPair opens two goroutines on a link.
func openPair(link func() (goroutines.Link, error), setup func(task int) error) func(func(string)) (lockstep.Arm, error) {
	return func(func(string)) (lockstep.Arm, error) {
		l, err := link()
		if err != nil {
			return nil, err
		}
		p, err := goroutines.NewPair(l, setup)
		if err != nil {
			return nil, err
		}
		warm := warmGoroutine
		if setup != nil {
			warm = warmThread
		}
		return &pairArm{Pair: p, warm: warm, meter: newMeter()}, nil
	}
}

type pairArm struct {
	*goroutines.Pair
	warm  int // ops
	meter *meter
}

func (a *pairArm) Run(n int) (lockstep.Slice, error) {
	trips, warm := (n+1)/2, (min(a.warm, n)+1)/2
	before := *a.Tally()
	if err := a.Pair.Run(trips, warm, a.meter); err != nil {
		return lockstep.Slice{}, err
	}
	after := a.Tally()
	if answers := after.Answers - before.Answers; answers != trips+warm {
		return lockstep.Slice{}, fmt.Errorf("expected %d round trips, %d of them to warm up; the other task answered %d", trips+warm, warm, answers)
	}
	counts := map[string]int64{}
	if after.Samples > 0 {
		counts["samples"] = int64(after.Samples - before.Samples)
		counts["crossed"] = int64(after.Crossed - before.Crossed)
	}
	return lockstep.Slice{Ops: 2 * trips, Elapsed: a.meter.elapsed, Counts: a.meter.counts(counts)}, nil
}

// openRaw opens two raw threads or C threads, or one raw thread for a floor.
func openRaw[D Driver](make func(threads.Op) (D, error), op threads.Op, apart bool) func(func(string)) (lockstep.Arm, error) {
	return func(func(string)) (lockstep.Arm, error) {
		d, err := make(op)
		if err != nil {
			return nil, skipUnsupported(err)
		}
		if apart {
			cpus, err := lockstep.AllowedCPUs()
			if err == nil {
				err = d.Pin(cpus[0], cpus[1])
			}
			if err != nil {
				d.Close()
				return nil, err
			}
		}
		d.Hold()
		return &rawArm{d}, nil
	}
}

type rawArm struct{ Driver }

func (a *rawArm) Run(n int) (lockstep.Slice, error) {
	t, err := a.Driver.Run(n, min(warmThread, n))
	if err != nil {
		return lockstep.Slice{}, err
	}
	counts := map[string]int64{"kernel-switches": t.Switches}
	if t.Samples > 0 {
		counts["samples"], counts["crossed"] = t.Samples, t.Crossed
	}
	return lockstep.Slice{Ops: t.Ops, Elapsed: t.Elapsed, Counts: counts}, nil
}

func (a *rawArm) Close() error {
	if err := a.Driver.Close(); err != nil {
		return err
	}
	return leaks()
}
