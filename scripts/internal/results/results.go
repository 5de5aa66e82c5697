// Package results reads results files: the raw Go benchmark format, as run and
// "go test -bench" of this suite write it.
//
// Its stance: a results file is evidence, so a file that is not fully
// understood is refused. What the format's own reader lets pass (a malformed
// line, a setting that changes half-way, NaN) is an error here that names the
// file and the line. Nothing is pooled, averaged or scaled: values keep the
// file's units and order, and each keeps its round. Only a round that never
// ended, since its run was killed, is left out: it is reported and doesn't
// count.
//
// Of ours it imports the catalog of names, units and families, and prose.
package results

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"

	"threadbench/bench/catalog"
)

// largest is the greatest magnitude that counts as a measurement. Sums and
// squares of such values are finite.
const largest = 1e100

// The drivers that write results files.
const (
	// Lockstep is the driver of the run command: the arms of a pair take
	// turns, and a file is made of rounds with one line a case.
	Lockstep = "lockstep"
	// Testing is the driver of "go test -bench": one arm after the other,
	// without rounds and paired factors.
	Testing = "testing"
)

// A File is the content of a results file.
type File struct {
	Name   string    // as given to Read
	Driver string    // Lockstep or Testing
	Config []Setting // in the file's order, driver included
	Units  []Unit    // units of the file's Unit lines, in its order
	Rows   []*Row    // in order of first appearance; empty only if there are Notes
	Notes  []Note    // in order of first appearance
	Plan   string    // the run's plan after "# plan ", or ""
	Begun  []string  // the text after "# begun ", for each time that the run began or was resumed: "DATE on HOST"

	// Disturbances are what went on during each complete round, in the file's
	// order: the text after "# round K: ", such as "seconds=64.5 steal=2.2%".
	Disturbances []Disturbance

	// Rounds is the number of complete rounds. Driver Testing has no rounds;
	// then it is the most lines of any one benchmark (-count).
	Rounds int

	// Truncated says that rounds of the file never ended, since a run was
	// killed. Their lines are in no Row and no Note; Dropped is where they are.
	Truncated bool
	Dropped   []Span
}

// A Setting is a "key: value" line: configuration, constant within a file.
type Setting struct{ Key, Value string }

// Warnings are what a reader must know of a file before its figures: workers
// that were slowed down on purpose or built so, a round that never ended, a
// machine that was not its own, memory in huge pages, a clock that takes a
// system call, an emulated CPU.
func (f *File) Warnings() []string {
	all := Wrong(f.Config)
	if f.Get("thp") == "always" && slices.ContainsFunc(f.Rows, func(r *Row) bool { return r.Name.Family == catalog.Stack.Name }) {
		all = append(all, "Transparent huge pages are on (thp: always), so memory that no task has touched is resident, too. A locked thread's user-B/task was three times that with thp: madvise.")
	}
	if slices.Contains(slowClocks, f.Get("clocksource")) && slices.ContainsFunc(f.Rows, func(r *Row) bool { return r.Name.Family == catalog.Switch.Name }) {
		all = append(all, "Reading the clock takes a system call here (clocksource: "+f.Get("clocksource")+"). Go's scheduler reads it twice in one of eight switches of a goroutine: 0.25 system calls a switch, where other machines have none.")
	}
	if f.Emulated() {
		all = append(all, "The CPU is emulated (virt: "+f.Get("virt")+"), so times mean nothing here; run leaves them out. Counts and memory are the kernel's and the runtime's own.")
	}
	if f.Truncated {
		all = append(all, "A round of this file never ended, since its run was killed: it isn't counted.")
	}
	return append(all, f.disturbed()...)
}

// slowClocks are the kernel's clocks that a program can't read by itself. The
// scheduler's reads are those of casgstatus in runtime/proc.go (gTrackingPeriod).
var slowClocks = []string{"hpet", "acpi_pm", "jiffies", "refined-jiffies"}

// Emulated tells whether qemu emulated the CPU of a file.
func (f *File) Emulated() bool {
	name, _, _ := strings.Cut(f.Get("virt"), "+")
	return name == "tcg"
}

// Wrong says that a file's figures are not those of a plain program: its
// workers were slowed down on purpose, or built with flags that distort
// figures. Older files don't record such flags. It is nil for other files.
func Wrong(config []Setting) []string {
	var wrong []string
	for _, s := range config {
		switch {
		case s.Key == "inject":
			wrong = append(wrong, "INJECTED SLOWDOWN (inject: "+s.Value+"): these figures are wrong on purpose. Don't use them as a result.")
		case s.Key == "build" && catalog.DistortedBuild(s.Value):
			wrong = append(wrong, "DISTORTED BUILD (build: "+s.Value+"): these figures are not those of a plain build. Don't use them as a result.")
		}
	}
	return wrong
}

