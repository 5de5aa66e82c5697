// Package runs reads whole runs of the gate on a machine where nothing, or a
// slowdown of a known size, was to be found; and counts how often the gate was
// wrong, and what it found.
//
// It imports the gate's verdicts and nothing of bench. So the gate and the
// report can read the data, which package calibrate writes.
//
// Its stance: a rate is a count of real runs, with the exact bounds that the
// count supports and no narrower. A data file is one machine's: the noise of
// another machine says nothing of this one.
package runs

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

	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/prose"
)

// Version is that of the data format. It rises when what is read changes its
// meaning.
const Version = 1

// The kinds of runs. In each, base and head are the same source.
const (
	Same    = "same"    // one binary serves both in a round, as where only the run-time environment differs
	Rebuilt = "rebuilt" // head is linked under seeds of its own, as if it were other code
	Package = "package" // as Same, of a foreign package's benchmarks; calibrate measures none any more
)

// Kinds are all of them.
var Kinds = []string{Same, Rebuilt, Package}

// A Session is a line of a data file that begins with "calibration": what the
// runs below it have in common.
type Session struct {
	Version int               `json:"calibration"`
	Begun   time.Time         `json:"begun"`
	Commit  string            `json:"commit"` // of our source, with "+" if the tree was changed; "unknown" without git
	Alpha   float64           `json:"alpha"`  // the family's level
	Margin  float64           `json:"margin"`
	Package string            `json:"package,omitempty"` // what runs of that kind measured, if there are any
	Config  map[string]string `json:"config"`            // gate.Machine's
}

// A Cell is a sort of runs.
type Cell struct {
	Kind   string   `json:"run"`
	Inject float64  `json:"inject,omitempty"` // the slowdown of all of head's rows, 0.03 being 3%; 0 for none
	Budget Duration `json:"budget"`           // as of gate -budget
}

// String is the cell as calibrate's -plan has it: "same+3%:5m".
func (c Cell) String() string {
	s := c.Kind
	if c.Inject > 0 {
		s += "+" + prose.Percent(c.Inject)
	}
	return s + ":" + c.Budget.String()
}

// A Run is a line that begins with "run": one run of the gate.
type Run struct {
	Cell
	Begun   time.Time       `json:"begun"`
	Seconds float64         `json:"seconds"`         // that it took, without links if there was a pool
	Weather string          `json:"weather"`         // job.Weather's
	Seed    uint64          `json:"seed"`            // of the plan
	Pool    int             `json:"pool"`            // how many layouts each round drew from; 0: all were linked for this run
	Error   string          `json:"error,omitempty"` // why there is no verdict; then nothing of what follows
	Verdict verdict.Verdict `json:"verdict,omitempty"`
	Rounds  int             `json:"rounds,omitempty"` // that were planned
	Rows    []Row           `json:"rows,omitempty"`

	Session *Session `json:"-"` // that it is of
}

// A Row is one benchmark's figures in a run, each arm's by round, without the
// rounds that failed.
type Row struct {
	Name    string          `json:"name"`
	Unit    string          `json:"unit"`
	Better  string          `json:"better"` // "lower" or "higher"
	Verdict verdict.Verdict `json:"verdict"`
	Base    []float64       `json:"base"`
	Head    []float64       `json:"head"`
	Control []float64       `json:"control"`
}

// NewRow is the row of a result, its figures to six significant digits.
func NewRow(r verdict.Result) Row {
	row := Row{Name: r.Row.Name, Unit: r.Row.Unit, Better: r.Row.Better, Verdict: r.Verdict}
	for i, p := range r.Row.Pairs {
		row.Base, row.Head, row.Control = append(row.Base, digits(p.Base, 6)), append(row.Head, digits(p.Head, 6)), append(row.Control, digits(r.Row.Control[i].Head, 6))
	}
	return row
}

// digits is a figure with so many significant ones.
func digits(v float64, n int) float64 {
	short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', n, 64), 64)
	return short
}

// A Duration is in JSON what String says.
type Duration time.Duration

// String is the duration without the units that are 0: "5m".
func (d Duration) String() string {
	return strings.ReplaceAll(strings.ReplaceAll(time.Duration(d).String(), "m0s", "m"), "h0m", "h")
}

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// A File is what a data file says.
type File struct {
	Name     string
	Sessions []*Session
	Runs     []*Run
	Torn     int // bytes of a line at its end that was never ended: its run was killed and is not among Runs
}

// opening is what a line of a session begins with, and so a data file.
var opening = []byte(`{"calibration":`)

// Is tells whether the file at path is calibration data, by its beginning.
func Is(path string) bool {
	text, _ := os.ReadFile(path)
	return bytes.HasPrefix(text, opening)
}

// ReadFile reads the data file at path. Its errors name the file and the line
// that is neither a session nor a run of this version.
func ReadFile(path string) (*File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading calibration data: %w", err)
	}
	f, n := &File{Name: path}, 0
	for l := range bytes.Lines(text) {
		n++
		if l[len(l)-1] != '\n' {
			f.Torn = len(l)
			break
		}
		if err := f.add(l); err != nil {
			return nil, fmt.Errorf("%s:%d: %w; restore the file, or choose another one", path, n, err)
		}
	}
	return f, nil
}

// add adds a line.
func (f *File) add(line []byte) error {
	if bytes.HasPrefix(line, opening) {
		s := &Session{}
		err := json.Unmarshal(line, s)
		if err == nil && s.Version != Version {
			err = fmt.Errorf("calibration data of version %d; this program reads version %d", s.Version, Version)
		}
		f.Sessions = append(f.Sessions, s)
		return err
	}
	if len(f.Sessions) == 0 {
		return errors.New("not calibration data: no session precedes this line")
	}
	r := &Run{Session: f.Sessions[len(f.Sessions)-1]}
	if err := json.Unmarshal(line, r); err != nil {
		return err
	}
	if !slices.Contains(Kinds, r.Kind) || r.Budget <= 0 || r.Error == "" && len(r.Rows) == 0 {
		return fmt.Errorf("a run of the kind %q with budget %v and %d rows", r.Kind, r.Budget, len(r.Rows))
	}
	for _, row := range r.Rows {
		if len(row.Head) != len(row.Base) || len(row.Control) != len(row.Base) {
			return fmt.Errorf("%s: %d, %d and %d figures of base, head and control", row.Name, len(row.Base), len(row.Head), len(row.Control))
		}
	}
	f.Runs = append(f.Runs, r)
	return nil
}

// machine are the settings that make it another machine if they differ. Older
// sessions lack some of them, which are passed over.
var machine = []string{"goos", "goarch", "cpu", "cpus", "virt", "kernel", "cpu-type", "cpu-capacity", "cpu-max-freq", "build"}

// Differs names the first setting in which one of the file's machines differs
// from this configuration, "" if there is none.
func (f *File) Differs(config map[string]string) (key, was, is string) {
	for _, s := range f.Sessions {
		for _, key := range machine {
			if was, is := s.Config[key], config[key]; was != is && was != "" && is != "" {
				return key, was, is
			}
		}
	}
	return "", "", ""
}
