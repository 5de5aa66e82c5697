package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"threadbench/bench/lockstep"
	"threadbench/goroutines"
	"threadbench/threads"
)

// Create: how long it takes to make a task.
//
// ONE op is one task created, run and joined, but for nojoin. All on one CPU:
// on several, a thread's first run is the wake-up of an idle CPU, which is
// another measure. mode says what the task is made from:
//
//	reused  one at a time, from what the last one left: a dead g, the same
//	        stack. What a loop measures, and the least.
//	inplace the same for a locked goroutine that unlocks before it exits. It
//	        runs on its maker's thread, which is free since the maker waits: no
//	        other thread is woken, as the kernel's count of switches shows.
//	pooled  the same where the maker is wired to its own thread, so that each
//	        task needs another: the runtime wakes an idle one of its pool, the
//	        task locks it and unlocks, and the thread goes back. Each task says
//	        which thread it ran on. The price is two wake-ups an op: the task's
//	        thread and then its maker's.
//	burst   100 made, then 100 joined, again and again. A locked goroutine
//	        exits locked here, so its thread dies, and each op makes a new
//	        one; a goroutine is reused; a raw thread never can be.
//	cold    1,000 made in a fresh process and all held alive, so that none is
//	        reused, then released and joined; the stack of each is made (and
//	        given back) on the clock. Once a process.
//	nojoin  the same, but the clock stops when the last task has begun to
//	        run: what starting costs.
//	stamped like reused, with a stamp before each call that makes a task and
//	        one as the task's first instruction: the percentiles are of the
//	        time between, ns/op is of the whole op. A locked goroutine exits
//	        locked. Its first instruction comes early: it takes the thread of
//	        the one that made it, and the new thread is for whoever runs next.
//	        Once a process.
//
// The raw threads of reused and burst are made by a raw thread, in assembly:
// the kernel's own floor, with nothing of Go in it. Their stacks are mapped
// beforehand. C threads are made by a C thread, through pthread_create and
// pthread_join with the default attributes; their stacks are the C library's
// business, which keeps some of them.
//
// The floors: reused is a call through a function value; nojoin allocates what a
// goroutine takes, the way the runtime does, and touches what one touches.
//
// It favours the goroutine in that a task does nothing: a thread's cost is
// the same for a task that runs for a second. And all goroutines run one
// function, as in go f(). A loop that makes a closure for each allocates 16 bytes
// more a task, and takes 1.1 to 1.2 times as long one at a time, 1.3 times a
// hundred at a time (results/fidelity.txt: CreateWaitGroup, Create100).
var createFamily = Family{
	Name: "Create",
	Op:   "one task created, run and joined",
	ModeOps: map[string]string{
		"nojoin":  "one task created and begun; its end is not waited for",
		"stamped": "one task created, run and joined, of which the percentiles are from the call to its first instruction",
	},
	Primary: []string{"ns/op"},
	Read: "reused makes each task from what the last one left, burst a hundred at a time, " +
		"cold a thousand in a fresh process with none reused; nojoin is cold up to the last task's first step. " +
		"A locked goroutine of inplace wires itself to its maker's thread, which waits, and no other thread is woken. " +
		"The maker of pooled is wired to its own thread, so that an idle thread of the runtime's pool is woken for each task. " +
		"stamped has the percentiles of the time from the call to the task's first instruction, which a locked goroutine comes to on its maker's thread, before a new one is made. " +
		"threads/op says whether a thread was made. A locked goroutine of inplace shows where a goroutine's advantage comes from: from not asking the kernel. " +
		"All goroutines run one function, as in go f(); a closure made for each would allocate 16 bytes more a task, and take 1.1 to 1.3 times as long. " +
		"It favours the goroutine in that a task does nothing: a thread's cost is the same for a task that runs for a second.",
	Cases: createCases(),
}

const (
	createBatch = 100
	createCold  = 1000

	// What is stamped in a process: of 20,000 the thousandth part is 20.
	stampedTasks = 20_000
	stampedTrips = 20_000
)

// still keeps the runtime still: no collection, no adapting start of stacks.
var still = []string{"GOGC=off", "GODEBUG=adaptivestackstart=0"}

// asItIs has the runtime do both, as it does for everybody.
var asItIs = []string{"GOGC=100", "GODEBUG=adaptivestackstart=1"}

