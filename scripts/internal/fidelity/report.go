package fidelity

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"

	"threadbench/bench/numbers"
	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/prose"
)

// A Report is what the command prints.
type Report struct {
	Rounds int
	Bound  float64 // ratios are expected within 1 ± Bound
	Rows   []Row
}

// A Row is a pair.
type Row struct {
	Family  string // "Switch", "Create", "Slices"; "" for a judge alone
	Row     string // "clone futex"
	Case    string `json:",omitempty"` // the suite's case
	Judge   string
	LeftOut string `json:",omitempty"` // why it was not measured, "" if it was

	Lockstep *Ratio `json:",omitempty"` // in turns of some milliseconds
	Whole    *Ratio `json:",omitempty"` // as go test -bench runs it, in processes one after the other

	OursNS  float64 `json:",omitempty"` // nanoseconds an op, median over rounds
	JudgeNS float64
	// Either over itself in the same laps: the estimate of the ratio.
	OursOverItself  float64 `json:",omitempty"`
	JudgeOverItself float64 `json:",omitempty"`

	Cause string `json:",omitempty"` // what is known to lie outside, and why
}

// A Ratio is the suite's time over the judge's. It is the Hodges-Lehmann
// estimate of the rounds' log ratios, with their signed-rank interval.
type Ratio struct {
	Ratio     float64
	Low, High float64 // its 95% interval, if Interval
	Interval  bool    // false where there are too few rounds for one
	Rounds    int     // rounds with a ratio; without any the figures are 0
	Verdict   string  // "inside", "outside", "undecided"
	OursNS    float64
	JudgeNS   float64
	Missing   []string `json:",omitempty"` // why rounds have no ratio
}

