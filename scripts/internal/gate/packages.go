package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/disturbance"
	"threadbench/scripts/internal/gate/files"
	"threadbench/scripts/internal/gate/turns"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/prose"
)

// The benchmarks of other packages: the test binaries of base, head and control
// run at the same time, in turns, each for the same number of iterations
// (package turns).

// runs is how long a measurement is, about: its number of iterations is chosen
// for this time on the slower side. Tests shorten it.
var runs = 300 * time.Millisecond

const (
	// A benchmark that allocates runs for at least this many collections of the
	// heap, each of at least leastHeap (Go collects from 4 MiB on). With one
	// collection or none, its figures fall into two heaps. It runs for at most
	// atMost times runs.
	collections = 5
	leastHeap   = 4 << 20
	atMost      = 4
	// A trial must last for this share of runs to tell how long an iteration
	// takes.
	tells = 0.05
	// minTrial is the least limit of a trial, whatever the budget: starting a
	// process can take 100 ms where every CPU is busy. least is the least length
	// of a trial that tells how long an iteration takes.
	minTrial = 500 * time.Millisecond
	least    = 5 * time.Millisecond
	// aSlice is the length of a slice, about. agrees is how far, in log(ratio),
	// a slice's figure may differ from a plain run's. The check takes about
	// checking for each benchmark.
	aSlice   = 5 * time.Millisecond
	agrees   = 0.01
	checking = 12 * time.Second
	// A measurement that takes stalls times its planned length is stopped.
	stalls = 20
	// A measurement takes about this much longer in turns than alone.
	turned = 1.2
)

// packages are the benchmarks of other packages as a subject.
type packages struct {
	targets     []target
	envs        [arms][]string // whole environments
	bench, skip string         // as go test reads them
	units       []string       // units that decide; nil for the default
	procs       [arms]int
	given       bool // a side's environment sets GOMAXPROCS, and not to 1 in every arm
	site        measure.Site
	budget      time.Duration
	before      disturbance.Reading // when the pilot began
	meta        benchfmt.UnitMetadataMap
	config      []benchfmt.Config
}

// newPackages are the benchmarks of the targets.
func newPackages(o options, targets []target, sides [arms]*side) (*packages, error) {
	ps := &packages{targets: targets, bench: o.bench, skip: o.skip, units: o.units, budget: o.budget, meta: benchfmt.UnitMetadataMap{}}
	for arm, s := range sides {
		ps.envs[arm] = s.environ()
		ps.procs[arm] = procsOf(ps.envs[arm])
		ps.given = ps.given || procsIn(s.env) > 0
	}
	if ps.procs == [arms]int{1, 1, 1} {
		ps.given = false // a benchmark that isn't parallel gets one CPU anyway
	}
	var err error
	ps.site, err = measure.NewSite(-1)
	return ps, err
}

// procsOf is a side's GOMAXPROCS: its environment's, or else this process's. It
// is passed to the benchmarks, since the go line of their module may count CPUs
// in another way.
func procsOf(env []string) int {
	if n := procsIn(env); n > 0 {
		return n
	}
	// This process may just have been kept off a CPU. The runtime notices that
	// only once a second.
	runtime.SetDefaultGOMAXPROCS()
	return runtime.GOMAXPROCS(0)
}

// procsIn is the GOMAXPROCS in an environment, 0 for none.
func procsIn(env []string) (procs int) {
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "GOMAXPROCS="); ok {
			if n, err := strconv.Atoi(v); err == nil && n > 0 {
				procs = n
			}
		}
	}
	return procs
}

// heads are what the raw files begin with.
func (ps *packages) heads(context.Context, programs) (heads [arms][]byte, err error) {
	for arm := range heads {
		var b bytes.Buffer
		for _, m := range ps.metadata() {
			fmt.Fprintf(&b, "Unit %s %s=%s\n", m.OrigUnit, m.Key, m.Value)
		}
		for _, c := range ps.config {
			if c.Key != "pkg" {
				fmt.Fprintf(&b, "%s: %s\n", c.Key, c.Value)
			}
		}
		heads[arm] = b.Bytes()
	}
	return heads, nil
}

