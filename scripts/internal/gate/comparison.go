package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/disturbance"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/paired"
)

// A Measured is what a run of the gate gave.
type Measured struct {
	Report  *verdict.Report // nil if there is no verdict
	Rounds  int             // that were planned
	Seed    uint64          // of the plan
	Rules   verdict.Rules   // that the verdict is held to
	Weather string          // what package disturbance says, over all of the rounds
}

// Measure is a run of the gate command with the command line args, which are not
// those of -files. apart links head under seeds of its own, as if it were other
// code. Of a run that has measured rounds and still has no verdict it answers
// the rest beside the error, else nil.
func Measure(ctx context.Context, args []string, apart bool, stderr io.Writer) (*Measured, error) {
	o, err := parse(args, io.Discard)
	if err != nil {
		return nil, err
	}
	if o.files != nil {
		return nil, errors.New("-files measures nothing")
	}
	o.apart = apart
	return compareSides(ctx, o, stderr)
}

// compareSides makes the two sides, measures them and judges.
func compareSides(ctx context.Context, o options, stderr io.Writer) (*Measured, error) {
	if measure.Injected() != "" {
		return nil, fmt.Errorf("%s=%s slows base and head down alike; unset it, and use -inject", measure.InjectVariable, measure.Injected())
	}
	c := &comparison{o: o, stderr: stderr}
	defer c.close()
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	return c.run(ctx)
}

// A comparison is a run: the two sides, their first builds, and what is measured.
type comparison struct {
	o       options
	b       *builds
	sub     subject
	first   programs
	remarks []verdict.Remark
	dir     string // for the raw rounds
	stderr  io.Writer
	undo    []func() // in this order's reverse
}

func (c *comparison) prepare(ctx context.Context) error {
	job.SweepFolders()
	temp, remove, err := job.TempFolder()
	if err != nil {
		return err
	}
	c.undo = append(c.undo, remove)
	base, head, removeTrees, err := sides(c.o, temp)
	if err != nil {
		return err
	}
	c.undo = append(c.undo, removeTrees)
	for _, side := range []*side{base, head} {
		if err := side.lookUp(ctx, temp); err != nil {
			return err
		}
	}
	c.b = &builds{temp: temp, sides: [arms]*side{base, head, base}}
	sub, left, err := choose(ctx, c.o, c.b)
	if err != nil {
		return err
	}
	if c.sub = sub; c.o.pkg == "" { // the cgroups of workers that were killed
		measure.SweepGroups()
		c.undo = append(c.undo, measure.SweepGroups)
	}
	c.remark(left...)
	if c.dir, err = rawFolder(c.o, head.dir); err != nil {
		return err
	}
	if c.first, err = c.b.first(ctx, c.say); err != nil {
		return err
	}
	if c.o.pkg == "" {
		for arm, side := range c.b.sides[:controlArm] {
			if err := c.o.allowed.Check(ctx, c.first[0][arm], side.dir, side.environ()); err != nil {
				return fmt.Errorf("%s: %w", side.name, err)
			}
		}
	}
	if !c.b.random {
		c.remark(fmt.Sprintf("%s and %s: not both linkers know -randlayout, so all rounds have one layout, which alone may move a figure by some percent", base, head))
	}
	return nil
}

// close takes away all that the session has made.
func (c *comparison) close() {
	for _, undo := range slices.Backward(c.undo) {
		undo()
	}
}

func (c *comparison) say(format string, a ...any) { fmt.Fprintf(c.stderr, format+"\n", a...) }

// remark says warnings, and keeps them for the report.
func (c *comparison) remark(texts ...string) {
	for _, text := range texts {
		c.remarks = append(c.remarks, verdict.Remark{Level: verdict.Warning, Text: text})
		c.say("%s: %s", verdict.Warning, text)
	}
}

