package turns

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"threadbench/bench/measure"
)

// A Trial is one measurement of a benchmark by a plain process, and what it
// shows about the benchmark.
type Trial struct {
	Reading
	N        int
	Wall     time.Duration // from the process's start to its end
	CPU      time.Duration // of the process, without processes that it started
	GC       time.Duration // CPU time of the collector in the trace
	Timed    time.Duration // time on the benchmark's clock; 0 without ns/op
	Untimed  time.Duration // the rest of the run's time: setting up and, for b.Loop and a single iteration, the process's start
	Own      bool          // ns/op can't come from the benchmark's clock; see Clock
	Halting  bool          // the clock stops between the iterations; see Clock
	Children bool          // the process started others
	run      run
}

// Try measures the benchmark in one plain process, with the collector's trace
// on.
func Try(ctx context.Context, program Program, s Spec) (Trial, error) {
	defer keepOff(s.CPU)()
	s.How = Processes
	program.Env = measure.Environ(program.Env, "GODEBUG=gctrace=1")
	p, err := start(ctx, program, s, s.arguments())
	if err != nil {
		return Trial{Reading: Reading{Err: err}}, nil
	}
	p.runOut(ctx)
	p.end()
	if ctx.Err() != nil {
		return Trial{}, context.Cause(ctx)
	}
	t := Trial{Reading: p.reading(), N: s.N, Wall: p.ran, CPU: p.exit.cpu, GC: p.stderr.gc, Children: p.exit.children}
	if t.Err != nil {
		return t, nil
	}
	all, err := resultsOf(p.out.text, s.Name+s.suffix(), s.N)
	if err != nil {
		return t, err // reading reports it
	}
	t.Timed = timedOf(t.Values, s.N)
	r := p.run(all[0], t.Timed)
	_, own := r.window()
	t.Own = own && t.Timed > 0
	t.Untimed = r.ended - r.before() - t.Timed
	t.run = r
	return t, nil
}

// Clock finds out which clock the benchmark has, if the clock leaves out much
// of the trial's time. The benchmark may have set up before, its clock may stop
// between iterations, or ns/op may not come from the clock. at1 is the trial of
// one iteration. Clock makes more measurements.
func (t *Trial) Clock(ctx context.Context, program Program, s Spec, at1 Trial) error {
	if !Supported || t.Err != nil || t.Timed <= 0 || t.Own || t.Children || t.Whole(at1) {
		return nil
	}
	// A disturbance only adds to the untimed part, so the least of three
	// counts.
	for range 2 {
		again, err := Try(ctx, program, s)
		if err != nil || again.Err != nil {
			return err
		}
		if again.Untimed < t.Untimed {
			*t = again
		}
		if t.Whole(at1) {
			return nil
		}
	}
	defer keepOff(s.CPU)()
	return t.interrupt(ctx, program, s, t.run)
}

// Whole tells whether the benchmark timed nearly all that the trial took, apart
// from what a single iteration takes. It compares wall time, or CPU time
// without the collector's, which waiting for a CPU doesn't add to. A short
// trial may not be whole, since package testing collects garbage before it.
func (t Trial) Whole(at1 Trial) bool {
	beside := min(t.Untimed, t.worked()-at1.worked()-t.Timed)
	return float64(beside) <= untimed*float64(t.Timed)
}

// worked is the CPU time that the trial took, without the collector's.
func (t Trial) worked() time.Duration { return t.CPU - t.GC }

// interrupt finds out whether all that the benchmark doesn't time comes before
// what it times. It measures once more with many short stops. The stops while
// the process should be setting up must not show on its clock; the shorter ones
// while it should be measuring must show.
func (t *Trial) interrupt(ctx context.Context, program Program, s Spec, r run) error {
	s.How = Turns
	p, err := start(ctx, program, s, s.arguments())
	if err != nil {
		t.Err = err
		return nil
	}
	defer p.end()
	late := t.Timed / 2
	early := 2 * (t.Timed + t.Untimed)
	for _, stop := range slices.Concat(
		stops(r.before(), 6*t.Untimed/10, early),
		stops(r.before()+t.Untimed+t.Timed/4, t.Timed/2, late),
	) {
		p.turn(ctx, max(0, stop.after-p.ran))
		if p.over() || ctx.Err() != nil {
			break
		}
		wait(ctx, stop.long)
	}
	for !p.over() && ctx.Err() == nil {
		p.turn(ctx, time.Second)
	}
	p.end()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	again := p.reading()
	if again.Err != nil {
		t.Err = again.Err
		return nil
	}
	all, err := resultsOf(p.out.text, s.Name+s.suffix(), s.N)
	if err != nil {
		return err // reading reports it
	}
	figures, _, err := all[0].values()
	if err != nil {
		return err // reading reports it
	}
	seen := timedOf(byUnit(figures), s.N) - t.Timed
	t.Halting, t.Own = clock(seen, t.Timed, late)
	return nil
}

// clock tells which clock has seen that much of the stops, beyond its time
// without stops. A clock that stops between iterations sees the timed share of
// all stops, at least twice the time. A clock that is not package testing's
// doesn't even see late.
func clock(seen, timed, late time.Duration) (halting, own bool) {
	return seen > timed+late/2, seen < late/2
}

// A pause stops a process for long, when it has run for after.
type pause struct{ after, long time.Duration }

// stops are many short stops, long in total, spread over a stretch of the
// process's running time.
func stops(from, stretch, long time.Duration) (all []pause) {
	n := max(1, min(60, stretch/time.Millisecond))
	for i := range n {
		all = append(all, pause{from + stretch*(2*i+1)/(2*n), long / n})
	}
	return all
}

