package start

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"

	"threadbench/bench/catalog"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// Family counts what is there when a program begins.
//
// ONE op is one fresh process, looked at once, at the first line of its main:
// its threads, by the kernel's count, and its goroutines, the program's and the
// runtime's. procs is its GOMAXPROCS, whatever the machine has.
//
// The process is a worker. Its main is that of package testing, which has
// called TestMain, or the one file's. The suite looks there before it does
// anything but read its environment. Packages have been initialised, as in any
// program. None of them starts a goroutine or a thread of the program's.
// (Package os makes the runtime start its own goroutine for finalizers. Package
// unique, which the one file links, makes it start one for its map.)
//
// The kernel's count comes first, by system calls that the scheduler doesn't
// know of, since the next steps may wake a thread. The runtime's goroutines are
// all that it counts (/sched/goroutines) without the program's
// (runtime.NumGoroutine). The program's are compared with a goroutine profile,
// in which the goroutine that looks has to be the first ever made. With cgo,
// which no worker has, the runtime would count one more, which it keeps for
// threads of C.
//
// The number of threads depends on how far the threads have come that were
// woken for the runtime's own goroutines: it differs by one or two between
// processes.
var Family = measure.Family{Family: catalog.Start, Cases: startCases(), AtMain: lookAtMain}

func startCases() []measure.Case {
	var cases []measure.Case
	for _, procs := range []int{1, 2, 4, 8} {
		cases = append(cases, measure.Case{
			Name:     catalog.Name{Family: "Start"}.With("impl", "goroutine").With("procs", fmt.Sprint(procs)),
			Once:     3,
			Procs:    procs,
			Quick:    procs == 2, // which decides
			OpenOnce: openStart(procs),
		})
	}
	return cases
}

// atMain is the state of a worker of Start when it began.
var atMain *beginning

// A beginning is the state at the first line of main.
type beginning struct {
	procs   int
	threads int // by the kernel's count
	known   int // by the runtime's, a little later
	all     int // goroutines
	users   int // those of the program
	stacks  []byte
	err     error
}

func lookAtMain() { atMain = lookAround() }

func lookAround() *beginning {
	var b beginning
	b.threads, b.err = host.KernelThreads()
	s := []metrics.Sample{{Name: host.ThreadsAlive}, {Name: host.GoroutinesAll}}
	metrics.Read(s)
	b.known, b.all = int(s[0].Value.Uint64()), int(s[1].Value.Uint64())
	b.users = runtime.NumGoroutine()
	b.procs = runtime.GOMAXPROCS(0)
	b.stacks = make([]byte, 1<<20)
	b.stacks = b.stacks[:runtime.Stack(b.stacks, true)]
	return &b
}

// prove compares the counts that were made in two ways.
func (b *beginning) prove(procs int) error {
	profiled := len(bytes.Split(bytes.TrimSpace(b.stacks), []byte("\n\ngoroutine ")))
	switch {
	case b.err != nil:
		return b.err
	case b.procs != procs:
		return fmt.Errorf("expected GOMAXPROCS %d, seen %d", procs, b.procs)
	case !bytes.HasPrefix(b.stacks, []byte("goroutine 1 [running")):
		return fmt.Errorf("expected the first goroutine to look around, seen %.40q", b.stacks)
	case profiled != b.users:
		return fmt.Errorf("expected %d goroutines in a profile (runtime.NumGoroutine), seen %d", b.users, profiled)
	case b.all <= b.users:
		return fmt.Errorf("expected more goroutines than the program's %d, the runtime's own: seen %d (%s)", b.users, b.all, host.GoroutinesAll)
	case b.threads > b.known:
		return fmt.Errorf("expected at most %d threads, those of the Go runtime (%s); the kernel counts %d", b.known, host.ThreadsAlive, b.threads)
	}
	return nil
}

func openStart(procs int) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		if atMain == nil {
			return nil, errors.New("looking at the first line of main: this process did not look; it has to be a worker of Start from its beginning")
		}
		return &startArm{procs, atMain}, nil
	}
}

type startArm struct {
	procs int
	seen  *beginning
}

// Measure reports the counts.
func (a *startArm) Measure() (lockstep.Slice, error) {
	b := a.seen
	if err := b.prove(a.procs); err != nil {
		return lockstep.Slice{}, err
	}
	return lockstep.Slice{Ops: 1, Figures: map[string]float64{
		"threads":            float64(b.threads),
		"user-goroutines":    float64(b.users),
		"runtime-goroutines": float64(b.all - b.users),
	}}, nil
}

func (a *startArm) Close() error { return nil }
