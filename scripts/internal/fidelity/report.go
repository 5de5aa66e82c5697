package fidelity

import (
	"fmt"
	"io"
	"math"
	"strings"

	"threadbench/bench/numbers"
	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/prose"
)

// A report is what the command prints.
type report struct {
	rounds int
	rows   []row
}

// A row is a pair with the results of all rounds.
type row struct {
	pair
	leftOut          string // why it was not measured, "" if it was
	turns, processes *ratio // nil if it isn't measured that way
	// Either side over itself in the same laps: the estimate of the ratio, 0 if
	// there is none.
	oursAgain, judgeOwn float64
}

// A ratio is the suite's time over the judge's. It is the Hodges-Lehmann
// estimate of the rounds' log ratios, with their signed-rank interval.
type ratio struct {
	estimate    float64 // 0 for a judge alone
	low, high   float64 // its 95% interval; infinitely wide for too few rounds
	rounds      int     // that have a figure
	ours, judge float64 // nanoseconds an op, medians over rounds
	missing     []string
}

func reportOf(ls []*line, rounds int) report {
	r := report{rounds: rounds}
	for _, l := range ls {
		of := row{pair: l.pair, leftOut: l.leftOut}
		if l.leftOut == "" {
			of.turns, of.processes = ratioOf(l.turns), ratioOf(l.processes)
			of.oursAgain, _, _ = estimate(l.turns, func(o outcome) float64 { return o.oursAgain })
			of.judgeOwn, _, _ = estimate(l.turns, func(o outcome) float64 { return o.judgeOwn })
		}
		r.rows = append(r.rows, of)
	}
	return r
}

// ratioOf is the ratio over all outcomes, nil if nothing was measured.
func ratioOf(outcomes []outcome) *ratio {
	if outcomes == nil {
		return nil
	}
	var (
		r           ratio
		ours, judge []float64
	)
	for _, o := range outcomes {
		if o.missing != "" {
			r.missing = append(r.missing, o.missing)
			continue
		}
		ours, judge = append(ours, o.ours), append(judge, o.judge)
	}
	if r.rounds = len(ours); r.rounds > 0 {
		r.ours, r.judge = numbers.Median(ours), numbers.Median(judge)
	}
	r.estimate, r.low, r.high = estimate(outcomes, func(o outcome) float64 { return o.ratio })
	return &r
}

// estimate is the estimate of a factor over the outcomes that have it, 0 if
// none has.
func estimate(outcomes []outcome, of func(outcome) float64) (x, low, high float64) {
	var logs []float64
	for _, o := range outcomes {
		if x := of(o); x > 0 {
			logs = append(logs, math.Log(x))
		}
	}
	sample, err := paired.SignedRank(logs)
	if err != nil { // no outcome has it
		return 0, 0, 0
	}
	interval := sample.Interval(0.05)
	return math.Exp(sample.Estimate()), math.Exp(interval.Low), math.Exp(interval.High)
}

// bounded tells whether there is an interval.
func (r *ratio) bounded() bool { return r.low > 0 && !math.IsInf(r.high, 0) }

// verdict says where the interval is: all within the bound, or all outside, or
// neither.
func (r *ratio) verdict() string {
	low, high := 1-bound, 1+bound
	switch {
	case low <= r.low && r.high <= high:
		return "in"
	case r.high < low || high < r.low:
		return "OUT"
	}
	return "?"
}