func (ps *packages) metadata() []*benchfmt.UnitMetadata {
	var all []*benchfmt.UnitMetadata
	for _, m := range ps.meta {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *benchfmt.UnitMetadata) int {
		return strings.Compare(a.OrigUnit+" "+a.Key, b.OrigUnit+" "+b.Key)
	})
	return all
}

// keepOff does nothing: package turns keeps off the CPU of a benchmark that has
// one.
func (ps *packages) keepOff(bool) {}

// program is an arm's test binary.
func (ps *packages) program(p programs, pkg, arm int) turns.Program {
	return turns.Program{Path: p[pkg][arm], Dir: ps.targets[pkg].dirs[arm%controlArm], Env: ps.envs[arm]}
}

// A candidate is a benchmark that both sides have.
type candidate struct {
	pkg   int
	name  string   // with "Benchmark"
	below []string // benchmarks whose names go on after this one and a slash
	found [controlArm]turns.Discovery
}

// label is a benchmark's name in the report, or that of something else in a
// package.
func (ps *packages) label(pkg int, name string) string {
	name = strings.TrimPrefix(name, "Benchmark")
	if len(ps.targets) > 1 {
		return ps.targets[pkg].path + "." + name
	}
	return name
}

// pilot finds the benchmarks that both sides have, and how to measure each.
func (ps *packages) pilot(ctx context.Context, p programs, until time.Time, progress *job.Progress) (items []*item, missing []verdict.Missing, err error) {
	ps.before = disturbance.Read()
	found, missing, err := ps.discover(ctx, p, until, progress)
	if err != nil {
		return nil, nil, err
	}
	// The shortest ones first, so that as many as possible fit.
	slices.SortStableFunc(found, func(a, b candidate) int {
		return int(a.found[baseArm].Took+a.found[headArm].Took) - int(b.found[baseArm].Took+b.found[headArm].Took)
	})
	last := time.Now()
	patient := time.Until(until) > checking*time.Duration(len(found))
	for i, c := range found {
		leave := func(v verdict.Verdict, why string) {
			missing = append(missing, verdict.Missing{Name: ps.label(c.pkg, c.name), Verdict: v, Why: why})
		}
		if time.Now().After(until) {
			leave(verdict.Inconclusive, "no time was left to try it; give a larger -budget, or -skip others")
			continue
		}
		progress.At(fmt.Sprintf("trying benchmark %d of %d", i+1, len(found)), ps.label(c.pkg, c.name))
		it, why, err := ps.try(ctx, p, c, patient)
		if err != nil {
			return nil, nil, err
		}
		now := time.Now()
		progress.Step(int(now.Sub(last).Milliseconds()))
		last = now
		if why != nil {
			leave(why.Verdict, why.Why)
			continue
		}
		for _, note := range it.notes {
			leave("", note)
		}
		items = append(items, it)
	}
	return items, missing, nil
}

