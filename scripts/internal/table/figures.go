package table

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"threadbench/scripts/internal/results"
)

// none stands where there is no figure.
const none = "–"

// A scale turns a unit's values into a reader's.
type scale struct {
	unit   string // "µs"; "" for a bare number
	factor float64
	counts bool // things, of which a whole number is told in full: 9978 threads are not 9980
}

var (
	times   = []scale{{"ns", 1, false}, {"µs", 1e3, false}, {"ms", 1e6, false}, {"s", 1e9, false}}
	sizes   = []scale{{"B", 1, false}, {"KiB", 1 << 10, false}, {"MiB", 1 << 20, false}, {"GiB", 1 << 30, false}, {"TiB", 1 << 40, false}}
	numbers = []scale{{"", 1, false}}
	things  = []scale{{"", 1, true}}
)

// scaleFor is the scale in which v, a value in the file's unit, reads best.
func scaleFor(unit string, v float64) scale {
	numerator, _, _ := strings.Cut(unit, "/")
	scales := numbers
	switch {
	case numerator == "ns" || strings.HasSuffix(numerator, "-ns"):
		scales = times
	case unit == "tasks" || unit == "threads":
		scales = things
	case numerator == "B" || strings.HasSuffix(numerator, "-B"):
		scales = sizes
	}
	best := scales[0]
	for _, s := range scales[1:] {
		if max(math.Abs(v), round3(math.Abs(v))) >= s.factor { // 999.6 ns is 1.00 µs
			best = s
		}
	}
	return best
}

// number is v on the scale, three significant digits, without the unit.
func (s scale) number(v float64) string {
	if s.counts && v >= 1000 && v < 1<<50 && v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return digits(v / s.factor)
}

// Figure is v, a value in the file's unit, as a reader has it: "9.12 µs".
func Figure(unit string, v float64) string {
	s := scaleFor(unit, v)
	return strings.TrimSpace(s.number(v) + " " + s.unit)
}

// Within is a summary's interval on the median's scale, "[9.01, 9.30]", or a
// dash.
func (s Stat) Within() string {
	if !s.Interval {
		return none
	}
	sc := scaleFor(s.Unit, s.Median)
	end := func(x float64) string {
		if factor := s.Unit == results.PairedFactor || s.Unit == results.SelfFactor; factor && x != 1 && round3(x) == 1 {
			// Whether the interval holds 1 is to be seen.
			for digits := 3; digits < 6; digits++ {
				if f := strconv.FormatFloat(x, 'f', digits, 64); strings.Trim(f, "0") != "1." {
					return f
				}
			}
		}
		return sc.number(x)
	}
	return fmt.Sprintf("[%s, %s]", end(s.Low), end(s.High))
}

// digits is v with three significant digits, in full: no exponent, and a
// minus that is no hyphen. From 1,000 to 1,023 it is four, since 1,023 B don't
// make a KiB. What is nearer to 0 than a thousandth is said to be so.
func digits(v float64) string {
	sign := ""
	if v < 0 {
		sign, v = "−", -v
	}
	switch {
	case v == 0:
		return "0"
	case round3(v) < 0.001 && sign != "":
		return ">−0.001"
	case round3(v) < 0.001:
		return "<0.001"
	case v >= 1000 && v < 1023.5:
		return sign + strconv.FormatFloat(v, 'f', 0, 64)
	}
	v = round3(v)
	decimals := max(0, 2-int(math.Floor(math.Log10(v))))
	return sign + strconv.FormatFloat(v, 'f', decimals, 64)
}

// round3 rounds to three significant digits.
func round3(v float64) float64 {
	r, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64)
	return r
}

// Times is a factor: "55.2×".
func Times(x float64) string { return digits(x) + "×" }

// head is a unit's column heading, lines parted by "\n".
func head(unit string) string {
	switch unit {
	case "ns/op":
		return "time\nper op"
	case results.Memory:
		return "user and\nkernel"
	case "user-B/task", "kernel-B/task", "reserved-B/task", "residue-B/task":
		name, _, _ := strings.Cut(unit, "-")
		return name
	case "kernel-switches/op":
		return "kernel\nswitches/op"
	case "syscalls/op":
		return "system\ncalls/op"
	case "crossed/op":
		return "crossed\nshare"
	case "threads/op":
		return "threads\nper op"
	}
	if name, ok := strings.CutSuffix(unit, "-ns"); ok {
		return name
	}
	return unit
}
