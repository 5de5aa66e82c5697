// Package calibration reads and writes what whole runs of the gate have
// measured on a machine where nothing, or a known slowdown, was to be found;
// and says what that makes of the gate: how often it is wrong, and what it
// finds.
//
// Its stance: a rate is a count of real runs, with the interval that the count
// supports and no narrower. What is computed from rounds that were drawn
// again (the bootstrap) is marked as such, and no bound rests on it. A data
// file is one machine's: another machine's noise says nothing of this one's.
//
// A data file is lines of JSON. A line that begins with "calibration" is a
// session, which says on what the runs below it were measured; a line that
// begins with "run" is a run. Each is appended in one write and synced, so
// that a kill costs the run in flight.
package calibration

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"threadbench/scripts/internal/gate/verdict"
)

// Version is the version of the data format. It rises when a field is taken
// away or changes its meaning.
const Version = 1

// The kinds of runs. In each base and head are the same source.
const (
	Same    = "same"    // one binary serves both in a round, as where only the run-time environment differs
	Rebuilt = "rebuilt" // head is linked under seeds of its own, as if it were other code
	Package = "package" // as Same, of the benchmarks of a package that is not ours
)

// Kinds are all of them.
var Kinds = []string{Same, Rebuilt, Package}

// A Session is what the runs of one calibrate process have in common.
type Session struct {
	Version int               `json:"calibration"`
	Begun   time.Time         `json:"begun"`
	Commit  string            `json:"commit"` // of our source, with "+" if the tree was changed; "unknown" without git
	Alpha   float64           `json:"alpha"`  // the family's level
	Margin  float64           `json:"margin"`
	Package string            `json:"package"` // what runs of that kind measured, with its version
	Config  map[string]string `json:"config"`  // bench.Configuration
}

// A Run is one run of the gate.
type Run struct {
	Kind    string    `json:"run"`
	Inject  float64   `json:"inject,omitempty"` // the slowdown of all of head's rows, 0.03 being 3%; 0 for none
	Budget  Duration  `json:"budget"`           // as of gate -budget
	Begun   time.Time `json:"begun"`
	Seconds float64   `json:"seconds"` // that it took, without links if there was a pool
	Weather string    `json:"weather"` // job.Weather's
	Seed    uint64    `json:"seed"`    // of the plan
	Pool    int       `json:"pool"`    // how many layouts each round drew from; 0: all were linked for this run

	Error   string          `json:"error,omitempty"` // why there is no verdict; then nothing of what follows
	Verdict verdict.Verdict `json:"verdict,omitempty"`
	Exit    int             `json:"exit"`
	Rounds  int             `json:"rounds,omitempty"`
	Layouts Layouts         `json:"layouts,omitzero"`
	Rows    []Row           `json:"rows,omitempty"`

	Session *Session `json:"-"` // that it is of
}

// Layouts are the linker's seeds of each round.
type Layouts struct {
	Base    []uint64 `json:"base"`
	Head    []uint64 `json:"head,omitempty"` // nil: base's
	Control []uint64 `json:"control"`
}

// A Row is one benchmark's figures in a run, each arm's by round.
type Row struct {
	Name    string          `json:"name"`
	Unit    string          `json:"unit"`
	Better  string          `json:"better"` // "lower" or "higher"
	Verdict verdict.Verdict `json:"verdict"`
	Sees    bool            `json:"sees,omitempty"` // its control saw a difference
	Base    Figures         `json:"base"`
	Head    Figures         `json:"head"`
	Control Figures         `json:"control"`
}

// Figures are one of each round, NaN where the round has none, in JSON null.
// They are kept to six significant digits.
type Figures []float64

// MarshalJSON writes them in one line.
func (f Figures) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, v := range f {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, "null"...)
		} else {
			// What takes fewer characters than %g does, which writes 1e+06.
			b = append(b, strings.Replace(strconv.FormatFloat(v, 'g', 6, 64), "e+", "e", 1)...)
		}
	}
	return append(b, ']'), nil
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Figures) UnmarshalJSON(text []byte) error {
	var all []*float64
	if err := json.Unmarshal(text, &all); err != nil {
		return err
	}
	*f = make(Figures, len(all))
	for i, v := range all {
		(*f)[i] = math.NaN()
		if v != nil {
			(*f)[i] = *v
		}
	}
	return nil
}

