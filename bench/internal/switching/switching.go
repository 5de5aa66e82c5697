package switching

import (
	"slices"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
	"threadbench/threads"
)

// Family measures how long it takes to hand the CPU from one task to another.
//
// Two tasks hand a turn back and forth; nothing else happens in between. ONE op
// is ONE switch: a round trip is two. The task that drives runs the clock
// around the slice, after a warm-up that lets the thread that released it go to
// sleep.
//
// via is the primitive. channel and futex are each side's native one. All sides
// have pipe: through the runtime's poller for a goroutine, in a blocking
// read(2) for a locked one and a raw thread. yield (runtime.Gosched,
// sched_yield(2)) takes another way through either scheduler than a hand-off,
// and stands for nothing but itself.
//
// A C thread hands the turn over as C programs do: by libc's read, write,
// sched_yield, and syscall for a futex. So its row includes libc's wrapper and
// the wrapper's return after the switch. read and write also pay for being
// cancellation points.
//
// place is where the tasks run:
//
//	same   on one CPU: the cost of a switch, and the fairest place.
//	cross  on one CPU each, for tasks that can be pinned: more the wake-up of an
//	       idle CPU than a switch. Two locked goroutines with a futex also have
//	       a state in which neither sleeps, since each is back before the
//	       other's wait. 40,000 hand-offs in one turn reach it; slices, which
//	       begin with both asleep, hardly do.
//	free   where the schedulers put them: a lottery between the two, which
//	       decides nothing.
//
// A locked goroutine that blocks in the kernel (futex, pipe) leaves its P for
// sysmon to retake. How often sysmon looks depends on what it found before, so
// slices of 1.5 ms would be wrong: with a sysmon that has slept they read 10 to
// 20% high, with one that is kept awake a third low. So such an arm has turns
// of 50 ms, one in ten laps.
//
// A raw thread's hand-off is written out: no function is called or returns
// between the two readings of the clock. mode=called is the same hand-off with
// a function for each half, as in a program that calls a C library. Where the
// kernel refills the CPU's return stack at a switch (spectre_v2, retbleed and
// spec_rstack_overflow in the configuration), the first functions to return
// after it are mispredicted.
//
// The floors of a raw thread's hand-off are one raw thread that makes the same
// calls and switches to nobody: impl=floor with via=futex and via=yield, and
// mode=raw with a pipe, where the floor without a mode is a goroutine. In
// mode=called it makes them by functions that return. via=gettid is one call
// that does next to nothing: what it takes to enter the kernel and to leave it.
//
// mode=stamped makes both tasks take a stamp when they get the turn. The time
// from one stamp to the next is a hand-off. The row reports its percentiles,
// and the cost of a stamp, which each of them includes. It runs once a process.
// Without a mode there are no stamps.
//
// mode=traced counts the system calls of a switch, from outside: another
// process stops each call before it is made. It measures no time, since a call
// takes tens of microseconds under a tracer. It has no factor, since a count
// near 0 makes none. It doesn't count the calls that come by the clock, the
// naps of sysmon (nanosleep), or those of the evidence (getcpu); the worker's
// answer has all of them by name. The kernel's own count of an undisturbed
// worker agrees, except for via=futex. There, which of two runnable threads
// goes on decides whether a wait is needed, and under a tracer fewer are.
//
// Switch favours the goroutine. With no work in between, its stack and its few
// words of state stay in the first-level cache. So does a thread's state, whose
// switch then hides its effect on the caches of a real program.
var Family = measure.Family{Family: catalog.Switch, Cases: SwitchCases()}

