//go:build linux && (amd64 || arm64)

package threads

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/goroutines"
)

// Supported tells whether there are raw threads here.
const Supported = true

// MapsPerThread is how many memory maps a raw thread takes of
// vm.max_map_count: its stack and its guard page. The guard is made by
// mprotect on every kernel. MADV_GUARD_INSTALL (6.13) would need no second
// map, but then a newer kernel would seem to have changed what a thread costs.
const MapsPerThread = 2

// pageBytes is the kernel's page: on arm64 it may be 16 or 64 KiB.
var pageBytes = unix.Getpagesize()

// lateSlot is how long a refused clone is tried again: a join returns a little
// before the kernel frees the slot of the thread joined (up to 2.3 ms seen),
// so at a limit the next clone may come too early.
const lateSlot = 20 * time.Millisecond

// Registered by every raw thread and mapping of this package, for Alive.
var alive, mapped atomic.Int64

// Alive is the number of raw threads started and not joined, and of mappings
// not unmapped. Both are 0 when nothing leaks.
func Alive() (raw, mappings int) { return int(alive.Load()), int(mapped.Load()) }

// LeastStack is the least stack in bytes, a multiple of the page, on which a
// body that touches depth bytes runs; the thread's control words stand on it
// too.
func LeastStack(depth int) int {
	return (depth + bodyBytes + int(controlBytes) + pageBytes - 1) &^ (pageBytes - 1)
}

// DefaultStack is what a C thread's stack gets by default, in bytes: the soft
// RLIMIT_STACK, or 2 MiB where that is unlimited (pthread_create(3)).
func DefaultStack() int {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_STACK, &r); err != nil || r.Cur > 1<<40 {
		return 2 << 20
	}
	return max(int(r.Cur)&^(pageBytes-1), LeastStack(0))
}

func (e *StartError) remedy() string {
	switch {
	case errors.Is(e.Err, unix.EAGAIN):
		return "a limit on threads is met: see Limits, and raise the one that it names"
	case errors.Is(e.Err, unix.ENOMEM):
		return "memory, vm.max_map_count or vm.overcommit_memory is met: hold fewer threads or give them smaller stacks"
	case errors.Is(e.Err, unix.EMFILE), errors.Is(e.Err, unix.ENFILE):
		return "file descriptors are used up: raise ulimit -n"
	case errors.Is(e.Err, unix.EINVAL) && strings.HasPrefix(e.Step, "sched_setaffinity"):
		return "pick a CPU that the affinity mask and the cpuset allow"
	}
	return "a seccomp filter or a security module may forbid it: allow it, or leave the raw threads out"
}

// thread is one raw thread: its control, at the top of its mapping.
type thread struct {
	control *control
	mapping mapping
}

// newThread maps a stack of that many usable bytes (a multiple of the page)
// above a guard page and prepares the body. Nothing runs yet.
func newThread(body uintptr, stack int) (thread, error) {
	m, err := mapMemory(uintptr(stack + pageBytes))
	if err != nil {
		return thread{}, startError("mmap", err, stack)
	}
	if err := m.guard(); err != nil {
		m.unmap()
		return thread{}, startError("mprotect", err, stack)
	}
	c := m.top()
	c.body = body
	if faultsWatched {
		c.body, c.then = pcs.watch, body
	}
	c.blocked = ^uint64(0)
	c.asks = sampleEvery - 1
	return thread{c, m}, nil
}

func startError(step string, err error, stack int) error {
	return &StartError{Step: step, Err: err, Alive: int(alive.Load()), Stack: stack}
}

