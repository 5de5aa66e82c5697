package report

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"threadbench/scripts/internal/chart"
	"threadbench/scripts/internal/prose"
)

// A Picture is a figure as an SVG file.
type Picture struct {
	Name string // "overview"
	Alt  string
	SVG  []byte
}

// File is the picture's file name beside BASE.md: "BASE.overview.svg".
func (p Picture) File(base string) string { return base + "." + p.Name + ".svg" }

// Pictures are the figures as SVG files, those that have something to show.
func (r *Report) Pictures() ([]Picture, error) {
	var all []Picture
	for _, f := range r.figures() {
		if len(f.Panels) == 0 {
			continue
		}
		var b bytes.Buffer
		s := f.sheet()
		if err := s.Write(&b); err != nil {
			return nil, err
		}
		all = append(all, Picture{f.ID, f.Title + ". " + s.About, b.Bytes()})
	}
	return all, nil
}

func (f figure) sheet() chart.Sheet {
	s := chart.Sheet{Title: f.Title, About: strings.Join(f.About, " "), Columns: 2, Width: panelWidth + 40, Mark: mark}
	if f.Wide {
		s.Columns, s.Width = 1, wideWidth-60
	}
	for _, p := range f.Panels {
		s.Charts = append(s.Charts, p.Drawing)
	}
	return s
}

// Markdown writes the report as Markdown, whose pictures are BASE.NAME.svg
// beside it; with an empty base it has none. Its error is the writer's.
func (r *Report) Markdown(w io.Writer, base string) error {
	c := r.content()
	b := bufio.NewWriter(w)
	list := func(lines []string) {
		for _, l := range lines {
			fmt.Fprintf(b, "- %s\n", escape(l))
		}
		if len(lines) > 0 {
			fmt.Fprintln(b)
		}
	}
	fmt.Fprintf(b, "%s\n\n# %s\n\n", mark, c.Title)
	for _, s := range c.Sources {
		for _, w := range s.Wrong {
			fmt.Fprintf(b, "**%s**\n\n", escape(w))
		}
		begun := ""
		if s.Begun != "" {
			begun = "; begun " + s.Begun
		}
		label := ""
		if c.Several {
			label = "**" + escape(s.Label) + ".** "
		}
		fmt.Fprintf(b, "%s%s.\n\n", label, escape(s.Machine+begun))
	}
	fmt.Fprint(b, "## The answer\n\n")
	for _, a := range c.Answers {
		fmt.Fprint(b, "- ")
		if a.Source != "" {
			fmt.Fprintf(b, "%s: ", escape(a.Source))
		}
		for _, p := range a.Parts {
			if p.Class != "" {
				fmt.Fprintf(b, "**%s**", escape(p.Text))
			} else {
				fmt.Fprint(b, prose.Markdown(p.Text))
			}
		}
		fmt.Fprintln(b)
	}
	if len(c.Answers) == 0 {
		fmt.Fprint(b, "No row compares making, keeping or switching between goroutines and threads.\n\n")
	} else {
		fmt.Fprintf(b, "\n%s\n\n", escape(c.Answered))
	}

	fmt.Fprint(b, "## What is taught, and what was measured\n\n")
	for _, t := range c.Sums {
		fmt.Fprintf(b, "### %s\n\n", escape(t.Title))
		if t.About != "" {
			fmt.Fprintf(b, "%s\n\n", escape(t.About))
		}
		for i, row := range t.Rows {
			if i == 0 {
				head := make([]string, len(row))
				for k, cell := range row {
					head[k] = escape(cell)
				}
				tableHead(b, head, nil)
				continue
			}
			fmt.Fprint(b, "|")
			for _, cell := range row {
				fmt.Fprintf(b, " %s |", escape(cell))
			}
			fmt.Fprintln(b)
		}
		fmt.Fprintln(b)
	}
	for _, l := range c.Ledgers {
		fmt.Fprintf(b, "%s: %s.\n\n", escape(l.Label), escape(l.Tally))
	}
	head := []string{"statement"}
	for _, l := range c.Ledgers {
		if c.Several {
			head = append(head, escape(l.Label))
		} else {
			head = append(head, "verdict", "measured")
		}
	}
	if len(c.Claims) > 0 {
		tableHead(b, head, nil)
	}
	for _, claim := range c.Claims {
		fmt.Fprintf(b, "| %s |", escape(claim.Says))
		for _, v := range claim.Verdicts {
			var measured []string
			for _, n := range v.Needs {
				measured = append(measured, escape(n))
			}
			for _, n := range v.Circumstances {
				measured = append(measured, "*"+n.Word+":* "+escape(n.String()))
			}
			if v.Reason != "" {
				measured = append([]string{escape(v.Reason)}, measured...)
			}
			parting := " | "
			if c.Several {
				parting = "<br>"
			}
			fmt.Fprintf(b, " **%s**%s%s |", v.Verdict, parting, strings.Join(measured, "<br>"))
		}
		fmt.Fprintln(b)
	}
	fmt.Fprintf(b, "\n%s\n\n", escape(c.About))
	if len(c.Unasked) > 0 {
		fmt.Fprint(b, "Missing, since the run did not include their rows (`go run ./scripts/run -profile full` measures every row that this machine can):\n\n")
		list(c.Unasked)
	}

	for _, f := range c.Figures {
		fmt.Fprintf(b, "## %s\n\n", escape(f.Title))
		for _, a := range f.About {
			fmt.Fprintf(b, "%s\n\n", escape(a))
		}
		if len(f.Panels) > 0 && base != "" {
			fmt.Fprintf(b, "![%s](%s)\n\n", escape(f.Title), link(Picture{Name: f.ID}.File(base)))
		}
		list(f.Words)
		list(f.Notes)
	}

	fmt.Fprint(b, "## Every benchmark\n\n")
	if len(c.Families) == 0 {
		fmt.Fprint(b, "Nothing was measured.\n\n")
	}
	for _, f := range c.Families {
		fmt.Fprintf(b, "### %s\n\n", escape(f.Name))
		if len(f.Ops) > 0 {
			fmt.Fprintf(b, "%s %s\n\n", escape(strings.Join(f.Ops, " ")), escape(f.Read))
		}
		f.Grid.markdown(b)
		list(f.Grid.Remarks)
	}

	fmt.Fprint(b, "## The environment, and what makes it incomparable\n\n")
	for _, p := range c.Places {
		if c.Several {
			fmt.Fprintf(b, "### %s\n\n", escape(p.Label))
		}
		list(p.Caveats)
		if len(p.Left) > 0 {
			fmt.Fprint(b, "Left out, cut or failed:\n\n")
			list(p.Left)
		}
	}
	head = []string{"key"}
	for _, s := range c.Sources {
		head = append(head, escape(s.Label))
	}
	if c.Several {
		head = append(head, "differs")
	}
	tableHead(b, head, nil)
	for _, s := range c.Settings {
		fmt.Fprintf(b, "| %s |", escape(s.Key))
		for _, v := range s.Values {
			fmt.Fprintf(b, " %s |", escape(v))
		}
		if c.Several {
			fmt.Fprintf(b, " %s |", map[bool]string{true: "yes"}[s.Differ])
		}
		fmt.Fprintln(b)
	}
	fmt.Fprint(b, "\n## How it was measured\n")
	for _, m := range c.Method {
		fmt.Fprintf(b, "\n%s\n", escape(m))
	}
	return b.Flush()
}

