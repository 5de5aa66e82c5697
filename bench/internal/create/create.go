package create

import (
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
	"threadbench/threads"
)

// Family measures how long it takes to make a task.
//
// ONE op is one task created, run and joined, except in start. All run on one
// CPU: on several, a thread's first run includes the wake-up of an idle CPU,
// which is another measure. mode says what the task is made from:
//
//	reused  one at a time, from what the last task left: a dead g, the same stack.
//	        A loop measures this, and it is the least.
//	inplace the same for a locked goroutine that unlocks before it exits. It runs on
//	        its maker's thread, which is free since the maker waits. No other thread
//	        is woken, as the kernel's count of switches shows.
//	pooled  the same with the maker locked to its own thread, so that each task
//	        needs another. The runtime wakes an idle thread of its pool, the task
//	        locks and unlocks it, and the thread goes back. Each task reports its
//	        thread. The price is two wake-ups an op: of the task's thread, then of
//	        its maker's.
//	exitlocked the same for a locked goroutine that exits locked: its thread dies
//	        with it, and the next one takes its place.
//	burst   100 made, then 100 joined, over and over. A locked goroutine exits
//	        locked here, so its thread dies, and each op makes a new one. A
//	        goroutine is reused; a raw thread never can be.
//	cold    1,000 made in a fresh process and all held alive, so that none is
//	        reused, then released and joined. The stack of each is made (and freed)
//	        on the clock. Once a process.
//	start   the same, but the clock stops when the last task has begun to run: the
//	        cost of starting.
//	stamped like reused, with a stamp before each call that makes a task, and one
//	        as the task's first instruction. The percentiles are of the time
//	        between, ns/op is of the whole op. A locked goroutine exits locked. Its
//	        first instruction comes early: it takes its maker's thread, and the new
//	        thread is for whoever runs next. Once a process.
//
// A raw thread makes the raw threads of reused and burst, in assembly: the
// kernel's own floor, without Go. Their stacks are mapped beforehand. A C
// thread makes the C threads, by pthread_create and pthread_join with the
// default attributes. The C library manages their stacks, and keeps some of
// them.
//
// The floor of reused is a call through a function value. The floor of start
// allocates what a goroutine needs, in the runtime's way, and touches what a
// goroutine touches.
//
// Create favours the goroutine in that a task does nothing: a thread's cost is
// the same for a task that runs for a second. Also, all goroutines run one
// function, as in go f(). A loop that makes a closure for each allocates 16
// bytes more a task. It takes 1.1 to 1.2 times as long one at a time, 1.3 times
// a hundred at a time (results/fidelity.txt: CreateWaitGroup, Create100).
var Family = measure.Family{Family: catalog.Create, Cases: createCases()}

const (
	createBatch = 100
	createCold  = 1000

	// Stamped tasks in a process: a thousandth of 20,000 is 20.
	stampedTasks = 20_000
)