// discover runs each benchmark function for one iteration on each side.
func (ps *packages) discover(ctx context.Context, p programs, until time.Time, progress *job.Progress) (all []candidate, missing []verdict.Missing, err error) {
	functions := 0
	for _, t := range ps.targets {
		functions += len(t.benchmarks)
	}
	last := time.Now()
	for pkg, t := range ps.targets {
		if p[pkg][baseArm] == "" {
			continue // it wasn't built
		}
		leave := func(name string, v verdict.Verdict, why string) {
			missing = append(missing, verdict.Missing{Name: ps.label(pkg, name), Verdict: v, Why: why})
		}
		for _, function := range t.benchmarks {
			left := time.Until(until)
			if left <= 0 {
				leave(function, verdict.Inconclusive, "no time was left to try it; give a larger -budget, or -skip others")
				functions--
				continue
			}
			// The limit is several equal shares of the time left, since most
			// functions take much less, and at most an eighth of it.
			limit := max(left*4/time.Duration(max(32, functions)), minTrial)
			functions--
			progress.At(fmt.Sprintf("finding benchmarks, %d functions left", functions), ps.label(pkg, function))
			found, broken := ps.once(ctx, p, pkg, function, limit)
			if ctx.Err() != nil {
				return nil, nil, context.Cause(ctx)
			}
			now := time.Now()
			progress.Step(int(now.Sub(last).Milliseconds()))
			last = now
			if late := slices.IndexFunc(broken[:], func(err error) bool { return errors.Is(err, turns.ErrLimit) }); late >= 0 {
				leave(function, verdict.Inconclusive, fmt.Sprintf("one iteration of each of its benchmarks takes more than %v (in %s); give a larger -budget, or -skip it", limit.Round(100*time.Millisecond), armNames[late]))
				continue
			}
			if failing(found[headArm], broken[headArm]) != failing(found[baseArm], broken[baseArm]) {
				// Only one side fails, maybe by chance: try once more.
				again, brokenAgain := ps.once(ctx, p, pkg, function, 2*limit)
				if ctx.Err() != nil {
					return nil, nil, context.Cause(ctx)
				}
				for arm := range again {
					if failing(again[arm], brokenAgain[arm]) != failing(found[arm], broken[arm]) {
						leave(function, verdict.Inconclusive, fmt.Sprintf("it fails sometimes in %s", armNames[arm]))
						found, broken = again, brokenAgain
						break
					}
				}
			}
			cs, lost := ps.both(pkg, function, found, broken)
			all = append(all, cs...)
			missing = append(missing, lost...)
		}
	}
	return all, missing, nil
}

// once runs a function for one iteration on each side. If base reaches the
// limit, head doesn't run: it would take as long.
func (ps *packages) once(ctx context.Context, p programs, pkg int, function string, limit time.Duration) (found [controlArm]turns.Discovered, broken [controlArm]error) {
	for arm := range found {
		s := turns.Spec{Name: function, CPU: -1, Procs: ps.procs[arm], Limit: limit}
		found[arm], broken[arm] = turns.Discover(ctx, ps.program(p, pkg, arm), s, below(ps.bench, function), ps.skip)
		if errors.Is(broken[arm], turns.ErrLimit) {
			break
		}
		for _, m := range found[arm].Units {
			ps.meta[m.UnitMetadataKey] = m
		}
		if ps.config == nil {
			ps.config = found[arm].Config
		}
	}
	return found, broken
}

// failing tells whether a benchmark of a function failed.
func failing(found turns.Discovered, broken error) bool {
	return broken != nil || slices.ContainsFunc(found.Benchmarks, func(d turns.Discovery) bool { return d.Outcome == turns.Failed })
}

