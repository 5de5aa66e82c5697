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

	"threadbench/scripts/internal/calibration"
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
	o, err := parse([]string{"-plan", plan, "-pool", "3", "-data", filepath.Join(t.TempDir(), "data.jsonl")}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.own = []string{"-base-dir", dir, "-head-dir", dir, "-pkg", ".", "-unit", "steps/op", "-calibration", "none"}
	o.pkg, o.pkgName = o.own, "example.com/steps"
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
	f, err := calibration.ReadFile(o.data)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Sessions) != 1 || len(f.Runs) != 2 {
		t.Fatalf("%d sessions, %d runs", len(f.Sessions), len(f.Runs))
	}
	s := f.Sessions[0]
	if s.Alpha != 0.01 || s.Margin != 0.01 || s.Config["cpus"] == "" || s.Package != "example.com/steps" {
		t.Errorf("the session: %+v", s)
	}
	seeds := map[uint64]bool{}
	for i, r := range f.Runs {
		if r.Verdict != verdict.Pass || r.Exit != 0 || len(r.Rows) != 1 || r.Rows[0].Name != "Steps" || r.Rows[0].Unit != "steps/op" || r.Pool != 3 || r.Rounds < 8 {
			t.Errorf("run %d: %+v", i+1, r)
		}
		if (r.Kind == calibration.Rebuilt) != (i == 1) || (r.Layouts.Head != nil) != (i == 1) {
			t.Errorf("run %d is %s, with head's own layouts: %v", i+1, r.Kind, r.Layouts.Head != nil)
		}
		for k := range r.Rounds {
			head := r.Layouts.Base[k]
			if r.Layouts.Head != nil {
				if head = r.Layouts.Head[k]; head == r.Layouts.Base[k] {
					t.Errorf("run %d, round %d: head has base's layout", i+1, k+1)
				}
			}
			if r.Layouts.Control[k] == head || r.Layouts.Control[k] == r.Layouts.Base[k] {
				t.Errorf("run %d, round %d: the control has base's or head's layout", i+1, k+1)
			}
			for _, l := range []uint64{r.Layouts.Base[k], head, r.Layouts.Control[k]} {
				seeds[l] = true
			}
		}
		if i > 0 && r.Seed == f.Runs[0].Seed {
			t.Error("two runs have the same plan")
		}
	}
	if len(seeds) > 3 {
		t.Errorf("%d layouts, of a pool of 3", len(seeds))
	}
	if !strings.Contains(out.String(), "0 of 1") || !strings.Contains(errs.String(), "2 runs added") {
		t.Errorf("it says\n%s\n%s", out.String(), errs.String())
	}

	// The plan is done: nothing is built any more, and nothing added.
	o.own, o.pkg = []string{"-nonsense"}, nil
	errs.Reset()
	if err := run(t.Context(), o, io.Discard, &errs); err != nil || !strings.Contains(errs.String(), "0 runs added") {
		t.Errorf("%v, %s", err, errs.String())
	}
	out.Reset()
	o.status = true
	if err := run(t.Context(), o, &out, io.Discard); err != nil || !strings.Contains(out.String(), "same:20s     1     1") {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// TestTrouble has runs that can't begin, a session that is stopped, and no
// time for a run: each says so, and nothing is kept.
func TestTrouble(t *testing.T) {
	o, _ := ready(t, "package:20s=1")
	o.pool = 0
	t.Setenv("THREADBENCH_TEST_FAIL", "1")
	var errs bytes.Buffer
	if err := collect(t.Context(), o, &errs); err == nil || !strings.Contains(err.Error(), "3 times in a row") || strings.Count(errs.String(), "not begun") != 3 {
		t.Errorf("a benchmark that fails: %v\n%s", err, errs.String())
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("stopped by a test"))
	if err := collect(ctx, o, io.Discard); err == nil || !strings.Contains(err.Error(), "stopped by a test; 0 runs added") {
		t.Errorf("stopped: %v", err)
	}
	o.lasting = time.Second
	errs.Reset()
	if err := collect(t.Context(), o, &errs); err != nil || !strings.Contains(errs.String(), "lacks 1 run") {
		t.Errorf("no time for a run: %v\n%s", err, errs.String())
	}
	if _, err := os.Stat(o.data); err == nil {
		t.Error("a file was left without a run")
	}
}
