package calibrate

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/gate"
	"threadbench/scripts/internal/job"
)

// failures is how many runs in a row may end without a verdict.
const failures = 3

// collect goes on with the plan until it is done or the time is over.
func collect(ctx context.Context, o options, stderr io.Writer) error {
	begun := time.Now()
	site, err := measure.NewSite(-1)
	if err != nil {
		return err
	}
	config := map[string]string{}
	for _, c := range measure.Configuration("", measure.TimerCost(), site) {
		config[c.Key] = c.Value
	}
	f, err := resume(o.data, config)
	if err != nil {
		return fmt.Errorf("keeping calibration data in %s: %w; choose another file with -data", o.data, err)
	}
	temp, remove, err := job.TempFolder()
	if err != nil {
		return err
	}
	defer remove()
	failed := 0
	var own *session // of the runs kept here
	for {
		g, ok := next(o.goals, f.runs, func(c cell) bool {
			return o.lasting <= 0 || time.Since(begun)+expected(c, f.runs) <= o.lasting
		})
		if !ok {
			return nil
		}
		args, at := g.gate(o.gate, filepath.Join(temp, "rounds")), time.Now()
		fmt.Fprintf(stderr, "%s %v: gate %s\n", at.Format(time.TimeOnly), g.cell, commandline.QuoteAll(args))
		got, err := gate.Measure(ctx, args, g.Kind == rebuilt, io.Discard)
		if ctx.Err() != nil {
			return fmt.Errorf("%w; the same command goes on with %s", context.Cause(ctx), o.data)
		}
		os.RemoveAll(filepath.Join(temp, "rounds"))
		if got != nil {
			var lines []any
			if own == nil {
				own = &session{Version: version, Begun: begun.UTC().Truncate(time.Second), Commit: commit(ctx), Alpha: got.Rules.Alpha, Margin: got.Rules.Margin, Config: config}
				lines = append(lines, own)
			}
			t := newTrial(g.cell, at, got, err)
			t.Error = strings.NewReplacer(temp, "TEMP", o.root, "SOURCE").Replace(t.Error)
			if err := f.keep(append(lines, t)...); err != nil {
				return fmt.Errorf("keeping a run: %w; the runs before are whole", err)
			}
			f.runs = append(f.runs, t)
		}
		if err == nil {
			failed = 0
			fmt.Fprintf(stderr, "%s; %s\n", got.Report.Verdict, left(o.goals, f.runs))
		} else if failed++; failed == failures {
			return fmt.Errorf("%v: %d runs in a row ended without a verdict: %w", g.cell, failures, err)
		} else {
			fmt.Fprintf(stderr, "no verdict: %v\n", err)
		}
	}
}

// resume reads the data file at path, if there is one, and cuts off what is torn
// at its end. Its machine must be that of the configuration.
func resume(path string, config map[string]string) (*file, error) {
	f, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &file{File: job.File{Path: path}}, job.Writable(path)
	}
	if err != nil {
		return nil, err
	}
	if key, was, is := f.differs(config); key != "" {
		return nil, fmt.Errorf("it is another machine's: its %s is %q, here it is %q", key, was, is)
	}
	return f, f.Cut()
}

// keep adds lines to the data file.
func (f *file) keep(lines ...any) error {
	var text bytes.Buffer
	for _, l := range lines {
		if err := json.NewEncoder(&text).Encode(l); err != nil {
			return err
		}
	}
	return f.Append(text.Bytes())
}

// gate is the cell's command line of the gate; rounds is a folder for the raw
// rounds.
func (c cell) gate(common []string, rounds string) []string {
	args := append(common[:len(common):len(common)], "-budget", c.Budget.String(), "-o", rounds)
	if c.Inject > 0 {
		args = append(args, "-inject", ".="+strconv.FormatFloat(1+c.Inject, 'g', 10, 64))
	}
	return args
}

// commit is the source's, as far as git knows. The data file grows meanwhile and
// makes no other source.
func commit(ctx context.Context) string {
	at, err := job.Command(ctx, "git", "rev-parse", "--short=10", "HEAD").Output()
	changed, more := job.Command(ctx, "git", "status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)results").Output()
	if err != nil || more != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(at)) + map[bool]string{true: "+"}[len(changed) > 0]
}

