package verdict

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"threadbench/scripts/internal/prose"
)

// Formats are the names that Write takes.
var Formats = []string{"text", "markdown", "json", "annotations"}

// Write renders the report in one of Formats. color is for text on a terminal.
// It is an error if writing fails or the format is unknown.
func (r *Report) Write(w io.Writer, format string, color bool) error {
	switch format {
	case "text":
		return r.Text(w, color)
	case "markdown":
		return r.Markdown(w)
	case "json":
		return r.JSON(w)
	case "annotations":
		return r.Annotations(w)
	}
	return fmt.Errorf("format %q: give one of %s", format, strings.Join(Formats, ", "))
}

// colors are the terminal's codes for a verdict or a level.
var colors = map[string]string{
	string(Pass): "32", string(Regression): "31;1", string(Inconclusive): "33", string(Invalid): "31;1",
	Error: "31;1", Warning: "33;1",
}

func paint(s, as string, color bool) string {
	if code := colors[as]; color && code != "" {
		return "\x1b[" + code + "m" + s + "\x1b[0m"
	}
	return s
}

// Text renders the report for a terminal: the headline, the remarks, and the
// rows, the worst first.
func (r *Report) Text(w io.Writer, color bool) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, paint(r.Headline(), string(r.Verdict), color))
	fmt.Fprintf(b, "%s, %s\n", strings.ToUpper(string(r.Verdict)), r.standing())
	for _, m := range r.loud() {
		fmt.Fprintf(b, "%s: %s\n", paint(strings.ToUpper(m.Level), m.Level, color), prose.Legible(m.Text))
	}
	if err := r.grid(b, color); err != nil {
		return err
	}
	for i, m := range r.missing() {
		if i == 0 {
			fmt.Fprintln(b)
		}
		prose.Wrap(b, prose.Legible(m.heading())+some(m.names), "", "  ")
	}
	if lines := r.lines(); lines != nil {
		fmt.Fprintf(b, "\n%s\n", strings.Join(lines, "\n"))
	}
	if s := r.terms(); s != "" {
		fmt.Fprintln(b)
		prose.Wrap(b, s, "", "")
	}
	if r.Plan != "" && len(r.Rows) > 0 {
		fmt.Fprintf(b, "To measure anew in the same layouts and order (figures will differ): %s\n", prose.Legible(r.Plan))
	}
	return b.Flush()
}

// lacking are benchmarks without figures for one reason.
type lacking struct {
	why     string
	verdict Verdict
	names   []string
}

func (r *Report) missing() (all []lacking) {
	for _, m := range r.Missing {
		i := slices.IndexFunc(all, func(l lacking) bool { return l.why == m.Why && l.verdict == m.Verdict })
		if i < 0 {
			i = len(all)
			all = append(all, lacking{why: m.Why, verdict: m.Verdict})
		}
		all[i].names = append(all[i].names, m.Name)
	}
	return all
}

// heading stands before the names: "inconclusive, no time was left to try it: ".
func (l lacking) heading() string {
	s := "not compared"
	switch l.verdict {
	case Inconclusive:
		s = "inconclusive"
	case Regression:
		s = "regression"
	}
	return s + ", " + l.why + ": "
}

// grid writes the rows in columns, and the remarks on them.
func (r *Report) grid(w io.Writer, color bool) error {
	rows := r.sorted()
	if len(rows) == 0 {
		return nil
	}
	var s strings.Builder
	var remarks notes
	t := tabwriter.NewWriter(&s, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "benchmark\tchange\tinterval\tat most slower\trounds\tbase → head\tverdict")
	dir := r.dir()
	for _, res := range rows {
		// The coloured word is last in its line: the color codes would shift
		// columns after it.
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s%s\n", res.Row.short(dir), change(res.Ratio), res.bounds(), res.atMost(),
			res.rounds(), prose.Legible(res.figures()), paint(res.word(), string(res.Verdict), color), remarks.of(res))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for i, text := range remarks {
		fmt.Fprintf(&s, "[%d] %s\n", i+1, prose.Legible(text))
	}
	_, err := fmt.Fprintf(w, "\n%s", s.String())
	return err
}
