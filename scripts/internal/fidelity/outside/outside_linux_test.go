//go:build amd64 || arm64

package outside

import (
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// printedOps gives, by program, how many operations a batch of 151 says it did. Others say 151.
var printedOps = map[string]int{
	"raw_futex1": 152, "raw_futex2": 152, "raw_pipe": 152, "raw_yield": 152,
	"raw_futex_called": 152, "raw_pipe_called": 152,
	"pthread_futex": 152, "pthread_pipe": 152, "pthread_yield": 152,
	"raw_create100": 200, "pthread_create100": 200,
}

var line = regexp.MustCompile(`^(\d+) (\d+\.\d) ns/op$`)

func TestPrograms(t *testing.T) {
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		t.Skipf("no C compiler: %v", err)
	}
	sources, err := fs.Glob(Sources, "c/*.c")
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) != 14 {
		t.Fatalf("Sources holds %d programs, not 14: %v", len(sources), sources)
	}
	for _, source := range sources {
		name := strings.TrimSuffix(filepath.Base(source), ".c")
		t.Run(name, func(t *testing.T) {
			program := build(t, compiler, source, name)
			wantOps, ok := printedOps[name]
			if !ok {
				wantOps = 151
			}
			lines := strings.Split(strings.TrimSuffix(run(t, program, "151", "2"), "\n"), "\n")
			if len(lines) != 2 {
				t.Fatalf("printed %d lines for 2 batches: %q", len(lines), lines)
			}
			for _, l := range lines {
				m := line.FindStringSubmatch(l)
				if m == nil {
					t.Fatalf("printed %q, which does not match %v", l, line)
				}
				if ops, err := strconv.Atoi(m[1]); err != nil || ops != wantOps {
					t.Errorf("printed %q: want %d operations", l, wantOps)
				}
				if ns, err := strconv.ParseFloat(m[2], 64); err != nil || ns <= 0 {
					t.Errorf("printed %q: want a positive time", l)
				}
			}
			refuses(t, program)
		})
	}
}

func build(t *testing.T, compiler, source, name string) string {
	t.Helper()
	text, err := Sources.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, name+".c")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, name)
	out, err := exec.Command(compiler, "-O2", "-Wall", "-Werror", "-pthread", "-o", program, file).CombinedOutput()
	if err != nil {
		t.Fatalf("compiling %s: %v\n%s", source, err, out)
	}
	return program
}

func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil || stderr.Len() > 0 {
		t.Fatalf("%s %v: %v\n%s", filepath.Base(program), args, err, stderr.String())
	}
	return string(out)
}

// refuses checks that the program fails on bad arguments and when its output is gone.
func refuses(t *testing.T, program string) {
	t.Helper()
	for _, args := range [][]string{{}, {"100"}, {"0", "1"}, {"ten", "1"}, {"100", "-1"}, {"100", "1", "1"}} {
		if out, err := exec.CommandContext(t.Context(), program, args...).Output(); err == nil || len(out) > 0 {
			t.Errorf("arguments %q: error %v, output %q; want a failure and no output", args, err, out)
		}
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "100", "0")
	cmd.Stdout = w
	err = cmd.Start()
	w.Close()
	r.Close()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || ctx.Err() != nil {
		t.Errorf("with nobody to read its output: %v, %v; want a failure in time", err, ctx.Err())
	}
}
