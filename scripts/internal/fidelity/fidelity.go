// Package fidelity is what the fidelity command does. It compares rows of the
// suite with plain programs that do the same, their judges, and prints the
// ratios.
//
// Its stance: the judges' author had not seen the suite's loops (package
// outside). A program with our structure would have our faults.
//
// Each pair is measured in two ways. In turns, as run measures: workers of both
// sides take turns of some milliseconds, and a round's ratio is of the same
// laps. And as "go test -bench" measures: a process of one side, then a process
// of the other. The unit of all statistics is the round, in fresh processes.
//
// Of ours it imports what measures (bench and its packages), the judges in C,
// and allow, commandline, job, paired and prose.
package fidelity

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/allow"
	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/job"
)

const usage = `fidelity holds rows of the suite against plain programs that do the same: C for threads, a loop in
package testing for goroutines, perf for a pipe. Their author had not seen the suite's loops. It
prints the suite's time over each program's with its 95% interval, measured in turns as run does
and in processes as go test -bench does, and whether that lies within 1 ± 0.03. It also holds
turns of 1.5 ms against runs of 100 ms.

  go run ./scripts/fidelity                     30 rounds, about 20 minutes
  go run ./scripts/fidelity -rows 'clone pipe'  some rows only
  go run ./scripts/fidelity -rounds 10          fewer: intervals are wider
  CC=clang go run ./scripts/fidelity            another C compiler

^C ends it with the table of the rounds that there are.

It needs Linux on amd64 or arm64 and a C compiler: $CC, else gcc, cc or clang in PATH. Leave the
machine alone meanwhile. The exit code is 0 when the job is done, whatever the numbers say, else 2.

`

// options are the command line.
type options struct {
	rounds int
	cpu    int
	rows   *regexp.Regexp

	allowed allow.Flags
}

// parse reads the command line. With -h it prints the help and answers
// flag.ErrHelp.
func parse(args []string, stdout io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("fidelity", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 30, "measure `N` rounds, each of fresh processes")
	flags.IntVar(&o.cpu, "cpu", -1, "measure on CPU `N` (default the highest-numbered of the fastest CPUs allowed)")
	flags.Var(&o.allowed, "allow", allow.Usage)
	rows := flags.String("rows", "", "measure only the rows and judges that match `REGEXP`, as 'Create clone' or 'Slices' (default all)")
	switch err := commandline.Parse(flags, usage, args, stdout); {
	case err != nil:
		return o, err
	case flags.NArg() > 0:
		return o, fmt.Errorf("fidelity takes no argument, %q given; -h shows the flags", flags.Arg(0))
	case o.rounds < 1:
		return o, fmt.Errorf("-rounds %d is too few; give 1 or more", o.rounds)
	case o.cpu < -1:
		return o, fmt.Errorf("-cpu %d is no CPU; give the number of an allowed CPU", o.cpu)
	}
	var err error
	if o.rows, err = regexp.Compile(*rows); err != nil {
		return o, fmt.Errorf("-rows %q is no regular expression: %w", *rows, err)
	}
	return o, nil
}

// Run is the fidelity command. It answers the exit code.
func Run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	return job.Main("fidelity", err, stderr, func(ctx context.Context) error { return run(ctx, o, stdout, stderr) })
}

func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return fmt.Errorf("raw threads need linux/amd64 or linux/arm64, and this is %s/%s: there is nothing to compare with C", runtime.GOOS, runtime.GOARCH)
	}
	ps, err := chosen(o.rows.MatchString)
	if err != nil {
		return err
	}
	ls, err := newLines(ps)
	if err != nil {
		return err
	}
	var cc []string
	if slices.ContainsFunc(ps, pair.inC) {
		if cc, err = compiler(); err != nil {
			return err
		}
	}
	site, err := measure.NewSite(o.cpu)
	if err != nil {
		return err
	}
	job.SweepFolders()
	root, err := job.ModuleRoot(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "building the judges and the suite\n")
	p, cleanup, err := build(ctx, cc, root, ps, o)
	if err != nil {
		return err
	}
	defer cleanup()
	at := &measure.Session{Site: site}
	where, err := newBed(p, at)
	if err != nil {
		return err
	}
	at.KeepOff(true) // without this, it would run beside some of its workers

	progress := job.NewProgress(stderr, o.rounds*len(ls))
	defer progress.End()
	var cut error // why there are fewer rounds than asked for
	whole := o.rounds
rounds:
	for round := 1; round <= o.rounds; round++ {
		order := slices.Clone(ls)
		if round%2 == 0 {
			slices.Reverse(order)
		}
		for _, l := range order {
			progress.At(fmt.Sprintf("round %d of %d", round, o.rounds), l.name())
			if err := where.round(ctx, l, round); err != nil && round > 1 {
				whole = round - 1
				cut = fmt.Errorf("%w: the table has %d of %d rounds", err, whole, o.rounds)
				break rounds
			} else if err != nil {
				return err
			}
			progress.Step(1)
		}
	}
	progress.End()
	r := reportOf(ls, whole)
	return errors.Join(r.write(stdout), cut, r.unmeasured())
}
