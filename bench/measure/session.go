package measure

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/lockstep"
	"threadbench/bench/numbers"
)

// A Session is the site of measurements and the patience with their workers. go
// test's adaptor, run, the gate and fidelity measure by one.
type Session struct {
	Site     Site
	Patience time.Duration // with a worker, 0 for lockstep's own

	kept bool // this process keeps off the measured CPU
}

// KeepOff keeps this process off the measured CPU, if there is another, or lets
// it back. A worker inherits this process's CPUs, so from then on a worker that
// may use all CPUs is started on them explicitly.
func (s *Session) KeepOff(off bool) {
	cpus := s.Site.Elsewhere()
	if cpus == nil {
		return
	}
	if !off {
		cpus = s.Site.CPUs
	}
	s.kept = lockstep.KeepTo(cpus) == nil && off
}

// An Arm is one worker of a group: a case, measured by one program, or a worker
// that is no case of the suite.
type Arm struct {
	Case Case // zero for a worker that is no case: it needs no evidence
	Spec lockstep.Spec
	Err  error // why it can't be measured: a *lockstep.Skip
}

// Arm returns the case as measured by program, the bench test binary. env is
// added to the worker's environment, KEY=VALUE.
func (s *Session) Arm(c Case, program string, env ...string) Arm {
	spec, err := c.Spec(program, s.Site)
	if err != nil {
		return Arm{Case: c, Err: err}
	}
	spec.Patience = s.Patience
	if spec.CPUs == nil && s.kept {
		spec.CPUs = s.Site.CPUs
	}
	spec.Env = Environ(spec.Env, env...)
	return Arm{Case: c, Spec: spec}
}

// A Reading is the measurement of an arm.
type Reading struct {
	Err      error              // why it has no figure: a skip, a failure, an *EvidenceError
	Cuts     []string           // reports that it measures less
	Unproven string             // why it has no evidence; "" if it has
	Primary  []float64          // the figure that decides, of each window or of each process; nil for none
	Ops      int                // in all
	Started  int                // its worker's place in the start order of the group; 0 for one of many processes
	Timed    bool               // the figure that decides is ns/op
	NsPerOp  float64            // of one turn; 0 where no time is measured
	Figures  map[string]float64 // all others by unit; medians for many processes
}

// check compares the counts with the case's evidence.
func (r *Reading) check(c Case, ops int, counts map[string]int64) {
	_, r.Err = c.Check(ops, counts)
	if r.Unproven == "" {
		r.Unproven = c.Unproven(ops, counts)
	}
}

// Turn has an arm do n ops in a fresh process, in one turn.
func (s *Session) Turn(ctx context.Context, a Arm, n int) Reading {
	r := Reading{Err: a.Err}
	if r.Err != nil {
		return r
	}
	slice, cuts, err := lockstep.Once(ctx, a.Spec, n)
	r.Cuts, r.Err = cuts, err
	if err == nil {
		r.check(a.Case, slice.Ops, slice.Counts)
	}
	if r.Err != nil {
		return r
	}
	r.Ops, r.Figures = slice.Ops, Figures(slice.Ops, slice.Counts, slice.Figures)
	r.NsPerOp = float64(slice.Elapsed) / float64(slice.Ops)
	sum := 0.0
	if family, _ := catalog.FamilyOf(a.Case.Name.Family); !family.Compared(a.Case.Name.Get("mode")) {
		return r
	}
	units := catalog.Decides(a.Case.Name)
	if units == nil { // no case of the suite
		units = []string{"ns/op"}
	}
	for _, unit := range units {
		x, ok := r.Figures[unit]
		if unit == "ns/op" {
			x, ok = r.NsPerOp, r.NsPerOp > 0
			r.Timed = ok
		}
		if !ok {
			return r // the arm has no such figure, so nothing is compared
		}
		sum += x
	}
	r.Primary = []float64{sum}
	return r
}

