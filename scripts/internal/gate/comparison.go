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
	"threadbench/scripts/internal/prose"
)

// A Measured is the outcome of a run of the gate.
type Measured struct {
	Report      *verdict.Report // nil if there is no verdict
	Rounds      int             // measured rounds; a row that was decided early has fewer
	Seed        uint64          // of the plan
	Rules       verdict.Rules   // of the verdict
	Disturbance string          // what package disturbance says of all the rounds together
}

// Measure runs the gate command with these arguments; -files is not allowed.
// apart links head under layout seeds of its own, as if it were other code, and
// also measures packages whose sources are unchanged. If a run fails after it
// has measured rounds, Measure answers those beside the error; else nil.
func Measure(ctx context.Context, args []string, apart bool, stderr io.Writer) (*Measured, error) {
	o, err := parse(args, io.Discard)
	if err != nil {
		return nil, err
	}
	if o.files != nil {
		return nil, errors.New("-files measures nothing")
	}
	o.apart = apart
	return compareSides(ctx, o, io.Discard, stderr)
}

// compareSides makes the two sides, measures them and judges.
func compareSides(ctx context.Context, o options, stdout, stderr io.Writer) (*Measured, error) {
	if measure.Injected() != "" {
		return nil, fmt.Errorf("%s=%s slows base and head down alike; unset it, and use -inject", measure.InjectVariable, measure.Injected())
	}
	c := &comparison{o: o, stdout: stdout, stderr: stderr}
	defer c.close()
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	return c.run(ctx)
}

// A comparison is a run: the two sides, their first builds, and what is
// measured.
type comparison struct {
	o         options
	b         *builds
	sub       subject
	first     programs
	remarks   []verdict.Remark
	missing   []verdict.Missing
	unchanged []string // packages
	dir       string   // for the raw rounds
	stdout    io.Writer
	stderr    io.Writer
	undo      []func() // run in reverse order
}

func (c *comparison) prepare(ctx context.Context) error {
	job.SweepFolders()
	temp, remove, err := job.TempFolder()
	if err != nil {
		return err
	}
	c.undo = append(c.undo, remove)
	base, head, removeTrees, err := sides(ctx, c.o, temp)
	if err != nil {
		return err
	}
	c.undo = append(c.undo, removeTrees)
	for _, side := range []*side{base, head} {
		c.remark(side.remarks...)
		if err := side.setup(ctx, temp, c.o.setup); err != nil {
			return err
		}
		if err := side.lookUp(ctx, temp); err != nil {
			return err
		}
	}
	c.b = &builds{temp: temp, sides: [arms]*side{base, head, base}}
	if err := c.choose(ctx); err != nil {
		return err
	}
	if c.o.pkg == "" { // killed workers leave their cgroups
		measure.SweepGroups()
		c.undo = append(c.undo, measure.SweepGroups)
	}
	if c.dir, err = rawFolder(c.o, head.dir); err != nil {
		return err
	}
	if len(c.b.pkgs) == 0 {
		return nil
	}
	var failed []unbuilt
	if c.first, failed, err = c.b.first(ctx, c.say); err != nil {
		return err
	}
	for _, f := range failed {
		name := "package " + c.b.pkgs[f.pkg]
		m := verdict.Missing{Name: name, Why: f.why()}
		if !f.sides[baseArm] {
			m.Verdict = verdict.Regression
		}
		if len(failed) == len(c.b.pkgs) && len(c.unchanged) == 0 {
			return fmt.Errorf("%s\n%s", verdict.Sentence(name, m.Why), f.said)
		}
		c.say("%s\n%s", verdict.Sentence(name, m.Why), f.said)
		c.missing = append(c.missing, m)
	}
	if c.o.pkg == "" {
		for arm, side := range c.b.sides[:controlArm] {
			if err := c.o.allowed.Check(ctx, c.first[0][arm], side.dir, side.environ()); err != nil {
				return fmt.Errorf("%s: %w", side.name, err)
			}
		}
	}
	if !c.b.random {
		c.remark(fmt.Sprintf("all rounds have the same code layout, which alone may move a figure by a few percent: the linkers of %s and %s don't both have -randlayout", base, head))
	}
	return nil
}

// close undoes all that the run has set up.
func (c *comparison) close() {
	for _, undo := range slices.Backward(c.undo) {
		undo()
	}
}

func (c *comparison) say(format string, a ...any) { fmt.Fprintf(c.stderr, format+"\n", a...) }

