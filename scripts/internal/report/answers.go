package report

import (
	"fmt"
	"slices"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
	"threadbench/scripts/internal/table"
)

// An answered is the summary of one file, as a table.
type answered struct {
	Label  string // the file's label; "" for a single file
	Heads  []part // the contenders
	Lines  []answer
	Doubts []string
}

// A part is a text. Class is the contender's class.
type part struct{ Text, Class string }

// An answer is one line of a summary.
type answer struct {
	Does, Figure string
	Cells        []against
}

// An against is the factor of one contender against the goroutine. Words is ""
// where the contender has no factor.
type against struct {
	Head, Class   string // the contender's name and class
	Words, Within string
	Doubt         string
}

// answers returns the summaries of the files that have one.
func (r *Report) answers() []answered {
	var all []answered
	for _, s := range r.sources {
		lines := s.table.Answers()
		if len(lines) == 0 {
			continue
		}
		a := answered{}
		if r.many == nil {
			a.Doubts = slices.DeleteFunc(s.table.Doubts(lines), func(d string) bool { return slices.Contains(results.Wrong(s.file.Config), d) }) // the page begins with the texts of Wrong
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

// cellOf is the cell of a contender in a line of the summary.
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

// answeredBy explains the figures in the summaries.
func (r *Report) answeredBy() string {
	if r.many != nil {
		return fmt.Sprintf("A figure, and a factor against the goroutine, is the median of the machines' own; in brackets are the least and the greatest of %s.", r.sources[0].label)
	}
	return "Factors are against the goroutine, with 95% intervals."
}
