package chart

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	moremath "github.com/aclements/go-moremath/scale"
)

// A scale places an axis's values on a stretch of the picture.
type scale struct {
	axis     Axis
	min, max float64
	from, to float64 // pixels
}

// A ruler is the common part of go-moremath's linear and logarithmic scales.
type ruler interface {
	moremath.Quantitative
	Ticks(moremath.TickOptions) (major, minor []float64)
}

// ruler is the axis's scale between min and max.
func (s scale) ruler() ruler {
	if s.axis.Log {
		return &moremath.Log{Min: s.min, Max: s.max, Base: max(2, s.axis.Base), Clamp: true}
	}
	return &moremath.Linear{Min: s.min, Max: s.max, Base: s.axis.Base, Clamp: true}
}

// newScale is the axis's scale for values, from one pixel to another. Values
// without a place on the axis (0 or less on a logarithmic one, infinite) don't
// count.
func newScale(axis Axis, values []float64, from, to float64) scale {
	if axis.Log && axis.Base == 0 {
		axis.Base = 10
	}
	s := scale{axis: axis, from: from, to: to}
	values = slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return !s.holds(v) })
	switch {
	case axis.Min < axis.Max:
		s.min, s.max = axis.Min, axis.Max
	case len(values) == 0 && axis.Log:
		s.min, s.max = 1, 10
	case len(values) == 0:
		s.min, s.max = 0, 1
	case axis.Log:
		s.min, s.max = outwards(slices.Min(values), slices.Max(values))
	default:
		s.min, s.max = slices.Min(values), slices.Max(values)
		if axis.Zero {
			s.min, s.max = min(0, s.min), max(0, s.max)
		}
		margin := (s.max - s.min) / 20
		if margin == 0 {
			margin = max(1, math.Abs(s.max)) / 20
		}
		if s.max != 0 {
			s.max += margin
		}
		if s.min != 0 {
			s.min -= margin
		}
		if s.min == s.max {
			s.max = 1
		}
	}
	return s
}

// holds tells whether a value has a place on the axis.
func (s scale) holds(v float64) bool {
	return !math.IsNaN(v) && !math.IsInf(v, 0) && (!s.axis.Log || v > 0)
}

// at is a value's pixel. A value beyond the range is at the range's end.
func (s scale) at(v float64) float64 { return s.from + s.ruler().Map(v)*(s.to-s.from) }

// outwards widens a range to 1, 2 or 5 times a power of ten, and to at least
// half a decade.
func outwards(low, high float64) (float64, float64) {
	low, high = round125(low/1.05, -1), round125(high*1.05, 1)
	for high/low < 3 {
		low, high = round125(low/1.05, -1), round125(high*1.05, 1)
	}
	return low, high
}

// round125 is the next 1, 2 or 5 times a power of ten below v (direction -1) or
// above it (1). v is above 0.
func round125(v float64, direction int) float64 {
	exponent := math.Floor(math.Log10(v))
	steps := []float64{1, 2, 5, 10}
	for i := range steps {
		if direction < 0 {
			i = len(steps) - 1 - i
		}
		step := steps[i] * math.Pow(10, exponent)
		if direction < 0 && step <= v || direction > 0 && step >= v {
			return step
		}
	}
	return v
}

// ticks are the axis's ticks. At most most of them have a label; the others'
// labels are empty.
func (s scale) ticks(most int) []Tick {
	if s.axis.Ticks != nil {
		return s.axis.Ticks
	}
	major, minor := s.ruler().Ticks(moremath.TickOptions{Max: max(2, most)})
	var ticks []Tick
	for _, v := range minor {
		if slices.Contains(major, v) || v < s.min || v > s.max {
			continue
		}
		t := Tick{At: v}
		if s.axis.Log && len(major) < 2 { // about a decade or less
			if m := math.Round(v / math.Pow(10, math.Floor(math.Log10(v)+1e-9))); m == 2 || m == 5 {
				t.Label = s.label(v)
			}
		}
		ticks = append(ticks, t)
	}
	for _, v := range major {
		ticks = append(ticks, Tick{v, s.label(v)})
	}
	slices.SortFunc(ticks, func(a, b Tick) int { return cmp.Compare(a.At, b.At) })
	return ticks
}

// readable are a horizontal axis's ticks: as many as have room for their labels
// before the end of the picture.
func (s scale) readable(end float64) []Tick {
	var ticks []Tick
	for most := 12; most >= 2; most-- {
		ticks = s.ticks(most)
		free, clear := 0.0, true
		for _, t := range ticks {
			half := textWidth(t.Label) / 2
			if t.Label == "" {
				continue
			}
			clear = clear && s.at(t.At)-half >= free-12
			free = s.at(t.At) + half + 16
		}
		if clear {
			break
		}
	}
	ticks = slices.Clone(ticks)
	for i, t := range ticks {
		if s.at(t.At)+textWidth(t.Label)/2 > end+4 {
			ticks[i].Label = ""
		}
	}
	return ticks
}

func (s scale) label(v float64) string {
	if s.axis.Format != nil {
		return s.axis.Format(v)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}
