package prose

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A scale turns a unit's values into values for a reader.
type scale struct {
	unit   string // "µs"; "" for a bare number
	factor float64
	counts bool // whole numbers of things, told in full: 9978 threads are not 9980
}

var (
	times   = []scale{{"ns", 1, false}, {"µs", 1e3, false}, {"ms", 1e6, false}, {"s", 1e9, false}}
	sizes   = []scale{{"B", 1, false}, {"KiB", 1 << 10, false}, {"MiB", 1 << 20, false}, {"GiB", 1 << 30, false}, {"TiB", 1 << 40, false}}
	numbers = []scale{{"", 1, false}}
	things  = []scale{{"", 1, true}}
)

// scaleFor is the scale for v, a value in the file's unit, that is easiest to
// read.
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

// number is v on the scale, to three significant digits, without the unit.
func (s scale) number(v float64) string {
	if s.counts && v >= 1000 && v < 1<<50 && v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return Digits(v / s.factor)
}

// Figure is v, a value in the file's unit, for a reader: "9.12 µs".
func Figure(unit string, v float64) string {
	s := scaleFor(unit, v)
	return strings.TrimSpace(s.number(v) + " " + s.unit)
}

// Interval is the two ends of an interval around center, a value in the file's
// unit, on center's scale: "[9.01, 9.30]".
func Interval(unit string, center, low, high float64) string {
	s := scaleFor(unit, center)
	return fmt.Sprintf("[%s, %s]", s.number(low), s.number(high))
}

// TimesInterval is the two ends of a factor's interval: "[0.9996, 1.01]". It
// has enough digits to show whether the interval contains 1.
func TimesInterval(low, high float64) string {
	end := func(x float64) string {
		if x != 1 && round3(x) == 1 {
			for digits := 3; digits < 6; digits++ {
				if f := strconv.FormatFloat(x, 'f', digits, 64); strings.Trim(f, "0") != "1." {
					return f
				}
			}
		}
		return Digits(x)
	}
	return fmt.Sprintf("[%s, %s]", end(low), end(high))
}

// Digits is v to three significant digits, without an exponent, and with a
// minus sign instead of a hyphen. From 1,000 to 1,023 it has four digits, since
// 1,023 B are less than a KiB. A value nearer to 0 than a thousandth is
// "<0.001" or the like, and infinity is "unbounded".
func Digits(v float64) string {
	sign := ""
	if v < 0 {
		sign, v = "−", -v
	}
	switch {
	case v == 0:
		return "0"
	case math.IsInf(v, 0):
		return "unbounded"
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
func Times(x float64) string {
	if math.IsInf(x, 0) {
		return Digits(x)
	}
	return Digits(x) + "×"
}
