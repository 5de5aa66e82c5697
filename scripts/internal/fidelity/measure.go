package fidelity

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/bench/numbers"
)

const (
	slice = 1500 * time.Microsecond // as run has it
	laps  = 40
	long  = 100 * time.Millisecond // a run that turns are held against

	whole = 200 * time.Millisecond // a process, as go test -bench runs it

	// Package testing collects garbage before each batch, and the scheduler is
	// slower just after that: batches of 1.5 ms read some per cent more than long
	// ones. So judges in Go take longer turns, and fewer.
	goTurn = 10 * time.Millisecond
	goLaps = 20

	// perf measures a process at a time.
	perfSlice = 30 * time.Millisecond
	perfLaps  = 4
)

// A line is a pair with what the rounds have measured of it.
type line struct {
	pair
	of       measure.Case // the zero one for a judge alone
	lockstep []outcome    // by round; nil for a judge alone
	whole    []outcome    // by round; nil where runs are the judge
	leftOut  string       // why it isn't measured, if it isn't
}

// An outcome is what a round has of a pair, or why it has nothing.
type outcome struct {
	ratio               float64 // ours over the judge's
	ours, judge         float64 // nanoseconds an op
	oursAgain, judgeOwn float64 // either over itself in the same laps; 0 where it isn't measured twice
	missing             string
}

// A bed is where and with what pairs are measured.
type bed struct {
	programs
	site measure.Site
	// wide are the CPUs of a process that chooses by itself which of them to
	// measure on, and chooses the site's.
	wide []int

	measure func(context.Context, []lockstep.Spec, lockstep.Plan) ([]lockstep.Result, error)
	once    func(context.Context, lockstep.Spec, int) (lockstep.Slice, []string, error)
}

func newBed(p programs, site measure.Site) (*bed, error) {
	b := &bed{programs: p, site: site, wide: site.CPUs, measure: lockstep.Measure, once: lockstep.Once}
	usual, err := measure.NewSite(-1)
	if err == nil && usual.CPU != site.CPU {
		b.wide = []int{site.CPU}
	}
	return b, err
}

func newLines(ps []pair) ([]*line, error) {
	var ls []*line
	for _, p := range ps {
		l := &line{pair: p}
		if p.of != "" {
			var err error
			if l.of, err = lookup(p.of); err != nil {
				return nil, err
			}
		}
		ls = append(ls, l)
	}
	return ls, nil
}

// round measures the pair in a round, counted from 1, in both ways. It fails
// only with ctx; whatever else goes wrong is the outcome.
func (b *bed) round(ctx context.Context, l *line, round int) error {
	if l.leftOut != "" {
		return nil
	}
	specs, err := b.specs(l, round)
	if err != nil {
		l.missed(err)
		return ctx.Err()
	}
	if l.pair.of != "" {
		o, err := b.inLockstep(ctx, l, specs, round)
		if err != nil {
			return err
		}
		l.lockstep = append(l.lockstep, o)
	}
	if l.judge.kind != byRuns && l.leftOut == "" {
		o, err := b.inTurn(ctx, l, specs, round)
		if err != nil {
			return err
		}
		l.whole = append(l.whole, o)
	}
	return nil
}

// missed notes of a round that it could not begin.
func (l *line) missed(err error) {
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		l.leftOut = skip.Reason
		return
	}
	o := outcome{missing: err.Error()}
	if l.pair.of != "" {
		l.lockstep = append(l.lockstep, o)
	}
	if l.judge.kind != byRuns {
		l.whole = append(l.whole, o)
	}
}

// specs are the workers of a pair: in lockstep, and as whole processes.
type specs struct{ ours, judge, oursWhole, judgeWhole lockstep.Spec }