// Round measures the arms against each other once, and returns a Reading for
// each. Arms are measured in laps. Arms that are measured once a process get as
// many passes as their cases want. order has the indexes of the arms in their
// start order; round sets the order of the first pass. Round fails only with
// ctx.
func (s *Session) Round(ctx context.Context, arms []Arm, plan lockstep.Plan, order []int, round int) ([]Reading, error) {
	got := make([]Reading, len(arms))
	var able []int
	for _, i := range order {
		if got[i].Err = arms[i].Err; got[i].Err == nil {
			able = append(able, i)
		}
	}
	if passes := arms[order[0]].Case.Once; passes > 0 {
		return got, s.passes(ctx, arms, got, able, passes, round)
	}
	var specs []lockstep.Spec
	for _, i := range able {
		specs = append(specs, arms[i].Spec)
	}
	results, err := lockstep.Measure(ctx, specs, plan)
	if err != nil {
		return nil, err
	}
	for k, r := range results {
		g := &got[able[k]]
		*g = Reading{Err: r.Err, Cuts: r.Cuts, Primary: r.Windows, Ops: r.Ops, Started: r.Started, Timed: true, Figures: Figures(r.Ops, r.Counts, nil)}
		if r.Err == nil {
			g.check(arms[able[k]].Case, r.Ops, r.Counts)
		}
	}
	return got, nil
}

// passes measures each arm in processes of their own, each pass in another
// order.
func (s *Session) passes(ctx context.Context, arms []Arm, got []Reading, able []int, passes, round int) error {
	orders := lockstep.Orders(len(able))
	figures := make([]map[string][]float64, len(arms))
	for pass := range passes {
		if len(able) == 0 {
			break
		}
		for _, k := range orders[(round*passes+pass)%len(orders)] {
			i := able[k]
			if got[i].Err != nil {
				continue
			}
			r := s.Turn(ctx, arms[i], 1)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			g := &got[i]
			g.Err, g.Cuts, g.Timed = r.Err, r.Cuts, r.Timed
			if g.Unproven == "" {
				g.Unproven = r.Unproven
			}
			g.Ops += r.Ops
			g.Primary = append(g.Primary, r.Primary...)
			if figures[i] == nil {
				figures[i] = map[string][]float64{}
			}
			for unit, x := range r.Figures {
				figures[i][unit] = append(figures[i][unit], x)
			}
		}
	}
	for i := range got {
		got[i].Figures = map[string]float64{}
		for unit, xs := range figures[i] {
			got[i].Figures[unit] = numbers.Median(xs)
		}
	}
	return nil
}

// A Figure is a value in a unit.
type Figure struct {
	Value float64
	Unit  string
}

// Counted returns the reading of a case of that name without what a clock
// measured. Its factors are of counts alone. A reading of times becomes a skip.
func (r Reading) Counted(name catalog.Name) Reading {
	if r.Err != nil {
		return r
	}
	counts := func(unit string) bool {
		return slices.ContainsFunc(catalog.Units, func(u catalog.Unit) bool { return u.Name == unit && u.Count })
	}
	figures := maps.Clone(r.Figures)
	maps.DeleteFunc(figures, func(unit string, _ float64) bool { return !counts(unit) })
	if len(figures) == 0 {
		return Reading{Err: lockstep.Skipf("the CPU is emulated, so its times mean nothing, and this row has no count beside them")}
	}
	r.Figures, r.Timed, r.NsPerOp, r.Started = figures, false, 0, 0
	if slices.ContainsFunc(catalog.Decides(name), func(unit string) bool { return !counts(unit) }) {
		r.Primary = nil
	}
	return r
}

// Line returns the reading as a benchmark line of that name: the time of an op,
// the figures beside it, and all other figures.
func (r Reading) Line(name catalog.Name, beside ...Figure) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Benchmark%s %d", name, r.Ops)
	write := func(x float64, unit string) { fmt.Fprintf(&b, " %.6g %s", x, unit) }
	if r.Timed {
		write(numbers.Median(r.Primary), "ns/op")
	}
	for _, f := range beside {
		write(f.Value, f.Unit)
	}
	for _, unit := range slices.Sorted(maps.Keys(r.Figures)) {
		write(r.Figures[unit], unit)
	}
	b.WriteByte('\n')
	return b.String()
}

// Here returns a session of this process, the bench test binary, and its path.
func Here() (s *Session, program string, err error) {
	site, err := NewSite(-1)
	if err != nil {
		return nil, "", err
	}
	program, err = os.Executable()
	return &Session{Site: site}, program, err
}
