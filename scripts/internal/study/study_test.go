package study

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench"
	"threadbench/scripts/internal/gate"
	"threadbench/scripts/internal/gate/verdict"
)

var update = flag.Bool("update", false, "write the golden files anew")

// three is a study of two settings. One has its rows in two comparisons.
var three = study{name: "three", title: "Three comparisons", takes: "no time", parts: []part{
	{name: "fast", column: "X=1", rows: []string{channel, pipe}, does: measured("-head-env", "X=1")},
	{name: "slow", column: "X=1", rows: []string{cold}, does: measured("-head-env", "X=1")},
	{name: "other", column: "X=2", rows: []string{channel, pipe, cold}, does: measured("-head-env", "X=2")},
}}

const (
	channel = "Switch/impl=goroutine/via=channel/place=same"
	pipe    = "Switch/impl=goroutine/via=pipe/place=same"
	cold    = "Create/impl=goroutine/mode=cold"
)

// A fake is a gate that invents its rounds. It keeps what it was asked for.
type fake struct {
	t      *testing.T
	asked  []string           // names of comparisons
	shifts map[string]float64 // head over base by comparison and row: "fast channel"
	fails  func(name string) error
}

func (f *fake) gate(_ context.Context, args []string, _ io.Writer) (*gate.Measured, error) {
	f.t.Helper()
	value := func(flag string) string {
		i := slices.Index(args, flag)
		if i < 0 {
			f.t.Fatalf("the gate gets no %s: %q", flag, args)
		}
		return args[i+1]
	}
	dir := value("-o")
	name := filepath.Base(dir)
	f.asked = append(f.asked, name)
	if f.fails != nil {
		if err := f.fails(name); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		f.t.Fatal(err)
	}
	head := "goos: linux\ngoarch: amd64\nkernel: 6.1\ncpu: Test-CPU\ncpus: 2\nvirt: none\nmitigations: none\n# plan\n"
	if name == "other" { // measured on another machine
		head = strings.Replace(head, "Test-CPU", "Other-CPU", 1)
	}
	if err := os.WriteFile(filepath.Join(dir, "base.txt"), []byte(head), 0o644); err != nil {
		f.t.Fatal(err)
	}
	match := regexp.MustCompile(value("-bench"))
	r := rand.New(rand.NewPCG(1, uint64(len(name))))
	var rows []verdict.Row
	for _, full := range []string{channel, pipe, cold} {
		shift := f.shifts[name+" "+full]
		if !match.MatchString("Benchmark"+full) || shift < 0 {
			continue
		}
		row := verdict.Row{Name: full, Unit: "ns/op", Better: "lower"}
		if full == cold {
			row.Unit = "stw-ns"
		}
		if shift == 0 {
			shift = 1
		}
		noise := 0.01
		if shift == 1.001 {
			noise = 0.3
		}
		for range 45 {
			base := 200 * math.Exp(0.01*r.NormFloat64())
			control := base * math.Exp(0.01*r.NormFloat64())
			if f.shifts[name+" "+full+" control"] != 0 {
				control *= 1.2
			}
			row.Pairs = append(row.Pairs, verdict.Pair{Base: base, Head: base * shift * math.Exp(noise*r.NormFloat64())})
			row.Control = append(row.Control, verdict.Pair{Base: base, Head: control})
		}
		rows = append(rows, row)
	}
	looks, err := verdict.PlanLooks(rows, 0.01)
	if err != nil {
		f.t.Fatal(err)
	}
	report, err := verdict.Judge(rows, verdict.Rules{Alpha: 0.01, Margin: 0.02, Looks: looks, Over: true, Through: true})
	if err != nil {
		f.t.Fatal(err)
	}
	var missing []verdict.Missing
	for _, full := range []string{channel, pipe, cold} {
		if f.shifts[name+" "+full] < 0 {
			missing = append(missing, verdict.Missing{Name: full, Why: "it fails in head: the worker died", Verdict: verdict.Inconclusive})
		}
	}
	report.Beside(missing, nil)
	if f.shifts[name+" "+cold] < 0 {
		raw := "# failed BenchmarkX: starting /var/tmp/threadbench-12-345/layout-1/0-head.test: as it must\n"
		if err := os.WriteFile(filepath.Join(dir, "head.txt"), []byte(raw), 0o644); err != nil {
			f.t.Fatal(err)
		}
	}
	report.Remarks = append(report.Remarks, verdict.Remark{Level: verdict.Warning, Text: "a warning of the gate on " + name + "."}, verdict.Remark{Level: verdict.Notice, Text: "unimportant"})
	return &gate.Measured{Report: report}, nil
}

