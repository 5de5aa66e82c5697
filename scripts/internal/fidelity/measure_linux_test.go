package fidelity

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/scripts/internal/job"
)

// judged builds the adapter and a judge of each kind, and returns a bed to
// start them from. It skips the test where that is impossible.
func judged(t *testing.T) *bed {
	t.Helper()
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skipf("raw threads are for amd64 and arm64, this is %s", runtime.GOARCH)
	}
	cc, err := compiler()
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	p := programs{dir: dir, adapter: filepath.Join(dir, "adapter"), plain: []string{filepath.Join(dir, "plain.test")}}
	for _, args := range [][]string{{"build", "-o", p.adapter, "./adapter"}, {"test", "-c", "-o", p.plain[0], "./outside/plain"}} {
		if _, err := job.Output(t.Context(), ".", nil, "go", args...); err != nil {
			t.Fatal(err)
		}
	}
	if err := buildC(t.Context(), cc, dir, "raw_futex2"); err != nil {
		t.Fatal(err)
	}
	site, err := measure.NewSite(-1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBed(p, &measure.Session{Site: site})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestJudges lets a judge of each kind take turns, and run as a process.
func TestJudges(t *testing.T) {
	b := judged(t)
	here := []int{b.site.CPU}
	for _, judge := range [][]string{{"c", b.c("raw_futex2")}, {"go", b.plain[0], "Channel"}, {"perf"}} {
		for _, way := range []string{"turns", "whole"} {
			if judge[0] == "perf" && way == "turns" {
				continue
			}
			t.Run(judge[0]+" "+way, func(t *testing.T) {
				spec := b.adapter(way, 2*time.Millisecond, here, os.Environ(), judge...).Spec
				w, err := lockstep.Start(t.Context(), spec)
				var skip *lockstep.Skip
				if errors.As(err, &skip) {
					t.Skip(skip.Reason)
				}
				if err != nil {
					t.Fatal(err)
				}
				defer w.Kill()
				for range 3 {
					if s, err := w.Run(t.Context(), 1); err != nil || s.Ops < 2 || s.Elapsed <= 0 {
						t.Fatalf("Run = %+v, %v", s, err)
					}
				}
				if err := w.Close(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
	t.Run("perf can't take turns", func(t *testing.T) {
		spec := b.adapter("turns", time.Millisecond, here, os.Environ(), "perf").Spec
		_, err := lockstep.Start(t.Context(), spec)
		var skip *lockstep.Skip
		if !errors.As(err, &skip) && (err == nil || !strings.Contains(err.Error(), "can't take turns; use whole")) {
			t.Errorf("Start = %v", err)
		}
	})
}

// TestSession measures judges in the session that measures the suite's rows: in
// turns beside each other, and as a process.
func TestSession(t *testing.T) {
	b := judged(t)
	judge := b.adapter("turns", time.Millisecond, []int{b.site.CPU}, os.Environ(), "c", b.c("raw_futex2"))
	long, bad := judge, judge
	long.Spec.Turn = 5 * time.Millisecond
	bad.Spec.Args = []string{"nothing"}
	plan := (&line{pair: pair{judge: runs}}).plan()
	got, err := b.Round(t.Context(), []measure.Arm{judge, long, bad}, plan, []int{2, 0, 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got[:2] {
		if r.Err != nil || r.Unproven != "" || len(r.Primary) != plan.Windows || r.Ops == 0 {
			t.Errorf("worker %d: %+v", i, r)
		}
	}
	if got[2].Err == nil || !strings.Contains(got[2].Err.Error(), "starting a judge") {
		t.Errorf("one that can't be opened: %+v", got[2])
	}
	if r := b.Turn(t.Context(), judge, 1); r.Err != nil || !(r.NsPerOp > 0) || len(r.Primary) != 1 || r.Primary[0] != r.NsPerOp {
		t.Errorf("as a process: %+v", r)
	}
	over, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	cancel(stopped)
	if _, err := b.Round(over, []measure.Arm{judge}, plan, []int{0}, 1); !errors.Is(err, stopped) {
		t.Errorf("stopped: %v", err)
	}
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
		{"no compiler", "", "/nowhere", nil, "neither gcc nor cc nor clang is in PATH; install one"},
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

// TestCompilerFails builds a judge with a compiler that fails, in a folder that
// is missing, and without its source.
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
	err = buildC(t.Context(), cc, t.TempDir(), "raw_futex2")
	if want := fmt.Sprintf("%s -m64 -O2 -pthread -o raw_futex2 raw_futex2.c", script); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "exit status 3: no headers; set CC to another compiler") {
		t.Errorf("buildC: %v, want %q, the exit code and what it says", err, want)
	}
	if err := buildC(t.Context(), cc, filepath.Join(t.TempDir(), "none"), "raw_futex2"); err == nil {
		t.Error("built in a folder that isn't there")
	}
	if err := buildC(t.Context(), cc, t.TempDir(), "smoke"); err == nil || !strings.Contains(err.Error(), "building the judge smoke") {
		t.Errorf("a judge that isn't there: %v", err)
	}
}
