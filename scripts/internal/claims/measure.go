package claims

import (
	"fmt"
	"math"
	"strconv"

	"threadbench/bench/catalog"
	"threadbench/bench/numbers"
	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/results"
)

// A measure is a figure that each round of a results file has: a row's value
// in a unit, or what follows from several. Where a round tells no more than
// between which bounds the figure lies, it has two values a round.
type measure struct {
	rows  []string // that it is made of
	ratio bool     // it is compared by its logarithm, as a factor
	unit  string   // of the figure; "" for a factor or a bare number
	of    func(get lookup) (x float64, ok bool)
	// most is set for a figure that is known by bounds: of is then the least
	// that it may be, most the most. The most may be +Inf, for no bound.
	most func(get lookup) (x float64, ok bool)
	// over is set for a row's time over its goroutine arm's, which a file of
	// driver testing has no pairs for.
	over    string
	inverse bool
	less    string // the configuration key of a number that is taken off
}

// A lookup finds a row's value in one round.
type lookup func(row, unit string) (x float64, ok bool)

// value is a row's figure in a unit.
func value(row, unit string) measure {
	return measure{rows: []string{row}, unit: unit, of: func(get lookup) (float64, bool) { return get(row, unit) }}
}

// beyondCPUs is by how much a row's figure is more than the CPUs that the
// process may use.
func beyondCPUs(row, unit string) measure {
	m := value(row, unit)
	m.less = "cpus"
	return m
}

// factor is a row's primary figure over its goroutine arm's, of the same laps.
func factor(row string) measure {
	return measure{rows: []string{row, reference(row)}, ratio: true, over: row, of: func(get lookup) (float64, bool) {
		x, ok := get(row, results.PairedFactor)
		return x, ok && x > 0
	}}
}

// reference is the goroutine arm of a row of the ledger.
func reference(row string) string {
	name, err := catalog.ParseName(row)
	if err != nil {
		panic("claims: " + err.Error())
	}
	return name.Ref().String()
}

// goroutineOver is the goroutine arm's primary figure over the row's.
func goroutineOver(row string) measure {
	m := factor(row)
	m.inverse = true
	m.of = func(get lookup) (float64, bool) {
		x, ok := get(row, results.PairedFactor)
		return 1 / x, ok && x > 0
	}
	return m
}

// quotient is a row's figure over another's in the same unit and round.
func quotient(row, over, unit string) measure { return within(row, unit, over, unit) }

// share is a row's figure over another figure of its own, of the same round.
func share(row, unit, of string) measure {
	m := within(row, unit, row, of)
	m.rows = m.rows[:1]
	return m
}

func within(row, unit, over, overUnit string) measure {
	return measure{rows: []string{row, over}, ratio: true, of: func(get lookup) (float64, bool) {
		a, ok1 := get(row, unit)
		b, ok2 := get(over, overUnit)
		return a / b, ok1 && ok2 && a > 0 && b > 0
	}}
}

// bounded is a row's figure over another's, of the same round, where each is
// known by its bounds in two units: at least the least of the one over the most
// of the other, and at most the other way round. Over a least of 0 it has no
// upper bound. A figure whose most is 0 is none.
func bounded(row, over, least, most string) measure {
	ratio := func(unit, overUnit string) func(lookup) (float64, bool) {
		return func(get lookup) (float64, bool) {
			top, ok1 := get(row, most)
			bottom, ok2 := get(over, most)
			a, ok3 := get(row, unit)
			b, ok4 := get(over, overUnit)
			return max(0, a) / max(0, b), ok1 && ok2 && ok3 && ok4 && top > 0 && bottom > 0
		}
	}
	return measure{rows: []string{row, over}, ratio: true, of: ratio(least, most), most: ratio(most, least)}
}

// perDepth is by how much a goroutine's figure in bytes at a depth is above
// the one at depth 0, over the depth: by a byte at the least, since rounds are
// compared by logarithms.
func perDepth(depth int, unit string) measure {
	deep, flat := fmt.Sprintf("Stack/impl=goroutine/depth=%d", depth), "Stack/impl=goroutine/depth=0"
	return measure{rows: []string{deep, flat}, ratio: true, of: func(get lookup) (float64, bool) {
		a, ok1 := get(deep, unit)
		b, ok2 := get(flat, unit)
		return max(1, a-b) / float64(depth), ok1 && ok2
	}}
}

