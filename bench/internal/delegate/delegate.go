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

// Delegate measures the cost when one locked thread makes the calls of ordinary
// goroutines.
//
// Some calls must be made on one thread: calls to a GUI or to a graphics library's
// context, and ptrace(2). So a program keeps one goroutine locked to a thread, and
// the other goroutines hand their calls to the locked goroutine:
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
// ONE op is one call answered. calls has no buffer. A caller uses one channel for all
// its answers, with a buffer of one. Without this buffer a server sleeps after each
// call until its caller has run, even if other callers wait. With 16 callers on two
// CPUs, a plain program took 83 us a call without the buffer, and 5.5 us with it. A
// program that makes a closure and a channel for each call also allocates both.
//
// mode says who makes the call:
//
//	direct     the caller. All other rows refer to impl=goroutine. In
//	           impl=locked the caller calls runtime.LockOSThread before each
//	           call and runtime.UnlockOSThread after it: the cost of locking
//	           on the spot.
//	delegated  a server to which the caller hands the call. In impl=locked the
//	           server is locked to its thread, in impl=goroutine it is an
//	           ordinary goroutine. The floor is a coroutine of the caller's
//	           (iter.Pull), to which the runtime switches without its scheduler.
//	pool       any of as many locked servers as there are CPUs, two at the
//	           least, which receive from one channel.
//	crossover  delegated. The row searches for the work of a call at which
//	           delegating costs 5% (crossover-ns). It is measured once a
//	           process, on one CPU. On several CPUs there may be no such work:
//	           on a virtual machine of two CPUs delegating has cost 24% of 2 ms.
//
// work is how long the function works: a number of steps that take some 1, 10 or 100
// us, the same in all arms. The time of a direct call shows how long the steps take on
// this machine. procs=1 is on one CPU with one P, procs=all on all CPUs with as many
// Ps. n is the number of callers at once. ns/op is the time of all their calls over
// the number of calls. The first caller stamps the clock before it lets the others
// begin, and again when all have their last answer.
//
// With procs=1 a call to a locked server takes at least two context switches: to the
// server's thread, and back to a thread that may run the caller. With procs=all an
// idle CPU must also be woken. How long the wake-up takes depends on the machine, and
// for a virtual machine on its host.
//
// Delegate favours delegating: except with n=16 the server is idle when a call comes,
// and a call has no arguments and no result.
var Family = measure.Family{Family: catalog.Delegate, Cases: delegateCases()}

// callSteps are the steps of a call for each value of work.
var callSteps = map[string]int{
	"0":     0,
	"1us":   goroutines.WorkChunk / 10,
	"10us":  goroutines.WorkChunk,
	"100us": goroutines.WorkChunk * 10,
}

const (
	manyCallers = 16 // n=16
	turn        = 10 * time.Millisecond
)

func delegateCases() []measure.Case {
	// The rates are per call.
	none := measure.Evidence{Count: "kernel-switches", Rate: 0, RateTolerance: 0.05, CountTolerance: 100}
	// The scheduler puts the server on a thread, and then the caller.
	scheduled := measure.Evidence{Count: "schedules", Rate: 2, RateTolerance: 0.4, CountTolerance: 300}
	// The server's thread is woken, and then a thread that runs the caller. 2.0 to
	// 2.3 were measured.
	locked := measure.Evidence{Count: "kernel-switches", Rate: 2.4, RateTolerance: 1, CountTolerance: 30}
	// No count proves the rows on several CPUs, where two schedulers decide how many
	// threads are woken, nor those with n=16, where a server need not sleep between
	// two calls. Pass proves these rows by who made the calls.

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
			wants = nil // a short round has too few calls; Pass proves the row
		}
		c := base(impl, mode, work, procs, wants).WithN(callers)
		c.Open, c.HoldsP = openDelegate(impl, mode, callSteps[work], callers), true
		switch { // a slice of 1.5 ms has too few calls that wake another CPU, some 30
		case callers > 1:
			c.Turn = arm.InOneGo
		case mode == "delegated" && impl == "locked":
			c.Turn = turn
		}
		// Quick has the ways that programs use, with the least and the most work.
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

// calling is the way in which a row's callers get their function called.
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

// doer opens a row of one caller for the search of a crossover.
func doer(impl, mode string) func() (arm.Doer, error) {
	return func() (arm.Doer, error) { return newDelegate(impl, mode, 0, 1) }
}

// A callers has the methods of goroutines.Callers that a delegateArm needs.
type callers interface {
	Run(n, warm int, clock goroutines.Clock)
	Steps(n int)
	Answered() (calls []int, x []uint64, served int)
	Close()
}

// A sight is what the function of one caller has seen of the goroutine that calls it.
type sight struct {
	looks  int
	tid    int // the thread of the latest look
	other  int // looks that were not on a server's thread
	locked bool
	_      [64]byte
}

type delegateArm struct {
	callers callers
	how     goroutines.Calling
	servers []int // the threads of locked servers; nil without locked servers
	steps   int   // the steps of a call
	seen    []sight
	meter   *arm.Meter
}

// look records who calls the function. The function calls look at least once a turn.
func (a *delegateArm) look(caller int) {
	s := &a.seen[caller]
	s.tid = threads.TID()
	if a.servers != nil && !slices.Contains(a.servers, s.tid) {
		s.other++
	}
	if s.looks == 0 {
		// wired takes microseconds, so only the first call, off the clock, uses it.
		s.locked = wired()
	}
	s.looks++
}

// wired reports whether the calling goroutine is locked to its thread, by its
// traceback.
func wired() bool {
	buf := make([]byte, 256)
	line, _, _ := bytes.Cut(buf[:runtime.Stack(buf, false)], []byte("\n"))
	return bytes.Contains(line, []byte("locked to thread"))
}

// Steps sets the number of steps of a call.
func (a *delegateArm) Steps(n int) {
	a.steps = n
	a.callers.Steps(n)
}

// threadsAlive is the runtime's count of threads. Tests replace it.
var threadsAlive = func() int64 { return host.Count(host.ThreadsAlive) }

// Pass makes warm calls off the clock and then n calls on the clock. It checks the
// callers' counts, the result of their work, who made the calls, and how many threads
// were made.
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

// proves returns an error unless the calls of a caller were made by the goroutine that
// the row's name says. calls is their number.
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

// Run makes n calls, at least one for each caller.
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
