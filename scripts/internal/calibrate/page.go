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

// page says in Markdown what the file's runs make of the gate, with columns that
// a terminal shows aligned. picture is the name of the picture's file, "" for
// none. It is an error if the file has no run with a verdict, or runs that the
// gate's defaults had different rules for.
func (f *file) page(to io.Writer, picture string) error {
	runs, err := f.judged()
	if err != nil {
		return err
	}
	w := bufio.NewWriter(to)
	fmt.Fprint(w, "# What the gate is worth\n\n")
	prose.Wrap(w, f.source(runs), "", "")
	fmt.Fprintln(w)
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
			"At most: the true share of such runs, with 95% confidence (Clopper and Pearson's exact bound).",
			"Passed: the gate showed for every row that head is slower by no more than the margin.",
			"Invalid: the control, base against base, saw a difference.",
			"Median, 90% within: the time to the verdict.",
		},
		unchangedTable(runs))
	writeTable(w, "Head was slower",
		"Every row of head does more work, by the share at the end of the line's name. Foreign benchmarks do their loop's body twice in every 20th iteration for +5%, in every 10th for +10%. "+
			"Base counts its iterations, too, but never repeats one. Head has layouts of its own.",
		[]string{
			"Found in: runs whose verdict is regression, because of a time.",
			"At least: the true share of such runs, with 95% confidence.",
			"Found rows: rows of times that the gate called slower.",
			"Passed rows: rows of times that the gate called no slower than the margin.",
			"Reads: the median slowdown that the gate measured. Repeated work finds warm caches, so it may read less than was injected.",
		},
		slowerTable(runs))
	fmt.Fprint(w, "\n## How long it takes\n\n")
	if picture != "" {
		fmt.Fprintf(w, "![%s](%s)\n\n", pictureTitle, picture)
	}
	prose.Wrap(w, "Seconds count from the start of the command, so the builds are in them. A run ends when all of its rows are decided, or when the budget is over. "+roundsOf(runs), "", "")
	fmt.Fprint(w, "\n## What limits it\n\n")
	for _, s := range limits(runs) {
		prose.Wrap(w, s, "- ", "  ")
	}
	return w.Flush()
}

