package verdict

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"threadbench/scripts/internal/prose"
)

// symbols stand before a verdict where a picture is read faster.
var symbols = map[Verdict]string{Pass: "✅", Regression: "❌", Inconclusive: "❔", Invalid: "⚠️"}

// Markdown renders the report for a job summary. Names and remarks are escaped.
func (r *Report) Markdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "### %s gate: %s\n\n", symbols[r.Verdict], r.Verdict)
	fmt.Fprintf(b, "%s (%s)\n\n", prose.Markdown(capital(r.headline())), prose.Markdown(r.exit()))
	if s := r.subject(); s != "" {
		fmt.Fprintf(b, "Compared: %s.\n\n", prose.Markdown(s))
	}
	for _, m := range r.loud() {
		fmt.Fprintf(b, "> **%s:** %s\n\n", m.Level, prose.Markdown(m.Text))
	}
	fmt.Fprintln(b, "| verdict | benchmark | change | bounds | p | could see | rounds | spread | base → head |")
	fmt.Fprintln(b, "|---|---|--:|---|--:|--:|--:|--:|---|")
	for _, res := range r.Rows {
		fmt.Fprintf(b, "| %s | <code>%s</code> | %s | %s | %s | %s | %s | %s | %s |\n", strings.TrimSpace(symbols[res.Verdict]+" "+res.word()), prose.Markdown(res.Row.Name),
			change(res.Ratio), prose.Markdown(res.interval()), prose.Markdown(res.adjusted()), res.seen(), res.rounds(), res.spread(), prose.Markdown(res.figures()))
		if c := res.Control; c != nil {
			verdict := "no difference seen"
			if c.Sees {
				verdict = symbols[Invalid] + " difference"
			}
			fmt.Fprintf(b, "| %s | control | %s | %s | %s | %s | %d | %s | base → base |\n", verdict, change(c.Ratio), prose.Markdown(c.interval()), prose.Markdown(prose.Chance(c.Adjusted, pDecimals)), none, c.Rounds[0], c.spread())
		}
	}
	if s := r.terms(); s != "" {
		fmt.Fprintf(b, "\n%s\n", prose.Markdown(s))
	}
	if r.Plan != "" {
		fmt.Fprintf(b, "\n<code>%s</code>\n", prose.Markdown(r.Plan))
	}
	return b.Flush()
}

// capital is a sentence's beginning.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
