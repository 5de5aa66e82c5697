// Package compare shows what benchstat says of results files: the command that
// stands behind scripts/compare, and the one file's, which sums the files up
// itself. Of ours it imports the reader of results files, the list of contenders,
// the paired table with its summaries, and commandline.
//
// Its stance: benchstat does the statistics and the tables; where there is none, its
// library does. The commands are
// fixed and printed, so that a reader can do without this one. Only what
// benchstat lets pass is checked here, since it exits 0 whatever happens: files
// that can't be read, rounds that never ended, drivers that can't be compared.
package compare

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/results"
)

const usage = `Usage: go run ./scripts/compare FILE [FILE]

Shows what benchstat says of results files, with the right flags.

One file: goroutine against thread. First the arms that share a primitive,
then each side through its own, goroutines through a channel and threads
through a futex, and then the memory of a parked task.

Two files: old against new, by row. Settings that differ between the two come
first. The two must have the same driver: means (driver: testing) and medians
(driver: lockstep) are never pooled.

The benchstat commands are printed on standard error. benchstat is a tool of
this module, so run this within a checkout of it.

Examples:
  go run ./scripts/compare results/local/today.txt
  go run ./scripts/compare before.txt after.txt
  go test -bench . -count 10 ./bench > bench.txt && go run ./scripts/compare bench.txt

Exit status: 0 when benchstat has had its say, whatever it is; else 2.
`

// Run is the command: args without its name. The answer is its exit status, 0
// or 2. Tables go to stdout, commands and errors to stderr.
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
	var tables []benchstat
	var err error
	if len(files) == 1 {
		tables, err = contenders(files[0])
	} else {
		tables, err = versions(files[0], files[1])
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		for _, s := range results.Wrong(f.Config) {
			fmt.Fprintf(stdout, "%s: %s\n", f.Name, s)
		}
	}
	for _, t := range tables {
		if err := t.run(stdout, stderr); err != nil {
			return err
		}
	}
	return nil
}

// read reads a file that benchstat can be given as it is.
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
	for _, s := range f.Dropped {
		if s.Lines > 0 {
			return nil, fmt.Errorf("%s:%d: the round up to line %d never ended, and benchstat would count its lines; go on with the run (go run ./scripts/run -resume -o FILE), or leave them out (sed '%[2]d,%[3]dd' FILE > WHOLE)", path, s.First, s.Last)
		}
	}
	return f, nil
}

// A benchstat is one call of it.
type benchstat struct {
	about string // the lines above its table
	args  []string
}

// contenders are the tables of one file. benchstat's base is the first column,
// so the columns have a fixed order. The native pair ignores the primitive and
// leaves one to each contender: benchstat would pool a locked goroutine's
// channel with its futex.
func contenders(f *results.File) ([]benchstat, error) {
	goroutine := func(r *results.Row) bool { return r.Name.Get("impl") == "goroutine" }
	if !slices.ContainsFunc(f.Rows, goroutine) {
		return nil, fmt.Errorf("%s: no row of impl=goroutine to compare with; run again with a -bench that leaves it in", f.Name)
	}
	const threadsOwn = "/via:(futex OR ring OR call)"
	var impls []string
	for _, c := range catalog.Contenders {
		impls = append(impls, c.Impl)
	}
	columns, units := "/impl@("+strings.Join(impls, " ")+")", units(f)
	return []benchstat{
		{"Arms that share a primitive:",
			[]string{"-col", columns, "-filter", "-.name:Stack -" + threadsOwn + " " + units, f.Name}},
		{"Each through its native primitive, goroutines through a channel and threads through a futex or a ring:",
			[]string{"-table", "", "-col", columns, "-ignore", "/via", "-filter", "((/impl:goroutine /via:channel) OR " + threadsOwn + ") " + units, f.Name}},
		{"Memory of a parked task, by the kind of a thread's stack:",
			[]string{"-table", "", "-col", columns + ",/stack", "-filter", ".name:Stack .unit:(user-B/task OR kernel-B/task)", f.Name}},
	}, nil
}

// versions is the table of two files, before against after.
func versions(before, after *results.File) ([]benchstat, error) {
	about, err := differences(before, after)
	if err != nil {
		return nil, err
	}
	return []benchstat{{about, []string{"-table", "", "-col", ".file", "-ignore", ".config,/gomaxprocs", "-filter", units(before, after), "old=" + before.Name, "new=" + after.Name}}}, nil
}

// differences are the lines above the table of two files: what they are, and in
// which settings they differ. Files that can't be compared are an error.
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

// units is the filter that leaves the units of primary figures: the others are
// evidence, or factors, which benchstat makes itself.
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

// run shows the command on stderr and its table on stdout, nothing where no row
// is left. benchstat exits 0 even when it could do nothing, so what it says on
// standard error counts.
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
