// Package turns measures one benchmark of several test binaries once, and
// tries a benchmark out beforehand.
//
// Its stance: what is compared runs at the same time. The processes of a round
// are started together; all but one are stopped, and each goes on in its turn,
// so that a disturbance that outlasts a few turns reaches all of them alike. A
// stop lengthens what a benchmark reads off its clock. So each figure that is a
// time is scaled by the share of its timed window in which the process ran.
// Where that can't be told for sure, the processes run one after the other as
// go test runs them, and a reason says why.
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
	Dir  string   // where it runs, as PWD says too
	Env  []string // the whole environment
	// Procs is its GOMAXPROCS, if that isn't Spec.Procs; 0 if it is.
	Procs int
}

// How is a way to measure.
type How string

const (
	// Turns runs all at once, each process in turns of 10 ms.
	Turns How = "turns"
	// Slices does so with processes that measure a few iterations again and
	// again. The figure is the mean of the results that no stop touched.
	Slices How = "slices"
	// Processes runs one process after the other.
	Processes How = "processes"
)

// A Spec says what to measure, and how.
type Spec struct {
	Name  string        // in full, without -GOMAXPROCS: "BenchmarkMux/route:/a"
	Skip  []string      // benchmarks below that name, which are left out: "BenchmarkMux/route:/a/b"
	How   How           // "" is Turns
	N     int           // iterations; of a slice, in Slices
	Ran   time.Duration // in Slices: how long each program is let run
	CPU   int           // the one CPU; -1 for all that this process may use
	Procs int           // GOMAXPROCS
	Limit time.Duration // a process that is let run for longer is killed; 0 for no limit
	Turn  time.Duration // how long a turn is; 0 for 10 ms, and 30 ms in Slices
}

// A Reading is what one program measured.
type Reading struct {
	Err    error              // why there is none
	Values map[string]float64 // by unit, as package testing prints it (ns/op); scaled
	Line   string             // the same as a line of the benchmark format, without the configuration
	Notes  []string           // what was left out of the values, and why
	Slices int                // how many results the values are the means of; 0 but in Slices
	Ran    time.Duration      // how long the process was let run, from its start to its end
}

// Supported tells whether this system has the signals that Turns and Slices
// take. Round measures by Processes where it doesn't.
const Supported = signals

// mostSlices is -test.count in Slices: more than any process comes to.
const mostSlices = 1 << 30

// Round measures the benchmark once by each program. order are the indexes of
// the programs as they start. The error is ctx's; a program that fails says so
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

// round is a Round in which each program has a Spec of its own. They may differ
// in N and in whether it is Turns or Slices.
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

// takeTurns lets each process go on in its turn until it has ended, or has had
// enough. The order is drawn anew each time, so that none keeps coming after
// the same other one.
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

// keepOff keeps this process off the CPU until it calls back, where there is
// another one.
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

// turn is how long a turn is.
func (s Spec) turn() time.Duration {
	switch {
	case s.Turn > 0:
		return s.Turn
	case s.How == Slices:
		return 30 * time.Millisecond
	}
	return 10 * time.Millisecond
}

// cpus are those that the processes may use; nil for this process's own.
func (s Spec) cpus() []int {
	if s.CPU < 0 || !pins {
		return nil
	}
	return []int{s.CPU}
}

// suffix is what package testing puts behind a benchmark's name.
func (s Spec) suffix() string {
	if s.Procs == 1 {
		return ""
	}
	return "-" + strconv.Itoa(s.Procs)
}

// arguments are a test binary's.
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
