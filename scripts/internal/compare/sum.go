package compare

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"golang.org/x/perf/benchmath"
	"golang.org/x/perf/benchunit"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
	"threadbench/scripts/internal/table"
)

const sumUsage = `Usage: threadbench compare FILE [FILE]

Sums up results files where there is no Go, and so no benchstat.

One file: goroutine against thread, the table that run prints.

Two files: old against new, by row. Settings that differ between the two come
first. A figure is the median over rounds with its 95% interval, a change is of
the medians, and p is that of a rank-sum test, by benchstat's own library. The
two must have the same driver: means (driver: testing) and medians (driver:
lockstep) are never pooled. A round that never ended is left out.

A verdict on two files: threadbench gate -files OLD NEW.

Exit status: 0 when the files are summed up, whatever they say; else 2.
`

// Sum runs the command in the one file, which has no benchstat. args leave out the
// command's name. It returns the exit status, 0 or 2.
func Sum(args []string, stdout, stderr io.Writer) int {
	files, err := open(args, sumUsage, stdout)
	if err == nil && len(files) == 1 {
		err = table.New(files[0]).Text(stdout)
	} else if err == nil {
		err = sumUp(files[0], files[1], stdout)
	}
	return commandline.Exit("compare", err, stderr)
}

// sumUp writes the differences between the files, and a line for each unit that
// decides a row of both files.
func sumUp(before, after *results.File, w io.Writer) error {
	about, err := differences(before, after)
	if err != nil {
		return err
	}
	lines := bufio.NewWriter(w)
	warn([]*results.File{before, after}, lines)
	fmt.Fprintln(lines, about)
	columns := tabwriter.NewWriter(lines, 0, 0, 2, ' ', 0)
	fmt.Fprint(columns, "row\tunit\told\tnew\tchange\n")
	rows := 0
	for _, was := range before.Rows {
		i := slices.IndexFunc(after.Rows, func(r *results.Row) bool { return r.FullName == was.FullName })
		if i < 0 {
			continue
		}
		_, parts := was.Primary()
		for _, unit := range parts {
			line, ok := change(unit, was.Values(unit), after.Rows[i].Values(unit))
			if ok {
				fmt.Fprintf(columns, "%s\t%s\n", was.FullName, line)
				rows++
			}
		}
	}
	if rows == 0 {
		return fmt.Errorf("%s and %s have no row in common; give two files of the same cases", before.Name, after.Name)
	}
	return errors.Join(columns.Flush(), lines.Flush())
}

// change is a figure before and after, in columns. ok is false where one side lacks
// the figure.
func change(unit string, old, new []float64) (line string, ok bool) {
	if len(old) == 0 || len(new) == 0 {
		return "", false
	}
	var samples [2]*benchmath.Sample
	var medians [2]benchmath.Summary
	tidied := unit
	for i, values := range [][]float64{old, new} {
		tidy := make([]float64, len(values)) // NewSample sorts
		for k, v := range values {
			tidy[k], tidied = benchunit.Tidy(v, unit)
		}
		samples[i] = benchmath.NewSample(tidy, &benchmath.DefaultThresholds)
		medians[i] = benchmath.AssumeNothing.Summary(samples[i], summary.Confidence)
	}
	was, is := medians[0], medians[1]
	scale := benchunit.CommonScale([]float64{was.Center, is.Center}, benchunit.ClassOf(tidied))
	figure := func(s benchmath.Summary) string {
		return scale.Format(s.Center) + " ± " + s.PctRangeString()
	}
	test := benchmath.AssumeNothing.Compare(samples[0], samples[1])
	return fmt.Sprintf("%s\t%s\t%s\t%s (%s)", tidied, figure(was), figure(is), test.FormatDelta(was.Center, is.Center), test), true
}
