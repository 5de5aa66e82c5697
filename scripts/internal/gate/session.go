package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/allow"
	"threadbench/scripts/internal/calibrate/runs"
	"threadbench/scripts/internal/disturbance"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/paired"
)

// A Session is what several runs of one comparison have in common: the two
// sides and their first builds, and a pool of layouts if one was linked. The
// gate itself is a session of one run.
type Session struct {
	o       options
	b       *builds
	sub     subject
	first   programs
	remarks []verdict.Remark
	data    *runs.File        // nil if there are none
	config  map[string]string // this machine's
	stderr  io.Writer
	undo    []func() // in this order's reverse
}

// A Trial is a run within a session, as the command line says it elsewhere.
type Trial struct {
	Budget time.Duration // as of -budget, or
	Rounds int           // as of -rounds, if above 0
	Seed   uint64        // as of -seed, which 0 draws
	Inject string        // as of -inject; "" for none
	Apart  bool          // head is linked under seeds of its own, as if it were other code
	Out    string        // the folder for the raw rounds
}

// A Measured is what a trial gave.
type Measured struct {
	Report  *verdict.Report // nil if there is no verdict
	Seed    uint64          // of its plan
	Rounds  int             // that were planned
	Layouts [][]uint64      // of each round, from 0: the seeds of base, head and control, 0 where none are drawn
	Weather string          // what package disturbance says, over all of the rounds
}

// Open begins a session with the command line args, those of the gate
// command but for -files, and builds both sides. What the gate would say on
// its way goes to stderr. Its errors are those for which the gate exits 2.
func Open(ctx context.Context, args []string, stderr io.Writer) (*Session, error) {
	o, err := parse(args, io.Discard)
	if err != nil {
		return nil, err
	}
	if o.files != nil {
		return nil, errors.New("-files measures nothing")
	}
	return open(ctx, o, stderr)
}

