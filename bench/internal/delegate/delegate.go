package delegate

import (
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
	"threadbench/threads"
)

// Delegate: what it costs to have one locked thread make the calls of ordinary
// goroutines.
//
// Some calls have to be made on one thread: those of a GUI or of a graphics
// library's context, and those of ptrace(2). So a program keeps one goroutine
// locked to a thread, and the others hand their calls to it:
//
//	go func() {
//		runtime.LockOSThread()
//		for c := range calls {
//			c.f()
//			c.done <- struct{}{}
//		}
//	}()
//
//	calls <- call{f, done}
//	<-done
//
// ONE op is one call answered. calls has no buffer. A caller uses one channel for
// all its answers, with room for one. Without that room a server sleeps after each
// call until its caller has run, whoever else waits: with 16 callers on two CPUs a
// plain program took 83 us a call, and 5.5 us with it. A program that makes a
// closure and a channel for each call allocates both besides.
//
// mode says who makes the call:
//
//	direct     the caller. impl=goroutine is what all others refer to. In
//	           impl=locked the caller calls runtime.LockOSThread before each
//	           call and runtime.UnlockOSThread after it: what locking on the
//	           spot costs.
//	delegated  a server to which the caller hands the call. In impl=locked the
//	           server is locked to its thread, in impl=goroutine it is an
//	           ordinary goroutine. The floor is a coroutine of the caller's
//	           (iter.Pull), to which the runtime switches without its scheduler.
//	pool       any of as many locked servers as there are CPUs, two at the
//	           least, which receive from one channel.
//	crossover  delegated, and the work of a call is looked for of which
//	           delegating costs 5% (crossover-ns). Once a process, and on one
//	           CPU. On several there may be no such work: delegating has been
//	           seen to cost 24% of 2 ms on a virtual machine of two CPUs.
//
// work is how long the function works: a number of steps that take some 1, 10
// or 100 us, the same in all arms. How long they take on this machine is the
// time of a direct call. procs=1 is on one CPU with one P, procs=all on all CPUs
// with as many. n is how many callers there are at once; ns/op is the time of all
// their calls over the number of calls. The first caller stamps the clock: before
// it lets the others begin, and when all have their last answer.
//
// With procs=1 a call to a locked server is at least two switches of the
// kernel's: to the server's thread, and back to one that may run the caller.
// With procs=all an idle CPU has to be woken for that, and how long that takes is
// the machine's business, and of a virtual machine its host's.
//
// It favours delegating in that the server is idle when a call comes, but for
// n=16, and in that a call takes and answers no data.
var Family = measure.Family{Family: catalog.Delegate, Cases: delegateCases()}

// callSteps are the steps of work of a call.
var callSteps = map[string]int{
	"0":     0,
	"1us":   goroutines.WorkChunk / 10,
	"10us":  goroutines.WorkChunk,
	"100us": goroutines.WorkChunk * 10,
}

const (
	manyCallers = 16 // of n=16
	turn        = 10 * time.Millisecond
)

