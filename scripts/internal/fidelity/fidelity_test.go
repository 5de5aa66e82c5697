package fidelity

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/perf/benchfmt"

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
		{[]string{"-rounds", "1", "-cpu", "0", "-o", "x", "-format", "json"}, ""},
		{[]string{"-rounds", "0"}, "-rounds 0 is too few; give 1 or more"},
		{[]string{"-rounds", "x"}, `invalid value "x" for flag -rounds`},
		{[]string{"-cpu", "-2"}, "-cpu -2 is none"},
		{[]string{"-rows", "clone.*pipe|Slices"}, ""},
		{[]string{"-rows", "("}, `-rows "(" is no regular expression`},
		{[]string{"-rows", "smoke"}, ""}, // it is looked up later
		{[]string{"-format", "csv"}, `-format "csv" is none; choose text or json`},
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
	if code := Run([]string{"-h"}, &help, &stderr); code != 0 || stderr.Len() > 0 || !strings.Contains(help.String(), "go run ./scripts/fidelity -o") || !strings.Contains(help.String(), "-rounds") {
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
		{0.97, 1.03, "inside"},
		{0.99, 1.01, "inside"},
		{0.969, 1.01, "undecided"},
		{1.01, 1.031, "undecided"},
		{0.9, 1.1, "undecided"},
		{1.029, 1.06, "undecided"},
		{1.031, 1.06, "outside"},
		{0.9, 0.969, "outside"},
	} {
		if got := (Ratio{Low: test.low, High: test.high, Interval: true}).verdict(); got != test.want {
			t.Errorf("[%v, %v]: %s, want %s", test.low, test.high, got, test.want)
		}
	}
	if got := (Ratio{Low: 1, High: 1}).verdict(); got != "undecided" {
		t.Errorf("without an interval: %s", got)
	}
}

// TestPairs holds the table to the suite's cases and the judges that there are.
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

// canned is a bed whose measurements are given by round: of each, the four
// workers in turns, and nanoseconds an op of both processes.
type canned struct {
	bed
	turns     [][]lockstep.Result
	processes [][]float64
	order     []string // the programs as they were started
	round     int
}