func (r report) write(w io.Writer) error {
	var b strings.Builder
	prose.Wrap(&b, fmt.Sprintf("Each ratio is the suite's time over that of a plain program, its judge, over %s: the Hodges-Lehmann estimate "+
		"with its 95%% signed-rank interval. in: the whole interval lies within 1 ± %.2f. OUT: the whole interval lies outside. ?: neither; "+
		"more rounds would tell. A/A: how far from 1 a side is over itself in the same laps, the larger of the two sides. Turns last 1.5 ms. "+
		"Judges in Go take turns of 10 ms: package testing collects garbage before each turn, and short turns take longer after that.", prose.Count(r.rounds, "round"), bound), "", "")
	const columns = "%-18s %-17s %-21s  %-21s  %11s  %4s\n"
	family := ""
	for _, row := range r.rows {
		if row.family() == "" || row.leftOut != "" {
			continue
		}
		if row.family() != family {
			family = row.family()
			what := family
			if family == "Slices" {
				what = "Slices: turns of 1.5 ms over runs of 100 ms between them"
			}
			fmt.Fprintf(&b, "\n%s\n"+columns, what, "", "judge", "in turns", "as go test -bench", "µs/op", "A/A")
		}
		fmt.Fprintf(&b, columns, row.row(), row.judge.name, row.turns.cell(), row.processes.cell(), row.times(), row.aa())
	}
	b.WriteString("\n")
	told := map[string]bool{}
	for _, row := range r.rows {
		switch {
		case row.leftOut != "":
			prose.Wrap(&b, row.name()+" is left out: "+row.leftOut, "", "  ")
		case row.of == "" && row.processes.rounds > 0:
			prose.Wrap(&b, fmt.Sprintf("%s alone takes %s µs/op. %s", row.name(), micro(row.processes.judge), row.cause), "", "  ")
		case row.cause != "" && !told[row.cause]:
			told[row.cause] = true
			prose.Wrap(&b, strings.Join(r.names(row.cause), ", ")+": "+row.cause, "", "  ")
		}
		for _, way := range row.ways() {
			if n := len(way.missing); n > 0 {
				prose.Wrap(&b, fmt.Sprintf("%s: nothing in %d of %d rounds; the last one: %s", way.name, n, r.rounds, way.missing[n-1]), "", "  ")
			}
		}
	}
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

// names are the rows that were measured and have the cause.
func (r report) names(cause string) (names []string) {
	for _, row := range r.rows {
		if row.cause == cause && row.leftOut == "" {
			names = append(names, row.name())
		}
	}
	return names
}

type way struct {
	name string
	*ratio
}

// ways are the ways in which the row was measured.
func (row row) ways() (ways []way) {
	if row.turns != nil {
		ways = append(ways, way{row.name() + " in turns", row.turns})
	}
	if row.processes != nil {
		ways = append(ways, way{row.name() + " as go test -bench", row.processes})
	}
	return ways
}

// cell is a ratio in at most 21 characters.
func (r *ratio) cell() string {
	switch {
	case r == nil:
		return ""
	case r.estimate == 0:
		return "  –"
	}
	interval := "–"
	if r.bounded() {
		interval = fmt.Sprintf("%.3f–%.3f", r.low, r.high)
	}
	return fmt.Sprintf("%.3f %-11s %s", r.estimate, interval, r.verdict())
}

// times are the times of both sides, from the turns if there were turns.
func (row row) times() string {
	for _, way := range row.ways() {
		if way.rounds > 0 {
			return fmt.Sprintf("%5s %5s", micro(way.ours), micro(way.judge))
		}
	}
	return "–"
}

// aa is the greater of the two sides' distances from 1, in four characters.
func (row row) aa() string {
	if row.oursAgain == 0 {
		return "–"
	}
	most := 100 * max(math.Abs(row.oursAgain-1), math.Abs(row.judgeOwn-1))
	if most >= 9.95 {
		return fmt.Sprintf("%.0f%%", most)
	}
	return fmt.Sprintf("%.1f%%", most)
}

// micro is a time in microseconds with about three digits.
func micro(nanoseconds float64) string {
	µs := nanoseconds / 1000
	switch {
	case µs < 1:
		return fmt.Sprintf("%.3f", µs)
	case µs < 10:
		return fmt.Sprintf("%.2f", µs)
	case µs < 100:
		return fmt.Sprintf("%.1f", µs)
	}
	return fmt.Sprintf("%.0f", µs)
}

// unmeasured is an error that names the pairs without a figure in any round.
func (r report) unmeasured() error {
	var names []string
	for _, row := range r.rows {
		for _, way := range row.ways() {
			if way.rounds == 0 {
				names = append(names, way.name)
			}
		}
	}
	if names == nil {
		return nil
	}
	return fmt.Errorf("no ratio in any round of %s; the table says why", strings.Join(names, ", "))
}
