package fidelity

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"threadbench/bench"
	"threadbench/bench/lockstep"
)

// An arm is one worker of a group.
type arm struct {
	name  string // as it stands in the table: "Go", "C"
	spec  lockstep.Spec
	wants []bench.Evidence

	// Its program under several layouts of the linker, of which each round
	// takes the next; nil if it is the spec's in every round.
	layouts []string
}

// A group is what takes turns, and the ratios that are read off it.
type group struct {
	title   string
	what    string // what is compared
	of      string // the case of the suite's own arm
	arms    []arm
	rows    []*row
	measure func(context.Context, []lockstep.Spec) ([]lockstep.Result, error)
	leftOut string // why it isn't measured, if it isn't
}

// A row is one ratio: an arm over another one.
type row struct {
	of, over int     // arms
	bound    float64 // the ratio is expected within 1 ± bound; 0 where nothing is

	rounds []outcome
}

// An outcome is what a round has of a row: the ratio and the two medians, or
// why there is none.
type outcome struct {
	ratio, of, over float64 // of and over in nanoseconds an op
	missing         string
}

// programs are the workers.
type programs struct {
	bench, c, arms           string
	benchLayouts, armLayouts []string // of bench and arms, as many of each
}

const (
	slice = 1500 * time.Microsecond // as run has it
	long  = 100 * time.Millisecond

	toC     = 0.05
	toPlain = 0.03
)

// groups are all that is compared.
func groups(p programs, site bench.Site) ([]group, error) {
	var all []group
	for _, g := range []struct {
		title, of string
		args      []string
		what      string
	}{
		{"Futex switch", "Switch/impl=clone/via=futex/place=same", []string{"futex"},
			"One op is one switch: FUTEX_WAKE of the other thread's word, FUTEX_WAIT on the own one."},
		{"Pipe switch", "Switch/impl=clone/via=pipe/place=same", []string{"pipe"},
			"One op is one switch: write(2) of a byte into one pipe, read(2) from another."},
		{"Yield switch", "Switch/impl=clone/via=yield/place=same", []string{"yield"},
			"One op is one switch: sched_yield(2)."},
		{"Create, one at a time", "Create/impl=clone/mode=reused", []string{"create", "1"},
			"One op is one clone(2), the thread's exit(2), and the wait for it. An excess would be the Go runtime's: " +
				"while the turn woke its monitor, which then looked about on the clock, ours read 4 to 13% above C, with as many more kernel switches."},
		{"Create, batches of 100", "Create/impl=clone/mode=burst", []string{"create", "100"},
			"One op is one of 100 threads made by clone(2) one after the other and then waited for."},
	} {
		own, err := caseArm("Go", g.of, p.bench, site)
		if err != nil {
			return nil, err
		}
		c := arm{name: "C", wants: own.wants, spec: lockstep.Spec{Path: p.c, Args: g.args, Env: os.Environ(), CPUs: own.spec.CPUs}}
		all = append(all, group{title: g.title, what: g.what, of: g.of, arms: []arm{own, c, own, c},
			rows: withTwins(toC), measure: inLockstep(lockstep.Plan{Slice: slice, Laps: 40, Windows: 2})})
	}

	const channel = "Switch/impl=goroutine/via=channel/place=same"
	own, err := caseArm("suite", channel, p.bench, site)
	if err != nil {
		return nil, err
	}
	plain := own
	plain.name, plain.spec.Path, plain.spec.Args = "plain loop", p.arms, []string{"channel"}
	plain.wants = onlySwitches(own.wants)
	own.layouts, plain.layouts = p.benchLayouts, p.armLayouts
	all = append(all, group{title: "Goroutine switch through a channel", of: channel, arms: []arm{own, plain, own, plain},
		what: "One op is one switch. The plain loop has nothing between the hand-offs: for range n { there <- x; <-back }. It is " +
			"another binary, and where a linker happens to put code moves this by some per cent, so each round takes both in another layout.",
		rows: withTwins(toPlain), measure: inLockstep(lockstep.Plan{Slice: slice, Laps: 40, Windows: 2})})

	for _, s := range []struct{ of, title string }{
		{channel, "goroutine switch through a channel"},
		{"Switch/impl=locked/via=channel/place=same", "locked goroutine switch through a channel"},
		{"Switch/impl=clone/via=futex/place=same", "raw thread switch through a futex"},
	} {
		short, err := caseArm("1.5 ms", s.of, p.bench, site)
		if err != nil {
			return nil, err
		}
		run, between := short, short
		run.name, between.name = "100 ms", "between"
		all = append(all, group{title: "Slices: " + s.title, of: s.of, arms: []arm{short, run, between},
			what: "The same case in turns of 1.5 ms, a third worker's turn after each, over one run of 100 ms in the middle of them: " +
				"in each lap the median of 66 turns, as run takes it, over the one run. Below 1 on a machine that isn't idle: " +
				"what takes the CPU from a long run passes by most turns.",
			rows: []*row{{of: 0, over: 1, bound: toPlain}}, measure: sandwich})
	}

	const pipe = "Switch/impl=clone/via=pipe/place=same"
	if own, err = caseArm("Go", pipe, p.bench, site); err != nil {
		return nil, err
	}
	byPerf := arm{name: "perf", wants: onlySwitches(own.wants),
		spec: lockstep.Spec{Path: p.arms, Args: []string{"perf"}, Env: os.Environ(), CPUs: own.spec.CPUs}}
	beside := group{title: "Pipe switch beside perf bench sched pipe -T", of: pipe, arms: []arm{own, byPerf},
		what: "perf counts round trips of four bytes, so its time is halved. It is no lockstep: perf measures a new process " +
			"each turn, of 30 ms, in alternating order with ours.",
		rows: []*row{{of: 0, over: 1}}, measure: inLockstep(lockstep.Plan{Slice: 30 * time.Millisecond, Laps: 4, Windows: 1})}
	if _, err := exec.LookPath("perf"); err != nil {
		beside.leftOut = "perf is not in PATH; install it (on Debian: apt-get install linux-perf)"
	}
	return append(all, beside), nil
}