// ready is the command on the study three, with an empty folder and that gate.
func ready(t *testing.T, f *fake, args ...string) options {
	t.Helper()
	o, err := parse(args, []study{three}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.results = t.TempDir()
	f.t, o.tools = t, tools{gate: f.gate, command: func(context.Context, []string, string, ...string) (string, error) { return "", nil }}
	return o
}

// TestResume: a comparison that fails or is interrupted doesn't cost the
// others. The same command goes on with what is missing.
func TestResume(t *testing.T) {
	f := &fake{fails: func(name string) error {
		if name == "slow" {
			return errors.New("as it must")
		}
		return nil
	}}
	o := ready(t, f, "three")
	err := run(t.Context(), o, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "slow of three: as it must") || !strings.Contains(err.Error(), "lacks again") {
		t.Errorf("a comparison that fails: %v", err)
	}
	if want := []string{"fast", "slow", "other"}; !slices.Equal(f.asked, want) {
		t.Errorf("measured %q, want %q", f.asked, want)
	}

	ctx, stop := context.WithCancelCause(t.Context())
	f.asked, f.fails = nil, func(string) error { stop(errors.New("stopped by the test")); return ctx.Err() }
	err = run(ctx, o, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "stopped by the test; the same command goes on") || !slices.Equal(f.asked, []string{"slow"}) {
		t.Errorf("stopped in %q: %v", f.asked, err)
	}

	f.asked, f.fails = nil, nil
	if err := run(t.Context(), o, io.Discard, io.Discard); err != nil || !slices.Equal(f.asked, []string{"slow"}) {
		t.Errorf("went on with %q: %v", f.asked, err)
	}
	page, err := os.ReadFile(filepath.Join(o.results, "three", "README.md"))
	if err != nil || !strings.HasPrefix(string(page), "# Three comparisons\n") || strings.Contains(string(page), "Not measured") {
		t.Errorf("the page: %v\n%s", err, page)
	}

	// All is there: nothing is measured, unless it is asked for by name.
	f.asked = nil
	if err := run(t.Context(), o, io.Discard, io.Discard); err != nil || f.asked != nil {
		t.Errorf("measured %q again: %v", f.asked, err)
	}
	o.only = "fast"
	if err := run(t.Context(), o, io.Discard, io.Discard); err != nil || !slices.Equal(f.asked, []string{"fast"}) {
		t.Errorf("-only fast measured %q: %v", f.asked, err)
	}
	// One that is made anew and fails is missing afterwards: its raw rounds are
	// gone.
	f.fails = func(string) error { return errors.New("as it must") }
	if err := run(t.Context(), o, io.Discard, io.Discard); err == nil {
		t.Error("a failure is no error")
	}
	if three.parts[0].done(filepath.Join(o.results, "three")) {
		t.Error("the report of the earlier comparison is still there")
	}
}

// TestPage makes a page and a picture of reports with known rows: proven ones in
// both directions, one that can't be decided, one whose control is off, and one
// without a figure.
func TestPage(t *testing.T) {
	f := &fake{shifts: map[string]float64{
		"fast " + channel: 0.9, "slow " + cold: 1.001,
		"other " + channel: 1.1, "other " + channel + " control": 1, "other " + pipe: 1.2, "other " + cold: -1,
	}}
	o := ready(t, f, "three")
	if err := run(t.Context(), o, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	from := filepath.Join(o.results, "three")
	if raw, err := os.ReadFile(filepath.Join(from, "other", "head.txt")); err != nil || string(raw) != "# failed BenchmarkX: starting TEMP/layout-1/0-head.test: as it must\n" {
		t.Errorf("a path of this machine: %v, %s", err, raw)
	}
	path := filepath.Join(from, "README.md")
	own := "# My title\n\nA finding.\n\n" + beginMark + "\nold\n" + endMark + "\n\nWhat not to conclude.\n"
	if err := os.WriteFile(path, []byte(own), 0o644); err != nil {
		t.Fatal(err)
	}
	o.analyse, o.studies = true, nil
	for range 2 { // the same bytes each time
		o.out = t.TempDir()
		if err := run(t.Context(), o, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"README.md", "three.svg"} {
			golden(t, filepath.Join(o.out, "three", name), name+".golden")
		}
	}
	if left, err := os.ReadFile(path); err != nil || string(left) != own {
		t.Errorf("-o changed the page itself: %v\n%s", err, left)
	}
	page, err := os.ReadFile(filepath.Join(o.out, "three", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# My title\n\nA finding.\n\n" + beginMark, endMark + "\n\nWhat not to conclude.\n", "| **0.90", "| **1.20", "the worker died", "In doubt, and never bold: `Switch", "- The gate on slow: a warning of the gate on slow.\n"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(string(page), "\nold\n") || strings.Contains(string(page), "unimportant") || strings.Contains(string(page), "**1.10") {
		t.Errorf("the page has what it should not:\n%s", page)
	}
}

// golden compares a file with the golden one.
func golden(t *testing.T, path, name string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(want, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, text) {
		t.Errorf("%s differs from %s (-update writes it anew):\n%s", path, want, cmp.Diff(string(text), string(got)))
	}
}

func TestCells(t *testing.T) {
	for _, test := range []struct {
		low, high                 float64
		doubt                     string
		proven, beyond, undecided bool
	}{
		{0.99, 1.01, "", false, false, false},
		{0.97, 1.01, "", false, false, true},
		{0.99, 1.03, "", false, false, true},
		{1.001, 1.2, "", true, false, false},
		{1.031, 1.2, "", true, true, false},
		{0.8, 0.999, "", true, false, false},
		{0.8, 0.97, "", true, true, false},
		{0.8, 0.97, "its control differs", false, false, true},
		{0, math.Inf(1), "", false, false, true},
	} {
		c := cell{low: test.low, high: test.high, doubt: test.doubt}
		if c.proven() != test.proven || c.beyond(0.03) != test.beyond || c.undecided() != test.undecided {
			t.Errorf("%+v: proven %v, beyond %v, undecided %v", test, c.proven(), c.beyond(0.03), c.undecided())
		}
	}
}

// TestErrors: each names the thing, its value and the way out.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"nothing"}, `"nothing" is no study; choose one of three`},
		{nil, "0 studies given; give one of three, or -analyse"},
		{[]string{"-only", "x", "three"}, `-only "x" is no comparison of three; choose one of fast, slow, other`},
		{[]string{"-analyse", "-only", "fast", "three"}, "-analyse measures nothing"},
		{[]string{"-o", "x", "three"}, "-o x is for -analyse"},
		{[]string{"-nonsense"}, "-h shows the flags"},
	} {
		if _, err := parse(test.args, []study{three}, io.Discard); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.args, err, test.want)
		}
	}

	o := ready(t, &fake{}, "three")
	if err := run(t.Context(), o, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(o.results, "three")
	report, raw, page := filepath.Join(folder, "fast.json"), filepath.Join(folder, "fast", "base.txt"), filepath.Join(folder, "README.md")
	o.analyse = true
	for _, test := range []struct{ path, text, want string }{
		{report, "{", "fast.json is no report of the gate"},
		{report, `{"version": 2}`, "has version 2 of the gate's report, and this command reads 3; measure it anew: go run ./scripts/study -only fast three"},
		{report, `{"version": 3, "rows": [{"name": "Switch/x", "ratio": 1, "base": 1, "head": 1}]}`, "fast.json: parsing benchmark name"},
		{raw, "", "without its raw rounds"},
		{page, "# Title\n", "has no line \"" + beginMark},
		{page, endMark + beginMark, "has no line"},
		{page, beginMark + endMark + strings.Repeat("\n", 100), "a study's page has at most 80"},
	} {
		was, err := os.ReadFile(test.path)
		if err != nil {
			t.Fatal(err)
		}
		if test.text == "" {
			err = os.Remove(test.path)
		} else {
			err = os.WriteFile(test.path, []byte(test.text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := run(t.Context(), o, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s with %q: %v, want %q", test.path, test.text, err, test.want)
		}
		if err := os.WriteFile(test.path, was, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	o.results = t.TempDir()
	if err := run(t.Context(), o, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), `"go run ./scripts/study three" measures it`) {
		t.Errorf("nothing measured: %v", err)
	}
	var said bytes.Buffer
	o.studies = nil
	if err := run(t.Context(), o, io.Discard, &said); err != nil || !strings.Contains(said.String(), "no study has files") {
		t.Errorf("no study measured: %v, %s", err, said.String())
	}
}

// TestDefinitions: each row of a study is a case of the suite, and each command
// line selects just its rows.
func TestDefinitions(t *testing.T) {
	file := regexp.MustCompile(`^[a-z0-9-]+$`)
	for _, s := range studies {
		seen := map[string]bool{}
		for _, p := range s.parts {
			if !file.MatchString(p.name) || seen[p.name] {
				t.Errorf("%s: %q is no name of a comparison, or stands twice", s.name, p.name)
			}
			seen[p.name] = true
			match := regexp.MustCompile(pattern(p.rows))
			selected := 0
			for _, c := range bench.Families.Cases() {
				if match.MatchString("Benchmark" + c.Name.String()) {
					selected++
				}
			}
			rows := slices.Compact(slices.Sorted(slices.Values(p.rows)))
			if len(rows) != len(p.rows) || selected != len(rows) {
				t.Errorf("%s %s: %d rows, %d of them different, %d cases selected", s.name, p.name, len(p.rows), len(rows), selected)
			}
			for _, r := range p.rows {
				if _, ok := bench.Families.Lookup(r); !ok {
					t.Errorf("%s %s: %s is no case", s.name, p.name, r)
				}
			}
		}
	}
}

// TestArgs: a run goes on with its file, and is made anew on demand. The
// environment's GOFLAGS stay.
func TestArgs(t *testing.T) {
	folder := t.TempDir()
	p := part{name: "rounds", rounds: 3, rows: []string{cold}}
	o := options{tools: tools{command: func(_ context.Context, _ []string, name string, args ...string) (string, error) {
		if got := fmt.Sprint(name, args); got != "go[env GOFLAGS]" {
			t.Errorf("asked for %s", got)
		}
		return "-mod=mod", nil
	}}}
	last := func(o options, p part) string {
		t.Helper()
		args, err := p.args(t.Context(), o, folder)
		if err != nil {
			t.Fatal(err)
		}
		return args[len(args)-1]
	}
	if got := last(o, p); got != p.report(folder) {
		t.Errorf("a first run ends in %s", got)
	}
	if err := os.WriteFile(p.report(folder), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := last(o, p); got != "-resume" {
		t.Errorf("a later run ends in %s", got)
	}
	o.only = p.name
	if got := last(o, p); got != "-force" {
		t.Errorf("a run made anew ends in %s", got)
	}
	for _, s := range studies {
		for _, p := range s.parts {
			if p.profile == nil {
				continue
			}
			args, err := p.args(t.Context(), o, folder)
			if want := "GOFLAGS=-mod=mod -pgo=" + p.profile.file; err != nil || !slices.Contains(args, want) {
				t.Errorf("%v, %q, want %q", err, args, want)
			}
		}
	}
}