func wait(ctx context.Context, long time.Duration) {
	enough := time.NewTimer(long)
	defer enough.Stop()
	select {
	case <-enough.C:
	case <-ctx.Done():
	}
}

// Shares of wall time.
const (
	busy     = 0.8  // with less CPU time the benchmark waits
	oneCPU   = 1.25 // with more CPU time, without the collector's, it is parallel
	untimed  = 0.05 // with more time that isn't timed, Clock finds out when it passes
	leastRun = 10 * time.Millisecond
)

// Choose says how a benchmark can be measured, and whether it uses more than
// one CPU. Its trials are of one iteration and of as many as a round has, both
// with all CPUs. reason is a clause that says why how is Processes. others is
// how many other processes compete for a CPU meanwhile: a benchmark that waits
// for a CPU doesn't wait by itself. units are the units that decide, without
// the exact ones; none means testing's own. A benchmark may take Slices only
// after CheckSlices.
func Choose(at1, atN Trial, others float64, units ...string) (how How, parallel bool, reason string) {
	// Two shares are taken: of the whole trial, and of the trial without the time
	// of a single iteration, which is mostly the process's start. The first counts
	// since a start may wait for the disk; the second is skipped if the start is
	// most of the trial.
	share := func(less Trial) (all, own float64) {
		wall := float64(max(1, atN.Wall-less.Wall))
		cpu := atN.CPU - less.CPU
		return float64(cpu) / wall, float64(cpu-atN.GC+less.GC) / wall
	}
	all, own := share(Trial{})
	if 2*at1.Wall < atN.Wall {
		a, o := share(at1)
		all, own = max(all, a), min(own, o)
	}
	parallel = own > oneCPU
	foreign := slices.IndexFunc(units, func(u string) bool {
		return !slices.Contains([]string{"ns/op", "MB/s", "B/op", "allocs/op"}, u)
	})
	switch {
	case !Supported:
		reason = "this system can't stop a process and let it go on"
	case atN.Own:
		reason = "its ns/op is not a time that package testing measured"
	case atN.Timed == 0 && (len(units) == 0 || slices.Contains(units, "ns/op")):
		reason = "it reports no ns/op"
	case foreign >= 0:
		reason = fmt.Sprintf("its %s may be a time, which a stop would lengthen", units[foreign])
	case at1.Children || atN.Children:
		reason = "it starts other processes"
	case all < busy/(1+others):
		reason = fmt.Sprintf("it waits: it uses a CPU for %.0f%% of its time", 100*all)
	case atN.Halting:
		reason = "its clock stops between iterations, as with StopTimer in the loop"
	default:
		return Turns, parallel, ""
	}
	return Processes, parallel, reason
}

// A trace line of the collector; package runtime, gctrace.
var trace = regexp.MustCompile(`gc \d+ @[^:]*: \S+ ms clock, ([0-9.+/]+) ms cpu`)

// collection is the CPU time of a collection, if the line is of one.
func collection(line []byte) (cpu time.Duration, ok bool) {
	m := trace.FindSubmatch(line)
	if m == nil {
		return 0, false
	}
	for ms := range strings.FieldsFuncSeq(string(m[1]), func(r rune) bool { return r == '+' || r == '/' }) {
		x, err := strconv.ParseFloat(ms, 64)
		if err != nil {
			return 0, false
		}
		cpu += time.Duration(x * float64(time.Millisecond))
	}
	return cpu, true
}

// checks is how many sets CheckSlices measures.
const checks = 4

// A Check compares slices with a plain run.
type Check struct {
	Ratio  float64 // ns/op in slices over ns/op in turns, the geometric mean of the sets
	Spread float64 // standard deviation of the log of a set's ratio
	Equal  bool    // B/op and allocs/op were the same
}

// CheckSlices measures the benchmark several times in turns, as s says, and in
// slices of n iterations beside it.
func CheckSlices(ctx context.Context, program Program, s Spec, n int) (Check, error) {
	plain, sliced := s, s
	plain.How, sliced.How = Turns, Slices
	sliced.N = n
	plain.Turn, sliced.Turn = sliced.turn(), sliced.turn()
	if sliced.Ran == 0 {
		sliced.Ran = 200 * time.Millisecond
	}
	if !Supported {
		return Check{}, fmt.Errorf("checking slices of %s: this system can't stop a process and let it go on", s.Name)
	}
	c := Check{Equal: true}
	var logs []float64
	for range checks {
		got, err := round(ctx, []Program{program, program}, rand.Perm(2), []Spec{plain, sliced})
		if err != nil {
			return Check{}, err
		}
		for _, r := range got {
			if r.Err != nil {
				return Check{}, fmt.Errorf("checking slices of %s: %w", s.Name, r.Err)
			}
		}
		of, over := got[1].Values, got[0].Values
		if !(of["ns/op"] > 0 && over["ns/op"] > 0) {
			return Check{}, fmt.Errorf("checking slices of %s: it reports no ns/op", s.Name)
		}
		logs = append(logs, math.Log(of["ns/op"]/over["ns/op"]))
		c.Equal = c.Equal && got[1].Values["B/op"] == over["B/op"] && got[1].Values["allocs/op"] == over["allocs/op"]
	}
	mean := 0.0
	for _, x := range logs {
		mean += x / checks
	}
	for _, x := range logs {
		c.Spread += (x - mean) * (x - mean) / (checks - 1)
	}
	c.Ratio, c.Spread = math.Exp(mean), math.Sqrt(c.Spread)
	return c, nil
}
