//go:build linux && (amd64 || arm64)

package threads

import (
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A Driver is a raw thread that does ops in turns and times them itself, with
// its peer or its children. It sleeps between turns.
type Driver struct {
	driver  thread
	peer    *thread
	ops     int // in one call
	fds     []int
	spawned []thread
	mapped  []mapping // memory of its threads, apart from their stacks
	stamps  []stamps
	hold    bool
}

// stamps is the memory for one thread's stamps.
type stamps struct {
	of      *control
	perCall int
	all     []int64
}

// Hold makes each later Run keep the goroutine's P while it waits. A garbage
// collection then waits for the end of the turn, and nothing takes the P.
func (d *Driver) Hold() { d.hold = true }

// NewPair makes two raw threads that hand the turn to each other. One op is
// one hand-off. A refused thread is a *StartError.
func NewPair(op Op) (*Driver, error) { return newPair(op, 0) }

// NewStampedPair is NewPair for one turn of at most that many round trips. Each
// thread takes a stamp as soon as it has the turn: see Stamps. The
// threads ask for their CPU only in the first round trip. The Op is Futex or
// Pipe.
func NewStampedPair(op Op, trips int) (*Driver, error) { return newPair(op, trips) }

func newPair(op Op, trips int) (*Driver, error) {
	drive, serve := op.bodies(trips > 0)
	return newDriver(drive, 0, 2, func(d *Driver) error {
		if err := d.meet(serve); err != nil {
			return err
		}
		a, b := d.driver.control, d.peer.control
		if trips > 0 {
			if err := d.stamp(trips, 1, a, b); err != nil {
				return err
			}
		}
		if op != Pipe && op != PipeCalled {
			return nil
		}
		if err := d.pipe(a, b); err != nil {
			return err
		}
		return d.pipe(b, a)
	})
}

// NewFloor makes one raw thread that makes the system calls of a hand-off with
// nobody to hand anything to: a wake that finds no waiter and a wait that
// returns at once, a byte through a pipe that it reads itself, a yield to
// nobody. One op is one hand-off's calls; of Gettid it is one call.
func NewFloor(op Op) (*Driver, error) {
	drive, ok := map[Op]uintptr{
		Futex: pcs.driveMiss, Pipe: pcs.drivePipe, Yield: pcs.driveYield, Gettid: pcs.driveGettid,
		FutexCalled: pcs.driveMissCalled, PipeCalled: pcs.drivePipeCalled, YieldCalled: pcs.driveYieldCalled,
	}[op]
	if !ok {
		panic(fmt.Sprintf("threads: no floor of Op %d", op))
	}
	return newDriver(drive, 0, 1, func(d *Driver) error {
		if op == Pipe || op == PipeCalled {
			return d.pipe(d.driver.control, d.driver.control)
		}
		return nil
	})
}

// stamp maps room for the stamps of that many calls, for threads that don't run
// yet.
func (d *Driver) stamp(calls, perCall int, of ...*control) error {
	for _, c := range of {
		n := calls*perCall + 1 // a peer that is woken to quit takes one more
		m, err := d.memory(8 * n)
		if err != nil {
			return err
		}
		all := m.words(n)
		for i := range all {
			all[i] = -1 // touched now, so that no stamp has a page fault
		}
		c.stamps, c.asks = &all[0], sampleOnce
		d.stamps = append(d.stamps, stamps{c, perCall, all})
	}
	return nil
}

// Stamps returns the driver's stamps and those of its peer or child, in order,
// warm-up included, in the ticks of goroutines.Ticks. Call it after a turn.
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

// NewStamper makes a raw thread that takes two stamps in a row, at most n
// times, and does nothing else. The difference is the cost of a stamp.
func NewStamper(n int) (*Driver, error) { return newStamper(pcs.driveStamp, 0, n) }

// NewGrower makes a raw thread that takes a stamp, touches each page of its
// stack down to a depth in bytes, and takes another. It can do one op: after
// that its pages have been touched.
func NewGrower(depth int) (*Driver, error) { return newStamper(pcs.driveGrow, depth, 1) }

func newStamper(drive uintptr, depth, n int) (*Driver, error) {
	return newDriver(drive, depth, 1, func(d *Driver) error { return d.stamp(n, 2, d.driver.control) })
}

// NewCreator makes a raw thread that makes batch threads in a row, each of
// which exits at once, and then joins them. Their stacks are mapped beforehand.
// One op is one thread made and joined.
func NewCreator(batch int) (*Driver, error) {
	if batch < 1 {
		panic(fmt.Sprintf("threads: a batch of %d threads", batch))
	}
	return newCreator(batch, 0)
}

// NewStampedCreator is NewCreator(1) for one turn of at most n threads. The
// driver takes a stamp before each clone, and the new thread as its first
// instruction.
func NewStampedCreator(n int) (*Driver, error) { return newCreator(1, n) }

func newCreator(batch, stamped int) (*Driver, error) {
	drive, body := pcs.driveCreate, pcs.exit
	if stamped > 0 {
		drive, body = pcs.driveCreateStamped, pcs.begin
	}
	return newDriver(drive, 0, batch, func(d *Driver) error {
		m, err := d.memory(8 * batch)
		if err != nil {
			return err
		}
		c, controls := d.driver.control, m.controls(batch)
		for i := range controls {
			t, err := newThread(body, LeastStack(0))
			if err != nil {
				return err
			}
			d.spawned = append(d.spawned, t)
			controls[i] = t.control
		}
		c.children, c.batch = &controls[0], uint64(batch)
		if stamped > 0 {
			return d.stamp(stamped, 1, c, controls[0])
		}
		return nil
	})
}

// bodies returns the bodies of the two threads of a pair.
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
	case op == YieldCalled:
		return pcs.driveYieldCalled, pcs.serveYieldCalled
	}
	panic(fmt.Sprintf("threads: no Op %d, stamped: %v", op, stamped))
}

