// Package files reads two existing results files, old and new, for the gate to
// compare.
//
// Its stance: a gate that reads half of a file may pass a regression in the
// other half. So a result that can't be read, and a file that is cut short, are
// errors that name the file, the line and the way out. A remark names whatever
// else is left out: what failed or is no measurement, rows and units that only
// one file has, rows with fewer figures than others, configurations that
// differ.
//
// A file goes through four stages. Bytes become text (decode: UTF-8, UTF-16).
// Text becomes the lines that go test wrote (readText: events of -json,
// prefixes of CI logs, colours). Lines become results (scan: split results are
// joined, failures are noted). Results become rows (benchfmt). The remarks say
// what was done.
//
// Any output of "go test -bench" will do, of one package or of several. This
// suite's own files will do, too: a row's figure is that of a round, and only
// the primary figures are compared, since the rest is evidence. So will the raw
// rounds that the gate keeps. The figures of the two files are unpaired.
//
// Of ours it imports the catalog of names, units and families, and prose,
// results and verdict.
package files

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// A file is the part of a results file that is compared.
type file struct {
	path    string
	driver  string // "" if it isn't this suite's
	rows    []*row // in order of first appearance
	config  []setting
	remarks []verdict.Remark
	inTest  int  // the line of a package for which go test never printed PASS or ok; 0 if none
	gate    bool // raw rounds of the gate
}

// A setting is a configuration key with all its values in a file, in order.
type setting struct {
	key    string
	values []string
}

// A row is one benchmark.
type row struct {
	pkg, name string // name without "Benchmark", with -GOMAXPROCS as in the file
	units     []*unit
}

// A unit is a row's figures in one unit, in the file's order.
type unit struct {
	name    string // as in the file; tidied if the file has two forms of it
	tidy    string // benchunit's form of name: sec/op for ns/op
	better  string // "lower", "higher", ""
	exact   bool
	figures []float64 // in the unit name
	tidied  []float64

	unfit     string // the first value that is no measurement
	unfitLine int
}

// Read reads two results files and pairs their rows by package, name and unit.
// The rows are unpaired, in the order of the old file. The remarks say what a
// reader must know about how they came about.
//
// Each error names a file, the line if there is one, and the way out. Errors
// are: a file that is missing, empty, longer than 256 MiB or cut short; a
// result that can't be read; files of two drivers; no row and unit in common;
// units whose better side the two files disagree on.
func Read(oldPath, newPath string) ([]verdict.Row, []verdict.Remark, error) {
	before, err := readFile(oldPath)
	if err != nil {
		return nil, nil, err
	}
	after, err := readFile(newPath)
	if err != nil {
		return nil, nil, err
	}
	return compare(before, after)
}

// compare pairs the rows of two files.
func compare(before, after *file) ([]verdict.Row, []verdict.Remark, error) {
	if before.driver != after.driver {
		return nil, nil, fmt.Errorf("%s and %s: one has driver %q, the other %q, and their figures are never pooled; make both with the same command",
			before.path, after.path, before.driver, after.driver)
	}
	c := comparison{before: before, after: after}
	c.remarks = slices.Concat(before.remarks, after.remarks)
	if err := c.pair(); err != nil {
		return nil, nil, err
	}
	c.configuration()
	c.remark(verdict.Notice, "The two files were measured apart: every difference includes what the machine did meanwhile.")
	return c.rows, c.remarks, nil
}

type comparison struct {
	before, after *file
	rows          []verdict.Row
	remarks       []verdict.Remark
}

func (c *comparison) remark(level, format string, args ...any) {
	c.remarks = append(c.remarks, verdict.Remark{Level: level, Text: fmt.Sprintf(format, args...)})
}

// packages are the packages of the file's rows, each once.
func (f *file) packages() []string {
	var all []string
	for _, r := range f.rows {
		if !slices.Contains(all, r.pkg) {
			all = append(all, r.pkg)
		}
	}
	return all
}

// pair makes the rows that both files have.
func (c *comparison) pair() error {
	// If each file has only one package, it is taken for the same one: it may
	// have been renamed, or be named in one file only.
	alone := len(c.before.packages()) == 1 && len(c.after.packages()) == 1
	type key struct{ pkg, name string }
	at := func(r *row) key {
		if alone {
			return key{"", r.name}
		}
		return key{r.pkg, r.name}
	}
	theirs := map[key]*row{}
	for _, r := range c.after.rows {
		theirs[at(r)] = r
	}
	var gone, added, units []string
	paired := map[*row]bool{}
	for _, was := range c.before.rows {
		name := was.name
		if !alone && was.pkg != "" {
			name = was.pkg + "." + name
		}
		is := theirs[at(was)]
		if is == nil {
			gone = append(gone, name)
			continue
		}
		paired[is] = true
		var seen []string
		for _, u := range was.units {
			seen = append(seen, u.tidy)
			i := slices.IndexFunc(is.units, func(v *unit) bool { return v.tidy == u.tidy })
			if i < 0 {
				units = append(units, fmt.Sprintf("%s %s (%s)", name, u.name, c.before.path))
				continue
			}
			r, err := c.row(name, u, is.units[i])
			if err != nil {
				return err
			}
			c.rows = append(c.rows, r)
		}
		for _, v := range is.units {
			if !slices.Contains(seen, v.tidy) {
				units = append(units, fmt.Sprintf("%s %s (%s)", name, v.name, c.after.path))
			}
		}
	}
	for _, r := range c.after.rows {
		if !paired[r] {
			added = append(added, r.name)
		}
	}
	if len(c.rows) == 0 {
		return fmt.Errorf("%s and %s have no row in common (the first are %s and %s); run the same benchmarks with the same GOMAXPROCS for both",
			c.before.path, c.after.path, c.before.rows[0], c.after.rows[0])
	}
	if err := c.left(gone, c.before, c.after); err != nil {
		return err
	}
	if err := c.left(added, c.after, c.before); err != nil {
		return err
	}
	if len(units) > 0 {
		c.remark(verdict.Warning, "%s in one file only, not compared: %s", prose.Count(len(units), "unit"), some(units))
	}
	return nil
}

