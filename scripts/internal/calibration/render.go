package calibration

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"threadbench/scripts/internal/prose"
)

// Formats are the names that Write takes.
var Formats = []string{"text", "markdown", "json", "svg"}

// Write renders the analysis in one of Formats; svg is the power curves alone.
// Its errors are the writer's and a format that is none.
func (a *Analysis) Write(w io.Writer, format string) error {
	switch format {
	case "text":
		return a.render(w, text{})
	case "markdown":
		return a.render(w, markdown{})
	case "svg":
		return a.picture(w)
	case "json":
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(a)
	}
	return fmt.Errorf("format %q: give one of %s", format, strings.Join(Formats, ", "))
}

// A style is how a page is set.
type style interface {
	title(w io.Writer, s string)
	paragraph(w io.Writer, s string)
	table(w io.Writer, rows [][]string) error // the first one is its head
}

type text struct{}

func (text) title(w io.Writer, s string)     { fmt.Fprintf(w, "%s\n\n", s) }
func (text) paragraph(w io.Writer, s string) { prose.Wrap(w, s, "", ""); fmt.Fprintln(w) }
func (text) table(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintf(t, "  %s\n", strings.Join(r, "\t"))
	}
	fmt.Fprintln(t)
	return t.Flush()
}

type markdown struct{}

