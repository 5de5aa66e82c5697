package study

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"threadbench/scripts/internal/results"
)

// rounds writes a results file of the study of a switch, with a known time for
// each row.
func rounds(t *testing.T, n int, leave string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("driver: lockstep\ngoos: linux\ngoarch: amd64\nkernel: 6.1\ncpu: Test-CPU\ncpus: 2\nvirt: none\nmitigations: spectre_v2\nUnit ns/op better=lower decides=Switch\n")
	r := rand.New(rand.NewPCG(3, 4))
	at := map[string]float64{} // each step of a bar takes more than the one before
	for i, name := range switches {
		at[name] = 100 + float64(i)
	}
	for _, s := range switchings {
		for i, name := range s.steps {
			at[name] = max(at[name], float64(300*(i+1)))
		}
	}
	for k := range n {
		slower := 1 + r.Float64() // the machine's speed in this round
		fmt.Fprintf(&b, "# round %d: seconds=1 steal=0%%\n", k+1)
		for _, name := range switches {
			if name != leave {
				fmt.Fprintf(&b, "Benchmark%s 1000 %.3f ns/op 1 kernel-switches/op\n", name, at[name]*slower)
			}
		}
		fmt.Fprintf(&b, "# end round %d\n", k+1)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "first.txt"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return folder
}

func switchStudy(t *testing.T) study {
	t.Helper()
	for _, s := range studies {
		if s.split != nil {
			return s
		}
	}
	t.Fatal("no study splits a switch")
	return study{}
}

// TestSplit makes the page of a study whose rows take known times.
func TestSplit(t *testing.T) {
	s := switchStudy(t)
	out := t.TempDir()
	if err := s.analyse(rounds(t, 12, ""), out); err != nil {
		t.Fatal(err)
	}
	golden(t, filepath.Join(out, "README.md"), "switch.md.golden")
	golden(t, filepath.Join(out, s.picture()), "switch.svg.golden")
	page, err := os.ReadFile(filepath.Join(out, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range differences {
		if !strings.Contains(string(page), "| "+d.says+" | "+d.text()+" | ") {
			t.Errorf("the page lacks %q", d.says)
		}
	}
}

// TestBeyond: a difference is one of rounds, whatever the machine's speed in
// each.
func TestBeyond(t *testing.T) {
	f, err := results.ReadFile(filepath.Join(rounds(t, 20, ""), "first.txt"))
	if err != nil {
		t.Fatal(err)
	}
	called, written := at("clone", "called", "futex"), at("clone", "", "futex") // 900 and 600 times a speed from 1 to 2
	center, in, err := difference{of: less(called, 1, written)}.over(f)
	if err != nil || center < 300 || center > 600 || in.Low < 300 || in.High > 600 || in.Low >= in.High {
		t.Errorf("%v, %v, %v", center, in, err)
	}
	if back, _, err := (difference{of: less(written, 1, called)}).over(f); err != nil || back > -300 {
		t.Errorf("the other way round: %v, %v", back, err)
	}
	if twice, _, err := (difference{of: less(called, 2, written)}).over(f); err != nil || twice > -300 {
		t.Errorf("less twice the other: %v, %v", twice, err)
	}
}

// TestSplitTwice has a column and a chart for each machine.
func TestSplitTwice(t *testing.T) {
	s := switchStudy(t)
	folder, out := rounds(t, 6, ""), t.TempDir()
	text, err := os.ReadFile(filepath.Join(folder, "first.txt"))
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(string(text), "Test-CPU", "Other-CPU", 1)
	if err := os.WriteFile(filepath.Join(folder, "again.txt"), []byte(other), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.analyse(folder, out); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(out, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| measured | benchmark | Test-CPU (first) | kernel switches | Other-CPU (again) | kernel switches |\n|---|---|--:|--:|--:|--:|\n",
		"| inferred | from | Test-CPU (first) | Other-CPU (again) |\n|---|---|--:|--:|\n"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	picture, err := os.ReadFile(filepath.Join(out, s.picture()))
	if err != nil || !strings.Contains(string(picture), "Other-CPU (again)") || strings.Contains(string(page), "Not measured") {
		t.Errorf("the other machine's chart isn't there, %v, or something isn't measured:\n%s", err, page)
	}
}

// TestSplitLacks names the row that a file lacks.
func TestSplitLacks(t *testing.T) {
	s := switchStudy(t)
	for _, leave := range []string{switches[0], switches[len(switches)-1]} {
		_, err := s.makeSplit(io.Discard, rounds(t, 6, leave))
		if err == nil || !strings.Contains(err.Error(), leave) || !strings.Contains(err.Error(), "-only first switch") {
			t.Errorf("without %s: %v", leave, err)
		}
	}
}

// TestSteps: each bar of the picture is of rows that are measured.
func TestSteps(t *testing.T) {
	have := map[string]bool{}
	for _, name := range switches {
		have[name] = true
	}
	for _, s := range switchings {
		if len(s.steps) != len(s.adds) {
			t.Errorf("%s: %d rows and %d parts", s.label, len(s.steps), len(s.adds))
		}
		for _, name := range s.steps {
			if !have[name] {
				t.Errorf("%s: %s is not measured", s.label, name)
			}
		}
	}
	for _, d := range differences {
		for _, of := range d.of {
			if !have[of.row] {
				t.Errorf("%s: %s is not measured", d.says, of.row)
			}
		}
	}
}

// TestRun: a run that is stopped goes on with its file. Its own page makes way
// for the study's.
func TestRun(t *testing.T) {
	s := switchStudy(t)
	o, err := parse([]string{s.name}, []study{s}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.results = t.TempDir()
	folder := filepath.Join(o.results, s.name)
	var asked []string
	measures := 12
	o.tools.run = func(args []string, _, _ io.Writer) int {
		asked = append(asked, args[len(args)-1])
		text, err := os.ReadFile(filepath.Join(rounds(t, measures, ""), "first.txt"))
		if err != nil {
			t.Fatal(err)
		}
		out := args[slices.Index(args, "-o")+1]
		for path, text := range map[string][]byte{out: text, strings.TrimSuffix(out, "txt") + "html": []byte("run's page")} {
			if err := os.WriteFile(path, text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if measures < s.parts[0].rounds {
			return 2
		}
		return 0
	}
	if err := run(t.Context(), o, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "first of switch: run ended with exit code 2") {
		t.Errorf("a run that fails: %v", err)
	}
	measures = s.parts[0].rounds
	for range 2 { // the second time there is nothing to measure
		if err := run(t.Context(), o, io.Discard, io.Discard); err != nil {
			t.Error(err)
		}
	}
	if want := []string{s.parts[0].report(folder), s.parts[1].report(folder), "-resume", "-resume"}; !slices.Equal(asked, want) {
		t.Errorf("run was asked for %q, want %q", asked, want)
	}
	var left []string
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		left = append(left, e.Name())
	}
	if want := []string{"README.md", "again.txt", "first.txt", "switch.svg"}; err != nil || !slices.Equal(left, want) {
		t.Errorf("the study's folder has %q, want %q (%v)", left, want, err)
	}
}
