package gate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"threadbench/bench"
	"threadbench/bench/catalog"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/bench/numbers"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/results"
)

// Our own cases: base, head and control are three workers in lockstep, in the
// same laps. So the control costs a third worker and no second plan.

// lapsOfRound laps of three workers take half a second. More, shorter rounds
// beat fewer, longer ones, since processes differ more than laps do. It is a
// multiple of 6, the number of orders in a lap.
const (
	slice       = 1500 * time.Microsecond
	lapsOfRound = 90
	lapsOfPilot = 6
)

// cases are our own cases as a subject.
type cases struct {
	chosen []measure.Case
	at     measure.Session
	envs   [arms][]string // K=V
	inject *injection
}

// chooseCases answers the cases that -bench and -skip select.
func chooseCases(o options, env [arms][]string) (*cases, error) {
	c := &cases{envs: env, inject: o.inject}
	for _, k := range bench.Families.Cases() {
		if o.selects(k.Name.String()) {
			c.chosen = append(c.chosen, k)
		}
	}
	if len(c.chosen) == 0 {
		return nil, fmt.Errorf("-bench %q and -skip %q leave none of our cases; go run ./scripts/run -profile full -list shows them, and -pkg measures other packages", o.bench, o.skip)
	}
	if i := o.inject; i != nil && !slices.ContainsFunc(c.chosen, i.of) {
		return nil, fmt.Errorf("-inject %q matches none of the %d cases chosen, such as Benchmark%s", i.text, len(c.chosen), c.chosen[0].Name)
	}
	var err error
	c.at.Site, err = measure.NewSite(o.cpu)
	return c, err
}

func (i *injection) of(c measure.Case) bool {
	return i.match.MatchString("Benchmark" + c.Name.String())
}

// heads are the first lines of the raw files.
func (c *cases) heads(ctx context.Context, p programs) (heads [arms][]byte, err error) {
	for arm := range arms {
		if heads[arm], err = measure.Head(ctx, p[0][arm], c.at.Site, c.envs[arm]...); err != nil {
			return heads, fmt.Errorf("%s: %w", armNames[arm], err)
		}
	}
	if c.inject != nil {
		heads[headArm] = append([]byte("inject: "+strings.Join(strings.Fields(c.inject.text), "-")+"\n"), heads[headArm]...)
	}
	return heads, nil
}

// pilot measures each case for a few laps. Cases that can't be measured on both
// sides go to missing.
func (c *cases) pilot(ctx context.Context, p programs, until time.Time, progress *job.Progress) (items []*item, missing []verdict.Missing, err error) {
	c.keepOff(true)
	defer c.keepOff(false)
	for i, k := range c.chosen {
		leave := func(v verdict.Verdict, why string, args ...any) {
			missing = append(missing, verdict.Missing{Name: k.Name.String(), Verdict: v, Why: fmt.Sprintf(why, args...)})
		}
		unit, better, varying := results.Sum(catalog.Decides(k.Name)), "lower", 1
		if family, _ := catalog.FamilyOf(k.Name.Family); !family.Compared(k.Name.Get("mode")) {
			leave("", "%s decides in this case; it may be 0, and 0 has no ratio", unit)
			continue
		}
		if time.Now().After(until) {
			leave(verdict.Inconclusive, "no time was left to try it; give a larger -budget")
			continue
		}
		if k.Name.Get("place") == "free" {
			better, varying = "", 0 // its CPUs vary by chance, so it decides nothing
		}
		progress.At(fmt.Sprintf("trying case %d of %d", i+1, len(c.chosen)), k.Name.String())
		begun := time.Now()
		got, err := c.measure(ctx, k, unit, p, []int{baseArm, headArm, controlArm}, lapsOfPilot)
		if err != nil {
			return nil, nil, err
		}
		cost := time.Since(begun)
		progress.Step(int(cost.Milliseconds()))
		for _, r := range got {
			if r.slice > 0 {
				cost += (lapsOfRound - lapsOfPilot) * (r.slice + 50*time.Microsecond)
			}
		}
		if why, v := unmeasured(got, unit); why != "" {
			leave(v, "%s", why)
			continue
		}
		items = append(items, &item{
			name:    k.Name.String(),
			cost:    cost,
			rows:    []*verdict.Row{{Name: k.Name.String(), Unit: unit, Better: better}},
			varying: varying,
			measure: func(ctx context.Context, p programs, order []int) ([arms]reading, error) {
				return c.measure(ctx, k, unit, p, order, lapsOfRound)
			},
		})
	}
	return items, missing, nil
}

