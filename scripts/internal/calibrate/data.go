package calibrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"strconv"
	"time"

	"threadbench/scripts/internal/gate"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
)

// version is the version of the data format. It rises when a field changes its
// meaning, or when the gate's results are no longer comparable.
const version = 2

// A session is a line of a data file that begins with "calibration". It has
// what the runs below it have in common.
type session struct {
	Version  int               `json:"calibration"`
	Begun    time.Time         `json:"begun"`
	Commit   string            `json:"commit"`   // of our source, with "+" if the tree was changed; "unknown" without git
	Subjects map[string]string `json:"subjects"` // what each subject was, by its name
	Config   map[string]string `json:"config"`   // measure.Configuration's
}

// A trial is a line that begins with "run": one run of the gate.
type trial struct {
	Cell        cell            `json:"run"`
	Apart       bool            `json:"apart,omitempty"` // head had layouts of its own
	Begun       time.Time       `json:"begun"`
	Seconds     float64         `json:"seconds"`           // from the start to the verdict
	Disturbance string          `json:"weather,omitempty"` // as package disturbance prints it
	Seed        uint64          `json:"seed,omitempty"`    // of the plan
	Error       string          `json:"error,omitempty"`   // why there is no verdict; the fields that follow are empty then
	Margin      float64         `json:"margin,omitempty"`
	Alpha       float64         `json:"alpha,omitempty"`
	Verdict     verdict.Verdict `json:"verdict,omitempty"`
	Rows        []row           `json:"rows,omitempty"`

	on *session // under which the run stands in the file
}

// A row is the result of a run for one benchmark in one unit. A share or bound
// that doesn't exist is 0.
type row struct {
	Name    string          `json:"name"`
	Unit    string          `json:"unit"`
	Verdict verdict.Verdict `json:"verdict"`
	Rounds  int             `json:"rounds"`
	Ratio   float64         `json:"ratio,omitempty"` // head/base
	Low     float64         `json:"low,omitempty"`   // lower end of the interval
	High    float64         `json:"high,omitempty"`
	Most    float64         `json:"most,omitempty"`   // how much worse head can be at most: 0.02 is 2%
	Spread  float64         `json:"spread,omitempty"` // half of the rounds lie within ±this share of their middle
}

// newTrial makes the trial of a gate's run that began then: its result, or why
// it has no verdict. got is nil if the run measured nothing.
func newTrial(c cell, apart bool, begun time.Time, got *gate.Measured, err error) *trial {
	t := &trial{Cell: c, Apart: apart, Begun: begun.UTC().Truncate(time.Second), Seconds: time.Since(begun).Round(time.Millisecond).Seconds()}
	if got != nil {
		t.Disturbance, t.Seed, t.Margin, t.Alpha = got.Disturbance, got.Seed, got.Rules.Margin, got.Rules.Alpha
	}
	if err != nil {
		t.Error = err.Error()
		return t
	}
	t.Verdict = got.Report.Verdict
	for _, r := range got.Report.Rows {
		if r.Verdict == "" {
			continue // it decides nothing
		}
		kept := row{Name: r.Row.Name, Unit: r.Row.Unit, Verdict: r.Verdict, Rounds: min(r.Rounds[0], r.Rounds[1]), Ratio: short(r.Ratio)}
		if !r.Counted {
			kept.Low, kept.High, kept.Spread = short(r.Low), short(r.High), short(r.Spread)
			most := r.High - 1
			if r.Row.Better == "higher" {
				most = 1/r.Low - 1
			}
			kept.Most = short(most)
		}
		t.Rows = append(t.Rows, kept)
	}
	return t
}

// short is v to five significant digits, 0 if v is infinite or not a number.
func short(v float64) float64 {
	if math.IsInf(v, 0) {
		return 0
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 5, 64), 64)
	if math.IsNaN(v) {
		return 0
	}
	return v
}

// A file is the content of a data file.
type file struct {
	sessions []*session
	runs     []*trial
	job.File // its size is that of the finished lines; an unfinished line follows if a run was killed
}

// opening is how a session's line begins.
var opening = []byte(`{"calibration":`)

// readFile reads the data file at path. An error names the file and the line
// that is neither a session nor a run of this version.
func readFile(path string) (*file, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading calibration data: %w; \"go run ./scripts/calibrate\" makes some", err)
	}
	f, n := &file{File: job.File{Path: path}}, 0
	for l := range bytes.Lines(text) {
		n++
		if l[len(l)-1] != '\n' {
			break
		}
		f.Size += int64(len(l))
		if err := f.add(l); err != nil {
			return nil, fmt.Errorf("%s:%d: %w; restore the file, or choose another one", path, n, err)
		}
	}
	return f, nil
}

func (f *file) add(line []byte) error {
	if bytes.HasPrefix(line, opening) {
		s := &session{}
		err := json.Unmarshal(line, s)
		if err == nil && s.Version != version {
			err = fmt.Errorf("calibration data of version %d, of another gate; this program reads version %d", s.Version, version)
		}
		f.sessions = append(f.sessions, s)
		return err
	}
	if len(f.sessions) == 0 {
		return errors.New("not calibration data: no session precedes this line")
	}
	r := &trial{}
	if err := json.Unmarshal(line, r); err != nil {
		return err
	}
	if r.Cell.subject == "" || r.Error == "" && r.Verdict == "" {
		return fmt.Errorf("a run %q with neither a verdict nor an error", r.Cell)
	}
	r.on = f.sessions[len(f.sessions)-1]
	f.runs = append(f.runs, r)
	return nil
}

// machine names the machine of a session. Two sessions with the same name ran on
// the same kind of machine, with the same kernel.
func (s *session) machine() string {
	return fmt.Sprintf("%s, %s CPUs (%s), kernel %s, %s/%s", s.Config["cpu"], s.Config["cpus"], s.Config["virt"], s.Config["kernel"], s.Config["goos"], s.Config["goarch"])
}

// check is an error if the runs of session s don't belong in the file.
func (f *file) check(s *session) error {
	for _, was := range f.sessions {
		if !maps.Equal(was.Subjects, s.Subjects) {
			return errors.New("its runs were of other foreign packages, or of others of their benchmarks")
		}
	}
	return nil
}
