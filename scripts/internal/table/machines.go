package table

import (
	"fmt"
	"slices"
	"strings"

	arithmetic "threadbench/bench/numbers"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// Over is a row that stands for the rows of machines, at least one: what it is
// of the first, and of figure and factor the median, the least and the
// greatest of those that have it. The factor of a goroutine arm is that arm
// measured twice. An unpaired factor is left out. Doubt is each machine's, and
// whether the factor is below 1 on some of them only.
func Over(rows []*Row) Row {
	row := *rows[0]
	row.Words = ""
	unit := rows[0].Stats[0].Unit
	unitOf := results.PairedFactor
	if row.Own() {
		unitOf = results.SelfFactor
	}
	var figures, factors []float64
	less := 0
	var doubts []string
	doubted := map[string]int{}
	for _, r := range rows {
		if r.Stats[0].Unit == unit {
			figures = append(figures, r.Stats[0].Median)
		}
		if f := r.Factor; f != nil && f.Paired && f.Unit == unitOf {
			factors = append(factors, f.Median)
			if f.Median < 1 {
				less++
			}
		}
		if doubted[r.Doubt]++; r.Doubt != "" && doubted[r.Doubt] == 1 {
			doubts = append(doubts, r.Doubt)
		}
	}
	for i, what := range doubts {
		doubts[i] = fmt.Sprintf("%s on %d of %s", what, doubted[what], prose.Count(len(rows), "machine"))
	}
	if less > 0 && less < len(factors) && !row.Own() {
		doubts = slices.Insert(doubts, 0, fmt.Sprintf("below 1× on %d of %s", less, prose.Count(len(factors), "machine")))
	}
	row.Doubt = strings.Join(doubts, "; ")
	row.Stats = []Stat{over(unit, figures)}
	row.Factor = nil
	if len(factors) > 0 {
		row.Factor = &Factor{Stat: over(unitOf, factors), Paired: true}
	}
	return row
}

// over is the median of figures, with the least and the greatest of them.
func over(unit string, figures []float64) Stat {
	return Stat{Unit: unit, Median: arithmetic.Median(figures), Low: slices.Min(figures), High: slices.Max(figures), Interval: true, N: len(figures)}
}
