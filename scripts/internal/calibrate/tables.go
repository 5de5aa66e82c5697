package calibrate

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/prose"
)

// page says in Markdown what the file's runs make of the gate, with columns that
// a terminal shows aligned. It is an error if the file has no run with a
// verdict, sessions of different rules, or a run whose figures can't be judged.
func (f *file) page(to io.Writer) error {
	answers, err := answersOf(f.runs)
	if err != nil {
		return err
	}
	if len(answers) == 0 {
		return fmt.Errorf("%s holds no run with a verdict; \"go run ./scripts/calibrate\" makes some", f.Path)
	}
	first := f.sessions[0]
	for _, s := range f.sessions {
		if s.Alpha != first.Alpha || s.Margin != first.Margin {
			return fmt.Errorf("%s has sessions at level %v with margin %v and at level %v with margin %v; keep each in a file of its own", f.Path, first.Alpha, first.Margin, s.Alpha, s.Margin)
		}
	}
	w := bufio.NewWriter(to)
	fmt.Fprint(w, "## What the gate is worth on one machine\n\n")
	prose.Wrap(w, f.source(), "", "")
	writeTable(w, "Nothing had changed, or no more than the margin",
		"False alarms: in how many runs the gate said regression of some row, with the 95% interval of Clopper and Pearson, and the one-sided 95% bound. "+
			"In one layout, base and head share one binary in each round. Apart, each has a layout of its own, as other code has: of the kinds same and package, that is the "+
			"same rounds with the control in the place of base. Invalid: the control saw a difference. Undecided rows make a run inconclusive.",
		alarms(answers, first.Margin))
	writeTable(w, "How often a slowdown is found",
		"All of head's rows were slowed down alike. In how many runs the row was found, with the 95% interval of Clopper and Pearson. Each row counts by itself, at the level "+
			"that it has if it alone is slower; a run whose control saw a difference has found nothing. A slowdown by no more than the margin is a false alarm where it is found. "+
			"Sides as above. Beside it what the slowdown reads: head/base over the runs, by signed ranks over their own estimates. Noise: the standard deviation of log(head/base) "+
			"from round to round within a run. Another layout adds half of the difference of the squares, apart less one layout, to the variance of a side.",
		power(answers))
	return w.Flush()
}

// writeTable writes a section with a table, unless that has nothing but its head.
func writeTable(w io.Writer, title, about string, rows [][]string) {
	if len(rows) == 1 {
		return
	}
	fmt.Fprintf(w, "\n## %s\n\n", title)
	prose.Wrap(w, about, "", "")
	fmt.Fprintln(w)
	columns := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for _, row := range slices.Insert(rows, 1, slices.Repeat([]string{"---"}, len(rows[0]))) {
		fmt.Fprintf(columns, "| %s\t|\n", strings.Join(row, "\t| "))
	}
	columns.Flush() // an error stays in w
}

// source says where the data come from.
func (f *file) source() string {
	seconds := 0.0
	for _, r := range f.runs {
		seconds += r.Seconds
	}
	of := func(key func(*session) string) string {
		all, _ := group(f.sessions, key)
		all = slices.DeleteFunc(all, func(v string) bool { return v == "" })
		return cmp.Or(strings.Join(all, ", "), none)
	}
	s := f.sessions[0]
	return fmt.Sprintf("%s: %s of the gate, %.1f hours, %s to %s; level %s, margin %s. "+
		"Machine: %s, %s CPUs (%s), kernel %s, %s/%s, %s. Source: %s. Foreign package: %s. Runs without a verdict, which count for nothing else: %d.",
		f.Path, prose.Count(len(f.runs), "run"), seconds/3600, s.Begun.Format(time.DateOnly), f.runs[len(f.runs)-1].Begun.Format(time.DateOnly),
		prose.Percent(s.Alpha), prose.Percent(s.Margin),
		s.Config["cpu"], s.Config["cpus"], s.Config["virt"], s.Config["kernel"], s.Config["goos"], s.Config["goarch"], of(func(s *session) string { return s.Config["go"] }),
		of(func(s *session) string { return s.Commit }), of(func(s *session) string { return s.Package }), count(f.runs, func(r *trial) bool { return r.Error != "" }).k)
}