func report(ls []*line, rounds int) Report {
	r := Report{Rounds: rounds, Bound: bound}
	for _, l := range ls {
		row := Row{Family: l.family(), Row: l.row(), Case: l.pair.of, Judge: l.judge.name, LeftOut: l.leftOut, Cause: l.cause}
		if l.leftOut == "" {
			row.Lockstep, row.Whole = ratio(l.lockstep), ratio(l.whole)
			for _, of := range []*Ratio{row.Lockstep, row.Whole} {
				if of != nil && of.Rounds > 0 {
					row.OursNS, row.JudgeNS = of.OursNS, of.JudgeNS
					break
				}
			}
			row.OursOverItself = itself(l.lockstep, func(o outcome) float64 { return o.oursAgain })
			row.JudgeOverItself = itself(l.lockstep, func(o outcome) float64 { return o.judgeOwn })
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}

// ratio is what the outcomes say together, nil where nothing was measured.
func ratio(outcomes []outcome) *Ratio {
	if outcomes == nil {
		return nil
	}
	var (
		r               Ratio
		logs, ours, own []float64
	)
	for _, o := range outcomes {
		if o.missing != "" {
			r.Missing = append(r.Missing, o.missing)
			continue
		}
		ours, own = append(ours, o.ours), append(own, o.judge)
		if o.ratio > 0 {
			logs = append(logs, math.Log(o.ratio))
		}
	}
	if r.Rounds = len(own); r.Rounds > 0 {
		r.OursNS, r.JudgeNS = numbers.Median(ours), numbers.Median(own)
	}
	if logs != nil {
		sample, err := paired.SignedRank(logs)
		if err != nil {
			panic(err) // logarithms of what is above 0
		}
		r.Ratio = math.Exp(sample.Estimate())
		if of := sample.Interval(0.05); !math.IsInf(of.Low, 0) && !math.IsInf(of.High, 0) {
			r.Low, r.High, r.Interval = math.Exp(of.Low), math.Exp(of.High), true
		}
		r.Verdict = r.verdict()
	}
	return &r
}

func itself(outcomes []outcome, of func(outcome) float64) float64 {
	var logs []float64
	for _, o := range outcomes {
		if x := of(o); o.missing == "" && x > 0 {
			logs = append(logs, math.Log(x))
		}
	}
	sample, err := paired.SignedRank(logs)
	if err != nil { // there is none
		return 0
	}
	return math.Exp(sample.Estimate())
}

// verdict says where the interval lies: the whole of it inside the bound, or
// the whole of it outside.
func (r Ratio) verdict() string {
	low, high := 1-bound, 1+bound
	switch {
	case r.Interval && low <= r.Low && r.High <= high:
		return "inside"
	case r.Interval && (r.High < low || high < r.Low):
		return "outside"
	}
	return "undecided"
}

func (r Report) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// marks are the verdicts as the table has them.
var marks = map[string]string{"inside": "in", "outside": "OUT", "undecided": "?", "": ""}

func (r Report) text(w io.Writer) error {
	var b strings.Builder
	prose.Wrap(&b, fmt.Sprintf("The suite's time over that of a plain program, its judge, of %s: the Hodges-Lehmann estimate with the 95%% "+
		"signed-rank interval. in: the whole interval lies within 1 ± %.2f. OUT: none of it does. ?: more rounds would tell. A/A is how far "+
		"from 1 a side is over itself in the same laps, the larger of the two sides. Turns are of 1.5 ms. Judges in Go take turns of "+
		"10 ms, since package testing collects garbage before each, after which short ones take longer.", prose.Count(r.Rounds, "round"), r.Bound), "", "")
	family := ""
	for _, row := range r.Rows {
		if row.Family == "" || row.LeftOut != "" {
			continue
		}
		if row.Family != family {
			family = row.Family
			what := family
			if family == "Slices" {
				what = "Slices: turns of 1.5 ms over runs of 100 ms between them"
			}
			fmt.Fprintf(&b, "\n%s\n", what)
			fmt.Fprintf(&b, "%-18s %-17s %-21s  %-21s  %11s  %4s\n", "", "judge", "in turns", "as go test -bench", "µs/op", "A/A")
		}
		b.WriteString(strings.TrimRight(fmt.Sprintf("%-18s %-17s %-21s  %-21s  %11s  %4s", row.Row, row.Judge, row.Lockstep.cell(), row.Whole.cell(), row.times(), row.aa()), " ") + "\n")
	}
	b.WriteString("\n")
	told := map[string]bool{}
	for _, row := range r.Rows {
		what := row.name()
		switch {
		case row.LeftOut != "":
			prose.Wrap(&b, what+" is left out: "+row.LeftOut, "", "  ")
		case row.Family == "" && row.Whole.Rounds > 0:
			prose.Wrap(&b, fmt.Sprintf("%s alone takes %s µs/op. %s", row.Judge, micro(row.JudgeNS), row.Cause), "", "  ")
		case row.Cause != "" && !told[row.Cause]:
			told[row.Cause] = true
			prose.Wrap(&b, strings.Join(r.names(row.Cause), ", ")+": "+row.Cause, "", "  ")
		}
		for _, way := range row.ways() {
			if n := len(way.of.Missing); n > 0 {
				prose.Wrap(&b, fmt.Sprintf("%s %s: nothing in %d of %d rounds; the last one: %s", what, way.name, n, r.Rounds, way.of.Missing[n-1]), "", "  ")
			}
		}
	}
	_, err := io.WriteString(w, strings.TrimRight(b.String(), "\n")+"\n")
	return err
}

// names are the rows that were measured and have the cause.
func (r Report) names(cause string) (names []string) {
	for _, row := range r.Rows {
		if row.Cause == cause && row.LeftOut == "" {
			names = append(names, row.name())
		}
	}
	return names
}

func (row Row) name() string {
	if row.Family == "" {
		return row.Judge
	}
	return fmt.Sprintf("%s %s ~ %s", row.Family, row.Row, row.Judge)
}

type way struct {
	name string
	of   *Ratio
}

// ways are those in which the row was measured.
func (row Row) ways() (ways []way) {
	if row.Lockstep != nil {
		ways = append(ways, way{"in turns", row.Lockstep})
	}
	if row.Whole != nil {
		ways = append(ways, way{"as go test -bench", row.Whole})
	}
	return ways
}

// cell is a ratio in at most 21 characters.
func (r *Ratio) cell() string {
	switch {
	case r == nil:
		return ""
	case r.Ratio == 0:
		return "  –"
	}
	interval := "–"
	if r.Interval {
		interval = fmt.Sprintf("%.3f–%.3f", r.Low, r.High)
	}
	return fmt.Sprintf("%.3f %-11s %s", r.Ratio, interval, marks[r.Verdict])
}

func (row Row) times() string {
	if row.JudgeNS == 0 {
		return "–"
	}
	return fmt.Sprintf("%5s %5s", micro(row.OursNS), micro(row.JudgeNS))
}

// aa is the greater distance from 1.
func (row Row) aa() string {
	most := 0.0
	for _, x := range []float64{row.OursOverItself, row.JudgeOverItself} {
		if x > 0 {
			most = max(most, math.Abs(x-1))
		}
	}
	if row.OursOverItself == 0 {
		return "–"
	}
	if most >= 0.0995 { // four characters have to do
		return fmt.Sprintf("%.0f%%", 100*most)
	}
	return fmt.Sprintf("%.1f%%", 100*most)
}

// micro is a time in microseconds with three digits or so.
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

// unmeasured is an error that names what has no figure in any round.
func (r Report) unmeasured() error {
	var names []string
	for _, row := range r.Rows {
		for _, way := range row.ways() {
			if way.of.Rounds == 0 {
				names = append(names, row.name()+" "+way.name)
			}
		}
	}
	if names == nil {
		return nil
	}
	return fmt.Errorf("no ratio in any round of %s; the table says why", strings.Join(names, ", "))
}

// lines are the latest round's ratios in the Go benchmark format. A way that
// had none has no line.
func lines(ls []*line) string {
	var b strings.Builder
	word := func(s string) string { return strings.ReplaceAll(s, " ", "") }
	for _, l := range ls {
		if l.leftOut != "" {
			continue
		}
		of := l.pair.of
		if of == "" {
			of = "Judge"
		}
		for _, way := range []struct {
			name string
			of   []outcome
		}{{"turns", l.lockstep}, {"process", l.whole}} {
			if len(way.of) == 0 {
				continue
			}
			o := way.of[len(way.of)-1]
			if o.missing != "" {
				continue
			}
			fmt.Fprintf(&b, "Benchmark%s/judge=%s/in=%s 1", of, word(l.judge.name), way.name)
			for _, figure := range []struct {
				x    float64
				unit string
			}{{o.ratio, "x-ratio"}, {o.ours, "ours-ns/op"}, {o.judge, "judge-ns/op"}, {o.oursAgain, "x-ours"}, {o.judgeOwn, "x-judge"}} {
				if figure.x > 0 {
					fmt.Fprintf(&b, " %.6g %s", figure.x, figure.unit)
				}
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}
