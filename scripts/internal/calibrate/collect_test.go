package calibrate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
)

// module is a module with two benchmarks that report their steps. One takes no
// time and about as many steps as it likes; with THREADBENCH_TEST_FAIL set it
// fails. The other takes one step an iteration.
const module = `package steps

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	fmt.Println("Unit steps/op better=lower")
	os.Exit(m.Run())
}

func BenchmarkSteps(b *testing.B) {
	b.StopTimer()
	if os.Getenv("THREADBENCH_TEST_FAIL") != "" {
		b.Fatal("as it must")
	}
	b.ReportMetric(1000+rand.Float64(), "steps/op")
}

func BenchmarkOne(b *testing.B) {
	steps := 0
	for range b.N {
		steps++
	}
	b.ReportMetric(float64(steps)/float64(b.N), "steps/op")
}
`

// ready is a command that calibrates with that module in dir. Temporary files
// must be gone at the end.
func ready(t *testing.T, plan string) (o options, dir string) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err)
	}
	dir = t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/steps\n\ngo 1.26\n", "steps_test.go": module} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	temp := t.TempDir()
	for _, v := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(v, temp)
	}
	o, err := parse([]string{"-plan", plan, "-data", filepath.Join(t.TempDir(), "data.jsonl")}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.root, o.own = dir, []string{"-base-dir", dir, "-head-dir", dir, "-pkg", ".", "-bench", "^BenchmarkSteps$", "-unit", "steps/op", "-budget", "15s"}
	t.Cleanup(func() {
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
	return o, dir
}

// TestCalibrate runs gates with real processes, in base's layout and in a
// layout of head's own. It keeps them, and prints what they are worth.
func TestCalibrate(t *testing.T) {
	o, _ := ready(t, "own=2")
	o.out = filepath.Join(t.TempDir(), "page.md")
	var errs bytes.Buffer
	if err := run(t.Context(), o, io.Discard, &errs); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	f, err := readFile(o.data)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.sessions) != 1 || len(f.runs) != 2 || f.sessions[0].Config["cpus"] == "" {
		t.Fatalf("%d sessions, %d runs", len(f.sessions), len(f.runs))
	}
	for i, r := range f.runs {
		if r.Verdict != verdict.Pass || len(r.Rows) != 1 || r.Rows[0].Name != "Steps" || r.Rows[0].Rounds < 8 || r.Rows[0].Most >= r.Margin || r.Seconds <= 0 || r.Apart != (i == 1) {
			t.Errorf("run %d: %+v", i+1, r)
		}
	}
	if f.runs[0].Seed == f.runs[1].Seed {
		t.Error("two runs have the same plan")
	}
	page, err := os.ReadFile(o.out)
	picture, more := os.ReadFile(strings.TrimSuffix(o.out, "md") + "svg")
	if err != nil || more != nil || !strings.Contains(string(page), "0 of 2") || !strings.Contains(string(page), "(page.svg)") || !strings.Contains(string(picture), "2 of 2") || !strings.Contains(errs.String(), "the plan is done") {
		t.Errorf("%v, %v, it says\n%s\n%s", err, more, page, errs.String())
	}

	// The plan is done: nothing more is built or added.
	o.own = []string{"-nonsense"}
	errs.Reset()
	if err := run(t.Context(), o, io.Discard, &errs); err != nil || strings.Contains(errs.String(), "-nonsense") || !strings.Contains(errs.String(), "the plan is done") {
		t.Errorf("%v, %s", err, errs.String())
	}
}

// TestInjected builds the sides of a foreign package as the gate would, head
// being slower, and counts their steps.
func TestInjected(t *testing.T) {
	_, dir := ready(t, "own=1")
	p := subject{name: "steps", module: "example.com/steps@v0", pkg: ".", bench: "^BenchmarkOne$"}.at(dir, t.TempDir())
	for _, test := range []struct {
		inject     float64
		iterations int
		head       string
	}{{0.05, 200, "1.050 steps/op"}, {0.1, 13, "1.077 steps/op"}} { // the fifth of 13, and the 14th would be next
		args, err := p.args(t.Context(), cell{"steps", 0, test.inject}, "rounds")
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"1.000 steps/op", test.head} {
			env := args[len(args)-3+2*i]
			out, err := job.Output(t.Context(), dir, measure.Environ(os.Environ(), env), "go", "test", "-run=^$", "-bench="+p.bench, fmt.Sprintf("-benchtime=%dx", test.iterations))
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("%s, %v: %v, want %s\n%s", env, test.inject, err, want, out)
			}
		}
	}
	base, head, err := overlays(dir, "^BenchmarkSteps$", t.TempDir(), 20)
	if err == nil || !strings.Contains(err.Error(), "no loop over b.N") {
		t.Errorf("a benchmark without a loop: %s, %s, %v", base, head, err)
	}
}

// TestArgs are the gate's command lines. The sides always differ in something,
// so that the gate measures; where it can be, only in their environments.
func TestArgs(t *testing.T) {
	p := &place{subject: subjects[0], gate: []string{"-base-dir", "x"}}
	for _, test := range []struct {
		cell
		want string
	}{
		{cell{own, 0, 0}, "-base-dir x -o rounds -base-env THREADBENCH_SIDE=base -head-env THREADBENCH_SIDE=head"},
		{cell{own, 0.01, 0}, "-base-dir x -o rounds -margin 1% -base-env THREADBENCH_SIDE=base -head-env THREADBENCH_SIDE=head"},
		{cell{own, 0, 0.05}, "-base-dir x -o rounds -inject .=1.05"},
	} {
		if args, err := p.args(t.Context(), test.cell, "rounds"); err != nil || strings.Join(args, " ") != test.want {
			t.Errorf("%v: %q, %v, want %q", test.cell, args, err, test.want)
		}
	}
}

// TestTrouble has runs that can't begin, a session that is stopped, and no time
// for a run. Each is reported, and nothing is kept.
func TestTrouble(t *testing.T) {
	o, _ := ready(t, "own=1")
	t.Setenv("THREADBENCH_TEST_FAIL", "1")
	var errs bytes.Buffer
	if err := collect(t.Context(), o, &errs); err == nil || !strings.Contains(err.Error(), "3 runs in a row") || strings.Count(errs.String(), "no verdict") != 2 {
		t.Errorf("a benchmark that fails: %v\n%s", err, errs.String())
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped by a test"))
	if err := collect(ctx, o, io.Discard); err == nil || !strings.Contains(err.Error(), "stopped by a test") {
		t.Errorf("stopped: %v", err)
	}
	o.lasting = time.Second
	errs.Reset()
	if err := collect(t.Context(), o, &errs); err != nil || errs.Len() > 0 {
		t.Errorf("no time for a run: %v\n%s", err, errs.String())
	}
	if _, err := os.Stat(o.data); err == nil {
		t.Error("a file was left without a run")
	}
}
