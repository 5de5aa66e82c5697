package verdict

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"threadbench/scripts/internal/prose"
)

// symbols stand before a verdict: a reader sees them first.
var symbols = map[Verdict]string{Pass: "✅", Regression: "❌", Inconclusive: "❔", Invalid: "⚠️"}

// manyPasses is how many rows may pass before they are folded away.
const manyPasses = 20

// Markdown renders the report for a job summary. Names and remarks are escaped.
func (r *Report) Markdown(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "### %s %s\n\n", symbols[r.Verdict], prose.Markdown(r.Headline()))
	fmt.Fprintf(b, "%s, %s\n\n", r.Verdict, prose.Markdown(r.standing()))
	for _, m := range r.loud() {
		fmt.Fprintf(b, "> **%s:** %s\n\n", m.Level, prose.Markdown(m.Text))
	}
	for _, m := range r.missing() {
		fmt.Fprint(b, strings.TrimLeft(symbols[m.verdict]+" "+prose.Markdown(m.heading()), " "))
		names, more := few(m.names)
		for i, name := range names {
			if i > 0 {
				fmt.Fprint(b, ", ")
			}
			fmt.Fprintf(b, "<code>%s</code>", prose.Markdown(name))
		}
		fmt.Fprint(b, more, "\n\n")
	}
	rows := r.sorted()
	plain := slices.IndexFunc(rows, func(res Result) bool { return res.class() >= 3 })
	var remarks notes
	if plain >= 0 && len(rows)-plain > manyPasses {
		r.rows(b, rows[:plain], &remarks)
		fmt.Fprintf(b, "<details><summary>%s more</summary>\n\n", prose.Count(len(rows)-plain, "row"))
		r.rows(b, rows[plain:], &remarks)
		fmt.Fprint(b, "</details>\n\n")
	} else {
		r.rows(b, rows, &remarks)
	}
	for i, text := range remarks {
		fmt.Fprintf(b, "\\[%d\\] %s\n\n", i+1, prose.Markdown(text))
	}
	for _, line := range r.lines() {
		fmt.Fprintf(b, "%s\n\n", prose.Markdown(line))
	}
	if s := r.terms(); s != "" {
		fmt.Fprintf(b, "%s\n\n", prose.Markdown(s))
	}
	if r.Plan != "" && len(r.Rows) > 0 {
		fmt.Fprintf(b, "<code>%s</code>\n", prose.Markdown(r.Plan))
	}
	return b.Flush()
}

// rows writes a table.
func (r *Report) rows(w io.Writer, rows []Result, remarks *notes) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(w, "| benchmark | change | interval | at most slower | rounds | base → head | verdict |")
	fmt.Fprintln(w, "|---|--:|---|--:|--:|---|---|")
	dir := r.dir()
	for _, res := range rows {
		fmt.Fprintf(w, "| <code>%s</code> | %s | %s | %s | %s | %s | %s |\n", prose.Markdown(res.Row.short(dir)), change(res.Ratio), prose.Markdown(res.bounds()), res.atMost(),
			res.rounds(), prose.Markdown(res.figures()), strings.TrimSpace(symbols[res.Verdict]+" "+res.word())+prose.Markdown(remarks.of(res)))
	}
	fmt.Fprintln(w)
}
