// Package calibrate is what the calibrate command does. It runs the gate again
// and again, where nothing has changed and where a slowdown of known size was
// injected. It keeps what each run said, and prints how often the gate was
// wrong, what it found, and how long it took.
//
// Its stance: what is calibrated is the gate, so its runs are the gate's own,
// from the build to the verdict. A rate is a count of real runs, with the exact
// confidence bound that the count supports. A data file may hold runs of several
// machines. The page gives each machine a line, because the noise of one says
// nothing of another.
//
// It imports the gate, whose command line it uses (gate.Measure), the gate's
// verdicts, measure for this machine's configuration, chart for the picture,
// and commandline, job, numbers and prose.
package calibrate

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/job"
)

const usage = `calibrate measures the gate on this machine: how often it is wrong where nothing has changed, which
slowdowns it finds, and how long it takes. It runs the gate itself, one run after the other, and adds
each to a data file as it ends; a kill costs the run in flight.

  go run ./scripts/calibrate -for 25m                     go on with the plan for so long
  go run ./scripts/calibrate                              go on until the plan is done: a night
  go run ./scripts/calibrate -plan own=100,xxhash+5%=10   100 runs of our own rows with nothing changed, 10 of
                                                          xxhash where head is 5% slower
  go run ./scripts/calibrate -analyse                     print what the data say; nothing is measured
  go run ./scripts/calibrate -analyse -o PAGE.md          write that to PAGE.md, and a picture to PAGE.svg

A part of a plan is SUBJECT[@MARGIN][+SLOWDOWN]=RUNS: own@1%+10%=5 is five runs at a margin of 1% where
head is 10% slower. Without a margin the gate has its default, as it has its default budget always.
Subjects:
`

// options are the command line.
type options struct {
	goals   []goal
	lasting time.Duration // 0 means until the plan is done
	data    string
	analyse bool
	out     string   // "" is standard output
	root    string   // of this module; "" until it is looked up
	own     []string // the gate's command line for our own rows; nil until it is made; tests set it
}

// parse reads the command line. With -h it prints the help and answers
// flag.ErrHelp.
func parse(args []string, stdout io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("calibrate", flag.ContinueOnError)
	plan := flags.String("plan", defaultPlan, "make so many runs of what `PLAN` lists: SUBJECT[@MARGIN%][+SLOWDOWN%]=RUNS,...")
	flags.DurationVar(&o.lasting, "for", 0, "begin no run that would end later than `TIME` from now, as 25m (default no limit)")
	flags.StringVar(&o.data, "data", "", "go on with the data in `FILE` (default results/calibration.jsonl)")
	flags.BoolVar(&o.analyse, "analyse", false, "measure nothing, print what the data say")
	flags.StringVar(&o.out, "o", "", "write what the data say to `FILE`, a name that ends in .md, replacing it, and the picture beside it (default standard output, without the picture)")
	help := usage
	for _, s := range subjects {
		help += fmt.Sprintf("  %-8s %s: %s\n", s.name, s.about, s)
	}
	switch err := commandline.Parse(flags, help+"\nThe runs in the data file count, and the part of the plan that is furthest behind is next. Leave the\nmachine alone meanwhile. The exit code is 0 when the plan or the time is over, whatever the numbers\nsay, else 2.\n\n", args, stdout); {
	case err != nil:
		return o, err
	case flags.NArg() > 0:
		return o, fmt.Errorf("calibrate takes no argument, %q given; -h shows the flags", flags.Arg(0))
	case o.out != "" && filepath.Ext(o.out) != ".md":
		return o, fmt.Errorf("-o %s: the page is Markdown; give a file that ends in .md", o.out)
	}
	o.goals, err = parsePlan(*plan)
	return o, err
}

// Run is the calibrate command. It answers the exit code.
func Run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	return job.Main("calibrate", err, stderr, func(ctx context.Context) error { return run(ctx, o, stdout, stderr) })
}

func run(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	if o.data == "" || !o.analyse && o.own == nil {
		if o.root, err = job.ModuleRoot(ctx); err != nil {
			return err
		}
		o.own = []string{"-base-dir", o.root, "-head-dir", o.root}
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
	if err := f.write(o.out, stdout); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%s: %s\n", o.data, left(o.goals, f.runs))
	return nil
}

// write writes the page to standard output, or to the file out with the picture
// beside it.
func (f *file) write(out string, stdout io.Writer) error {
	if out == "" {
		return f.page(stdout, "")
	}
	var page, picture bytes.Buffer
	beside := strings.TrimSuffix(out, ".md") + ".svg"
	if err := f.page(&page, filepath.Base(beside)); err != nil {
		return err
	}
	if err := f.picture(&picture); err != nil {
		return err
	}
	for path, text := range map[string][]byte{out: page.Bytes(), beside: picture.Bytes()} {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return fmt.Errorf("writing the page: %w; choose another place with -o", err)
		}
	}
	return nil
}
