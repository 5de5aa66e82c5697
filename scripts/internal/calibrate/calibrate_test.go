package calibrate

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"threadbench/scripts/internal/gate/verdict"
)

// module is a module with a benchmark that takes no time and says how many
// steps it took, more or less; with THREADBENCH_TEST_FAIL set it fails.
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
`

// ready is a command that calibrates by that module, and a folder for its
// temporary files, which must be empty in the end.
func ready(t *testing.T, plan string) (o options, temp string) {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/steps\n\ngo 1.26\n", "steps_test.go": module} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	temp = t.TempDir()
	for _, v := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(v, temp)
	}
	o, err := parse([]string{"-plan", plan, "-data", filepath.Join(t.TempDir(), "data.jsonl")}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.root, o.gate = dir, []string{"-base-dir", dir, "-head-dir", dir, "-pkg", ".", "-unit", "steps/op"}
	t.Cleanup(func() {
		if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
	return o, temp
}

// TestCalibrate runs gates, real processes and all: of two kinds, keeps them,
// goes on where it stopped, and says what they are worth.
func TestCalibrate(t *testing.T) {
	o, _ := ready(t, "same:20s=1,rebuilt:20s=1")
	var out, errs bytes.Buffer
	if err := run(t.Context(), o, &out, &errs); err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	f, err := readFile(o.data)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.sessions) != 1 || len(f.runs) != 2 {
		t.Fatalf("%d sessions, %d runs", len(f.sessions), len(f.runs))
	}
	s := f.sessions[0]
	if s.Alpha != 0.01 || s.Margin != 0.01 || s.Config["cpus"] == "" {
		t.Errorf("the session: %+v", s)
	}
	for i, r := range f.runs {
		if r.Verdict != verdict.Pass || len(r.Rows) != 1 || r.Rows[0].Name != "Steps" || r.Rows[0].Unit != "steps/op" || r.Rounds < 8 || len(r.Rows[0].Head) != r.Rounds {
			t.Errorf("run %d: %+v", i+1, r)
		}
		if (r.Kind == rebuilt) != (i == 1) {
			t.Errorf("run %d is %s", i+1, r.Kind)
		}
	}
	if f.runs[0].Seed == f.runs[1].Seed {
		t.Error("two runs have the same plan")
	}
	if !strings.Contains(out.String(), "0 of 1") || !strings.Contains(errs.String(), "the plan is done") {
		t.Errorf("it says\n%s\n%s", out.String(), errs.String())
	}

	// The plan is done: nothing is built any more, and nothing added.
	o.gate = []string{"-nonsense"}
	errs.Reset()
	if err := run(t.Context(), o, io.Discard, &errs); err != nil || strings.Contains(errs.String(), "-nonsense") || !strings.Contains(errs.String(), "the plan is done") {
		t.Errorf("%v, %s", err, errs.String())
	}
}

// TestTrouble has runs that can't begin, a session that is stopped, and no
// time for a run: each says so, and nothing is kept.
func TestTrouble(t *testing.T) {
	o, _ := ready(t, "same:20s=1")
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
