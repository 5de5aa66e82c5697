package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"threadbench/scripts/internal/chart"
	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/summary"
)

// A Picture is a figure as an SVG file.
type Picture struct {
	Name string // "overview"
	Alt  string
	SVG  []byte
}

// File is the picture's file name beside BASE.md: "BASE.overview.svg".
func (p Picture) File(base string) string { return base + "." + p.Name + ".svg" }

// Pictures are the figures as SVG files. Figures with nothing to show are left out.
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

// Markdown writes the report as Markdown. Its pictures are the files BASE.NAME.svg
// beside it; with an empty base it has no pictures. Its error is the writer's.
func (r *Report) Markdown(w io.Writer, base string) error {
	c := r.content()
	b := &strings.Builder{}
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
	if len(c.Answers) == 0 {
		fmt.Fprint(b, "No row compares what a task takes a goroutine and a thread.\n\n")
	} else {
		fmt.Fprintf(b, "%s %s\n\n", escape(c.Terms), escape(c.Answered))
	}
	for _, a := range c.Answers {
		a.markdown(b)
		list(b, a.Doubts)
	}

	if len(c.Claims) > 0 {
		c.taught(b)
	}

	for _, f := range c.Figures {
		fmt.Fprintf(b, "## %s\n\n", escape(f.Title))
		for _, a := range f.About {
			fmt.Fprintf(b, "%s\n\n", escape(a))
		}
		if len(f.Panels) > 0 && base != "" {
			fmt.Fprintf(b, "![%s](%s)\n\n", escape(f.Title), link(Picture{Name: f.ID}.File(base)))
		}
		list(b, f.Words)
		list(b, f.Notes)
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
		list(b, f.Grid.Remarks)
	}

	fmt.Fprint(b, "## The environment, and what makes it incomparable\n\n")
	for _, p := range c.Places {
		if c.Several {
			fmt.Fprintf(b, "### %s\n\n", escape(p.Label))
		}
		list(b, p.Caveats)
		if len(p.Left) > 0 {
			fmt.Fprint(b, "Left out, cut or failed:\n\n")
			list(b, p.Left)
		}
	}
	head := []string{"key"}
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
	_, err := io.WriteString(w, commandline.Typed(b.String()))
	return err
}

// taught writes the statements.
func (c *content) taught(b *strings.Builder) {
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
	tableHead(b, []string{"statement", "verdict", "found", "what decides it"}, nil)
	for _, claim := range c.Claims {
		claim.markdown(b)
	}
	fmt.Fprintf(b, "\n%s\n\n", escape(c.About))
	if len(c.Unasked) > 0 {
		fmt.Fprint(b, "Missing, since the run did not include their rows (`go run ./scripts/run -profile full` measures every row that this machine can):\n\n")
		list(b, c.Unasked)
	}
}

// markdown writes a summary as a table.
func (a answered) markdown(b *strings.Builder) {
	if a.Label != "" {
		fmt.Fprintf(b, "%s:\n\n", escape(a.Label))
	}
	head, right := []string{"", "goroutine"}, []bool{false, true}
	for _, h := range a.Heads {
		head = append(head, h.Text)
	}
	tableHead(b, head, right)
	for _, l := range a.Lines {
		fmt.Fprintf(b, "| %s | %s |", l.Does, escape(l.Figure))
		for _, c := range l.Cells {
			text := summary.None
			if c.Words != "" {
				text = "**" + c.Words + "**"
			}
			if c.Within != "" {
				text += " " + escape(c.Within)
			}
			if c.Doubt != "" {
				text += " (" + escape(c.Doubt) + ")"
			}
			fmt.Fprintf(b, " %s |", text)
		}
		fmt.Fprintln(b)
	}
	fmt.Fprintln(b)
}

// markdown writes a statement as a line of a table. With several files, each cell has
// a line for each file.
func (c claim) markdown(b *strings.Builder) {
	verdicts, found, decides := []string{}, []string{}, []string{}
	if c.Counts != "" {
		verdicts, found = append(verdicts, escape(c.Counts)), append(found, escape(c.Found))
	}
	for _, v := range c.Verdicts {
		label := ""
		if v.Label != "" {
			label = escape(v.Label) + ": "
		}
		verdicts = append(verdicts, label+"**"+v.Verdict+"**")
		if v.Found != "" {
			found = append(found, label+escape(v.Found))
		}
		if v.Reason != "" {
			decides = append(decides, label+escape(v.Reason))
		}
		for _, n := range v.Needs {
			decides = append(decides, label+escape(n))
		}
		for _, n := range v.Circumstances {
			decides = append(decides, label+"*"+n.Word+":* "+escape(n.String()))
		}
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n", escape(c.Says), strings.Join(verdicts, "<br>"), strings.Join(found, "<br>"), strings.Join(decides, "<br>"))
}

// markdown writes the grid as a table. The labels of files head their columns.
func (g grid) markdown(b *strings.Builder) {
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

func list(b *strings.Builder, lines []string) {
	for _, l := range lines {
		fmt.Fprintf(b, "- %s\n", escape(l))
	}
	if len(lines) > 0 {
		fmt.Fprintln(b)
	}
}

func tableHead(b *strings.Builder, head []string, right []bool) {
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

// escape escapes text for Markdown, and trims and collapses its spaces.
func escape(s string) string { return strings.Join(strings.Fields(prose.Markdown(s)), " ") }

// link escapes a file name for use as the target of a link.
func link(name string) string {
	return "<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\n", " ").Replace(name) + ">"
}
