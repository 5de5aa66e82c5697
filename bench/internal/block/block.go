package block

import (
	"errors"
	"fmt"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
)

// Family measures whether tasks that wait hold up a task that works.
//
// A bystander does fixed work, chunk by chunk, while n tasks wait. It is the
// same goroutine in every arm. It runs on one CPU with GOMAXPROCS=1, the
// hardest case: whoever keeps the CPU, or the only P, keeps it from the
// bystander. procs=all is a program as people run it, on all CPUs with as many
// Ps. ONE op is one chunk of the bystander's work while the tasks wait.
//
// The bystander works alone and beside the tasks in turn, so that a disturbance
// of the machine affects both. The tasks are made before each phase with them.
// They are gone before the next phase without, and so is all that the kernel
// has to clean up after them. Before each phase the bystander sleeps, and then
// works for a while off the clock. Making the tasks leaves the poller an event
// for each new socket, and sysmon looking every 20 us; neither is a cost of
// waiting tasks.
//
//	bystander-share  its speed beside the tasks over its speed alone, over all
//	                 phases, so that a stall in one of them counts
//	threads          threads of the process in the first phase with tasks, the
//	                 runtime's included; the slope over n tells
//	percentiles      of the time from the beginning of a chunk to that of the
//	                 next: some 10 us of work, and stalls
//	delay-ns         the 99th percentile above that of the bystander alone
//
// One chunk in 80 also sends a byte, so the 99th percentile is one of those;
// alone the bystander sends as many. A stall of sysmon's 10 ms comes once in
// some thousand chunks. No percentile up to the 99th shows it; max-ns does, and
// bystander-share has its part of it.
//
// wait says what the tasks wait for:
//
//	net      a byte from a silent socket, a pair for each task: a goroutine and a
//	         locked one wait in the runtime's poller (as every net.Conn does), a
//	         raw thread in read(2).
//	syscall  a byte from a pipe of its own in a blocking read(2), outside the
//	         poller.
//	disk     a byte as in net, and then the write and sync (fsync(2)) of a record
//	         to a file of its own, on a file system that isn't in memory.
//
// The tasks do wake now and then. Every 80 chunks, about 1 ms, the bystander
// sends a byte to the next task, at least 20 times in a phase. The task reads
// it and waits again. Alone, the bystander writes as many bytes that nobody
// reads, so that its own system calls cancel out. The CPU time until all bytes
// have been read is added to the time of a phase: a scheduler that puts off the
// woken tasks has to do their work in the end. The bystander gains by that and
// the tasks lose; Wakeup measures their loss.
//
// The floor is the bystander beside nobody: it shows the noise of the figures.
//
// Block favours the raw thread in wait=syscall, since a goroutine that blocks
// there keeps its P until the runtime's monitor, sysmon, retakes it. sysmon
// looks every 20 us while it has something to retake. After 1 ms without, it
// looks less and less often, down to every 10 ms. With n=1 the share lies
// between two states:
//
//   - sysmon retakes the P of each woken task, 0.8 ms after the last one. Then it
//     stays awake, and nothing is held up by more than some 0.1 ms.
//   - The woken task finds its P taken, and waits until the bystander is preempted
//     after 10 ms. By then sysmon sleeps for 5 or 10 ms at a time, and it retakes a P
//     only when it sees the same call a second time. So the bystander stands still for
//     some 15 ms, once for 13 to 40 ms of work.
//
// A phase of 16 ms had one such stall or none, a share of 0.5 or of 1. So in
// syscall a phase beside tasks is eight times as long, to have several stalls,
// and a phase alone twice as long. procs=2 has one P more, on the same CPU, for
// a woken task to take. In disk the bystander also loses the CPU time that the
// system needs to write, with threads as with goroutines: compare with clone.
var Family = measure.Family{Family: catalog.Block, Cases: blockCases()}

const (
	settling    = 50 * time.Millisecond
	afterMaking = 5 * time.Millisecond // after making the tasks: for the poller's events
	blockWarm   = 3000                 // chunks off the clock, some 30 ms: sysmon backs off within some 25 ms
	blockPhases = 3                    // with the tasks, each between two without
	fewerPhases = 2                    // the same in a run that has little time
	blockEvery  = 80                   // chunks from one wake-up to the next
)

// A phaseLength is the number of chunks in a phase, some 10 us each: a multiple
// of blockEvery.
type phaseLength struct{ alone, beside int }

// blockLength returns the phases' lengths. On one CPU a system call may cause
// stalls of 15 ms; otherwise only the wake-ups hold the bystander up.
func blockLength(wait, procs string) phaseLength {
	switch {
	case wait == "syscall" && procs != "all":
		return phaseLength{3200, 12_800}
	case procs == "all":
		return phaseLength{3200, 3200}
	}
	return phaseLength{1600, 1600}
}

