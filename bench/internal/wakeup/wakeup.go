package wakeup

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/measure"
	"threadbench/goroutines"
)

// Family measures how late a task runs that should run at an instant.
//
// A schedule has 500 instants (250 in the short profile), one every
// millisecond, give or take a quarter of one, always drawn from the same seed.
// ONE op is one wake-up: its delay is from the instant in the schedule to the
// stamp that the task takes as its first instruction. The loop is open: a late
// wake-up leaves the next instant where it is, so a stall counts in each
// wake-up that it delays. All CPUs are used, once a process, without garbage
// collections.
//
// via is what wakes the task:
//
//	pipe   a byte from another process, the pacer: a raw thread that sleeps
//	       without timer slack. A goroutine waits in the runtime's poller, a
//	       locked one and a raw thread in read(2). The pacer is the same in
//	       every arm. pacer-ns is the 99th percentile of the pacer's own delay,
//	       from the instant to the stamp that it takes before its write(2). The
//	       task's delay includes it; on idle CPUs it is most of it. wake-ns is
//	       the 99th percentile of the rest, from that stamp to the task's stamp
//	       after it has read the byte: the write until the kernel wakes the
//	       task, the wake-up, and the end of the read. (The task may run before
//	       the write returns, so a stamp after the write would be too late.)
//	       Both stamps are readings of the machine's one counter.
//	timer  a timer of its own: time.Sleep for a goroutine and a locked one,
//	       clock_nanosleep(2) until the instant for a raw thread. mode says
//	       whether the threads of the process have the kernel's default timer
//	       slack of 50 us, or none (1 ns). wake-ns is p99-ns here.
//
// Contenders are compared by wake-ns.
//
// load is what else runs:
//
//	idle     nothing of ours.
//	hogs     a hog on every CPU, in the task's own process and of its own kind:
//	         goroutines, one a P, for a goroutine and a locked one; for a raw
//	         thread raw threads, each pinned to its CPU. A hog does chunks of
//	         the same work, of at most 20 us, without a break.
//	outside  the same raw threads in another process, in every arm: only the
//	         kernel decides who gets a CPU.
//
// Hogs of the same kind compare two schedulers. Go's looks for woken goroutines
// when a P has nothing to do, or when sysmon finds that nobody has looked for
// 10 ms. It then lets them wait until a hog has run for 10 ms. The kernel's
// looks at once. That favours the thread. On idle CPUs a Go timer favours the
// thread as well, since the poller that the runtime sleeps in counts in whole
// milliseconds.
var Family = measure.Family{Family: catalog.Wakeup, Cases: wakeupCases(), Roles: helpers}

// wakeups is the number of wake-ups in a process: half as many in a run that
// has little time.
var wakeups = map[bool]int{false: 500, true: 250}[measure.Fewer()]

const (
	wakeEvery = time.Millisecond
	// The time from the making of the schedule to its first instant: the pacer
	// reads it and makes its thread.
	wakeLead = 20 * time.Millisecond
)

func wakeupCases() []measure.Case {
	var cases []measure.Case
	row := func(impl, mode, via, load string) {
		cases = append(cases, measure.Case{
			Name: catalog.Name{Family: "Wakeup"}.With("impl", impl).With("mode", mode).With("via", via).With("load", load),
			Once: 1, Env: arm.Still,
			Quick:    load == "hogs", // of which the summary tells, and which decides
			OpenOnce: func(func(string)) (measure.Measurement, error) { return openWakeup(impl, mode, via, load) },
		})
	}
	for _, load := range []string{"idle", "hogs", "outside"} {
		for _, impl := range []string{"goroutine", "locked", "clone"} {
			row(impl, "", "pipe", load)
		}
	}
	for _, mode := range []string{"slack", "noslack"} {
		for _, impl := range []string{"goroutine", "locked", "clone"} {
			row(impl, mode, "timer", "idle")
		}
	}
	return cases
}

// schedule returns n instants from start on, in nanoseconds of the same clock.
func schedule(start int64, n int) []int64 {
	draw := rand.New(rand.NewPCG(3, 4))
	at := make([]int64, n)
	for i := range at {
		at[i] = start + int64(i)*int64(wakeEvery) + draw.Int64N(int64(wakeEvery)/2)
	}
	return at
}

// goHogs starts n goroutines that do chunks of work. stop ends them. It returns
// how many chunks each has done and the CPUs on which any of them ran, and
// fails if the result of the work is wrong.
func goHogs(n int) (stop func() (chunks []int64, cpus map[int]bool, err error)) {
	type hog struct {
		x      uint64
		chunks int64
		cpus   map[int]bool
	}
	end, ended := make(chan struct{}), make(chan hog)
	for range n {
		go func() {
			h := hog{x: 1, cpus: map[int]bool{}}
			last := -1
			for {
				select {
				case <-end:
					ended <- h
					return
				default:
				}
				h.x = goroutines.Work(h.x, goroutines.WorkChunk)
				h.chunks++
				if cpu := goroutines.CPU(); cpu != last {
					h.cpus[cpu], last = true, cpu
				}
			}
		}()
	}
	return func() (chunks []int64, cpus map[int]bool, err error) {
		close(end)
		cpus = map[int]bool{}
		for range n {
			h := <-ended
			chunks = append(chunks, h.chunks)
			for cpu := range h.cpus {
				cpus[cpu] = true
			}
			if want := goroutines.Worked(1, int(h.chunks)*goroutines.WorkChunk); h.x != want {
				err = fmt.Errorf("expected a hog's %d chunks of work to have the result %d, seen %d", h.chunks, want, h.x)
			}
		}
		return chunks, cpus, err
	}
}

// hogLeast is the least number of chunks that a hog with a CPU has done: some 2
// ms of the half second.
const hogLeast = 200

// hogged returns an error unless each hog has worked, and hogs have run on all
// CPUs. seen is nil for hogs that are pinned, one to a CPU.
func hogged(chunks []int64, seen map[int]bool, cpus []int) error {
	if len(chunks) != len(cpus) {
		return fmt.Errorf("expected a hog on each of CPUs %v, seen %d hogs", cpus, len(chunks))
	}
	for i, n := range chunks {
		if n < hogLeast {
			return fmt.Errorf("expected hog %d of %d to do at least %d chunks of work, seen %d", i+1, len(chunks), hogLeast, n)
		}
	}
	for _, cpu := range cpus {
		if seen != nil && !seen[cpu] {
			return fmt.Errorf("expected hogs on CPUs %v, seen on %v", cpus, slices.Sorted(maps.Keys(seen)))
		}
	}
	return nil
}
