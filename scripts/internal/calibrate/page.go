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

	"threadbench/bench/numbers"
	"threadbench/scripts/internal/chart"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/prose"
)

// page writes what the file's runs say about the gate, in Markdown whose
// columns are also aligned on a terminal. picture is the name of the picture's
// file, "" for none. It is an error if no run has a verdict, or if runs had
// other defaults of the gate.
func (f *file) page(to io.Writer, picture string) error {
	runs, err := f.judged()
	if err != nil {
		return err
	}
	w := bufio.NewWriter(to)
	fmt.Fprint(w, "# What the gate is worth\n\n")
	for _, line := range f.source(runs) {
		prose.Wrap(w, line, "- ", "  ")
	}
	machines, on := machinesOf(runs)
	for i, m := range machines {
		prose.Wrap(w, fmt.Sprintf("Machine %d: %s; %s.", i+1, m, prose.Count(len(on[m]), "run")), "- ", "  ")
	}
	fmt.Fprintln(w)
	prose.Wrap(w, "A run is a whole run of the gate, from the build to the verdict, at its default margin and budget. Lines with @ have another margin. What was measured:", "", "")
	fmt.Fprintln(w)
	for _, s := range subjects {
		if about := f.sessions[0].Subjects[s.name]; about != "" {
			prose.Wrap(w, fmt.Sprintf("**%s** %s: `%s`", s.name, s.about, about), "- ", "  ")
		}
	}
	writeTable(w, "Nothing had changed",
		"Half of the runs link head in base's layout, as when only an environment changes. The other half link head in layouts of its own, as when code changes.",
		[]string{
			"False alarms: runs in which the gate called a row slower.",
			"At most: the upper 95% confidence bound of the share of such runs (Clopper and Pearson, exact).",
			"Passed: the gate showed for every row that head is slower by no more than the margin.",
			"Invalid: the control, base against base, saw a difference.",
			"Median, 90% within: the time to the verdict.",
		},
		unchangedTable(runs))
	writeTable(w, "Head was slower",
		"Every row of head does more work, by the share at the end of the line's name. Foreign benchmarks run their loop's body twice in every 20th iteration for +5%, and in every 10th for +10%. "+
			"Base counts its iterations, too, but never repeats one. Head has layouts of its own.",
		[]string{
			"Found in: runs whose verdict is regression, because of a time.",
			"At least: the lower 95% confidence bound of the share of such runs.",
			"Found rows: timed rows that the gate called slower.",
			"Passed rows: timed rows that the gate showed to be slower by no more than the margin.",
			"Reads: the median slowdown that the gate measured. Repeated work finds warm caches, so this may be less than was injected.",
		},
		slowerTable(runs))
	fmt.Fprint(w, "\n## How long it takes\n\n")
	if picture != "" {
		fmt.Fprintf(w, "![%s](%s)\n\n", pictureTitle, picture)
	}
	prose.Wrap(w, "Times count from the start of the command and include the builds. A run ends when all of its rows are decided, or when the budget is over. "+roundsOf(runs), "", "")
	fmt.Fprint(w, "\n## What limits it\n\n")
	table, text := limits(runs)
	if len(table) > 1 {
		prose.Wrap(w, "Rows that most often were left inconclusive, or whose slowdown was not found, at the default margin. All figures are medians.", "", "")
		fmt.Fprintln(w)
		for _, m := range []string{
			"Spread: half of a run's rounds lay within this share of their middle, in the runs of the second column. Elsewhere: the same in the other runs.",
			"Reads: the slowdown that the gate measured. At most: the greatest slowdown that it could not rule out.",
		} {
			prose.Wrap(w, m, "- ", "  ")
		}
		fmt.Fprintln(w)
		writeRows(w, table)
		if text != "" {
			fmt.Fprintln(w)
		}
	}
	if text != "" {
		prose.Wrap(w, text, "", "")
	}
	if steal := busy(runs); steal != nil {
		fmt.Fprintln(w)
		prose.Wrap(w, "Steal, the share of the CPU time that the host gave to others:", "", "")
		fmt.Fprintln(w)
		writeRows(w, steal)
	}
	return w.Flush()
}

// judged are the runs that have a verdict.
func (f *file) judged() ([]*trial, error) {
	runs := slices.DeleteFunc(slices.Clone(f.runs), func(r *trial) bool { return r.Error != "" })
	if len(runs) == 0 {
		return nil, fmt.Errorf("%s has no run with a verdict; \"go run ./scripts/calibrate\" makes some", f.Path)
	}
	rules := func(r *trial) string {
		return fmt.Sprintf("level %s with margin %s", prose.Percent(r.Alpha), prose.Percent(r.Margin))
	}
	if all, _ := group(where(runs, atDefaults), rules); len(all) > 1 {
		return nil, fmt.Errorf("%s has runs with different defaults of the gate: %s; keep each in a file of its own", f.Path, strings.Join(all, ", "))
	}
	return runs, nil
}

