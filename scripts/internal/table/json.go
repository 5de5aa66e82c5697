package table

import (
	"encoding/json"
	"io"

	"threadbench/bench/catalog"
)

// Version is the version of the JSON form. It rises when a field is taken away
// or changes its meaning; new fields alone don't raise it.
const Version = 1

// document is the JSON form, described at JSON.
type document struct {
	Version   int               `json:"version"`
	Driver    string            `json:"driver"`
	Config    map[string]string `json:"config"`
	Rounds    int               `json:"rounds"`
	Truncated bool              `json:"truncated"`
	Rows      []line            `json:"rows"`
	AA        *aaJSON           `json:"aa"`
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
	Median     float64           `json:"median"`
	Low        *float64          `json:"low,omitempty"`
	High       *float64          `json:"high,omitempty"`
	Rounds     int               `json:"rounds"`
	Ref        string            `json:"ref,omitempty"`
	Factor     *float64          `json:"factor,omitempty"`
	FactorLow  *float64          `json:"factorLow,omitempty"`
	FactorHigh *float64          `json:"factorHigh,omitempty"`
	Paired     *bool             `json:"paired,omitempty"`
	P          *float64          `json:"p,omitempty"`
	Words      string            `json:"words,omitempty"`
}

type aaJSON struct {
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
	N        int     `json:"n"`
	Furthest string  `json:"furthest"`
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
//	rows       an array, one object for each case and unit
//	aa         goroutine arms measured twice in the same laps: low and high are
//	           the least and the greatest of the n arms' medians, furthest the
//	           name of the one furthest from 1; null if there is none
//	notes      an array: kind ("skip", "cut", "failed"), name, reason, times
//
// A row:
//
//	name       without "Benchmark"; family, impl and keys are its parts
//	unit       as in the file (values are in it: ns, B), or
//	           user+kernel-B/task, which is the two added up by round
//	primary    true for the figure that the factor is of
//	lottery    true if the schedulers place the tasks: it decides nothing
//	median     over rounds; low and high are its 95% interval
//	rounds     with a value
//	ref        the goroutine arm's name
//	factor     over the goroutine arm, primary rows only; factorLow and
//	           factorHigh are its 95% interval; on that arm itself its ratio to
//	           its twin, x-self, where it had one
//	paired     false if the factor is a quotient of two medians: then p is the
//	           Mann-Whitney U-test's, and there is no interval
//	words      the comparison as a sentence
//
// What isn't there is left out: an interval with too few rounds, a factor with
// nothing to refer to or of a figure that isn't compared so. There is no NaN and no infinity.
func (t *Table) JSON(w io.Writer) error {
	doc := document{Version: Version, Driver: t.Driver, Config: map[string]string{}, Rounds: t.Rounds, Truncated: t.Truncated, Rows: t.lines(), Notes: []noteJSON{}}
	for _, s := range t.Config {
		doc.Config[s.Key] = s.Value
	}
	if a := t.AA; a != nil {
		doc.AA = &aaJSON{a.Low, a.High, a.N, a.Furthest}
	}
	for _, n := range t.Notes {
		doc.Notes = append(doc.Notes, noteJSON{n.Kind, n.FullName, n.Reason, n.Rounds})
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}

// lines are the table's rows flat, in its order.
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
					Primary: i == 0, Lottery: r.Lottery, Median: st.Median, Rounds: st.N, Ref: r.Ref}
				l.Low, l.High = st.ends()
				if l.Primary {
					l.Words = r.Words
				}
				if f := r.Factor; f != nil && l.Primary {
					l.Factor, l.Paired = &f.Median, &f.Paired
					l.FactorLow, l.FactorHigh = f.ends()
					if !f.Paired && !r.Own() {
						l.P = &f.P
					}
				}
				lines = append(lines, l)
			}
		}
	}
	return lines
}

// ends are the interval's, nil where there is none.
func (s Stat) ends() (low, high *float64) {
	if !s.Interval {
		return nil, nil
	}
	return &s.Low, &s.High
}