func delegateCases() []measure.Case {
	// Per call.
	none := measure.Evidence{Count: "kernel-switches", Rate: 0, RateTolerance: 0.05, CountTolerance: 100}
	// The scheduler put the server on a thread, and then the caller.
	scheduled := measure.Evidence{Count: "schedules", Rate: 2, RateTolerance: 0.4, CountTolerance: 300}
	// The server's thread is woken, and then one that runs the caller: 2.0 to 2.3
	// seen.
	locked := measure.Evidence{Count: "kernel-switches", Rate: 2.4, RateTolerance: 1, CountTolerance: 30}
	// How many threads are woken is up to two schedulers where there are several
	// CPUs, and with n=16 a server need not sleep between two calls: who made the
	// calls proves those rows (Pass).

	base := func(impl, mode, work, procs string, wants []measure.Evidence) measure.Case {
		c := measure.Case{
			Name:     catalog.Name{Family: "Delegate"}.With("impl", impl).With("mode", mode).With("work", work).With("procs", procs),
			Evidence: wants,
		}
		if procs == "1" {
			c.CPUs, c.Procs = 1, 1
		}
		return c
	}
	row := func(impl, mode, work, procs string, callers int, wants ...measure.Evidence) measure.Case {
		if work == "100us" {
			wants = nil // a short round has too few calls; Pass proves them
		}
		c := base(impl, mode, work, procs, wants).WithN(callers)
		c.Open, c.HoldsP = openDelegate(impl, mode, callSteps[work], callers), true
		switch { // a slice of 1.5 ms has some 30 calls that wake another CPU: too few
		case callers > 1:
			c.Turn = arm.InOneGo
		case mode == "delegated" && impl == "locked":
			c.Turn = turn
		}
		// What a program does, and the least and the most work.
		c.Quick = procs == "all" && callers == 1 && impl != "floor" &&
			(work == "0" || work != "1us" && (mode == "delegated" && impl == "locked" || mode == "direct" && impl == "goroutine"))
		return c
	}
	crossover := func(impl string) measure.Case {
		c := base(impl, "crossover", "", "1", nil)
		c.OpenOnce, c.Once, c.Env = arm.OpenCrossover(doer(impl, "delegated"), doer("goroutine", "direct")), 1, arm.Still
		return c
	}
	var cases []measure.Case
	for _, procs := range []string{"1", "all"} {
		var handed, toLocked []measure.Evidence
		if procs == "1" {
			handed, toLocked = []measure.Evidence{scheduled}, []measure.Evidence{locked}
		}
		for _, work := range []string{"0", "1us", "10us", "100us"} {
			cases = append(cases,
				row("goroutine", "direct", work, procs, 1, none),
				row("locked", "direct", work, procs, 1, none),
				row("goroutine", "delegated", work, procs, 1, handed...),
				row("locked", "delegated", work, procs, 1, toLocked...))
			if work == "0" {
				cases = append(cases, row("floor", "delegated", work, procs, 1, none))
			}
		}
		for _, work := range []string{"0", "10us", "100us"} {
			cases = append(cases,
				row("goroutine", "direct", work, procs, manyCallers, none),
				row("locked", "direct", work, procs, manyCallers, none),
				row("locked", "delegated", work, procs, manyCallers))
			if procs == "all" {
				cases = append(cases, row("locked", "pool", work, procs, manyCallers))
			}
		}
	}
	return append(cases, crossover("goroutine"), crossover("locked"))
}

// calling is how a row's callers have their function called.
func calling(impl, mode string) goroutines.Calling {
	switch {
	case impl == "floor":
		return goroutines.Coroutine
	case mode != "direct":
		return goroutines.Handed
	case impl == "locked":
		return goroutines.Locking
	}
	return goroutines.Direct
}

// newDelegate starts the callers of a row and their servers.
func newDelegate(impl, mode string, steps, callers int) (*delegateArm, error) {
	a := &delegateArm{
		how:   calling(impl, mode),
		seen:  make([]sight, callers),
		steps: steps,
		meter: arm.NewMeter(),
	}
	servers := 0
	if a.how == goroutines.Handed {
		servers = 1
	}
	if mode == "pool" {
		servers = max(2, runtime.GOMAXPROCS(0))
	}
	var setup func(int) error
	if impl == "locked" && servers > 0 {
		if err := arm.Headroom(arm.NeedOf(servers, true)); err != nil {
			return nil, err
		}
		a.servers = make([]int, servers)
		setup = func(server int) error {
			runtime.LockOSThread()
			a.servers[server] = threads.TID()
			return nil
		}
	}
	var err error
	if a.callers, err = goroutines.NewCallers(callers, a.how, servers, setup, a.look); err != nil {
		return nil, err
	}
	a.callers.Steps(steps)
	return a, nil
}

func openDelegate(impl, mode string, steps, callers int) measure.Opening {
	return func(func(string)) (lockstep.Arm, error) { return newDelegate(impl, mode, steps, callers) }
}

// doer is a row of one caller as a crossover is looked for with it.
func doer(impl, mode string) func() (arm.Doer, error) {
	return func() (arm.Doer, error) { return newDelegate(impl, mode, 0, 1) }
}

// A callers is what a delegateArm needs of goroutines.Callers.
type callers interface {
	Run(n, warm int, clock goroutines.Clock)
	Steps(n int)
	Answered() (calls []int, x []uint64, served int)
	Close()
}

// A sight is what the function has seen of who calls it, for one caller.
type sight struct {
	looks  int
	tid    int // of the latest look
	other  int // looks that were not on a server's thread
	locked bool
	_      [64]byte
}