// unmeasured is why a case has no figure on one of the sides, or "". A case
// that fails is inconclusive; one that a side lacks or skips is only named.
func unmeasured(got [arms]reading, unit string) (why string, v verdict.Verdict) {
	for arm, r := range got {
		var skip *lockstep.Skip
		var evidence *measure.EvidenceError
		switch {
		case errors.As(r.err, &skip):
			return fmt.Sprintf("%s: %s", armNames[arm], skip.Reason), ""
		case r.err != nil && !errors.As(r.err, &evidence): // evidence of a few laps may be off by chance
			return fmt.Sprintf("it fails in %s: %v", armNames[arm], r.err), verdict.Inconclusive
		}
		if _, ok := r.values[unit]; r.err == nil && !ok {
			return fmt.Sprintf("%s reports no %s, the unit that decides", armNames[arm], unit), ""
		}
	}
	return "", ""
}

// keepOff keeps this process off the CPU that is measured on, or lets it back.
func (c *cases) keepOff(off bool) { c.at.KeepOff(off) }

// measure measures a case once. order is the order of the arms in a lap.
func (c *cases) measure(ctx context.Context, k measure.Case, unit string, p programs, order []int, laps int) (got [arms]reading, err error) {
	of := make([]measure.Arm, arms)
	for arm := range arms {
		env := c.envs[arm]
		if arm == headArm && c.inject != nil && c.inject.of(k) {
			env = append(slices.Clone(env), fmt.Sprintf("%s=%v", measure.InjectVariable, c.inject.factor))
		}
		of[arm] = c.at.Arm(k, p[0][arm], env...)
	}
	plan := lockstep.Plan{Slice: slice, Laps: laps, Windows: 1}
	if c.inject != nil && c.inject.of(k) {
		plan.Multiple = measure.Repeated(c.inject.factor)
	}
	readings, err := c.at.Round(ctx, of, plan, order, 0)
	if err != nil {
		return got, err
	}
	for arm, m := range readings {
		r := reading{err: m.Err}
		if r.err == nil {
			r.values = maps.Clone(m.Figures)
			if m.Timed {
				r.values["ns/op"] = numbers.Median(m.Primary)
			}
			if m.Primary != nil {
				r.values[unit] = numbers.Median(m.Primary)
			}
			if k.Once == 0 {
				r.slice = time.Duration(r.values["ns/op"] * float64(m.Ops) / float64(laps))
			}
			r.text = m.Line(k.Name)
		}
		if r.err == nil {
			if err := c.injected(k, arm, m.Cuts); err != nil {
				return got, fmt.Errorf("measuring Benchmark%s, %s: %w", k.Name, armNames[arm], err)
			}
		}
		got[arm] = r
	}
	return got, nil
}

// injected checks that the head's worker is slowed down exactly if -inject says
// so, and no other arm's is.
func (c *cases) injected(k measure.Case, arm int, cuts []string) error {
	is, want := measure.SaysInjected(cuts), arm == headArm && c.inject != nil && c.inject.of(k)
	switch {
	case want && !is:
		return errors.New("its worker was not slowed down, since this build's source is older than -inject; choose a newer -head, or leave -inject out")
	case is && !want:
		return fmt.Errorf("its worker is slowed down without -inject; unset %s", measure.InjectVariable)
	}
	return nil
}

// isOurs checks that the side's folder is in a checkout of threadbench, and
// sets the folder to the checkout's top.
func (s *side) isOurs(ctx context.Context, temp string) error {
	out, err := s.goCommand(ctx, temp, "list", "-m", "-f", "{{.Path}}\t{{.Dir}}")
	if path, dir, _ := strings.Cut(out, "\t"); err == nil && path == "threadbench" && dir != "" {
		s.dir = dir
		return nil
	}
	if ctx.Err() != nil {
		return err
	}
	if _, e := os.Stat(s.dir); e != nil {
		err = e
	}
	why := ""
	if err != nil {
		why = ": " + err.Error()
	}
	return fmt.Errorf("%s (%s) is no checkout of threadbench, and without -pkg gate measures threadbench's own cases; give -pkg ./... to measure the benchmarks there%s", s.name, s.dir, why)
}
