package turns

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
)

// A found is a result in the output of a test binary.
type found struct {
	named int    // offset of the benchmark's name
	at    int    // offset of the figures, which testing writes at once
	line  string // the line that ends with it
	pairs string // from the first value on
}

// What follows the number of iterations. With -test.benchmem a result always
// ends in allocs/op.
var figures = regexp.MustCompile(`^(?: *\S+ \S+\t)* *-?\d+ B/op\t *-?\d+ allocs/op$`)

// results finds what looks like results of n iterations. It looks at ends of
// lines, since a benchmark may have printed something before.
func results(text []byte, n int) (all []found) {
	count := fmt.Sprintf("%8d\t", n)
	offset := 0
	for raw := range bytes.Lines(text) {
		line := strings.TrimRight(string(raw), "\r\n")
		for from := 0; ; {
			i := strings.Index(line[from:], count)
			if i < 0 {
				break
			}
			from += i + len(count)
			if pairs := line[from:]; figures.MatchString(pairs) {
				all = append(all, found{named: -1, at: offset + from - len(count), line: line, pairs: pairs})
				break
			}
		}
		offset += len(raw)
	}
	return all
}

// names are the offsets at which the name stands as testing prints it before a
// result: followed by a tab, perhaps with spaces before.
func names(text []byte, name string) (all []int) {
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(name))
		if i < 0 {
			return all
		}
		at := from + i
		from = at + len(name)
		if rest := bytes.TrimLeft(text[from:], " "); len(rest) > 0 && rest[0] == '\t' {
			all = append(all, at)
		}
	}
}

// resultsOf are the results of the benchmark of that name, -GOMAXPROCS
// included. A line that is uncertain is an error that quotes it.
func resultsOf(text []byte, name string, n int) ([]found, error) {
	all := results(text, n)
	at := names(text, name)
	if len(all) == 0 || len(at) == 0 {
		return nil, missing(text, name, n, len(at) > 0)
	}
	for i := range all {
		// The result's name is the last one before it. Another result may not
		// stand between the two.
		k, _ := slices.BinarySearch(at, all[i].at)
		after := 0
		if i > 0 {
			after = all[i-1].at
		}
		if k == 0 || at[k-1] < after {
			return nil, fmt.Errorf("a line may be a result of %s or something that it prints: %q", name, all[i].line)
		}
		all[i].named = at[k-1]
	}
	return all, nil
}

// missing says why there is no result.
func missing(text []byte, name string, n int, named bool) error {
	if !named {
		return fmt.Errorf("%s printed no result: it was skipped, or it no longer exists", name)
	}
	last := ""
	for raw := range bytes.Lines(text) {
		if line := strings.TrimSpace(string(raw)); strings.Contains(line, name) || strings.HasSuffix(line, " allocs/op") {
			last = line
		}
	}
	return fmt.Errorf("no line is a result of %s with %d iterations; it prints %q", name, n, last)
}

// A value is a figure in a unit.
type value struct {
	x    float64
	unit string
}

// values are the figures of a result, with a note on those that are no finite
// numbers.
func (f found) values() (all []value, notes []string, err error) {
	for pair := range strings.SplitSeq(f.pairs, "\t") {
		figure, unit, _ := strings.Cut(strings.TrimSpace(pair), " ")
		x, err := strconv.ParseFloat(figure, 64)
		switch {
		case err != nil && !errors.Is(err, strconv.ErrRange):
			return nil, nil, fmt.Errorf("%q is no number in the result %q", figure, f.line)
		case math.IsNaN(x) || math.IsInf(x, 0):
			notes = append(notes, fmt.Sprintf("it reports %s %s, which is left out", figure, unit))
		default:
			all = append(all, value{x, unit})
		}
	}
	return all, notes, nil
}

// timedOf is the time on the benchmark's clock, computed from its values.
func timedOf(values map[string]float64, n int) time.Duration {
	d := values["ns/op"] * float64(n)
	if !(d > 0 && d < math.MaxInt64/4) {
		return 0
	}
	return time.Duration(d)
}

// byUnit are the values by unit.
func byUnit(all []value) map[string]float64 {
	m := map[string]float64{}
	for _, v := range all {
		m[v.unit] = v.x
	}
	return m
}