// start makes the thread run. If that fails its mapping stays.
func (t thread) start() error {
	var until time.Time
	for {
		result := clone(t.control)
		if result > 0 {
			alive.Add(1)
			return nil
		}
		err := unix.Errno(-result)
		now := time.Now()
		if until.IsZero() {
			until = now.Add(lateSlot)
		}
		if err != unix.EAGAIN || now.After(until) {
			return startError("clone", err, int(t.mapping.size)-pageBytes)
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// join waits until the thread has exited.
func (t thread) join() {
	for tid := atomic.LoadUint32(&t.control.tid); tid != 0; tid = atomic.LoadUint32(&t.control.tid) {
		waitWhile(&t.control.tid, tid, true)
	}
	alive.Add(-1)
}

// A Herd is a growing number of raw threads that touch their stack to a
// depth, park on one futex, and exit together.
type Herd struct {
	body    uintptr
	stack   int // usable bytes
	depth   int
	fds     []int // what each works on, in the order in which they are made, or what all of them do
	outs    []int // one more for each, if not nil
	steps   int   // of work that each does in its turn
	turned  bool  // the turns have been given
	shared  mapping
	words   *herd
	members []thread
	ends    []End
	echoed  int64 // by those that were joined
	failed  error // of one of those
}

// NewHerd prepares threads with that many bytes of stack each, of which each
// touches depth bytes before it parks. The stack has to be a LeastStack(depth)
// at least. A refused mapping is a *StartError.
func NewHerd(stack, depth int) (*Herd, error) { return newHerd(pcs.park, stack, depth, []int{-1}) }

// NewEchoers prepares a thread for each of the file descriptors, which are to
// be in blocking mode: it reads up to 64 bytes, writes them back, and exits
// when there is no more to read. See Echoed. A refused mapping is a
// *StartError.
func NewEchoers(stack int, fds []int) (*Herd, error) { return newHerd(pcs.echo, stack, 0, fds) }

func newHerd(body uintptr, stack, depth int, fds []int) (*Herd, error) {
	if depth < 0 || stack < LeastStack(depth) {
		panic(fmt.Sprintf("threads: a stack of %d bytes is too small to touch %d: LeastStack is %d", stack, depth, LeastStack(depth)))
	}
	shared, err := mapMemory(uintptr(pageBytes))
	if err != nil {
		return nil, startError("mmap", err, stack)
	}
	return &Herd{body: body, stack: (stack + pageBytes - 1) &^ (pageBytes - 1), depth: depth, fds: fds, shared: shared, words: shared.herdAt()}, nil
}

// workSeed is what a worker's steps begin with.
const workSeed = 1

// NewWorkers prepares threads that park until they are given a turn, do so
// many steps of goroutines.Work in it, at least one, and park again. The stack
// has to be a LeastStack(0) at least. A refused mapping is a *StartError.
func NewWorkers(stack, steps int) (*Herd, error) {
	if steps < 1 {
		panic(fmt.Sprintf("threads: %d steps of work", steps))
	}
	h, err := newHerd(pcs.work, stack, 0, []int{-1})
	if err == nil {
		h.steps = steps
	}
	return h, err
}

// Make starts n more threads. If one is refused it says so by a *StartError;
// those made before it stay in the herd.
func (h *Herd) Make(n int) error {
	h.words.expect(len(h.members) + n)
	for range n {
		if err := h.add(); err != nil {
			h.words.expect(len(h.members))
			return err
		}
	}
	return nil
}

func (h *Herd) add() error {
	t, err := newThread(h.body, h.stack)
	if err != nil {
		return err
	}
	t.control.herd = h.words
	t.control.depth = uintptr(h.depth)
	t.control.fd = int64(h.fds[len(h.members)%len(h.fds)])
	t.control.n, t.control.work = uint64(h.steps), workSeed
	if h.outs != nil {
		t.control.out = int32(h.outs[len(h.members)])
	}
	if err := t.start(); err != nil {
		t.mapping.unmap()
		return err
	}
	h.members = append(h.members, t)
	return nil
}

// expect has the n-th arrival wake who waits.
func (h *herd) expect(n int) { atomic.StoreUint32(&h.want, uint32(n)) }

// Wait returns when every thread of the herd has touched its stack and is
// about to park, or to block in a system call.
func (h *Herd) Wait() {
	for {
		arrived := atomic.LoadUint32(&h.words.arrived)
		if int(arrived) >= len(h.members) {
			return
		}
		waitWhile(&h.words.arrived, arrived, false)
	}
}

// Turns gives each worker its turn, one after the other without waiting for
// what it does in it, and returns when all have done their work. It is for
// once, when Wait has returned. each is called after every turn given; nil
// does nothing.
func (h *Herd) Turns(each func()) {
	h.turned = true
	for range h.members {
		atomic.AddUint32(&h.words.turns, 1)
		wakeOne(&h.words.turns)
		if each != nil {
			each()
		}
	}
	for {
		worked := atomic.LoadUint32(&h.words.worked)
		if int(worked) >= len(h.members) {
			return
		}
		waitWhile(&h.words.worked, worked, false)
	}
}

// Worked is how many workers have done their work, and done it right. It is
// for after Turns.
func (h *Herd) Worked() int {
	want, right := goroutines.Worked(workSeed, h.steps), 0
	for _, t := range h.members {
		if atomic.LoadUint64(&t.control.work) == want {
			right++
		}
	}
	return right
}

// Release lets every parked thread of the herd exit. Workers that were given
// no turn are given it first.
func (h *Herd) Release() {
	if h.steps > 0 && !h.turned {
		h.Turns(nil)
	}
	setAndWake(&h.words.release, 1)
}

// Join waits until every thread of the herd has exited and unmaps all that
// the herd has mapped. The Herd can't be used after it.
func (h *Herd) Join() {
	for _, t := range h.members {
		t.join()
		h.ends = append(h.ends, End{Turns: int64(t.control.calls), Got: t.control.got})
		h.tally(t.control)
		t.mapping.unmap()
	}
	h.members = nil
	h.shared.unmap()
}

// tally takes down what a thread that has exited did.
func (h *Herd) tally(c *control) {
	h.echoed += int64(c.echoed)
	switch {
	case c.failed < 0:
		h.failed = fmt.Errorf("a raw thread that echoes: write: %w", unix.Errno(-c.failed))
	case c.failed > 0 || c.failed == 0 && c.got > 0 && h.body == pcs.echo:
		h.failed = fmt.Errorf("a raw thread that echoes: expected to write back %d bytes, seen %d", c.got, c.failed)
	case c.got < 0 && h.body == pcs.echo && unix.Errno(-c.got) != unix.ECONNRESET:
		h.failed = fmt.Errorf("a raw thread that echoes: read: %w", unix.Errno(-c.got))
	}
}

// Echoed is how many bytes the threads of a herd of NewEchoers have written
// back; after Join. Its error is a call that failed, but for the end of what
// is read: of a connection its reset, too.
func (h *Herd) Echoed() (bytes int64, err error) { return h.echoed, h.failed }

// TIDs are the thread ids that the threads themselves got from gettid(2), in
// the order in which they were made; complete after Wait.
func (h *Herd) TIDs() []int {
	tids := make([]int, len(h.members))
	for i, t := range h.members {
		tids[i] = int(atomic.LoadUint32(&t.control.seen))
	}
	return tids
}

// A Driver is a raw thread that does ops when it is given a turn and times
// them itself, and its peer or its children. It sleeps between the turns.
type Driver struct {
	driver  thread
	peer    *thread
	ops     int // ops in one call
	fds     []int
	array   mapping // the children's controls, as pointers, or the instants to wake at
	spawned []thread
	stamps  []stamps
	hold    bool
}

// stamps is the memory that a thread puts its stamps into.
type stamps struct {
	of      *control
	perCall int
	mapping mapping
	all     []int64
}

// Hold has each Run from here on wait for the end of its turn without telling
// the scheduler, so that the goroutine keeps its P: a collection then waits for
// the turn's end, and nothing takes the P meanwhile.
func (d *Driver) Hold() { d.hold = true }

// NewPair makes two raw threads that hand the turn to each other. One op is
// one hand-off. A refused thread is a *StartError.
func NewPair(op Op) (*Driver, error) { return newPair(op, 0) }

// NewStampedPair is NewPair for one turn of trips round trips at the most, in
// which each thread takes a stamp when it has got the turn: see Stamps. They
// aren't asked for their CPU meanwhile. The Op is Futex or Pipe.
func NewStampedPair(op Op, trips int) (*Driver, error) { return newPair(op, trips) }

func newPair(op Op, trips int) (*Driver, error) {
	drive, serve := op.bodies(trips > 0)
	d, err := newDriver(drive, 2)
	if err != nil {
		return nil, err
	}
	peer, err := newThread(serve, LeastStack(0))
	if err != nil {
		d.discard()
		return nil, err
	}
	d.peer = &peer
	a, b := d.driver.control, peer.control
	b.other, a.other = a, b
	if trips > 0 {
		for _, c := range []*control{a, b} {
			if err := d.stamp(c, trips, 1); err != nil {
				d.discard()
				return nil, err
			}
		}
	}
	if op == Pipe || op == PipeCalled {
		there, back, err := d.pipes()
		if err != nil {
			d.discard()
			return nil, err
		}
		a.out, b.in = int32(there[1]), int32(there[0])
		b.out, a.in = int32(back[1]), int32(back[0])
	}
	return d.startAll()
}

// NewFloor makes one raw thread that makes the system calls of a hand-off
// with nobody to hand anything to: a wake that finds nobody and a wait that
// doesn't, a byte through a pipe that it reads itself, a yield to nobody. One
// op is one hand-off's calls. The Op is Futex, Pipe or Yield.
func NewFloor(op Op) (*Driver, error) {
	drive, ok := map[Op]uintptr{Futex: pcs.driveMiss, Pipe: pcs.drivePipe, Yield: pcs.driveYield}[op]
	if !ok {
		panic(fmt.Sprintf("threads: no floor of Op %d", op))
	}
	d, err := newDriver(drive, 1)
	if err != nil {
		return nil, err
	}
	if op == Pipe {
		there, err := d.pipe()
		if err != nil {
			d.discard()
			return nil, err
		}
		d.driver.control.in, d.driver.control.out = int32(there[0]), int32(there[1])
	}
	return d.startAll()
}

// stamp makes room for the stamps of so many calls of a thread that doesn't
// run yet.
func (d *Driver) stamp(c *control, calls, perCall int) error {
	n := calls*perCall + 1 // a peer that is woken to quit takes one more
	m, err := mapMemory(uintptr((n*8 + pageBytes - 1) &^ (pageBytes - 1)))
	if err != nil {
		return startError("mmap", err, LeastStack(0))
	}
	all := m.words(n)
	for i := range all {
		all[i] = -1 // it is mapped when it is first written to
	}
	c.stamps, c.asks = &all[0], sampleOnce
	d.stamps = append(d.stamps, stamps{c, perCall, m, all})
	return nil
}

// Stamps are the instants that the driver has stamped, in the ticks of
// goroutines.Ticks, and those of its peer or child, in order, with those of
// the warm-up. They are for after a turn.
func (d *Driver) Stamps() (driver, other []int64) {
	for _, s := range d.stamps {
		taken := s.all[:s.of.stamped]
		if s.of == d.driver.control {
			driver = taken
		} else {
			other = taken
		}
	}
	return driver, other
}

// NewStamper makes a raw thread that takes two stamps one after the other, n
// times at the most, and does nothing else: what a stamp costs.
func NewStamper(n int) (*Driver, error) { return newStamper(pcs.driveStamp, 0, n) }

// NewGrower makes a raw thread that takes a stamp, touches each page of its
// stack down to a depth in bytes, and takes another. It is for one op: the
// pages below its first one have not been touched then.
func NewGrower(depth int) (*Driver, error) { return newStamper(pcs.driveGrow, depth, 1) }

func newStamper(drive uintptr, depth, n int) (*Driver, error) {
	d, err := newDeepDriver(drive, depth, 1)
	if err != nil {
		return nil, err
	}
	if err := d.stamp(d.driver.control, n, 2); err != nil {
		d.discard()
		return nil, err
	}
	return d.startAll()
}

// NewCreator makes a raw thread that makes threads, batch of them one after
// the other, each of which exits at once, and then joins them, on stacks that
// are mapped beforehand. One op is one thread made and joined.
func NewCreator(batch int) (*Driver, error) {
	if batch < 1 {
		panic(fmt.Sprintf("threads: a batch of %d threads", batch))
	}
	return newCreator(batch, 0)
}

// NewStampedCreator is NewCreator(1) for one turn of n threads at the most,
// with a stamp before each clone, the driver's, and one as the thread's first
// instruction.
func NewStampedCreator(n int) (*Driver, error) { return newCreator(1, n) }

func newCreator(batch, stamped int) (*Driver, error) {
	drive, body := pcs.driveCreate, pcs.exit
	if stamped > 0 {
		drive, body = pcs.driveCreateStamped, pcs.begin
	}
	d, err := newDriver(drive, batch)
	if err != nil {
		return nil, err
	}
	d.array, err = mapMemory(uintptr((batch*8 + pageBytes - 1) &^ (pageBytes - 1)))
	if err != nil {
		d.discard()
		return nil, startError("mmap", err, LeastStack(0))
	}
	controls := d.array.controls(batch)
	for i := range controls {
		t, err := newThread(body, LeastStack(0))
		if err != nil {
			d.discard()
			return nil, err
		}
		d.spawned = append(d.spawned, t)
		controls[i] = t.control
	}
	if stamped > 0 {
		for _, c := range []*control{d.driver.control, controls[0]} {
			if err := d.stamp(c, stamped, 1); err != nil {
				d.discard()
				return nil, err
			}
		}
	}
	d.driver.control.children = &controls[0]
	d.driver.control.batch = uint64(batch)
	return d.startAll()
}

// bodies are those of the two threads of a pair.
func (op Op) bodies(stamped bool) (drive, serve uintptr) {
	switch {
	case op == Futex && stamped:
		return pcs.driveFutexStamped, pcs.serveFutexStamped
	case op == Pipe && stamped:
		return pcs.drivePipeStamped, pcs.servePipeStamped
	case stamped:
	case op == Futex:
		return pcs.driveFutex, pcs.serveFutex
	case op == Pipe:
		return pcs.drivePipe, pcs.servePipe
	case op == Yield:
		return pcs.driveYield, pcs.serveYield
	case op == FutexCalled:
		return pcs.driveFutexCalled, pcs.serveFutexCalled
	case op == PipeCalled:
		return pcs.drivePipeCalled, pcs.servePipeCalled
	}
	panic(fmt.Sprintf("threads: no Op %d, stamped: %v", op, stamped))
}

func newDriver(body uintptr, ops int) (*Driver, error) { return newDeepDriver(body, 0, ops) }

func newDeepDriver(body uintptr, depth, ops int) (*Driver, error) {
	t, err := newThread(body, LeastStack(depth))
	if err != nil {
		return nil, err
	}
	t.control.depth = uintptr(depth)
	return &Driver{driver: t, ops: ops}, nil
}

func (d *Driver) pipe() (fds [2]int, err error) {
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return fds, startError("pipe2", err, LeastStack(0))
	}
	d.fds = append(d.fds, fds[:]...)
	return fds, nil
}

func (d *Driver) pipes() (there, back [2]int, err error) {
	if there, err = d.pipe(); err != nil {
		return
	}
	back, err = d.pipe()
	return
}

// startAll starts the peer and the driver, or discards everything.
func (d *Driver) startAll() (*Driver, error) {
	if d.peer != nil {
		if err := d.peer.start(); err != nil {
			d.discard()
			return nil, err
		}
	}
	if err := d.driver.start(); err != nil {
		d.stopPeer()
		d.discard()
		return nil, err
	}
	return d, nil
}

// discard unmaps and closes what no thread runs on any more.
func (d *Driver) discard() {
	d.driver.mapping.unmap()
	if d.peer != nil {
		d.peer.mapping.unmap()
	}
	for _, t := range d.spawned {
		t.mapping.unmap()
	}
	if d.array.size > 0 {
		d.array.unmap()
	}
	for _, s := range d.stamps {
		s.mapping.unmap()
	}
	for _, fd := range d.fds {
		unix.Close(fd)
	}
}

// Pin holds the driver and its peer on one CPU each. A refusal is a
// *StartError.
func (d *Driver) Pin(driver, peer int) error {
	for _, p := range []struct {
		t   *thread
		cpu int
	}{{&d.driver, driver}, {d.peer, peer}} {
		if p.t == nil {
			continue
		}
		tid := atomic.LoadUint32(&p.t.control.tid)
		if err := PinThread(int(tid), p.cpu); err != nil {
			return startError(fmt.Sprintf("sched_setaffinity to CPU %d", p.cpu), err, LeastStack(0))
		}
	}
	return nil
}

// Run gives the driver a turn: it does warm ops off the clock and n on it,
// both rounded up to whole calls, and answers what they took. A system call
// that failed on the way is an error, and then there is no figure.
func (d *Driver) Run(n, warm int) (Timing, error) {
	c := d.driver.control
	calls := uint64((n + d.ops - 1) / d.ops)
	c.n = calls
	c.warm = uint64((warm + d.ops - 1) / d.ops)
	answered, samples, crossed, spawned := int64(0), c.samples, c.crossed, c.spawned
	if d.peer != nil {
		answered = int64(atomic.LoadUint64(&d.peer.control.calls))
	}
	for _, st := range d.stamps {
		if wanted := st.of.stamped + uint64(st.perCall)*(c.n+c.warm); wanted >= uint64(len(st.all)) {
			return Timing{}, fmt.Errorf("running a raw thread for %d ops: %d stamps wanted, there is room for %d", n, wanted, len(st.all)-1)
		}
	}
	before, got := c.calls, c.got
	if d.peer != nil {
		atomic.StoreUint32(&d.peer.control.cpu, noCPU)
	}
	over := atomic.LoadUint32(&c.done)
	setAndWake(&c.gate, over+1)
	if d.hold {
		holdWhile(&c.done, over)
	} else {
		waitWhile(&c.done, over, false)
	}

	if errno := d.failure(); errno != 0 {
		return Timing{}, fmt.Errorf("running a raw thread for %d ops: a system call of the body failed: %w", n, errno)
	}
	if made := c.calls - before; made != c.n+c.warm {
		return Timing{}, fmt.Errorf("running a raw thread for %d ops: %d calls made instead of %d", n, made, c.n+c.warm)
	}
	t := Timing{
		Ops:      int(calls) * d.ops,
		Elapsed:  time.Duration(unix.TimespecToNsec(c.end) - unix.TimespecToNsec(c.start)),
		Switches: c.after.Nvcsw + c.after.Nivcsw - c.before.Nvcsw - c.before.Nivcsw,
		Samples:  int64(c.samples - samples),
		Crossed:  int64(c.crossed - crossed),
		Spawned:  int64(c.spawned - spawned),
		Faults:   c.after.Minflt - c.before.Minflt,
		Bytes:    c.got - got,
	}
	if d.peer != nil {
		t.Answers = int64(atomic.LoadUint64(&d.peer.control.calls)) - answered
	}
	return t, nil
}

// failure is what a system call of the driver or its peer has failed with
// since it was last asked, 0 if none has.
func (d *Driver) failure() unix.Errno {
	result := atomic.SwapInt64(&d.driver.control.failed, 0)
	if d.peer != nil {
		result = min(result, atomic.SwapInt64(&d.peer.control.failed, 0))
	}
	return unix.Errno(-result)
}

// Close ends the driver and its peer, joins them and gives back what they
// had.
func (d *Driver) Close() error {
	c := d.driver.control
	atomic.StoreUint32(&c.quit, 1)
	setAndWake(&c.gate, atomic.LoadUint32(&c.done)+1)
	d.driver.join()
	d.stopPeer()
	d.discard()
	return nil
}

// stopPeer wakes the peer out of whatever take it waits in, and joins it.
func (d *Driver) stopPeer() {
	if d.peer == nil {
		return
	}
	p := d.peer.control
	atomic.StoreUint32(&p.quit, 1)
	setAndWake(&p.turn, 1)
	setAndWake(&p.other.run, 1)
	if len(d.fds) > 0 {
		unix.Write(d.fds[1], []byte{0})
	}
	d.peer.join()
}