// alarms are the runs in which there was nothing to find.
func alarms(answers []*answer, margin float64) [][]string {
	table := [][]string{{"runs", "sides", "rounds", "false alarms", "95%", "at most", "invalid", "inconclusive", "rows passed"}}
	type line struct {
		cell
		sides string
	}
	lines, of := group(answers, func(a *answer) line { return line{a.cell, a.sides} })
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(slices.Index(kinds, a.Kind)-slices.Index(kinds, b.Kind), cmp.Compare(a.Budget, b.Budget), cmp.Compare(a.Inject, b.Inject))
	})
	said := func(v verdict.Verdict) func(*answer) bool {
		return func(a *answer) bool { return a.report.Verdict == v }
	}
	for _, l := range lines {
		if all := of[l]; l.Inject <= margin {
			found := count(all, (*answer).alarm)
			passed := count(rowsOf(all), func(r row) bool { return r.Verdict == verdict.Pass })
			table = append(table, []string{l.String(), l.sides, span(all), found.String(), found.within(), prose.Percent(found.upper(level)),
				count(all, said(verdict.Invalid)).String(), count(all, said(verdict.Inconclusive)).String(), passed.String()})
		}
	}
	return table
}

// power is in how many runs a slowdown was found: a line for each row and
// budget, a column for each slowdown.
func power(answers []*answer) [][]string {
	table := [][]string{{"row", "sides", "budget", "noise"}}
	type line struct {
		row, sides string
		budget     duration
	}
	rows := slices.DeleteFunc(rowsOf(answers), func(r row) bool { return r.Inject == 0 })
	inject := func(r row) float64 { return r.Inject }
	slowdowns, _ := group(rows, inject)
	slices.Sort(slowdowns)
	for _, s := range slowdowns {
		table[0] = append(table[0], "+"+prose.Percent(s))
	}
	lines, of := group(rows, func(r row) line { return line{r.name(), r.sides, r.Budget} })
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.row, b.row), cmp.Compare(b.sides, a.sides), cmp.Compare(a.budget, b.budget))
	})
	for _, l := range lines {
		cells := []string{l.row, l.sides, l.budget.String(), prose.Percent(noise(of[l]))}
		_, by := group(of[l], inject)
		for _, s := range slowdowns {
			cell := none
			if by[s] != nil {
				found := count(by[s], row.found)
				cell = found.String() + " " + found.within() + " " + reads(by[s])
			}
			cells = append(cells, cell)
		}
		table = append(table, cells)
	}
	return table
}

// reads is head/base over runs by signed ranks over their own estimates, as a
// change: "+3.05%".
func reads(rows []row) string {
	var estimates []float64
	for _, r := range rows {
		estimates = append(estimates, math.Log(r.Ratio))
	}
	s, _ := paired.SignedRank(estimates) // of one at least, all finite
	return strings.Replace(fmt.Sprintf("%+.2f%%", 100*math.Expm1(s.Estimate())), "-", "−", 1)
}

// noise is the standard deviation of log(head/base) within runs.
func noise(rows []row) float64 {
	squares, freedom := 0.0, 0.0
	for _, r := range rows {
		sum, n := 0.0, float64(len(r.Row.Pairs))
		for _, p := range r.Row.Pairs {
			log := math.Log(p.Head / p.Base)
			sum, squares = sum+log, squares+log*log
		}
		squares, freedom = squares-sum*sum/n, freedom+n-1
	}
	return math.Sqrt(max(0, squares) / freedom)
}

// none stands where there is no figure.
const none = "–"

// span is how many rounds there are: "22", or "20 to 24" where runs differ.
func span(all []*answer) string {
	numbers, _ := group(all, func(a *answer) int { return a.Rounds })
	if len(numbers) == 1 {
		return strconv.Itoa(numbers[0])
	}
	return fmt.Sprintf("%d to %d", slices.Min(numbers), slices.Max(numbers))
}