func createCases() []Case {
	none := Evidence{Count: "threads", Rate: 0, CountTolerance: 8}
	each := Evidence{Count: "threads", Rate: 1, RateTolerance: 0.02}
	exactly := Evidence{Count: "threads", Rate: 1}
	// The runtime starts a few of its own now and then.
	created := Evidence{Count: "created", Rate: 1, CountTolerance: 64}
	// A task that is in place wakes no other thread.
	inPlace := Evidence{Count: "kernel-switches", Rate: 0, RateTolerance: 0.05, CountTolerance: 100}
	// Each task of a wired maker was on another thread than it, and on one that
	// an earlier task had been on, but for a few.
	elsewhere := Evidence{Count: "elsewhere", Rate: 1}
	known := Evidence{Count: "new-threads", Rate: 0, CountTolerance: 8}

	row := func(impl, mode string, open func(func(string)) (lockstep.Arm, error), wants ...Evidence) Case {
		c := Case{
			Name: Name{Family: "Create"}.With("impl", impl).With("mode", mode),
			CPUs: 1, Procs: 1,
			Quick:    mode == "reused" || mode == "inplace" || mode == "pooled" || mode == "cold" || mode == "nojoin" && (impl == "goroutine" || impl == "floor"),
			C:        impl == "pthread",
			Evidence: wants,
			open:     open,
		}
		switch mode {
		case "cold", "nojoin":
			c.Once, c.Env = 5, still
		case "stamped":
			c.Once = 1
			fallthrough
		default:
			c.Awake = true
		}
		return c
	}
	cases := []Case{
		row("goroutine", "reused", openCreate(1, plain), created, none),
		row("locked", "inplace", openCreate(1, giveBack), created, none, inPlace),
		row("locked", "pooled", openPooled, created, none, elsewhere, known),
		row("clone", "reused", openCreator(threads.NewCreator, 1), exactly),
		row("floor", "reused", openCall, none),

		row("goroutine", "burst", openCreate(createBatch, plain), created, none),
		row("locked", "burst", openCreate(createBatch, exitLocked), created, each),
		row("clone", "burst", openCreator(threads.NewCreator, createBatch), exactly),

		row("goroutine", "cold", openCold(goroutineHerd, true), created, none),
		row("locked", "cold", openCold(lockedHerd, true), created, exactly),
		row("clone", "cold", openCold(cloneHerd, true), exactly),

		row("goroutine", "nojoin", openCold(goroutineHerd, false), created, none),
		row("locked", "nojoin", openCold(lockedHerd, false), created, exactly),
		row("clone", "nojoin", openCold(cloneHerd, false), exactly),
		row("floor", "nojoin", openAllocate, none, Evidence{Count: "stacks", Rate: 1}),

		row("goroutine", "stamped", stampedCreate(stampedTasks, plain), created, none),
		row("locked", "stamped", stampedCreate(stampedTasks, exitLocked), created, each),
		row("clone", "stamped", stampedCreator(stampedTasks), exactly),
	}
	if withPthread {
		cases = append(cases,
			row("pthread", "reused", openCreator(cCreator, 1), exactly),
			row("pthread", "burst", openCreator(cCreator, createBatch), exactly),
			row("pthread", "cold", openCold(cHerd(false), true), exactly),
			row("pthread", "nojoin", openCold(cHerd(false), false), exactly),
		)
	}
	return cases
}

// hooks are what a task of openCreate calls first and last, and how many
// threads it has seen made: nil where the process's own count tells.
type hooks struct {
	in, out func()
	threads func() int64
}

func plain() hooks { return hooks{} }

// giveBack wires the task to a thread and gives the thread back.
func giveBack() hooks {
	return hooks{in: runtime.LockOSThread, out: runtime.UnlockOSThread}
}

// exitLocked wires the task to a thread that dies with it. Each task says
// which thread it ran on: 0.06 us of more than 20.
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

func openCreate(batch int, how func() hooks) func(func(string)) (lockstep.Arm, error) {
	return func(func(string)) (lockstep.Arm, error) {
		return newCreateArm(batch, how())
	}
}

func newCreateArm(batch int, how hooks) (*createArm, error) {
	if how.threads == nil {
		how.threads = func() int64 { return count(threadsAlive) }
	} else if err := toldThreads(); err != nil {
		return nil, err
	}
	return &createArm{batch: batch, hooks: how, create: goroutines.Create, meter: newMeter()}, nil
}