// both splits a function's benchmarks into those measured on both sides and the
// missing.
func (ps *packages) both(pkg int, function string, found [controlArm]turns.Discovered, broken [controlArm]error) (all []candidate, missing []verdict.Missing) {
	at := func(arm int, name string) *turns.Discovery {
		for i, d := range found[arm].Benchmarks {
			if d.Name == name {
				return &found[arm].Benchmarks[i]
			}
		}
		return nil
	}
	leave := func(name string, v verdict.Verdict, format string, args ...any) {
		missing = append(missing, verdict.Missing{Name: ps.label(pkg, name), Verdict: v, Why: fmt.Sprintf(format, args...)})
	}
	failed := func(arm int, d *turns.Discovery) bool { return d != nil && d.Outcome == turns.Failed }
	for arm := range found {
		for _, d := range found[arm].Benchmarks {
			if !selected(ps.bench, ps.skip, d.Name) {
				continue
			}
			other := at(1-arm, d.Name)
			first := arm == baseArm || other == nil // report each once
			switch {
			case failed(arm, &d) && failed(1-arm, other):
				if first {
					leave(d.Name, "", "it fails on both sides: %s", oneLine(d.Why))
				}
			case failed(arm, &d) && arm == headArm && other != nil && other.Outcome == turns.Measured:
				leave(d.Name, verdict.Regression, "it fails in head: %s", oneLine(d.Why))
			case failed(arm, &d):
				leave(d.Name, "", "it fails in %s: %s", armNames[arm], oneLine(d.Why))
			case other == nil && broken[1-arm] == nil:
				leave(d.Name, "", "only %s has it", armNames[arm])
			case other == nil:
				// The other side ended before this benchmark, which is reported
				// below.
			case failed(1-arm, other) || !first:
			case d.Outcome == turns.Skipped || other.Outcome == turns.Skipped:
				leave(d.Name, "", "it is skipped: %s", oneLine(d.Why+other.Why))
			case d.Outcome == turns.Measured && other.Outcome == turns.Measured:
				all = append(all, candidate{pkg: pkg, name: d.Name, found: [controlArm]turns.Discovery{d, *other}})
			default:
				leave(d.Name, "", "it gives no result")
			}
		}
		if broken[arm] == nil {
			continue
		}
		v := verdict.Verdict("")
		why := fmt.Sprintf("it breaks off in %s: %s", armNames[arm], oneLine(broken[arm].Error()))
		if arm == headArm && broken[baseArm] == nil {
			v = verdict.Regression
		}
		if arm == headArm && broken[baseArm] != nil || slices.ContainsFunc(missing, func(m verdict.Missing) bool { return m.Verdict == v && v == verdict.Regression }) {
			continue // reported already
		}
		leave(function, v, "%s", why)
	}
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.name
	}
	for i := range all {
		all[i].below = turns.Below(all[i].name, names)
	}
	return all, missing
}

// oneLine is the output of a benchmark or a command, shortened for a report.
func oneLine(s string) string {
	const most = 300
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + " …"
	}
	if s == "" {
		return "it says no reason"
	}
	return s
}

// try finds out how to measure a benchmark, and for how many iterations.
// missing says why it can't be measured. patient means that there is time to
// check whether slices would do.
func (ps *packages) try(ctx context.Context, p programs, c candidate, patient bool) (it *item, missing *verdict.Missing, err error) {
	enough := max(least, time.Duration(tells*float64(runs)))
	limit := max(ps.budget/20, minTrial)
	begun := time.Now()
	var tried [controlArm]trials
	for arm := range tried {
		s := turns.Spec{Name: c.name, Skip: c.below, How: turns.Processes, CPU: -1, Procs: ps.procs[arm], N: 1, Limit: limit}
		for {
			t, err := turns.Try(ctx, ps.program(p, c.pkg, arm), s)
			if err != nil {
				return nil, nil, err
			}
			switch {
			case errors.Is(t.Err, turns.ErrLimit):
				return nil, &verdict.Missing{Verdict: verdict.Inconclusive, Why: fmt.Sprintf("it takes more than %v for %s in %s; give a larger -budget, or -skip it", s.Limit.Round(100*time.Millisecond), prose.Count(s.N, "iteration"), armNames[arm])}, nil
			case t.Err != nil:
				m, err := ps.blame(ctx, p, c, s, arm, t.Err)
				return nil, m, err
			}
			of := &tried[arm]
			of.all = append(of.all, t)
			s.N = of.next(enough, limit/2)
			if late := time.Since(begun) > limit*time.Duration(arm+1)/controlArm; s.N == 0 || late {
				s.N = t.N
				if err := of.all[len(of.all)-1].Clock(ctx, ps.program(p, c.pkg, arm), s, of.one()); err != nil {
					return nil, nil, err
				}
				break
			}
		}
	}
	for arm := range tried {
		if err := ps.again(ctx, ps.program(p, c.pkg, arm), turns.Spec{Name: c.name, Skip: c.below, CPU: -1, Procs: ps.procs[arm], Limit: limit}, &tried[arm]); err != nil {
			return nil, nil, err
		}
	}
	it, missing, spec, err := ps.item(c, tried)
	if err != nil || missing != nil {
		return nil, missing, err
	}
	if patient && spec.How == turns.Turns && spec.CPU >= 0 {
		return it, nil, ps.trySlices(ctx, p, c, it, spec)
	}
	return it, nil, nil
}