func atDefaults(r *trial) bool { return r.Cell.margin == 0 }
func unchanged(r *trial) bool  { return r.Cell.inject == 0 }
func foreign(r *trial) bool    { return r.Cell.subject != own }

// where are the runs for which all of these hold.
func where(runs []*trial, all ...func(*trial) bool) []*trial {
	return slices.DeleteFunc(slices.Clone(runs), func(r *trial) bool {
		return slices.ContainsFunc(all, func(holds func(*trial) bool) bool { return !holds(r) })
	})
}

// source lists where the data come from.
func (f *file) source(runs []*trial) []string {
	seconds := 0.0
	for _, r := range f.runs {
		seconds += r.Seconds
	}
	of := func(key func(*session) string) string {
		all, _ := group(f.sessions, key)
		return strings.Join(all, ", ")
	}
	first := runs[0]
	if d := where(runs, atDefaults); len(d) > 0 {
		first = d[0]
	}
	return []string{
		fmt.Sprintf("Runs: %d in %.1f hours, %s to %s. Failed, and not counted below: %d.", len(f.runs), seconds/3600,
			f.runs[0].Begun.Format(time.DateOnly), f.runs[len(f.runs)-1].Begun.Format(time.DateOnly), len(f.runs)-len(runs)),
		fmt.Sprintf("Gate: margin %s, level %s, source %s, %s.", prose.Percent(first.Margin), prose.Percent(first.Alpha), of(func(s *session) string { return s.Commit }), of(func(s *session) string { return s.Config["go"] })),
	}
}

// machinesOf are the machines on which runs were, in the order of their first
// runs, and the runs of each.
func machinesOf(runs []*trial) (machines []string, on map[string][]*trial) {
	return group(runs, func(r *trial) string { return r.on.machine() })
}

// writeTable writes a section with a table and what its columns mean. It writes
// nothing if the table has only its head.
func writeTable(w io.Writer, title, about string, meanings []string, rows [][]string) {
	if len(rows) == 1 {
		return
	}
	fmt.Fprintf(w, "\n## %s\n\n", title)
	prose.Wrap(w, about, "", "")
	fmt.Fprintln(w)
	for _, m := range meanings {
		prose.Wrap(w, m, "- ", "  ")
	}
	fmt.Fprintln(w)
	writeRows(w, rows)
}

// writeRows writes a table; the first row is its head.
func writeRows(w io.Writer, rows [][]string) {
	columns := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for _, row := range slices.Insert(rows, 1, slices.Repeat([]string{"---"}, len(rows[0]))) {
		fmt.Fprintf(columns, "| %s\t|\n", strings.Join(row, "\t| "))
	}
	columns.Flush() // an error stays in w
}

// byCell groups the runs by cell. The cells are sorted by margin, the default
// first, then subject and slowdown.
func byCell(runs []*trial) (cells []cell, of map[cell][]*trial) {
	cells, of = group(runs, func(r *trial) cell { return r.Cell })
	index := func(c cell) int {
		return slices.IndexFunc(subjects, func(s subject) bool { return s.name == c.subject })
	}
	slices.SortFunc(cells, func(a, b cell) int {
		return cmp.Or(cmp.Compare(a.margin, b.margin), index(a)-index(b), cmp.Compare(a.inject, b.inject))
	})
	return cells, of
}

func said(v verdict.Verdict) func(*trial) bool {
	return func(r *trial) bool { return r.Verdict == v }
}

func inconclusive(r *trial) bool {
	return !slices.Contains([]verdict.Verdict{verdict.Pass, verdict.Regression, verdict.Invalid}, r.Verdict)
}

// unchangedTable is the gate's results where nothing had changed.
func unchangedTable(runs []*trial) [][]string {
	table := [][]string{{"runs of", "false alarms", "at most", "passed", "inconclusive", "invalid", "median", "90% within"}}
	add := func(name string, runs []*trial) {
		if len(runs) == 0 {
			return
		}
		alarms := count(runs, func(r *trial) bool {
			return slices.ContainsFunc(r.Rows, func(r row) bool { return r.Verdict == verdict.Regression })
		})
		table = append(table, append([]string{name, alarms.String(), prose.Percent(alarms.upper(level)),
			count(runs, said(verdict.Pass)).String(), count(runs, inconclusive).String(), count(runs, said(verdict.Invalid)).String()}, took(runs)...))
	}
	all := where(runs, unchanged)
	cells, of := byCell(all)
	for _, c := range cells {
		if c.margin == 0 {
			add(c.String(), of[c])
		}
	}
	all = where(all, atDefaults)
	add("all foreign", where(all, foreign))
	add("all in base's layout", where(all, func(r *trial) bool { return !r.Apart }))
	add("all in layouts of their own", where(all, func(r *trial) bool { return r.Apart }))
	if machines, on := machinesOf(runs); len(machines) > 1 {
		for i, m := range machines {
			add(fmt.Sprintf("all on machine %d", i+1), where(on[m], atDefaults, unchanged))
		}
	}
	for _, c := range cells {
		if c.margin > 0 {
			add(c.String(), of[c])
		}
	}
	return table
}