func open(ctx context.Context, o options, stderr io.Writer) (*Session, error) {
	if measure.Injected() != "" {
		return nil, fmt.Errorf("%s=%s slows base and head down alike; unset it, and use -inject", measure.InjectVariable, measure.Injected())
	}
	s := &Session{o: o, stderr: stderr}
	if err := s.prepare(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Session) prepare(ctx context.Context) error {
	job.SweepFolders()
	temp, remove, err := job.TempFolder()
	if err != nil {
		return err
	}
	s.undo = append(s.undo, remove)
	base, head, removeTrees, err := sides(s.o, temp)
	if err != nil {
		return err
	}
	s.undo = append(s.undo, removeTrees)
	for _, side := range []*side{base, head} {
		if err := side.lookUp(ctx, temp); err != nil {
			return err
		}
	}
	s.b = &builds{temp: temp, sides: [arms]*side{base, head, base}}
	sub, left, err := choose(ctx, s.o, s.b)
	if err != nil {
		return err
	}
	s.sub = sub
	s.undo = append(s.undo, sub.close)
	for _, l := range left {
		s.remark(&s.remarks, "%s", l)
	}
	if err := free(s.out(s.o), s.o.force); err != nil {
		return err
	}
	if err := s.calibrated(); err != nil {
		return err
	}
	if s.first, err = s.b.first(ctx, s.say); err != nil {
		return err
	}
	if s.o.pkg == "" {
		for arm, side := range s.b.sides[:controlArm] {
			if err := s.o.allowed.Check(ctx, s.first[0][arm], side.dir, side.environ()); err != nil {
				return fmt.Errorf("%s: %w", side.name, err)
			}
		}
	}
	if !s.b.random {
		s.remark(&s.remarks, "%s and %s: not both linkers know -randlayout, so all rounds have one layout, which alone may move a figure by some percent", base, head)
	}
	return nil
}

// Rules are what the session's runs are held to.
func (s *Session) Rules() verdict.Rules { return s.o.rules() }

// noCalibration is what -calibration says for none.
const noCalibration = "none"

// calibrated reads the calibration data, before anything is measured.
func (s *Session) calibrated() error {
	path := s.o.calibration
	switch path {
	case noCalibration:
		return nil
	case "":
		if s.o.pkg != "" {
			return nil // a file of that name is another module's
		}
		path = filepath.Join(s.b.sides[headArm].dir, "results", "calibration.jsonl")
		if _, err := os.Stat(path); err != nil {
			return nil
		}
	}
	data, err := runs.ReadFile(path)
	if err != nil {
		return fmt.Errorf("-calibration: %w; or give -calibration none", err)
	}
	if s.o.calibration == "" {
		data.Name = "results/calibration.jsonl"
	}
	s.data = data
	s.config, err = Machine(s.o.cpu, s.o.allowed)
	return err
}

// Machine is this machine's configuration, and the build of workers with the
// flags that are allowed; cpu is -cpu's. Driver and cgo are left out: they are
// the process's, and a worker's may differ.
func Machine(cpu int, allowed allow.Flags) (map[string]string, error) {
	site, err := measure.NewSite(cpu)
	if err != nil {
		return nil, err
	}
	config := map[string]string{}
	for _, c := range measure.Configuration("", measure.TimerCost(), site) {
		config[c.Key] = c.Value
	}
	delete(config, "driver")
	delete(config, "cgo")
	config["build"] = allowed.Build()
	return config, nil
}

// calibration says what a run of these rows is worth, nil if no data were
// asked for or found.
func (s *Session) calibration(o options, rows []verdict.Row, rounds int) (*verdict.Calibration, error) {
	if s.data == nil {
		return nil, nil
	}
	apart := o.apart || slices.Contains(s.b.same, false)
	text, ok, err := s.data.Worth(s.config, o.rules(), rows, rounds, apart)
	if err != nil {
		return nil, fmt.Errorf("-calibration: %w; or give -calibration none", err)
	}
	if !ok {
		return &verdict.Calibration{Text: fmt.Sprintf("%s: what such a run is worth here is not known, and the margin of %.3g%% is used alone.", text, 100*o.margin)}, nil
	}
	return &verdict.Calibration{Source: s.data.Name, Text: text}, nil
}

// Close takes away all that the session has made.
func (s *Session) Close() {
	for _, undo := range slices.Backward(s.undo) {
		undo()
	}
	s.undo = nil
}

func (s *Session) say(format string, a ...any) { fmt.Fprintf(s.stderr, format+"\n", a...) }

// remark says a warning, and adds it to those of a report.
func (s *Session) remark(to *[]verdict.Remark, format string, a ...any) {
	r := verdict.Remark{Level: verdict.Warning, Text: fmt.Sprintf(format, a...)}
	*to = append(*to, r)
	s.say("%s: %s", r.Level, r.Text)
}

// out is the folder for the raw rounds.
func (s *Session) out(o options) string {
	root := "."
	if o.head == "" && o.headDir == "" {
		root = s.b.sides[headArm].dir
	}
	return rawFolder(o, root)
}

// Pool links layouts, from which all runs of the session draw theirs from then
// on: so many, or as many as their files take no more than most bytes, but at
// least one for each arm. each(k) is called after the k-th. It answers how
// many there are. Both sides must be of one build, and the linkers know how to lay
// functions out at random.
//
// Each arm of each round draws anew from all of the pool, so that within a run
// the rounds are as independent as with layouts of their own; but runs share
// what is odd in a pool.
func (s *Session) Pool(ctx context.Context, layouts int, most int64, each func(k int)) (int, error) {
	switch {
	case layouts < arms:
		return 0, fmt.Errorf("a pool of %d layouts is too small: a round takes up to %d", layouts, arms)
	case !s.b.random:
		return 0, errors.New("these linkers lay nothing out at random, so a pool would be of one layout")
	case slices.Contains(s.b.same, false):
		return 0, errors.New("base and head are two builds, and a pool is of one")
	}
	s.b.used = slices.Repeat([]bool{true}, len(s.b.pkgs))
	tried, err := s.b.try(ctx)
	if err != nil {
		return 0, err
	}
	layouts = max(arms, min(layouts, int(2*most/max(1, tried.size))))
	var pool []uint64
	pooled := map[uint64]programs{}
	seeds := drawing{}.layouts(rand.New(rand.NewPCG(rand.Uint64(), 3)), (layouts+1)/2)
	for k, l := range seeds {
		progs, _, err := s.b.link(ctx, fmt.Sprintf("pool-%d", k+1), l)
		if err != nil {
			return 0, err
		}
		for _, arm := range []int{baseArm, controlArm}[:min(2, layouts-len(pool))] {
			one := make(programs, len(progs))
			for i := range progs {
				for a := range one[i] {
					one[i][a] = progs[i][arm]
				}
			}
			pool, pooled[l[arm]] = append(pool, l[arm]), one
		}
		each(len(pool))
	}
	s.b.pool, s.b.pooled = pool, pooled
	return len(pool), nil
}

// Run measures a trial and judges. Of one that has measured rounds and still has
// no verdict it answers the rest of the run beside the error, else nil.
func (s *Session) Run(ctx context.Context, t Trial) (*Measured, error) {
	o := s.o
	o.budget, o.rounds, o.seed, o.apart, o.out, o.inject = t.Budget, t.Rounds, t.Seed, t.Apart, t.Out, nil
	if t.Inject != "" {
		var err error
		if o.inject, err = parseInject(t.Inject); err != nil {
			return nil, err
		}
	}
	if err := s.sub.slow(o.inject); err != nil {
		return nil, err
	}
	return s.run(ctx, o)
}

// run tries out, plans, measures and judges.
func (s *Session) run(ctx context.Context, o options) (*Measured, error) {
	remarks := slices.Clone(s.remarks)
	if o.inject != nil {
		s.remark(&remarks, "INJECTED SLOWDOWN: head's cases that match %q are slowed down by the factor %v on purpose; this says nothing of head", o.inject.match, o.inject.factor)
	}
	dir := s.out(o)
	if err := free(dir, o.force); err != nil {
		return nil, err
	}
	seed := o.seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	s.say("trying out what can be measured")
	items, left, err := s.sub.pilot(ctx, s.first)
	if err != nil {
		return nil, err
	}
	s.b.used = make([]bool, len(s.b.pkgs))
	for _, it := range items {
		s.b.used[it.pkg] = true
	}
	linked, err := s.b.try(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range left {
		s.remark(&remarks, "%s", l)
	}
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
	p := newPlan(seed, rounds, len(items), drawing{none: !s.b.random, apart: o.apart, pool: s.b.pool})
	repeat := repeated(o, rounds, seed)
	s.say("rows: %d; %d rounds of about %v, %v in all; %s", rows, rounds, round.Round(10*time.Millisecond), (time.Duration(rounds) * round).Round(time.Second), repeat)

	heads, err := s.sub.heads(ctx, s.first)
	if err != nil {
		return nil, err
	}
	base, head := s.b.sides[baseArm], s.b.sides[headArm]
	comment := fmt.Sprintf("# plan %s\n# base %s\n# head %s\n# begun %s\n", repeat, base, head, time.Now().UTC().Format(time.RFC3339))
	w, err := createRaw(dir, heads, comment, o.force)
	if err != nil {
		return nil, err
	}
	run := &Measured{Seed: seed, Rounds: rounds}
	for _, l := range p.layouts {
		run.Layouts = append(run.Layouts, slices.Clone(l[:]))
	}
	before := disturbance.Read()
	done, err := measureRounds(ctx, s.b, s.sub, items, p, linked, s.first, w, s.stderr)
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
	s.say("the raw rounds are in %s: %s", w.dir, w.benchstat())

	var judged []verdict.Row
	for _, it := range items {
		n := len(it.failed)
		if rounds-n < least {
			return run, fmt.Errorf("no verdict, since Benchmark%s failed in %d of %d rounds, which leaves too few (%d are needed): %s", it.name, n, rounds, least, it.failed[0])
		}
		if n > 0 {
			s.remark(&remarks, "Benchmark%s failed in %d of %d rounds, which don't count: %s", it.name, n, rounds, it.failed[0])
		}
		for _, r := range it.rows {
			judged = append(judged, *r)
		}
	}
	rules := o.rules()
	if rules.Calibration, err = s.calibration(o, judged, rounds); err != nil {
		return run, err
	}
	report, err := verdict.Judge(judged, rules)
	if err != nil {
		return run, err
	}
	report.Base, report.Head, report.Plan = base.String(), head.String(), repeat
	report.Remarks = append(remarks, report.Remarks...)
	run.Report = report
	return run, nil
}