// run tries out, plans, measures and judges.
func (c *comparison) run(ctx context.Context) (*Measured, error) {
	o := c.o
	if o.inject != nil {
		c.remark(fmt.Sprintf("INJECTED SLOWDOWN: head's cases that match %q are slowed down by the factor %v on purpose; this says nothing of head", o.inject.match, o.inject.factor))
	}
	seed := o.seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	c.say("trying out what can be measured")
	items, left, err := c.sub.pilot(ctx, c.first)
	if err != nil {
		return nil, err
	}
	c.b.used = make([]bool, len(c.b.pkgs))
	for _, it := range items {
		c.b.used[it.pkg] = true
	}
	linked, err := c.b.try(ctx)
	if err != nil {
		return nil, err
	}
	c.remark(left...)
	rows, round := 0, linked.cost // rows that decide
	for _, it := range items {
		for _, r := range it.rows {
			if r.Better != "" {
				rows++
			}
		}
		round += it.cost
	}
	switch {
	case len(items) == 0:
		return nil, fmt.Errorf("base and head have no row in common: all that was selected is left out:\n%s", strings.Join(left, "\n"))
	case rows == 0:
		return nil, fmt.Errorf("no row decides: Benchmark%s and all others selected leave the CPUs to the schedulers (place=free), a lottery; take rows of another place, too", items[0].name)
	}
	least, err := paired.LeastRounds(rows, alpha)
	if err != nil {
		return nil, err
	}
	rounds := o.rounds
	if rounds == 0 {
		rounds = roundsWithin(o.budget, round)
	}
	if err := enough(o, rounds, least, rows, round); err != nil {
		return nil, err
	}
	p := newPlan(seed, rounds, len(items), c.b.random, o.apart)
	repeat := repeated(o, rounds, seed)
	c.say("rows: %d; %d rounds of about %v, %v in all; %s", rows, rounds, round.Round(10*time.Millisecond), (time.Duration(rounds) * round).Round(time.Second), repeat)

	heads, err := c.sub.heads(ctx, c.first)
	if err != nil {
		return nil, err
	}
	base, head := c.b.sides[baseArm], c.b.sides[headArm]
	comment := fmt.Sprintf("# plan %s\n# base %s\n# head %s\n# begun %s\n", repeat, base, head, time.Now().UTC().Format(time.RFC3339))
	w, err := createRaw(c.dir, heads, comment)
	if err != nil {
		return nil, err
	}
	run := &Measured{Rounds: rounds, Seed: seed, Rules: o.rules()}
	before := disturbance.Read()
	done, err := measureRounds(ctx, c.b, c.sub, items, p, linked, c.first, w, c.stderr)
	run.Weather = before.Since()
	if err != nil {
		if done == 0 {
			run = nil
		}
		if stopped := context.Cause(ctx); stopped != nil {
			return run, fmt.Errorf("%w after %d of %d rounds, and a verdict needs them all; the raw rounds are in %s", stopped, done, rounds, w.dir)
		}
		return run, fmt.Errorf("%w\nafter %d of %d rounds; the raw rounds are in %s", err, done, rounds, w.dir)
	}
	c.say("the raw rounds are in %s: %s", w.dir, w.benchstat())

	var judged []verdict.Row
	for _, it := range items {
		n := len(it.failed)
		if rounds-n < least {
			return run, fmt.Errorf("no verdict, since Benchmark%s failed in %d of %d rounds, which leaves too few (%d are needed): %s", it.name, n, rounds, least, it.failed[0])
		}
		if n > 0 {
			c.remark(fmt.Sprintf("Benchmark%s failed in %d of %d rounds, which don't count: %s", it.name, n, rounds, it.failed[0]))
		}
		for _, r := range it.rows {
			judged = append(judged, *r)
		}
	}
	report, err := verdict.Judge(judged, run.Rules)
	if err != nil {
		return run, err
	}
	report.Base, report.Head, report.Plan = base.String(), head.String(), repeat
	report.Remarks = append(c.remarks, report.Remarks...)
	run.Report = report
	return run, nil
}