var blockSizes = map[string][]int{"net": {1, 10, 100, 1000}, "syscall": {1, 10, 100, 1000}, "disk": {1, 4, 16}}

func blockCases() []measure.Case {
	var cases []measure.Case
	row := func(impl, wait, procs string, n int) {
		c := measure.Case{
			Name: catalog.Name{Family: "Block"}.With("impl", impl).With("wait", wait).With("procs", procs),
			Once: 1, CPUs: 1, Procs: 1, Env: arm.Still,
			// These decide. A thousand threads take a second to make.
			Quick:    procs == "all" && wait == "syscall" && n < 1000 || impl == "goroutine" && wait == "net" && (n == 1 || n == 1000),
			OpenOnce: openBlock(impl, wait, procs, n),
		}
		switch procs {
		case "2":
			c.Procs = 2
		case "all":
			c.CPUs, c.Procs = 0, 0 // all of them
		}
		cases = append(cases, c.WithN(n))
	}
	for _, wait := range []string{"net", "syscall", "disk"} {
		for _, n := range blockSizes[wait] {
			for _, impl := range []string{"goroutine", "locked", "clone", "floor"} {
				if impl != "floor" || n == 1 {
					row(impl, wait, "", n)
				}
			}
		}
	}
	for _, n := range []int{1, 1000} {
		row("goroutine", "syscall", "2", n)
	}
	for _, n := range []int{1, 100, 1000} {
		row("goroutine", "syscall", "all", n)
	}
	row("goroutine", "disk", "all", 4)
	row("clone", "disk", "all", 4)
	return cases
}

// waitingTasks are tasks that wait.
type waitingTasks struct {
	arrive func(woken int)       // returns when the tasks have been woken that often in all, and wait again
	wake   func(time int) error  // sends a byte to the next task; time counts the wake-ups
	asleep func() (int, error)   // returns how many of the tasks are blocked
	end    func(woken int) error // ends the tasks; an error if they haven't done what they were woken for
}

func openBlock(impl, wait, procs string, n int) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		a := &blockArm{n: n, length: blockLength(wait, procs)}
		if impl != "floor" {
			if err := blockLimits(impl, wait, n); err != nil {
				return nil, err
			}
			makeTasks, err := maker(impl, wait, n)
			if err != nil {
				return nil, err
			}
			a.makeTasks = makeTasks
			// The ledger of claims judges how many threads goroutines take.
			if impl == "locked" || impl == "clone" {
				a.leastThreads = n
			}
		}
		var err error
		if a.silent, a.close, err = nobody(wait); err != nil {
			return nil, err
		}
		if impl == "floor" {
			a.makeTasks = func() (waitingTasks, error) {
				return waitingTasks{func(int) {}, a.silent, func() (int, error) { return n, nil }, func(int) error { return nil }}, nil
			}
		}
		return a, nil
	}
}

// blockLimits returns a *lockstep.Skip if there is no room for the tasks'
// threads. A goroutine needs one as well while it is in a system call.
func blockLimits(impl, wait string, n int) error {
	if impl == "goroutine" && wait == "net" {
		return nil
	}
	return arm.Headroom(arm.NeedOf(n, impl != "clone"))
}

type blockArm struct {
	n            int
	length       phaseLength
	leastThreads int // of the process, while they wait
	makeTasks    func() (waitingTasks, error)
	silent       func(time int) error // writes a byte that nobody reads
	close        func() error
}

// Measure has the bystander work alone and beside the tasks in turn.
func (a *blockArm) Measure() (lockstep.Slice, error) {
	rate := arm.NewTickRate()
	alone := func() (bystanding, error) { return bystand(a.length.alone, a.silent, nil) }
	if _, err := alone(); err != nil { // to warm up
		return lockstep.Slice{}, err
	}
	first, err := alone()
	if err != nil {
		return lockstep.Slice{}, err
	}
	with, without := []bystanding{}, []bystanding{first}
	made := 0
	phases := blockPhases
	if measure.Fewer() {
		phases = fewerPhases
	}
	for range phases {
		b, there, err := a.beside()
		if err != nil {
			return lockstep.Slice{}, err
		}
		if len(with) == 0 {
			made = there
		}
		settle()
		next, err := alone()
		if err != nil {
			return lockstep.Slice{}, err
		}
		with, without = append(with, b), append(without, next)
	}
	ns, err := rate.Ns()
	if err != nil {
		return lockstep.Slice{}, err
	}
	s, err := figuresOf(with, ns)
	if err != nil {
		return s, err
	}
	undisturbed, err := figuresOf(without, ns)
	if err != nil {
		return s, err
	}
	s.Figures["delay-ns"] = max(0, s.Figures["p99-ns"]-undisturbed.Figures["p99-ns"])
	s.Figures["alone-ns"] = perChunk(without)
	s.Figures["bystander-share"] = perChunk(without) / perChunk(with)
	s.Figures["threads"] = float64(made)
	return s, nil
}