func newCanned(turns [][]lockstep.Result, processes [][]float64) *canned {
	c := &canned{turns: turns, processes: processes}
	c.bed = bed{
		programs: programs{dir: "dir", adapter: "adapter", bench: []string{"bench-1", "bench-2"}, plain: []string{"plain-1", "plain-2"}, pthread: "pthread"},
		site:     measure.Site{CPUs: []int{0, 1}, CPU: 1}, wide: []int{0, 1},
		measure: func(_ context.Context, specs []lockstep.Spec, plan lockstep.Plan) ([]lockstep.Result, error) {
			rs := slices.Clone(c.turns[c.round])
			for _, s := range specs {
				c.order = append(c.order, strings.Join(append([]string{s.Path}, s.Args...), " "))
			}
			if c.round%2 == 1 {
				slices.Reverse(rs)
			}
			return rs, nil
		},
		once: func(_ context.Context, s lockstep.Spec, _ int) (lockstep.Slice, []string, error) {
			c.order = append(c.order, strings.Join(append([]string{s.Path}, s.Args...), " "))
			side := 1
			if slices.Contains(s.Args, "suite") {
				side = 0
			}
			ns := c.processes[c.round][side]
			if ns == 0 {
				return lockstep.Slice{}, nil, &lockstep.WorkerError{What: "no room"}
			}
			return lockstep.Slice{Ops: 1000, Elapsed: time.Duration(ns * 1000)}, nil, nil
		},
	}
	return c
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

// took is what a worker measured that took so long per op, with so many
// switches for 1,000 ops.
func took(switches int64, nanoseconds ...float64) lockstep.Result {
	return lockstep.Result{Windows: nanoseconds, Ops: 1000, Counts: map[string]int64{"kernel-switches": switches, "samples": 1, "crossed": 0, "answers": 500}}
}

const futexRow = "Switch/impl=clone/via=futex/place=same"

func TestRounds(t *testing.T) {
	died := lockstep.Result{Err: &lockstep.WorkerError{What: "the worker died: killed"}}
	c := newCanned(
		[][]lockstep.Result{
			{took(1000, 2040), took(0, 2000), took(1000, 2020), took(0, 1980)}, // judges are held to no count
			{took(1000, 2000), took(0, 2000), took(1000, 2000), took(0, 2000)},
			{took(2000, 2000), took(0, 2000), took(1000, 2000), took(0, 2000)}, // ours made two switches for one
			{took(1000, 2000), died, took(1000, 2000), took(0, 2000)},
			{took(1000, 2000), took(0), took(1000, 2000), took(0, 2000)},
		},
		[][]float64{{2100, 2000}, {2000, 2000}, {0, 2000}, {2000, 0}, {2000, 2000}},
	)
	l := c.run(t, pair{of: futexRow, judge: judge{byC, "raw_futex2"}, cause: "Known."})
	got := report([]*line{l}, 5)
	want := Report{Rounds: 5, Bound: 0.03, Rows: []Row{{
		Family: "Switch", Row: "clone futex", Case: futexRow, Judge: "raw_futex2",
		Lockstep: &Ratio{Ratio: math.Sqrt(1.02), Rounds: 2, Verdict: "undecided", OursNS: 2020, JudgeNS: 2000, Missing: []string{
			"the suite's row: expected 1000 kernel-switches of 1000 ops, give or take 130; seen 2000",
			"the judge: the worker died: killed",
			"no lap in common",
		}},
		Whole:  &Ratio{Ratio: 1.0123, Rounds: 3, Verdict: "undecided", OursNS: 2000, JudgeNS: 2000, Missing: []string{"the suite's row: no room", "the judge: no room"}},
		OursNS: 2020, JudgeNS: 2000, OursOverItself: math.Sqrt(2020.0 / 2040), JudgeOverItself: math.Sqrt(0.99), Cause: "Known.",
	}}}
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-2*math.Abs(a) })); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
	wantOrder := []string{
		"bench-1", "adapter -cpus 1 -for 1.5ms turns c dir/raw_futex2", "bench-1", "adapter -cpus 1 -for 1.5ms turns c dir/raw_futex2",
		"adapter -cpus 0,1 -for 200ms whole suite bench-1 " + futexRow, "adapter -cpus 1 -for 200ms whole c dir/raw_futex2",
		// and from the other end
		"adapter -cpus 1 -for 1.5ms turns c dir/raw_futex2", "bench-1", "adapter -cpus 1 -for 1.5ms turns c dir/raw_futex2", "bench-1",
		"adapter -cpus 1 -for 200ms whole c dir/raw_futex2", "adapter -cpus 0,1 -for 200ms whole suite bench-1 " + futexRow,
	}
	if d := cmp.Diff(wantOrder, c.order[:12]); d != "" {
		t.Errorf("the first two rounds start (-want +got):\n%s", d)
	}
}

// TestPrograms looks at which programs and settings a pair is measured with.
func TestPrograms(t *testing.T) {
	c := newCanned(nil, nil)
	for _, test := range []struct {
		p           pair
		round       int
		ours        string
		judge, env  string
		judgeOfRuns string
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
		s, err := c.specs(ls[0], test.round)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.judge.Args, " "); s.ours.Path != test.ours || got != test.judge || !slices.Contains(s.judge.Env, test.env) {
			t.Errorf("%s, round %d: %q against %q with %s, want %q against %q with %s", test.p.name(), test.round, s.ours.Path, got, procs(s.judge), test.ours, test.judge, test.env)
		}
		if d := cmp.Diff([]int{0}, s.judge.CPUs); d != "" {
			t.Errorf("%s: the adapter is on CPUs (-want +got):\n%s", test.p.name(), d)
		}
	}
}

// TestLeftOut measures a pair whose judge isn't there.
func TestLeftOut(t *testing.T) {
	c := newCanned([][]lockstep.Result{
		{took(1000, 1), {Err: lockstep.Skipf("perf is not in PATH; install it")}, took(1000, 1), took(1000, 1)},
		nil, // not asked for
	}, nil)
	l := c.run(t, pair{of: futexRow, judge: perf})
	if l.leftOut != "perf is not in PATH; install it" || l.whole != nil {
		t.Errorf("left out for %q, measured as processes %v", l.leftOut, l.whole)
	}
	if err := report([]*line{l}, 2).unmeasured(); err != nil {
		t.Errorf("what is left out is unmeasured: %v", err)
	}
	if text := lines([]*line{l}); text != "" {
		t.Errorf("what is left out has the lines %q", text)
	}
}