// judged are the runs that have a verdict.
func (f *file) judged() ([]*trial, error) {
	runs := slices.DeleteFunc(slices.Clone(f.runs), func(r *trial) bool { return r.Error != "" })
	if len(runs) == 0 {
		return nil, fmt.Errorf("%s holds no run with a verdict; \"go run ./scripts/calibrate\" makes some", f.Path)
	}
	rules := func(r *trial) string {
		return fmt.Sprintf("level %s with margin %s", prose.Percent(r.Alpha), prose.Percent(r.Margin))
	}
	if all, _ := group(where(runs, atDefaults), rules); len(all) > 1 {
		return nil, fmt.Errorf("%s has runs by other defaults of the gate: %s; keep each in a file of its own", f.Path, strings.Join(all, ", "))
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

// source says where the data come from.
func (f *file) source(runs []*trial) string {
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
	return fmt.Sprintf("%s in %.1f hours, %s to %s; margin %s, level %s; %s. Source: %s. Runs that failed and count for nothing else: %d.",
		prose.Count(len(f.runs), "run"), seconds/3600, f.runs[0].Begun.Format(time.DateOnly), f.runs[len(f.runs)-1].Begun.Format(time.DateOnly), prose.Percent(first.Margin), prose.Percent(first.Alpha),
		of(func(s *session) string { return s.Config["go"] }),
		of(func(s *session) string { return s.Commit }), len(f.runs)-len(runs))
}

// machinesOf are the machines on which runs were, in the order of their first
// runs, and the runs of each.
func machinesOf(runs []*trial) (machines []string, on map[string][]*trial) {
	return group(runs, func(r *trial) string { return r.on.machine() })
}

// writeTable writes a section with a table and what its columns mean, unless the
// table has nothing but its head.
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
	columns := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	for _, row := range slices.Insert(rows, 1, slices.Repeat([]string{"---"}, len(rows[0]))) {
		fmt.Fprintf(columns, "| %s\t|\n", strings.Join(row, "\t| "))
	}
	columns.Flush() // an error stays in w
}

// byCell are the runs of each cell: by margin, the default first, subject and
// slowdown.
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

func undecided(r *trial) bool {
	return !slices.Contains([]verdict.Verdict{verdict.Pass, verdict.Regression, verdict.Invalid}, r.Verdict)
}

// unchangedTable is what the gate said where nothing had changed.
func unchangedTable(runs []*trial) [][]string {
	table := [][]string{{"runs of", "false alarms", "at most", "passed", "undecided", "invalid", "median", "90% within"}}
	add := func(name string, runs []*trial) {
		if len(runs) == 0 {
			return
		}
		alarms := count(runs, func(r *trial) bool {
			return slices.ContainsFunc(r.Rows, func(r row) bool { return r.Verdict == verdict.Regression })
		})
		table = append(table, append([]string{name, alarms.String(), prose.Percent(alarms.upper(level)),
			count(runs, said(verdict.Pass)).String(), count(runs, undecided).String(), count(runs, said(verdict.Invalid)).String()}, took(runs)...))
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

// slowerTable is what the gate found of slowdowns.
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

// timed tells a row of times, which an injected slowdown is one of.
func (r row) timed() bool { return r.Unit != "B/op" && r.Unit != "allocs/op" }

// timed are the run's rows of times.
func (r *trial) timed() []row {
	return slices.DeleteFunc(slices.Clone(r.Rows), func(r row) bool { return !r.timed() })
}

// took is how long runs took: their median, and what nine in ten took at most.
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
	return fmt.Sprintf("At the default margin a row of times takes %.0f rounds in the median, and nine in ten take %.0f or fewer.", median(timed, rounds), ninth(timed, rounds))
}

// values are some figure of all, sorted.
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

// ninth is what nine in ten have at most.
func ninth[V any](all []V, of func(V) float64) float64 {
	return values(all, of)[int(math.Ceil(0.9*float64(len(all))))-1]
}

// change is a share with its sign: "+3.1%".
func change(share float64) string {
	return strings.Replace(fmt.Sprintf("%+.1f%%", 100*share), "-", "−", 1)
}

// mostLimits is of how many rows the page says what limits them.
const mostLimits = 6

// A result is a row of a run of some cell.
type result struct {
	cell
	row
}

// missed tells whether the row was left undecided where nothing had changed, or a
// slowdown of it not found.
func (r result) missed() bool {
	if r.inject > 0 {
		return r.timed() && r.Verdict != verdict.Regression
	}
	return r.Verdict != verdict.Pass && r.Verdict != verdict.Regression
}

// limits says what kept runs from being decided, and slowdowns from being found:
// the rows that were missed most often.
func limits(runs []*trial) []string {
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
	var texts []string
	for _, l := range lines[:min(len(lines), mostLimits)] {
		missed := slices.DeleteFunc(slices.Clone(of[l]), func(r result) bool { return !r.missed() })
		rest := slices.DeleteFunc(slices.Clone(of[l]), result.missed)
		what := "undecided"
		if l.inject > 0 {
			what = "not found"
		}
		text := fmt.Sprintf("%v, %s (%s): %s in %v runs. There half of its rounds lay within ±%s of their middle",
			l.cell, prose.Markdown(l.name), l.unit, what, tally{len(missed), len(of[l])}, prose.Percent(median(missed, spread)))
		if len(rest) > 0 {
			text += fmt.Sprintf(", in its other runs within ±%s", prose.Percent(median(rest, spread)))
		}
		text += ", and it read " + change(median(missed, func(r result) float64 { return r.Ratio - 1 }))
		if most := median(missed, func(r result) float64 { return r.Most }); most != 0 {
			text += fmt.Sprintf(", at most %s", change(most))
		}
		texts = append(texts, text+" (medians).")
	}
	switch n := len(lines) - mostLimits; {
	case len(lines) == 0:
		texts = append(texts, "At the default margin no row was left undecided, and no slowdown was missed.")
	case n > 0:
		texts = append(texts, fmt.Sprintf("%s more had such runs, a smaller share of them.", prose.Count(n, "row")))
	}
	return append(texts, busy(runs)...)
}

// busy says what others took of the machine.
func busy(runs []*trial) []string {
	stolen := func(of []*trial) (shares []float64) {
		for _, r := range of {
			for _, field := range strings.Fields(r.Weather) {
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
	text := fmt.Sprintf("The host gave %s of the CPU time to others in the median run (steal), %s in the worst one", prose.Percent(numbers.Median(all)), prose.Percent(slices.Max(all)))
	if without := stolen(where(runs, undecided)); without != nil {
		text += fmt.Sprintf("; in the median undecided run %s", prose.Percent(numbers.Median(without)))
	}
	return []string{text + "."}
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
		About: "A line for each sort of runs, at the gate's default margin and budget. It rises where a run said pass or regression. Undecided and invalid runs keep it below 100%.",
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

// group sorts values by a key: the keys as they first come, and the values of each.
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
