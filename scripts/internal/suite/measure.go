package suite

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"

	"threadbench/bench/catalog"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/scripts/internal/results"
	"threadbench/threads"
)

// outcome is what a round has to say of one case: a benchmark line, or why
// there is none.
type outcome struct {
	line  string // a benchmark line, "" if there is none
	notes []note
}

type note struct{ kind, name, reason string }

func (n note) line() string {
	return fmt.Sprintf("# %s Benchmark%s: %s\n", n.kind, n.name, n.reason)
}

// measured is what one worker of a group has measured in a round.
type measured struct {
	err      error
	cuts     []string
	unproven string    // why it has no evidence; "" if it has
	primary  []float64 // the primary figure of each window, or of each process; nil for a case that has none
	ops      int
	started  int  // its worker was the so-many-th of the group to start; 0 for one of many processes
	time     bool // the primary figure is ns/op
	figures  map[string]float64
}

// measureGroup measures a group once and answers an outcome for each of its
// cases. It fails only with ctx.
func (m *machine) measureGroup(ctx context.Context, g group, p Profile, round int) ([]outcome, error) {
	arms := g.arms()
	specs := make([]lockstep.Spec, len(arms))
	got := make([]measured, len(arms))
	for i, a := range arms {
		specs[i], got[i].err = g.cases[a].Spec(m.worker, m.site)
		specs[i].Patience = m.patience
		if specs[i].CPUs == nil && m.kept {
			specs[i].CPUs = m.site.CPUs
		}
		if !p.Full {
			specs[i].Env = append(specs[i].Env, measure.FewerTasks)
		}
	}
	var err error
	if g.once() > 0 {
		err = m.once(ctx, g, arms, specs, got, round)
	} else {
		err = m.sliced(ctx, g, arms, specs, got, p, round)
	}
	if err != nil {
		return nil, err
	}

	outcomes := make([]outcome, len(g.cases))
	for i, c := range g.cases {
		var ref, twin *measured
		if g.ref >= 0 {
			ref = &got[g.ref]
			if i == g.ref && g.twin {
				twin = &got[len(got)-1]
			}
		}
		outcomes[i] = conclude(c, &got[i], ref, twin)
	}
	return outcomes, nil
}

// sliced measures the group in lockstep. Workers that have no Spec for want
// of a place are left out.
//
// Every other round starts them in the opposite order, and each line has its
// worker's place in the start (started-nth): in two references the worker that
// started last read 3% less than its twin, of a hundred goroutines made at a time.
// Nobody has found out why, and 100 rounds since then have not shown it again
// (results/README.md).
func (m *machine) sliced(ctx context.Context, g group, arms []int, specs []lockstep.Spec, got []measured, p Profile, round int) error {
	var at []int
	for i := range specs {
		if got[i].err == nil {
			at = append(at, i)
		}
	}
	if round%2 == 0 {
		slices.Reverse(at)
	}
	var able []lockstep.Spec
	for _, i := range at {
		able = append(able, specs[i])
	}
	results, err := lockstep.Measure(ctx, able, p.lockstep())
	if err != nil {
		return err
	}
	for k, r := range results {
		i := at[k]
		got[i] = measured{err: r.Err, cuts: r.Cuts, primary: r.Windows, ops: r.Ops, started: r.Started, time: true,
			figures: measure.Figures(r.Ops, r.Counts, nil)}
		if r.Err == nil {
			got[i].check(g.cases[arms[i]], r.Ops, r.Counts)
		}
	}
	return nil
}