type delegateArm struct {
	callers callers
	how     goroutines.Calling
	servers []int // the threads of locked servers; nil where they are ordinary goroutines
	steps   int   // of a call
	seen    []sight
	meter   *arm.Meter
}

// look is called in the function by whoever calls it: once a turn at the least.
func (a *delegateArm) look(caller int) {
	s := &a.seen[caller]
	s.tid = threads.TID()
	if a.servers != nil && !slices.Contains(a.servers, s.tid) {
		s.other++
	}
	if s.looks == 0 {
		// It takes microseconds, so only the first call, which is off the clock.
		s.locked = wired()
	}
	s.looks++
}

// wired tells whether the calling goroutine is locked to its thread: its
// traceback says so.
func wired() bool {
	buf := make([]byte, 256)
	line, _, _ := bytes.Cut(buf[:runtime.Stack(buf, false)], []byte("\n"))
	return bytes.Contains(line, []byte("locked to thread"))
}

// Steps sets the steps of a call.
func (a *delegateArm) Steps(n int) {
	a.steps = n
	a.callers.Steps(n)
}

// threadsAlive is how many threads there are, by the runtime's count. Tests have
// another.
var threadsAlive = func() int64 { return host.Count(host.ThreadsAlive) }

// Pass has n calls made on the clock, after warm off it, and holds the callers'
// counts and what their work comes to against that.
func (a *delegateArm) Pass(n, warm int) (time.Duration, map[string]int64, error) {
	callsBefore, xBefore, servedBefore := a.callers.Answered()
	for i := range a.seen {
		a.seen[i].looks, a.seen[i].other = 0, 0
	}
	before := threadsAlive()
	a.callers.Run(n, warm, a.meter)
	made := threadsAlive() - before
	calls, x, served := a.callers.Answered()
	all := 0
	for i := range calls {
		did := calls[i] - callsBefore[i]
		all += did
		if want := goroutines.Worked(xBefore[i], did*a.steps); x[i] != want {
			return 0, nil, fmt.Errorf("expected %d calls of caller %d to come to %d, seen %d", did, i+1, want, x[i])
		}
		if err := a.proves(i, did); err != nil {
			return 0, nil, err
		}
	}
	if all != n+warm {
		return 0, nil, fmt.Errorf("expected %d calls answered, seen %d", n+warm, all)
	}
	want := 0
	if a.how == goroutines.Handed {
		want = all
	}
	if most := int64(32 + runtime.GOMAXPROCS(0) + all/50); made > most {
		return 0, nil, fmt.Errorf("expected at most %d threads made in %d calls, seen %d", most, all, made)
	}
	if served -= servedBefore; served != want {
		return 0, nil, fmt.Errorf("expected servers to make %d of %d calls, seen %d", want, all, served)
	}
	return a.meter.Elapsed, a.meter.Counts(map[string]int64{"threads": made}), nil
}

// proves is an error unless the calls of a caller, so many, were made by whom
// they were to be made.
func (a *delegateArm) proves(caller, calls int) error {
	s := a.seen[caller]
	locked := a.how == goroutines.Locking || a.servers != nil
	switch {
	case calls == 0:
	case s.looks == 0:
		return fmt.Errorf("expected the calls of caller %d to be looked at, seen none of %d", caller+1, calls)
	case s.locked != locked:
		return fmt.Errorf("expected the calls of caller %d on a locked thread: %t, seen %t", caller+1, locked, s.locked)
	case s.other > 0:
		return fmt.Errorf("expected %d of %d calls looked at on the server's thread, seen %d", s.looks, s.looks, s.looks-s.other)
	case a.servers != nil && arm.Distinct(a.servers) != int64(len(a.servers)) && threads.TID() >= 0:
		return fmt.Errorf("expected %d servers on threads of their own, seen %d threads", len(a.servers), arm.Distinct(a.servers))
	}
	return nil
}

// Run has n calls made.
func (a *delegateArm) Run(n int) (lockstep.Slice, error) {
	warm := arm.WarmGoroutine
	if a.servers != nil {
		warm = arm.WarmThread
	}
	n = max(n, len(a.seen))
	took, counts, err := a.Pass(n, max(min(n, warm), len(a.seen)))
	return lockstep.Slice{Ops: n, Elapsed: took, Counts: counts}, err
}

func (a *delegateArm) Close() error {
	a.callers.Close()
	return nil
}