// newDriver makes a driver that touches its stack down to a depth and does ops
// ops in each call. setUp gives the threads what they need; then the peer and
// the driver start. If anything fails, nothing stays.
func newDriver(body uintptr, depth, ops int, setUp func(*Driver) error) (*Driver, error) {
	t, err := newThread(body, LeastStack(depth))
	if err != nil {
		return nil, err
	}
	t.control.depth = uintptr(depth)
	d := &Driver{driver: t, ops: ops}
	if err = setUp(d); err == nil && d.peer != nil {
		err = d.peer.start()
	}
	if err == nil {
		if err = d.driver.start(); err != nil {
			d.stopPeer()
		}
	}
	if err != nil {
		d.discard()
		return nil, err
	}
	return d, nil
}

// meet gives the driver a peer that doesn't run yet.
func (d *Driver) meet(body uintptr) error {
	t, err := newThread(body, LeastStack(0))
	if err != nil {
		return err
	}
	d.peer = &t
	d.driver.control.other, t.control.other = t.control, d.driver.control
	return nil
}

// memory maps memory that the driver unmaps when it ends.
func (d *Driver) memory(bytes int) (mapping, error) {
	m, err := mapMemory(uintptr(bytes))
	if err != nil {
		return m, startError("mmap", err, LeastStack(0))
	}
	d.mapped = append(d.mapped, m)
	return m, nil
}

// pipe makes a pipe from one thread to another.
func (d *Driver) pipe(from, to *control) error {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC); err != nil {
		return startError("pipe2", err, LeastStack(0))
	}
	d.fds = append(d.fds, fds[:]...)
	to.in, from.out = int32(fds[0]), int32(fds[1])
	return nil
}

// discard unmaps and closes everything. No thread may run on it any more.
func (d *Driver) discard() {
	d.driver.mapping.unmap()
	if d.peer != nil {
		d.peer.mapping.unmap()
	}
	for _, t := range d.spawned {
		t.mapping.unmap()
	}
	for _, m := range d.mapped {
		m.unmap()
	}
	for _, fd := range d.fds {
		unix.Close(fd)
	}
}

// Pin pins the driver to one CPU and its peer to another. A refusal is a
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

// Run gives the driver a turn: warm ops off the clock, then n on it, both
// rounded up to whole calls. If a system call of the threads failed, Run
// returns an error and no figure.
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

// failure returns and clears the error of a system call of the driver or its
// peer, 0 if there is none.
func (d *Driver) failure() unix.Errno {
	result := atomic.SwapInt64(&d.driver.control.failed, 0)
	if d.peer != nil {
		result = min(result, atomic.SwapInt64(&d.peer.control.failed, 0))
	}
	return unix.Errno(-result)
}

// Close ends the driver and its peer, joins them and frees what they used.
func (d *Driver) Close() error {
	c := d.driver.control
	atomic.StoreUint32(&c.quit, 1)
	setAndWake(&c.gate, atomic.LoadUint32(&c.done)+1)
	d.driver.join()
	d.stopPeer()
	d.discard()
	return nil
}

// stopPeer wakes the peer from whatever it waits for, and joins it.
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

// NewReader makes a raw thread that reads a byte from a blocking file
// descriptor and takes a stamp when it has the byte: see Stamps. One op is one
// byte, and there can be at most n. A refused thread is a *StartError.
func NewReader(fd, n int) (*Driver, error) {
	return newDriver(pcs.driveRead, 0, 1, func(d *Driver) error {
		d.driver.control.in = int32(fd)
		return d.stamp(n, 1, d.driver.control)
	})
}

// NewSleeper makes a raw thread that sleeps until each instant in turn
// (clock_nanosleep(2)), in nanoseconds of CLOCK_MONOTONIC, and takes a stamp as
// it wakes. One op is one instant, and each can be used once. A refused thread
// is a *StartError.
func NewSleeper(at []int64) (*Driver, error) {
	return newDriver(pcs.driveSleep, 0, 1, func(d *Driver) error { return d.sleep(at) })
}

// NewPacer is NewSleeper whose thread also writes a byte to a file descriptor
// after each stamp.
func NewPacer(at []int64, fd int) (*Driver, error) {
	return newDriver(pcs.drivePace, 0, 1, func(d *Driver) error {
		d.driver.control.out = int32(fd)
		return d.sleep(at)
	})
}

// sleep gives the driver its instants, and room for one stamp at each.
func (d *Driver) sleep(at []int64) error {
	if err := d.stamp(len(at), 1, d.driver.control); err != nil || len(at) == 0 {
		return err
	}
	m, err := d.memory(16 * len(at))
	if err != nil {
		return err
	}
	words := m.words(2 * len(at))
	for i, ns := range at {
		words[2*i], words[2*i+1] = ns/1e9, ns%1e9
	}
	d.driver.control.instant = &words[0]
	return nil
}