func createCases() []measure.Case {
	// The number of threads that goroutines take is a figure (threads/op),
	// which the ledger of claims judges: no evidence refuses goroutines that
	// take some. Nor does it for the raw threads of cold, whose tasks report
	// that each began.
	begun := measure.Evidence{Count: "begun", Rate: 1}
	none := measure.Evidence{Count: "threads", Rate: 0, CountTolerance: 8}
	each := measure.Evidence{Count: "threads", Rate: 1, RateTolerance: 0.02}
	exactly := measure.Evidence{Count: "threads", Rate: 1}
	// The tolerance is for goroutines that the runtime starts now and then.
	created := measure.Evidence{Count: "created", Rate: 1, CountTolerance: 64}
	// A task in its maker's place wakes no other thread.
	inPlace := measure.Evidence{Count: "kernel-switches", Rate: 0, RateTolerance: 0.05, CountTolerance: 100}
	// Each task of a locked maker was on another thread than the maker's. All
	// but a few were on a thread of an earlier task.
	elsewhere := measure.Evidence{Count: "elsewhere", Rate: 1}
	known := measure.Evidence{Count: "new-threads", Rate: 0, CountTolerance: 8}

	base := func(impl, mode string, wants []measure.Evidence) measure.Case {
		return measure.Case{
			Name: catalog.Name{Family: "Create"}.With("impl", impl).With("mode", mode),
			CPUs: 1, Procs: 1,
			Quick:    mode == "reused" && impl != "floor" || mode == "inplace" || mode == "pooled" || mode == "exitlocked" || mode == "cold" || mode == "start" && (impl == "goroutine" || impl == "floor"),
			C:        impl == "pthread",
			Evidence: wants,
		}
	}
	row := func(impl, mode string, open measure.Opening, wants ...measure.Evidence) measure.Case {
		c := base(impl, mode, wants)
		c.Open, c.HoldsP = open, true
		return c
	}
	fresh := func(impl, mode string, open measure.OpeningOnce, wants ...measure.Evidence) measure.Case {
		c := base(impl, mode, wants)
		c.OpenOnce, c.Once, c.Env = open, 5, arm.Still
		return c
	}
	stamped := func(impl string, open measure.OpeningOnce, wants ...measure.Evidence) measure.Case {
		c := base(impl, "stamped", wants)
		c.OpenOnce, c.Once, c.HoldsP = open, 1, true
		return c
	}
	dying := row("locked", "exitlocked", openCreate(1, exitLocked), created, each)
	dying.Turn = arm.InOneGo // the slices of a short round have too few tasks for its evidence
	cases := []measure.Case{
		row("goroutine", "reused", openCreate(1, plain), created),
		row("locked", "inplace", openCreate(1, giveBack), created, none, inPlace),
		dying,
		row("locked", "pooled", openPooled, created, none, elsewhere, known),
		row("clone", "reused", openCreator(threads.NewCreator, 1), exactly),
		row("floor", "reused", openCall, none),

		row("goroutine", "burst", openCreate(createBatch, plain), created),
		row("locked", "burst", openCreate(createBatch, exitLocked), created, each),
		row("clone", "burst", openCreator(threads.NewCreator, createBatch), exactly),

		fresh("goroutine", "cold", openCold(arm.ParkedGoroutines, true), created),
		fresh("locked", "cold", openCold(arm.ParkedLocked, true), created, exactly),
		fresh("clone", "cold", openCold(arm.ParkedClones, true), begun),

		fresh("goroutine", "start", openCold(arm.ParkedGoroutines, false), created),
		fresh("locked", "start", openCold(arm.ParkedLocked, false), created, exactly),
		fresh("clone", "start", openCold(arm.ParkedClones, false), exactly),
		fresh("floor", "start", openAllocate, none, measure.Evidence{Count: "stacks", Rate: 1}),

		stamped("goroutine", stampedCreate(stampedTasks, plain), created),
		stamped("locked", stampedCreate(stampedTasks, exitLocked), created, each),
		stamped("clone", stampedCreator(stampedTasks), exactly),
	}
	if measure.WithPthread {
		cases = append(cases,
			row("pthread", "reused", openCreator(arm.CCreator, 1), exactly),
			row("pthread", "burst", openCreator(arm.CCreator, createBatch), exactly),
			fresh("pthread", "cold", openCold(arm.ParkedC(false), true), begun),
			fresh("pthread", "start", openCold(arm.ParkedC(false), false), exactly),
		)
	}
	return cases
}

// hooks run at the start and end of each task. threads returns the number of
// threads made for tasks; nil uses the runtime's count.
type hooks struct {
	in, out func()
	threads func() int64
}

func plain() hooks { return hooks{} }

// giveBack locks the task to a thread and unlocks it at the end.
func giveBack() hooks {
	return hooks{in: runtime.LockOSThread, out: runtime.UnlockOSThread}
}

// exitLocked locks the task to a thread that dies with it. Each task looks up
// its thread, which takes 0.06 us of more than 20.
func exitLocked() hooks {
	var last, made atomic.Int64
	return hooks{
		in: func() {
			runtime.LockOSThread()
			if tid := int64(threads.TID()); last.Swap(tid) != tid {
				made.Add(1)
			}
		},
		threads: made.Load,
	}
}

func openCreate(batch int, how func() hooks) measure.Opening {
	return func(func(string)) (lockstep.Arm, error) {
		return newCreateArm(batch, how())
	}
}

func newCreateArm(batch int, how hooks) (*createArm, error) {
	if how.threads == nil {
		how.threads = func() int64 { return host.Count(host.ThreadsAlive) }
	} else if err := arm.ToldThreads(); err != nil {
		return nil, err
	}
	return &createArm{batch: batch, hooks: how, create: goroutines.Create, meter: arm.NewMeter()}, nil
}

// openPooled makes tasks from a maker that is locked to its thread.
func openPooled(func(string)) (lockstep.Arm, error) {
	if err := arm.ToldThreads(); err != nil {
		return nil, err
	}
	p := &pooledArm{}
	var err error
	p.createArm, err = newCreateArm(1, hooks{in: p.enter, out: runtime.UnlockOSThread})
	return p, err
}

