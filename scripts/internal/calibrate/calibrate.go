// Package calibrate is what the calibrate command does: it runs the gate where
// nothing has changed, and where a slowdown of a known size was injected, again
// and again; keeps the runs; and prints how often the gate was wrong and what it
// found.
//
// It imports the gate, whose command line it speaks (gate.Measure), its verdicts,
// measure for this machine's configuration, and commandline, job, paired and
// prose.
//
// Its stance: what is calibrated is the gate, so its runs are the gate's own,
// from the build to the verdict. A rate is a count of real runs, with the exact
// bounds that the count supports and no narrower. A data file is one machine's:
// the noise of another machine says nothing of this one.
package calibrate

import (
	"context"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/job"
)

const usage = `calibrate measures the gate on this machine: how often it is wrong where nothing has changed, and
which slowdowns it finds. It runs the gate itself, one run after the other, and adds each to a data
file as it ends; a kill costs the run in flight. In the end it prints what all runs say, in Markdown.

  go run ./scripts/calibrate -for 25m                     go on with the plan for so long
  go run ./scripts/calibrate                              go on until the plan is done: hours
  go run ./scripts/calibrate -plan same:1m=100            100 runs of a minute with nothing changed
  go run ./scripts/calibrate -analyse                     print what the data say; nothing is measured

Kinds: "same", base and head share one binary in each round; "rebuilt", head is linked under seeds of
its own, as other code is. PERCENT slows all of head's rows down. The runs in the data file count, and
the part of the plan that is furthest behind is next. Leave the machine alone meanwhile. The exit code
is 0 when the plan or the time is over, whatever the numbers say, else 2.

`

// options are the command line.
type options struct {
	goals   []goal
	lasting time.Duration // 0: until the plan is done
	data    string
	analyse bool
	root    string   // of this module; "" until it is known
	gate    []string // the gate's command line; nil until it is known, tests have their own
}

// parse reads the command line. Asked for help it gives it, and answers
// flag.ErrHelp.
func parse(args []string, stdout io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("calibrate", flag.ContinueOnError)
	plan := flags.String("plan", defaultPlan, "how many runs of what are wanted: `KIND[+PERCENT%]:BUDGET=RUNS,...`")
	flags.DurationVar(&o.lasting, "for", 0, "begin no run that would take longer than this from now, say `25m` (default until the plan is done)")
	flags.StringVar(&o.data, "data", "", "the data `file` to go on with (default results/calibration.jsonl)")
	flags.BoolVar(&o.analyse, "analyse", false, "measure nothing, print what the data say")
	switch err := commandline.Parse(flags, usage, args, stdout); {
	case err != nil:
		return o, err
	case flags.NArg() > 0:
		return o, fmt.Errorf("calibrate takes no argument, %q given; -h shows the flags", flags.Arg(0))
	}
	o.goals, err = parsePlan(*plan)
	return o, err
}

// Run is the calibrate command; it answers the exit code.
func Run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	return job.Main("calibrate", err, stderr, func(ctx context.Context) error { return run(ctx, o, stdout, stderr) })
}

func run(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	if o.data == "" || !o.analyse && o.gate == nil {
		if o.root, err = job.ModuleRoot(ctx); err != nil {
			return err
		}
		o.gate = []string{"-base-dir", o.root, "-head-dir", o.root}
		if o.data == "" {
			o.data = filepath.Join(o.root, "results", "calibration.jsonl")
		}
	}
	if !o.analyse {
		if err := collect(ctx, o, stderr); err != nil {
			return err
		}
	}
	f, err := readFile(o.data)
	if err != nil {
		return err
	}
	if err := f.page(stdout); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s: %s\n", o.data, left(o.goals, f.runs))
	return nil
}