// toldThreads is a *lockstep.Skip where the system doesn't tell a task which
// thread it runs on.
func toldThreads() error {
	if threads.TID() < 0 {
		return lockstep.Skipf("%s does not tell a task its thread, so that nothing would show that each had its own", runtime.GOOS)
	}
	return nil
}

// openPooled makes tasks from a maker that is wired to its thread.
func openPooled(func(string)) (lockstep.Arm, error) {
	if err := toldThreads(); err != nil {
		return nil, err
	}
	p := &pooledArm{}
	var err error
	p.createArm, err = newCreateArm(1, hooks{in: p.enter, out: runtime.UnlockOSThread})
	return p, err
}

// A pooledArm has its maker wired to a thread, so that each task runs on
// another one. There is one task at a time, and the maker waits for it: what
// they share needs no lock.
type pooledArm struct {
	*createArm
	maker     int     // its thread
	elsewhere int64   // tasks on another thread
	last      int     // the latest task's thread
	pool      [16]int // threads that tasks ran on
	seen      int64   // how many they were; those for which the pool has no room count each time
}

// enter is what each task does first. It is on the clock: some 0.1 us.
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

// Run has the caller wired to its thread while it makes n tasks. The pool gets
// its threads in the warm-up.
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
	meter  *meter
}

func (a *createArm) Run(n int) (lockstep.Slice, error) {
	a.warmUp(n)
	return a.timed(n), nil
}

// warmUp makes some of n tasks off the clock.
func (a *createArm) warmUp(n int) {
	a.create(roundUp(min(n, warmThread), a.batch), a.batch, a.hooks.in, a.hooks.out)
}

// timed makes n tasks on the clock.
func (a *createArm) timed(n int) lockstep.Slice {
	n = roundUp(n, a.batch)
	made, created := a.hooks.threads(), count(goroutinesCreated)
	a.meter.Start()
	a.create(n, a.batch, a.hooks.in, a.hooks.out)
	a.meter.Stop()
	return lockstep.Slice{Ops: n, Elapsed: a.meter.elapsed, Counts: a.meter.counts(map[string]int64{
		"created": count(goroutinesCreated) - created,
		"threads": a.hooks.threads() - made,
	})}
}

func (a *createArm) Close() error { return nil }

func roundUp(n, batch int) int { return (n + batch - 1) / batch * batch }

func openCreator[D Driver](make func(batch int) (D, error), batch int) func(func(string)) (lockstep.Arm, error) {
	return func(func(string)) (lockstep.Arm, error) {
		if err := headroom(threads.Need{Threads: batch + 1, MapsPerThread: threads.MapsPerThread}); err != nil {
			return nil, err
		}
		d, err := make(batch)
		if err != nil {
			return nil, skipUnsupported(err)
		}
		d.Hold()
		return &creatorArm{d, batch}, nil
	}
}

type creatorArm struct {
	driver Driver
	batch  int
}

func (a *creatorArm) Run(n int) (lockstep.Slice, error) {
	warm := roundUp(min(n, warmThread/8), a.batch)
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
	return leaks()
}

// openCall is the floor of a task: a call through a function value.
func openCall(func(string)) (lockstep.Arm, error) { return &callArm{newMeter()}, nil }

type callArm struct{ meter *meter }

var called int

//go:noinline
func call() { called++ }

func (a *callArm) Run(n int) (lockstep.Slice, error) {
	f, before := call, called
	made := count(threadsAlive)
	a.meter.Start()
	for range n {
		f()
	}
	a.meter.Stop()
	if called-before != n {
		return lockstep.Slice{}, fmt.Errorf("expected %d calls, seen %d", n, called-before)
	}
	return lockstep.Slice{Ops: n, Elapsed: a.meter.elapsed, Counts: map[string]int64{"threads": count(threadsAlive) - made}}, nil
}

func (a *callArm) Close() error { return nil }

// A parkedHerd is n tasks that park until they are released, in any
// contender: *goroutines.Herd and *threads.Herd.
type parkedHerd interface {
	Make(n int) error
	Wait()
	Release()
	Join()
}

// A census is a herd and the tids of its tasks, nil where they have no thread
// of their own.
type census struct {
	parkedHerd
	tids func() []int
}

func goroutineHerd(n, depth int, stack int) (census, error) {
	return census{goroutines.NewHerd(depth, nil), nil}, nil
}

