package table

import (
	"fmt"
	"slices"
	"strings"

	"threadbench/bench/numbers"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/summary"
)

// Over returns a row that stands for the same row on several machines, at least one.
// Its figure and its factor are the median, least and greatest of the machines that
// have one. Their Rounds is the number of these machines. Unpaired factors don't
// count. Doubt and Warnings say on how many machines each doubt arose. All else comes
// from the first row.
func Over(rows []*Row) Row {
	row := *rows[0]
	row.Words, row.Doubt, row.Factor, row.Warnings = "", "", nil, nil
	unit := rows[0].Stats[0].Unit
	var figures, factors []float64
	doubted := map[string]int{}
	warned := map[summary.Kind]int{}
	first := map[summary.Kind]string{}
	var kinds []summary.Kind
	for _, r := range rows {
		if r.Stats[0].Unit == unit {
			figures = append(figures, r.Stats[0].Center)
		}
		seen := map[summary.Kind]bool{}
		for _, w := range r.Warnings {
			if seen[w.Kind] {
				continue
			}
			seen[w.Kind] = true
			if warned[w.Kind]++; warned[w.Kind] == 1 {
				kinds, first[w.Kind] = append(kinds, w.Kind), w.Says
			}
		}
		f := r.Factor
		if f == nil || f.Unpaired {
			continue
		}
		factors = append(factors, f.Center)
		for says, is := range map[string]bool{"below 1×": f.Center < 1, "two states": f.States != nil, "no interval": !f.Interval, "no difference seen": f.Interval && f.States == nil && alike(*f)} {
			if is {
				doubted[says]++
			}
		}
	}
	row.Stats = []summary.Summary{over(unit, figures)}
	if len(factors) > 0 {
		f := over("", factors)
		f.Factor = true
		row.Factor = &f
	}
	if doubted["below 1×"] == len(factors) {
		delete(doubted, "below 1×") // the factor itself is below 1×
	}
	var doubts []string
	for _, says := range []string{"below 1×", "two states", "no interval", "no difference seen"} {
		if n := doubted[says]; n > 0 {
			doubts = append(doubts, fmt.Sprintf("%s on %d of %s", says, n, prose.Count(len(factors), "machine")))
		}
	}
	if row.Lottery {
		doubts = append(doubts, "a lottery")
	}
	row.Doubt = strings.Join(doubts, "; ")
	for _, k := range kinds {
		row.Warnings = append(row.Warnings, summary.Warning{Kind: k, Says: fmt.Sprintf("on %d of %s, such as: %s", warned[k], prose.Count(len(rows), "machine"), first[k])})
	}
	return row
}

// over is the median of the machines' figures, with the least and the greatest.
func over(unit string, figures []float64) summary.Summary {
	return summary.Summary{Unit: unit, Center: numbers.Median(figures), Low: slices.Min(figures), High: slices.Max(figures), Interval: true, Machines: true, Rounds: len(figures)}
}