// A Unit is what a file's Unit lines say about a unit.
type Unit struct {
	Name   string // as in the file: ns/op, never sec/op
	Better string // "lower", "higher", or "" if the file doesn't say
	Exact  bool   // assume=exact: a count that is whole by construction
}

// A Note is a case that was left out, cut to what fits, or failed.
type Note struct {
	Kind     string // "skip", "cut" or "failed"
	Name     catalog.Name
	FullName string // without "Benchmark"
	Reason   string
	Rounds   int // how often the file says so, at least 1
	Line     int // of the first time
}

// A Span is a stretch of a file, both ends included, counted from 1.
type Span struct {
	First, Last int
	Lines       int // how many of them are benchmark lines
}

// Get is the value of a configuration key, "" if the file lacks it.
func (f *File) Get(key string) string {
	for _, s := range f.Config {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

// Row is the row of that name (keys in the order of catalog.Keys), nil if there
// is none.
func (f *File) Row(name string) *Row {
	for _, r := range f.Rows {
		if r.Name.String() == name {
			return r
		}
	}
	return nil
}

// Ref is the row of the goroutine arm that r's factor refers to, nil if the
// file lacks it. A goroutine row is its own.
func (f *File) Ref(r *Row) *Row {
	return f.Row(r.Name.Ref().String())
}

// ReadFile reads the results file at path. Its errors are Read's, and errors of
// opening the file.
func ReadFile(path string) (*File, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading results: %w; give the path of a file that \"go run ./scripts/run\" or \"go test -bench . ./bench\" wrote", err)
	}
	defer r.Close()
	if info, err := r.Stat(); err == nil && info.Mode()&(os.ModeDevice|os.ModeDir) != 0 {
		return nil, fmt.Errorf("reading results %s: it is a %s; give the path of a results file", path, map[bool]string{true: "folder", false: "device"}[info.IsDir()])
	}
	return Read(r, path)
}

// mostBytes is a hundred times the longest results file that a run has written.
const mostBytes = 256 << 20