// withTwins are the rows of a group of four: own over other, and each over
// itself.
func withTwins(bound float64) []*row {
	return []*row{{of: 0, over: 1, bound: bound}, {of: 3, over: 1}, {of: 2, over: 0}}
}

func caseArm(name, of, program string, site bench.Site) (arm, error) {
	c, ok := bench.Lookup(of)
	if !ok {
		return arm{}, fmt.Errorf("the suite has no case %s", of)
	}
	spec, err := c.Spec(program, site)
	if err != nil {
		return arm{}, fmt.Errorf("%s: %w", of, err)
	}
	return arm{name: name, spec: spec, wants: c.Evidence}, nil
}

// onlySwitches are what an arm in another program can be held to that counts
// nothing but the kernel's switches.
func onlySwitches(wants []bench.Evidence) []bench.Evidence {
	return slices.DeleteFunc(slices.Clone(wants), func(w bench.Evidence) bool { return w.Count != "kernel-switches" })
}

func inLockstep(plan lockstep.Plan) func(context.Context, []lockstep.Spec) ([]lockstep.Result, error) {
	return func(ctx context.Context, specs []lockstep.Spec) ([]lockstep.Result, error) {
		return lockstep.Measure(ctx, specs, plan)
	}
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
			results[i].Windows = append(results[i].Windows, lockstep.Median(xs))
		}
	}
	for i, w := range workers {
		if err := w.Close(ctx); err != nil {
			return fail(i, err)
		}
	}
	return results, nil
}

// round measures the group in a round, counted from 1, and adds to its rows.
func (g *group) round(ctx context.Context, round int) error {
	if g.leftOut != "" {
		return nil
	}
	specs := make([]lockstep.Spec, len(g.arms))
	for i, a := range g.arms {
		specs[i] = a.spec
		if a.layouts != nil {
			specs[i].Path = a.layouts[(round-1)%len(a.layouts)]
		}
	}
	results, err := g.measure(ctx, specs)
	if err != nil {
		return err
	}
	for i := range results {
		if results[i].Err == nil {
			_, results[i].Err = bench.Case{Evidence: g.arms[i].wants}.Check(results[i].Ops, results[i].Counts)
		}
		var skip *lockstep.Skip
		if errors.As(results[i].Err, &skip) {
			g.leftOut = skip.Reason
			return nil
		}
	}
	for _, r := range g.rows {
		of, over := results[r.of], results[r.over]
		var o outcome
		ratio, ok := lockstep.Ratio(of.Windows, over.Windows)
		switch {
		case of.Err != nil:
			o.missing = fmt.Sprintf("%s: %v", g.arms[r.of].name, of.Err)
		case over.Err != nil:
			o.missing = fmt.Sprintf("%s: %v", g.arms[r.over].name, over.Err)
		case !ok:
			o.missing = fmt.Sprintf("%s and %s have no lap in common", g.arms[r.of].name, g.arms[r.over].name)
		default:
			o = outcome{ratio: ratio, of: lockstep.Median(of.Windows), over: lockstep.Median(over.Windows)}
		}
		r.rounds = append(r.rounds, o)
	}
	return nil
}
