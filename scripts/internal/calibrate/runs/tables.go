package runs

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

// A Page is what a data file says of the gate.
type Page struct {
	Name   string // the data file's
	Source string // where the data come from
	Tables []Table
}

// A Table is one of its tables. The first of its rows is its head.
type Table struct {
	Title, About string
	Rows         [][]string
}

// Page says what the file's runs make of the gate. It is an error if the file
// has no run with a verdict, sessions of different rules, or a run whose
// figures can't be judged.
func (f *File) Page() (*Page, error) {
	answers, err := answersOf(f.Runs)
	if err != nil {
		return nil, err
	}
	if len(answers) == 0 {
		return nil, fmt.Errorf("%s holds no run with a verdict; \"go run ./scripts/calibrate\" makes some", f.Name)
	}
	first := f.Sessions[0]
	for _, s := range f.Sessions {
		if s.Alpha != first.Alpha || s.Margin != first.Margin {
			return nil, fmt.Errorf("%s has sessions at level %v with margin %v and at level %v with margin %v; keep each in a file of its own", f.Name, first.Alpha, first.Margin, s.Alpha, s.Margin)
		}
	}
	p := &Page{Name: f.Name, Source: f.source()}
	for _, t := range []Table{alarms(answers, first.Margin), power(answers)} {
		if len(t.Rows) > 1 {
			p.Tables = append(p.Tables, t)
		}
	}
	return p, nil
}

// Write writes the page as Markdown, with columns that a terminal shows aligned.
func (p *Page) Write(to io.Writer) error {
	w := bufio.NewWriter(to)
	fmt.Fprint(w, "## What the gate is worth on one machine\n\n")
	prose.Wrap(w, p.Source, "", "")
	for _, t := range p.Tables {
		fmt.Fprintf(w, "\n## %s\n\n", t.Title)
		prose.Wrap(w, t.About, "", "")
		fmt.Fprintln(w)
		columns := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
		for _, row := range slices.Insert(slices.Clone(t.Rows), 1, slices.Repeat([]string{"---"}, len(t.Rows[0]))) {
			fmt.Fprintf(columns, "| %s\t|\n", strings.Join(row, "\t| "))
		}
		columns.Flush() // an error stays in w
	}
	return w.Flush()
}

// source says where the data come from.
func (f *File) source() string {
	seconds := 0.0
	for _, r := range f.Runs {
		seconds += r.Seconds
	}
	of := func(key func(*Session) string) string {
		all, _ := group(f.Sessions, key)
		all = slices.DeleteFunc(all, func(v string) bool { return v == "" })
		return cmp.Or(strings.Join(all, ", "), none)
	}
	s := f.Sessions[0]
	return fmt.Sprintf("%s: %s of the gate, %.1f hours, %s to %s; level %s, margin %s. "+
		"Machine: %s, %s CPUs (%s), kernel %s, %s/%s, %s. Source: %s. Foreign package: %s. Runs without a verdict, which count for nothing else: %d.",
		f.Name, prose.Count(len(f.Runs), "run"), seconds/3600, s.Begun.Format(time.DateOnly), f.Runs[len(f.Runs)-1].Begun.Format(time.DateOnly),
		prose.Percent(s.Alpha), prose.Percent(s.Margin),
		s.Config["cpu"], s.Config["cpus"], s.Config["virt"], s.Config["kernel"], s.Config["goos"], s.Config["goarch"], of(func(s *Session) string { return s.Config["go"] }),
		of(func(s *Session) string { return s.Commit }), of(func(s *Session) string { return s.Package }), count(f.Runs, func(r *Run) bool { return r.Error != "" }).K)
}

// alarms are the runs in which there was nothing to find.
func alarms(answers []*answer, margin float64) Table {
	t := Table{Title: "Nothing had changed, or no more than the margin",
		About: "False alarms: in how many runs the gate said regression of some row, with the 95% interval of Clopper and Pearson, and the one-sided 95% bound. " +
			"In one layout, base and head share one binary in each round. Apart, each has a layout of its own, as other code has: of the kinds same and package, that is the " +
			"same rounds with the control in the place of base. Invalid: the control saw a difference. Undecided rows make a run inconclusive.",
		Rows: [][]string{{"runs", "sides", "rounds", "false alarms", "95%", "at most", "invalid", "inconclusive", "rows passed"}}}
	type line struct {
		Cell
		sides string
	}
	lines, of := group(answers, func(a *answer) line { return line{a.Cell, sides(a.apart)} })
	slices.SortStableFunc(lines, func(a, b line) int {
		return cmp.Or(slices.Index(Kinds, a.Kind)-slices.Index(Kinds, b.Kind), cmp.Compare(a.Budget, b.Budget), cmp.Compare(a.Inject, b.Inject))
	})
	said := func(v verdict.Verdict) func(*answer) bool {
		return func(a *answer) bool { return a.report.Verdict == v }
	}
	for _, l := range lines {
		if all := of[l]; l.Inject <= margin {
			found := count(all, (*answer).alarm)
			passed := count(rowsOf(all), func(r row) bool { return r.Verdict == verdict.Pass })
			t.Rows = append(t.Rows, []string{l.String(), l.sides, span(all, func(a *answer) int { return a.Rounds }), found.String(), found.within(), prose.Percent(found.Upper(level)),
				count(all, said(verdict.Invalid)).String(), count(all, said(verdict.Inconclusive)).String(), passed.String()})
		}
	}
	return t
}

// power is in how many runs a slowdown was found: a line for each row and
// budget, a column for each slowdown.
func power(answers []*answer) Table {
	t := Table{Title: "How often a slowdown is found",
		About: "All of head's rows were slowed down alike. In how many runs the row was found, with the 95% interval of Clopper and Pearson. Each row counts by itself, at the level " +
			"that it has if it alone is slower; a run whose control saw a difference has found nothing. A slowdown by no more than the margin is a false alarm where it is found. " +
			"Sides as above. Beside it what the slowdown reads: head/base over the runs, by signed ranks over their own estimates. Noise: the standard deviation of log(head/base) " +
			"from round to round within a run. Another layout adds half of the difference of the squares, apart less one layout, to the variance of a side.",
		Rows: [][]string{{"row", "sides", "budget", "noise"}}}
	type line struct {
		row, sides string
		budget     Duration
	}
	rows := slices.DeleteFunc(rowsOf(answers), func(r row) bool { return r.Inject == 0 })
	inject := func(r row) float64 { return r.Inject }
	slowdowns, _ := group(rows, inject)
	slices.Sort(slowdowns)
	for _, s := range slowdowns {
		t.Rows[0] = append(t.Rows[0], "+"+prose.Percent(s))
	}
	lines, of := group(rows, func(r row) line { return line{r.name(), sides(r.apart), r.Budget} })
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
		t.Rows = append(t.Rows, cells)
	}
	return t
}

// reads is head/base over runs by signed ranks over their own estimates, as a
// change: "+3.05%".
func reads(rows []row) string {
	var estimates []float64
	for _, r := range rows {
		estimates = append(estimates, math.Log(r.Ratio))
	}
	s, err := paired.SignedRank(estimates)
	if err != nil {
		return none
	}
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

func sides(apart bool) string {
	if apart {
		return "apart"
	}
	return "one layout"
}

// span is "22", or "20 to 24" where values differ.
func span[V any](all []V, of func(V) int) string {
	numbers, _ := group(all, of)
	if len(numbers) == 1 {
		return strconv.Itoa(numbers[0])
	}
	return fmt.Sprintf("%d to %d", slices.Min(numbers), slices.Max(numbers))
}