// once measures each of the group in processes of their own, each pass in
// another order.
func (m *machine) once(ctx context.Context, g group, arms []int, specs []lockstep.Spec, got []measured, round int) error {
	orders := lockstep.Orders(len(arms))
	figures := make([]map[string][]float64, len(arms))
	for pass := range g.once() {
		for _, i := range orders[(round*g.once()+pass)%len(orders)] {
			if got[i].err != nil {
				continue
			}
			c := g.cases[arms[i]]
			s, cuts, err := lockstep.Once(ctx, specs[i], 1)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			got[i].err, got[i].cuts = err, cuts
			if err == nil {
				got[i].check(c, s.Ops, s.Counts)
			}
			if got[i].err != nil {
				continue
			}
			got[i].ops += s.Ops
			all := measure.Figures(s.Ops, s.Counts, s.Figures)
			if figures[i] == nil {
				figures[i] = map[string][]float64{}
			}
			for unit, x := range all {
				figures[i][unit] = append(figures[i][unit], x)
			}
			family, _ := catalog.FamilyOf(c.Name.Family)
			x, whole := 0.0, family.Compared(c.Name.Get("mode"))
			for _, unit := range catalog.Decides(c.Name) {
				part, ok := all[unit]
				if unit == "ns/op" {
					part, ok = float64(s.Elapsed)/float64(s.Ops), s.Elapsed > 0
					got[i].time = ok
				}
				x, whole = x+part, whole && ok
			}
			if !whole {
				continue // it measures something that isn't compared
			}
			got[i].primary = append(got[i].primary, x)
		}
	}
	for i := range got {
		got[i].figures = map[string]float64{}
		for unit, xs := range figures[i] {
			got[i].figures[unit] = lockstep.Median(xs)
		}
	}
	return nil
}

// check holds what was counted against what the case wants.
func (m *measured) check(c measure.Case, ops int, counts map[string]int64) {
	_, m.err = c.Check(ops, counts)
	if m.unproven == "" {
		m.unproven = c.Unproven(ops, counts)
	}
}

// conclude makes a benchmark line of what a case has measured beside its
// goroutine arm and, for that arm, beside its twin.
func conclude(c measure.Case, got, ref, twin *measured) outcome {
	name := c.Name.String()
	var o outcome
	for _, reason := range got.cuts {
		o.notes = append(o.notes, note{"cut", name, reason})
	}
	if got.err != nil {
		kind, reason := explain(got.err)
		o.notes = append(o.notes, note{kind, name, reason})
		return o
	}
	if got.unproven != "" {
		o.notes = append(o.notes, note{"cut", name, "unproven: " + got.unproven})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Benchmark%s %d", name, got.ops)
	write := func(x float64, unit string) { fmt.Fprintf(&b, " %.6g %s", x, unit) }
	if got.time {
		write(lockstep.Median(got.primary), "ns/op")
	}
	if ref != nil && ref.err == nil {
		if x, ok := lockstep.Ratio(got.primary, ref.primary); ok {
			write(x, "x-goroutine")
		}
	}
	if twin != nil && twin.err == nil {
		if x, ok := lockstep.Ratio(twin.primary, got.primary); ok {
			write(x, "x-self")
		}
	}
	if twin != nil && twin.err != nil {
		kind, reason := explain(twin.err)
		if kind == "skip" { // the case itself was not
			kind = "cut"
		}
		o.notes = append(o.notes, note{kind, name, "measured once more, for x-self: " + reason})
	}
	if got.started > 0 {
		write(float64(got.started), "started-nth")
	}
	if twin != nil && twin.started > 0 {
		write(float64(twin.started), "self-started-nth")
	}
	for _, unit := range slices.Sorted(maps.Keys(got.figures)) {
		write(got.figures[unit], unit)
	}
	b.WriteByte('\n')
	if err := legible(b.String()); err != nil {
		o.notes = append(o.notes, note{"failed", name, "the worker answered nonsense: " + err.Error()})
		return o
	}
	o.line = b.String()
	return o
}

// legible is an error if a benchmark line can't be read from a results file:
// it would make the whole of it unreadable.
func legible(line string) error {
	_, err := results.Read(strings.NewReader("driver: lockstep\n"+line+"# end round 1\n"), "this line")
	return err
}

// explain says of an error whether it is a skip or a failure, and why. A
// worker that the system had no room for is a skip that names the limit.
func explain(err error) (kind, reason string) {
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		return "skip", skip.Reason
	}
	reason = strings.Join(strings.Fields(err.Error()), " ")
	var worker *lockstep.WorkerError
	refused := errors.Is(err, syscall.EAGAIN) ||
		errors.As(err, &worker) && (strings.Contains(reason, "failed to create new OS thread") || strings.Contains(reason, syscall.EAGAIN.Error()))
	if refused {
		need := threads.Need{Threads: workerThreads}
		if fits, limit, e := threads.Headroom(need); e == nil && fits < need.Threads {
			return "skip", (&threads.LimitError{Limit: limit, Wanted: need.Threads}).Error()
		}
		return "skip", "a thread was refused by a limit that has room by now: " + reason
	}
	return "failed", reason
}

// workerThreads is what a worker's own runtime may make.
const workerThreads = 10