// slowerTable is the gate's results for slowdowns.
func slowerTable(runs []*trial) [][]string {
	table := [][]string{{"runs of", "found in", "at least", "found rows", "passed rows", "reads", "median", "90% within"}}
	cells, of := byCell(where(runs, func(r *trial) bool { return !unchanged(r) }))
	for _, c := range cells {
		var timed []row
		for _, r := range of[c] {
			timed = append(timed, r.timed()...)
		}
		found := count(of[c], func(r *trial) bool {
			return r.Verdict == verdict.Regression && slices.ContainsFunc(r.timed(), func(r row) bool { return r.Verdict == verdict.Regression })
		})
		rows := func(v verdict.Verdict) string {
			return count(timed, func(r row) bool { return r.Verdict == v }).String()
		}
		table = append(table, append([]string{c.String(), found.String(), prose.Percent(found.lower(level)),
			rows(verdict.Regression), rows(verdict.Pass), change(median(timed, func(r row) float64 { return r.Ratio - 1 }))}, took(of[c])...))
	}
	return table
}

// timed tells whether a row is of times; an injected slowdown shows in those
// alone.
func (r row) timed() bool { return r.Unit != "B/op" && r.Unit != "allocs/op" }

// timed are the run's rows of times.
func (r *trial) timed() []row {
	return slices.DeleteFunc(slices.Clone(r.Rows), func(r row) bool { return !r.timed() })
}

// took is how long the runs took: the median, and the time within which nine in
// ten ended.
func took(runs []*trial) []string {
	seconds := func(r *trial) float64 { return r.Seconds }
	return []string{fmt.Sprintf("%.0f s", median(runs, seconds)), fmt.Sprintf("%.0f s", ninth(runs, seconds))}
}

// roundsOf says how many rounds rows of times took.
func roundsOf(runs []*trial) string {
	var timed []row
	for _, r := range where(runs, atDefaults) {
		timed = append(timed, r.timed()...)
	}
	if timed == nil {
		return ""
	}
	rounds := func(r row) float64 { return float64(r.Rounds) }
	return fmt.Sprintf("At the default margin a timed row takes %.0f rounds in the median, and nine in ten take %.0f or fewer.", median(timed, rounds), ninth(timed, rounds))
}

// values are one figure of each, sorted.
func values[V any](all []V, of func(V) float64) (values []float64) {
	for _, v := range all {
		values = append(values, of(v))
	}
	slices.Sort(values)
	return values
}

func median[V any](all []V, of func(V) float64) float64 {
	if len(all) == 0 {
		return 0
	}
	return numbers.Median(values(all, of))
}

// ninth is the value that nine in ten don't exceed.
func ninth[V any](all []V, of func(V) float64) float64 {
	return values(all, of)[int(math.Ceil(0.9*float64(len(all))))-1]
}

// change is a share with its sign: "+3.1%".
func change(share float64) string {
	return strings.Replace(fmt.Sprintf("%+.1f%%", 100*share), "-", "−", 1)
}

// mostLimits is how many rows the page lists as limits.
const mostLimits = 6

// A result is a row of a run, with the run's cell.
type result struct {
	cell
	row
}

// missed tells whether an unchanged row was left inconclusive, or a slowdown not
// found.
func (r result) missed() bool {
	if r.inject > 0 {
		return r.timed() && r.Verdict != verdict.Regression
	}
	return r.Verdict != verdict.Pass && r.Verdict != verdict.Regression
}

