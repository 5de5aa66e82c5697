package fidelity

import (
	"cmp"
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
	slice = 1500 * time.Microsecond // as in run
	long  = 100 * time.Millisecond  // a run that turns are compared with
	whole = 200 * time.Millisecond  // a process, as in go test -bench

	// Package testing collects garbage before each batch, and the scheduler is
	// slower just after that: batches of 1.5 ms read some percent more than
	// long ones. So judges in Go take longer turns, and fewer.
	goTurn = 10 * time.Millisecond

	perfSlice = 30 * time.Millisecond // perf measures a process at a time
)

// plan is how a pair is measured in turns. The ops of a slice are hundreds,
// since some judges make threads a hundred at a time.
func (l *line) plan() lockstep.Plan {
	plan := lockstep.Plan{Slice: slice, Laps: 40, Windows: 1, Multiple: 100}
	switch l.judge.kind {
	case byGo:
		if l.of.Turn == 0 { // otherwise its turns are few
			plan.Laps = 20
		}
	case byPerf:
		plan.Slice, plan.Laps = perfSlice, 4
	case byRuns:
		plan.Laps, plan.Windows, plan.Multiple = 10, 4, 1 // one run every ten laps: lockstep.Spec.Turn
	}
	return plan
}

// A line is a pair with the results of the rounds so far.
type line struct {
	pair
	of        measure.Case // zero for a judge alone
	turns     []outcome    // by round; nil for a judge alone
	processes []outcome    // by round; nil if the judge is the row in long runs
	leftOut   string       // why it isn't measured, "" if it is
}

// An outcome is a round's result for a pair, or why it has none.
type outcome struct {
	ratio               float64 // ours over the judge's
	ours, judge         float64 // nanoseconds an op
	oursAgain, judgeOwn float64 // either side over itself in the same laps; 0 if it isn't measured twice
	missing             string
}

// session is what measures: a [measure.Session].
type session interface {
	Arm(c measure.Case, program string, env ...string) measure.Arm
	Turn(ctx context.Context, a measure.Arm, n int) measure.Reading
	Round(ctx context.Context, arms []measure.Arm, plan lockstep.Plan, order []int, round int) ([]measure.Reading, error)
}

// A bed is where and with what pairs are measured.
type bed struct {
	session
	programs
	site measure.Site
	// wide are the CPUs of a process that chooses the CPU to measure on by
	// itself; it chooses the site's.
	wide []int
}

