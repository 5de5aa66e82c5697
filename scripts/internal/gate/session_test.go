package gate

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDrawing draws layouts apart, and from a pool: each round's are as
// different as they must be, and each of the pool comes about as often.
func TestDrawing(t *testing.T) {
	const rounds = 3000
	pool := []uint64{11, 12, 13, 14, 15}
	for _, d := range []drawing{{apart: true}, {pool: pool}, {apart: true, pool: pool}} {
		drawn := map[uint64]int{}
		for _, l := range d.layouts(rand.New(rand.NewPCG(1, 2)), rounds) {
			if (l[headArm] != l[baseArm]) != d.apart || l[controlArm] == l[baseArm] || l[controlArm] == l[headArm] {
				t.Fatalf("%+v: the layout %v", d, l)
			}
			for _, seed := range slices.Compact(slices.Sorted(slices.Values(l[:]))) {
				drawn[seed]++
			}
		}
		if d.pool == nil {
			if len(drawn) != arms*rounds {
				t.Errorf("%d seeds for %d rounds, want each once", len(drawn), rounds)
			}
			continue
		}
		share := 2 * rounds / len(pool)
		if d.apart {
			share = 3 * rounds / len(pool)
		}
		for _, seed := range pool {
			if n := drawn[seed]; n < share*9/10 || n > share*11/10 {
				t.Errorf("%+v: %d was drawn %d times, want about %d", d, seed, n, share)
			}
		}
	}
}

// TestSession runs several trials on one pair of builds and a pool of layouts,
// of which each is linked once.
func TestSession(t *testing.T) {
	m := newModule(t)
	m.write("work_test.go", steps(300))
	s := newSession(t)
	t.Chdir(m.dir)
	session, err := Open(t.Context(), []string{"-base-dir", ".", "-head-dir", ".", "-pkg", ".", "-unit", "steps/op"}, &strings.Builder{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		session.Close()
		s.clean(m.dir)
	}()
	if _, err := session.Pool(t.Context(), 2, 1<<30, func(int) {}); err == nil {
		t.Error("a pool of 2 layouts was taken")
	}
	told := 0
	if n, err := session.Pool(t.Context(), 5, 1<<30, func(k int) { told = k }); n != 5 || err != nil || told != 5 {
		t.Fatalf("a pool of %d, %v; %d told of", n, err, told)
	}
	linked := s.asked("-randlayout=")
	plans := map[uint64]bool{}
	for _, apart := range []bool{false, true, false} {
		run, err := session.Run(t.Context(), Trial{Rounds: 8, Apart: apart, Out: filepath.Join(t.TempDir(), "raw")})
		if err != nil {
			t.Fatal(err)
		}
		if run.Rounds != 8 || len(run.Layouts) != 8 || run.Report.ExitCode() != 0 || len(run.Report.Rows[0].Row.Pairs) != 8 {
			t.Errorf("%d rounds, %d layouts: %+v", run.Rounds, len(run.Layouts), run.Report)
		}
		plans[run.Seed] = true
		for k, l := range run.Layouts {
			if (l[headArm] != l[baseArm]) != apart {
				t.Errorf("apart %v: the layouts of round %d are %v", apart, k+1, l)
			}
			if pair := run.Report.Rows[0].Row.Pairs[k]; pair.Seed != l[baseArm] {
				t.Errorf("round %d has the seed %d, want %d", k+1, pair.Seed, l[baseArm])
			}
		}
	}
	if len(plans) != 3 {
		t.Errorf("%d plans for 3 runs", len(plans))
	}
	// Each run tries twice what linking a round takes, as the gate does, since
	// that is what a budget has to hold.
	if tried := s.asked("-randlayout=") - linked; tried != 3*2*2 {
		t.Errorf("%d layouts were linked for the runs, want %d", tried, 3*2*2)
	}
	// What can't begin is no run.
	if run, err := session.Run(t.Context(), Trial{Budget: time.Nanosecond, Out: t.TempDir()}); err == nil || run != nil {
		t.Errorf("%v, %v", run, err)
	}
	if _, err := session.Run(t.Context(), Trial{Rounds: 8, Inject: ".=1.5", Out: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "own cases") {
		t.Errorf("an injection into another package: %v", err)
	}
	if _, err := Open(t.Context(), []string{"-files", "a", "b"}, &strings.Builder{}); err == nil {
		t.Error("two files were opened to be measured")
	}
}

// TestCalibrationData reads the data that it is given, says that they don't fit,
// and leaves the verdict as it is.
func TestCalibrationData(t *testing.T) {
	m := newModule(t)
	m.write("work_test.go", strings.Replace(steps(300), "b.ReportMetric(300,", "b.ReportMetric(1000+rand.Float64(),", 1))
	m.edit("work_test.go", `"os"`, `"math/rand/v2"`+"\n\t"+`"os"`)
	s := newSession(t).old()
	args := []string{"-base-env", "SIDE=1", "-pkg", ".", "-unit", "steps/op", "-rounds", "8", "-o", t.TempDir(), "-force", "-calibration"}
	s.expect(2, m.dir, append(args, "nowhere.jsonl"), "nowhere.jsonl", "-calibration none")
	s.expect(0, m.dir, append(args, "none"), "PASS")
	data := filepath.Join(t.TempDir(), "data.jsonl")
	session := `{"calibration":1,"begun":"2026-01-02T03:04:05Z","commit":"x","alpha":0.01,"margin":0.01,"package":"","config":{"goos":"plan9"}}` + "\n"
	if err := os.WriteFile(data, []byte(session), 0o644); err != nil {
		t.Fatal(err)
	}
	s.expect(0, m.dir, append(args, data), "PASS", "another machine's (goos plan9", "is not known, and the margin of 1% is used alone")
	if err := os.WriteFile(data, []byte("{}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s.expect(2, m.dir, append(args, data), "data.jsonl:1")
}