// trySlices makes the benchmark measured in slices, if slices read the same as
// a plain run on both sides, in time and counts. Slices have less noise, since
// few of them are disturbed. But where a figure depends on the number of
// iterations, slices measure something else.
func (ps *packages) trySlices(ctx context.Context, p programs, c candidate, it *item, spec *turns.Spec) error {
	n := int(float64(aSlice) / it.nsPerOp)
	if n < 2 || it.allocates { // a slice contains no collection
		return nil
	}
	for arm := range controlArm {
		check, err := turns.CheckSlices(ctx, ps.program(p, c.pkg, arm), *spec, n)
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil || !check.Equal || math.Abs(math.Log(check.Ratio)) > agrees || check.Spread > 2*agrees {
			return nil
		}
	}
	spec.How, it.how = turns.Slices, string(turns.Slices)
	it.size = func(share float64) time.Duration {
		spec.N, spec.Ran = n, time.Duration(share*float64(runs))
		spec.Limit = stalls * max(spec.Ran, time.Second)
		return time.Duration(arms * float64(spec.Ran))
	}
	it.resize(1)
	return nil
}

// repeats is how often a failed trial is repeated.
const repeats = 2

// blame decides which side's fault a failed trial is, by repeating it in both.
// It is head's if it fails in head each time and in base never.
func (ps *packages) blame(ctx context.Context, p programs, c candidate, s turns.Spec, arm int, why error) (*verdict.Missing, error) {
	var failed, tried [controlArm]int
	failed[arm], tried[arm] = 1, 1
	for range repeats {
		for a := range controlArm {
			s.Procs = ps.procs[a]
			t, err := turns.Try(ctx, ps.program(p, c.pkg, a), s)
			if err != nil {
				return nil, err
			}
			tried[a]++
			if t.Err != nil {
				failed[a]++
			}
		}
	}
	m := &verdict.Missing{Why: fmt.Sprintf("with %s it fails in base %d times of %d, in head %d times of %d: %s", prose.Count(s.N, "iteration"),
		failed[baseArm], tried[baseArm], failed[headArm], tried[headArm], oneLine(why.Error()))}
	switch base, head := failed[baseArm], failed[headArm]; {
	case base == tried[baseArm]:
		m.Verdict = "" // there is nothing to compare with
	case base == 0 && head == tried[headArm]:
		m.Verdict = verdict.Regression
	default:
		m.Verdict = verdict.Inconclusive
	}
	return m, nil
}

// again repeats a trial that speaks against turns, up to four times: a busy
// machine may have been the reason. A repetition that doesn't speak against
// turns replaces it.
func (ps *packages) again(ctx context.Context, p turns.Program, s turns.Spec, of *trials) error {
	last := len(of.all) - 1
	s.N = of.all[last].N
	for range 4 {
		if how, _, _ := turns.Choose(of.one(), of.many(), ps.others()); how != turns.Processes || of.many().Children || of.many().Wall > time.Second {
			return nil
		}
		t, err := turns.Try(ctx, p, s)
		if err == nil {
			err = t.Clock(ctx, p, s, of.one())
		}
		if err != nil {
			return err
		}
		if how, _, _ := turns.Choose(of.one(), t, ps.others()); t.Err == nil && how != turns.Processes {
			of.all[last] = t
		}
	}
	return nil
}