// A Duration stands in JSON as Go writes it: "1m0s".
type Duration time.Duration

// String is the duration without the units that are 0: "5m".
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err == nil && v <= 0 {
		err = fmt.Errorf("the duration %v is not above 0", v)
	}
	*d = Duration(v)
	return err
}

// NewRow is the row of a result; figures of rounds that it lacks are NaN.
func NewRow(r verdict.Result, rounds int) Row {
	row := Row{Name: r.Row.Name, Unit: r.Row.Unit, Better: r.Row.Better, Verdict: r.Verdict, Sees: r.Control != nil && r.Control.Sees}
	for _, f := range []*Figures{&row.Base, &row.Head, &row.Control} {
		*f = slices.Repeat(Figures{math.NaN()}, rounds)
	}
	for _, p := range r.Row.Pairs {
		row.Base[p.Round-1], row.Head[p.Round-1] = p.Base, p.Head
	}
	for _, p := range r.Row.Control {
		row.Control[p.Round-1] = p.Head
	}
	return row
}

// line is a session or a run as it stands in the file.
func line(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// A File is what a data file says.
type File struct {
	Name     string
	Sessions []*Session
	Runs     []*Run
	// Torn is how many bytes of a line that was never ended stand at its end:
	// its run was killed as it was kept, and is not among Runs.
	Torn int
}

// opening is what a line of a session begins with, and so a data file.
const opening = `{"calibration":`

// Is tells whether the file at path is calibration data, by its beginning.
func Is(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	begin := make([]byte, len(opening))
	n, _ := io.ReadFull(f, begin)
	return string(begin[:n]) == opening
}

// ReadFile reads the data file at path.
func ReadFile(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading calibration data: %w", err)
	}
	defer f.Close()
	return Read(f, path)
}

// Read reads a data file; name stands for it in messages. An empty one has no
// runs. Errors name the file and the line: a line that is neither a session nor
// a run of this version; a run before any session; a run whose figures don't
// fit its rounds.
func Read(r io.Reader, name string) (*File, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("reading calibration data: %s: %w", name, err)
	}
	f := &File{Name: name}
	n := 0
	for l := range bytes.Lines(text) {
		n++
		if l[len(l)-1] != '\n' {
			f.Torn = len(l)
			break
		}
		if err := f.add(l); err != nil {
			return nil, fmt.Errorf("%s:%d: %w; take the file of the last commit that had it whole, or keep to another", name, n, err)
		}
	}
	return f, nil
}

// add adds a line.
func (f *File) add(text []byte) error {
	if bytes.HasPrefix(text, []byte(opening)) {
		s := &Session{}
		if err := strict(text, s); err != nil {
			return fmt.Errorf("a session that can't be read: %w", err)
		}
		switch {
		case s.Version != Version:
			return fmt.Errorf("it is calibration data of version %d, this is for version %d", s.Version, Version)
		case !(s.Alpha > 0 && s.Alpha < 0.5) || !(s.Margin >= 0 && s.Margin < 10):
			return fmt.Errorf("a session of level %v and margin %v", s.Alpha, s.Margin)
		}
		f.Sessions = append(f.Sessions, s)
		return nil
	}
	if !bytes.HasPrefix(text, []byte(`{"run":`)) {
		return fmt.Errorf("no line of calibration data: %.60q", text)
	}
	run := &Run{}
	if err := strict(text, run); err != nil {
		return fmt.Errorf("a run that can't be read: %w", err)
	}
	if len(f.Sessions) == 0 {
		return errors.New("a run before any session")
	}
	run.Session = f.Sessions[len(f.Sessions)-1]
	if err := run.check(); err != nil {
		return err
	}
	f.Runs = append(f.Runs, run)
	return nil
}

// strict decodes one JSON value that fills the line.
func strict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if rest := bytes.TrimSpace(text[d.InputOffset():]); len(rest) > 0 {
		return fmt.Errorf("%.20q follows", rest)
	}
	return nil
}