// A goal is a sort of runs, and how many are wanted.
type goal struct {
	cell
	runs int
}

// defaultPlan is what the tables of results/calibration.md are made of.
const defaultPlan = "same:1m=100,rebuilt:1m=20," +
	"same+1%:1m=10,same+2%:1m=20,same+3%:1m=20,same+5%:1m=20,same+10%:1m=20," +
	"same:5m=10,same+1%:5m=5,same+2%:5m=10,same+3%:5m=20,same+5%:5m=5,same+10%:5m=5"

// parsePlan reads goals, KIND[+PERCENT%]:BUDGET=RUNS, by commas.
func parsePlan(s string) ([]goal, error) {
	var goals []goal
	for text := range strings.SplitSeq(s, ",") {
		g, err := parseGoal(strings.TrimSpace(text))
		if err != nil {
			return nil, fmt.Errorf("-plan: %q: %w; each part is KIND[+PERCENT%%]:BUDGET=RUNS, such as same:1m=100 or same+3%%:5m=20", text, err)
		}
		if slices.ContainsFunc(goals, func(other goal) bool { return other.cell == g.cell }) {
			return nil, fmt.Errorf("-plan: %v stands twice; give each once", g.cell)
		}
		goals = append(goals, g)
	}
	return goals, nil
}

var part = regexp.MustCompile(`^(same|rebuilt)(?:\+([0-9.]+)%)?:([^=]+)=([0-9]+)$`)

func parseGoal(s string) (g goal, err error) {
	m := part.FindStringSubmatch(s)
	if m == nil {
		return g, errors.New("it is none")
	}
	g.Kind = m[1]
	if percent, err := strconv.ParseFloat(m[2], 64); m[2] != "" && (err != nil || percent < 0.01 || percent > 1000) {
		return g, fmt.Errorf("%s%% is no slowdown from 0.01%% to 1000%%", m[2])
	} else {
		g.Inject = math.Round(percent*1e6) / 1e8 // 0.03, not 0.030000000000000002
	}
	if g.Budget.UnmarshalText([]byte(m[3])) != nil || g.Budget <= 0 {
		return g, fmt.Errorf("%q is no time to measure", m[3])
	}
	g.runs, err = strconv.Atoi(m[4])
	return g, err
}

// done are the runs of a cell that have a verdict.
func done(c cell, all []*trial) []*trial {
	return slices.DeleteFunc(slices.Clone(all), func(r *trial) bool { return r.cell != c || r.Error != "" })
}

// expected is how long one more run of a cell takes: as the last one
// did, or its budget and what comes before it.
func expected(c cell, all []*trial) time.Duration {
	if past := done(c, all); len(past) > 0 {
		return time.Duration(past[len(past)-1].Seconds * float64(time.Second))
	}
	return time.Duration(c.Budget)*11/10 + 5*time.Second
}

// next is the goal to go on with, of which one run more fits: the one that is
// furthest behind with it (D'Hondt's method), so that what there is when the time
// is over is a share of each; of those alike, the first.
func next(goals []goal, all []*trial, fits func(cell) bool) (goal, bool) {
	share := func(g goal) float64 { return float64(len(done(g.cell, all))+1) / float64(g.runs) }
	open := slices.DeleteFunc(slices.Clone(goals), func(g goal) bool { return share(g) > 1 || !fits(g.cell) })
	if len(open) == 0 {
		return goal{}, false
	}
	return slices.MinFunc(open, func(a, b goal) int { return cmp.Compare(share(a), share(b)) }), true
}

// left says what the plan still lacks.
func left(goals []goal, all []*trial) string {
	takes := time.Duration(0)
	var parts []string
	for _, g := range goals {
		if n := g.runs - len(done(g.cell, all)); n > 0 {
			takes += time.Duration(n) * expected(g.cell, all)
			parts = append(parts, fmt.Sprintf("%v=%d", g.cell, n))
		}
	}
	if parts == nil {
		return "the plan is done"
	}
	return fmt.Sprintf("the plan lacks %s, about %v", strings.Join(parts, ","), duration(takes.Round(time.Minute)))
}
