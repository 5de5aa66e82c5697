// Package compare shows what benchstat says of results files: the command that
// stands behind scripts/compare.
//
// Its stance: benchstat does the statistics and the table, and the reader sees
// the command that makes it, so as to do without this one. What benchstat lets
// pass is checked first, since it exits 0 whatever happens: files that can't be
// read, rounds that never ended, rows that would be pooled, drivers that can't
// be compared. What differs between two files is said before the figures.
package compare

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"

	"threadbench/scripts/internal/results"
)

const usage = `Usage: go run ./scripts/compare FILE [FILE]

Shows what benchstat says of results files, with the right flags.

One file: goroutine against thread. First the arms that share a primitive,
then each side through its native one, channel against futex, and then
each kind of thread stack against the goroutine's.

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
	flags := flag.NewFlagSet("compare", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil: // flag has said it
		fmt.Fprintln(stderr, "compare: there are no flags but -h")
		return 2
	}
	if err := run(flags.Args(), stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "compare: %v\n", err)
		return 2
	}
	return 0
}

func run(paths []string, stdout, stderr io.Writer) error {
	if n := len(paths); n != 1 && n != 2 {
		return fmt.Errorf("%d files given; give one (goroutine against thread) or two (old, new), see -h", n)
	}
	var files []*results.File
	for _, path := range paths {
		f, err := read(path)
		if err != nil {
			return err
		}
		files = append(files, f)
	}
	var tables []benchstat
	var below string
	var err error
	if len(files) == 1 {
		tables, below, err = contenders(files[0])
	} else {
		tables, below, err = versions(files[0], files[1])
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		for _, s := range results.Wrong(f.Config) {
			fmt.Fprintf(stdout, "%s: %s\n", f.Name, s)
		}
	}
	for i, t := range tables {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		fmt.Fprintln(stdout, t.about)
		if err := t.run(stdout, stderr); err != nil {
			return err
		}
	}
	if below != "" {
		fmt.Fprint(stdout, "\n"+below)
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

// run shows the command on stderr and its table on stdout. benchstat exits 0
// even when it could do nothing, so what it says on standard error counts.
func (b benchstat) run(stdout, stderr io.Writer) error {
	command := append([]string{"tool", "benchstat"}, b.args...)
	fmt.Fprintln(stderr, "$ go "+quote(command))
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
	case strings.Contains(said.String(), "benchstat: ") || len(table) == 0:
		return errors.New("running go tool benchstat: no table, for what it says above; run the command by hand, and mend that")
	}
	if _, err := stdout.Write(table); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	return nil
}

// quote is a command as a shell takes it.
func quote(args []string) string {
	quoted := slices.Clone(args)
	for i, a := range quoted {
		if a == "" || strings.ContainsAny(a, " \t\n'\"()*?@$&;|<>\\`[]{}~#!") {
			quoted[i] = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}
