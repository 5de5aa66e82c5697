package fidelity

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/scripts/internal/fidelity/outside"
)

func TestParse(t *testing.T) {
	for _, test := range []struct {
		args []string
		says string // "" for none
	}{
		{nil, ""},
		{[]string{"-rounds", "1", "-cpu", "0"}, ""},
		{[]string{"-rounds", "0"}, "-rounds 0 is too few; give 1 or more"},
		{[]string{"-rounds", "x"}, `invalid value "x" for flag -rounds`},
		{[]string{"-cpu", "-2"}, "-cpu -2 is no CPU"},
		{[]string{"-rows", "clone.*pipe|Slices"}, ""},
		{[]string{"-rows", "("}, `-rows "(" is no regular expression`},
		{[]string{"-rows", "smoke"}, ""}, // it is looked up later
		{[]string{"-colour"}, "not defined: -colour; -h shows the flags"},
		{[]string{"fast"}, `fidelity takes no argument, "fast" given`},
	} {
		var help bytes.Buffer
		_, err := parse(test.args, &help)
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) || help.Len() > 0 {
			t.Errorf("%q: %v, %q; want %q", test.args, err, &help, test.says)
		}
	}
	var help, stderr bytes.Buffer
	if code := Run([]string{"-h"}, &help, &stderr); code != 0 || stderr.Len() > 0 || !strings.Contains(help.String(), "go run ./scripts/fidelity -rows") || !strings.Contains(help.String(), "-rounds") {
		t.Errorf("-h: exit code %d\n%s%s", code, &help, &stderr)
	}
	stderr.Reset()
	if code := Run([]string{"-rounds", "0"}, &help, &stderr); code != 2 || !strings.HasPrefix(stderr.String(), "fidelity: -rounds 0") {
		t.Errorf("-rounds 0: exit code %d, %s", code, &stderr)
	}
}

func TestVerdict(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		want      string
	}{
		{0.97, 1.03, "in"},
		{0.99, 1.01, "in"},
		{0.969, 1.01, "?"},
		{1.01, 1.031, "?"},
		{0.9, 1.1, "?"},
		{1.029, 1.06, "?"},
		{1.031, 1.06, "OUT"},
		{0.9, 0.969, "OUT"},
		{0, math.Inf(1), "?"}, // too few rounds
	} {
		if got := (&ratio{low: test.low, high: test.high}).verdict(); got != test.want {
			t.Errorf("[%v, %v]: %s, want %s", test.low, test.high, got, test.want)
		}
	}
}

