// Package fidelity is what the fidelity command does: it measures the suite's
// own arms in turn with what they are to be no slower and no faster than, and
// prints the ratios.
//
// Its stance is the table's: a round, fresh processes, is the unit; a ratio is
// read off the same laps; and an interval is that of the median over rounds,
// without assuming a distribution.
package fidelity

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"threadbench/bench"
	"threadbench/bench/lockstep"
	"threadbench/scripts/internal/allow"
	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/suite"
)

const usage = `fidelity holds the suite's own figures against others, in turn with them: raw threads made by
Go against a worker in C that makes the same system calls, a goroutine's switch against the
plainest loop, slices of 1.5 ms against runs of 100 ms, and a pipe beside perf. It prints each
ratio with its 95% interval, and whether that is where it is expected.

  go run ./scripts/fidelity                   30 rounds, about 5 minutes
  go run ./scripts/fidelity -rounds 10        fewer: intervals are wider
  go run ./scripts/fidelity -o fidelity.txt   keep the rounds, in the Go benchmark format
  CC=clang go run ./scripts/fidelity          another C compiler

It needs Linux on amd64 or arm64 and a C compiler: $CC, else cc, gcc or clang in PATH. Leave the
machine alone meanwhile. The exit code is 0 when the job is done, whatever the numbers say, else 2.

`

// options are the command line.
type options struct {
	rounds int
	cpu    int
	out    string
	format string

	allowed allow.Flags
}

// parse reads the command line. Asked for help it gives it, and answers
// flag.ErrHelp.
func parse(args []string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("fidelity", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 30, "how many rounds, each of fresh processes")
	flags.IntVar(&o.cpu, "cpu", -1, "the CPU to measure on (default the highest-numbered of the fastest ones allowed)")
	flags.Var(&o.allowed, "allow", allow.Usage)
	flags.StringVar(&o.out, "o", "", "a `file` that keeps the rounds; none by default")
	flags.StringVar(&o.format, "format", "text", "of the table: text or json")
	switch err := job.ParseFlags(flags, usage, args, stdout); {
	case err != nil:
		return o, err
	case flags.NArg() > 0:
		return o, fmt.Errorf("fidelity takes no argument, %q given; -h shows the flags", flags.Arg(0))
	case o.rounds < 1:
		return o, fmt.Errorf("-rounds %d is too few; give 1 or more", o.rounds)
	case o.cpu < -1:
		return o, fmt.Errorf("-cpu %d is none; give the number of an allowed CPU", o.cpu)
	case o.format != "text" && o.format != "json":
		return o, fmt.Errorf("-format %q is none; choose text or json", o.format)
	}
	return o, nil
}

// Run is the fidelity command; it answers the exit code.
func Run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	return suite.Main("fidelity", err, stderr, func(ctx context.Context) error { return run(ctx, o, stdout, stderr) })
}

func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return fmt.Errorf("raw threads are for linux/amd64 and linux/arm64, this is %s/%s: there is nothing to hold against C", runtime.GOOS, runtime.GOARCH)
	}
	cc, err := compiler()
	if err != nil {
		return err
	}
	site, err := bench.NewSite(o.cpu)
	if err != nil {
		return err
	}
	job.SweepFolders()
	root, err := suite.ModuleRoot(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "building the workers\n")
	p, cleanup, err := build(ctx, cc, root, o)
	if err != nil {
		return err
	}
	defer cleanup()
	gs, err := groups(p, site)
	if err != nil {
		return err
	}
	keep := func(string) error { return nil }
	if o.out != "" {
		head, err := bench.Head(ctx, p.bench, site)
		if err != nil {
			return err
		}
		file, err := create(o.out, head)
		if err != nil {
			return err
		}
		defer file.Close()
		keep = func(text string) error {
			if _, err := file.WriteString(text); err != nil {
				return fmt.Errorf("keeping a round in %s: %w; make room and begin anew", o.out, err)
			}
			return nil
		}
	}
	if others := site.Elsewhere(); others != nil {
		lockstep.KeepTo(others) // else it runs beside its workers, all of them alike
	}

	progress := job.NewProgress(stderr, o.rounds*len(gs))
	defer progress.End()
	for round := 1; round <= o.rounds; round++ {
		order := make([]*group, len(gs))
		for i := range gs {
			order[i] = &gs[i]
		}
		if round%2 == 0 {
			slices.Reverse(order)
		}
		for _, g := range order {
			progress.At(fmt.Sprintf("round %d of %d", round, o.rounds), g.title)
			if err := g.round(ctx, round); err != nil {
				return err
			}
			progress.Step(1)
		}
		if err := keep(lines(gs)); err != nil {
			return err
		}
	}
	progress.End()
	r := report(gs, o.rounds)
	if o.format == "json" {
		err = r.json(stdout)
	} else {
		err = r.text(stdout)
	}
	return errors.Join(err, r.unmeasured())
}

// build builds the workers into a temporary folder that cleanup removes.
func build(ctx context.Context, cc []string, root string, o options) (p programs, cleanup func(), err error) {
	p.bench, cleanup, err = suite.BuildWorker(ctx, root, o.allowed...)
	if err != nil {
		return p, nil, err
	}
	dir := filepath.Dir(p.bench)
	tool := func(name string, args ...string) (path string) {
		path = filepath.Join(dir, name)
		if err != nil {
			return path
		}
		cmd := exec.CommandContext(ctx, "go", append([]string{args[0], "-o", path}, args[1:]...)...)
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "GOTMPDIR="+dir)
		if text, e := cmd.CombinedOutput(); e != nil {
			err = fmt.Errorf("building the workers: %s: %w: %s", strings.Join(cmd.Args, " "), e, bytes.TrimSpace(text))
		}
		return path
	}
	p.c, err = buildC(ctx, cc, dir)
	p.arms = tool("arms", "build", "./scripts/internal/fidelity/arms")
	for i := range min(o.rounds, mostLayouts) {
		layout := fmt.Sprintf("-ldflags=-randlayout=%d", i+1)
		p.benchLayouts = append(p.benchLayouts, tool(fmt.Sprintf("bench-%d", i), "test", "-c", layout, "./bench"))
		p.armLayouts = append(p.armLayouts, tool(fmt.Sprintf("arms-%d", i), "build", layout, "./scripts/internal/fidelity/arms"))
	}
	if err != nil {
		cleanup()
		return p, nil, err
	}
	return p, cleanup, nil
}

// mostLayouts is in how many layouts, at the most, the goroutine's switch is
// linked.
const mostLayouts = 6

// create makes the file that keeps the rounds.
func create(path string, head []byte) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("keeping the rounds in %s: the file exists; choose another with -o", path)
	}
	if err == nil {
		_, err = file.Write(head)
	}
	if err != nil {
		return nil, fmt.Errorf("keeping the rounds: %w; choose another place with -o", err)
	}
	return file, nil
}
