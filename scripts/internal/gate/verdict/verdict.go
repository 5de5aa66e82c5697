// Package verdict says of two builds' figures whether one is slower.
package verdict

import "errors"

// A Verdict is what is said of a row, or of all of them.
type Verdict string

const (
	Pass         Verdict = "pass"         // not worse by more than the margin
	Regression   Verdict = "regression"   // worse by more than the margin
	Inconclusive Verdict = "inconclusive" // neither could be shown
	Invalid      Verdict = "invalid"      // the control saw a difference where there is none; of a whole run only
)

// A Pair is one round of a row.
type Pair struct {
	Round      int
	Seed       uint64 // of the layout, 0 if the round had none of its own
	Base, Head float64
}

// A Row is one benchmark in one unit.
type Row struct {
	Name   string
	Unit   string
	Better string // "lower" or "higher"; "" decides nothing
	Exact  bool   // whole by construction: zeros are allowed, and constant sides are compared without statistics

	Pairs   []Pair // head against base, paired by round
	Control []Pair // base once more, as Head, against base; nil where there is none

	Old, New []float64 // instead of Pairs: two files, unpaired
}

// Rules are what a verdict is held to.
type Rules struct {
	Alpha        float64      // of the family: above 0, below 0.5
	Margin       float64      // how much worse is let pass: 0.01 is 1%; at least 0
	Inconclusive string       // what exit code 3 becomes: "" stays, "pass" is 0, "fail" is 1
	Calibration  *Calibration // nil: the margin alone
}

// A Calibration is what a machine's own noise was measured to be.
type Calibration struct {
	Source string             // where it comes from, for the reader
	Noise  map[string]float64 // Key(name, unit) → the change, 0.02 is 2%, that a row shows with nothing changed
}

// Key is a row's in a Calibration.
func Key(name, unit string) string { return name + " " + unit }

// A Remark is a line that a reader must not miss.
type Remark struct {
	Level string // "error", "warning" or "notice"
	Text  string
}

// A Report is what Judge found. The caller may fill in Base, Head and Plan and
// append Remarks before it is rendered.
type Report struct {
	Base, Head string // what was compared, for the reader
	Plan       string // how to repeat it, for the reader
	Rules      Rules
	Verdict    Verdict
	Remarks    []Remark
	Rows       []Result
}

// A Result is a row judged. It will grow.
type Result struct {
	Row     Row
	Verdict Verdict // "" if the row decides nothing
}

// Judge gives the verdict. Its errors mean that there can be none (exit code 2).
func Judge(rows []Row, rules Rules) (*Report, error) {
	return nil, errors.New("not there yet")
}

// ExitCode is 0 for Pass, 1 for Regression, 3 for Inconclusive and Invalid,
// unless Rules.Inconclusive says otherwise for the former.
func (r *Report) ExitCode() int { return 3 }
