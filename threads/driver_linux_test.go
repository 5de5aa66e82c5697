//go:build linux && (amd64 || arm64)

package threads

import (
	"errors"
	"math"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var ops = []struct {
	name string
	op   Op
}{{"futex", Futex}, {"pipe", Pipe}, {"yield", Yield}, {"futex-called", FutexCalled}, {"pipe-called", PipeCalled}, {"yield-called", YieldCalled}}

// written are the ops whose hand-offs the bodies write out.
var written = ops[:3]

// floors are the ops that have a floor.
var floors = append(ops[:len(ops):len(ops)], struct {
	name string
	op   Op
}{"gettid", Gettid})

func newDriverOf(t *testing.T, d *Driver, err error) *Driver {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func run(t *testing.T, d *Driver, n, warm int) Timing {
	t.Helper()
	timing, err := d.Run(n, warm)
	if err != nil {
		t.Fatal(err)
	}
	if timing.Elapsed < 0 || timing.Elapsed == 0 && n > 0 {
		t.Errorf("%d ops in %v", n, timing.Elapsed)
	}
	return timing
}

// sampled is how many of the calls from..to-1 ask for their CPU.
func sampled(from, to int) int64 {
	return int64((to+sampleEvery-1)/sampleEvery - (from+sampleEvery-1)/sampleEvery)
}

// TestTurns: turns of any size, one after the other, make the ops that they
// were asked for, rounded up to round trips; so do turns of a driver that holds
// its P.
func TestTurns(t *testing.T) {
	leaveNothing(t)
	for _, o := range ops {
		t.Run(o.name, func(t *testing.T) {
			pair, err := NewPair(o.op)
			d := newDriverOf(t, pair, err)
			defer d.Close()
			calls := 0 // round trips so far
			for i, size := range [][2]int{{1, 0}, {0, 0}, {0, 1}, {2, 1}, {3, 3}, {1000, 10}, {511, 0}, {5000, 512}, {1, 0}} {
				n, warm := size[0], size[1]
				if i > 5 {
					d.Hold()
				}
				timing := run(t, d, n, warm)
				if want := (n + 1) / 2 * 2; timing.Ops != want || timing.Spawned != 0 {
					t.Errorf("Run(%d, %d) = %+v, want %d ops", n, warm, timing, want)
				}
				clock := calls + (warm+1)/2
				calls = clock + (n+1)/2
				if o.op == Yield || o.op == YieldCalled {
					continue // nothing orders the peer's calls
				}
				if want := int64((n+1)/2 + (warm+1)/2); timing.Answers != want {
					t.Errorf("Run(%d, %d) = %+v, want %d answers", n, warm, timing, want)
				}
				if want := sampled(clock, calls); timing.Samples != want || timing.Crossed > want {
					t.Errorf("Run(%d, %d) = %+v, want %d samples", n, warm, timing, want)
				}
			}
		})
	}
}

// TestSwitches: on one CPU each hand-off is a context switch, and the two
// sides never differ in their CPU.
func TestSwitches(t *testing.T) {
	leaveNothing(t)
	cpu := slices.Max(allowed(t, 1))
	const n = 10_000
	for _, o := range ops {
		t.Run(o.name, func(t *testing.T) {
			pair, err := NewPair(o.op)
			d := newDriverOf(t, pair, err)
			defer d.Close()
			pin(t, d, cpu, cpu)
			run(t, d, 2*sampleEvery, 0)
			// What else runs on this CPU, and this process's own other
			// threads, add some; a yield that finds the peer's slice used up
			// may take some away. On a busy machine they may add or take many,
			// so a few more tries follow.
			least, most := int64(n-n/50), int64(2*n+2000)
			leastAnswers, mostAnswers := int64(0), int64(math.MaxInt64)
			if o.op == Yield || o.op == YieldCalled {
				least, leastAnswers, mostAnswers = n/2, (n/2+50)/2, (n/2+50)*2
			}
			var timing Timing
			for range 10 {
				timing = run(t, d, n, 100)
				if timing.Switches >= least && timing.Switches <= most && timing.Answers >= leastAnswers && timing.Answers <= mostAnswers {
					break
				}
			}
			if timing.Switches < least || timing.Switches > most {
				t.Errorf("%+v, want a switch per op: %d to %d", timing, least, most)
			}
			if timing.Answers < leastAnswers || timing.Answers > mostAnswers {
				t.Errorf("%+v, want %d to %d answers", timing, leastAnswers, mostAnswers)
			}
			if timing.Samples == 0 || timing.Crossed != 0 {
				t.Errorf("%+v, want no crossing on one CPU", timing)
			}
		})
	}
}

// TestCrossing: on two CPUs every hand-off crosses, and a pair that is moved
// onto one CPU no longer crosses.
func TestCrossing(t *testing.T) {
	leaveNothing(t)
	all := allowed(t, 2)
	for _, o := range ops {
		t.Run(o.name, func(t *testing.T) {
			pair, err := NewPair(o.op)
			d := newDriverOf(t, pair, err)
			defer d.Close()
			for _, place := range [][2]int{{all[0], all[1]}, {all[1], all[1]}, {all[1], all[0]}} {
				pin(t, d, place[0], place[1])
				timing := run(t, d, 4*sampleEvery, 0)
				want := timing.Samples
				if place[0] == place[1] {
					want = 0
				}
				if timing.Crossed != want || timing.Samples == 0 && o.op != Yield && o.op != YieldCalled {
					t.Errorf("CPUs %d: %+v, want %d crossed", place, timing, want)
				}
			}
		})
	}
}

// TestPinRefused: a CPU that isn't there is an error that says so.
func TestPinRefused(t *testing.T) {
	leaveNothing(t)
	pair, err := NewPair(Futex)
	d := newDriverOf(t, pair, err)
	defer d.Close()
	err = d.Pin(1023, 1023)
	var start *StartError
	if !errors.As(err, &start) || !errors.Is(err, unix.EINVAL) || start.Step != "sched_setaffinity to CPU 1023" {
		t.Errorf("Pin(1023, 1023) = %v", err)
	}
	run(t, d, 10, 0)
}

// TestFloors: the calls of a hand-off with nobody there switch to nobody.
func TestFloors(t *testing.T) {
	leaveNothing(t)
	const n = 5000
	for _, o := range floors {
		t.Run(o.name, func(t *testing.T) {
			floor, err := NewFloor(o.op)
			d := newDriverOf(t, floor, err)
			defer d.Close()
			for _, n := range []int{0, 1, 2, 255, 256, 257} {
				if timing := run(t, d, n, n); timing.Ops != n || timing.Answers != 0 || timing.Samples != 0 || timing.Spawned != 0 {
					t.Errorf("Run(%d, %d) = %+v", n, n, timing)
				}
			}
			// The count is the whole process's, and other processes interrupt:
			// take the quietest of some turns.
			all := allowed(t, 1)
			least := int64(n)
			for try := 0; try < 40 && least > n/50; try++ {
				pin(t, d, all[try%len(all)], 0)
				least = min(least, run(t, d, n, 0).Switches)
			}
			if least <= n/50 {
				return
			}
			if o.op == Yield || o.op == YieldCalled {
				t.Skipf("needs a CPU that nothing else wants, since a yield goes to whatever does: %d switches for %d yields", least, n)
			}
			t.Errorf("%d switches for %d ops, want next to none", least, n)
		})
	}
}

// TestCreator: the driver makes and joins just the threads it was asked for.
func TestCreator(t *testing.T) {
	needRoom(t, 101)
	leaveNothing(t)
	for _, batch := range []int{1, 2, 7, 100} {
		creator, err := NewCreator(batch)
		d := newDriverOf(t, creator, err)
		for _, size := range [][2]int{{1, 0}, {0, 0}, {0, 5}, {10, 10}, {250, 3}} {
			n, warm := size[0], size[1]
			ops, all := (n+batch-1)/batch*batch, (warm+batch-1)/batch*batch
			timing := run(t, d, n, warm)
			if timing.Ops != ops || timing.Spawned != int64(ops+all) {
				t.Errorf("batch %d: Run(%d, %d) = %+v, want %d ops and %d threads", batch, n, warm, timing, ops, ops+all)
			}
		}
		d.Close()
	}
}

// TestCreatorsThreads has a creator's children store their thread ids: each
// has run, as a thread of its own.
func TestCreatorsThreads(t *testing.T) {
	const batch = 50
	needRoom(t, batch+1)
	leaveNothing(t)
	creator, err := NewCreator(batch)
	d := newDriverOf(t, creator, err)
	defer d.Close()
	h, err := NewSet(LeastStack(0), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Join()
	h.Release()
	for _, child := range d.spawned {
		child.control.set = h.words
		child.control.body = pcs.park
	}
	for turn := 1; turn <= 3; turn++ {
		run(t, d, batch, 0)
		tids := []int{int(d.driver.control.seen)}
		for _, child := range d.spawned {
			tids = append(tids, int(child.control.seen))
			if child.control.tid != 0 {
				t.Errorf("thread %d is not joined", child.control.tid)
			}
		}
		if !distinct(tids) || slices.Min(tids) <= 0 {
			t.Errorf("the driver and its threads are %d, want each a thread of its own", tids)
		}
		if arrived := h.words.arrived; int(arrived) != turn*batch {
			t.Errorf("%d threads have run, want %d", arrived, turn*batch)
		}
	}
}

// TestNoBatch: a creator of nothing is a mistake of the program.
func TestNoBatch(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("NewCreator(0) didn't panic")
		}
	}()
	NewCreator(0)
}

// TestFailedCall: a system call that fails in the driver or its peer is an
// error of that turn, and of no other.
func TestFailedCall(t *testing.T) {
	leaveNothing(t)
	pair, err := NewPair(Pipe)
	d := newDriverOf(t, pair, err)
	defer d.Close()
	run(t, d, 100, 0)
	for name, c := range map[string]*control{"driver": d.driver.control, "peer": d.peer.control} {
		// What FAILED would have stored.
		atomic.StoreInt64(&c.failed, -int64(unix.EIO))
		if timing, err := d.Run(2, 0); !errors.Is(err, unix.EIO) || timing != (Timing{}) {
			t.Errorf("%s: Run = %+v, %v; want EIO", name, timing, err)
		}
		run(t, d, 2, 0)
	}

	// A floor whose pipe can't be used really fails, and ends.
	floor, err := NewFloor(Pipe)
	f := newDriverOf(t, floor, err)
	out := f.driver.control.out
	f.driver.control.out = -1
	f.driver.control.in = -1
	if timing, err := f.Run(10, 0); !errors.Is(err, unix.EBADF) {
		t.Errorf("Run with no pipe = %+v, %v; want EBADF", timing, err)
	}
	f.driver.control.out = out
	f.driver.control.in = int32(f.fds[0])
	run(t, f, 10, 0)
	f.Close()
}

// TestClose ends drivers in every state: before their first instruction,
// after a turn or more, pinned or not.
func TestClose(t *testing.T) {
	leaveNothing(t)
	cpu := slices.Max(allowed(t, 1))
	makers := map[string]func() (*Driver, error){
		"creator": func() (*Driver, error) { return NewCreator(3) },
	}
	for _, o := range ops {
		makers["pair/"+o.name] = func() (*Driver, error) { return NewPair(o.op) }
	}
	for _, o := range floors {
		makers["floor/"+o.name] = func() (*Driver, error) { return NewFloor(o.op) }
	}
	for name, make := range makers {
		t.Run(name, func(t *testing.T) {
			for i := range 60 {
				made, err := make()
				d := newDriverOf(t, made, err)
				if i%2 == 1 {
					pin(t, d, cpu, cpu)
				}
				for turn := range i / 2 % 4 {
					run(t, d, 1+turn*turn*10, turn)
				}
				if i%5 == 0 {
					time.Sleep(time.Millisecond) // all of them asleep by now
				}
				if err := d.Close(); err != nil {
					t.Fatal(err)
				}
				if raw, mappings := Alive(); raw != 0 || mappings != 0 {
					t.Fatalf("Alive() = %d, %d after Close", raw, mappings)
				}
			}
		})
	}
}

// TestCreateJoin makes and joins more than 10,000 threads from Go and as many
// from a raw thread: 100,000 each under torture, some hundred in short mode. A
// missed thread would keep the join from returning.
func TestCreateJoin(t *testing.T) {
	needRoom(t, 101)
	leaveNothing(t)
	batch, rounds := 100, tortured(101, 1000)
	if brief() {
		rounds = 5
	}
	joined := 0
	told := 0
	for round := range rounds {
		h, err := NewSet(LeastStack(0), 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.Make(batch); err != nil {
			t.Fatal(err)
		}
		if round%2 == 0 {
			h.Wait()
			tids := h.TIDs()
			if !distinct(tids) || slices.Min(tids) <= 0 {
				t.Fatalf("tids %d", tids)
			}
			told += len(tids)
		}
		h.Release() // in the other rounds some have parked by now and others not
		h.Join()
		if raw, mappings := Alive(); raw != 0 || mappings != 0 {
			t.Fatalf("Alive() = %d, %d after Join", raw, mappings)
		}
		joined += batch
	}
	creator, err := NewCreator(batch)
	d := newDriverOf(t, creator, err)
	if timing := run(t, d, batch*rounds, 0); timing.Spawned != int64(batch*rounds) {
		t.Errorf("%+v, want %d threads", timing, batch*rounds)
	}
	d.Close()
	counted(t, "%d threads made and joined from Go, %d of them seen with a tid of their own beside 99 others; %d from a raw thread",
		joined, told, batch*rounds)
}
