package calibrate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"threadbench/scripts/internal/gate"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/prose"
)

// version is that of the data format. It rises when what is read changes its
// meaning.
const version = 1

// The kinds of runs. In each, base and head are the same source.
const (
	same    = "same"    // one binary serves both in a round, as where only the run-time environment differs
	rebuilt = "rebuilt" // head is linked under seeds of its own, as if it were other code
	foreign = "package" // as same, of a foreign package's benchmarks; calibrate measures none any more
)

var kinds = []string{same, rebuilt, foreign}

// A session is a line of a data file that begins with "calibration": what the
// runs below it have in common.
type session struct {
	Version int               `json:"calibration"`
	Begun   time.Time         `json:"begun"`
	Commit  string            `json:"commit"` // of our source, with "+" if the tree was changed; "unknown" without git
	Alpha   float64           `json:"alpha"`  // the family's level
	Margin  float64           `json:"margin"`
	Package string            `json:"package,omitempty"` // what runs of that kind measured, if there are any
	Config  map[string]string `json:"config"`            // measure.Configuration's
}

// A cell is a sort of runs.
type cell struct {
	Kind   string   `json:"run"`
	Inject float64  `json:"inject,omitempty"` // the slowdown of all of head's rows, 0.03 being 3%; 0 for none
	Budget duration `json:"budget"`           // as of gate -budget
}

// String is the cell as calibrate's -plan has it: "same+3%:5m".
func (c cell) String() string {
	s := c.Kind
	if c.Inject > 0 {
		s += "+" + prose.Percent(c.Inject)
	}
	return s + ":" + c.Budget.String()
}

// A trial is a line that begins with "run": one run of the gate. Older ones drew
// their layouts from a pool that was linked for their session.
type trial struct {
	cell
	Begun   time.Time       `json:"begun"`
	Seconds float64         `json:"seconds"`         // that it took
	Weather string          `json:"weather"`         // package disturbance's
	Seed    uint64          `json:"seed"`            // of the plan
	Error   string          `json:"error,omitempty"` // why there is no verdict; then nothing of what follows
	Verdict verdict.Verdict `json:"verdict,omitempty"`
	Rounds  int             `json:"rounds,omitempty"` // that were planned
	Rows    []arms          `json:"rows,omitempty"`

	session *session // that it is of
}

// arms are one benchmark's figures in a run, by round, without the rounds that
// failed.
type arms struct {
	Name    string          `json:"name"`
	Unit    string          `json:"unit"`
	Better  string          `json:"better"` // "lower" or "higher"
	Verdict verdict.Verdict `json:"verdict"`
	Base    []float64       `json:"base"`
	Head    []float64       `json:"head"`
	Control []float64       `json:"control"`
}

// newTrial is a run of the gate that began then: what it gave, with figures to
// six significant digits, or why it has no verdict.
func newTrial(c cell, begun time.Time, got *gate.Measured, err error) *trial {
	t := &trial{cell: c, Begun: begun.UTC().Truncate(time.Second), Seconds: time.Since(begun).Round(time.Millisecond).Seconds(), Weather: got.Weather, Seed: got.Seed}
	if err != nil {
		t.Error = err.Error()
		return t
	}
	short := func(v float64) float64 {
		v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
		return v
	}
	t.Rounds, t.Verdict = got.Rounds, got.Report.Verdict
	for _, r := range got.Report.Rows {
		a := arms{Name: r.Row.Name, Unit: r.Row.Unit, Better: r.Row.Better, Verdict: r.Verdict}
		for i, p := range r.Row.Pairs {
			a.Base, a.Head, a.Control = append(a.Base, short(p.Base)), append(a.Head, short(p.Head)), append(a.Control, short(r.Row.Control[i].Head))
		}
		t.Rows = append(t.Rows, a)
	}
	return t
}

// A duration is in JSON what String says.
type duration time.Duration

// String is the duration without the units that are 0: "5m".
func (d duration) String() string {
	return strings.ReplaceAll(strings.ReplaceAll(time.Duration(d).String(), "m0s", "m"), "h0m", "h")
}

func (d duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

func (d *duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = duration(v)
	return err
}

// A file is what a data file says.
type file struct {
	sessions []*session
	runs     []*trial
	job.File // its size is what is whole; what follows is a line that was never ended, since its run was killed
}

// opening is what a line of a session begins with.
var opening = []byte(`{"calibration":`)

// readFile reads the data file at path. Its errors name the file and the line
// that is neither a session nor a run of this version.
func readFile(path string) (*file, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading calibration data: %w", err)
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
			err = fmt.Errorf("calibration data of version %d; this program reads version %d", s.Version, version)
		}
		f.sessions = append(f.sessions, s)
		return err
	}
	if len(f.sessions) == 0 {
		return errors.New("not calibration data: no session precedes this line")
	}
	r := &trial{session: f.sessions[len(f.sessions)-1]}
	if err := json.Unmarshal(line, r); err != nil {
		return err
	}
	if !slices.Contains(kinds, r.Kind) || r.Budget <= 0 || r.Error == "" && len(r.Rows) == 0 {
		return fmt.Errorf("a run of the kind %q with budget %v and %d rows", r.Kind, r.Budget, len(r.Rows))
	}
	for _, row := range r.Rows {
		if len(row.Head) != len(row.Base) || len(row.Control) != len(row.Base) {
			return fmt.Errorf("%s: %d, %d and %d figures of base, head and control", row.Name, len(row.Base), len(row.Head), len(row.Control))
		}
	}
	f.runs = append(f.runs, r)
	return nil
}

// machine are the settings that make it another machine if they differ. Older
// sessions lack some of them, which are passed over.
var machine = []string{"goos", "goarch", "cpu", "cpus", "virt", "kernel", "cpu-type", "cpu-capacity", "cpu-max-freq"}

// differs names the first setting in which one of the file's machines differs
// from this configuration, "" if there is none.
func (f *file) differs(config map[string]string) (key, was, is string) {
	for _, s := range f.sessions {
		for _, key := range machine {
			if was, is := s.Config[key], config[key]; was != is && was != "" && is != "" {
				return key, was, is
			}
		}
	}
	return "", "", ""
}
