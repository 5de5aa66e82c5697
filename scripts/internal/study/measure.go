package study

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/results"
)

// measure measures what the study's folder lacks, or what -only names. A
// comparison that fails doesn't keep the others from being measured.
func measure(ctx context.Context, o options, s study, stdout, stderr io.Writer) error {
	folder := filepath.Join(o.results, s.name)
	var failed []error
	for _, p := range s.parts {
		if o.only != "" && p.name != o.only || o.only == "" && p.done(folder) {
			continue
		}
		args, err := p.args(ctx, o, folder)
		if err != nil {
			return err
		}
		line := p.tool() + " " + commandline.QuoteAll(args)
		if o.list {
			fmt.Fprintln(stdout, line)
			continue
		}
		fmt.Fprintf(stderr, "%s %s: %s\n", time.Now().Format(time.TimeOnly), p.name, line)
		if err = os.MkdirAll(folder, 0o755); err == nil {
			err = p.measure(ctx, o, folder, args, stderr)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%w; the same command goes on with what %s lacks", context.Cause(ctx), folder)
		}
		if err != nil {
			err = fmt.Errorf("%s of %s: %w", p.name, s.name, err)
			fmt.Fprintln(stderr, err)
			failed = append(failed, err)
		}
	}
	if failed != nil {
		return fmt.Errorf("%w\nthe same command tries what %s lacks again", errors.Join(failed...), folder)
	}
	return nil
}

// tool is the command that measures the part.
func (p part) tool() string {
	if p.rounds > 0 {
		return "run"
	}
	return "gate"
}

// report is the file that the part leaves when it is done: the gate's report,
// or the results file of run.
func (p part) report(folder string) string {
	if p.rounds > 0 {
		return filepath.Join(folder, p.name+".txt")
	}
	return filepath.Join(folder, p.name+".json")
}

// done tells whether the part is measured. The gate's report is there or not; a
// results file may lack rounds.
func (p part) done(folder string) bool {
	if p.rounds == 0 {
		_, err := os.Stat(p.report(folder))
		return err == nil
	}
	f, err := results.ReadFile(p.report(folder))
	return err == nil && f.Rounds >= p.rounds
}

// measured tells whether there is something to analyse in the folder.
func (s study) measured(folder string) bool {
	for _, p := range s.parts {
		if _, err := os.Stat(p.report(folder)); err == nil {
			return true
		}
	}
	return false
}

// args are the command line of the part's tool. Raw rounds of a comparison that
// never ended, or is made anew, are replaced. A run goes on with its file.
func (p part) args(ctx context.Context, o options, folder string) ([]string, error) {
	args := append([]string{}, p.does...)
	if p.rounds > 0 {
		args = append(args, "-profile", "full", "-bench", pattern(p.rows), "-rounds", fmt.Sprint(p.rounds), "-host", "study", "-o", p.report(folder))
		if _, err := os.Stat(p.report(folder)); err == nil {
			args = append(args, map[bool]string{true: "-force", false: "-resume"}[o.only != ""])
		}
		return args, nil
	}
	for i, a := range args {
		if !strings.Contains(a, goflags) {
			continue
		}
		set, err := o.tools.command(ctx, nil, "go", "env", "GOFLAGS")
		if err != nil {
			return nil, fmt.Errorf("asking for GOFLAGS: %w", err)
		}
		args[i] = strings.Replace(a, goflags, strings.TrimLeft(set+" ", " "), 1)
	}
	return append(args, "-bench", pattern(p.rows), "-o", filepath.Join(folder, p.name), "-force"), nil
}

// measure measures the part.
func (p part) measure(ctx context.Context, o options, folder string, args []string, stderr io.Writer) error {
	if p.rounds > 0 {
		if code := o.tools.run(args, io.Discard, stderr); code != 0 {
			return fmt.Errorf("run ended with exit code %d, and says why above", code)
		}
		// The study's page takes the place of run's.
		return removed(strings.TrimSuffix(p.report(folder), ".txt") + ".html")
	}
	if p.profile != nil {
		if err := p.profile.make(ctx, o, stderr); err != nil {
			return err
		}
	}
	// Without its report the comparison is one that never ended.
	if err := removed(p.report(folder)); err != nil {
		return err
	}
	got, err := o.tools.gate(ctx, args, stderr)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := got.Report.JSON(&text); err != nil {
		return err
	}
	raw, err := filepath.Glob(filepath.Join(folder, p.name, "*.txt"))
	if err != nil {
		return err
	}
	for _, path := range raw {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if clean := anonymous(text); !bytes.Equal(clean, text) {
			if err := os.WriteFile(path, clean, 0o644); err != nil {
				return err
			}
		}
	}
	unfinished := p.report(folder) + ".new"
	if err := os.WriteFile(unfinished, anonymous(text.Bytes()), 0o644); err != nil {
		return fmt.Errorf("keeping the report: %w; make room", err)
	}
	return os.Rename(unfinished, p.report(folder))
}

// temporary is a path in a temporary folder of ours. A failure may name one.
var temporary = regexp.MustCompile(`/[\w./-]*/threadbench-\d+-\d+`)

// anonymous is a text without the temporary folders of the machine.
func anonymous(text []byte) []byte { return temporary.ReplaceAll(text, []byte("TEMP")) }

func removed(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// A profile is a CPU profile of workers, for a build that is guided by it.
type profile struct {
	file string // below the module's root, where git ignores it
	env  []string
	rows []string
}

// make measures the rows under the profiler, and merges their profiles into the
// file.
func (p *profile) make(ctx context.Context, o options, stderr io.Writer) error {
	if err := os.MkdirAll(filepath.Dir(p.file), 0o755); err != nil {
		return err
	}
	parts := func() []string { all, _ := filepath.Glob(p.file + ".*"); return all }
	for _, older := range parts() {
		if err := os.Remove(older); err != nil {
			return err
		}
	}
	fmt.Fprintf(stderr, "making the profile %s\n", p.file)
	// Without -o, go test would leave its binary in the working directory.
	binary := p.file + "-bench.test"
	defer os.Remove(binary)
	if _, err := o.tools.command(ctx, p.env, "go", "test", "-run", "^$", "-bench", levels(p.rows), "-benchtime", "2s",
		"-cpuprofile", p.file, "-o", binary, "./bench"); err != nil {
		return fmt.Errorf("making a profile: %w", err)
	}
	made := parts()
	if len(made) != len(p.rows) {
		return fmt.Errorf("making a profile of %d rows: %d came of it, %q; look what \"go run ./scripts/run -list\" calls them", len(p.rows), len(made), made)
	}
	if _, err := o.tools.command(ctx, p.env, "go", append([]string{"tool", "pprof", "-proto", "-output=" + p.file}, made...)...); err != nil {
		return fmt.Errorf("merging profiles: %w", err)
	}
	for _, path := range made {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return nil
}
