package verdict

import (
	"encoding/json"
	"io"
	"math"
	"strconv"
	"time"
)

// Version is the version of the JSON form. It rises when a field is removed or
// changes its meaning; new fields don't raise it.
const Version = 3

type document struct {
	Version     int             `json:"version"`
	Verdict     Verdict         `json:"verdict"`
	Headline    string          `json:"headline"`
	Exit        int             `json:"exit"`
	Base        string          `json:"base"`
	Head        string          `json:"head"`
	Plan        string          `json:"plan"`
	Alpha       float64         `json:"alpha"`
	Margin      float64         `json:"margin"`
	Decided     int             `json:"decided"`
	MoreSeconds *float64        `json:"moreSeconds"`
	Remarks     []remarkJSON    `json:"remarks"`
	Missing     []missingJSON   `json:"missing"`
	Unchanged   []string        `json:"unchanged"`
	Disturbance disturbanceJSON `json:"disturbance"`
	Rows        []rowJSON       `json:"rows"`
}

type remarkJSON struct {
	Level string `json:"level"`
	Text  string `json:"text"`
}

type missingJSON struct {
	Name    string  `json:"name"`
	Why     string  `json:"why"`
	Verdict Verdict `json:"verdict"`
}

type disturbanceJSON struct {
	Seconds   float64  `json:"seconds"`
	CPUs      int      `json:"cpus"`
	Steal     *float64 `json:"steal"`
	Others    *float64 `json:"others"`
	Throttled *int64   `json:"throttled"`
	Load      string   `json:"load"`
	Busy      string   `json:"busy"`
}

type rowJSON struct {
	Name        string       `json:"name"`
	Package     string       `json:"package"`
	Unit        string       `json:"unit"`
	Better      string       `json:"better"`
	Verdict     Verdict      `json:"verdict"`
	Improved    bool         `json:"improved"`
	Paired      bool         `json:"paired"`
	Counted     bool         `json:"counted"`
	How         string       `json:"how"`
	Why         string       `json:"why"`
	Margin      float64      `json:"margin"`
	AtMost      *float64     `json:"atMost"`
	P           *float64     `json:"p"`
	Adjusted    *float64     `json:"adjusted"`
	Detectable  *float64     `json:"detectable"`
	NextLook    *int         `json:"nextLook"`
	MoreSeconds *float64     `json:"moreSeconds"`
	Control     *controlJSON `json:"control"`
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
//	headline     the verdict in a sentence or two, for a reader
//	exit         the exit code
//	base, head   what was compared, for a reader
//	plan         how to repeat it, for a reader
//	alpha        the level
//	margin       how much worse still passes: 0.03 is 3%
//	decided      how many rows share the level; counts are not among them
//	moreSeconds  about how much longer would decide what is undecided
//	remarks      an array: level ("error", "warning", "notice"), text
//	missing      benchmarks without figures, an array: name, why, verdict:
//	             "" is only reported, "inconclusive", "regression" fails in head alone
//	unchanged    packages that pass since their sources are the same, an array
//	disturbance  seconds that were measured; cpus; steal, a share; others, the
//	             CPUs that other processes kept busy; throttled, periods; load; and
//	             busy, why the machine was too busy, "" if it wasn't
//	rows         an array, one object for each benchmark and unit
//
// A row:
//
//	name, unit   as in the files
//	package      "" if unknown
//	better       "lower", "higher" or ""
//	verdict      "pass", "regression", "inconclusive"; "" decides nothing
//	improved     shown to be better than base
//	paired       by round; else two files that were measured apart
//	counted      counts, compared without statistics
//	how          how it was measured, if not in the usual way
//	why          what the figures don't show by themselves, mostly ""
//	margin       of this row
//	atMost       how much worse head can be at most: 0.06 is 6%; below 0 it is
//	             better
//	p            one-sided, of "worse by at most the margin", the least of p over
//	             its share over the looks; adjusted after Holm
//	detectable   head/base of the smallest worsening that such a run would
//	             have shown with a probability of 0.6 to 0.8
//	nextLook     rounds at the next look
//	moreSeconds  about how much longer would decide it
//	roundsBase   how many; roundsHead is the same if paired
//	base, head   medians, in the unit
//	ratio        head/base by Hodges and Lehmann
//	low, high    the part that the intervals of all looks have in common
//	spread       half of the rounds lie within this share of their middle
//	control      base (as head) against base at the row's last look; null if none.
//	             The same figures; p is two-sided, over the look's share; adjusted
//	             is p times the rows; sees, a difference, makes the run invalid
//
// Figures have eight significant digits. A figure that doesn't exist is null:
// an interval of too few rounds, a ratio from 0, the p of counted rows.
func (r *Report) JSON(w io.Writer) error {
	doc := document{Version: Version, Verdict: r.Verdict, Headline: r.Headline(), Exit: r.ExitCode(), Base: r.Base, Head: r.Head, Plan: r.Plan,
		Alpha: r.Rules.Alpha, Margin: r.Rules.Margin, Decided: r.Decided, MoreSeconds: seconds(r.More),
		Remarks: []remarkJSON{}, Missing: []missingJSON{}, Unchanged: append([]string{}, r.Unchanged...), Rows: []rowJSON{}}
	for _, m := range r.Remarks {
		doc.Remarks = append(doc.Remarks, remarkJSON(m))
	}
	for _, m := range r.Missing {
		doc.Missing = append(doc.Missing, missingJSON(m))
	}
	d := r.Disturbance
	doc.Disturbance = disturbanceJSON{Seconds: d.Time.Seconds(), CPUs: d.CPUs, Load: d.Load, Busy: d.Busy()}
	if d.CPUs > 0 {
		doc.Disturbance.Steal, doc.Disturbance.Others = number(d.Steal), number(d.Others)
	}
	if d.Time > 0 && d.Throttled >= 0 {
		doc.Disturbance.Throttled = &d.Throttled
	}
	for _, res := range r.Rows {
		row := rowJSON{Name: res.Row.Name, Package: res.Row.Pkg, Unit: res.Row.Unit, Better: res.Row.Better, Verdict: res.Verdict, Improved: res.Improved,
			Paired: res.Row.paired(), Counted: res.Counted, How: res.Row.How, Why: res.Why, Margin: r.Rules.Margin,
			AtMost: number(res.AtMost), MoreSeconds: seconds(res.More), changeJSON: res.Change.json()}
		if !res.Counted && res.Verdict != "" {
			row.P, row.Adjusted = number(res.P), number(res.Adjusted)
			if d := r.detectable(res); d > 0 {
				row.Detectable = number(d)
			}
		}
		if res.Verdict == Inconclusive && res.Next > 0 {
			row.NextLook = &res.Next
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

// seconds are a time's seconds, nil if it is unknown.
func seconds(d time.Duration) *float64 {
	if d <= 0 {
		return nil
	}
	return number(d.Seconds())
}

func (c Change) json() changeJSON {
	j := changeJSON{RoundsBase: c.Rounds[0], RoundsHead: c.Rounds[1], Base: number(c.Base), Head: number(c.Head),
		Ratio: number(c.Ratio), Low: number(c.Low), High: number(c.High), Spread: number(c.Spread)}
	if c.Low == 0 && c.High != 0 {
		j.Low = nil
	}
	return j
}

// number is v to eight significant digits, nil for values that JSON has no
// number for.
func number(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	if r, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 8, 64), 64); err == nil {
		v = r
	}
	return &v
}