// limits lists what kept runs from being decided and slowdowns from being
// found: the rows that were missed most often, or a sentence if there are none.
func limits(runs []*trial) (table [][]string, text string) {
	type line struct {
		cell
		name, unit string
	}
	var all []result
	for _, r := range where(runs, atDefaults) {
		for _, row := range r.Rows {
			all = append(all, result{r.Cell, row})
		}
	}
	lines, of := group(all, func(r result) line { return line{r.cell, r.Name, r.Unit} })
	share := func(l line) float64 {
		missed := count(of[l], result.missed)
		return float64(missed.k) / float64(missed.n)
	}
	lines = slices.DeleteFunc(lines, func(l line) bool { return share(l) == 0 })
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(share(b), share(a)) })
	spread := func(r result) float64 { return r.Spread }
	table = [][]string{{"row", "runs", "spread", "elsewhere", "reads", "at most"}}
	for _, l := range lines[:min(len(lines), mostLimits)] {
		missed := slices.DeleteFunc(slices.Clone(of[l]), func(r result) bool { return !r.missed() })
		rest := slices.DeleteFunc(slices.Clone(of[l]), result.missed)
		what, elsewhere, most := "inconclusive", "–", "–"
		if l.inject > 0 {
			what = "not found"
		}
		if len(rest) > 0 {
			elsewhere = "±" + prose.Percent(median(rest, spread))
		}
		if m := median(missed, func(r result) float64 { return r.Most }); m != 0 {
			most = change(m)
		}
		table = append(table, []string{
			fmt.Sprintf("%v, %s (%s)", l.cell, prose.Markdown(l.name), l.unit), fmt.Sprintf("%s in %v", what, tally{len(missed), len(of[l])}),
			"±" + prose.Percent(median(missed, spread)), elsewhere, change(median(missed, func(r result) float64 { return r.Ratio - 1 })), most,
		})
	}
	switch n := len(lines) - mostLimits; {
	case len(lines) == 0:
		text = "At the default margin no row was left inconclusive, and no slowdown was missed."
	case n > 0:
		text = fmt.Sprintf("%s more had such runs, but less often.", prose.Count(n, "row"))
	}
	return table, text
}

// busy is how much CPU time the host gave to others.
func busy(runs []*trial) [][]string {
	stolen := func(of []*trial) (shares []float64) {
		for _, r := range of {
			for _, field := range strings.Fields(r.Disturbance) {
				if v, ok := strings.CutPrefix(field, "steal="); ok {
					if percent, err := strconv.ParseFloat(strings.TrimSuffix(v, "%"), 64); err == nil {
						shares = append(shares, percent/100)
					}
				}
			}
		}
		return shares
	}
	all := stolen(runs)
	if all == nil {
		return nil
	}
	table := [][]string{{"median run", "worst run"}, {prose.Percent(numbers.Median(all)), prose.Percent(slices.Max(all))}}
	if without := stolen(where(runs, inconclusive)); without != nil {
		table[0], table[1] = append(table[0], "median inconclusive run"), append(table[1], prose.Percent(numbers.Median(without)))
	}
	return table
}

const pictureTitle = "How many runs were decided after how many seconds"

// picture draws the share of runs that were decided over time.
func (f *file) picture(w io.Writer) error {
	runs, err := f.judged()
	if err != nil {
		return err
	}
	runs = where(runs, atDefaults)
	plot := chart.Plot{
		Title: pictureTitle,
		About: "A line for each kind of run, at the gate's default margin and budget. The line rises where a run ended with pass or regression. Inconclusive and invalid runs keep it below 100%.",
		X:     chart.Axis{Label: "seconds since the start", Log: true},
		Y:     chart.Axis{Label: "runs decided", Min: 0, Max: 1, Format: prose.Percent},
	}
	slower := func(inject float64) []*trial {
		return where(runs, func(r *trial) bool { return r.Cell.inject == inject })
	}
	for _, l := range []struct {
		name, class string
		runs        []*trial
	}{
		{"own, unchanged", "goroutine", where(runs, unchanged, func(r *trial) bool { return !foreign(r) })},
		{"foreign, unchanged", "clone", where(runs, unchanged, foreign)},
		{"all, +5%", "locked", slower(0.05)},
		{"all, +10%", "pthread", slower(0.1)},
	} {
		decided := where(l.runs, func(r *trial) bool { return r.Verdict == verdict.Pass || r.Verdict == verdict.Regression })
		if len(decided) == 0 {
			continue
		}
		slices.SortFunc(decided, func(a, b *trial) int { return cmp.Compare(a.Seconds, b.Seconds) })
		line := chart.Line{Look: chart.Look{Class: l.class, Marker: chart.None}, Label: l.name, Value: tally{len(decided), len(l.runs)}.String()}
		share := 0.0
		for i, r := range decided { // a step up at each
			before := share
			share = float64(i+1) / float64(len(l.runs))
			line.Points = append(line.Points, chart.Point{X: r.Seconds, Y: before}, chart.Point{X: r.Seconds, Y: share})
		}
		plot.Lines = append(plot.Lines, line)
	}
	return chart.Sheet{Title: plot.Title, About: plot.About, Columns: 1, Width: 640, Mark: "<!-- made by threadbench calibrate; to be made again, not edited -->", Charts: []chart.Drawing{plot}}.Write(w)
}

// group groups values by a key. The keys are in order of first appearance.
func group[K comparable, V any](all []V, key func(V) K) (keys []K, of map[K][]V) {
	of = map[K][]V{}
	for _, v := range all {
		k := key(v)
		if of[k] == nil {
			keys = append(keys, k)
		}
		of[k] = append(of[k], v)
	}
	return keys, of
}