// lockedHerd is goroutines that each wire themselves to a thread, say which,
// and exit locked.
func lockedHerd(n, depth int, stack int) (census, error) {
	if err := toldThreads(); err != nil {
		return census{}, err
	}
	in, tids := tidsOf(n)
	return census{goroutines.NewHerd(depth, in), tids}, nil
}

// tidsOf is what each of n tasks does first to wire itself to a thread and to
// say which, and what they have said.
func tidsOf(n int) (in func(), tids func() []int) {
	all := make([]int, n)
	var next atomic.Int64
	return func() {
		runtime.LockOSThread()
		all[next.Add(1)-1] = threads.TID()
	}, func() []int { return all[:next.Load()] }
}

func cloneHerd(n, depth int, stack int) (census, error) {
	h, err := threads.NewHerd(max(stack, threads.LeastStack(depth)), depth)
	if err != nil {
		return census{}, skipUnsupported(err)
	}
	return census{h, h.TIDs}, nil
}

type newHerd func(n, depth int, stack int) (census, error)

// tasksAlive are all goroutines of the program and all raw threads.
func tasksAlive() int {
	raw, _ := threads.Alive()
	return runtime.NumGoroutine() + raw
}

// settled is tasksAlive, counted again for up to a second until it is what it
// is to be: what runs finalizers and cleanups is a goroutine of the program
// while it runs one.
func settled(want int) (alive int) {
	for range 1000 {
		if alive = tasksAlive(); alive == want {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return alive
}

// distinct is how many of the tids differ.
func distinct(tids []int) int64 {
	s := slices.Sorted(slices.Values(tids))
	return int64(len(slices.Compact(s)))
}

func openCold(herd newHerd, join bool) func(func(string)) (lockstep.Arm, error) {
	return func(func(string)) (lockstep.Arm, error) {
		h, err := herd(createCold, 0, 0)
		if err != nil {
			return nil, err
		}
		if h.tids != nil {
			_, ofRuntime := h.parkedHerd.(*goroutines.Herd)
			if err := headroom(threads.Need{Threads: createCold, MapsPerThread: mapsPerThread(ofRuntime), Runtime: ofRuntime}); err != nil {
				h.Join()
				return nil, err
			}
		}
		return &coldArm{herd: h, join: join, meter: newMeter()}, nil
	}
}

type coldArm struct {
	herd  census
	join  bool
	used  bool
	meter *meter
}

// Run makes the tasks, whatever n is: once a process.
func (a *coldArm) Run(int) (lockstep.Slice, error) {
	if a.used {
		return lockstep.Slice{}, errors.New("a cold case is measured once a process")
	}
	a.used = true
	made, created := count(threadsAlive), count(goroutinesCreated)
	a.meter.Start()
	if err := a.herd.Make(createCold); err != nil {
		a.herd.Release()
		a.herd.Join()
		return lockstep.Slice{}, err
	}
	a.herd.Wait()
	a.meter.Stop()
	// Counted while all are alive, and off the clock. The tasks of a locked or
	// raw herd say which threads they ran on; that of goroutines is for the
	// process to say.
	counts := map[string]int64{"threads": count(threadsAlive) - made, "created": count(goroutinesCreated) - created}
	if a.herd.tids != nil {
		counts["threads"] = distinct(a.herd.tids())
	}
	end := func() {
		a.herd.Release()
		a.herd.Join()
	}
	if a.join {
		a.meter.goOn(end)
	} else {
		end()
	}
	return lockstep.Slice{Ops: createCold, Elapsed: a.meter.elapsed, Counts: a.meter.counts(counts)}, nil
}

func (a *coldArm) Close() error {
	if !a.used {
		a.herd.Join()
	}
	return leaks()
}

// openAllocate is the floor of starting a goroutine: to allocate what one
// takes, its stack and its g, the way the runtime does, and to touch what one
// touches. All of them stay alive.
//
// The runtime takes stacks from spans of 32 KiB that it cuts into a list of 16,
// of which a P takes 8 at a time (runtime/stack.go, stackpoolalloc and
// stackcacherefill); it has each g from the heap and lists it (runtime/proc.go,
// malg and allgadd). So does the floor. Neither zeroes a stack: memory fresh
// from the system isn't zeroed once more.
//
// What the floor can't do as the runtime does: its spans are the heap's, of one
// object each, since only the runtime can have spans of its own kind
// (allocManual), and its lists need no lock. What it leaves out: the queue that
// the goroutine waits in, the switch to it, what its own code allocates.
func openAllocate(func(string)) (lockstep.Arm, error) {
	if got := count(stackStarts); got != stackStart {
		return nil, fmt.Errorf("allocating as much as a goroutine: its stack starts at %d bytes here, not %d", got, stackStart)
	}
	return &allocateArm{meter: newMeter()}, nil
}

const (
	lineBytes = 64 // of a cache

	// runtime.g has 440 bytes in Go 1.26 on 64 bits, in a size class of 448
	// (runtime/runtime2.go). A new one is written to on each of its lines.
	gWords = 55

	spanBytes    = 32 << 10 // runtime/malloc.go, _StackCacheSize
	stacksInSpan = spanBytes / stackStart
	stacksCached = stacksInSpan / 2

	// What a task has on its stack when it parks: 340 bytes, by the frames of
	// the herd's task and park, chanrecv1, chanrecv and gopark.
	framesBytes = 6 * lineBytes
)

type gBlock struct {
	stack *byte
	words [gWords - 1]uint64
}

// A stackPool hands out stacks. A stack has a number, from 1 on; a list of free
// ones is the first one's number, and each has the next one's in its lowest
// word, as those of the runtime have its address.
type stackPool struct {
	spans [(createCold + stacksInSpan - 1) / stacksInSpan]*[spanBytes]byte
	cut   int    // spans in use
	free  uint64 // of the latest span
	cache uint64
}

// at is the stack of a number.
func (p *stackPool) at(n uint64) []byte {
	n--
	return p.spans[n/stacksInSpan][n%stacksInSpan*stackStart:][:stackStart]
}

// push puts a stack on a list, pop takes the first one from it.
func (p *stackPool) push(list *uint64, n uint64) {
	binary.NativeEndian.PutUint64(p.at(n), *list)
	*list = n
}

func (p *stackPool) pop(list *uint64) uint64 {
	n := *list
	*list = binary.NativeEndian.Uint64(p.at(n))
	return n
}

// take is a stack that nobody has.
func (p *stackPool) take() []byte {
	if p.cache == 0 {
		for range stacksCached {
			p.refill()
		}
	}
	return p.at(p.pop(&p.cache))
}

// refill puts a free stack into the cache, from a new span if need be.
func (p *stackPool) refill() {
	if p.free == 0 {
		p.spans[p.cut] = new([spanBytes]byte)
		first := uint64(p.cut)*stacksInSpan + 1
		p.cut++
		for n := first; n < first+stacksInSpan; n++ {
			p.push(&p.free, n)
		}
	}
	p.push(&p.cache, p.pop(&p.free))
}

type allocateArm struct {
	meter  *meter
	stacks stackPool
	gs     []*gBlock
}

// Run allocates, whatever n is: once a process.
func (a *allocateArm) Run(int) (lockstep.Slice, error) {
	if a.gs != nil {
		return lockstep.Slice{}, errors.New("a floor of cold tasks is measured once a process")
	}
	made := count(threadsAlive)
	a.meter.Start()
	for range createCold {
		a.allocate()
	}
	a.meter.Stop()
	counts := map[string]int64{"threads": count(threadsAlive) - made, "stacks": int64(a.distinctStacks())}
	return lockstep.Slice{Ops: createCold, Elapsed: a.meter.elapsed, Counts: a.meter.counts(counts)}, nil
}

// allocate is one g with its stack.
func (a *allocateArm) allocate() {
	g, stack := new(gBlock), a.stacks.take()
	binary.NativeEndian.PutUint64(stack, 0) // as malg does
	g.stack = &stack[0]
	for i := lineBytes/8 - 1; i < len(g.words); i += lineBytes / 8 {
		g.words[i] = 1
	}
	for at := stackStart - lineBytes; at >= stackStart-framesBytes; at -= lineBytes {
		stack[at] = 1
	}
	a.gs = append(a.gs, g)
}

// distinctStacks is how many stacks the gs have.
func (a *allocateArm) distinctStacks() int {
	stacks := map[*byte]bool{}
	for _, g := range a.gs {
		stacks[g.stack] = true
	}
	return len(stacks)
}

func (a *allocateArm) Close() error { return nil }
