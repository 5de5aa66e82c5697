package results

import (
	"slices"
	"strconv"
	"strings"

	"threadbench/bench/catalog"
)

// PairedFactor is the unit of an arm's primary figure over the goroutine arm's,
// from the same laps. Files of driver Testing have none.
const PairedFactor = "x-goroutine"

// SelfFactor is the unit of the A/A: an arm opened twice, one over the other.
// It is 1 on a perfect instrument.
const SelfFactor = "x-self"

// Memory is the Sum of user-B/task and kernel-B/task, the primary figure of a
// parked task.
const Memory = "user+kernel-B/task"

// A Row is one benchmark and all its lines.
type Row struct {
	Name     catalog.Name
	FullName string // as in the file, without "Benchmark" and -GOMAXPROCS
	Procs    int    // testing's suffix -GOMAXPROCS, 0 without one
	Runs     []Run  // at least one, in the file's order
	units    []string
	decides  []string // the units whose sum decides it; nil if nothing says so
}

// A Run is one benchmark line.
type Run struct {
	Round  int // the round's number; with driver Testing the line's number, from 1
	Line   int // line number in the file, from 1
	Iters  int // at least 1
	Values map[string]float64
}

// Units are the row's units in order of first appearance.
func (r *Row) Units() []string { return slices.Clone(r.units) }

// Values are the row's values in a unit, in the file's order. They are fewer
// than Runs if lines lack the unit. The unit may be a Sum.
func (r *Row) Values(unit string) []float64 {
	var vs []float64
	for _, run := range r.Runs {
		if v, ok := run.Get(unit); ok {
			vs = append(vs, v)
		}
	}
	return vs
}

// Cut tells whether a run had fewer tasks than its row's name says, since no
// more fitted. Up to a hundredth less is rounding to three digits.
func (r *Row) Cut(run Run) bool {
	n, err := strconv.ParseFloat(r.Name.Get("n"), 64)
	tasks, ok := run.Get("tasks")
	return err == nil && ok && tasks < 0.99*n
}

// Get is the run's value in a unit, which may be a Sum.
func (r Run) Get(unit string) (v float64, ok bool) {
	if v, ok = r.Values[unit]; ok {
		return v, ok
	}
	names, kind, _ := strings.Cut(unit, "-")
	if !strings.Contains(names, "+") {
		return 0, false
	}
	for name := range strings.SplitSeq(names, "+") {
		part, ok := r.Values[name+"-"+kind]
		if !ok {
			return 0, false
		}
		v += part
	}
	return v, true
}

// Sum is the unit of the sum of units' figures in the same round:
// user+kernel-B/task for user-B/task and kernel-B/task. No file has it. It is
// "" for units of different kinds, which don't add up.
func Sum(units []string) string {
	if len(units) < 2 {
		return strings.Join(units, "")
	}
	var names []string
	var kind string
	for i, unit := range units {
		name, of, ok := strings.Cut(unit, "-")
		if !ok || i > 0 && of != kind {
			return ""
		}
		names, kind = append(names, name), of
	}
	return strings.Join(names, "+") + "-" + kind
}

// Primary is the unit of the row's primary figure: the sum of what decides the
// row. If the row lacks a part of the sum, it is the part that the row has;
// else the row's first unit that is no factor. parts are the file's units in
// it.
func (r *Row) Primary() (unit string, parts []string) {
	if sum := Sum(r.decides); len(r.Values(sum)) > 0 {
		return sum, r.decides
	}
	i := slices.IndexFunc(r.decides, func(part string) bool { return slices.Contains(r.units, part) })
	if i >= 0 {
		return r.decides[i], r.decides[i : i+1]
	}
	i = slices.IndexFunc(r.units, isFigure)
	return r.units[i], r.units[i : i+1]
}

// Decided reports whether the row's primary figure is what decides it.
func (r *Row) Decided() bool {
	_, parts := r.Primary()
	return slices.Contains(r.decides, parts[0])
}

// isFigure tells whether a unit is of a figure and not of a factor. Each line
// has at least one figure.
func isFigure(unit string) bool { return unit != PairedFactor && unit != SelfFactor }