// markdown writes the grid as a table; files' columns are headed by their
// labels.
func (g grid) markdown(b *bufio.Writer) {
	var head []string
	var right []bool
	group, left := 0, 0
	for _, h := range g.Head {
		if left == 0 && group < len(g.Groups) {
			left = g.Groups[group].Span
			group++
		}
		left--
		text := escape(h.Text)
		if group > 0 && g.Groups[group-1].Label != "" {
			text = escape(g.Groups[group-1].Label) + "<br>" + text
		}
		head, right = append(head, text), append(right, h.Right)
	}
	tableHead(b, head, right)
	for _, row := range g.Rows {
		fmt.Fprint(b, "|")
		for _, c := range row.Cells {
			fmt.Fprintf(b, " %s |", escape(c.Text))
		}
		fmt.Fprintln(b)
	}
	fmt.Fprintln(b)
}

func tableHead(b *bufio.Writer, head []string, right []bool) {
	fmt.Fprintf(b, "| %s |\n|", strings.Join(head, " | "))
	for i := range head {
		if i < len(right) && right[i] {
			fmt.Fprint(b, "---:|")
		} else {
			fmt.Fprint(b, "---|")
		}
	}
	fmt.Fprintln(b)
}

// escape is text for Markdown without spaces at its ends or in a row.
func escape(s string) string { return strings.Join(strings.Fields(prose.Markdown(s)), " ") }

// link is a file name as a link's target.
func link(name string) string {
	return "<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\n", " ").Replace(name) + ">"
}
