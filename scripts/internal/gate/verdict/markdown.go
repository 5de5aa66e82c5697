package verdict

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// symbols stand before a verdict where a picture is read faster.
var symbols = map[Verdict]string{Pass: "✅", Regression: "❌", Inconclusive: "❔", Invalid: "⚠️"}

// Markdown renders the report for a job summary. Names and remarks are escaped.
func (r *Report) Markdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "### %s gate: %s\n\n", symbols[r.Verdict], r.Verdict)
	fmt.Fprintf(b, "%s (%s)\n\n", escape(capital(r.headline())), escape(r.exit()))
	if s := r.subject(); s != "" {
		fmt.Fprintf(b, "Compared: %s.\n\n", escape(s))
	}
	for _, m := range r.loud() {
		fmt.Fprintf(b, "> **%s:** %s\n\n", m.Level, escape(m.Text))
	}
	fmt.Fprintln(b, "| verdict | benchmark | change | bounds | p | could see | rounds | spread | base → head |")
	fmt.Fprintln(b, "|---|---|--:|---|--:|--:|--:|--:|---|")
	for _, res := range r.Rows {
		fmt.Fprintf(b, "| %s | <code>%s</code> | %s | %s | %s | %s | %s | %s | %s |\n", strings.TrimSpace(symbols[res.Verdict]+" "+res.word()), escape(res.Row.Name),
			change(res.Ratio), escape(res.interval()), escape(res.adjusted()), res.seen(), res.rounds(), res.spread(), escape(res.figures()))
		if c := res.Control; c != nil {
			verdict := "no difference seen"
			if c.Sees {
				verdict = symbols[Invalid] + " difference"
			}
			fmt.Fprintf(b, "| %s | control | %s | %s | %s | %s | %d | %s | base → base |\n", verdict, change(c.Ratio), escape(c.interval()), escape(chance(c.Adjusted)), none, c.Rounds[0], c.spread())
		}
	}
	if s := r.terms(); s != "" {
		fmt.Fprintf(b, "\n%s\n", escape(s))
	}
	if r.Plan != "" {
		fmt.Fprintf(b, "\n<code>%s</code>\n", escape(r.Plan))
	}
	return b.Flush()
}

// escape makes s text in Markdown, in a table and in HTML: what could be markup
// becomes a character reference, which never is.
func escape(s string) string {
	var b strings.Builder
	for _, c := range clean(s) {
		if strings.ContainsRune("|\\`*_{}[]<>()#+!~&\"'@:$^", c) {
			fmt.Fprintf(&b, "&#%d;", c)
		} else {
			b.WriteRune(c)
		}
	}
	return b.String()
}

// capital is a sentence's beginning.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