// SwitchCases returns the table of cases.
func SwitchCases() []measure.Case {
	// Context switches an op.
	none := measure.Evidence{Count: "kernel-switches", Rate: 0, RateTolerance: 0.01, CountTolerance: 30}
	// If an op takes microseconds, preemptions by other programs weigh more.
	rare := measure.Evidence{Count: "kernel-switches", Rate: 0, RateTolerance: 0.05, CountTolerance: 100}
	one := measure.Evidence{Count: "kernel-switches", Rate: 1, RateTolerance: 0.1, CountTolerance: 30}
	// A locked goroutine that blocks keeps sysmon looking: some 20 wake-ups in
	// a slice of 300 ops.
	oneAndSysmon := measure.Evidence{Count: "kernel-switches", Rate: 1, RateTolerance: 0.3, CountTolerance: 30}
	// Over a channel a locked goroutine's thread wakes the other's, perhaps
	// through a third thread that has the P: 2.5 to 3.0 seen.
	some := measure.Evidence{Count: "kernel-switches", Rate: 2.75, RateTolerance: 1.3, CountTolerance: 30}
	// On two CPUs the waiter may find its word set before it sleeps, and the
	// driver's wake may find nobody: 0.56 to 1.01 seen.
	most := measure.Evidence{Count: "kernel-switches", Rate: 0.8, RateTolerance: 0.7, CountTolerance: 30, Witness: "answers"}
	// A locked goroutine that waits for longer than 20 us has lost its P to
	// sysmon, and gets another with a switch or two more: 1.6 to 2 seen. Two
	// that answer faster for a while need few of them: 0.3 seen.
	mostAndMore := measure.Evidence{Count: "kernel-switches", Rate: 1.6, RateTolerance: 1.5, CountTolerance: 30, Witness: "answers"}
	// The scheduler put each goroutine on a thread once an op.
	scheduled := measure.Evidence{Count: "schedules", Rate: 1, RateTolerance: 0.05, CountTolerance: 300}
	// With several Ps a reader may find its byte before it has parked.
	oftenScheduled := measure.Evidence{Count: "schedules", Rate: 1, RateTolerance: 0.5, CountTolerance: 300, Witness: "answers"}
	stayed := measure.Evidence{Count: "crossed", Of: "samples", Rate: 0}
	crossed := measure.Evidence{Count: "crossed", Of: "samples", Rate: 1}

	var cases, stamped []measure.Case
	// The other task answered each round trip of two ops on the clock. A slowed
	// arm may report half of one.
	answered := measure.Evidence{Count: "answers", Rate: 0.5, CountTolerance: 1}
	row := func(impl, via, place string, w way, wants ...measure.Evidence) {
		raw := impl == "clone" || impl == "pthread"
		switch {
		case raw && via == "yield": // nothing orders the two
		case impl == "floor" && (via != "channel" && via != "pipe" || w.mode != ""): // a thread alone
		default:
			wants = append(wants, answered)
		}
		c := measure.Case{
			Name:     catalog.Name{Family: "Switch"}.With("impl", impl).With("mode", w.mode).With("via", via).With("place", place),
			Evidence: wants,
			Open:     w.open,
			HoldsP:   true,
		}
		if impl == "locked" && (via == "futex" || via == "pipe") {
			c.HoldsP, c.Turn = false, arm.InOneGo
		}
		switch place {
		case "same":
			// Turns of 50 ms take too much of the short profile, and floors
			// decide nothing.
			c.CPUs, c.Procs, c.Quick = 1, 1, via != "yield" && w.mode == "" && c.Turn == 0 && impl != "floor"
			if impl == "locked" && via != "channel" && via != "yield" {
				// A locked goroutine that blocks in the kernel keeps its P
				// until sysmon retakes it, at least 20 us later. With one P for
				// two, that would be measured. So they get one each.
				c.Procs = 2
			}
		case "cross":
			c.CPUs, c.Procs = 2, 2
		}
		c.C = impl == "pthread"
		if impl == "clone" || c.C {
			// No Go code runs in a turn. The goroutine that waits for the
			// turn's end has a P. With an idle P beside it, sysmon would look
			// every 20 us.
			c.Procs = 1
		}
		cases = append(cases, c)
		if w.stamped != nil && (place != "free" || impl == "goroutine") {
			// The same case with stamps in place of samples.
			c.Name = c.Name.With("mode", "stamped")
			c.Once, c.Quick = 1, false
			c.Evidence = slices.DeleteFunc(slices.Clone(wants), func(w measure.Evidence) bool { return w.Of == "samples" })
			c.Open, c.OpenOnce = nil, w.stamped
			stamped = append(stamped, c)
		}
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
	// The kernel's part in a goroutine's switch is a figure
	// (kernel-switches/op), which the ledger of claims judges: no evidence
	// refuses it.
	row("goroutine", "channel", "same", goWay(channel, nil), scheduled, stayed)
	row("locked", "channel", "same", goWay(channel, arm.Wire), some, scheduled, stayed)
	row("locked", "futex", "same", goWay(futex, arm.Wire), oneAndSysmon, stayed)
	row("clone", "futex", "same", rawWay(threads.Futex, false), one, stayed)
	row("floor", "channel", "same", way{open: openPair(coroutine, nil)}, none)
	row("floor", "futex", "same", way{open: openAlone(threads.Futex)}, rare)

	row("goroutine", "pipe", "same", goWay(pipe, nil), rare, scheduled, stayed)
	row("locked", "pipe", "same", goWay(blockedPipe, arm.Wire), oneAndSysmon, stayed)
	row("clone", "pipe", "same", rawWay(threads.Pipe, false), one, stayed)
	row("floor", "pipe", "same", way{open: openPair(pipeFloor, nil)}, rare)

	row("goroutine", "yield", "same", way{open: openPair(yield, nil)}, none, scheduled)
	row("locked", "yield", "same", way{open: openPair(yield, arm.Wire)}, some, scheduled)
	row("clone", "yield", "same", way{open: openRaw(threads.NewPair, threads.Yield, false)}, one)
	row("floor", "yield", "same", way{open: openAlone(threads.Yield)}, rare)

	row("clone", "futex", "same", way{mode: "called", open: openRaw(threads.NewPair, threads.FutexCalled, false)}, one, stayed)
	row("clone", "pipe", "same", way{mode: "called", open: openRaw(threads.NewPair, threads.PipeCalled, false)}, one, stayed)
	row("clone", "yield", "same", way{mode: "called", open: openRaw(threads.NewPair, threads.YieldCalled, false)}, one)
	row("floor", "futex", "same", way{mode: "called", open: openAlone(threads.FutexCalled)}, rare)
	row("floor", "pipe", "same", way{mode: "called", open: openAlone(threads.PipeCalled)}, rare)
	row("floor", "yield", "same", way{mode: "called", open: openAlone(threads.YieldCalled)}, rare)
	row("floor", "pipe", "same", way{mode: "raw", open: openAlone(threads.Pipe)}, rare)
	row("floor", "gettid", "same", way{open: openAlone(threads.Gettid)}, rare)

	row("locked", "futex", "cross", goWay(futex, arm.WireApart), mostAndMore, crossed)
	row("clone", "futex", "cross", rawWay(threads.Futex, true), most, crossed)
	row("locked", "pipe", "cross", goWay(blockedPipe, arm.WireApart), mostAndMore, crossed)
	row("clone", "pipe", "cross", rawWay(threads.Pipe, true), most, crossed)

	row("goroutine", "channel", "free", goWay(channel, nil), scheduled)
	row("locked", "channel", "free", goWay(channel, arm.Wire), scheduled)
	row("locked", "futex", "free", goWay(futex, arm.Wire))
	row("clone", "futex", "free", rawWay(threads.Futex, false))
	row("goroutine", "pipe", "free", goWay(pipe, nil), oftenScheduled)
	row("locked", "pipe", "free", goWay(blockedPipe, arm.Wire))
	row("clone", "pipe", "free", rawWay(threads.Pipe, false))
	if measure.WithPthread {
		row("pthread", "futex", "same", way{open: openRaw(arm.CPair, threads.Futex, false)}, one, stayed)
		row("pthread", "pipe", "same", way{open: openRaw(arm.CPair, threads.Pipe, false)}, one, stayed)
		row("pthread", "yield", "same", way{open: openRaw(arm.CPair, threads.Yield, false)}, one)
		row("pthread", "futex", "cross", way{open: openRaw(arm.CPair, threads.Futex, true)}, most, crossed)
		row("pthread", "pipe", "cross", way{open: openRaw(arm.CPair, threads.Pipe, true)}, most, crossed)
	}

	// System calls an op, under a tracer. A row that the ledger of claims
	// judges by them has no evidence here: its worker has evidence of its own
	// that the hand-offs were made.
	calls := func(per, slack float64) measure.Evidence {
		return measure.Evidence{Count: "syscalls", Rate: per, RateTolerance: slack, CountTolerance: 50}
	}
	traced := func(impl, via, place string, wants ...measure.Evidence) measure.Case {
		i := slices.IndexFunc(cases, func(c measure.Case) bool {
			return c.Name.Get("impl") == impl && c.Name.Get("via") == via && c.Name.Get("place") == place
		})
		of := cases[i]
		return measure.Case{
			Name: of.Name.With("mode", "traced"),
			Once: 1, CPUs: of.CPUs, Procs: of.Procs, Quick: of.Quick && (impl == "goroutine" && via == "channel" || impl == "clone" && via == "futex"), // which decide
			Evidence: wants,
			OpenOnce: arm.OpenTraced(of),
		}
	}
	return slices.Concat(cases, stamped, []measure.Case{
		traced("goroutine", "channel", "same"),
		// Four seen: two futex wakes and two waits. The sender's thread, locked
		// to a goroutine that now waits, wakes a third thread to have the P,
		// and sleeps. The third finds a goroutine that is locked to another
		// thread, wakes that thread, and sleeps (runtime/proc.go stoplockedm,
		// startlockedm).
		traced("locked", "channel", "same"),
		// A wake, and a wait unless the answer is there already: that depends
		// on which thread the kernel lets run after the wake.
		traced("locked", "futex", "same", calls(1.75, 0.7)),
		traced("clone", "futex", "same"), // 1.3 to 1.6 seen

		// A write; a read that finds nothing, the poller's epoll_pwait, and the
		// read again: four seen.
		traced("goroutine", "pipe", "same"),
		// A write and a read, and now and then a futex call for a P that sysmon
		// has retaken.
		traced("locked", "pipe", "same", calls(2.4, 0.5)),
		traced("clone", "pipe", "same", calls(2, 0.05)),

		traced("goroutine", "yield", "same", calls(0, 0.01)),
		traced("locked", "yield", "same", calls(4, 1)), // as through a channel
		traced("clone", "yield", "same", calls(1, 0.2)),

		// With several Ps, idle ones look for work, and wake each other to do
		// so: how often is part of the lottery.
		traced("goroutine", "channel", "free"),
		traced("goroutine", "pipe", "free"),
	})
}

// A way opens a case of two tasks, plain and with stamps. stamped is nil if
// stamps would show nothing.
type way struct {
	mode    string // of the plain case, "" for none
	open    measure.Opening
	stamped measure.OpeningOnce
}

func goWay(link func() (goroutines.Link, error), setup func(task int) error) way {
	return way{open: openPair(link, setup), stamped: stampedPair(stampedTrips, link, setup)}
}

func rawWay(op threads.Op, apart bool) way {
	return way{open: openRaw(threads.NewPair, op, apart), stamped: stampedRaw(stampedTrips, op, apart)}
}

// openPair opens two goroutines on a link.
func openPair(link func() (goroutines.Link, error), setup func(task int) error) measure.Opening {
	return func(func(string)) (lockstep.Arm, error) {
		l, err := link()
		if err != nil {
			return nil, err
		}
		p, err := goroutines.NewPair(l, setup)
		if err != nil {
			return nil, err
		}
		warm := arm.WarmGoroutine
		if setup != nil {
			warm = arm.WarmThread
		}
		return &pairArm{Pair: p, warm: warm, meter: arm.NewMeter()}, nil
	}
}

type pairArm struct {
	*goroutines.Pair
	warm  int // ops
	meter *arm.Meter
}

func (a *pairArm) Run(n int) (lockstep.Slice, error) {
	trips, warm := (n+1)/2, (min(a.warm, n)+1)/2
	before := *a.Tally()
	if err := a.Pair.Run(trips, warm, a.meter); err != nil {
		return lockstep.Slice{}, err
	}
	after := a.Tally()
	counts := map[string]int64{"answers": int64(after.Answers - before.Answers - warm)}
	if after.Samples > 0 {
		counts["samples"] = int64(after.Samples - before.Samples)
		counts["crossed"] = int64(after.Crossed - before.Crossed)
	}
	return lockstep.Slice{Ops: 2 * trips, Elapsed: a.meter.Elapsed, Counts: a.meter.Counts(counts)}, nil
}

// openAlone opens the raw thread of a floor.
func openAlone(op threads.Op) measure.Opening {
	open := openRaw(threads.NewFloor, op, false)
	return func(cut func(string)) (lockstep.Arm, error) {
		arm, err := open(cut)
		if err == nil {
			arm.(*rawArm).alone = true
		}
		return arm, err
	}
}

// openRaw opens two raw threads or C threads.
func openRaw[D arm.Driver](make func(threads.Op) (D, error), op threads.Op, apart bool) measure.Opening {
	return func(func(string)) (lockstep.Arm, error) {
		d, err := make(op)
		if err != nil {
			return nil, arm.SkipUnsupported(err)
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
		return &rawArm{Driver: d}, nil
	}
}

type rawArm struct {
	arm.Driver
	alone bool // it has no peer
}

func (a *rawArm) Run(n int) (lockstep.Slice, error) {
	warm := min(arm.WarmThread, n)
	t, err := a.Driver.Run(n, warm)
	if err != nil {
		return lockstep.Slice{}, err
	}
	counts := map[string]int64{"kernel-switches": t.Switches}
	if !a.alone {
		counts["answers"] = t.Answers - int64(warm+1)/2
	}
	if t.Samples > 0 {
		counts["samples"], counts["crossed"] = t.Samples, t.Crossed
	}
	return lockstep.Slice{Ops: t.Ops, Elapsed: t.Elapsed, Counts: counts}, nil
}

func (a *rawArm) Close() error {
	if err := a.Driver.Close(); err != nil {
		return err
	}
	return arm.Leaks()
}

// stampedTrips is the number of stamped round trips of a process: a thousandth
// of 20,000 is 20.
const stampedTrips = 20_000
