// Package compare compares results files. Run is the command scripts/compare, which
// shows benchstat's tables. Sum is the command of the one file, which has no
// benchstat and sums the files up itself. Of our packages it imports the reader of
// results files, the list of contenders, the paired table with its summaries, and
// commandline.
//
// Its stance: benchstat does the statistics and the tables, or without benchstat its
// library. The commands are fixed and printed, so that a reader can do without this
// command. benchstat exits 0 whatever happens. So this package checks for the errors
// that benchstat lets pass: files that can't be read, drivers that can't be compared.
// Rounds that never ended are left out, as in every command.
package compare

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/results"
)

const usage = `Usage: go run ./scripts/compare FILE [FILE]

Shows what benchstat says of results files, with the right flags.

One file: goroutine against thread, in three tables: the arms that share a
primitive; each side through its own primitive, a column for each (a channel
for goroutines, a futex or a ring for threads, either for locked ones); and
the memory of a parked task.

Two files: old against new, by row. Settings that differ between the two come
first. The two must have the same driver: means (driver: testing) and medians
(driver: lockstep) are never pooled.

The benchstat commands are printed on standard error. benchstat is a tool of
this module, so run this within a checkout of it. A round that never ended,
since its run was killed or goes on, is left out.

Examples:
  go run ./scripts/compare results/local/today.txt
  go run ./scripts/compare before.txt after.txt
  go test -bench . -count 10 ./bench > bench.txt && go run ./scripts/compare bench.txt

Exit status: 0 when benchstat has had its say, whatever it is; else 2.
`

// Run runs the command. args leave out the command's name. It returns the exit
// status, 0 or 2. Tables go to stdout, commands and errors to stderr.
func Run(args []string, _ io.Reader, stdout, stderr io.Writer) int {
	files, err := open(args, usage, stdout)
	if err == nil {
		err = run(files, stdout, stderr)
	}
	return commandline.Exit("compare", err, stderr)
}

