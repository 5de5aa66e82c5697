//go:build linux && (amd64 || arm64)

package threads

import "sync/atomic"

// NewWaiters prepares threads of which each blocks in read(2) on a file
// descriptor of its own for one byte, again and again, until the file ends or
// reading fails. Make as many as there are descriptors, at the most. A refused
// mapping is a *StartError.
func NewWaiters(fds []int) (*Herd, error) { return newHerd(pcs.listen, LeastStack(0), 0, fds) }

// NewSyncers is NewWaiters with RecordBytes written to a file of the thread's
// own, and synced (fsync(2)), for each byte; a thread ends when that fails, too.
func NewSyncers(fds, files []int) (*Herd, error) {
	h, err := newHerd(pcs.sync, LeastStack(0), 0, fds)
	if err == nil {
		h.outs = files
	}
	return h, err
}

// NewHogs prepares threads of which each does chunks of work
// (goroutines.WorkChunk), from its own tid on, until the herd is released. A
// refused mapping is a *StartError.
func NewHogs() (*Herd, error) { return newHerd(pcs.hog, LeastStack(0), 0, []int{-1}) }

// WaitTurns returns when the threads of NewWaiters or NewSyncers have waited
// for n bytes since they were made, all together, and have come back to wait again.
func (h *Herd) WaitTurns(n int) {
	want := uint32(len(h.members) + n)
	atomic.StoreUint32(&h.words.want, want)
	for {
		arrived := atomic.LoadUint32(&h.words.arrived)
		if arrived >= want {
			return
		}
		waitWhile(&h.words.arrived, arrived, false)
	}
}

// Ends are what the threads have done, in the order in which they were made.
// They are for after Join.
func (h *Herd) Ends() []End { return h.ends }

// NewReader makes a raw thread that reads a byte from a blocking file
// descriptor and takes a stamp when it has it: see Stamps. One op is one byte;
// it is for n of them at the most. A refused thread is a *StartError.
func NewReader(fd, n int) (*Driver, error) {
	d, err := newInstants(pcs.driveRead, n, nil)
	if err != nil {
		return nil, err
	}
	d.driver.control.in = int32(fd)
	return d.startAll()
}

// NewSleeper makes a raw thread that sleeps until one instant after the other
// (clock_nanosleep(2)), in nanoseconds of CLOCK_MONOTONIC, and takes a stamp
// as it wakes. One op is one instant; it is for all of them once. A refused
// thread is a *StartError.
func NewSleeper(at []int64) (*Driver, error) {
	d, err := newInstants(pcs.driveSleep, len(at), at)
	if err != nil {
		return nil, err
	}
	return d.startAll()
}

// NewPacer is NewSleeper with a byte written to a file descriptor after each
// stamp.
func NewPacer(at []int64, fd int) (*Driver, error) {
	d, err := newInstants(pcs.drivePace, len(at), at)
	if err != nil {
		return nil, err
	}
	d.driver.control.out = int32(fd)
	return d.startAll()
}

// newInstants prepares a driver that stamps n calls, with the instants that a
// sleeper wakes at.
func newInstants(drive uintptr, n int, at []int64) (*Driver, error) {
	d, err := newDriver(drive, 1)
	if err != nil {
		return nil, err
	}
	c := d.driver.control
	if err := d.stamp(c, n, 1); err != nil {
		d.discard()
		return nil, err
	}
	if len(at) == 0 {
		return d, nil
	}
	if d.array, err = mapMemory(uintptr((16*len(at) + pageBytes - 1) &^ (pageBytes - 1))); err != nil {
		d.discard()
		return nil, startError("mmap", err, LeastStack(0))
	}
	words := d.array.words(2 * len(at))
	for i, ns := range at {
		words[2*i], words[2*i+1] = ns/1e9, ns%1e9
	}
	c.instant = &words[0]
	return d, nil
}
