package files

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchunit"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/results"
)

// most is the greatest length of a file in bytes.
const most = 256 << 20

func readFile(path string) (*file, error) {
	if path == "-" {
		return nil, errNoFile
	}
	r, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading results: %w; give two files that \"go test -bench\" or \"go run ./scripts/run\" wrote", err)
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, fmt.Errorf("reading results %s: %w; check that it is a readable file", path, err)
	}
	return parse(path, data)
}

// parse reads a file. Its bytes are decoded and made lines of go test. benchfmt
// reads these, or package results if they are of this suite.
func parse(path string, data []byte) (*file, error) {
	if len(data) > most {
		return nil, failure(path, bytes.Count(data, []byte("\n")), fmt.Sprintf("the file is longer than %d bytes", most), "remove what is no result, or split the file")
	}
	raw := data
	data, encoding := decode(raw)
	switch i := bytes.Index(raw, []byte("Benchmark")); {
	case encoding != "" && i >= 0:
		return nil, failure(path, bytes.Count(raw[:i], []byte("\n"))+1, "the file is "+encoding+", this line is not", "write the file anew in one encoding, as UTF-8")
	case len(bytes.TrimSpace(data)) == 0:
		return nil, failure(path, 1, "the file is empty", "measure again: go test -bench . -count 10 >FILE")
	case data[len(data)-1] != '\n':
		return nil, failure(path, bytes.Count(data, []byte("\n"))+1, "the last line has no end: the file is cut short", "measure again, or end the line if it is whole")
	}
	t, err := readText(path, data, encoding)
	if err != nil {
		return nil, err
	}
	l, err := scan(path, t)
	if err != nil {
		return nil, err
	}
	f := &file{path: path, gate: l.gate}
	l.remark(f, t.told)
	if l.ours {
		err = f.own(l)
	} else {
		err = f.foreign(l)
	}
	if err != nil {
		return nil, err
	}
	f.unended(l)
	return f, f.uneven()
}

// unended adds a remark on a package that go test never said was done. That
// alone is no error: other programs write the format, too. The gate writes no
// PASS into its raw rounds: each has an end of its own.
func (f *file) unended(l *layout) {
	if l.gate {
		return
	}
	if f.inTest = l.inTest; f.inTest > 0 {
		f.remark(verdict.Notice, "%s:%d: go test never says PASS or ok of this package: the file may be cut short.", f.path, f.inTest)
	}
}

// own reads a file of this suite: the primary figure of each row. A row whose
// CPUs the schedulers choose decides nothing.
func (f *file) own(l *layout) error {
	res, err := results.Read(bytes.NewReader(l.text), f.path)
	if err != nil {
		return err
	}
	if len(res.Rows) == 0 {
		n := res.Notes[0]
		return failure(f.path, n.Line, fmt.Sprintf("no rows, only notes (Benchmark%s: %s)", n.FullName, n.Reason), "run again where something can be measured")
	}
	if res.Truncated {
		return failure(f.path, res.Dropped[0].First, fmt.Sprintf("the round up to line %d never ended: the run was killed", res.Dropped[0].Last),
			"go on with it: \"go run ./scripts/run -resume -o FILE\"")
	}
	f.driver = res.Driver
	for _, s := range res.Config {
		f.config = append(f.config, setting{s.Key, []string{s.Value}})
	}
	for _, r := range res.Rows {
		primary, parts := r.Primary()
		u := &unit{name: primary, figures: r.Values(primary), better: better(res, parts[0])}
		scale, tidy := benchunit.Tidy(1, primary)
		u.tidy = tidy
		for _, v := range u.figures {
			u.tidied = append(u.tidied, v*scale)
		}
		u.exact = !slices.ContainsFunc(parts, func(p string) bool {
			return !slices.ContainsFunc(res.Units, func(u results.Unit) bool { return u.Name == p && u.Exact })
		})
		if r.Name.Get("place") == "free" {
			u.better = ""
		}
		name := r.FullName
		if r.Procs > 0 {
			name += "-" + strconv.Itoa(r.Procs)
		}
		f.rows = append(f.rows, &row{name: name, units: []*unit{u}})
	}
	f.stopped(res)
	return nil
}