func (b *bed) specs(l *line, round int) (s specs, err error) {
	program := layout(b.bench, 1)
	if l.layouts() {
		program = layout(b.bench, round)
	}
	if l.pthread() {
		program = b.programs.pthread
	}
	env := os.Environ()
	if l.pair.of != "" {
		if s.ours, err = l.of.Spec(program, b.site); err != nil {
			return s, err
		}
		s.oursWhole = b.adapter("whole", whole, b.wide, env, "suite", program, l.pair.of)
		env = measure.Environ(env, "GOMAXPROCS="+procs(s.ours))
	} else {
		env = measure.Environ(env, "GOMAXPROCS=1")
	}
	here := []int{b.site.CPU}
	switch name := l.judge.name; l.judge.kind {
	case byC:
		s.judge = b.adapter("turns", slice, here, env, "c", b.c(name))
		s.judgeWhole = b.adapter("whole", whole, here, env, "c", b.c(name))
	case byGo:
		program := layout(b.plain, round)
		s.judge = b.adapter("turns", max(goTurn, l.of.Turn), here, env, "go", program, name)
		s.judge.Turn = l.of.Turn
		s.judgeWhole = b.adapter("whole", whole, here, env, "go", program, name)
	case byPerf:
		s.judge = b.adapter("whole", perfSlice, here, env, "perf")
		s.judgeWhole = b.adapter("whole", whole, here, env, "perf")
	}
	return s, nil
}

// adapter is a worker that runs a judge on the CPUs, and keeps off the one that
// is measured on where it can.
func (b *bed) adapter(way string, batch time.Duration, cpus []int, env []string, judge ...string) lockstep.Spec {
	var list []string
	for _, cpu := range cpus {
		list = append(list, strconv.Itoa(cpu))
	}
	return lockstep.Spec{
		Path: b.programs.adapter,
		Args: append([]string{"-cpus", strings.Join(list, ","), "-for", batch.String(), way}, judge...),
		Env:  env,
		CPUs: b.aside(),
	}
}

// aside are the CPUs of an adapter: it has to be able to put its judge on any.
func (b *bed) aside() []int {
	if others := b.site.Elsewhere(); others != nil {
		return others
	}
	return b.site.CPUs
}

// procs is the GOMAXPROCS of a worker.
func procs(s lockstep.Spec) string {
	for _, kv := range s.Env {
		if value, ok := strings.CutPrefix(kv, "GOMAXPROCS="); ok {
			return value
		}
	}
	return "1"
}

// inLockstep measures the pair in turns, each side by two workers.
func (b *bed) inLockstep(ctx context.Context, l *line, s specs, round int) (outcome, error) {
	if l.judge.kind == byRuns {
		rs, err := sandwich(ctx, []lockstep.Spec{s.ours, s.ours, s.ours})
		if err != nil {
			return outcome{}, err
		}
		return l.conclude([]lockstep.Result{rs[0], rs[1], rs[2], {}}), nil
	}
	// Hundreds, since some judges make threads a hundred at a time.
	plan := lockstep.Plan{Slice: slice, Laps: laps, Windows: 1, Multiple: 100}
	switch l.judge.kind {
	case byGo:
		if l.of.Turn == 0 { // else its turns are few
			plan.Laps = goLaps
		}
	case byPerf:
		plan.Slice, plan.Laps = perfSlice, perfLaps
	}
	arms := []lockstep.Spec{s.ours, s.judge, s.ours, s.judge}
	// Neither side always starts first (see started-nth of the suite's lines).
	turned := round%2 == 0
	if turned {
		slices.Reverse(arms)
	}
	rs, err := b.measure(ctx, arms, plan)
	if err != nil {
		return outcome{}, err
	}
	if turned {
		slices.Reverse(rs)
	}
	return l.conclude(rs), nil
}

