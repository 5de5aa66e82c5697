package report

import (
	"cmp"
	"math"
	"slices"

	"threadbench/scripts/internal/chart"
	"threadbench/scripts/internal/claims"
)

// A ledger counts the verdicts of one file, in one line.
type ledger struct{ Label, Tally string }

// A claim is a statement with the verdict of each file.
type claim struct {
	ID, Says, Why string
	Counts        string // on how many machines the statement holds; "" where files stand side by side
	Found         string // what all the machines found; "" where files stand side by side
	Verdicts      []verdict
	Drawing       chart.Drawing // nil where no file has a figure
}

// A verdict is the verdict of one file on a statement.
type verdict struct {
	Label                  string // the file's label; "" for a single file
	Verdict, Found, Reason string
	Needs                  []string // "11.7× [11.5, 12.1], at least 2.00×: of what"
	Circumstances          []claims.Circumstance
}

// claims returns the statements whose rows a file was to measure. unasked are the
// others.
func (r *Report) claims() (all []claim, unasked []string) {
	if r.many != nil {
		return r.manyClaims()
	}
	for i, first := range r.sources[0].ledger.Entries {
		if !slices.ContainsFunc(r.sources, func(s source) bool { return !s.ledger.Entries[i].Unasked }) {
			unasked = append(unasked, first.Statement)
			continue
		}
		c := claim{ID: first.ID, Says: first.Statement, Why: first.Why}
		var entries []measured
		for _, s := range r.sources {
			e := s.ledger.Entries[i]
			v := verdict{Verdict: e.Verdict, Found: e.Found(), Reason: e.Reason, Circumstances: e.Circumstances()}
			if r.several() {
				v.Label = s.label
			}
			for _, n := range e.Needs {
				if n.There {
					v.Needs = append(v.Needs, n.String())
				}
			}
			c.Verdicts = append(c.Verdicts, v)
			entries = append(entries, measured{v.Label, e})
		}
		c.Drawing = gauge(first.Statement, entries, false)
		all = append(all, c)
	}
	return all, unasked
}

// manyClaims does the work of claims for a report of many files. It says on how
// many machines each statement holds, and draws all machines in one picture.
func (r *Report) manyClaims() (all []claim, unasked []string) {
	if len(r.summary.Machines) == 0 {
		return nil, nil
	}
	for i, first := range r.summary.Machines[0].Entries {
		tally := r.summary.Tally(i, r.summary.All())
		if len(tally.Machines[claims.Missing]) == len(r.summary.Machines) {
			unasked = append(unasked, first.Statement)
			continue
		}
		var entries []measured
		for _, m := range r.summary.Machines {
			entries = append(entries, measured{m.Label, m.Entries[i]})
		}
		all = append(all, claim{
			ID: first.ID, Says: first.Statement, Why: first.Why, Counts: r.summary.Counts(tally), Found: r.summary.Found(i),
			Drawing: gauge(first.Statement, entries, true),
		})
	}
	return all, unasked
}

// A measured is the ledger entry of a machine or of a file.
type measured struct {
	label string
	entry claims.Entry
}

// of returns the finding whose condition has these words.
func (m measured) of(what string) claims.Finding {
	i := slices.IndexFunc(m.entry.Needs, func(n claims.Finding) bool { return n.What == what })
	if i < 0 {
		return claims.Finding{}
	}
	return m.entry.Needs[i]
}

// verdictMarkers tell verdicts apart without their colours.
var verdictMarkers = map[string]chart.Marker{claims.Holds: chart.Circle, claims.Fails: chart.Square, claims.Inconclusive: chart.Diamond, claims.Missing: chart.Cross}

// gauge draws one condition of a statement against its bound, or returns nil where
// no entry has a figure. The first entry whose deciding condition has a figure
// chooses: that condition is drawn, with a line for each entry. With together, the
// entry's first condition is drawn, and all entries share one line.
func gauge(title string, entries []measured, together bool) chart.Drawing {
	i := slices.IndexFunc(entries, func(m measured) bool { return m.entry.Decided().There })
	if i < 0 {
		return nil
	}
	shown := entries[i].entry.Decided()
	if together {
		shown = entries[i].entry.Needs[0]
	}
	g := chart.Gauge{
		Title: title, About: "The figure, its interval and its bound: " + shown.What + ". The bound is kept on the tinted side.",
		Bound: shown.Bound, Label: shown.Held(), Least: shown.Least,
		X: chart.Axis{Log: shown.Factor, Zero: true, Format: tick(shown.Unit)},
	}
	if shown.Factor {
		g.X.Format = times
	}
	for _, m := range entries {
		f := m.of(shown.What)
		if !f.There || shown.Factor && f.Effect <= 0 {
			continue
		}
		says := f.String()
		if m.label != "" {
			says = m.label + ": " + says
		}
		within := chart.Span{Low: f.Low, High: f.High, There: f.Interval && !math.IsInf(f.Low, 0) && !math.IsInf(f.High, 0) && !(shown.Factor && f.Low <= 0)}
		p := chart.GaugePoint{Look: chart.Look{Class: m.entry.Verdict, Marker: verdictMarkers[m.entry.Verdict]}, Point: chart.Point{X: f.Effect, XIn: within, Says: says}}
		if together && len(g.Strips) > 0 {
			g.Strips[0].Points = append(g.Strips[0].Points, p)
			continue
		}
		strip := chart.Strip{Points: []chart.GaugePoint{p}}
		if !together {
			strip.Label, strip.Value = cmp.Or(m.label, "measured"), f.Measured()
		}
		g.Strips = append(g.Strips, strip)
	}
	if g.Strips == nil {
		return nil
	}
	return g
}
