package calibrate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/allow"
	"threadbench/scripts/internal/calibration"
	"threadbench/scripts/internal/gate"
	"threadbench/scripts/internal/job"
)

const (
	// poolBytes is how much room the binaries of a pool may take; there are
	// at most two pools.
	poolBytes = 512 << 20
	// failures is how many runs of a cell in a row may end without a verdict.
	failures = 3
)

// A collector runs gates and keeps what they measured.
type collector struct {
	o        options
	store    *calibration.Store
	own      *calibration.Session
	sessions map[bool]*gate.Session // by whether it is of a package
	pooled   map[bool]int
	temp     string
	stderr   io.Writer
}

// collect goes on with the plan until it is done or the time is over.
func collect(ctx context.Context, o options, stderr io.Writer) (err error) {
	begun := time.Now()
	config, err := configuration(o.allowed)
	if err != nil {
		return err
	}
	session := &calibration.Session{Version: calibration.Version, Begun: begun.UTC().Truncate(time.Second), Commit: commit(ctx),
		Package: o.pkgName, Config: config}
	store, err := calibration.OpenStore(o.data, session)
	if err != nil {
		return err
	}
	defer store.Close()
	if store.Torn > 0 {
		fmt.Fprintf(stderr, "%s ended in a run that was never kept whole (%d bytes); it is cut off\n", o.data, store.Torn)
	}
	temp, remove, err := job.TempFolder()
	if err != nil {
		return err
	}
	defer remove()
	c := &collector{o: o, store: store, own: session, sessions: map[bool]*gate.Session{}, pooled: map[bool]int{}, temp: temp, stderr: stderr}
	defer func() {
		for _, s := range c.sessions {
			s.Close()
		}
	}()
	before := len(store.Runs)
	stuck := map[cell]int{} // failures in a row
	var last error
	for {
		done, took := tally(store.File)
		g, ok := next(o.goals, done, func(k cell) bool {
			return stuck[k] < failures && (o.lasting == 0 || time.Since(begun)+c.expected(k, took) <= o.lasting)
		})
		if !ok {
			break
		}
		run, err := c.measure(ctx, g.cell)
		if ctx.Err() != nil {
			return fmt.Errorf("%w; %s added to %s, and the same command goes on", context.Cause(ctx), runs(len(store.Runs)-before), o.data)
		}
		said := fmt.Sprintf("%v, run %d of %d: ", g.cell, done[g.cell]+1, g.runs)
		switch {
		case err != nil:
			said += "not begun: " + err.Error()
		case run.Error != "":
			said += fmt.Sprintf("no verdict after %.0f s: %s", run.Seconds, run.Error)
			err = errors.New(run.Error)
		default:
			said += fmt.Sprintf("%s, %.0f s; %s to go", run.Verdict, run.Seconds, runs(missing(o.goals, done)-1))
		}
		fmt.Fprintf(stderr, "%s %s\n", time.Now().Format(time.TimeOnly), said)
		if run != nil {
			if err := store.Add(run); err != nil {
				return err
			}
		}
		if stuck[g.cell]++; err == nil {
			stuck[g.cell] = 0
		} else if stuck[g.cell] == failures {
			last = fmt.Errorf("%v ended %d times in a row without a verdict and was left: %w", g.cell, failures, err)
		}
	}
	done, _ := tally(store.File)
	fmt.Fprintf(stderr, "%s added to %s; the plan lacks %s\n", runs(len(store.Runs)-before), o.data, runs(missing(o.goals, done)))
	return last
}

// runs is "1 run", "2 runs".
func runs(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}

// tally counts the runs of each cell that have a verdict, and says how long
// they took.
func tally(f *calibration.File) (done map[cell]int, took map[cell][]float64) {
	done, took = map[cell]int{}, map[cell][]float64{}
	for _, r := range f.Runs {
		if r.Error == "" {
			done[cellOf(r)]++
			took[cellOf(r)] = append(took[cellOf(r)], r.Seconds)
		}
	}
	return done, took
}

// expected is how long a run of the cell will take, about: as the longest of
// the last ones did, or its budget and the start of a session.
func (c *collector) expected(k cell, took map[cell][]float64) time.Duration {
	d := k.budget + k.budget/10 + 5*time.Second
	if past := took[k]; past != nil {
		d = time.Duration(slices.Max(past[max(0, len(past)-10):]) * float64(time.Second))
	}
	if c.sessions[k.kind == calibration.Package] == nil {
		d += 20*time.Second + time.Duration(c.o.pool)*600*time.Millisecond
	}
	return d
}