// remark prints warnings and keeps them for the report.
func (c *comparison) remark(texts ...string) {
	for _, text := range texts {
		c.remarks = append(c.remarks, verdict.Remark{Level: verdict.Warning, Text: text})
		c.say("%s: %s", verdict.Warning, text)
	}
}

// grace is how far the fewest rounds for a verdict may exceed the budget, as a
// share of it.
const grace = 0.5

// run tries out, plans, measures and judges.
func (c *comparison) run(ctx context.Context) (*Measured, error) {
	o := c.o
	if o.inject != nil {
		c.remark(fmt.Sprintf("INJECTED SLOWDOWN: head's cases that match %q are slowed down by the factor %v on purpose; the verdict says nothing about head", o.inject.match, o.inject.factor))
	}
	seed := o.seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	begun := time.Now()
	var items []*item
	var linked links
	var err error
	if len(c.b.pkgs) == 0 {
		c.say("nothing to measure: all that was selected is the same in base and head")
	} else {
		c.say("trying out the benchmarks")
		progress := job.NewProgress(c.stderr, int(o.budget.Milliseconds()))
		found, missing, err := c.sub.pilot(ctx, c.first, begun.Add(o.budget/2), progress)
		progress.End()
		if err != nil {
			return nil, err
		}
		items = found
		c.missing = append(c.missing, missing...)
		for _, it := range items {
			c.b.used[it.pkg] = true
		}
		if linked, err = c.b.try(ctx); err != nil {
			return nil, err
		}
	}
	if len(items) == 0 && c.silent() {
		return nil, c.nothing()
	}
	spent := time.Since(begun)
	if len(items) > 0 {
		if _, err := verdict.PlanLooks(rowsOf(items), alpha); err != nil {
			return nil, fmt.Errorf("no row can decide: in %s and all others selected the schedulers choose the CPUs (place=free), so figures vary by chance; select rows of another place, too", items[0].name)
		}
	}
	if o.list {
		return nil, c.costs(items, linked.cost, spent)
	}
	var would time.Duration // the budget that items need that were left out
	if o.rounds == 0 {
		var missing []verdict.Missing
		missing, would, err = fit(items, time.Until(begun.Add(o.budget))*9/10, time.Duration(grace*float64(o.budget)), linked.cost)
		if err != nil {
			return nil, err
		}
		c.missing = append(c.missing, missing...)
	}
	rules := verdict.Rules{Alpha: alpha, Margin: o.margin, Inconclusive: o.inconclusive, Through: o.through}
	run := &Measured{Seed: seed, Rules: rules}
	repeat := repeated(o, seed)
	var at disturbance.Amount
	if len(items) > 0 {
		if rules.Looks, err = verdict.PlanLooks(rowsOf(items), alpha); err != nil {
			return nil, err
		}
		run.Rules = rules
		timed := slices.ContainsFunc(items, func(it *item) bool { return it.varying > 0 })
		if first := rules.Looks.Rounds(0); timed && o.rounds > 0 && o.rounds < first {
			return nil, fmt.Errorf("-rounds %d is too few: a verdict on this many rows needs at least %d at a level of %v%%; give more rounds, or select fewer rows by -bench", o.rounds, first, 100*alpha)
		}
		r := &rounds{c: c, items: items, linked: linked, rules: rules, deadline: begun.Add(o.budget), plan: newPlan(seed, len(items), c.b.random, o.apart)}
		c.say("%s; %s", r.about(), repeat)
		heads, err := c.sub.heads(ctx, c.first)
		if err != nil {
			return nil, err
		}
		comment := fmt.Sprintf("# plan %s\n# %s\n# base %s\n# head %s\n# begun %s\n", repeat, r.about(),
			c.b.sides[baseArm], c.b.sides[headArm], time.Now().UTC().Format(time.RFC3339))
		if r.raw, err = createRaw(c.dir, heads, comment); err != nil {
			return nil, err
		}
		before := disturbance.Read()
		err = r.measure(ctx)
		at = before.Amount()
		run.Rounds, run.Disturbance = r.done, at.String()
		if err != nil {
			if r.done == 0 {
				run = nil
			}
			if stopped := context.Cause(ctx); stopped != nil {
				err = stopped
			}
			return run, fmt.Errorf("%w\nafter %s; the raw rounds are in %s", err, prose.Count(r.done, "round"), r.raw.dir)
		}
		c.say("the raw rounds are in %s: %s", r.raw.dir, r.raw.benchstat())
		rules.Over = true
	}
	report, err := c.judge(items, rules)
	if err != nil {
		return run, err
	}
	report.Plan, report.Disturbance = repeat, at
	if o.rounds == 0 {
		report.Needs = needs(items, linked.cost, spent, would, o.budget)
	}
	run.Report = report
	return run, nil
}