// conclude reads a round off the results of ours, the judge, and both again;
// without windows the last one was not measured.
func (l *line) conclude(rs []lockstep.Result) (o outcome) {
	for i, r := range rs {
		ours := i%2 == 0 || l.judge.kind == byRuns
		err := r.Err
		if err == nil && ours && r.Windows != nil {
			if _, err = l.of.Check(r.Ops, r.Counts); err == nil {
				if why := l.of.Unproven(r.Ops, r.Counts); why != "" {
					err = errors.New(why)
				}
			}
		}
		if err == nil {
			continue
		}
		var skip *lockstep.Skip
		if errors.As(err, &skip) {
			l.leftOut = skip.Reason
			return outcome{missing: skip.Reason}
		}
		who := "the judge"
		if ours {
			who = "the suite's row"
		}
		return outcome{missing: fmt.Sprintf("%s: %v", who, err)}
	}
	var ok bool
	if o.ratio, ok = lockstep.Ratio(rs[0].Windows, rs[1].Windows); !ok {
		return outcome{missing: "no lap in common"}
	}
	// Each side was measured by two workers: both of them count.
	if again, ok := lockstep.Ratio(rs[2].Windows, rs[3].Windows); ok {
		o.ratio = math.Sqrt(o.ratio * again)
	}
	o.ours, o.judge = numbers.Median(rs[0].Windows), numbers.Median(rs[1].Windows)
	o.oursAgain, _ = lockstep.Ratio(rs[2].Windows, rs[0].Windows)
	o.judgeOwn, _ = lockstep.Ratio(rs[3].Windows, rs[1].Windows)
	return o
}

// inTurn measures the pair as whole processes, one after the other: ours first
// in odd rounds. Of a judge alone there is its time.
func (b *bed) inTurn(ctx context.Context, l *line, s specs, round int) (outcome, error) {
	var o outcome
	sides := []struct {
		who  string
		spec lockstep.Spec
		ns   *float64
	}{{"the suite's row", s.oursWhole, &o.ours}, {"the judge", s.judgeWhole, &o.judge}}
	if l.pair.of == "" {
		sides = sides[1:]
	}
	if round%2 == 0 {
		slices.Reverse(sides)
	}
	for _, side := range sides {
		r, _, err := b.once(ctx, side.spec, 1)
		switch {
		case ctx.Err() != nil:
			return o, context.Cause(ctx)
		case err != nil:
			return outcome{missing: fmt.Sprintf("%s: %v", side.who, err)}, nil
		}
		*side.ns = float64(r.Elapsed) / float64(r.Ops)
	}
	if l.pair.of != "" {
		o.ratio = o.ours / o.judge
	}
	return o, nil
}

// The laps of a round of a sandwich, and how many slices make as long a time
// as the run between them.
const (
	sandwichLaps   = 3
	sandwichSlices = int(long / slice)
)

// sandwich measures short slices over a long run of the same case, three
// workers of it: half of the slices, with a turn of the third worker after
// each, then the run, then the other half. A window is a lap.
func sandwich(ctx context.Context, specs []lockstep.Spec) ([]lockstep.Result, error) {
	results := make([]lockstep.Result, len(specs))
	workers := make([]*lockstep.Worker, len(specs))
	n := make([]int, len(specs))
	fail := func(i int, err error) ([]lockstep.Result, error) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		results[i].Err = err
		return results, nil
	}
	for i, spec := range specs {
		results[i].Counts = map[string]int64{}
		w, err := lockstep.Start(ctx, spec)
		if err != nil {
			return fail(i, err)
		}
		defer w.Kill()
		workers[i] = w
		of := slice
		if i == 1 {
			of = long
		}
		if n[i], err = lockstep.Calibrate(ctx, w, of); err != nil {
			return fail(i, err)
		}
	}
	for range sandwichLaps {
		nsPerOp := make([][]float64, len(specs))
		for k := range sandwichSlices {
			order := []int{0, 2}
			if k == sandwichSlices/2 {
				order = []int{1, 0, 2}
			}
			for _, i := range order {
				s, err := workers[i].Run(ctx, n[i])
				if err != nil {
					return fail(i, err)
				}
				nsPerOp[i] = append(nsPerOp[i], float64(s.Elapsed)/float64(s.Ops))
				results[i].Ops += s.Ops
				for k, v := range s.Counts {
					results[i].Counts[k] += v
				}
			}
		}
		for i, xs := range nsPerOp {
			results[i].Windows = append(results[i].Windows, numbers.Median(xs))
		}
	}
	for i, w := range workers {
		if err := w.Close(ctx); err != nil {
			return fail(i, err)
		}
	}
	return results, nil
}
