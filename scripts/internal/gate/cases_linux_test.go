package gate

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"threadbench/bench"
	"threadbench/bench/measure"
)

// worker is the real worker, built once.
var worker = struct {
	once sync.Once
	err  error
}{}

// ours makes the session use the real worker for our own cases, in this
// checkout, without building it each time.
func (s *session) ours() (root string) {
	s.Helper()
	program := filepath.Join(tools(s.T), "worker")
	worker.once.Do(func() {
		text, err := exec.Command(os.Getenv(goVariable), "test", "-c", "-o", program, "threadbench/bench").CombinedOutput()
		if err != nil {
			worker.err = fmt.Errorf("%w: %s", err, text)
		}
	})
	if worker.err != nil {
		s.Fatal(worker.err)
	}
	s.Setenv(workerVariable, program)
	root, err := filepath.Abs("../../..")
	if err != nil {
		s.Fatal(err)
	}
	return root
}

// finds runs the gate, whose one row must be a measured regression. In 1 of 128
// runs of 8 rounds the control sees a difference by chance. That makes the run
// invalid, but not the row's verdict.
func (s *session) finds(dir string, args []string, words ...string) {
	s.Helper()
	code, stdout, stderr := s.gate(dir, args...)
	if code != 1 && !(code == 3 && strings.Contains(stdout, "INVALID")) {
		s.Errorf("gate %q answers %d, want 1:\n%s%s", args, code, stdout, stderr)
	}
	for _, w := range append(words, "sec/op  regression") {
		if !strings.Contains(stdout+stderr, w) {
			s.Errorf("gate %q does not say %q:\n%s%s", args, w, stdout, stderr)
		}
	}
}

// TestDistortedBuild refuses builds of our own cases that distort figures, and
// names the side.
func TestDistortedBuild(t *testing.T) {
	s := newSession(t)
	root := s.ours()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	covered := filepath.Join(dir, "covered")
	build := exec.Command(os.Getenv(goVariable), "build", "-cover", "-o", covered, "main.go")
	build.Dir = dir
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	raw := filepath.Join(t.TempDir(), "raw")
	args := []string{"-bench", oneCase, "-rounds", "9", "-o", raw}
	t.Setenv(workerVariable+"_BASE", covered)
	s.expect(2, root, append(args, "-base-dir", root), "base: the worker is built with -cover=true", "-allow cover")
	t.Setenv(workerVariable+"_BASE", os.Getenv(workerVariable))
	t.Setenv(workerVariable, covered)
	s.expect(2, root, append(args, "-base-dir", root, "-head-env", "GOFLAGS=-cover"), "head: the worker is built with -cover=true", `("-cover", from the environment)`)
	if _, err := os.Stat(raw); err == nil {
		t.Error("a folder for raw rounds is left of what was not measured")
	}
}

const oneCase = `^BenchmarkSwitch/impl=goroutine/via=channel/place=same$`

// TestInjection slows down our own case by a factor of four, in a working tree
// that is compared with itself under another GODEBUG, and finds it.
func TestInjection(t *testing.T) {
	s := newSession(t)
	root := s.ours()
	raw := filepath.Join(t.TempDir(), "raw")
	s.finds(root, []string{"-head-env", "GODEBUG=asyncpreemptoff=1", "-bench", oneCase, "-rounds", "9", "-inject", "Switch=4", "-o", raw},
		"INJECTED SLOWDOWN", "factor 4", "-ignore godebug,inject", "GODEBUG=asyncpreemptoff=1")
	// GODEBUG doesn't change the build: the sides share one binary in each
	// layout.
	if got, want := s.asked("-randlayout="), 9+1+2; got != want {
		t.Errorf("linked %d layouts, want %d", got, want)
	}
	if got, want := s.asked("test -c"), 2+9+1+2; got != want {
		t.Errorf("built %d times, want %d", got, want)
	}
	for arm, want := range []string{"", "Switch=4", ""} {
		results := readRaw(t, rawPath(raw, arm))
		if len(results) != 9 {
			t.Errorf("%s holds %d rounds, want 9", rawPath(raw, arm), len(results))
		}
		for _, r := range results {
			if got := r.GetConfig("inject"); got != want {
				t.Errorf("%s: inject is %q, want %q", armNames[arm], got, want)
			}
			if got := strings.Contains(r.GetConfig("godebug"), "asyncpreemptoff=1"); got != (arm == headArm) {
				t.Errorf("%s: godebug is %q", armNames[arm], r.GetConfig("godebug"))
			}
		}
	}
}