// open reads the command line and the one or two files that it names.
func open(args []string, usage string, stdout io.Writer) ([]*results.File, error) {
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	if err := commandline.Parse(flags, usage, args, stdout); err != nil {
		return nil, err
	}
	paths := flags.Args()
	if n := len(paths); n != 1 && n != 2 {
		return nil, fmt.Errorf("%d files given; give one (goroutine against thread) or two (old, new), see -h", n)
	}
	var files []*results.File
	for _, path := range paths {
		f, err := read(path)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func run(files []*results.File, stdout, stderr io.Writer) error {
	var paths []string
	for _, f := range files {
		path, end, err := whole(f, stderr)
		if err != nil {
			return err
		}
		defer end()
		paths = append(paths, path)
	}
	var tables []benchstat
	var err error
	if len(files) == 1 {
		tables, err = contenders(files[0], paths[0])
	} else {
		tables, err = versions(files, paths)
	}
	if err != nil {
		return err
	}
	warn(files, stdout)
	for _, t := range tables {
		if err := t.run(stdout, stderr); err != nil {
			return err
		}
	}
	return nil
}

// warn writes the warnings that a reader must know before the figures.
func warn(files []*results.File, w io.Writer) {
	for _, f := range files {
		for _, s := range f.Warnings() {
			fmt.Fprintf(w, "%s: %s\n", f.Name, s)
		}
	}
}

// read reads a file that has rows to compare.
func read(path string) (*results.File, error) {
	if path == "-" {
		return nil, errors.New("\"-\" is no file: standard input can't be read twice; write it to a file first")
	}
	f, err := results.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(f.Rows) == 0 {
		n := f.Notes[0]
		return nil, fmt.Errorf("%s:%d: no rows, only notes (Benchmark%s: %s); run again where something can be measured", path, n.Line, n.FullName, n.Reason)
	}
	return f, nil
}

// A benchstat is one call of benchstat.
type benchstat struct {
	about string // the lines above its table
	args  []string
}

// contenders are the tables of one file, whose whole rounds are at path. benchstat's
// base is the first column, so the columns have a fixed order. In the second table
// each primitive has a column. If benchstat ignored the primitive, it would pool a
// locked goroutine's channel with its futex.
func contenders(f *results.File, path string) ([]benchstat, error) {
	goroutine := func(r *results.Row) bool { return r.Name.Get("impl") == "goroutine" }
	if !slices.ContainsFunc(f.Rows, goroutine) {
		return nil, fmt.Errorf("%s: no row of impl=goroutine to compare with; run again with a -bench that leaves it in", f.Name)
	}
	var impls []string
	for _, c := range catalog.Contenders {
		impls = append(impls, c.Impl)
	}
	columns := "/impl@(" + strings.Join(impls, " ") + ")"
	table := func(about string, args ...string) benchstat {
		return benchstat{about, append(args, path)}
	}
	return []benchstat{
		table("Arms that share a primitive:",
			"-col", columns, "-filter", "-.name:Stack -/via:(futex OR ring OR call) "+units(f)),
		table("Each through its own primitive:",
			"-table", "", "-col", "/impl@(goroutine locked clone pthread),/via", "-filter", "/via:(channel OR futex OR ring) .unit:ns/op"),
		table("Memory of a parked task, by the kind of a thread's stack:",
			"-table", "", "-col", columns+",/stack", "-filter", ".name:Stack .unit:(user-B/task OR kernel-B/task)"),
	}, nil
}

// versions is the table of two files, before and after, whose whole rounds are at
// the paths.
func versions(files []*results.File, paths []string) ([]benchstat, error) {
	before, after := files[0], files[1]
	about, err := differences(before, after)
	if err != nil {
		return nil, err
	}
	return []benchstat{{about, []string{"-table", "", "-col", ".file", "-ignore", ".config,/gomaxprocs", "-filter", units(before, after), "old=" + paths[0], "new=" + paths[1]}}}, nil
}

// differences are the lines above the table of two files: what the files are, and
// the settings in which they differ. Files that can't be compared are an error.
func differences(before, after *results.File) (string, error) {
	if before.Driver != after.Driver {
		return "", fmt.Errorf("%s has driver %s, %s has driver %s: one holds medians of rounds, the other means, and they are never pooled; make both with the same command", before.Name, before.Driver, after.Name, after.Driver)
	}
	about := fmt.Sprintf("old: %s, rounds: %d\nnew: %s, rounds: %d\n", before.Name, before.Rounds, after.Name, after.Rounds)
	about += "The two were measured apart, so what the machine did meanwhile is in the differences.\n"
	var changes string
	for i, s := range slices.Concat(before.Config, after.Config) {
		was, is := before.Get(s.Key), after.Get(s.Key)
		if was != is && (i < len(before.Config) || was == "") { // each key once
			changes += fmt.Sprintf("  %s: %s → %s\n", s.Key, cmp.Or(was, "(not there)"), cmp.Or(is, "(not there)"))
		}
	}
	if was, is := before.Rows[0].Procs, after.Rows[0].Procs; was != is {
		changes += fmt.Sprintf("  GOMAXPROCS: %d → %d\n", max(was, 1), max(is, 1))
	}
	if changes != "" {
		about += "What differs between the two, and is ignored below:\n" + changes
	}
	return about, nil
}

// units is the filter that keeps the units of primary figures. The other units are
// evidence, or factors, which benchstat computes itself.
func units(files ...*results.File) string {
	var all []string
	for _, f := range files {
		for _, r := range f.Rows {
			_, parts := r.Primary()
			all = append(all, parts...)
		}
	}
	slices.Sort(all)
	return ".unit:(" + strings.Join(slices.Compact(all), " OR ") + ")"
}

// run writes the command to stderr and its table to stdout, or nothing where no row
// is left. benchstat exits 0 even when it could do nothing, so its standard error
// counts.
func (b benchstat) run(stdout, stderr io.Writer) error {
	command := append([]string{"tool", "benchstat"}, b.args...)
	fmt.Fprintln(stderr, "$ go "+commandline.QuoteAll(command))
	var said bytes.Buffer
	cmd := exec.Command("go", command...)
	cmd.Stderr = io.MultiWriter(stderr, &said)
	table, err := cmd.Output()
	_, missing := errors.AsType[*exec.Error](err)
	switch {
	case missing:
		return fmt.Errorf("running benchstat: %w; install Go (https://go.dev/dl), or put its bin directory on PATH", err)
	case err != nil:
		return fmt.Errorf("running go tool benchstat: %w; run this within a checkout of threadbench, whose go.mod names the tool", err)
	case strings.Contains(said.String(), "benchstat: "):
		return errors.New("running go tool benchstat: no table, for what it says above; run the command by hand, and mend that")
	case len(table) == 0:
		return nil
	}
	if _, err := fmt.Fprintf(stdout, "%s\n%s\n", b.about, table); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// whole is the path of a file for benchstat: the file itself, or a copy without the
// rounds that never ended, which end removes. The command that makes such a copy goes
// to stderr.
func whole(f *results.File, stderr io.Writer) (path string, end func(), err error) {
	var cuts []string
	for _, s := range f.Dropped {
		cuts = append(cuts, fmt.Sprintf("%d,%dd", s.First, s.Last))
	}
	if cuts == nil {
		return f.Name, func() {}, nil
	}
	failed := func(err error) (string, func(), error) {
		return "", nil, fmt.Errorf("copying the whole rounds of %s: %w; free some space, or set TMPDIR", f.Name, err)
	}
	text, err := os.ReadFile(f.Name)
	if err != nil {
		return failed(err)
	}
	var rounds bytes.Buffer
	line := 0
	for l := range bytes.Lines(text) {
		line++
		if !slices.ContainsFunc(f.Dropped, func(s results.Span) bool { return s.First <= line && line <= s.Last }) {
			rounds.Write(l)
		}
	}
	dir, err := os.MkdirTemp("", "threadbench-compare-")
	if err != nil {
		return failed(err)
	}
	path = filepath.Join(dir, filepath.Base(f.Name))
	if err := os.WriteFile(path, rounds.Bytes(), 0o600); err != nil {
		os.RemoveAll(dir)
		return failed(err)
	}
	fmt.Fprintln(stderr, "$ sed "+commandline.QuoteAll([]string{strings.Join(cuts, ";"), f.Name})+" > "+commandline.Quote(path))
	return path, func() { os.RemoveAll(dir) }, nil
}
