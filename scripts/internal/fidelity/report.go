package fidelity

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"golang.org/x/perf/benchunit"

	"threadbench/bench/lockstep"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/table"
)

// A Report is what the command prints.
type Report struct {
	Rounds int
	Groups []Group
}

// A Group is what took turns.
type Group struct {
	Title   string
	What    string // what is compared, and what one op is
	Case    string // the suite's own case
	LeftOut string `json:",omitempty"` // why it was not measured, "" if it was
	Rows    []Row
}

// A Row is one ratio.
type Row struct {
	Of, Over  string
	Ratio     float64 // median over rounds
	Low, High float64 // its 95% interval, if Interval
	Interval  bool    // false where there are too few rounds for one
	Rounds    int     // rounds with a ratio; without any the figures are 0
	Bound     float64 // expected within 1 ± Bound; 0 where nothing is
	Verdict   string  // "inside", "outside", "undecided"; "" where nothing is expected
	OfNS      float64 // nanoseconds an op, median over rounds
	OverNS    float64
	Missing   []string `json:",omitempty"` // why rounds have no ratio
}

func report(gs []group, rounds int) Report {
	r := Report{Rounds: rounds}
	for _, g := range gs {
		reported := Group{Title: g.title, What: g.what, Case: g.of, LeftOut: g.leftOut}
		for _, row := range g.rows {
			if g.leftOut == "" {
				reported.Rows = append(reported.Rows, row.report(g.arms))
			}
		}
		r.Groups = append(r.Groups, reported)
	}
	return r
}

func (r *row) report(arms []arm) Row {
	reported := Row{Of: arms[r.of].name, Over: arms[r.over].name, Bound: r.bound}
	var ratios, of, over []float64
	for _, o := range r.rounds {
		if o.missing != "" {
			reported.Missing = append(reported.Missing, o.missing)
			continue
		}
		ratios, of, over = append(ratios, o.ratio), append(of, o.of), append(over, o.over)
	}
	if reported.Rounds = len(ratios); reported.Rounds > 0 {
		s := table.Summarize("", ratios)
		reported.Ratio, reported.Low, reported.High, reported.Interval = s.Median, s.Low, s.High, s.Interval
		reported.OfNS, reported.OverNS = lockstep.Median(of), lockstep.Median(over)
	}
	reported.Verdict = reported.verdict()
	return reported
}

// verdict says where the interval lies: the whole of it inside the bound, or
// the whole of it outside.
func (r Row) verdict() string {
	low, high := 1-r.Bound, 1+r.Bound
	switch {
	case r.Bound == 0:
		return ""
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

func (r Report) text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Each ratio is the median over %d rounds of fresh processes, read off the same laps, with the 95%% interval\n"+
		"of that median. inside and outside say it of the whole interval.\n", r.Rounds)
	for _, g := range r.Groups {
		fmt.Fprintf(&b, "\n%s (%s)\n", g.Title, g.Case)
		prose.Wrap(&b, g.What, "  ", "  ")
		if g.LeftOut != "" {
			fmt.Fprintf(&b, "  left out: %s\n", g.LeftOut)
			continue
		}
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
		fmt.Fprint(t, "  \tratio\t95% interval\trounds\texpected\tis\ttimes per op\n")
		for _, row := range g.Rows {
			interval, expected, verdict := "–", "", row.Verdict
			if row.Interval {
				interval = fmt.Sprintf("[%.3f, %.3f]", row.Low, row.High)
			}
			if row.Bound > 0 {
				expected = fmt.Sprintf("1 ± %.2f", row.Bound)
			}
			over := row.Over
			if row.Of == row.Over {
				over = "itself"
			}
			if row.Rounds == 0 {
				fmt.Fprintf(t, "  %s over %s\t–\t–\t0\t%s\t%s\t–\n", row.Of, over, expected, verdict)
				continue
			}
			fmt.Fprintf(t, "  %s over %s\t%.3f\t%s\t%d\t%s\t%s\t%s, %s\n", row.Of, over, row.Ratio, interval, row.Rounds, expected, verdict,
				seconds(row.OfNS), seconds(row.OverNS))
		}
		t.Flush()
		for _, row := range g.Rows {
			if n := len(row.Missing); n > 0 {
				fmt.Fprintf(&b, "  %s over %s: no ratio in %d of %d rounds; the last one: %s\n", row.Of, row.Over, n, r.Rounds, row.Missing[n-1])
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func seconds(nanoseconds float64) string {
	return benchunit.Scale(nanoseconds/1e9, benchunit.Decimal) + "s"
}

// unmeasured is an error that names what has no ratio in any round.
func (r Report) unmeasured() error {
	var names []string
	for _, g := range r.Groups {
		for _, row := range g.Rows {
			if row.Rounds == 0 {
				names = append(names, fmt.Sprintf("%s: %s over %s", g.Title, row.Of, row.Over))
			}
		}
	}
	if names == nil {
		return nil
	}
	return fmt.Errorf("no ratio in any round of %s; the table says why", strings.Join(names, ", "))
}

// lines are the latest round's ratios in the Go benchmark format. A row that
// had none has no line.
func lines(gs []group) string {
	var b strings.Builder
	word := func(s string) string { return strings.ReplaceAll(s, " ", "") }
	for _, g := range gs {
		for _, r := range g.rows {
			if g.leftOut != "" {
				continue
			}
			if o := r.rounds[len(r.rounds)-1]; o.missing == "" {
				fmt.Fprintf(&b, "Benchmark%s/of=%s/over=%s 1 %.6g x-ratio %.6g of-ns/op %.6g over-ns/op\n", g.of,
					word(g.arms[r.of].name), word(g.arms[r.over].name), o.ratio, o.of, o.over)
			}
		}
	}
	return b.String()
}