// stopped adds a remark on a run with fewer rounds than it planned.
func (f *file) stopped(res *results.File) {
	var plan struct {
		Rounds int `json:"rounds"`
	}
	if res.Driver == results.Lockstep && json.Unmarshal([]byte(res.Plan), &plan) == nil && res.Rounds < plan.Rounds {
		f.remark(verdict.Warning, "%s holds %d of %d planned rounds: its run was stopped.", f.path, res.Rounds, plan.Rounds)
	}
}

// foreign reads any output in the Go benchmark format.
func (f *file) foreign(l *layout) error {
	if l.round > 0 {
		return failure(f.path, l.round, "this round never ended: the file is cut short", "delete it from here on, or measure again")
	}
	b := builder{file: f, rows: map[[2]string]*row{}, units: benchfmt.NewReader(bytes.NewReader(l.text), f.path)}
	for b.units.Scan() {
		_, line := b.units.Result().Pos()
		switch rec := b.units.Result().(type) {
		case *benchfmt.SyntaxError:
			return failure(f.path, line, rec.Msg, "correct or delete the line, or measure again")
		case *benchfmt.UnitMetadata:
			known := map[string][]string{"better": {"lower", "higher"}, "assume": {"nothing", "exact"}}[rec.Key]
			if known != nil && !slices.Contains(known, rec.Value) {
				return failure(f.path, line, fmt.Sprintf("unit %s has %s=%s", rec.OrigUnit, rec.Key, rec.Value), "give "+strings.Join(known, " or "))
			}
		case *benchfmt.Result:
			if what, wayOut := b.result(rec, line); what != "" {
				return failure(f.path, line, what, wayOut)
			}
		}
	}
	if err := b.units.Err(); err != nil {
		return fmt.Errorf("reading results: %w; delete the line, or measure again", err)
	}
	b.leaveOut()
	if len(f.rows) == 0 {
		if b.left != nil {
			return failure(f.path, b.leftLine, "no row is left, since these are no measurements: "+some(b.left), "fix the benchmark and measure again")
		}
		return l.none()
	}
	b.finish()
	return nil
}

// builder turns benchfmt's results into rows.
type builder struct {
	file     *file
	rows     map[[2]string]*row
	units    *benchfmt.Reader
	left     []string // values that are no measurements
	leftLine int      // the line of the first
}

// result adds a benchmark line, or says what is wrong with it.
func (b *builder) result(res *benchfmt.Result, line int) (what, wayOut string) {
	name := string(res.Name)
	switch {
	case name == "":
		return "a benchmark without a name", "correct or delete the line"
	case res.Iters < 1:
		b.leave(line, fmt.Sprintf("%s has %d iterations (line %d)", name, res.Iters, line))
		return "", ""
	}
	for _, c := range res.Config {
		if what := b.setting(c.Key, string(c.Value)); what != "" {
			return what, "results of two machines are two files: keep them apart"
		}
	}
	key := [2]string{res.GetConfig("pkg"), name}
	r := b.rows[key]
	if r == nil {
		r = &row{pkg: key[0], name: name}
		b.rows[key] = r
		b.file.rows = append(b.file.rows, r)
	}
	var seen []string
	for _, v := range res.Values {
		value, name := Original(v)
		tidied, tidy := benchunit.Tidy(value, name)
		if slices.Contains(seen, tidy) {
			return fmt.Sprintf("Benchmark%s: the unit %s stands twice in the line", res.Name, name), "delete one of the two"
		}
		seen = append(seen, tidy)
		u := r.add(name, tidy, value, tidied)
		if (!isFigure(value) || !isFigure(tidied)) && u.unfit == "" {
			u.unfit, u.unfitLine = fmt.Sprintf("%v", value), line
		}
	}
	return "", ""
}

