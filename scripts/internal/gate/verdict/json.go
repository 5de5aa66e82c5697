package verdict

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
)

// Version is the version of the JSON form. It rises when a field is taken away
// or changes its meaning; new fields alone don't raise it.
const Version = 2

type document struct {
	Version int          `json:"version"`
	Verdict Verdict      `json:"verdict"`
	Exit    int          `json:"exit"`
	Base    string       `json:"base"`
	Head    string       `json:"head"`
	Plan    string       `json:"plan"`
	Alpha   float64      `json:"alpha"`
	Margin  float64      `json:"margin"`
	Decided int          `json:"decided"`
	Remarks []remarkJSON `json:"remarks"`
	Rows    []rowJSON    `json:"rows"`
}

type remarkJSON struct {
	Level string `json:"level"`
	Text  string `json:"text"`
}

type rowJSON struct {
	Name       string       `json:"name"`
	Unit       string       `json:"unit"`
	Better     string       `json:"better"`
	Verdict    Verdict      `json:"verdict"`
	Improved   bool         `json:"improved"`
	Paired     bool         `json:"paired"`
	Counted    bool         `json:"counted"`
	Margin     float64      `json:"margin"`
	P          *float64     `json:"p"`
	Adjusted   *float64     `json:"adjusted"`
	Detectable *float64     `json:"detectable"`
	Control    *controlJSON `json:"control"`
	changeJSON
}

type controlJSON struct {
	P        *float64 `json:"p"`
	Adjusted *float64 `json:"adjusted"`
	Sees     bool     `json:"sees"`
	changeJSON
}

type changeJSON struct {
	RoundsBase int      `json:"roundsBase"`
	RoundsHead int      `json:"roundsHead"`
	Base       *float64 `json:"base"`
	Head       *float64 `json:"head"`
	Ratio      *float64 `json:"ratio"`
	Low        *float64 `json:"low"`
	High       *float64 `json:"high"`
	Spread     *float64 `json:"spread"`
}

// JSON renders the report as one JSON object. Its error is the writer's.
//
//	version      Version
//	verdict      "pass", "regression", "inconclusive" or "invalid"
//	exit         the exit code
//	base, head   what was compared, plan how to repeat it, for a reader
//	alpha        the family's level; margin, 0.01 being 1%
//	decided      how many rows statistics decide
//	remarks      an array: level ("error", "warning", "notice"), text
//	rows         an array, one object for each benchmark and unit
//
// A row:
//
//	name, unit   as in the files; better is "lower", "higher" or ""
//	verdict      "pass", "regression", "inconclusive"; "" decides nothing
//	improved     shown to be better than base
//	paired       by round; else two files that were measured apart
//	counted      exact counts, compared without statistics
//	margin       that the row was held to
//	p            one-sided, of "worse by at most the margin"; adjusted after Holm
//	detectable   head/base of the smallest worsening that such a run would
//	             have shown with a probability of 0.6 to 0.8
//	roundsBase   how many; roundsHead the same where paired
//	base, head   medians, in the unit
//	ratio        head/base by Hodges and Lehmann, from low to high, each a
//	             one-sided bound at level alpha/decided
//	spread       half of the rounds lie within this share of their middle
//	control      base (as head) against base; null if none. The same figures, p
//	             two-sided, bounds at alpha/2 over the number of controls that
//	             statistics decide, and sees: a difference, which makes the
//	             run invalid
//
// Figures have eight significant digits. One is null where there is none: no
// interval for too few rounds, no ratio from 0, no p where counted.
func (r *Report) JSON(w io.Writer) error {
	doc := document{Version: Version, Verdict: r.Verdict, Exit: r.ExitCode(), Base: r.Base, Head: r.Head, Plan: r.Plan,
		Alpha: r.Rules.Alpha, Margin: r.Rules.Margin, Decided: r.Decided, Remarks: []remarkJSON{}, Rows: []rowJSON{}}
	for _, m := range r.Remarks {
		doc.Remarks = append(doc.Remarks, remarkJSON(m))
	}
	for _, res := range r.Rows {
		row := rowJSON{Name: res.Row.Name, Unit: res.Row.Unit, Better: res.Row.Better, Verdict: res.Verdict, Improved: res.Improved,
			Paired: len(res.Row.Pairs) > 0, Counted: res.Counted, Margin: r.Rules.Margin, changeJSON: res.Change.json()}
		if !res.Counted && res.Verdict != "" {
			row.P, row.Adjusted = number(res.P), number(res.Adjusted)
			if res.Detectable > 0 {
				row.Detectable = number(res.Detectable)
			}
		}
		if c := res.Control; c != nil {
			row.Control = &controlJSON{P: number(c.P), Adjusted: number(c.Adjusted), Sees: c.Sees, changeJSON: c.Change.json()}
		}
		doc.Rows = append(doc.Rows, row)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(doc)
}

func (c Change) json() changeJSON {
	j := changeJSON{RoundsBase: c.Rounds[0], RoundsHead: c.Rounds[1], Base: number(c.Base), Head: number(c.Head),
		Ratio: number(c.Ratio), Low: number(c.Low), High: number(c.High), Spread: number(c.Spread)}
	if c.Low == 0 && c.High != 0 {
		j.Low = nil
	}
	return j
}

// number is v to eight significant digits, nil for what JSON has no number for.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	if r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 8, 64), 64); err == nil {
		v = r
	}
	return &v
}