// A pooledArm has its maker locked to a thread, so that each task runs on
// another one. There is one task at a time, and the maker waits for it, so they
// need no lock.
type pooledArm struct {
	*createArm
	maker     int     // its thread
	elsewhere int64   // tasks on another thread
	last      int     // the latest task's thread
	pool      [16]int // threads that tasks ran on
	seen      int64   // how many there were; a thread beyond the pool's room counts each time
}

// enter is called first by each task. It is on the clock: some 0.1 us.
func (a *pooledArm) enter() {
	runtime.LockOSThread()
	tid := threads.TID()
	if tid != a.maker {
		a.elsewhere++
	}
	if tid != a.last {
		a.last = tid
		a.note(tid)
	}
}

// note counts a thread that no task was on before.
func (a *pooledArm) note(tid int) {
	known := a.pool[:min(a.seen, int64(len(a.pool)))]
	if slices.Contains(known, tid) {
		return
	}
	if len(known) < len(a.pool) {
		a.pool[len(known)] = tid
	}
	a.seen++
}

// Run makes n tasks with the caller locked to its thread. The pool gets its
// threads in the warm-up.
func (a *pooledArm) Run(n int) (lockstep.Slice, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	a.maker = threads.TID()
	a.warmUp(n)
	elsewhere, seen := a.elsewhere, a.seen
	s := a.timed(n)
	s.Counts["elsewhere"], s.Counts["new-threads"] = a.elsewhere-elsewhere, a.seen-seen
	return s, nil
}

type createArm struct {
	batch  int
	hooks  hooks
	create func(n, batch int, in, out func())
	meter  *arm.Meter
}

func (a *createArm) Run(n int) (lockstep.Slice, error) {
	a.warmUp(n)
	return a.timed(n), nil
}

// warmUp makes at most n tasks off the clock.
func (a *createArm) warmUp(n int) {
	a.create(arm.RoundUp(min(n, arm.WarmThread), a.batch), a.batch, a.hooks.in, a.hooks.out)
}

// timed makes n tasks on the clock.
func (a *createArm) timed(n int) lockstep.Slice {
	n = arm.RoundUp(n, a.batch)
	made, created := a.hooks.threads(), host.Count(host.GoroutinesCreated)
	a.meter.Start()
	a.create(n, a.batch, a.hooks.in, a.hooks.out)
	a.meter.Stop()
	return lockstep.Slice{Ops: n, Elapsed: a.meter.Elapsed, Counts: a.meter.Counts(map[string]int64{
		"created": host.Count(host.GoroutinesCreated) - created,
		"threads": a.hooks.threads() - made,
	})}
}

func (a *createArm) Close() error { return nil }

func openCreator[D arm.Driver](make func(batch int) (D, error), batch int) measure.Opening {
	return func(func(string)) (lockstep.Arm, error) {
		if err := arm.Headroom(arm.NeedOf(batch+1, false)); err != nil {
			return nil, err
		}
		d, err := make(batch)
		if err != nil {
			return nil, arm.SkipUnsupported(err)
		}
		d.Hold()
		return &creatorArm{d, batch}, nil
	}
}

type creatorArm struct {
	driver arm.Driver
	batch  int
}

func (a *creatorArm) Run(n int) (lockstep.Slice, error) {
	warm := arm.RoundUp(min(n, arm.WarmThread/8), a.batch)
	t, err := a.driver.Run(n, warm)
	if err != nil {
		return lockstep.Slice{}, err
	}
	return lockstep.Slice{Ops: t.Ops, Elapsed: t.Elapsed, Counts: map[string]int64{
		"kernel-switches": t.Switches,
		"threads":         t.Spawned - int64(warm),
	}}, nil
}

func (a *creatorArm) Close() error {
	if err := a.driver.Close(); err != nil {
		return err
	}
	return arm.Leaks()
}

// openCall is the floor of a task: a call through a function value.
func openCall(func(string)) (lockstep.Arm, error) { return &callArm{arm.NewMeter()}, nil }

type callArm struct{ meter *arm.Meter }

var called int

//go:noinline
func call() { called++ }

func (a *callArm) Run(n int) (lockstep.Slice, error) {
	f, before := call, called
	made := host.Count(host.ThreadsAlive)
	a.meter.Start()
	for range n {
		f()
	}
	a.meter.Stop()
	if called-before != n {
		return lockstep.Slice{}, fmt.Errorf("expected %d calls, seen %d", n, called-before)
	}
	return lockstep.Slice{Ops: n, Elapsed: a.meter.Elapsed, Counts: map[string]int64{"threads": host.Count(host.ThreadsAlive) - made}}, nil
}

func (a *callArm) Close() error { return nil }