// slope is by how much a figure rises for each n in the rows' names: the line
// of least squares through one point a row.
func slope(unit string, rows ...string) measure {
	return measure{rows: rows, of: func(get lookup) (float64, bool) {
		var xs, ys []float64
		for _, row := range rows {
			y, ok := get(row, unit)
			if !ok {
				return 0, false
			}
			xs, ys = append(xs, number(row, "n")), append(ys, y)
		}
		slope, _ := numbers.Line(xs, ys)
		return slope, true
	}}
}

// number is a key's value in a name of the ledger.
func number(row, key string) float64 {
	n, err := catalog.ParseName(row)
	if err == nil {
		var x float64
		if x, err = strconv.ParseFloat(n.Get(key), 64); err == nil {
			return x
		}
	}
	panic("claims: the row " + row + " of the ledger: " + err.Error())
}

// cut tells whether a run had fewer tasks than its row's name says, since no
// more fitted. A hundredth less is the number that three digits tell.
func cut(row string, run results.Run) bool {
	n, err := catalog.ParseName(row)
	if err != nil || n.Get("n") == "" {
		return false
	}
	tasks, ok := run.Get("tasks")
	return ok && tasks < 0.99*number(row, "n")
}

// A span is the least and the most that a figure may be.
type span struct{ least, most float64 }

// values are the measure in each round that has it, in the file's order. A run
// that was cut is none of its row.
func (m measure) values(f *results.File) []span {
	at := map[int]map[string]results.Run{}
	var order []int
	for _, row := range f.Rows {
		name := row.Name.String()
		for _, run := range row.Runs {
			if at[run.Round] == nil {
				at[run.Round] = map[string]results.Run{}
				order = append(order, run.Round)
			}
			at[run.Round][name] = run
		}
	}
	off := 0.0
	if m.less != "" {
		var err error
		if off, err = strconv.ParseFloat(f.Get(m.less), 64); err != nil {
			return nil
		}
	}
	var all []span
	for _, round := range order {
		get := func(row, unit string) (float64, bool) {
			run, there := at[round][row]
			if !there || cut(row, run) {
				return 0, false
			}
			return run.Get(unit)
		}
		least, ok := m.of(get)
		most := least
		if m.most != nil && ok {
			most, ok = m.most(get)
		} else if math.IsInf(least, 0) {
			continue
		}
		if !ok || math.IsNaN(least) || math.IsNaN(most) {
			continue
		}
		if m.ratio && least < 0 {
			continue // no factor, and without a logarithm
		}
		all = append(all, span{least - off, most - off})
	}
	return all
}

// samples are the measure's least and most as samples of shifts, on the scale
// that it is compared on: one and the same for a measure that isn't known by
// bounds, nil where the file has none of it.
func (m measure) samples(f *results.File) (least, most *paired.Sample, rounds int) {
	if m.over != "" && f.Driver == results.Testing {
		s, rounds := m.unpaired(f)
		return s, s, rounds
	}
	spans := m.values(f)
	if len(spans) == 0 {
		return nil, nil, 0
	}
	sample := func(of func(span) float64) *paired.Sample {
		var xs []float64
		for _, s := range spans {
			xs = append(xs, m.scaled(of(s)))
		}
		s, err := paired.SignedRank(xs)
		if err != nil {
			panic("claims: " + err.Error()) // no NaN gets here
		}
		return s
	}
	least = sample(func(s span) float64 { return s.least })
	if m.most == nil {
		return least, least, len(spans)
	}
	return least, sample(func(s span) float64 { return s.most }), len(spans)
}

// unpaired is a factor where the rounds have no pairs: the shift between the
// logarithms of two sets of runs.
func (m measure) unpaired(f *results.File) (*paired.Sample, int) {
	row := f.Row(m.over)
	if row == nil {
		return nil, 0
	}
	ref := f.Row(m.rows[1]) // not one that would do in its place
	if ref == nil {
		return nil, 0
	}
	unit, _ := row.Primary()
	if refUnit, _ := ref.Primary(); refUnit != unit {
		return nil, 0
	}
	base, head := logs(ref.Values(unit)), logs(row.Values(unit))
	if m.inverse {
		base, head = head, base
	}
	s, err := paired.RankSum(base, head)
	if err != nil {
		return nil, 0
	}
	return s, min(len(base), len(head))
}

func logs(xs []float64) []float64 {
	for i := range xs {
		xs[i] = math.Log(xs[i])
	}
	return xs
}

func (m measure) scaled(x float64) float64 {
	if m.ratio {
		return math.Log(x)
	}
	return x
}

func (m measure) unscaled(x float64) float64 {
	if m.ratio {
		return math.Exp(x)
	}
	return x
}
