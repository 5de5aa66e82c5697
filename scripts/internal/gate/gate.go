// Package gate compares two builds of the same code, base and head, and says
// whether head is slower: the command that stands behind scripts/gate.
//
// Its stance: figures of two builds mean something only side by side. So base
// and head are measured in the same minute, in turns, in rounds of fresh
// processes; each round is linked in another layout, since layout alone moves
// a figure by more than most changes do; and base stands against itself in
// the same plan, which says what the instrument is worth. How many rounds
// there are is fixed before the first one. What is measured is a subject: our
// own cases, or the benchmarks of any Go package. The verdict is package
// verdict's.
//
// Of ours it imports what measures (bench and its packages), its own verdict and
// files, and allow, commandline, disturbance, job, paired, prose and results.
package gate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/disturbance"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
)

// alpha is the chance of a false alarm that the family of all rows is held to.
const alpha = 0.01

// linkedAhead is how many bytes of binaries are linked before rounds are
// measured; what a plan needs beyond that is linked when those are used up.
const linkedAhead = 512 << 20

// A subject is what is measured in base, head and control.
type subject interface {
	// pilot measures everything once, shortly: what can be measured on each
	// side, and what a round of it costs. left are what can't, and why.
	pilot(ctx context.Context, p programs) (items []*item, left []string, err error)
	// heads are what the raw files begin with.
	heads(ctx context.Context, p programs) ([arms][]byte, error)
	// off says that rounds are about to be measured, or over.
	off(measuring bool)
}

// An item is one benchmark: measured once a round in each arm, in figures of
// which some decide.
type item struct {
	name    string
	pkg     int           // of the builds
	cost    time.Duration // of a round, about
	rows    []*verdict.Row
	measure func(ctx context.Context, p programs, order []int) ([arms]reading, error)
	failed  []string // why rounds have no pair of it
}

// A reading is what one arm measured in a round.
type reading struct {
	err    error
	values map[string]float64 // by unit
	text   string             // for the raw file
	slice  time.Duration      // of a lap, about; 0 where there are none
}

// Run is the gate command; it answers the exit code.
func Run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	var report *verdict.Report
	code := job.Main("gate", err, stderr, func(ctx context.Context) (err error) {
		if err = o.writable(); err != nil {
			return err
		}
		if o.files != nil {
			report, err = compareFiles(o)
		} else {
			var run *Measured
			if run, err = compareSides(ctx, o, stderr); run != nil {
				report = run.Report
			}
		}
		if err != nil {
			return err
		}
		return o.write(report, stdout)
	})
	if code != 0 || report == nil { // nil: help was asked for
		return code
	}
	return report.ExitCode()
}

// writable sees that the report will have its places, before anything is
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

// write renders the report in each of the formats asked for; one that can't be
// written doesn't keep the others from it.
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

func (o options) rules() verdict.Rules {
	return verdict.Rules{Alpha: alpha, Margin: o.margin, Inconclusive: o.inconclusive}
}

// choose makes the subject and says in the builds which packages it needs. left
// are packages that can't be compared, and why.
func choose(ctx context.Context, o options, b *builds) (sub subject, left []string, err error) {
	if o.pkg != "" {
		ps, left, err := choosePackages(ctx, o, b.temp, b.sides)
		if err != nil {
			return nil, nil, err
		}
		b.pkgs = ps.paths
		return ps, left, nil
	}
	var envs [arms][]string
	for arm, s := range b.sides {
		envs[arm] = s.env
	}
	c, err := chooseCases(o, envs)
	if err != nil {
		return nil, nil, err
	}
	for _, s := range b.sides[:controlArm] {
		if err := s.isOurs(ctx, b.temp); err != nil {
			return nil, nil, err
		}
	}
	b.pkgs = []string{"./bench"}
	return c, nil, nil
}

