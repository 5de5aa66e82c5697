package calibrate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"threadbench/scripts/internal/calibrate/runs"
	"threadbench/scripts/internal/gate"
	"threadbench/scripts/internal/job"
)

const (
	poolBytes = 512 << 20 // how much room the binaries of a pool may take
	failures  = 3         // how many runs in a row may end without a verdict
)

// collect goes on with the plan until it is done or the time is over.
func collect(ctx context.Context, o options, stderr io.Writer) error {
	begun := time.Now()
	config, err := gate.Machine(-1, o.allowed)
	if err != nil {
		return err
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
	var s *gate.Session // opened before the first run
	pooled, failed := 0, 0
	var unkept []any // lines that are to be written before the next run
	for {
		g, ok := next(o.goals, f.Runs, func(c runs.Cell) bool {
			return o.lasting <= 0 || time.Since(begun)+expected(c, f.Runs) <= o.lasting
		})
		if !ok {
			return nil
		}
		if s == nil {
			fmt.Fprintf(stderr, "building: gate %s\n", strings.Join(o.gate, " "))
			if s, err = gate.Open(ctx, o.gate, io.Discard); err != nil {
				return err
			}
			defer s.Close()
			if o.pool > 0 {
				fmt.Fprintf(stderr, "linking %d layouts\n", o.pool)
				if pooled, err = s.Pool(ctx, o.pool, poolBytes, func(int) {}); err != nil {
					return err
				}
			}
			unkept = []any{&runs.Session{Version: runs.Version, Begun: begun.UTC().Truncate(time.Second), Commit: commit(ctx),
				Alpha: s.Rules().Alpha, Margin: s.Rules().Margin, Config: config}}
		}
		run, err := measure(ctx, s, g.Cell, filepath.Join(temp, "rounds"))
		if ctx.Err() != nil {
			return fmt.Errorf("%w; the same command goes on with %s", context.Cause(ctx), o.data)
		}
		if run != nil {
			run.Pool, run.Error = pooled, strings.NewReplacer(temp, "TEMP", o.root, "SOURCE").Replace(run.Error)
			if err := keep(o.data, append(unkept, run)...); err != nil {
				return fmt.Errorf("keeping a run: %w; the runs before are whole", err)
			}
			unkept, f.Runs = nil, append(f.Runs, run)
		}
		at := time.Now().Format(time.TimeOnly)
		if err == nil {
			failed = 0
			fmt.Fprintf(stderr, "%s %v: %s, %.0f s; %s\n", at, g.Cell, run.Verdict, run.Seconds, left(o.goals, f.Runs))
		} else if failed++; failed == failures {
			return fmt.Errorf("%v: %d runs in a row ended without a verdict: %w", g.Cell, failures, err)
		} else {
			fmt.Fprintf(stderr, "%s %v: no verdict: %v\n", at, g.Cell, err)
		}
	}
}

// resume reads the data file at path, if there is one, to go on with it. What is
// torn at its end is cut off. Its machine must be that of the configuration.
func resume(path string, config map[string]string) (*runs.File, error) {
	f, err := runs.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &runs.File{Name: path}, job.Writable(path)
	}
	if err != nil {
		return nil, err
	}
	if key, was, is := f.Differs(config); key != "" {
		return nil, fmt.Errorf("it is another machine's: its %s is %q, here it is %q", key, was, is)
	}
	info, err := os.Stat(path)
	if err == nil && f.Torn > 0 {
		err = os.Truncate(path, info.Size()-int64(f.Torn))
	}
	return f, err
}

// keep adds lines to the data file in one write. What a kill or a full disk
// leaves torn is cut off by the next resume.
func keep(path string, lines ...any) error {
	var text bytes.Buffer
	for _, l := range lines {
		if err := json.NewEncoder(&text).Encode(l); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(text.Bytes())
	return errors.Join(err, f.Sync(), f.Close())
}

// measure is one run. It is nil if nothing was measured, and else has the error.
func measure(ctx context.Context, s *gate.Session, cell runs.Cell, out string) (*runs.Run, error) {
	defer os.RemoveAll(out)
	trial := gate.Trial{Budget: time.Duration(cell.Budget), Apart: cell.Kind == runs.Rebuilt, Out: out}
	if cell.Inject > 0 {
		trial.Inject = ".=" + strconv.FormatFloat(1+cell.Inject, 'g', 10, 64)
	}
	begun := time.Now()
	got, err := s.Run(ctx, trial)
	if got == nil {
		return nil, err
	}
	run := &runs.Run{Cell: cell, Begun: begun.UTC().Truncate(time.Second), Seconds: time.Since(begun).Round(time.Millisecond).Seconds(), Weather: got.Weather, Seed: got.Seed}
	if err != nil {
		run.Error = err.Error()
		return run, err
	}
	run.Rounds, run.Verdict = got.Rounds, got.Report.Verdict
	for _, r := range got.Report.Rows {
		run.Rows = append(run.Rows, runs.NewRow(r))
	}
	return run, nil
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