// Read reads a results file; messages call it name. The whole file is in
// memory, at most 256 MiB.
//
// Each error names the file, the line, what is wrong and the way out. Errors
// are:
//
//   - a file that can't be read or is empty;
//   - no benchmark lines and no notes, or no complete round;
//   - a driver that is neither Lockstep nor Testing;
//   - a malformed line, or a name that catalog.ParseName refuses;
//   - NaN, infinities and figures beyond 1e100;
//   - a unit that stands twice in a line, or a line of factors alone;
//   - units that decide a row together and don't add up;
//   - a case that stands twice in a round;
//   - a configuration key that changes.
//
// Nothing is an error within a round that never ended.
func Read(r io.Reader, name string) (*File, error) {
	data, err := io.ReadAll(io.LimitReader(r, mostBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading results %s: %w; check that it is a readable file", name, err)
	}
	if len(data) > mostBytes {
		return nil, fmt.Errorf("reading results %s: it is longer than %d MiB; give a results file, or split it", name, mostBytes>>20)
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, failure(name, 1, "the file is empty", "write it again with \"go run ./scripts/run -o FILE\"")
	}
	l := scan(data)
	f := &File{Name: name, Plan: l.plan, Begun: l.begun}
	records, last, err := l.records(name)
	if err != nil {
		return nil, err
	}
	for _, c := range last.Config {
		if c.Key == "driver" {
			f.Driver = string(c.Value)
		}
	}
	switch {
	case f.Driver == Lockstep:
	case f.Driver == Testing:
		l.ignoreRounds()
	case len(records) == 0 && len(l.problems) == 0 && len(l.notes) == 0:
		return nil, failure(name, l.lines, "no benchmark line up to here", "give a file that \"go run ./scripts/run\" or \"go test -bench . ./bench\" wrote")
	default:
		return nil, failure(name, l.lines, fmt.Sprintf("driver %q is neither lockstep nor testing", f.Driver),
			"the file needs a line \"driver: lockstep\" (rounds, written by run) or \"driver: testing\" (written by go test) before its first benchmark")
	}
	if err := f.build(l, records, last); err != nil {
		return nil, err
	}
	return f, nil
}

// build fills the file from the two readings. The first error in the file wins.
func (f *File) build(l *layout, records []benchfmt.Record, last *benchfmt.Result) error {
	problems := l.problems
	b := builder{file: f, rows: map[string]*Row{}}
	for _, rec := range records {
		_, line := rec.Pos()
		if !l.counts(line) {
			continue
		}
		switch rec := rec.(type) {
		case *benchfmt.SyntaxError:
			problems = append(problems, problem{line, rec.Msg, "correct or delete the line, or run again"})
		case *benchfmt.UnitMetadata:
			if p := b.unit(rec); p != nil {
				problems = append(problems, *p)
			}
		case *benchfmt.Result:
			if p := b.result(rec, l.round(line)); p != nil {
				problems = append(problems, *p)
			}
		}
	}
	slices.SortStableFunc(problems, func(a, b problem) int { return a.line - b.line })
	for _, p := range problems {
		if l.counts(p.line) {
			return failure(f.Name, p.line, p.what, p.wayOut)
		}
	}

	for _, r := range f.Rows {
		r.decides = b.decide(r.Name)
	}
	if f.Config == nil {
		f.Config = settings(last)
	}
	f.Dropped = l.flights
	f.Truncated = len(f.Dropped) > 0
	f.addNotes(l)
	if f.Driver == Lockstep {
		f.Rounds = len(l.rounds)
		for _, r := range l.rounds {
			f.Disturbances = append(f.Disturbances, Disturbance{r.number, r.disturbance})
		}
	}
	if f.Truncated && f.Rounds == 0 {
		return failure(f.Name, l.lines, "no complete round up to here: the run was stopped in its first",
			"go on with it: \"go run ./scripts/run -resume -o FILE\"")
	}
	if len(f.Rows) == 0 && len(f.Notes) == 0 {
		return failure(f.Name, l.lines, "no benchmark line up to here", "run again, with a -bench that matches something (\"go run ./scripts/run -list\")")
	}
	return nil
}

// builder turns benchfmt's results into rows.
type builder struct {
	file *File
	rows map[string]*Row
	seen int // the line of the first result

	deciding map[string][]string // by "FAMILY" or "FAMILY/mode=MODE", the units that decide such rows; nil if the file doesn't say
}

// result adds a benchmark line, or says what is wrong with it.
func (b *builder) result(res *benchfmt.Result, in round) *problem {
	_, line := res.Pos()
	bad := func(wayOut, format string, args ...any) *problem {
		return &problem{line, fmt.Sprintf(format, args...), wayOut}
	}
	full, procs := cutProcs(string(res.Name))
	if procs != 0 && b.file.Driver == Lockstep {
		return bad("rename the value: none may end in a hyphen and digits", "Benchmark%s: the ending -%d reads as GOMAXPROCS, which lockstep files don't have", res.Name, procs)
	}
	name, err := catalog.ParseName(full)
	if err != nil {
		return bad("only this suite's own names can be read", "%v", err)
	}
	if res.Iters < 1 {
		return bad("delete the line, or run again", "Benchmark%s: %d iterations, at least 1 expected", full, res.Iters)
	}
	run := Run{Round: in.number, Line: line, Iters: res.Iters, Values: map[string]float64{}}
	var units []string
	for _, v := range res.Values {
		value, unit := v.Value, v.Unit
		if v.OrigUnit != "" {
			value, unit = v.OrigValue, v.OrigUnit
		}
		if math.IsNaN(value) || math.Abs(value) > largest {
			return bad("delete the line, or run again", "Benchmark%s: %v %s is no figure between -%g and %g", full, value, unit, largest, largest)
		}
		if _, twice := run.Values[unit]; twice {
			return bad("delete one of the two", "Benchmark%s: the unit %s stands twice in the line", full, unit)
		}
		run.Values[unit] = value
		units = append(units, unit)
	}
	if !slices.ContainsFunc(units, isFigure) {
		return bad("delete the line, or run again", "Benchmark%s: the line has a factor, but no figure", full)
	}
	if p := b.config(res, line); p != nil {
		return p
	}

	key := name.String()
	row := b.rows[key]
	if row == nil {
		row = &Row{Name: name, FullName: full, Procs: procs}
		b.rows[key] = row
		b.file.Rows = append(b.file.Rows, row)
	}
	if row.Procs != procs {
		return bad("run go test with one -cpu value and keep the others in files of their own", "Benchmark%s ran with GOMAXPROCS %d at line %d and %d here: they are not one benchmark", full, max(row.Procs, 1), row.Runs[0].Line, max(procs, 1))
	}
	if b.file.Driver == Testing {
		run.Round = len(row.Runs) + 1
		b.file.Rounds = max(b.file.Rounds, run.Round)
	} else if n := len(row.Runs); n > 0 && row.Runs[n-1].Line >= in.First {
		return bad("delete one of the two", "Benchmark%s stands twice in round %d, at line %d too", full, in.number, row.Runs[n-1].Line)
	}
	row.Runs = append(row.Runs, run)
	for _, u := range units {
		if !slices.Contains(row.units, u) {
			row.units = append(row.units, u)
		}
	}
	return nil
}

// config takes the file's configuration from its first result, and checks that
// the others have the same.
func (b *builder) config(res *benchfmt.Result, line int) *problem {
	same := func(c benchfmt.Config, s Setting) bool { return c.Key == s.Key && string(c.Value) == s.Value }
	if b.file.Config != nil && slices.EqualFunc(res.Config, b.file.Config, same) {
		return nil
	}
	have := settings(res)
	if b.file.Config == nil {
		b.file.Config, b.seen = have, line
		return nil
	}
	here := &File{Config: have}
	for _, s := range slices.Concat(have, b.file.Config) {
		if is, was := here.Get(s.Key), b.file.Get(s.Key); is != was {
			what := fmt.Sprintf("configuration %s: %q here, %q at line %d", s.Key, is, was, b.seen)
			return &problem{line, what, "results under two configurations are two files: keep them apart"}
		}
	}
	return nil
}

// unit notes what a Unit line says, or says what is wrong with it.
func (b *builder) unit(m *benchfmt.UnitMetadata) *problem {
	i := slices.IndexFunc(b.file.Units, func(u Unit) bool { return u.Name == m.OrigUnit })
	if i < 0 {
		i = len(b.file.Units)
		b.file.Units = append(b.file.Units, Unit{Name: m.OrigUnit})
	}
	switch m.Key {
	case "better":
		b.file.Units[i].Better = m.Value
	case "assume":
		b.file.Units[i].Exact = m.Value == "exact"
	case "decides":
		if b.deciding == nil {
			b.deciding = map[string][]string{}
		}
		for rows := range strings.SplitSeq(m.Value, ",") {
			b.deciding[rows] = append(b.deciding[rows], m.OrigUnit)
			if units := b.deciding[rows]; Sum(units) == "" {
				_, line := m.Pos()
				return &problem{line, fmt.Sprintf("%s is decided by the sum of %s, whose units don't add up", rows, strings.Join(units, " and ")), "correct the Unit lines, or run again"}
			}
		}
	}
	return nil
}

// decide answers the units that decide a row: what the file says of the
// family's mode, or else of the family. Files from before this was recorded say
// nothing. Here, and nowhere else, they get what the catalog says today.
func (b *builder) decide(n catalog.Name) []string {
	if b.deciding == nil {
		return catalog.Decides(n)
	}
	if units, ok := b.deciding[n.Family+"/mode="+n.Get("mode")]; ok {
		return units
	}
	return b.deciding[n.Family]
}

// addNotes adds the notes that count, each reason once.
func (f *File) addNotes(l *layout) {
	at := map[string]int{}
	for _, n := range l.notes {
		if !l.counts(n.Line) {
			continue
		}
		key := n.Kind + " " + n.Name.String() + ": " + n.Reason
		if i, again := at[key]; again {
			f.Notes[i].Rounds++
			continue
		}
		at[key] = len(f.Notes)
		n.Rounds = 1
		f.Notes = append(f.Notes, n)
	}
}

func settings(res *benchfmt.Result) []Setting {
	s := []Setting{}
	for _, c := range res.Config {
		s = append(s, Setting{c.Key, string(c.Value)})
	}
	return s
}

// cutProcs removes testing's suffix -GOMAXPROCS from a name. procs is 0 without
// a suffix.
func cutProcs(name string) (string, int) {
	_, parts := benchfmt.Name(name).Parts()
	if len(parts) == 0 {
		return name, 0
	}
	suffix := string(parts[len(parts)-1])
	if !strings.HasPrefix(suffix, "-") {
		return name, 0
	}
	procs, err := strconv.Atoi(suffix[1:])
	if err != nil || procs < 1 {
		return name, 0
	}
	return strings.TrimSuffix(name, suffix), procs
}

// failure makes an error about a line; all of them have this form.
func failure(file string, line int, what, wayOut string) error {
	return fmt.Errorf("reading results %s:%d: %s; %s", file, max(line, 1), what, wayOut)
}