// TestPairs compares the table with the suite's cases and the judges.
func TestPairs(t *testing.T) {
	judges, err := os.ReadDir("outside/plain")
	if err != nil {
		t.Fatal(err)
	}
	var loops strings.Builder
	for _, f := range judges {
		text, err := os.ReadFile(filepath.Join("outside/plain", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		loops.Write(text)
	}
	names, used := map[string]bool{}, map[string]bool{}
	for _, p := range pairs {
		if names[p.name()] {
			t.Errorf("%s stands twice", p.name())
		}
		names[p.name()], used[p.judge.name] = true, true
		if width := len(p.row()); width > 18 || len(p.judge.name) > 17 {
			t.Errorf("%s does not fit its columns", p.name())
		}
		if p.of == "" && p.cause == "" {
			t.Errorf("%s is alone, and nothing says why", p.name())
		}
		switch p.judge.kind {
		case byC:
			if _, err := outside.Sources.Open("c/" + p.judge.name + ".c"); err != nil {
				t.Errorf("%s: %v", p.name(), err)
			}
		case byGo:
			if !strings.Contains(loops.String(), "func Benchmark"+p.judge.name+"(b *testing.B)") {
				t.Errorf("%s: package plain has no such benchmark", p.name())
			}
		}
		if p.of == "" {
			continue
		}
		of, err := lookup(p.of)
		if err != nil {
			t.Errorf("%s: %v", p.name(), err)
			continue
		}
		if of.Name.String() != p.of || of.CPUs != 1 || of.Once != 0 || of.C != p.pthread() || len(of.Evidence) == 0 {
			t.Errorf("%s: %+v; want a case in slices on one CPU that has evidence", p.name(), of)
		}
	}
	sources, err := fs.Glob(outside.Sources, "c/*.c")
	if err != nil || len(sources) == 0 {
		t.Fatal(sources, err)
	}
	for _, path := range sources {
		if name := strings.TrimSuffix(filepath.Base(path), ".c"); !used[name] {
			t.Errorf("no row is held against %s", name)
		}
	}
	if _, err := lookup("Switch/impl=pthread/via=smoke/place=same"); err == nil {
		t.Error("there is a case of smoke")
	}
}

func TestChosen(t *testing.T) {
	for pattern, want := range map[string][]string{
		"^Create clone":   {"Create clone reused ~ raw_create", "Create clone burst ~ raw_create100"},
		"_fresh|sched pi": {"Switch pthread pipe ~ perf sched pipe", "raw_create_fresh"},
		"Slices clone":    {"Slices clone futex", "Slices clone pipe"},
	} {
		ps, err := chosen(regexp.MustCompile(pattern).MatchString)
		var got []string
		for _, p := range ps {
			got = append(got, p.name())
		}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", pattern, err, d)
		}
	}
	if _, err := chosen(regexp.MustCompile("smoke").MatchString); err == nil || !strings.Contains(err.Error(), `-rows matches none of ["Switch goroutine channel ~ Channel"`) {
		t.Errorf("of none: %v", err)
	}
}

// canned is a bed with given measurements by round: for each round the four
// workers in turns, and nanoseconds an op of both processes.
type canned struct {
	bed
	*measure.Session
	turns     [][]measure.Reading
	processes [][]float64
	started   []string // the programs in the order of their start
	round     int
}

func newCanned(turns [][]measure.Reading, processes [][]float64) *canned {
	c := &canned{Session: &measure.Session{Site: measure.Site{CPUs: []int{0, 1}, CPU: 1}}, turns: turns, processes: processes}
	c.bed = bed{
		session:  c,
		programs: programs{dir: "dir", adapter: "adapter", bench: []string{"bench-1", "bench-2"}, plain: []string{"plain-1", "plain-2"}, pthread: "pthread"},
		site:     c.Session.Site, wide: []int{0, 1},
	}
	return c
}

func (c *canned) start(a measure.Arm) {
	c.started = append(c.started, strings.Join(append([]string{a.Spec.Path}, a.Spec.Args...), " "))
}

func (c *canned) Round(_ context.Context, arms []measure.Arm, _ lockstep.Plan, order []int, _ int) ([]measure.Reading, error) {
	for _, i := range order {
		c.start(arms[i])
	}
	return c.turns[c.round], nil
}

func (c *canned) Turn(_ context.Context, a measure.Arm, _ int) measure.Reading {
	c.start(a)
	side := 1
	if slices.Contains(a.Spec.Args, futexRow) {
		side = 0
	}
	ns := c.processes[c.round][side]
	if ns == 0 {
		return measure.Reading{Err: &lockstep.WorkerError{What: "no room"}}
	}
	return measure.Reading{Ops: 1000, NsPerOp: ns}
}

func (c *canned) run(t *testing.T, p pair) *line {
	t.Helper()
	ls, err := newLines([]pair{p})
	if err != nil {
		t.Fatal(err)
	}
	for c.round = range c.turns {
		if err := c.bed.round(t.Context(), ls[0], c.round+1); err != nil {
			t.Fatal(err)
		}
	}
	return ls[0]
}

// took is the reading of a worker that took so long per op.
func took(nanoseconds ...float64) measure.Reading {
	return measure.Reading{Primary: nanoseconds, Ops: 1000}
}

const futexRow = "Switch/impl=clone/via=futex/place=same"

// approximately compares figures.
var approximately = cmp.Comparer(func(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-2*math.Abs(a) })

func TestRounds(t *testing.T) {
	c := newCanned(
		[][]measure.Reading{
			{took(2040), took(2000), took(2020), took(1980)},
			{took(2000), took(2000), took(2000), took(2000)},
			{{Err: errors.New("two switches for one")}, took(2000), took(2000), took(2000)},
			{took(2000), {Err: errors.New("the worker died: killed")}, took(2000), took(2000)},
			{took(2000), took(), took(2000), took(2000)},
			{took(2000), took(2000), {Primary: []float64{2000}, Unproven: "nothing was counted"}, took(2000)},
		},
		[][]float64{{2100, 2000}, {2000, 2000}, {0, 2000}, {2000, 0}, {2000, 2000}, {2000, 2000}},
	)
	l := c.run(t, pair{of: futexRow, judge: judge{byC, "raw_futex2"}, cause: "Known."})
	got := reportOf([]*line{l}, 6)
	want := report{rounds: 6, rows: []row{{
		pair: l.pair,
		turns: &ratio{estimate: math.Sqrt(1.02), high: math.Inf(1), rounds: 2, ours: 2020, judge: 2000, missing: []string{
			"the suite's row: two switches for one",
			"the judge: the worker died: killed",
			"no lap in common",
			"the suite's row: nothing was counted",
		}},
		processes: &ratio{estimate: 1, high: math.Inf(1), rounds: 4, ours: 2000, judge: 2000, missing: []string{"the suite's row: no room", "the judge: no room"}},
		oursAgain: math.Sqrt(2020.0 / 2040), judgeOwn: math.Sqrt(0.99),
	}}}
	if d := cmp.Diff(want, got, approximately, cmp.AllowUnexported(report{}, row{}, ratio{}, pair{}, judge{})); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
	wantOrder := []string{
		"bench-1", "adapter -cpus 1 -for 1.5ms turns c dir/raw_futex2", "bench-1", "adapter -cpus 1 -for 1.5ms turns c dir/raw_futex2",
		"adapter -cpus 0,1 -for 200ms whole go bench-1 " + futexRow, "adapter -cpus 1 -for 200ms whole c dir/raw_futex2",
		// and from the other end
		"adapter -cpus 1 -for 1.5ms turns c dir/raw_futex2", "bench-1", "adapter -cpus 1 -for 1.5ms turns c dir/raw_futex2", "bench-1",
		"adapter -cpus 1 -for 200ms whole c dir/raw_futex2", "adapter -cpus 0,1 -for 200ms whole go bench-1 " + futexRow,
	}
	if d := cmp.Diff(wantOrder, c.started[:12]); d != "" {
		t.Errorf("the first two rounds start (-want +got):\n%s", d)
	}
}

// TestPrograms checks with which programs and settings a pair is measured.
func TestPrograms(t *testing.T) {
	c := newCanned(nil, nil)
	for _, test := range []struct {
		p                pair
		round            int
		ours, judge, env string
	}{
		{p: pair{of: "Switch/impl=goroutine/via=channel/place=same", judge: plain("Channel")}, round: 2, ours: "bench-2",
			judge: "-cpus 1 -for 10ms turns go plain-2 Channel", env: "GOMAXPROCS=1"},
		{p: pair{of: "Switch/impl=locked/via=pipe/place=same", judge: plain("LockedPipe")}, round: 3, ours: "bench-1",
			judge: "-cpus 1 -for 50ms turns go plain-1 LockedPipe", env: "GOMAXPROCS=2"},
		{p: pair{of: futexRow, judge: judge{byC, "raw_futex2"}}, round: 2, ours: "bench-1",
			judge: "-cpus 1 -for 1.5ms turns c dir/raw_futex2", env: "GOMAXPROCS=1"},
		{p: pair{judge: plain("LockedCreate")}, round: 2, judge: "-cpus 1 -for 10ms turns go plain-2 LockedCreate", env: "GOMAXPROCS=1"},
	} {
		ls, err := newLines([]pair{test.p})
		if err != nil {
			t.Fatal(err)
		}
		s := c.sides(ls[0], test.round)
		ours, judge := s.ours.Spec, s.judge.Spec
		if got := strings.Join(judge.Args, " "); ours.Path != test.ours || got != test.judge || !slices.Contains(judge.Env, test.env) {
			t.Errorf("%s, round %d: %q against %q in %q, want %q against %q with %s", test.p.name(), test.round, ours.Path, got, judge.Env, test.ours, test.judge, test.env)
		}
		if test.p.of != "" && !slices.Contains(ours.Env, test.env) {
			t.Errorf("%s: our row is not in %s", test.p.name(), test.env)
		}
		if d := cmp.Diff([]int{0}, judge.CPUs); d != "" {
			t.Errorf("%s: the adapter is on CPUs (-want +got):\n%s", test.p.name(), d)
		}
	}
}

// TestRuns compares a row with long turns of itself.
func TestRuns(t *testing.T) {
	c := newCanned([][]measure.Reading{{took(1000, 1010), took(1000, 1000), took(1000, 1010), {Err: errors.New("two switches for one")}}}, nil)
	l := c.run(t, pair{of: futexRow, judge: runs})
	if l.processes != nil || len(l.turns) != 1 || l.turns[0].missing != "the suite's row: two switches for one" {
		t.Errorf("in turns %+v, in processes %v", l.turns, l.processes)
	}
	if d := cmp.Diff([]string{"bench-1", "bench-1", "bench-1", "bench-1"}, c.started); d != "" {
		t.Errorf("it starts (-want +got):\n%s", d)
	}
	s := c.sides(l, 1)
	if s.ours.Spec.Turn != 0 || s.judge.Spec.Turn != long || s.judge.Case.Evidence == nil {
		t.Errorf("turns of %v over turns of %v that are held to %v", s.ours.Spec.Turn, s.judge.Spec.Turn, s.judge.Case.Evidence)
	}
}

// TestLeftOut measures a pair whose judge is missing.
func TestLeftOut(t *testing.T) {
	c := newCanned([][]measure.Reading{
		{took(1), {Err: lockstep.Skipf("perf is not in PATH; install it")}, took(1), took(1)},
		nil, // not asked for
	}, nil)
	l := c.run(t, pair{of: futexRow, judge: perf})
	if l.leftOut != "perf is not in PATH; install it" || l.processes != nil {
		t.Errorf("left out for %q, measured as processes %v", l.leftOut, l.processes)
	}
	if err := reportOf([]*line{l}, 2).unmeasured(); err != nil {
		t.Errorf("what is left out is unmeasured: %v", err)
	}
}

func TestText(t *testing.T) {
	of := func(x, low, high, ours, judge float64) *ratio {
		return &ratio{estimate: x, low: low, high: high, rounds: 30, ours: ours, judge: judge}
	}
	measured := func(p pair, turns, processes *ratio, oursAgain, judgeOwn float64) row {
		return row{pair: p, turns: turns, processes: processes, oursAgain: oursAgain, judgeOwn: judgeOwn}
	}
	r := report{rounds: 30, rows: []row{
		measured(pair{of: "Switch/impl=goroutine/via=channel/place=same", judge: plain("Channel"), cause: "So it is."},
			of(1.003, 0.99, 1.012, 118, 116), of(0.8, 0.72, 0.93, 118, 147), 0.998, 1.004),
		{pair: pair{of: "Switch/impl=pthread/via=pipe/place=same", judge: perf}, leftOut: "perf is not in PATH"},
		measured(pair{of: "Create/impl=pthread/mode=burst", judge: c("pthread_create100"), cause: "So it is."},
			of(1.02, 0.99, 1.05, 17020, 123456), &ratio{missing: []string{"the judge: died", "the judge: hung"}}, 1.1234, 1),
		measured(pair{judge: c("raw_create_fresh"), cause: "No row is like it."}, nil, &ratio{rounds: 30, judge: 21040}, 0, 0),
		measured(pair{of: futexRow, judge: runs}, &ratio{estimate: 0.99, high: math.Inf(1), rounds: 2, ours: 1520, judge: 1510}, nil, 1, 1),
	}}
	var b strings.Builder
	if err := r.write(&b); err != nil {
		t.Fatal(err)
	}
	want := `Each ratio is the suite's time over that of a plain program, its judge, over 30 rounds: the
Hodges-Lehmann estimate with its 95% signed-rank interval. in: the whole interval lies within 1 ±
0.03. OUT: the whole interval lies outside. ?: neither; more rounds would tell. A/A: how far from 1
a side is over itself in the same laps, the larger of the two sides. Turns last 1.5 ms. Judges in Go
take turns of 10 ms: package testing collects garbage before each turn, and short turns take longer
after that.

Switch
                   judge             in turns               as go test -bench            µs/op   A/A
goroutine channel  Channel           1.003 0.990–1.012 in   0.800 0.720–0.930 OUT  0.118 0.116  0.4%

Create
                   judge             in turns               as go test -bench            µs/op   A/A
pthread burst      pthread_create100 1.020 0.990–1.050 ?      –                     17.0   123   12%

Slices: turns of 1.5 ms over runs of 100 ms between them
                   judge             in turns               as go test -bench            µs/op   A/A
clone futex        runs of 100 ms    0.990 –           ?                            1.52  1.51  0.0%

Switch goroutine channel ~ Channel, Create pthread burst ~ pthread_create100: So it is.
Switch pthread pipe ~ perf sched pipe is left out: perf is not in PATH
Create pthread burst ~ pthread_create100 as go test -bench: nothing in 2 of 30 rounds; the last one:
  the judge: hung
raw_create_fresh alone takes 21.0 µs/op. No row is like it.
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("text (-want +got):\n%s", d)
	}
	for line := range strings.Lines(b.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 100 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	if err := r.unmeasured(); err == nil || !strings.Contains(err.Error(), "no ratio in any round of Create pthread burst ~ pthread_create100 as go test -bench;") {
		t.Errorf("unmeasured: %v", err)
	}
}