// others is how many other processes have competed for each CPU since the pilot
// began.
func (ps *packages) others() float64 {
	a := ps.before.Amount()
	return a.Others / float64(max(1, a.CPUs))
}

// trials are the trials of a side, of more and more iterations.
type trials struct{ all []turns.Trial }

func (t trials) one() turns.Trial  { return t.all[0] }
func (t trials) many() turns.Trial { return t.all[len(t.all)-1] }

// next is the number of iterations of the next trial; 0 if the last trial was
// long enough to tell how long an iteration takes.
//
// The first iteration is often much slower than the others, and a benchmark may
// report any time for it. So the number grows by wall time: the next trial
// takes at most twenty times enough longer than the last one, as estimated.
//
// If much of a trial isn't timed, one more trial of five times as many
// iterations follows, unless it takes longer than most. In it, what testing
// does once a run is a smaller share.
func (t trials) next(enough, most time.Duration) int {
	const noise = 2 * time.Millisecond // of a process's wall time
	last := t.many()
	if last.N >= 1e9 {
		return 0
	}
	if last.Timed >= enough {
		// In a longer trial the share that isn't timed may be small.
		short := !last.Whole(t.one()) || last.Wall < 2*t.one().Wall
		if longer := 5 * last.N; short && last.Timed < 4*enough && longer < 1e9 && 5*last.Wall < most {
			return longer
		}
		return 0
	}
	if n := len(t.all); n <= 2 {
		return []int{0, 2, 20}[n]
	}
	before := t.all[len(t.all)-2]
	each := float64(max(0, last.Wall-before.Wall)+noise) / float64(last.N-before.N)
	n := min(1e9, 20*float64(enough)/each)
	if last.Timed > 0 {
		n = min(n, 1.2*float64(last.N)*float64(enough)/float64(last.Timed))
	}
	if n < 1.5*float64(last.N) {
		return 0
	}
	return int(n)
}

// perOp is the wall time of an iteration in ns, what the benchmark doesn't time
// included. fixed is the rest of a process's time.
func (t trials) perOp() (ns float64, fixed time.Duration) {
	one, many := t.one(), t.many()
	if len(t.all) > 2 {
		one = t.all[1] // with more than one iteration testing sets up twice
	}
	per := float64(many.Timed+max(0, many.Untimed-one.Untimed)) / float64(many.N)
	switch {
	case many.N == one.N:
		per = float64(max(one.Timed, one.Wall/2))
	case many.Own || many.Timed == 0:
		per = float64(many.Wall-one.Wall) / float64(many.N-one.N)
	}
	per = max(per, 0.1)
	return per, max(0, many.Wall-time.Duration(per*float64(many.N)))
}