// leave notes a value that is no measurement.
func (b *builder) leave(line int, what string) {
	if b.left == nil {
		b.leftLine = line
	}
	b.left = append(b.left, what)
}

// leaveOut drops the units that have a value such as 0/0 or 1/0, which is no
// measurement. The other units of their rows are judged.
func (b *builder) leaveOut() {
	f := b.file
	for _, r := range f.rows {
		r.units = slices.DeleteFunc(r.units, func(u *unit) bool {
			if u.unfit != "" {
				b.leave(u.unfitLine, fmt.Sprintf("%s %s is %s (line %d)", r.name, u.name, u.unfit, u.unfitLine))
			}
			return u.unfit != ""
		})
	}
	f.rows = slices.DeleteFunc(f.rows, func(r *row) bool { return len(r.units) == 0 })
	if b.left != nil {
		f.remark(verdict.Warning, "%s: no measurement, left out: %s.", f.path, some(b.left))
	}
}

// add adds a figure to the row's unit.
func (r *row) add(name, tidy string, value, tidied float64) *unit {
	i := slices.IndexFunc(r.units, func(u *unit) bool { return u.tidy == tidy })
	if i < 0 {
		i = len(r.units)
		r.units = append(r.units, &unit{name: name, tidy: tidy})
	}
	u := r.units[i]
	u.tidied = append(u.tidied, tidied)
	if u.name != name { // the file has two forms of it
		u.name, u.figures = tidy, u.tidied
		return u
	}
	u.figures = append(u.figures, value)
	return u
}

// setting notes a configuration's value. Within a file the machine can't
// change.
func (b *builder) setting(key, value string) (what string) {
	f := b.file
	i := slices.IndexFunc(f.config, func(s setting) bool { return s.key == key })
	if i < 0 {
		i = len(f.config)
		f.config = append(f.config, setting{key: key})
	}
	s := &f.config[i]
	if len(s.values) > 0 && slices.Contains(machine, key) && s.values[0] != value {
		return fmt.Sprintf("configuration %s: %q here, %q before", key, value, s.values[0])
	}
	if !slices.Contains(s.values, value) {
		s.values = append(s.values, value)
	}
	return ""
}

// finish looks up the units' better sides, once all Unit lines are read.
func (b *builder) finish() {
	meta := b.units.Units()
	for _, r := range b.file.rows {
		for _, u := range r.units {
			u.better, u.exact = Sides(meta, u.tidy)
		}
	}
	for _, s := range b.file.config {
		if len(s.values) > 1 && s.key != "pkg" {
			b.file.remark(verdict.Notice, "%s: %s has %d values (%s), which are taken together.", b.file.path, s.key, len(s.values), some(s.values))
		}
	}
}

// Original is a value as it stands in its line.
func Original(v benchfmt.Value) (value float64, unit string) {
	if v.OrigUnit != "" {
		return v.OrigValue, v.OrigUnit
	}
	return v.Value, v.Unit
}

// Sides says whether "lower" or "higher" is better in a unit, "" if nothing
// says so, and whether it is whole by construction.
func Sides(meta benchfmt.UnitMetadataMap, unit string) (better string, exact bool) {
	better = map[int]string{-1: "lower", 1: "higher"}[meta.GetBetter(unit)]
	if assume := meta.Get(unit, "assume"); assume != nil {
		return better, assume.Value == "exact"
	}
	return better, unit == "B/op" || unit == "allocs/op" // go test writes these two as whole numbers
}

// better is the better side of a unit of this suite: as the file says, or else
// as the suite does.
func better(res *results.File, name string) string {
	for _, u := range res.Units {
		if u.Name == name && u.Better != "" {
			return u.Better
		}
	}
	for _, u := range catalog.Units {
		if u.Name == name {
			return u.Better
		}
	}
	return ""
}
