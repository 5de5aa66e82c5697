package table

import (
	"encoding/json"
	"io"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
)

// Version is the version of the JSON form. It rises when a field is removed or
// changes its meaning. A new field doesn't raise it.
const Version = 2

// document is the JSON form. See Table.JSON.
type document struct {
	Version   int               `json:"version"`
	Driver    string            `json:"driver"`
	Config    map[string]string `json:"config"`
	Rounds    int               `json:"rounds"`
	Truncated bool              `json:"truncated"`
	Warnings  []string          `json:"warnings"`
	Rows      []line            `json:"rows"`
	Notes     []noteJSON        `json:"notes"`
}

// line is one case in one unit, in JSON and in CSV.
type line struct {
	Name       string            `json:"name"`
	Family     string            `json:"family"`
	Impl       string            `json:"impl"`
	Keys       map[string]string `json:"keys"`
	Unit       string            `json:"unit"`
	Primary    bool              `json:"primary"`
	Lottery    bool              `json:"lottery"`
	Center     float64           `json:"center"`
	Low        *float64          `json:"low,omitempty"`
	High       *float64          `json:"high,omitempty"`
	Rounds     int               `json:"rounds"`
	Ref        string            `json:"ref,omitempty"`
	Factor     *float64          `json:"factor,omitempty"`
	FactorLow  *float64          `json:"factorLow,omitempty"`
	FactorHigh *float64          `json:"factorHigh,omitempty"`
	Paired     *bool             `json:"paired,omitempty"`
	States     []summary.State   `json:"states,omitempty"`
	AA         *aaJSON           `json:"aa,omitempty"`
	Words      string            `json:"words,omitempty"`
	Warnings   []summary.Warning `json:"warnings,omitempty"`
}

type aaJSON struct {
	Factor *float64 `json:"factor"`
	Low    *float64 `json:"low,omitempty"`
	High   *float64 `json:"high,omitempty"`
	Worst  *float64 `json:"worst"`
	Rounds int      `json:"rounds"`
}

type noteJSON struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Reason string `json:"reason"`
	Times  int    `json:"times"`
}

// JSON renders the table as one JSON object. Its error is the writer's.
//
//	version    Version
//	driver     "lockstep" or "testing"
//	config     the file's configuration, key to value
//	rounds     complete rounds; with driver testing the most runs of a case
//	truncated  true if a round never ended and isn't counted
//	warnings   an array of texts: what a reader must know about the file first
//	rows       an array, one object for each case and unit
//	notes      an array: kind ("skip", "cut", "failed"), name, reason, times
//
// A row:
//
//	name       without "Benchmark"; family, impl and keys are its parts
//	unit       as in the file (values are in it: ns, B), or
//	           user+kernel-B/task, which is the two added up by round
//	primary    true for the figure that the factor is of
//	lottery    true if the schedulers place the tasks: it decides nothing
//	center     the median over rounds; low and high are its 95% interval
//	rounds     with a value
//	ref        the goroutine arm's name
//	factor     over the goroutine arm, primary rows only, 1 on that arm itself;
//	           factorLow and factorHigh are its 95% interval
//	states     the two groups that the factor's rounds lie in, where they do:
//	           center and rounds of each
//	paired     false if the factor is of two sets of runs, without pairs
//	aa         the goroutine arm over itself in the same laps, which the factor's
//	           interval allows for: factor, low, high, worst (the round that is
//	           furthest from 1), rounds
//	words      the comparison as a sentence
//	warnings   an array: kind and, in words, says
//
// A missing value is left out: an interval with too few rounds, a factor without a
// goroutine arm, or a factor of a figure that isn't compared by factors. There is no
// NaN and no infinity.
func (t *Table) JSON(w io.Writer) error {
	doc := document{Version: Version, Driver: t.Driver, Config: map[string]string{}, Rounds: t.Rounds, Truncated: t.Truncated, Warnings: append([]string{}, t.Warnings...), Rows: t.lines(), Notes: []noteJSON{}}
	for _, s := range t.Config {
		doc.Config[s.Key] = s.Value
	}
	for _, n := range t.Notes {
		doc.Notes = append(doc.Notes, noteJSON{n.Kind, n.FullName, n.Reason, n.Rounds})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}

// lines has one line for each row and unit, in the table's order.
func (t *Table) lines() []line {
	lines := []line{}
	for _, s := range t.Sections {
		for _, r := range s.Rows {
			keys := map[string]string{}
			for _, k := range catalog.Keys {
				if v := r.Name.Get(k); v != "" && k != "impl" {
					keys[k] = v
				}
			}
			for i, st := range r.Stats {
				l := line{Name: r.FullName, Family: r.Name.Family, Impl: r.Name.Get("impl"), Keys: keys, Unit: st.Unit,
					Primary: i == 0, Lottery: r.Lottery, Center: st.Center, Rounds: st.Rounds, Ref: r.Ref}
				l.Low, l.High = ends(st)
				if l.Primary {
					l.Words, l.Warnings = r.Words, r.Warnings
					l.factor(t, r)
				}
				lines = append(lines, l)
			}
		}
	}
	return lines
}

// factor adds a row's factor, and its A/A.
func (l *line) factor(t *Table, r Row) {
	f := r.Factor
	if f == nil && r.Own() && r.Compared {
		f = &summary.Summary{Center: 1}
	}
	if f != nil {
		paired := t.Driver == results.Lockstep
		l.Factor, l.Paired, l.States = &f.Center, &paired, f.States
		l.FactorLow, l.FactorHigh = ends(*f)
	}
	if a := r.AA; a != nil {
		l.AA = &aaJSON{Factor: &a.Center, Worst: &a.Worst, Rounds: a.Rounds}
		l.AA.Low, l.AA.High = ends(a.Summary)
	}
}

// ends are the ends of the interval, nil where there is none.
func ends(s summary.Summary) (low, high *float64) {
	if !s.Interval {
		return nil, nil
	}
	return &s.Low, &s.High
}
