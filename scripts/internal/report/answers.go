package report

import (
	"fmt"
	"slices"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
	"threadbench/scripts/internal/table"
)

// An answered is a file's summary as a table.
type answered struct {
	Label  string // the file's, where there are several
	Heads  []part // the contenders
	Lines  []answer
	Doubts []string
}

// A part is a text; Class is a contender's.
type part struct{ Text, Class string }

// An answer is a line of a summary.
type answer struct {
	Does, Figure string
	Cells        []against
}

// An against is a thread's factor. Words is "" where there is none.
type against struct {
	Head, Class   string // the contender's
	Words, Within string
	Doubt         string
}

// answers are the summaries of the files that have one.
func (r *Report) answers() []answered {
	var all []answered
	for _, s := range r.sources {
		lines := s.table.Answers()
		if len(lines) == 0 {
			continue
		}
		a := answered{}
		if r.many == nil {
			a.Doubts = slices.DeleteFunc(s.table.Doubts(lines), func(d string) bool { return slices.Contains(results.Wrong(s.file.Config), d) }) // the page begins with those
		}
		if r.several() {
			a.Label = s.label
		}
		contenders := table.Contenders(lines)
		for _, c := range contenders {
			a.Heads = append(a.Heads, part{c.Short, c.Impl})
		}
		for _, l := range lines {
			line := answer{Does: l.Does, Figure: l.Figure()}
			for _, c := range contenders {
				line.Cells = append(line.Cells, cellOf(l, c))
			}
			a.Lines = append(a.Lines, line)
		}
		all = append(all, a)
	}
	return all
}

// cellOf is what a line says of a contender.
func cellOf(l table.Answer, c catalog.Contender) against {
	cell := against{Head: c.Short, Class: c.Impl}
	row := l.Thread(c.Impl)
	if row == nil {
		return cell
	}
	cell.Words, cell.Within = l.Against(row)
	for _, w := range row.Warnings {
		if !slices.Contains([]summary.Kind{summary.Few, summary.Excludes, summary.NoAA}, w.Kind) {
			cell.Doubt += "; " + w.Says
		}
	}
	if cell.Doubt != "" {
		cell.Doubt = cell.Doubt[2:]
	}
	return cell
}

// answeredBy says what the figures of summaries are.
func (r *Report) answeredBy() string {
	if r.many != nil {
		return fmt.Sprintf("A figure, and a factor against the goroutine, is the median of the machines' own; in brackets are the least and the greatest of %s.", r.sources[0].label)
	}
	return "Factors are against the goroutine, with 95% intervals."
}