// rowsOf are the rows of all items.
func rowsOf(items []*item) (rows []verdict.Row) {
	for _, it := range items {
		for _, r := range it.rows {
			row := *r
			row.Cost, row.How = it.cost, it.how
			rows = append(rows, row)
		}
	}
	return rows
}

// pkg is the package that the item's name begins with; "" if it has none.
func (c *comparison) pkg(it *item) string {
	if pkg := c.b.pkgs[it.pkg]; strings.HasPrefix(it.name, pkg+".") {
		return pkg
	}
	return ""
}

// silent reports whether a comparison without rows has nothing to say about head.
func (c *comparison) silent() bool {
	return len(c.unchanged) == 0 && !slices.ContainsFunc(c.missing, func(m verdict.Missing) bool { return m.Verdict != "" })
}

// nothing is the error for a comparison without any row.
func (c *comparison) nothing() error {
	if len(c.missing) == 0 {
		return fmt.Errorf("%s of %s; go test -list Benchmark shows them", selection{bench: c.o.bench, skip: c.o.skip}.none(), c.o.pkg)
	}
	var why []string
	for _, m := range c.missing {
		why = append(why, m.Name+": "+m.Why)
	}
	return fmt.Errorf("base and head have no row in common:\n%s", strings.Join(why, "\n"))
}

// judge returns the verdict on the rounds measured so far.
func (c *comparison) judge(items []*item, rules verdict.Rules) (*verdict.Report, error) {
	missing := slices.Clone(c.missing)
	var remarks []verdict.Remark
	var measured []*item
	for _, it := range items {
		if it.lost >= mostFailures {
			missing = append(missing, it.failing())
		}
		if it.rounds == 0 && it.over && it.lost > 0 {
			continue
		}
		measured = append(measured, it)
		if it.lost > 0 {
			remarks = append(remarks, verdict.Remark{Level: verdict.Warning, Text: fmt.Sprintf("%s failed in %d of %d rounds, which don't count: %s", verdict.Row{Name: it.name, Pkg: c.pkg(it)}.Benchmark(), it.lost, it.lost+it.rounds, oneLine(it.failed[0]))})
		}
	}
	report, err := verdict.Judge(rowsOf(measured), rules)
	if err != nil {
		return nil, err
	}
	report.Beside(missing, c.unchanged)
	report.Base, report.Head = c.b.sides[baseArm].String(), c.b.sides[headArm].String()
	report.Remarks = slices.Concat(c.remarks, remarks, report.Remarks)
	return report, nil
}

// An item that failed in mostFailures rounds can't pass. The gate gives it up
// if those are most of its rounds.
const mostFailures = 3

// failing is the verdict on an item whose rounds failed: a regression if only
// head failed, else inconclusive.
func (it *item) failing() verdict.Missing {
	m := verdict.Missing{Name: it.name, Verdict: verdict.Inconclusive, Why: fmt.Sprintf("it failed in %d of %d rounds (base %d, head %d, control %d): %s", it.lost, it.lost+it.rounds,
		it.fails[baseArm], it.fails[headArm], it.fails[controlArm], oneLine(it.failed[0]))}
	if it.fails[headArm] >= mostFailures && it.fails[baseArm]+it.fails[controlArm] == 0 {
		m.Verdict = verdict.Regression
	}
	return m
}

// rounds measures round by round until every row is decided or the time is
// over.
type rounds struct {
	c        *comparison
	items    []*item
	plan     *plan
	linked   links
	rules    verdict.Rules
	raw      *raw
	deadline time.Time
	done     int
}

// cost is the cost of a round of all open items.
func (r *rounds) cost() time.Duration {
	sum := r.linked.cost
	for _, it := range r.items {
		if !it.over {
			sum += it.cost
		}
	}
	return sum
}

// lose adds the items that the time is too short for to c.missing, each name once.
func (c *comparison) lose(lost []verdict.Missing) {
	for _, m := range lost {
		c.missing = slices.DeleteFunc(c.missing, func(old verdict.Missing) bool { return old.Name == m.Name })
		c.missing = append(c.missing, m)
	}
}

// about describes the plan to the reader.
func (r *rounds) about() string {
	looks := r.rules.Looks
	return fmt.Sprintf("%s, %v a round; looks after %d, %d, %d, … rounds; level %v%% over all rows, margin %v%%",
		prose.Count(len(r.items), "benchmark"), r.cost().Round(10*time.Millisecond), looks.Rounds(0), looks.Rounds(1), looks.Rounds(2), 100*alpha, 100*r.rules.Margin)
}

