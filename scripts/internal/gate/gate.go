// Package gate compares two builds of the same code, base and head, and says
// whether head is slower. It is the command behind scripts/gate.
//
// Its stance: figures of two builds mean something only side by side. So base
// and head run at the same time, in turns, in rounds of fresh processes. Each
// round is linked in another layout, since layout alone moves a figure by more
// than most changes do. A control, base in another layout, runs in the same
// turns: base against control shows the noise of the measurement.
//
// When the gate looks at its rows, and what it may decide at each look, is
// fixed before the first round. A decided row takes no more rounds. A subject
// is what the gate measures: our own cases, or the benchmarks of any Go package
// (package turns). Package verdict decides.
//
// Of ours it imports what measures (bench and its packages), its own turns,
// verdict and files, and allow, commandline, disturbance, job, paired, prose
// and results.
package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
)

// alpha is the chance of a false alarm over all rows together.
const alpha = 0.01

// A subject is what is measured in base, head and control.
type subject interface {
	// pilot measures everything once, for a short time, and stops at until. It
	// answers what can be measured on each side and what a round of it costs;
	// missing are the others, with the reason.
	pilot(ctx context.Context, p programs, until time.Time, progress *job.Progress) (items []*item, missing []verdict.Missing, err error)
	// heads are what the raw files begin with.
	heads(ctx context.Context, p programs) ([arms][]byte, error)
	// keepOff(true) keeps this process off the CPU that the arms run on, and
	// keepOff(false) lets it back.
	keepOff(off bool)
}

// An item is one benchmark. A round measures it once in each arm; some of its
// figures decide.
type item struct {
	name      string
	pkg       int           // index into builds.pkgs
	how       string        // the figure is made, unless in turns
	cost      time.Duration // of a round, estimated
	rows      []*verdict.Row
	nsPerOp   float64 // wall time of an iteration; 0 for our own cases
	allocates bool
	notes     []string // about units that were left out
	varying   int      // number of rows that need statistics to decide

	// size makes a measurement that share of its usual length and answers what a
	// round costs then; nil where the length is fixed.
	size    func(share float64) time.Duration
	measure func(ctx context.Context, p programs, order []int) ([arms]reading, error)

	rounds int       // with figures of every arm
	lost   int       // the other rounds
	failed []string  // why those have no figures
	fails  [arms]int // rounds in which the arm failed
	most   int       // rounds at most; 0 for no limit
	over   bool      // takes no more rounds
}

func (it *item) resize(share float64) {
	if it.size != nil {
		it.cost = it.size(share)
	}
}

// untimed drops the item's timings and keeps its exact counts, which need only
// a few short rounds.
func (it *item) untimed(rounds int) {
	it.rows = slices.DeleteFunc(it.rows, func(r *verdict.Row) bool { return !r.Exact })
	it.varying = 0
	it.most = rounds
	it.resize(shortest)
	it.over = it.over || len(it.rows) == 0
}

// A reading is what one arm measured in a round.
type reading struct {
	err    error
	values map[string]float64 // by unit
	text   string             // for the raw file
	slice  time.Duration      // of a lap, estimated; 0 where there are no laps
}

// Run is the gate command. It answers the exit code.
func Run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	return gate(o, err, stdout, stderr)
}

// Files is the gate command of scripts/threadbench, which works without Go. It
// can't build two sides, so it takes -files alone. It answers the exit code.
func Files(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	if err == nil && o.files == nil {
		err = errors.New("only -files OLD NEW works without Go; to measure two builds, install Go and type, in a checkout of threadbench: go build -o gate ./scripts/gate")
	}
	return gate(o, err, stdout, stderr)
}

// gate does what the options say. err is the command line's error, if it has
// one.
func gate(o options, err error, stdout, stderr io.Writer) int {
	var report *verdict.Report
	code := job.Main("gate", err, stderr, func(ctx context.Context) (err error) {
		if err = o.writable(); err != nil {
			return err
		}
		if o.files != nil {
			report, err = compareFiles(o)
		} else {
			var run *Measured
			if run, err = compareSides(ctx, o, stdout, stderr); run != nil {
				report = run.Report
			}
		}
		if err != nil || report == nil { // nil: -n
			return err
		}
		return o.write(report, stdout)
	})
	if code != 0 || report == nil { // nil: help was asked for
		return code
	}
	return report.ExitCode()
}

// writable checks that the report's files can be written, before anything is
// measured.
func (o options) writable() error {
	for _, r := range o.formats {
		if r.file == "" {
			continue
		}
		if err := job.Writable(r.file); err != nil {
			return fmt.Errorf("-format %s=%s: %w; choose another file", r.format, r.file, err)
		}
	}
	return nil
}