// most is how many rounds a run can have; it bounds what a file can make a
// reader hold.
const most = 100_000

func (r *Run) check() error {
	switch {
	case !slices.Contains(Kinds, r.Kind):
		return fmt.Errorf("a run of the kind %q, which is none of %s", r.Kind, strings.Join(Kinds, ", "))
	case r.Budget <= 0:
		return errors.New("a run without a budget")
	case !(r.Inject >= 0 && r.Inject <= 100):
		return fmt.Errorf("a run with a slowdown of %v", r.Inject)
	case !(r.Seconds >= 0):
		return fmt.Errorf("a run of %v seconds", r.Seconds)
	case r.Error != "":
		if r.Rows != nil || r.Verdict != "" {
			return errors.New("a run with both an error and a verdict")
		}
		return nil
	case !slices.Contains([]verdict.Verdict{verdict.Pass, verdict.Regression, verdict.Inconclusive, verdict.Invalid}, r.Verdict):
		return fmt.Errorf("a run with the verdict %q", r.Verdict)
	case r.Rounds < 1 || r.Rounds > most:
		return fmt.Errorf("a run of %d rounds", r.Rounds)
	case len(r.Layouts.Base) != r.Rounds || len(r.Layouts.Control) != r.Rounds || r.Layouts.Head != nil && len(r.Layouts.Head) != r.Rounds:
		return fmt.Errorf("a run of %d rounds with %d, %d and %d layouts", r.Rounds, len(r.Layouts.Base), len(r.Layouts.Head), len(r.Layouts.Control))
	case len(r.Rows) == 0:
		return errors.New("a run without rows")
	}
	seen := map[string]bool{}
	for _, row := range r.Rows {
		if seen[row.key()] {
			return fmt.Errorf("%s stands twice in a run", row.key())
		}
		seen[row.key()] = true
		if err := row.check(r.Rounds); err != nil {
			return fmt.Errorf("%s: %w", row.key(), err)
		}
	}
	return nil
}

func (r Row) key() string { return r.Name + " " + r.Unit }

func (r Row) check(rounds int) error {
	if !slices.Contains([]verdict.Verdict{verdict.Pass, verdict.Regression, verdict.Inconclusive}, r.Verdict) {
		return fmt.Errorf("the verdict %q", r.Verdict)
	}
	if r.Better != "lower" && r.Better != "higher" {
		return fmt.Errorf("better %q, which is neither lower nor higher", r.Better)
	}
	if r.Name == "" || r.Unit == "" {
		return errors.New("a row without a name or a unit")
	}
	figures := 0
	for _, f := range []Figures{r.Base, r.Head, r.Control} {
		if len(f) != rounds {
			return fmt.Errorf("%d figures of %d rounds", len(f), rounds)
		}
		for i, v := range f {
			if math.IsNaN(v) != math.IsNaN(r.Base[i]) {
				return fmt.Errorf("round %d has figures of some arms only", i+1)
			}
			if !math.IsNaN(v) {
				figures++
				if !(v > 0) || v > 1e100 || v < 1e-100 {
					return fmt.Errorf("the figure %v in round %d", v, i+1)
				}
			}
		}
	}
	if figures == 0 {
		return errors.New("no figures")
	}
	return nil
}

// machine are the settings that make it another machine if they differ.
var machine = []string{"goos", "goarch", "cpu", "cpus", "virt", "kernel"}

// moreOfMachine are those that older sessions have not: where one is missing
// it is passed over.
var moreOfMachine = []string{"cpu-type", "cpu-capacity", "cpu-max-freq", "build"}

// Differs names the first setting in which the session's machine differs from
// one of this configuration, "" if there is none.
func (s *Session) Differs(config map[string]string) (key, was, is string) {
	for _, key := range machine {
		if s.Config[key] != config[key] {
			return key, s.Config[key], config[key]
		}
	}
	for _, key := range moreOfMachine {
		was, is := s.Config[key], config[key]
		if was != is && was != "" && is != "" {
			return key, was, is
		}
	}
	return "", "", ""
}