// header is the configuration that a test binary prints before its first
// result, and its units.
func header(text []byte) (config []benchfmt.Config, units []*benchfmt.UnitMetadata) {
	var meta bytes.Buffer
	for raw := range bytes.Lines(text) {
		line := strings.TrimSpace(string(raw))
		if strings.HasPrefix(line, "Unit ") {
			meta.Write(raw)
			continue
		}
		for _, key := range []string{"goos", "goarch", "pkg", "cpu"} {
			if v, ok := strings.CutPrefix(line, key+": "); ok && !slices.ContainsFunc(config, func(c benchfmt.Config) bool { return c.Key == key }) {
				config = append(config, benchfmt.Config{Key: key, Value: []byte(v), File: true})
			}
		}
	}
	for r := benchfmt.NewReader(&meta, ""); r.Scan(); {
		if m, ok := r.Result().(*benchfmt.UnitMetadata); ok {
			units = append(units, m)
		}
	}
	return config, units
}

// formatted is a result as a line of the benchmark format. name begins with
// Benchmark.
func formatted(name string, n int, all []value) string {
	if len(all) == 0 {
		return ""
	}
	r := &benchfmt.Result{Name: benchfmt.Name(strings.TrimPrefix(name, "Benchmark")), Iters: n}
	for _, v := range all {
		r.Values = append(r.Values, benchfmt.Value{Value: v.x, Unit: v.unit})
	}
	var line bytes.Buffer
	benchfmt.NewWriter(&line).Write(r)
	return line.String()
}

// reading is the measurement of a process that has ended.
func (p *process) reading() Reading {
	r := Reading{Ran: p.ran}
	if r.Err = p.fails(); r.Err != nil {
		return r
	}
	name := p.spec.Name + p.spec.suffix()
	all, err := resultsOf(p.out.text, name, p.spec.N)
	switch {
	case p.cut && len(results(p.out.text, p.spec.N)) == 0:
		r.Err = fmt.Errorf("%s had no result in the %v that it ran", name, p.ran.Round(time.Millisecond))
		return r
	case err != nil:
		r.Err = p.said(err)
		return r
	case len(all) > 1 && p.spec.How != Slices:
		r.Err = fmt.Errorf("two lines may be the result of %s: %q and %q", name, all[0].line, all[1].line)
		return r
	}
	var figures []value
	if p.spec.How == Slices {
		figures, r.Slices, r.Notes, r.Err = p.slices(all)
	} else {
		figures, r.Notes, r.Err = all[0].values()
		if p.spec.How == Turns {
			scale(figures, p.run(all[0], timedOf(byUnit(figures), p.spec.N)).share(p.turns))
		}
	}
	if r.Err != nil {
		return r
	}
	r.Values = byUnit(figures)
	r.Line = formatted(name, p.spec.N, figures)
	return r
}

// run is the times of a result's measurement.
func (p *process) run(f found, timed time.Duration) run {
	return run{named: p.out.at(f.named), ended: p.out.at(f.at), timed: timed}
}

// scale scales times by the share of the time in which the process ran.
func scale(figures []value, share float64) {
	for i, v := range figures {
		switch v.unit {
		case "ns/op":
			figures[i].x = rounded(v.x * share)
		case "MB/s":
			figures[i].x = rounded(v.x / share)
		}
	}
}

// rounded keeps as many digits as are meaningful.
func rounded(x float64) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	return y
}

// slices are the means of the results that no stop touched. A mean includes
// costs that only some slices have, as a plain run does.
func (p *process) slices(all []found) (figures []value, kept int, notes []string, err error) {
	ended := make([]time.Duration, len(all))
	for i, f := range all {
		ended[i] = p.out.at(f.at)
	}
	whole := untouched(p.turns, ended)
	if len(whole) < 3 {
		return nil, 0, nil, fmt.Errorf("%d of %d results of %s were whole between two stops; take fewer iterations, or longer turns", len(whole), len(all), p.spec.Name)
	}
	by := map[string][]float64{}
	var units []string
	for _, i := range whole {
		vs, ns, err := all[i].values()
		if err != nil {
			return nil, 0, nil, err
		}
		for _, n := range ns {
			if !slices.Contains(notes, n) {
				notes = append(notes, n)
			}
		}
		for _, v := range vs {
			if by[v.unit] == nil {
				units = append(units, v.unit)
			}
			by[v.unit] = append(by[v.unit], v.x)
		}
	}
	for _, u := range units {
		mean := 0.0
		for _, x := range by[u] {
			mean += x / float64(len(by[u]))
		}
		figures = append(figures, value{rounded(mean), u})
	}
	return figures, len(whole), notes, nil
}
