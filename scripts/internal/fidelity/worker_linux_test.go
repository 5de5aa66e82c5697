package fidelity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"threadbench/bench"
	"threadbench/bench/lockstep"
)

// buildWorker builds the worker in C, or skips the test where that can't be.
func buildWorker(t *testing.T) string {
	t.Helper()
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skipf("raw threads are for amd64 and arm64, this is %s", runtime.GOARCH)
	}
	cc, err := compiler()
	if err != nil {
		t.Skip(err)
	}
	path, err := buildC(t.Context(), cc, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// onOne is the spec of a worker on one CPU.
func onOne(t *testing.T, path string, args ...string) lockstep.Spec {
	t.Helper()
	site, err := bench.NewSite(-1)
	if err != nil {
		t.Fatal(err)
	}
	return lockstep.Spec{Path: path, Args: args, Env: os.Environ(), CPUs: []int{site.CPU}, Patience: time.Minute}
}

// TestWorker has the worker in C do ops of each kind, and holds it to what the
// suite's own case is held to.
func TestWorker(t *testing.T) {
	path := buildWorker(t)
	for _, test := range []struct {
		args, of string
		per      int // ops come in multiples of it
	}{
		{"futex", "Switch/impl=clone/via=futex/place=same", 2},
		{"pipe", "Switch/impl=clone/via=pipe/place=same", 2},
		{"yield", "Switch/impl=clone/via=yield/place=same", 2},
		{"create 1", "Create/impl=clone/mode=reused", 1},
		{"create 7", "Create/impl=clone/mode=reused", 7},
		{"create 100", "Create/impl=clone/mode=burst", 100},
	} {
		t.Run(test.args, func(t *testing.T) {
			c, ok := bench.Lookup(test.of)
			if !ok {
				t.Fatalf("no case %s", test.of)
			}
			w, err := lockstep.Start(t.Context(), onOne(t, path, strings.Fields(test.args)...))
			if err != nil {
				t.Fatal(err)
			}
			defer w.Kill()
			for _, n := range []int{1, 2001, 64} {
				var s lockstep.Slice
				var proven bool
				for range 10 { // what else runs on the machine adds switches
					if s, err = w.Run(t.Context(), n); err != nil {
						t.Fatal(err)
					}
					if proven, err = c.Check(s.Ops, s.Counts); err == nil {
						break
					}
					t.Logf("once more, since the evidence does not hold: %v", err)
				}
				if want := (n + test.per - 1) / test.per * test.per; s.Ops != want || s.Elapsed <= 0 {
					t.Errorf("of %d ops asked for, %d were done in %v, want %d", n, s.Ops, s.Elapsed, want)
				}
				givesWay := test.args == "yield" // to whoever else wants the CPU
				if err != nil && !givesWay || err == nil && proven != (n > 1000) {
					t.Errorf("%d ops: the evidence is proven: %v, %v (%v)", n, proven, err, s.Counts)
				}
				if answers, ok := s.Counts["answers"]; ok && 2*answers < int64(s.Ops) && !givesWay {
					t.Errorf("%d ops, %d answered", s.Ops, answers)
				}
				if threads, ok := s.Counts["threads"]; ok && threads != int64(s.Ops) {
					t.Errorf("%d ops, %d threads made", s.Ops, threads)
				}
			}
			// It closes only when no thread and no mapping is left.
			if err := w.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestWorkerSays runs the worker by hand.
func TestWorkerSays(t *testing.T) {
	path := buildWorker(t)
	for _, test := range []struct {
		args, orders string
		says         string
		fails        bool
	}{
		{"futex", "", "ready\nclosed\n", false},
		{"pipe", "close\n", "ready\nclosed\n", false},
		{"create 3", "close\n", "ready\nclosed\n", false},
		{"yield", "run 0\n", "ready\nerror running what is no order: Invalid argument\n", true},
		{"futex", "run x\n", "ready\nerror running what is no order: Invalid argument\n", true},
		{"futex", "walk\n", "ready\nerror running what is no order: Invalid argument\n", true},
		{"", "", "error starting threads: Invalid argument\n", true},
		{"fetch", "", "error starting threads: Invalid argument\n", true},
		{"create", "", "error starting threads: Invalid argument\n", true},
		{"create 0", "", "error starting threads: Invalid argument\n", true},
	} {
		cmd := exec.Command(path, strings.Fields(test.args)...)
		cmd.Stdin = strings.NewReader(test.orders)
		text, err := cmd.CombinedOutput()
		if string(text) != test.says || (err != nil) != test.fails {
			t.Errorf("%q, told %q: %v, said %q, want %q", test.args, test.orders, err, text, test.says)
		}
	}
}

// TestSandwich measures slices over a long run with the worker in C.
func TestSandwich(t *testing.T) {
	path := buildWorker(t)
	spec := onOne(t, path, "futex")
	results, err := sandwich(t.Context(), []lockstep.Spec{spec, spec, spec})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil || len(r.Windows) != sandwichLaps || r.Ops == 0 || r.Counts["kernel-switches"] == 0 {
			t.Errorf("worker %d: %v, windows %v, %d ops, %v", i, r.Err, r.Windows, r.Ops, r.Counts)
		}
	}

	bad := onOne(t, path, "nothing")
	results, err = sandwich(t.Context(), []lockstep.Spec{spec, bad, spec})
	if err != nil || results[1].Err == nil || !strings.Contains(results[1].Err.Error(), "starting threads") {
		t.Errorf("with one that can't be opened: %+v, %v", results, err)
	}
	over, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	if _, err := sandwich(over, []lockstep.Spec{spec, spec, spec}); !errors.Is(err, stopped) {
		t.Errorf("stopped: %v", err)
	}
}

// TestArms has the arms that are Go programs do ops.
func TestArms(t *testing.T) {
	path := filepath.Join(t.TempDir(), "arms")
	if text, err := exec.Command("go", "build", "-o", path, "./arms").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, arm := range []string{"channel", "perf"} {
		t.Run(arm, func(t *testing.T) {
			spec := onOne(t, path, arm)
			spec.Env = append(spec.Env, "GOMAXPROCS=1")
			s, _, err := lockstep.Once(t.Context(), spec, 2001)
			var skip *lockstep.Skip
			if errors.As(err, &skip) {
				t.Skip(skip.Reason)
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := s.Counts["kernel-switches"]; !ok || s.Ops != 2002 || s.Elapsed <= 0 {
				t.Errorf("of 2001 ops asked for: %+v", s)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		if _, err := lockstep.Start(t.Context(), onOne(t, path, "leg")); err == nil || !strings.Contains(err.Error(), `no such arm: ["leg"]`) {
			t.Errorf("an arm that isn't there: %v", err)
		}
	})
	t.Run("without perf", func(t *testing.T) {
		spec := onOne(t, path, "perf")
		spec.Env = []string{"PATH="}
		var skip *lockstep.Skip
		if _, err := lockstep.Start(t.Context(), spec); !errors.As(err, &skip) {
			t.Errorf("Start = %v (%T), want a *Skip", err, err)
		}
	})
}

// TestRefuses runs the command where it can't measure.
func TestRefuses(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skipf("raw threads are for amd64 and arm64, this is %s", runtime.GOARCH)
	}
	for _, test := range []struct {
		name, cc, path string
		args           []string
		says           string
	}{
		{"CC is none", "no-such-cc -m64", os.Getenv("PATH"), nil, `finding the C compiler: CC is "no-such-cc -m64"`},
		{"no compiler", "", "/nowhere", nil, "neither cc nor gcc nor clang is in PATH; install one"},
		{"a CPU that isn't there", "true", os.Getenv("PATH"), []string{"-cpu", "4096"}, "measuring on CPU 4096"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("CC", test.cc)
			t.Setenv("PATH", test.path)
			var stdout, stderr bytes.Buffer
			if code := Run(test.args, &stdout, &stderr); code != 2 || stdout.Len() > 0 || !strings.Contains(stderr.String(), test.says) {
				t.Errorf("exit code %d, %q, %q; want 2 and %q", code, &stdout, &stderr, test.says)
			}
		})
	}
}

// TestCompilerFails builds the worker with what doesn't compile it.
func TestCompilerFails(t *testing.T) {
	script := filepath.Join(t.TempDir(), "cc")
	if err := os.WriteFile(script, []byte("#!/bin/sh\necho no headers\nexit 3\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CC", script+" -m64")
	cc, err := compiler()
	if err != nil || len(cc) != 2 {
		t.Fatalf("compiler = %q, %v", cc, err)
	}
	_, err = buildC(t.Context(), cc, t.TempDir())
	if want := fmt.Sprintf("%s -m64 -O2", script); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "exit status 3: no headers; set CC to another compiler") {
		t.Errorf("buildC: %v, want %q, the exit code and what it says", err, want)
	}
	if _, err := buildC(t.Context(), cc, filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("built in a folder that isn't there")
	}
}