// measure measures until no item wants another round.
func (r *rounds) measure(ctx context.Context) error {
	all := time.Until(r.deadline)
	if n := r.c.o.rounds; n > 0 {
		all = time.Duration(n) * r.cost()
	}
	progress := job.NewProgress(r.c.stderr, int(all.Milliseconds()))
	defer progress.End()
	last := time.Now()
	step := func() {
		now := time.Now()
		progress.Step(int(now.Sub(last).Milliseconds()))
		last = now
	}
	b := r.c.b
	for k := 0; ; k++ {
		open := slices.DeleteFunc(slices.Clone(r.items), func(it *item) bool { return !r.wants(it) })
		if len(open) == 0 {
			return nil
		}
		for pkg := range b.used {
			b.used[pkg] = slices.ContainsFunc(open, func(it *item) bool { return it.pkg == pkg })
		}
		progress.At(fmt.Sprintf("round %d, linking", k+1), "")
		if _, err := b.link(ctx, k, r.plan.layout(k), true); err != nil {
			return err
		}
		if _, err := b.link(ctx, k+1, r.plan.layout(k+1), false); err != nil {
			return err
		}
		if err := b.unchanged(); err != nil {
			return err
		}
		step()
		if err := r.one(ctx, k, len(open), progress, step); err != nil {
			return err
		}
		b.drop(k)
		r.done++
		if err := r.look(); err != nil {
			return err
		}
		if r.c.o.rounds == 0 && r.done < r.rules.Looks.Rounds(0) {
			// Only now are a round's cost and the counts that need more rounds
			// known.
			lost, _, err := trim(r.items, time.Until(r.deadline)+time.Duration(grace*float64(r.c.o.budget)), 0, r.linked.cost)
			if err != nil {
				return err
			}
			r.c.lose(lost)
		}
	}
}

// one measures round k.
func (r *rounds) one(ctx context.Context, k, open int, progress *job.Progress, step func()) error {
	var lines [arms]string
	progs := r.c.b.programs(k)
	before := disturbance.Read()
	r.c.sub.keepOff(true)
	defer r.c.sub.keepOff(false)
	order, orders := r.plan.orders()
	for _, i := range order {
		it := r.items[i]
		if !r.wants(it) || !r.c.b.used[it.pkg] {
			continue
		}
		progress.At(fmt.Sprintf("round %d, %d of %d open", k+1, open, len(r.items)), it.name)
		begun := time.Now()
		got, err := it.measure(ctx, progs, orders[i])
		if err != nil {
			return err
		}
		it.cost = time.Since(begun)
		step()
		for arm, reading := range got {
			if reading.err != nil {
				lines[arm] += fmt.Sprintf("# failed Benchmark%s: %s\n", it.name, strings.Join(strings.Fields(reading.err.Error()), " "))
			}
			lines[arm] += reading.text
		}
		it.add(k+1, got)
		it.over = it.lost >= mostFailures && it.lost > it.rounds
	}
	at := before.Amount()
	var about [arms]string
	own, next := r.plan.layout(k), r.plan.layout(k+1)
	for arm, seed := range []uint64{own[baseArm], own[headArm], next[baseArm]} {
		about[arm] = fmt.Sprintf("layout=%d %s", seed, at)
	}
	return r.raw.append(k+1, about, lines)
}

// wants tells whether an item takes one more round now. After the deadline, an
// item that hasn't had its first look goes on for a time of grace.
func (r *rounds) wants(it *item) bool {
	if it.over {
		return false
	}
	if n := r.c.o.rounds; n > 0 {
		return r.done < n
	}
	if it.most > 0 && it.rounds+it.lost >= it.most {
		return false
	}
	late := time.Since(r.deadline)
	return late < 0 || it.rounds < r.rules.Looks.Rounds(0) && late < time.Duration(grace*float64(r.c.o.budget))
}

// look marks the items that are decided as over, unless they take all rounds.
func (r *rounds) look() error {
	report, err := r.c.judge(r.items, r.rules)
	if err != nil {
		return err
	}
	undecided := map[string]bool{}
	for _, res := range report.Rows {
		if res.Verdict == verdict.Inconclusive {
			undecided[res.Row.Name] = true
		}
	}
	for _, it := range r.items {
		it.over = it.over || it.rounds > 0 && !undecided[it.name] && !r.c.o.through
	}
	return nil
}