// write renders the report in each of the formats asked for. A failed one
// doesn't stop the others.
func (o options) write(report *verdict.Report, stdout io.Writer) error {
	var failed []error
	for _, r := range o.formats {
		if r.file == "" {
			f, ok := stdout.(*os.File)
			color := ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""
			if err := report.Write(stdout, r.format, color); err != nil {
				failed = append(failed, fmt.Errorf("writing the report: %w", err))
			}
			continue
		}
		f, err := os.OpenFile(r.file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
		if err == nil {
			err = errors.Join(report.Write(f, r.format, false), f.Close())
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("writing the report: %w; choose another file", err))
		}
	}
	return errors.Join(failed...)
}

// choose makes the subject and sets the packages that the builds need. Selected
// benchmarks that can't be compared go to c.missing. Packages that are the same
// on both sides need no measuring and go to c.unchanged.
func (c *comparison) choose(ctx context.Context) error {
	o, b := c.o, c.b
	base, head := b.sides[baseArm], b.sides[headArm]
	var targets, unselected []target
	var ours *cases
	sel := selection{pkgs: strings.Fields(o.pkg), bench: o.bench, skip: o.skip}
	if o.pkg != "" {
		found, others, left, err := findTargets(ctx, b.temp, base, head, sel)
		if err != nil {
			return err
		}
		for _, m := range left {
			one := verdict.Missing{Name: m.name, Why: m.why}
			if m.broken {
				one.Verdict = verdict.Regression
			}
			c.missing = append(c.missing, one)
		}
		targets, unselected = found, others
	} else {
		var err error
		if ours, err = chooseCases(o, [arms][]string{base.env, head.env, base.env}); err != nil {
			return err
		}
		for _, s := range []*side{base, head} {
			if err := s.isOurs(ctx, b.temp); err != nil {
				return err
			}
		}
		targets = []target{{path: "threadbench/bench", dirs: [controlArm]string{base.dir, head.dir}}}
	}
	if !o.apart && o.inject == nil {
		why, err := unchangedPackages(ctx, b.temp, base, head, slices.Concat(targets, unselected))
		if err != nil {
			return err
		}
		var changed []target
		for i, t := range targets {
			if why[i] == "" {
				c.unchanged = append(c.unchanged, t.path)
			} else {
				changed = append(changed, t)
			}
		}
		// Beside unchanged packages, a reader would take these for unchanged, too.
		for i, t := range unselected {
			if reason := why[len(targets)+i]; reason != "" && len(c.unchanged) > 0 {
				c.missing = append(c.missing, verdict.Missing{Name: "package " + t.path, Why: reason + ", but " + sel.none() + " of it"})
			}
		}
		targets = changed
	}
	for _, t := range targets {
		b.pkgs = append(b.pkgs, t.path)
	}
	b.used = make([]bool, len(b.pkgs))
	if ours != nil {
		c.sub = ours
		return nil
	}
	var err error
	c.sub, err = newPackages(o, targets, b.sides)
	return err
}

// repeated is the command line that repeats the plan.
func repeated(o options, seed uint64) string {
	args := []string{"gate"}
	for i := 0; i < len(o.args); i++ {
		name, _, whole := strings.Cut(strings.TrimLeft(o.args[i], "-"), "=")
		if name == "seed" {
			if !whole {
				i++
			}
			continue
		}
		args = append(args, commandline.Quote(o.args[i]))
	}
	return strings.Join(args, " ") + fmt.Sprintf(" -seed %d", seed)
}

// add adds a round to the item's rows, or notes why the round has no figures.
func (it *item) add(k int, got [arms]reading) {
	whole := true
	for arm, r := range got {
		if r.err != nil {
			whole = false
			it.fails[arm]++
			it.failed = append(it.failed, fmt.Sprintf("round %d, %s: %v", k, armNames[arm], r.err))
			continue
		}
		for _, row := range it.rows {
			if _, ok := r.values[row.Unit]; !ok {
				whole = false
				it.failed = append(it.failed, fmt.Sprintf("round %d, %s: no %s", k, armNames[arm], row.Unit))
			}
		}
	}
	if !whole {
		it.lost++
		return
	}
	it.rounds++
	for _, row := range it.rows {
		base := got[baseArm].values[row.Unit]
		row.Pairs = append(row.Pairs, verdict.Pair{Base: base, Head: got[headArm].values[row.Unit]})
		row.Control = append(row.Control, verdict.Pair{Base: base, Head: got[controlArm].values[row.Unit]})
	}
}
