// Package turns measures one benchmark of several test binaries once, and tries
// a benchmark out beforehand.
//
// Its stance: what is compared runs at the same time. The processes of a round
// are started together. All but one are stopped, and each runs in its turn, so
// that a disturbance that outlasts a few turns reaches all of them alike.
//
// A stop lengthens the time on a benchmark's clock. So each figure that is a
// time is scaled by the share of its timed window in which the process ran.
// Where that window is uncertain, the processes run one after the other as go
// test runs them, and a reason says why.
//
// A round leaves nothing behind, whatever ends it. Of ours the package imports
// lockstep, for CPUs, and measure, for environments.
package turns

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"threadbench/bench/lockstep"
)

// A Program is a test binary.
type Program struct {
	Path string
	Dir  string   // where it runs; also its PWD
	Env  []string // the whole environment
	// Procs is the program's GOMAXPROCS; 0 means Spec.Procs.
	Procs int
}

// How is a way to measure.
type How string

const (
	// Turns runs all processes at the same time, each in turns of 10 ms.
	Turns How = "turns"
	// Slices does the same with processes that measure a few iterations again
	// and again. The figure is the mean of the results that no stop touched.
	Slices How = "slices"
	// Processes runs one process after the other.
	Processes How = "processes"
)

// A Spec says what to measure, and how.
type Spec struct {
	Name  string        // full name, without -GOMAXPROCS: "BenchmarkMux/route:/a"
	Skip  []string      // benchmarks below that name to leave out: "BenchmarkMux/route:/a/b"
	How   How           // "" is Turns
	N     int           // iterations; in Slices, those of a slice
	Ran   time.Duration // in Slices: how long each program runs
	CPU   int           // the one CPU; -1 means all that this process may use
	Procs int           // GOMAXPROCS
	Limit time.Duration // a process that runs longer is killed; 0 for no limit
	Turn  time.Duration // length of a turn; 0 means 10 ms, and 30 ms in Slices
}

// A Reading is what one program measured.
type Reading struct {
	Err    error              // why there are no values
	Values map[string]float64 // by unit as package testing prints it (ns/op); scaled
	Line   string             // the same as a line of the benchmark format, without configuration
	Notes  []string           // what was left out of the values, and why
	Slices int                // in Slices, how many results the values are means of; else 0
	Ran    time.Duration      // how long the process ran, from its start to its end
}

// Supported tells whether this system has the signals that Turns and Slices
// need. Without them Round measures by Processes.
const Supported = signals

// mostSlices is -test.count in Slices, more than any process reaches.
const mostSlices = 1 << 30

// Round measures the benchmark once with each program. order is the order in
// which they start, by index. The error is ctx's. A program that fails says so
// in its Reading, and the others go on.
func Round(ctx context.Context, programs []Program, order []int, s Spec) ([]Reading, error) {
	if s.How == "" {
		s.How = Turns
	}
	if !Supported {
		s.How = Processes
	}
	specs := make([]Spec, len(programs))
	for i, p := range programs {
		specs[i] = s
		specs[i].Procs = cmp.Or(p.Procs, s.Procs)
	}
	return round(ctx, programs, order, specs)
}

// round is Round with a Spec for each program. The Specs may differ in N and in
// Turns or Slices.
func round(ctx context.Context, programs []Program, order []int, specs []Spec) ([]Reading, error) {
	defer keepOff(specs[0].CPU)()
	together := specs[0].How != Processes
	processes := make([]*process, len(programs))
	readings := make([]Reading, len(programs))
	defer func() {
		for _, p := range processes {
			if p != nil {
				p.end()
			}
		}
	}()
	var alive []*process
	for _, i := range order {
		p, err := start(ctx, programs[i], specs[i], specs[i].arguments())
		if err != nil {
			readings[i].Err = err
			continue
		}
		processes[i] = p
		if !together {
			p.runOut(ctx)
			continue
		}
		p.turn(ctx, 0)
		alive = append(alive, p)
	}
	takeTurns(ctx, alive)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	for i, p := range processes {
		if p != nil {
			p.end()
			readings[i] = p.reading()
		}
	}
	return readings, nil
}

// takeTurns lets each process run in its turn until it has ended or has enough
// results. The order is drawn anew for each set of turns: a process must not
// always follow the same other process.
func takeTurns(ctx context.Context, alive []*process) {
	for len(alive) > 0 {
		rand.Shuffle(len(alive), func(i, j int) { alive[i], alive[j] = alive[j], alive[i] })
		for _, p := range alive {
			if ctx.Err() != nil {
				return
			}
			if !p.over() {
				p.turn(ctx, p.spec.turn())
			}
		}
		alive = slices.DeleteFunc(alive, (*process).over)
	}
}

// keepOff keeps this process off the CPU until back is called, if there is
// another CPU.
func keepOff(cpu int) (back func()) {
	all, err := lockstep.AllowedCPUs()
	if cpu < 0 || err != nil {
		return func() {}
	}
	others := slices.DeleteFunc(slices.Clone(all), func(c int) bool { return c == cpu })
	if len(others) == 0 || lockstep.KeepTo(others) != nil {
		return func() {}
	}
	return func() { lockstep.KeepTo(all) }
}

// turn is the length of a turn.
func (s Spec) turn() time.Duration {
	switch {
	case s.Turn > 0:
		return s.Turn
	case s.How == Slices:
		return 30 * time.Millisecond
	}
	return 10 * time.Millisecond
}

// cpus are the CPUs that the processes may use; nil means this process's own.
func (s Spec) cpus() []int {
	if s.CPU < 0 || !pins {
		return nil
	}
	return []int{s.CPU}
}

// suffix is what package testing appends to a benchmark's name.
func (s Spec) suffix() string {
	if s.Procs == 1 {
		return ""
	}
	return "-" + strconv.Itoa(s.Procs)
}

// arguments are the arguments of a test binary.
func (s Spec) arguments() []string {
	args := s.common(Exactly(s.Name), strconv.Itoa(s.N)+"x")
	if len(s.Skip) > 0 {
		args = append(args, "-test.skip="+skipping(s.Skip))
	}
	if s.How == Slices {
		args = append(args, fmt.Sprintf("-test.count=%d", mostSlices))
	}
	return args
}

func (s Spec) common(bench, benchtime string) []string {
	return []string{"-test.run=^$", "-test.bench=" + bench, "-test.benchtime=" + benchtime, "-test.benchmem",
		"-test.cpu=" + strconv.Itoa(s.Procs), "-test.timeout=0", "-test.paniconexit0"}
}
