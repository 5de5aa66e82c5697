// Package calibrate is what the calibrate command does: it runs the gate
// where nothing has changed, and where a slowdown of a known size was
// injected, again and again; keeps what it measured; and says what that makes
// of the gate (package calibration).
//
// Its stance: what is calibrated is the gate, so its runs are the gate's own
// (gate.Session), from the pilot to the verdict.
package calibrate

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"threadbench/scripts/internal/allow"
	"threadbench/scripts/internal/calibration"
	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/suite"
)

const usage = `calibrate measures the gate on this machine: how often it is wrong where nothing has changed, and
which slowdowns it finds. It runs the gate itself, one run after the other, and adds each to a data
file as it ends; what a kill interrupts is that run alone.

  go run ./scripts/calibrate                              go on with the plan until it is done: hours
  go run ./scripts/calibrate -for 25m                     the same, for so long
  go run ./scripts/calibrate -plan same:1m=100            100 runs of a minute with nothing changed
  go run ./scripts/calibrate -plan same+3%:5m=20          20 runs of five minutes, head slowed by 3%
  go run ./scripts/calibrate -status                      what the plan still lacks
  go run ./scripts/calibrate -analyse                     what the data say; nothing is measured
  go run ./scripts/calibrate -analyse -format markdown
  go run ./scripts/calibrate -analyse -format svg >power.svg

A plan is parts KIND[+PERCENT%]:BUDGET=RUNS, by commas. The runs in the data file count, and the part
furthest behind is next, so any share of a plan holds something of each. Kinds: "same", base and head
share one binary in each round; "rebuilt", head is linked under seeds of its own, as other code is;
"package", the benchmarks of a foreign package. PERCENT slows all of head's rows down.

Leave the machine alone meanwhile. The exit code is 0 when the plan or the time is over, whatever the
numbers say, else 2.

`

// foreign is the package whose benchmarks runs of the kind Package measure, in
// the version that go.mod has: arithmetic of some nanoseconds, the same with a
// turn of windows in it, and allocations of 64 KiB.
const (
	foreign           = "github.com/HdrHistogram/hdrhistogram-go"
	foreignBenchmarks = "^(BenchmarkHistogramRecordValue|BenchmarkWindowedHistogramRecordAndRotate|BenchmarkNew)$"
)

// options are the command line.
type options struct {
	goals   []goal
	lasting time.Duration
	data    string
	pool    int
	analyse bool
	status  bool
	format  string
	allowed allow.Flags

	// The gate's command line in the kinds Package and others, and what the
	// former is called; tests have others.
	own, pkg      []string
	root, pkgName string
}

// parse reads the command line. Asked for help it gives it, and answers
// flag.ErrHelp.
func parse(args []string, stdout io.Writer) (options, error) {
	var o options
	var plan string
	flags := flag.NewFlagSet("calibrate", flag.ContinueOnError)
	flags.StringVar(&plan, "plan", defaultPlan, "how many runs of what are wanted: `KIND[+PERCENT%]:BUDGET=RUNS,...`")
	flags.DurationVar(&o.lasting, "for", 0, "begin no run that would take longer than this from now, say `25m` (default until the plan is done)")
	flags.StringVar(&o.data, "data", "", "the data `file` to go on with (default results/calibration.jsonl)")
	flags.IntVar(&o.pool, "pool", 64, "how many layouts are linked beforehand, from which all runs draw; 0: each run links its own, as the gate does, which takes half as long again")
	flags.BoolVar(&o.analyse, "analyse", false, "measure nothing, print what the data say")
	flags.BoolVar(&o.status, "status", false, "measure nothing, print what the plan still lacks")
	flags.StringVar(&o.format, "format", "text", "of what the data say: `text`, markdown, json, or svg, which is the power curves alone")
	flags.Var(&o.allowed, "allow", allow.Usage)
	switch err := job.ParseFlags(flags, usage, args, stdout); {
	case err != nil:
		return o, err
	case flags.NArg() > 0:
		return o, fmt.Errorf("calibrate takes no argument, %q given; -h shows the flags", flags.Arg(0))
	case o.lasting < 0:
		return o, fmt.Errorf("-for %v is no time; give 25m or more, or leave it out", o.lasting)
	case o.pool < 0 || o.pool > 0 && o.pool < 3 || o.pool > 1000:
		return o, fmt.Errorf("-pool %d is none; give 3 to 1000 layouts, or 0", o.pool)
	case !slices.Contains(calibration.Formats, o.format):
		return o, fmt.Errorf("-format %q is none; choose one of %s", o.format, strings.Join(calibration.Formats, ", "))
	case o.analyse && o.status:
		return o, errors.New("-analyse and -status exclude each other: give one of them")
	}
	var err error
	o.goals, err = parsePlan(plan)
	return o, err
}

// Run is the calibrate command; it answers the exit code.
func Run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	return suite.Main("calibrate", err, stderr, func(ctx context.Context) error { return run(ctx, o, stdout, stderr) })
}

func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	if o.data == "" || !o.analyse && !o.status && o.own == nil {
		root, err := suite.ModuleRoot(ctx)
		if err != nil {
			return err
		}
		o.root = root
		if o.data == "" {
			o.data = filepath.Join(root, "results", "calibration.jsonl")
		}
		if o.own == nil {
			both := []string{"-base-dir", root, "-head-dir", root, "-calibration", "none"}
			o.own = both
			if o.allowed != nil {
				o.own = append(slices.Clone(both), "-allow", o.allowed.String())
			}
			o.pkg = append(slices.Clone(both), "-pkg", foreign, "-bench", foreignBenchmarks, "-unit", "ns/op")
			if o.pkgName, err = version(ctx, root); err != nil {
				return err
			}
		}
	}
	if !o.analyse && !o.status {
		if err := collect(ctx, o, stderr); err != nil {
			return err
		}
	}
	f, err := calibration.ReadFile(o.data)
	if err != nil {
		return err
	}
	if o.status {
		return status(f, o.goals, stdout)
	}
	if f.Torn > 0 {
		fmt.Fprintf(stderr, "%s ends in a run that was never kept whole; it doesn't count\n", f.Name)
	}
	a, err := calibration.Analyse(f)
	if err != nil {
		return err
	}
	return a.Write(stdout, o.format)
}
