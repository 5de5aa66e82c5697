// Package numbers has the arithmetic that what measures and what reads results
// share. It imports nothing of ours, so that either side may import it. go-moremath's quantiles interpolate, which
// would move a figure's last digits; its least squares need a module more.
package numbers

import "slices"

// Median is the median of xs, which it leaves as they are; of an even number
// the mean of the two in the middle. xs may not be empty.
func Median(xs []float64) float64 {
	s := slices.Sorted(slices.Values(xs))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// Line fits y = slope·x + at0 by least squares.
func Line(xs, ys []float64) (slope, at0 float64) {
	var mx, my float64
	for i := range xs {
		mx += xs[i] / float64(len(xs))
		my += ys[i] / float64(len(ys))
	}
	var sxy, sxx float64
	for i := range xs {
		sxy += (xs[i] - mx) * (ys[i] - my)
		sxx += (xs[i] - mx) * (xs[i] - mx)
	}
	slope = sxy / sxx
	return slope, my - slope*mx
}
