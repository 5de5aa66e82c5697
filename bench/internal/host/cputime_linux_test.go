package host

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/bench/internal/armtest"
	"threadbench/bench/lockstep"
	"threadbench/goroutines"
	"threadbench/threads"
)

// spinner is a thread of its own that computes on a CPU until it is stopped.
func spinner(t *testing.T, cpu int) int {
	t.Helper()
	var stop atomic.Bool
	var over sync.WaitGroup
	tid := make(chan int)
	over.Go(func() {
		runtime.LockOSThread() // for good: the thread ends with it
		if err := threads.Pin(cpu); err != nil {
			t.Error(err)
		}
		tid <- threads.TID()
		for x := uint64(1); !stop.Load(); {
			x = goroutines.Work(x, goroutines.WorkChunk)
		}
	})
	t.Cleanup(func() {
		stop.Store(true)
		over.Wait()
	})
	return <-tid
}

const behindTrials = 40

// behind returns the number of trials in which a way of reading the CPU time is
// late. The time is this process's, or that of the thread tid, which computes. A
// trial reads the time, makes the kernel bring that thread's account up to date,
// and reads the time again. In between, the reader uses some CPU time, and so may
// the other thread. An exact way sees little more than that. A late one sees what
// it had missed.
func behind(t *testing.T, tid int, read func() int64) (n int) {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for i := range behindTrials {
		time.Sleep(3*time.Millisecond + time.Duration(i)*100*time.Microsecond)
		began := cpuClock(unix.CLOCK_THREAD_CPUTIME_ID)
		before := read()
		if cpuClock(threadClock(int32(tid))) <= 0 {
			t.Fatalf("no CPU clock of thread %d", tid)
		}
		after, own := read(), cpuClock(unix.CLOCK_THREAD_CPUTIME_ID)-began
		if before < 0 || after < before || own <= 0 {
			t.Fatalf("read %d, then %d; %d of the reader's own", before, after, own)
		}
		if after-before > 10*own {
			n++
		}
	}
	return n
}

// TestCPUTimeIsExact reads the CPU time of this process while a thread of it
// computes on another CPU.
func TestCPUTimeIsExact(t *testing.T) {
	if !armtest.Alone(t, "GOMAXPROCS=2") {
		return
	}
	cpus, err := lockstep.AllowedCPUs()
	if err != nil || len(cpus) < 2 {
		t.Skipf("two CPUs wanted, %v allowed: %v", cpus, err)
	}
	tid := spinner(t, cpus[1])
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := threads.Pin(cpus[0]); err != nil {
		t.Fatal(err)
	}
	schedstat := fmt.Sprintf("/proc/self/task/%d/schedstat", tid)
	for _, way := range []struct {
		name string
		read func() int64
	}{
		{"getrusage", func() int64 {
			var u unix.Rusage
			if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
				return -1
			}
			return u.Utime.Nano() + u.Stime.Nano()
		}},
		{"the process's clock", func() int64 { return cpuClock(unix.CLOCK_PROCESS_CPUTIME_ID) }},
		{"schedstat", func() int64 {
			var ns int64
			text, _ := os.ReadFile(schedstat)
			if _, err := fmt.Sscan(string(text), &ns); err != nil {
				return 0 // the kernel has none
			}
			return ns
		}},
	} {
		// Not asserted: what the kernel leaves out is its own affair.
		t.Logf("%s: behind in %d of %d", way.name, behind(t, tid, way.read), behindTrials)
	}
	// The kernel may take the CPU from the reader between its two readings.
	n := behind(t, tid, CpuTime)
	t.Logf("cpuTime: behind in %d of %d", n, behindTrials)
	if n > behindTrials/4 {
		t.Errorf("behind in %d of %d", n, behindTrials)
	}
}

// TestCPUTimeLeavesItselfOut: the time of reading the clock is not counted.
func TestCPUTimeLeavesItselfOut(t *testing.T) {
	if !armtest.Alone(t, "GOMAXPROCS=1") {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, all := cpuClock(unix.CLOCK_THREAD_CPUTIME_ID), CpuTime()
	for range 1000 {
		if CpuTime() < all {
			t.Fatal("it went backwards")
		}
	}
	all, own = CpuTime()-all, cpuClock(unix.CLOCK_THREAD_CPUTIME_ID)-own
	if all > own/2 {
		t.Errorf("a thousand readings took this thread %d ns, of which %d are in what they say", own, all)
	}
}

// TestCPUTimeCountsTheDead: the time of threads that have ended stays.
func TestCPUTimeCountsTheDead(t *testing.T) {
	before := CpuTime()
	took := int64(0)
	for range 4 {
		var over sync.WaitGroup
		over.Go(func() {
			runtime.LockOSThread() // for good: the thread ends with it
			began := cpuClock(unix.CLOCK_THREAD_CPUTIME_ID)
			goroutines.Work(1, 1000*goroutines.WorkChunk)
			took += cpuClock(unix.CLOCK_THREAD_CPUTIME_ID) - began
		})
		over.Wait()
	}
	// Nothing else of this process may have run, but this much did.
	if got := CpuTime() - before; got < took {
		t.Errorf("%d ns, of threads that took %d", got, took)
	}
}

// TestThreadClock: a clock's id is that of the C library
// (pthread_getcpuclockid(3)).
func TestThreadClock(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := cpuClock(unix.CLOCK_THREAD_CPUTIME_ID)
	got := cpuClock(threadClock(int32(threads.TID())))
	after := cpuClock(unix.CLOCK_THREAD_CPUTIME_ID)
	if got < before || got > after {
		t.Errorf("%d, want %d to %d", got, before, after)
	}
	if got := cpuClock(threadClock(1 << 27)); got != -1 {
		t.Errorf("of no thread: %d", got)
	}
}

func TestLeadingNumber(t *testing.T) {
	for text, want := range map[string]int32{"1234\x00\x00": 1234, "7": 7, ".\x00": 0, "..\x00": 0, "": 0, "4194304\x00": 4194304} {
		if got := leadingNumber([]byte(text)); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// TestCPUTimeOnOneCPU compares the process's clock with the exact one, in a
// process on one CPU with another thread at work.
func TestCPUTimeOnOneCPU(t *testing.T) {
	if !armtest.Alone(t, "GOMAXPROCS=2") {
		return
	}
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if err := lockstep.KeepTo(cpus[:1]); err != nil {
		t.Fatal(err)
	}
	if n := behind(t, spinner(t, cpus[0]), CpuTimeOnOneCPU); n > behindTrials/4 {
		t.Errorf("behind in %d of %d", n, behindTrials)
	}
}