// repeated is the command line that repeats the plan.
func repeated(o options, rounds int, seed uint64) string {
	args := []string{"gate"}
	for i := 0; i < len(o.args); i++ {
		name, _, whole := strings.Cut(strings.TrimLeft(o.args[i], "-"), "=")
		if name == "rounds" || name == "budget" || name == "seed" {
			if !whole {
				i++
			}
			continue
		}
		args = append(args, commandline.Quote(o.args[i]))
	}
	return strings.Join(args, " ") + fmt.Sprintf(" -rounds %d -seed %d", rounds, seed)
}

// measureRounds measures the plan and keeps each round as it ends. done is how
// many it has measured.
func measureRounds(ctx context.Context, b *builds, sub subject, items []*item, p plan, l links, first programs, w *raw, stderr io.Writer) (done int, err error) {
	rounds := len(p.layouts)
	ahead := rounds
	if l.size > 0 {
		ahead = int(max(1, min(int64(rounds), linkedAhead/l.size)))
	}
	all := l.cost
	for _, it := range items {
		all += it.cost
	}
	progress := job.NewProgress(stderr, rounds*int(all.Milliseconds()))
	defer progress.End()
	for begin := 0; begin < rounds; begin += ahead {
		end := min(begin+ahead, rounds)
		linked := make([]programs, rounds)
		for k := begin; k < end; k++ {
			linked[k] = first
			if b.random {
				progress.At(fmt.Sprintf("linking round %d of %d", k+1, rounds), "")
				if linked[k], _, err = b.link(ctx, roundName(k), p.layouts[k]); err != nil {
					return done, err
				}
				progress.Step(int(l.cost.Milliseconds()))
			}
		}
		if err := b.unchanged(ctx); err != nil {
			return done, err
		}
		sub.off(true)
		for k := begin; k < end && err == nil; k++ {
			if err = measureRound(ctx, k, rounds, linked[k], items, p, w, progress); err == nil {
				done++
			}
			b.remove(roundName(k))
		}
		sub.off(false)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

func roundName(k int) string { return fmt.Sprintf("round-%d", k+1) }

func measureRound(ctx context.Context, k, rounds int, progs programs, items []*item, p plan, w *raw, progress *job.Progress) error {
	var lines [arms]string
	before := disturbance.Read()
	for _, i := range p.items[k] {
		it := items[i]
		progress.At(fmt.Sprintf("round %d of %d", k+1, rounds), it.name)
		got, err := it.measure(ctx, progs, p.arms[k][i])
		if err != nil {
			return err
		}
		progress.Step(int(it.cost.Milliseconds()))
		for arm, r := range got {
			if r.err != nil {
				reason := strings.Join(strings.Fields(r.err.Error()), " ")
				lines[arm] += fmt.Sprintf("# failed Benchmark%s: %s\n", it.name, reason)
			}
			lines[arm] += r.text
		}
		it.add(k, got)
	}
	var about [arms]string
	weather := before.Since()
	for arm, seed := range p.layouts[k] {
		about[arm] = fmt.Sprintf("layout=%d %s", seed, weather)
	}
	return w.append(k+1, about, lines)
}

// add adds a round to the item's rows, or why it has none.
func (it *item) add(k int, got [arms]reading) {
	for arm, r := range got {
		if r.err != nil {
			it.failed = append(it.failed, fmt.Sprintf("round %d, %s: %v", k+1, armNames[arm], r.err))
			return
		}
	}
	for _, row := range it.rows {
		for arm, r := range got {
			if _, ok := r.values[row.Unit]; !ok {
				it.failed = append(it.failed, fmt.Sprintf("round %d, %s: no %s", k+1, armNames[arm], row.Unit))
				return
			}
		}
	}
	for _, row := range it.rows {
		base := got[baseArm].values[row.Unit]
		row.Pairs = append(row.Pairs, verdict.Pair{Base: base, Head: got[headArm].values[row.Unit]})
		row.Control = append(row.Control, verdict.Pair{Base: base, Head: got[controlArm].values[row.Unit]})
	}
}
