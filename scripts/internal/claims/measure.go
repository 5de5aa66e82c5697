package claims

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"threadbench/bench/catalog"
	"threadbench/bench/numbers"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
)

// A measure is a figure that each round of a results file has: a row's value in
// a unit, or a figure computed from several. If a round gives only limits of
// the figure, it has two values a round.
type measure struct {
	rows  []string // rows that it is computed from
	ratio bool     // a factor: compared by its logarithm
	unit  string   // of the figure; "" for a factor or a bare number
	of    func(get lookup) (x float64, ok bool)
	// most is set for a figure with limits: of is then its lower limit, most
	// its upper limit. The upper limit may be +Inf, for none.
	most func(get lookup) (x float64, ok bool)
	// factor is set instead of of. It is a row's figure over its goroutine
	// arm's, or the inverse.
	factor func(*results.File, *results.Row) *summary.Estimate
	// same is the unit of a quotient of two rows' figures. The A/A of the two
	// counts if this is their primary unit.
	same string
	less string // the configuration key of a number that is subtracted
}

// A lookup finds a row's value in one round.
type lookup func(row, unit string) (x float64, ok bool)

// value is a row's figure in a unit.
func value(row, unit string) measure {
	return measure{rows: []string{row}, unit: unit, of: func(get lookup) (float64, bool) { return get(row, unit) }}
}

// beyondCPUs is a row's figure less the number of CPUs that the process may
// use.
func beyondCPUs(row, unit string) measure {
	m := value(row, unit)
	m.less = "cpus"
	return m
}

// factor is a row's primary figure over its goroutine arm's, of the same laps.
func factor(row string) measure {
	return measure{rows: []string{row, reference(row)}, ratio: true, factor: summary.Factor}
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
	return measure{rows: []string{row, reference(row)}, ratio: true, factor: summary.Inverse}
}

// quotient is a row's figure over another row's, in the same unit and round.
func quotient(row, over, unit string) measure {
	m := within(row, unit, over, unit)
	m.same = unit
	return m
}

// share is a row's figure over another figure of that row, in the same round.
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

// bounded is a row's figure over another row's, in the same round, where each
// has its limits in two units. Its lower limit is the least of the one over the
// most of the other; its upper limit is the most over the least. Over a least
// of 0 there is no upper limit. A figure whose most is 0 doesn't exist.
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

// perDepth is how many bytes a goroutine's figure at a depth is above that at
// depth 0, over the depth. It is at least one byte, since rounds are compared
// by logarithms.
func perDepth(depth int, unit string) measure {
	deep, flat := fmt.Sprintf("Stack/impl=goroutine/depth=%d", depth), "Stack/impl=goroutine/depth=0"
	return measure{rows: []string{deep, flat}, ratio: true, of: func(get lookup) (float64, bool) {
		a, ok1 := get(deep, unit)
		b, ok2 := get(flat, unit)
		return max(1, a-b) / float64(depth), ok1 && ok2
	}}
}

// slope is the rise of a figure for each n in the rows' names: the
// least-squares line through one point a row.
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

// whole tells whether a file has a row, and none of its runs was cut.
func whole(row *results.Row) bool {
	return row != nil && !slices.ContainsFunc(row.Runs, row.Cut)
}

// A span is the least and the most that a figure may be.
type span struct{ least, most float64 }

// values are the measure in each round that has it, in the rounds' order. A run
// that was cut doesn't count.
func (m measure) values(f *results.File) []span {
	at := map[int]map[string]results.Run{}
	var order []int
	for _, name := range m.rows {
		row := f.Row(name)
		if row == nil {
			continue
		}
		for _, run := range row.Runs {
			if at[run.Round] == nil {
				at[run.Round] = map[string]results.Run{}
				order = append(order, run.Round)
			}
			if !row.Cut(run) {
				at[run.Round][name] = run
			}
		}
	}
	slices.Sort(order)
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
			return at[round][row].Get(unit)
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
			continue // without a logarithm it is no factor
		}
		all = append(all, span{least - off, most - off})
	}
	return all
}

// estimates are the estimates of the measure's lower and upper limit. They are
// the same for a measure without limits, and nil if the file has none of it.
func (m measure) estimates(f *results.File) (least, most *summary.Estimate) {
	if m.factor != nil {
		row := f.Row(m.rows[0])
		if row == nil || !slices.ContainsFunc(row.Runs, func(run results.Run) bool { return !row.Cut(run) }) {
			return nil, nil
		}
		e := m.factor(f, row)
		return e, e
	}
	var lows, highs []float64
	for _, s := range m.values(f) {
		lows, highs = append(lows, s.least), append(highs, s.most)
	}
	if lows == nil {
		return nil, nil
	}
	allowance, alone := 0.0, false
	for _, name := range m.rows {
		if m.same == "" {
			break
		}
		row := f.Row(name)
		if unit, _ := row.Primary(); m.same == unit {
			aa := summary.Of(f, row)
			allowance += aa.Allowance()
			alone = alone || aa == nil
		}
	}
	least = summary.Shift(f, m.unit, m.ratio, lows, allowance)
	if alone && least != nil {
		least.Lacks()
	}
	most = least
	if m.most != nil {
		most = summary.Shift(f, m.unit, m.ratio, highs, allowance)
	}
	return least, most
}