func (markdown) title(w io.Writer, s string)     { fmt.Fprintf(w, "## %s\n\n", s) }
func (markdown) paragraph(w io.Writer, s string) { prose.Wrap(w, s, "", ""); fmt.Fprintln(w) }
func (markdown) table(w io.Writer, rows [][]string) error {
	for i, r := range rows {
		fmt.Fprintf(w, "| %s |\n", strings.Join(r, " | "))
		if i == 0 {
			fmt.Fprintf(w, "|%s\n", strings.Repeat("---|", len(r)))
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

func (a *Analysis) render(to io.Writer, s style) error {
	w := bufio.NewWriter(to)
	s.title(w, "What the gate is worth on one machine")
	s.paragraph(w, a.Source())
	for _, section := range a.Sections() {
		s.title(w, section.Title)
		s.paragraph(w, section.About)
		if err := s.table(w, section.Rows); err != nil {
			return err
		}
	}
	return w.Flush()
}

// A Section is a table of an analysis. The first of its rows is its head.
type Section struct {
	Title, About string
	Rows         [][]string
}

// Sections are the tables that there are runs for.
func (a *Analysis) Sections() []Section {
	all := []Section{
		{"Nothing had changed, or no more than the margin", "How many runs said regression of some row, though base and head were the same, or head slower by no more than " +
			"the margin; the 95% interval is Clopper and Pearson's, " +
			"the bound beside it the one-sided one at 95%. Apart: the same rounds with the control in the place of base, so that the two sides have layouts of " +
			"their own, as other code has. Invalid: a control saw a difference. The rest is neither: rows that are undecided make a run inconclusive.", a.alarms()},
		{"A slowdown of all of head's rows", "How many runs found the row, each by itself at the level that it has if it alone is slower, with the 95% interval " +
			"of Clopper and Pearson; a run whose control saw a difference has found nothing. Apart as above: what is found where head is other code. " +
			"Of a slowdown by no more than the margin a find is a false alarm.", a.found(false)},
		{"The same, resampled", fmt.Sprintf("Not counted: %d runs of so many rounds, drawn with replacement from the rounds of all the runs in which nothing had changed, head made slower "+
			"on paper by just so much; each row by itself, the controls left out. What moves a whole run alike is noise between rounds here.", draws), a.found(true)},
		{"What a slowdown reads", "head/base over the runs above, of any length, with the 95% interval by signed ranks over the runs' own estimates (six runs or more): a slowdown that is injected " +
			"is worth what it is said to be if it reads so.", a.readings()},
		{"The smallest slowdown that is found", "The smallest one injected, above the margin, that at least 95% of the runs have found, as counted, and enough runs to bound that by half of all, one-sided at " +
			"95%; all larger ones that were injected were found as often.", a.smallest()},
		{"Where the noise is", "Standard deviations of log(head/base) where nothing had changed: within pairs, that is from round to round of a run; between runs, beyond what the " +
			"rounds explain; what another layout adds to one side (half of what the control's rounds vary by more than the pair's); what rounds of one layout have in common, " +
			"both sides being in it. Then of base's own figure: between pairs, that is from round to round of a run, which the pairs take out; and between runs, " +
			"√2 times which a stored baseline would have to live with. Analysis of variance, method of moments; what comes out negative is 0. " +
			"Shift: head/base over all runs, 95% interval.", a.noise()},
		{"Goroutine against raw thread", "Whether dividing a goroutine row's figure by the raw thread's of the same round or run would help: the correlation of their logarithms (95% interval), " +
			"by what factor the gate's interval would be as wide, or base's own figures spread, and what the best multiple could reach.", a.arms()},
	}
	return slices.DeleteFunc(all, func(s Section) bool { return len(s.Rows) < 2 })
}

// Source says where the data come from.
func (a *Analysis) Source() string {
	pool := "each linked its own layouts"
	switch {
	case a.Pools[1] > 0 && a.Pools[0] == a.Pools[1]:
		pool = fmt.Sprintf("the rounds' layouts drawn from pools of %d, linked anew for each session", a.Pools[1])
	case a.Pools[1] > 0:
		pool = fmt.Sprintf("the rounds' layouts drawn from pools of %d to %d (0: linked for the run)", a.Pools[0], a.Pools[1])
	}
	s := fmt.Sprintf("%s: %s of the gate, %.1f hours, %s to %s, %s; level %s, margin %s. Machine: %s, %s CPUs (%s), kernel %s, %s, %s. Source: %s.",
		a.Name, prose.Count(a.Runs, "run"), a.Hours, a.First.UTC().Format(time.DateOnly), a.Last.UTC().Format(time.DateOnly), pool, percent(a.Alpha), percent(a.Margin),
		a.Machine["cpu"], a.Machine["cpus"], a.Machine["virt"], a.Machine["kernel"], a.Machine["goos"]+"/"+a.Machine["goarch"], strings.Join(a.Go, ", "), strings.Join(a.Commits, ", "))
	if len(a.Packages) > 0 {
		s += " Foreign package: " + strings.Join(a.Packages, ", ") + "."
	}
	if a.Failed > 0 {
		s += fmt.Sprintf(" %d of the runs ended without a verdict and count for nothing else.", a.Failed)
	}
	return s
}

func (a *Analysis) alarms() [][]string {
	rows := [][]string{{"runs", "budget", "rounds", "seconds", "false alarms", "95%", "at most", "apart", "95%", "at most", "invalid", "inconclusive", "rows passed"}}
	for _, c := range a.Cells {
		if c.Inject > a.Margin || c.Found.N == 0 {
			continue
		}
		kind := c.Kind
		if c.Inject > 0 {
			kind += " +" + percent(c.Inject)
		}
		apart := []string{none, none, none}
		if c.Apart.N > 0 {
			apart = []string{c.Apart.String(), interval(c.Apart), percent(c.Apart.Upper(level))}
		}
		rows = append(rows, slices.Concat([]string{kind, c.Budget.String(), spanOf(c.Rounds), strconv.FormatFloat(c.Took, 'f', 0, 64),
			c.Found.String(), interval(c.Found), percent(c.Found.Upper(level))}, apart, []string{c.Invalid.String(), c.Inconclusive.String(), c.Sound.String()}))
	}
	return rows
}

// found are the power tables: a line for each row and length, a column for each
// slowdown.
func (a *Analysis) found(resampled bool) [][]string {
	points := slices.DeleteFunc(slices.Clone(a.Power), func(p Point) bool { return p.Inject == 0 || p.Resampled != resampled })
	var sizes []float64
	type lineKey struct {
		name   string
		apart  bool
		budget Duration
		rounds int
	}
	var lines []lineKey
	keyOf := func(p Point) lineKey {
		k := lineKey{p.Name, p.Apart, p.Budget, 0}
		if resampled {
			k.rounds = p.Rounds
		}
		return k
	}
	at := map[lineKey]map[float64]Point{}
	for _, p := range points {
		k := keyOf(p)
		if at[k] == nil {
			at[k] = map[float64]Point{}
			lines = append(lines, k)
		}
		at[k][p.Inject] = p
		if !slices.Contains(sizes, p.Inject) {
			sizes = append(sizes, p.Inject)
		}
	}
	slices.Sort(sizes)
	var order []string
	for _, l := range lines {
		if !slices.Contains(order, l.name) {
			order = append(order, l.name)
		}
	}
	slices.SortStableFunc(lines, func(a, b lineKey) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.name), slices.Index(order, b.name)), cmp.Compare(boolean(a.apart), boolean(b.apart)), cmp.Compare(a.budget, b.budget), cmp.Compare(a.rounds, b.rounds))
	})
	head := []string{"row", "sides", "budget"}
	if resampled {
		head[2] = "rounds"
	}
	for _, s := range sizes {
		head = append(head, "+"+percent(s))
	}
	rows := [][]string{head}
	for _, l := range lines {
		row := []string{l.name, sidesOf(l.apart), l.budget.String()}
		if resampled {
			row[2] = strconv.Itoa(l.rounds)
		}
		for _, s := range sizes {
			p, ok := at[l][s]
			switch {
			case !ok:
				row = append(row, none)
			case resampled:
				row = append(row, percent(p.Share))
			default:
				row = append(row, p.Count.String()+" "+interval(p.Count))
			}
		}
		rows = append(rows, row)
	}
	return rows
}