func newBed(p programs, s *measure.Session) (*bed, error) {
	b := &bed{session: s, programs: p, site: s.Site, wide: s.Site.CPUs}
	usual, err := measure.NewSite(-1)
	if err == nil && usual.CPU != s.Site.CPU {
		b.wide = []int{s.Site.CPU}
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
// only with ctx; any other error is in the outcome.
func (b *bed) round(ctx context.Context, l *line, round int) error {
	s := b.sides(l, round)
	if l.pair.of != "" && l.leftOut == "" {
		o, err := b.inTurns(ctx, l, s, round)
		if err != nil {
			return err
		}
		l.turns = append(l.turns, o)
	}
	if l.judge.kind != byRuns && l.leftOut == "" {
		o, err := b.inProcesses(ctx, l, s, round)
		if err != nil {
			return err
		}
		l.processes = append(l.processes, o)
	}
	return nil
}

// sides are the arms of a pair: in turns, and as whole processes.
type sides struct{ ours, judge, oursWhole, judgeWhole measure.Arm }

func (b *bed) sides(l *line, round int) (s sides) {
	program := layout(b.bench, 1)
	if l.layouts() {
		program = layout(b.bench, round)
	}
	if l.pthread() {
		program = b.programs.pthread
	}
	if l.pair.of != "" {
		s.ours = b.Arm(l.of, program)
		s.oursWhole = b.adapter("whole", whole, b.wide, os.Environ(), "go", program, l.pair.of)
	}
	here := []int{b.site.CPU}
	env := measure.Environ(os.Environ(), "GOMAXPROCS="+strconv.Itoa(cmp.Or(l.of.Procs, 1))) // all rows are on one CPU
	switch name := l.judge.name; l.judge.kind {
	case byC:
		s.judge = b.adapter("turns", slice, here, env, "c", b.c(name))
		s.judgeWhole = b.adapter("whole", whole, here, env, "c", b.c(name))
	case byGo:
		program := layout(b.plain, round)
		s.judge = b.adapter("turns", max(goTurn, l.of.Turn), here, env, "go", program, name)
		s.judge.Spec.Turn = l.of.Turn
		s.judgeWhole = b.adapter("whole", whole, here, env, "go", program, name)
	case byPerf:
		s.judge = b.adapter("whole", perfSlice, here, env, "perf")
		s.judgeWhole = b.adapter("whole", whole, here, env, "perf")
	case byRuns:
		s.judge = s.ours
		s.judge.Spec.Turn = long
	}
	return s
}

// adapter is an arm of a judge, without a case of the suite. The judge runs on
// the CPUs. The adapter keeps off the CPU that is measured on, if it can.
func (b *bed) adapter(way string, batch time.Duration, cpus []int, env []string, judge ...string) measure.Arm {
	var list []string
	for _, cpu := range cpus {
		list = append(list, strconv.Itoa(cpu))
	}
	aside := b.site.Elsewhere()
	if aside == nil {
		aside = b.site.CPUs
	}
	return measure.Arm{Spec: lockstep.Spec{
		Path: b.programs.adapter,
		Args: append([]string{"-cpus", strings.Join(list, ","), "-for", batch.String(), way}, judge...),
		Env:  env,
		CPUs: aside,
	}}
}

// inTurns measures the pair in turns, each side by two workers.
func (b *bed) inTurns(ctx context.Context, l *line, s sides, round int) (o outcome, err error) {
	order := []int{0, 1, 2, 3}
	if round%2 == 0 { // so that neither side always starts first (see started-nth in the suite's lines)
		slices.Reverse(order)
	}
	got, err := b.Round(ctx, []measure.Arm{s.ours, s.judge, s.ours, s.judge}, l.plan(), order, round)
	if err != nil {
		return o, err
	}
	for i, r := range got {
		if o.missing == "" {
			o.missing = l.without(r, i%2 == 0)
		}
	}
	if o.missing != "" {
		return o, nil
	}
	ours, judge, ours2, judge2 := got[0].Primary, got[1].Primary, got[2].Primary, got[3].Primary
	first, ok := lockstep.Ratio(ours, judge)
	second, ok2 := lockstep.Ratio(ours2, judge2)
	if !ok || !ok2 {
		return outcome{missing: "no lap in common"}, nil
	}
	o.ratio = math.Sqrt(first * second)
	o.ours, o.judge = numbers.Median(ours), numbers.Median(judge)
	o.oursAgain, _ = lockstep.Ratio(ours2, ours)
	o.judgeOwn, _ = lockstep.Ratio(judge2, judge)
	return o, nil
}

// inProcesses measures the pair as whole processes, one after the other. Ours
// is first in odd rounds. A judge alone has just its time.
func (b *bed) inProcesses(ctx context.Context, l *line, s sides, round int) (o outcome, err error) {
	turn := func(a measure.Arm, ours bool, nsPerOp *float64) {
		if o.missing != "" {
			return
		}
		r := b.Turn(ctx, a, 1)
		o.missing, *nsPerOp = l.without(r, ours), r.NsPerOp
	}
	switch {
	case l.pair.of == "":
		turn(s.judgeWhole, false, &o.judge)
	case round%2 == 0:
		turn(s.judgeWhole, false, &o.judge)
		turn(s.oursWhole, true, &o.ours)
	default:
		turn(s.oursWhole, true, &o.ours)
		turn(s.judgeWhole, false, &o.judge)
	}
	if ctx.Err() != nil {
		return o, context.Cause(ctx)
	}
	if o.missing == "" && l.pair.of != "" {
		o.ratio = o.ours / o.judge
	}
	return o, nil
}

// without says why a reading can't be used, "" if it can. If a side can't be
// measured here, the pair is left out.
func (l *line) without(r measure.Reading, ours bool) string {
	err := r.Err
	if err == nil && r.Unproven != "" {
		err = errors.New(r.Unproven)
	}
	if err == nil {
		return ""
	}
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		l.leftOut = skip.Reason
	}
	who := "the judge"
	if ours || l.judge.kind == byRuns {
		who = "the suite's row"
	}
	return fmt.Sprintf("%s: %v", who, err)
}
