package verdict

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"threadbench/scripts/internal/prose"
)

// Formats are the names that Write takes.
var Formats = []string{"text", "markdown", "json", "annotations"}

// Write renders the report in one of Formats; color is for text alone, on a
// terminal. Its errors are the writer's and a format that is none.
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

// colors are what a terminal takes for a verdict or a level.
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

// Text renders the report for a terminal: the verdict, what must not be missed,
// and each row by its name with its control below it.
func (r *Report) Text(w io.Writer, color bool) error {
	b := bufio.NewWriter(w)
	if s := r.subject(); s != "" {
		fmt.Fprintln(b, s)
	}
	fmt.Fprintf(b, "%s: %s (%s)\n", paint(strings.ToUpper(string(r.Verdict)), string(r.Verdict), color), r.headline(), r.exit())
	for _, m := range r.loud() {
		fmt.Fprintf(b, "%s: %s\n", paint(strings.ToUpper(m.Level), m.Level, color), prose.Legible(m.Text))
	}
	fmt.Fprintln(b)

	// The names stand between the lines of the grid, which tabwriter must not
	// see, or it would begin a new one. What has color is last in its line.
	lines, err := r.grid()
	if err != nil {
		return err
	}
	next := func(last string) {
		fmt.Fprintln(b, lines[0]+last)
		lines = lines[1:]
	}
	next("")
	for i, res := range r.Rows {
		if i == 0 || res.Row.Name != r.Rows[i-1].Row.Name {
			fmt.Fprintln(b, prose.Legible(res.Row.Name))
		}
		next(paint(res.word(), string(res.Verdict), color))
		if c := res.Control; c != nil && c.Sees {
			next(paint("a difference", string(Invalid), color))
		} else if c != nil {
			next("no difference seen")
		}
	}
	if s := r.terms(); s != "" {
		fmt.Fprintf(b, "\n%s\n", s)
	}
	if r.Plan != "" {
		fmt.Fprintf(b, "%s\n", prose.Legible(r.Plan))
	}
	return b.Flush()
}

// grid are the figures in columns: a head, and a line for each row and each
// control, whose verdicts are to follow.
func (r *Report) grid() ([]string, error) {
	var s strings.Builder
	t := tabwriter.NewWriter(&s, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tchange\tbounds\tp\tcould see\trounds\tspread\tbase → head\tverdict")
	for _, res := range r.Rows {
		fmt.Fprintf(t, "\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", change(res.Ratio), res.interval(), res.adjusted(), res.seen(), res.rounds(), res.spread(), prose.Legible(res.figures()))
		if c := res.Control; c != nil {
			fmt.Fprintf(t, "\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t\n", change(c.Ratio), c.interval(), prose.Chance(c.Adjusted, pDecimals), none, c.Rounds[0], c.spread(), "control: base → base")
		}
	}
	if err := t.Flush(); err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(s.String(), "\n"), "\n"), nil
}