// item makes the item of a benchmark that was tried.
func (ps *packages) item(c candidate, tried [controlArm]trials) (*item, *verdict.Missing, *turns.Spec, error) {
	it := &item{name: ps.label(c.pkg, c.name), pkg: c.pkg}
	rows := deciding(ps.rows(it.name, tried), ps.units)
	if len(rows) == 0 {
		have := slices.Sorted(maps.Keys(tried[headArm].many().Values))
		why := fmt.Sprintf("none of its units (%s) decides by itself; choose one by -unit", strings.Join(have, ", "))
		if ps.units != nil {
			why = fmt.Sprintf("it has none of -unit %s; it has %s", strings.Join(ps.units, ","), strings.Join(have, ", "))
		}
		return nil, &verdict.Missing{Why: why}, nil, nil
	}
	for _, t := range tried {
		for _, note := range t.many().Notes {
			if !slices.Contains(it.notes, note) {
				it.notes = append(it.notes, note)
			}
		}
	}
	var varying []string
	for _, r := range rows {
		if r.Better == "" {
			return nil, nil, nil, undirected(r.Unit)
		}
		if len(ps.targets) > 1 {
			r.Pkg = ps.targets[c.pkg].path
		}
		if !r.Exact {
			varying = append(varying, r.Unit)
		}
		it.rows = append(it.rows, &r)
	}
	it.varying = len(varying)

	spec := &turns.Spec{Name: c.name, Skip: c.below, How: turns.Turns, CPU: -1, Procs: 1}
	parallel := ps.given
	for _, t := range tried {
		how, many, reason := turns.Choose(t.one(), t.many(), ps.others(), varying...)
		parallel = parallel || many
		if how == turns.Processes {
			spec.How, it.how = how, string(how)+": "+reason
		}
	}
	procs := ps.procs
	if !parallel {
		spec.CPU, procs = ps.site.CPU, [arms]int{1, 1, 1}
	} else if it.how == "" {
		it.how = "turns of all CPUs"
	}
	var nsPerOp, bytesPerOp float64
	var fixed time.Duration
	for _, t := range tried {
		ns, f := t.perOp()
		nsPerOp, fixed, bytesPerOp = max(nsPerOp, ns), max(fixed, f), max(bytesPerOp, t.many().Values["B/op"])
	}
	it.nsPerOp, it.allocates = nsPerOp, bytesPerOp > 0
	it.size = func(share float64) time.Duration {
		spec.N = chooseIterations(time.Duration(share*float64(runs)), nsPerOp, bytesPerOp)
		one := fixed + time.Duration(float64(spec.N)*nsPerOp)
		spec.Limit = stalls * max(one, time.Second)
		return time.Duration(arms * turned * float64(one))
	}
	it.resize(1)
	it.measure = func(ctx context.Context, p programs, order []int) ([arms]reading, error) {
		return ps.measure(ctx, p, c.pkg, procs, *spec, order)
	}
	return it, nil, spec, nil
}

// rows are a benchmark's rows, one for each unit that both sides have.
func (ps *packages) rows(name string, tried [controlArm]trials) []verdict.Row {
	var rows []verdict.Row
	for u := range tried[baseArm].many().Values {
		if _, ok := tried[headArm].many().Values[u]; ok {
			better, exact := files.Sides(ps.meta, u)
			rows = append(rows, verdict.Row{Name: name, Unit: u, Better: better, Exact: exact})
		}
	}
	order := []string{"ns/op", "B/op", "allocs/op"}
	slices.SortFunc(rows, func(a, b verdict.Row) int {
		if i, k := slices.Index(order, a.Unit), slices.Index(order, b.Unit); i != k {
			return int(uint(i)) - int(uint(k))
		}
		return strings.Compare(a.Unit, b.Unit)
	})
	return rows
}

// chooseIterations is how many iterations take that long, or more if a
// benchmark allocates: enough for the wanted collections, within atMost.
func chooseIterations(long time.Duration, nsPerOp, bytesPerOp float64) int {
	n := float64(long) / nsPerOp
	if bytesPerOp > 0 {
		n = max(n, collections*leastHeap/bytesPerOp)
	}
	return max(1, int(math.Ceil(min(n, atMost*float64(long)/nsPerOp, 1e9))))
}

// measure measures a benchmark once in each arm.
func (ps *packages) measure(ctx context.Context, p programs, pkg int, procs [arms]int, s turns.Spec, order []int) (got [arms]reading, err error) {
	all := make([]turns.Program, arms)
	for arm := range all {
		all[arm] = ps.program(p, pkg, arm)
		all[arm].Procs = procs[arm]
	}
	readings, err := turns.Round(ctx, all, order, s)
	if err != nil {
		return got, err
	}
	for arm, r := range readings {
		got[arm] = reading{err: r.Err, values: r.Values}
		if r.Err == nil {
			got[arm].text = fmt.Sprintf("pkg: %s\n%s\n", ps.targets[pkg].path, r.Line)
		}
	}
	return got, nil
}