func sidesOf(apart bool) string {
	if apart {
		return "apart"
	}
	return "one layout"
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// A Smallest is the smallest slowdown of a row that is found.
type Smallest struct {
	Name   string
	Apart  bool
	Budget Duration
	Inject float64 // 0 if none of those injected was
	Count  Count
}

// Smallest are those of the counted runs, of each row and budget: the least
// slowdown injected above the margin from which on at least 95% of the runs
// found it. That so few runs did that fewer than half might, at 95% confidence,
// doesn't count.
func (a *Analysis) Smallest() []Smallest {
	var all []Smallest
	for _, p := range a.Power {
		if p.Resampled || p.Inject == 0 {
			continue
		}
		same := func(s Smallest) bool { return s.Name == p.Name && s.Apart == p.Apart && s.Budget == p.Budget }
		if !slices.ContainsFunc(all, same) {
			all = append(all, Smallest{Name: p.Name, Apart: p.Apart, Budget: p.Budget})
		}
	}
	for i := range all {
		s := &all[i]
		for _, p := range slices.Backward(a.bySize(s.Name, s.Apart, s.Budget)) {
			if p.Share < 1-level || p.Inject <= a.Margin {
				break
			}
			if p.Count.Lower(level) >= 0.5 {
				s.Inject, s.Count = p.Inject, p.Count
			}
		}
	}
	return all
}

// bySize are the counted points of a row, the smallest slowdown first.
func (a *Analysis) bySize(name string, apart bool, budget Duration) []Point {
	points := slices.DeleteFunc(slices.Clone(a.Power), func(p Point) bool {
		return p.Resampled || p.Inject == 0 || p.Name != name || p.Apart != apart || p.Budget != budget
	})
	slices.SortFunc(points, func(a, b Point) int { return cmp.Compare(a.Inject, b.Inject) })
	return points
}

func (a *Analysis) smallest() [][]string {
	rows := [][]string{{"row", "sides", "budget", "slowdown", "found", "at least"}}
	for _, s := range a.Smallest() {
		row := []string{s.Name, sidesOf(s.Apart), s.Budget.String(), none, none, none}
		if s.Inject > 0 {
			row = append(row[:3], "+"+percent(s.Inject), s.Count.String(), percent(s.Count.Lower(level)))
		}
		rows = append(rows, row)
	}
	return rows
}

func (a *Analysis) noise() [][]string {
	rows := [][]string{{"row", "runs", "within pairs", "between runs", "of a layout", "of one layout", "base between pairs", "base between runs", "shift", "95%"}}
	for _, s := range a.Spreads {
		rows = append(rows, []string{s.Name, strconv.Itoa(s.Runs), percent(s.Rounds), percent(s.Between), percent(s.Layout), percent(s.Alike), percent(s.Pairs), percent(s.Level), signed(s.Shift - 1), shift(s.Low, s.High)})
	}
	return rows
}

// shift is the interval of a factor over runs.
func shift(low, high float64) string {
	if high == 0 {
		return none
	}
	return "[" + signed(low-1) + ", " + signed(high-1) + "]"
}

func (a *Analysis) readings() [][]string {
	rows := [][]string{{"row", "sides", "slowdown", "runs", "reads", "95%"}}
	for _, r := range a.Readings {
		rows = append(rows, []string{r.Name, sidesOf(r.Apart), "+" + percent(r.Inject), strconv.Itoa(r.Runs), signed(r.Shift - 1), shift(r.Low, r.High)})
	}
	return rows
}

func (a *Analysis) arms() [][]string {
	rows := [][]string{{"rows", "of", "figures", "correlation", "95%", "width", "at best"}}
	for _, x := range a.Arms {
		width := none
		if x.Width > 0 {
			width = figure(x.Width) + "×"
		}
		rows = append(rows, []string{x.Goroutine + " over " + x.Thread, x.Of, strconv.Itoa(x.Figures), strconv.FormatFloat(x.Correlation, 'f', 2, 64),
			fmt.Sprintf("[%.2f, %.2f]", x.Low, x.High), width, figure(x.Best) + "×"})
	}
	return rows
}

// none stands where there is no figure.
const none = "–"

func figure(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// percent is a share: "1%", "3.62%", "0%".
func percent(v float64) string {
	if math.IsNaN(v) {
		return none
	}
	// Not %g of the product, which writes 3e-05.
	if math.Abs(v) < 0.0001 {
		return strconv.FormatFloat(math.Abs(math.Round(v*1e6)/1e4), 'f', -1, 64) + "%"
	}
	s, _ := strconv.ParseFloat(strconv.FormatFloat(100*v, 'g', 3, 64), 64)
	return strconv.FormatFloat(s, 'f', -1, 64) + "%"
}

// signed is a change: "+0.12%", "−3.4%".
func signed(v float64) string {
	sign := "+"
	if v < 0 {
		sign = "−"
	}
	return sign + strconv.FormatFloat(math.Abs(100*v), 'f', 2, 64) + "%"
}

// interval is a count's, at 95%.
func interval(c Count) string {
	low, high := c.Interval(level)
	return "[" + percent(low) + ", " + percent(high) + "]"
}

// spanOf is "22", or "20 to 24" where runs differ.
func spanOf(rounds [3]int) string {
	if rounds[0] == rounds[2] {
		return strconv.Itoa(rounds[0])
	}
	return fmt.Sprintf("%d to %d", rounds[0], rounds[2])
}
