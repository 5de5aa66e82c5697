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

// Block: whether tasks that wait hold up one that works.
//
// A bystander does fixed work, chunk by chunk, while n tasks wait. It is a
// goroutine in every arm, the same one. It takes place on one CPU with
// GOMAXPROCS=1, the sharpest place: whoever keeps the CPU, or the only P, keeps
// it from the bystander. procs=all is a program as people run it, on all CPUs
// with as many Ps. ONE op is one chunk of the bystander's work while the tasks
// wait.
//
// The bystander works alone and beside the tasks in turn, so that what moves
// the machine moves both; they are made before each of the phases with them
// and are gone, with what the kernel has to clear away after them, before the
// next one without. Before each phase the bystander sleeps, and then works for
// a while off the clock: making the tasks leaves the poller with an event for
// each new socket and sysmon looking every 20 us, and neither is what waiting
// tasks cost. bystander-share is how fast it works beside them over how fast it
// works alone, over all phases, so that a stall in one of them counts.
// threads is how many the process has in the first phase with them, the
// runtime's own among them: over n, the slope tells. The percentiles are of the
// time from the beginning of a chunk to the next one's, some 10 us of work and
// what it is held up by. One chunk in 80 has a byte to send as well: the 99th
// percentile is one of those, and delay-ns is by how much it is above that of
// the bystander alone, which sends as many. A stall of sysmon's 10 ms comes
// once in some thousand chunks: no percentile up to the 99th shows it, max-ns
// does, and bystander-share has its part of it.
//
// wait says what the tasks wait for:
//
//	net      a byte from a silent socket, one of a pair each: a goroutine and a
//	         locked one wait in the runtime's poller (the kind of every
//	         net.Conn), a raw thread in read(2).
//	syscall  a byte from a pipe of its own in a blocking read(2), outside the
//	         poller.
//	disk     a byte as in net, and then for a record to be written and synced
//	         (fsync(2)) to a file of its own, which is on a file system that
//	         isn't in memory.
//
// Silent isn't dead: every 80 chunks, about 1 ms, the bystander sends a byte to
// the next one of the tasks, 20 times in a phase or more, which reads it and
// waits again.
// Alone it writes as many that nobody reads, so that its own system calls
// cancel out. To the time comes the CPU time that passes until all of them have
// been read: a scheduler that puts off the tasks that were woken has to do
// their work in the end. The bystander gains by that, and they lose; Wakeup has
// what they lose.
//
// The floor is the bystander beside nobody: what the figures are worth.
//
// It favours the raw thread in wait=syscall, since a goroutine that blocks
// there takes the P with it until the runtime's monitor, sysmon, takes it away.
// sysmon looks every 20 us while it has something to take, and after 1 ms
// without more and more seldom, up to every 10 ms. With n=1 the share lies
// between two states. Where a P is taken from each that was woken, 0.8 ms after
// the last one, sysmon stays awake, and nothing is held up by more than some
// 0.1 ms. Where the one that was woken finds the P taken, it waits until the
// bystander is preempted after 10 ms; by then sysmon sleeps for 5 or 10 ms at a
// time, and as it takes the P at the second sight of the same call, the
// bystander stands for some 15 ms: once for 13 to 40 ms of work. A phase of 16
// ms had one such stall or none, a share of 0.5 or of 1; so in syscall a phase
// beside tasks is eight times as long, for several stalls, and one alone
// twice. procs=2 has one P more, on the same CPU, for it to take. In disk
// the CPU time that the system takes to write is lost to the bystander as well,
// with threads as with goroutines: read it against clone.
var Family = measure.Family{Family: catalog.Block, Cases: blockCases()}

const (
	settling    = 50 * time.Millisecond
	gathered    = 5 * time.Millisecond // after making the tasks: for the poller's events
	blockWarm   = 3000                 // chunks off the clock, some 30 ms: sysmon backs off in some 25
	blockPhases = 3                    // with the tasks, each between two without
	fewerPhases = 2                    // the same of a run that has little time
	blockEvery  = 80                   // chunks from one wake-up to the next
)

// A phaseLength is how many chunks of work a phase has, some 10 us each: a
// multiple of blockEvery.
type phaseLength struct{ alone, beside int }