// TestOncePerProcess measures a case that a process measures once.
func TestOncePerProcess(t *testing.T) {
	s := newSession(t).old()
	root := s.ours()
	raw := filepath.Join(t.TempDir(), "raw")
	s.finds(root, []string{"-base-env", "SIDE=1", "-bench", "Create/impl=goroutine/mode=start", "-rounds", "9", "-inject", "start=4", "-o", raw})
	for arm, want := range []int{5000, 1250, 5000} {
		for _, r := range readRaw(t, rawPath(raw, arm)) {
			if r.Iters != want {
				t.Errorf("%s counts %d ops, want %d", armNames[arm], r.Iters, want)
			}
		}
	}
}

// TestOtherWorkers has bases that lack the case, that don't know injections,
// and that die.
func TestOtherWorkers(t *testing.T) {
	s := newSession(t).old()
	root := s.ours()
	program := filepath.Join(t.TempDir(), "other")
	for _, test := range []struct {
		name, script string
		code         int
		args, words  []string
	}{
		{"lacks", "echo skip this build has no case at all", 2, nil, []string{"no row in common", "this build has no case at all", "base"}},
		{"dies", "echo as it must >&2; exit 7", 3, nil, []string{"base", "the worker died", "as it must"}},
		{"hides", `echo ready; while read order n; do case $order in run) echo "done $n 2000000";; close) echo closed; exit;; esac; done`, 2,
			[]string{"-base-dir", "%[1]s", "-head-dir", "%[1]s", "-inject", "Switch=2"}, []string{"was not"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &session{T: t, temp: s.temp, log: s.log}
			if err := os.WriteFile(program, []byte("#!/bin/sh\n"+test.script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			if test.args == nil {
				t.Setenv(workerVariable+"_BASE", program)
				test.args = []string{"-base-env", "SIDE=1"}
			} else {
				t.Setenv(workerVariable, program)
			}
			args := []string{"-bench", oneCase, "-rounds", "9", "-o", filepath.Join(filepath.Dir(program), "raw")}
			for _, a := range test.args {
				if strings.Contains(a, "%") {
					a = fmt.Sprintf(a, root)
				}
				args = append(args, a)
			}
			s.expect(test.code, root, args, test.words...)
		})
	}
}

// TestDefaultCases checks that the default rows are four, all of them measured
// in slices on one CPU.
func TestDefaultCases(t *testing.T) {
	o, err := parse([]string{"-base", "x"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := chooseCases(o, [arms][]string{})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.chosen) != 4 {
		t.Errorf("%d cases by default, want 4", len(c.chosen))
	}
	for _, k := range c.chosen {
		if k.Once != 0 || k.CPUs != 1 {
			t.Errorf("%s is measured %d times a process on %d CPUs", k.Name, k.Once, k.CPUs)
		}
	}
	for _, test := range []struct{ args, want string }{
		{"-bench=Nothing", "leave none of our cases"},
		{"-inject=Stack=1.1", "matches none of the 4 cases"},
		{"-cpu=4711", "4711"},
	} {
		o, err := parse([]string{"-base", "x", test.args}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chooseCases(o, [arms][]string{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.args, err, test.want)
		}
	}
}

// TestEnvironments gives the arms of a case their sides' environments, which
// override the case's own.
func TestEnvironments(t *testing.T) {
	t.Setenv("GODEBUG", "a=1")
	c := &cases{envs: [arms][]string{{"GOMAXPROCS=7"}, {"GODEBUG=adaptivestackstart=1"}, {"GOMAXPROCS=7"}}}
	var err error
	if c.at.Site, err = measure.NewSite(-1); err != nil {
		t.Fatal(err)
	}
	log := filepath.Join(t.TempDir(), "log")
	program := filepath.Join(t.TempDir(), "worker")
	script := fmt.Sprintf("#!/bin/sh\necho $GOMAXPROCS $GODEBUG >>%s\necho skip that is all\n", log)
	if err := os.WriteFile(program, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	k, ok := bench.Families.Lookup("Create/impl=goroutine/mode=cold")
	if !ok {
		t.Fatal("no such case")
	}
	if _, err := c.measure(context.Background(), k, "ns/op", programs{{program, program, program}}, []int{0, 1, 2}, 1); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(log)
	want := regexp.MustCompile(`^7 a=1,adaptivestackstart=0\n1 a=1,adaptivestackstart=0,adaptivestackstart=1\n7 a=1,adaptivestackstart=0\n$`)
	if err != nil || !want.Match(text) {
		t.Errorf("the workers' environments: %v\n%s", err, text)
	}
}