// left adds a remark on rows that only one file has. They are an error if the
// other file looks cut short.
func (c *comparison) left(rows []string, has, lacks *file) error {
	if len(rows) == 0 {
		return nil
	}
	if lacks.inTest > 0 {
		return lacks.cut(fmt.Sprintf("it lacks %s that %s has (%s)", prose.Count(len(rows), "row"), has.path, some(rows)))
	}
	c.remark(verdict.Warning, "%s only in %s, not compared: %s", prose.Count(len(rows), "row"), has.path, some(rows))
	return nil
}

// cut is the error of a file with two signs that it was cut short.
func (f *file) cut(mark string) error {
	return failure(f.path, f.inTest, "the file is cut short: go test never says PASS or ok of this package, and "+mark, "measure again, or end it with a line PASS if it is whole")
}

// some are the first of many.
func some(all []string) string {
	const most = 5
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return strings.Join(all[:most], ", ") + fmt.Sprintf(" and %d more", len(all)-most)
}

func (r *row) String() string {
	name := r.name
	if r.pkg != "" {
		name = r.pkg + "." + name
	}
	return fmt.Sprintf("%s in %s", name, r.units[0].name)
}

// row is one row of the comparison.
func (c *comparison) row(name string, was, is *unit) (verdict.Row, error) {
	r := verdict.Row{Name: name, Unit: was.name, Better: was.better, Exact: was.exact && is.exact, Old: was.figures, New: is.figures}
	if was.name != is.name {
		r.Unit, r.Old, r.New = was.tidy, was.tidied, is.tidied
	}
	switch {
	case r.Better == "":
		r.Better = is.better
	case is.better != "" && is.better != was.better:
		return r, fmt.Errorf("%s says of %s that %s is better, %s that %s is; make their Unit lines agree", c.before.path, was.name, was.better, c.after.path, is.better)
	}
	return r, nil
}

// machine are the keys that two files must agree on to be comparable.
var machine = []string{"goos", "goarch", "cpu"}

// configuration adds remarks on injected slowdowns, and on keys in which the
// two files differ.
func (c *comparison) configuration() {
	for _, f := range []*file{c.before, c.after} {
		var all []results.Setting
		for _, s := range f.config {
			for _, value := range s.values {
				all = append(all, results.Setting{Key: s.key, Value: value})
			}
		}
		for _, w := range results.Wrong(all) {
			c.remark(verdict.Warning, "%s: %s", f.path, w)
		}
	}
	values := func(f *file, key string) string {
		i := slices.IndexFunc(f.config, func(s setting) bool { return s.key == key })
		if i < 0 {
			return "(not there)"
		}
		return strings.Join(f.config[i].values, ", ")
	}
	var keys []string
	for _, s := range slices.Concat(c.before.config, c.after.config) {
		if !slices.Contains(keys, s.key) {
			keys = append(keys, s.key)
		}
	}
	for _, key := range keys {
		was, is := values(c.before, key), values(c.after, key)
		if was == is {
			continue
		}
		if slices.Contains(machine, key) {
			c.remark(verdict.Warning, "Not comparable: %s differs, %s → %s.", key, was, is)
		} else {
			c.remark(verdict.Notice, "%s differs: %s → %s.", key, was, is)
		}
	}
	if same(c.before.path, c.after.path) {
		c.remark(verdict.Warning, "%s and %s are the same file, which can't differ from itself.", c.before.path, c.after.path)
	}
}

func same(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}

// uneven adds a remark on rows that have fewer figures than the file's others.
// They are an error if the file looks cut short. The gate measures a row no
// longer once it is decided, so there they are usual.
func (f *file) uneven() error {
	most := 0
	for _, r := range f.rows {
		for _, u := range r.units {
			most = max(most, len(u.figures))
		}
	}
	var few []string
	for _, r := range f.rows {
		least := slices.MinFunc(r.units, func(a, b *unit) int { return len(a.figures) - len(b.figures) })
		if n := len(least.figures); n < most {
			few = append(few, fmt.Sprintf("%s has %d", r, n))
		}
	}
	switch {
	case len(few) == 0:
	case f.gate:
		f.remark(verdict.Notice, "%s: the gate measured decided rows no longer, so not all have %s: %s.", f.path, prose.Count(most, "round"), some(few))
	case f.inTest > 0:
		return f.cut(fmt.Sprintf("not all rows have %s (%s)", prose.Count(most, "figure"), some(few)))
	default:
		f.remark(verdict.Warning, "%s: not all rows have %s: %s.", f.path, prose.Count(most, "figure"), some(few))
	}
	return nil
}

func (f *file) remark(level, format string, args ...any) {
	f.remarks = append(f.remarks, verdict.Remark{Level: level, Text: fmt.Sprintf(format, args...)})
}

// largest is the greatest magnitude that counts as a measurement.
const largest = 1e100

func isFigure(v float64) bool { return !math.IsNaN(v) && math.Abs(v) <= largest }

// failure makes an error about a line; all of them have this form.
func failure(path string, line int, what, wayOut string) error {
	return fmt.Errorf("reading results %s:%d: %s; %s", path, max(line, 1), what, wayOut)
}

var errNoFile = errors.New(`"-" is no file: two files can't both be standard input; write them first`)