// blockLength is that of each wait: a system call on one CPU is held up by stalls
// of 15 ms, the others by what a wake-up takes.
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
			// Which decide; a thousand threads take a second to make.
			Quick:    procs == "all" && wait == "syscall" && n < 1000 || impl == "goroutine" && wait == "net" && (n == 1 || n == 1000),
			OpenOnce: openBlock(impl, wait, procs, n),
		}
		switch procs {
		case "2":
			c.Procs = 2
		case "all":
			c.CPUs, c.Procs = 0, 0 // as they come
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

// A crowd is tasks that wait.
type crowd struct {
	arrive func(woken int)       // returns when they wait, having been woken so often all together
	wake   func(time int) error  // sends a byte to the next one, for the time-th time
	asleep func() (int, error)   // how many of them are blocked in what they wait for
	end    func(woken int) error // ends them, and fails if they haven't done what they were woken for
}

func openBlock(impl, wait, procs string, n int) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		a := &blockArm{n: n, length: blockLength(wait, procs)}
		if impl != "floor" {
			if err := blockLimits(impl, wait, n); err != nil {
				return nil, err
			}
			gather, err := gathering(impl, wait, n)
			if err != nil {
				return nil, err
			}
			a.gather = gather
			// How many threads goroutines take is for the ledger of claims to judge.
			if impl == "locked" || impl == "clone" {
				a.leastThreads = n
			}
		}
		var err error
		if a.silent, a.close, err = nobody(wait); err != nil {
			return nil, err
		}
		if impl == "floor" {
			a.gather = func() (crowd, error) {
				return crowd{func(int) {}, a.silent, func() (int, error) { return n, nil }, func(int) error { return nil }}, nil
			}
		}
		return a, nil
	}
}

// blockLimits is a *lockstep.Skip if there is no room for the tasks' threads.
// A goroutine has one as well while it is in a system call.
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
	gather       func() (crowd, error)
	silent       func(time int) error // writes a byte that nobody reads
	close        func() error
}

// Measure has the bystander work alone and beside the tasks in turn.
func (a *blockArm) Measure() (lockstep.Slice, error) {
	rate := arm.NewTickRate()
	alone := func() (bystanding, error) { return bystand(a.length.alone, a.silent, nil) }
	if _, err := alone(); err != nil { // it warms up
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

// settle waits while the kernel clears away what the tasks have left: a thread
// that was joined is not yet gone, and what it held is given back later still,
// on the same CPU. Right after a thousand of them the bystander is a sixth
// slower alone than it was beside them.
func settle() { time.Sleep(settling) }

// beside is a phase of the bystander's work beside the tasks, and how many
// threads there were.
func (a *blockArm) beside() (b bystanding, threads int, err error) {
	c, err := a.gather()
	if err != nil {
		return b, 0, err
	}
	wakes := a.length.beside / blockEvery
	c.arrive(0)
	err = arm.AllAsleep(a.n, c.asleep)
	threads = arm.ThreadsNow()
	if err == nil && threads < a.leastThreads {
		err = fmt.Errorf("expected %d threads of this process at least while %d tasks wait, seen %d", a.leastThreads, a.n, threads)
	}
	if err == nil {
		time.Sleep(gathered)
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

// perChunk is the time of a chunk, in ns: all of the phases over their chunks.
func perChunk(phases []bystanding) float64 {
	var elapsed time.Duration
	chunks := 0
	for _, b := range phases {
		elapsed += b.elapsed
		chunks += len(b.stamps) - 1
	}
	return float64(elapsed) / float64(chunks)
}

// bystand does a phase of a bystander's work, so many chunks after some off the
// clock: it wakes a task now and then and has drain, which may be nil, return
// when they have done what they were woken for. Of the time that takes, what
// the CPU works counts: a task that waits for its disk holds nobody up.
func bystand(chunks int, wake func(time int) error, drain func()) (bystanding, error) {
	s := goroutines.NewStamps(chunks + 1)
	if x := goroutines.Work(1, blockWarm*goroutines.WorkChunk); x != goroutines.Worked(1, blockWarm*goroutines.WorkChunk) {
		return bystanding{}, errors.New("expected the bystander's work off the clock to come to what it should")
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
		} else { // not to be had
			b.elapsed += time.Since(began)
		}
	}
	if want := goroutines.Worked(1, chunks*goroutines.WorkChunk); x != want {
		return b, fmt.Errorf("expected the bystander's work to come to %d, seen %d", want, x)
	}
	return b, nil
}

// figuresOf are the figures of the chunks of phases of the same length: the
// time is their mean, the percentiles are over all of them.
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
