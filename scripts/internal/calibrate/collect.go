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
	"strings"
	"time"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/gate"
	"threadbench/scripts/internal/job"
)

// failures is how many runs in a row may end without a verdict before collect
// gives up.
const failures = 3

// collect goes on with the plan until it is done or the time is over.
func collect(ctx context.Context, o options, stderr io.Writer) error {
	begun := time.Now()
	here, err := newSession(ctx)
	if err != nil {
		return err
	}
	f, err := resume(o.data, here)
	if err != nil {
		return fmt.Errorf("keeping calibration data in %s: %w; choose another file with -data", o.data, err)
	}
	temp, remove, err := job.TempFolder()
	if err != nil {
		return err
	}
	defer remove()
	places := map[string]*place{}
	failed, kept := 0, false
	for {
		g, ok := next(o.goals, f.runs, func(c cell) bool {
			return o.lasting <= 0 || time.Since(begun)+expected(c, f.runs) <= o.lasting
		})
		if !ok {
			return nil
		}
		if places[g.subject] == nil {
			s, err := subjectOf(g.subject)
			if err == nil {
				places[g.subject], err = placeOf(ctx, s, o.own, temp)
			}
			if err != nil {
				return err
			}
		}
		rounds := filepath.Join(temp, "rounds")
		args, err := places[g.subject].args(ctx, g.cell, rounds)
		if err != nil {
			return err
		}
		at, apart := time.Now(), g.apart(f.runs)
		fmt.Fprintf(stderr, "%s %v: gate %s\n", at.Format(time.TimeOnly), g.cell, commandline.QuoteAll(args))
		got, err := gate.Measure(ctx, args, apart, io.Discard)
		if ctx.Err() != nil {
			return fmt.Errorf("%w; the same command goes on with %s", context.Cause(ctx), o.data)
		}
		os.RemoveAll(rounds)
		if got != nil {
			t := newTrial(g.cell, apart, at, got, err)
			t.Error = strings.NewReplacer(temp, "TEMP", o.root, "SOURCE").Replace(t.Error)
			lines := []any{here, t}
			if kept {
				lines = lines[1:]
			}
			if err := f.keep(lines...); err != nil {
				return fmt.Errorf("keeping a run: %w; the runs before are whole", err)
			}
			kept = true
			f.runs = append(f.runs, t)
		}
		if err == nil {
			failed = 0
			fmt.Fprintf(stderr, "%s in %v; %s\n", got.Report.Verdict, time.Since(at).Round(time.Second), left(o.goals, f.runs))
		} else if failed++; failed == failures {
			return fmt.Errorf("%v: %d runs in a row ended without a verdict: %w", g.cell, failures, err)
		} else {
			fmt.Fprintf(stderr, "no verdict: %v\n", err)
		}
	}
}

// newSession describes this session: what all its runs have in common.
func newSession(ctx context.Context) (*session, error) {
	site, err := measure.NewSite(-1)
	if err != nil {
		return nil, err
	}
	s := &session{Version: version, Begun: time.Now().UTC().Truncate(time.Second), Commit: commit(ctx), Subjects: map[string]string{}, Config: map[string]string{}}
	for _, c := range measure.Configuration("", measure.TimerCost(), site) {
		s.Config[c.Key] = c.Value
	}
	for _, subject := range subjects {
		s.Subjects[subject.name] = subject.String()
	}
	return s, nil
}

// resume reads the data file at path, if there is one, and cuts off an
// unfinished last line. It is an error if this session's runs don't belong in
// the file.
func resume(path string, here *session) (*file, error) {
	f, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &file{File: job.File{Path: path}}, job.Writable(path)
	}
	if err != nil {
		return nil, err
	}
	if err := f.check(here); err != nil {
		return nil, err
	}
	return f, f.Cut()
}

// keep adds lines to the data file.
func (f *file) keep(lines ...any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, l := range lines {
		if err := encoder.Encode(l); err != nil {
			return err
		}
	}
	return f.Append(text.Bytes())
}

// commit is the source's commit, as far as git knows. The growing data file
// doesn't count as a change of the source.
func commit(ctx context.Context) string {
	at, err := job.Command(ctx, "git", "rev-parse", "--short=10", "HEAD").Output()
	changed, more := job.Command(ctx, "git", "status", "--porcelain", "--untracked-files=no", "--", ":/", ":(top,exclude)results").Output()
	if err != nil || more != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(at)) + map[bool]string{true: "+"}[len(changed) > 0]
}