// session is the gate's for such runs, with its pool.
func (c *collector) session(ctx context.Context, pkg bool) (*gate.Session, error) {
	if s := c.sessions[pkg]; s != nil {
		return s, nil
	}
	args := c.o.own
	if pkg {
		args = c.o.pkg
	}
	fmt.Fprintf(c.stderr, "building: gate %s\n", strings.Join(args, " "))
	s, err := gate.Open(ctx, args, io.Discard)
	if err != nil {
		return nil, err
	}
	c.sessions[pkg] = s
	c.own.Alpha, c.own.Margin = s.Rules().Alpha, s.Rules().Margin
	if c.o.pool == 0 {
		return s, nil
	}
	progress := job.NewProgress(c.stderr, c.o.pool)
	defer progress.End()
	linked := 0
	c.pooled[pkg], err = s.Pool(ctx, c.o.pool, poolBytes, func(k int) {
		progress.At(fmt.Sprintf("linking layout %d of %d", k, c.o.pool), "")
		progress.Step(k - linked)
		linked = k
	})
	return s, err
}

// measure is one run; an error if it has measured nothing.
func (c *collector) measure(ctx context.Context, k cell) (*calibration.Run, error) {
	pkg := k.kind == calibration.Package
	s, err := c.session(ctx, pkg)
	if err != nil {
		return nil, err
	}
	out := filepath.Join(c.temp, "rounds")
	defer os.RemoveAll(out)
	trial := gate.Trial{Budget: k.budget, Apart: k.kind == calibration.Rebuilt, Out: out}
	if k.inject > 0 {
		trial.Inject = ".=" + strconv.FormatFloat(1+k.inject, 'g', 10, 64)
	}
	begun := time.Now()
	got, err := s.Run(ctx, trial)
	if got == nil {
		return nil, err
	}
	run := &calibration.Run{Kind: k.kind, Inject: k.inject, Budget: calibration.Duration(k.budget), Begun: begun.UTC().Truncate(time.Second),
		Seconds: float64(time.Since(begun).Milliseconds()) / 1000, Pool: c.pooled[pkg],
		Weather: got.Weather, Seed: got.Seed}
	if err != nil {
		run.Error, run.Exit = c.anonymous(err.Error()), 2
		return run, nil
	}
	run.Rounds, run.Verdict, run.Exit = got.Rounds, got.Report.Verdict, got.Report.ExitCode()
	for _, l := range got.Layouts {
		run.Layouts.Base = append(run.Layouts.Base, l[0])
		run.Layouts.Control = append(run.Layouts.Control, l[2])
		if trial.Apart {
			run.Layouts.Head = append(run.Layouts.Head, l[1])
		}
	}
	for _, r := range got.Report.Rows {
		run.Rows = append(run.Rows, calibration.NewRow(r, got.Rounds))
	}
	return run, nil
}

// anonymous is a message without where files lie on this machine.
func (c *collector) anonymous(text string) string {
	for path, name := range map[string]string{c.temp: "TEMP", c.o.root: "SOURCE"} {
		if path != "" {
			text = strings.ReplaceAll(text, path, name)
		}
	}
	return text
}

// configuration is this machine's.
func configuration(allowed allow.Flags) (map[string]string, error) {
	site, err := measure.NewSite(-1)
	if err != nil {
		return nil, err
	}
	m := map[string]string{}
	for _, s := range measure.Configuration("lockstep", measure.TimerCost(), site) {
		m[s.Key] = s.Value
	}
	// What these are in this process they need not be in a worker.
	delete(m, "driver")
	delete(m, "cgo")
	m["build"] = allowed.Build()
	return m, nil
}

// commit is the source's, as far as git knows.
func commit(ctx context.Context) string {
	git := func(args ...string) (string, error) {
		text, err := job.Command(ctx, "git", args...).Output()
		return strings.TrimSpace(string(text)), err
	}
	at, err := git("rev-parse", "--short=10", "HEAD")
	if err != nil {
		return "unknown"
	}
	// The data file itself grows meanwhile.
	if changed, err := git("status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)results"); err != nil || changed != "" {
		at += "+"
	}
	return at
}

// version is the foreign package with the version that go.mod asks for.
func version(ctx context.Context, root string) (string, error) {
	cmd := job.Command(ctx, "go", "list", "-m", "-f", "{{.Path}}@{{.Version}}", foreign)
	cmd.Dir = root
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("looking up %s: %w", foreign, errors.Join(err, ctx.Err()))
	}
	return strings.TrimSpace(string(text)), nil
}

// status says what the plan still lacks.
func status(f *calibration.File, goals []goal, w io.Writer) error {
	done, took := tally(f)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	var left time.Duration
	fmt.Fprintln(t, "part\truns\tof\tleft")
	for _, g := range goals {
		each := g.budget
		if took[g.cell] != nil {
			each = time.Duration(median(took[g.cell]) * float64(time.Second))
		}
		more := time.Duration(max(0, g.runs-done[g.cell])) * each
		left += more
		fmt.Fprintf(t, "%v\t%d\t%d\t%v\n", g.cell, done[g.cell], g.runs, more.Round(time.Minute))
	}
	fmt.Fprintf(t, "all\t%d\t%d\t%v\n", len(f.Runs), missing(goals, done)+len(f.Runs), left.Round(time.Minute))
	return t.Flush()
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return v[(len(v)-1)/2]/2 + v[len(v)/2]/2
}
