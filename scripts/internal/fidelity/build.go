package fidelity

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"threadbench/scripts/internal/fidelity/outside"
	"threadbench/scripts/internal/job"
)

// programs are the suite and the judges, and the adapter that turns judges into
// workers.
type programs struct {
	dir     string
	adapter string
	bench   []string // the suite, by layout
	plain   []string // the judges in Go, by layout
	pthread string   // the suite with C threads
}

func (p programs) c(name string) string { return filepath.Join(p.dir, name) }

// layout is the layout of a round, counted from 1.
func layout(of []string, round int) string { return of[(round-1)%len(of)] }

// mostLayouts is the greatest number of layouts in which the suite and the
// judges in Go are linked. It is the default number of rounds, since layout
// moves two rounds in one layout alike.
const mostLayouts = 30

// build builds what the pairs need into a temporary folder, judges in C by the
// compiler cc. cleanup removes the folder.
func build(ctx context.Context, cc []string, root string, ps []pair, o options) (p programs, cleanup func(), err error) {
	any := func(is func(pair) bool) bool { return slices.ContainsFunc(ps, is) }
	dir, cleanup, err := job.TempFolder()
	if err != nil {
		return p, nil, err
	}
	p.dir, p.adapter = dir, filepath.Join(dir, "adapter")
	env := job.GoEnviron(dir)
	_, err = job.Output(ctx, root, env, "go", "build", "-o", p.adapter, "./scripts/internal/fidelity/adapter")
	test := func(name, flag, of string) string {
		path := filepath.Join(dir, name)
		if err == nil {
			err = job.BuildTest(ctx, root, env, path, of, flag)
		}
		return path
	}
	layouts := 1
	if any(pair.layouts) {
		layouts = min(o.rounds, mostLayouts)
	}
	for i := range layouts {
		flag := fmt.Sprintf("-ldflags=-w -randlayout=%d", i+1) // a third less without debug information
		p.bench = append(p.bench, test(fmt.Sprintf("bench-%d.test", i), flag, "./bench"))
		if any(func(p pair) bool { return p.judge.kind == byGo }) {
			p.plain = append(p.plain, test(fmt.Sprintf("plain-%d.test", i), flag, "./scripts/internal/fidelity/outside/plain"))
		}
	}
	if any(pair.pthread) {
		p.pthread = test("pthread.test", "-tags=pthread", "./bench")
	}
	for _, of := range ps {
		if of.judge.kind == byC && err == nil {
			err = buildC(ctx, cc, dir, of.judge.name)
		}
	}
	if err != nil {
		err = fmt.Errorf("building what is measured: %w", err)
	} else {
		err = o.allowed.Check(ctx, p.bench[0], root, os.Environ())
	}
	if err != nil {
		cleanup()
		return p, nil, err
	}
	return p, cleanup, nil
}

// compiler is the C compiler and its first arguments: $CC, or else the one in
// PATH.
func compiler() ([]string, error) {
	if cc := strings.Fields(os.Getenv("CC")); len(cc) > 0 {
		if _, err := exec.LookPath(cc[0]); err != nil {
			return nil, fmt.Errorf("finding the C compiler: CC is %q: %w; set CC to a compiler, or unset it to use gcc, cc or clang", os.Getenv("CC"), err)
		}
		return cc, nil
	}
	for _, name := range []string{"gcc", "cc", "clang"} {
		if _, err := exec.LookPath(name); err == nil {
			return []string{name}, nil
		}
	}
	return nil, errors.New("finding the C compiler: neither gcc nor cc nor clang is in PATH; install one (on Debian: apt-get install gcc libc6-dev), set CC, or choose rows without C by -rows")
}

// buildC builds a judge in C in the folder.
func buildC(ctx context.Context, cc []string, dir, name string) error {
	text, err := fs.ReadFile(outside.Sources, "c/"+name+".c")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".c"), text, 0o644)
	}
	if err != nil {
		return fmt.Errorf("building the judge %s: %w", name, err)
	}
	args := append(slices.Clone(cc[1:]), "-O2", "-pthread", "-o", name, name+".c")
	if _, err := job.Output(ctx, dir, nil, cc[0], args...); err != nil {
		return fmt.Errorf("%w; set CC to another compiler, or install the headers of the C library and of Linux", err)
	}
	return nil
}