func TestText(t *testing.T) {
	ratio := func(x, low, high float64) *Ratio {
		r := &Ratio{Ratio: x, Low: low, High: high, Interval: true, Rounds: 30}
		r.Verdict = r.verdict()
		return r
	}
	r := Report{Rounds: 30, Bound: 0.03, Rows: []Row{
		{Family: "Switch", Row: "goroutine channel", Judge: "Channel", Lockstep: ratio(1.003, 0.99, 1.012), Whole: ratio(0.8, 0.72, 0.93), OursNS: 118, JudgeNS: 116,
			OursOverItself: 0.998, JudgeOverItself: 1.004, Cause: "So it is."},
		{Family: "Switch", Row: "pthread pipe", Judge: "perf sched pipe", LeftOut: "perf is not in PATH"},
		{Family: "Create", Row: "pthread burst", Judge: "pthread_create100", Lockstep: ratio(1.02, 0.99, 1.05), Whole: &Ratio{Missing: []string{"the judge: died", "the judge: hung"}},
			OursNS: 17020, JudgeNS: 123456, OursOverItself: 1.1234, JudgeOverItself: 1, Cause: "So it is."},
		{Judge: "raw_create_fresh", Whole: &Ratio{Rounds: 30, JudgeNS: 21040}, JudgeNS: 21040, Cause: "No row is like it."},
		{Family: "Slices", Row: "clone futex", Judge: "runs of 100 ms", Lockstep: &Ratio{Ratio: 0.99, Rounds: 2, Verdict: "undecided"}, OursNS: 1520, JudgeNS: 1510, OursOverItself: 1},
	}}
	var b strings.Builder
	if err := r.text(&b); err != nil {
		t.Fatal(err)
	}
	want := `The suite's time over that of a plain program, its judge, of 30 rounds: the Hodges-Lehmann estimate
with the 95% signed-rank interval. in: the whole interval lies within 1 ± 0.03. OUT: none of it
does. ?: more rounds would tell. A/A is how far from 1 a side is over itself in the same laps, the
larger of the two sides. Turns are of 1.5 ms. Judges in Go take turns of 10 ms, since package
testing collects garbage before each, after which short ones take longer.

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

	var text bytes.Buffer
	if err := r.json(&text); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(text.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, back); d != "" {
		t.Errorf("JSON, read back (-want +got):\n%s", d)
	}
}

// TestLines keeps rounds, of which one has no ratio in turns.
func TestLines(t *testing.T) {
	c := newCanned(
		[][]lockstep.Result{
			{took(1000, 2000), took(0), took(1000, 2000), took(0, 1)},
			{took(1000, 2000), took(0, 1000), took(1000, 3000), took(0, 1000)},
		},
		[][]float64{{2000, 1900}, {2000, 1900}},
	)
	ls, err := newLines([]pair{{of: futexRow, judge: perf}, {judge: judge{byC, "raw_create_fresh"}}})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for c.round = range c.turns {
		for _, l := range ls {
			if err := c.bed.round(t.Context(), l, c.round+1); err != nil {
				t.Fatal(err)
			}
		}
		text.WriteString(lines(ls))
	}
	got := map[string]int{}
	for r := benchfmt.NewReader(strings.NewReader(text.String()), "rounds"); r.Scan(); {
		result, ok := r.Result().(*benchfmt.Result)
		if !ok {
			t.Fatalf("%v in\n%s", r.Result(), &text)
		}
		got[string(result.Name)] += len(result.Values)
	}
	want := map[string]int{
		futexRow + "/judge=perfschedpipe/in=turns":   5,
		futexRow + "/judge=perfschedpipe/in=process": 6,
		"Judge/judge=raw_create_fresh/in=process":    2,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("figures by name (-want +got):\n%s in\n%s", d, &text)
	}
}

func TestCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rounds.txt")
	if _, err := create(path, []byte("driver: lockstep\n")); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "driver: lockstep\n" {
		t.Errorf("it begins with %q, %v", text, err)
	}
	if _, err := create(path, nil); err == nil || !strings.Contains(err.Error(), "the file exists; choose another with -o") {
		t.Errorf("a file that is there: %v", err)
	}
	if _, err := create(filepath.Join(path, "below"), nil); err == nil {
		t.Error("made in a file")
	}
}