// settle waits while the kernel cleans up after the tasks. A joined thread is
// not yet gone, and the kernel frees its memory later still, on the same CPU.
// Right after a thousand threads, the bystander alone is a sixth slower than it
// was beside them.
func settle() { time.Sleep(settling) }

// beside does a phase of the bystander's work beside the tasks, and returns the
// number of threads.
func (a *blockArm) beside() (b bystanding, threads int, err error) {
	c, err := a.makeTasks()
	if err != nil {
		return b, 0, err
	}
	wakes := a.length.beside / blockEvery
	c.arrive(0)
	err = arm.AllAsleep(a.n, c.asleep)
	threads = arm.ThreadsNow()
	if err == nil && threads < a.leastThreads {
		err = fmt.Errorf("expected at least %d threads of this process while %d tasks wait, seen %d", a.leastThreads, a.n, threads)
	}
	if err == nil {
		time.Sleep(afterMaking)
		b, err = bystand(a.length.beside, c.wake, func() { c.arrive(wakes) })
		threads = max(threads, arm.ThreadsNow())
	}
	if err != nil {
		return b, threads, errors.Join(err, c.end(0))
	}
	return b, threads, c.end(wakes)
}

func (a *blockArm) Close() error {
	err := arm.Leaks()
	if a.close != nil {
		err = errors.Join(err, a.close())
	}
	return err
}

// A bystanding is a phase of a bystander's work.
type bystanding struct {
	elapsed time.Duration
	stamps  []int64 // at the beginning of each chunk, and at the end of the last one
}

// perChunk returns the time of a chunk in ns: that of all phases over their
// chunks.
func perChunk(phases []bystanding) float64 {
	var elapsed time.Duration
	chunks := 0
	for _, b := range phases {
		elapsed += b.elapsed
		chunks += len(b.stamps) - 1
	}
	return float64(elapsed) / float64(chunks)
}

// bystand does a phase of a bystander's work: that many chunks, after some off
// the clock. It wakes a task every blockEvery chunks. drain, which may be nil,
// returns when the tasks have done what they were woken for. Only CPU time
// counts while drain runs: a task that waits for its disk holds nobody up.
func bystand(chunks int, wake func(time int) error, drain func()) (bystanding, error) {
	s := goroutines.NewStamps(chunks + 1)
	if x := goroutines.Work(1, blockWarm*goroutines.WorkChunk); x != goroutines.Worked(1, blockWarm*goroutines.WorkChunk) {
		return bystanding{}, errors.New("expected the right result of the bystander's work off the clock, seen another")
	}
	x, began, wakes := uint64(1), time.Now(), 0
	for chunk := range chunks {
		s.Put()
		if (chunk+1)%blockEvery == 0 {
			if err := wake(wakes); err != nil {
				return bystanding{}, err
			}
			wakes++
		}
		x = goroutines.Work(x, goroutines.WorkChunk)
	}
	s.Put()
	b := bystanding{time.Since(began), s.All()}
	if drain != nil {
		spent, began := host.CpuTime(), time.Now()
		drain()
		if now := host.CpuTime(); now >= 0 {
			b.elapsed += time.Duration(now - spent)
		} else { // unknown
			b.elapsed += time.Since(began)
		}
	}
	if want := goroutines.Worked(1, chunks*goroutines.WorkChunk); x != want {
		return b, fmt.Errorf("expected the bystander's work to have the result %d, seen %d", want, x)
	}
	return b, nil
}

// figuresOf returns the figures of phases of one length: the mean time of a
// chunk, and percentiles over all chunks.
func figuresOf(phases []bystanding, nsPerTick float64) (lockstep.Slice, error) {
	s := lockstep.Slice{Ops: len(phases[0].stamps) - 1}
	var ticks []int64
	for _, b := range phases {
		n := len(b.stamps) - 1
		each, err := arm.Intervals(b.stamps[:n], b.stamps[1:])
		if err != nil {
			return s, err
		}
		ticks = append(ticks, each...)
	}
	s.Elapsed = time.Duration(perChunk(phases) * float64(s.Ops))
	cost, err := arm.StampCost(false)
	if err != nil {
		return s, err
	}
	s.Figures, err = arm.Distribution(ticks, nsPerTick, cost)
	return s, err
}
