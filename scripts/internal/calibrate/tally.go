package calibrate

import (
	"fmt"

	"github.com/aclements/go-moremath/mathx"
)

// level is the level of all bounds: 95% confidence.
const level = 0.05

// A tally is how many of n independent runs had something. Its bounds are
// exact: Clopper and Pearson, The Use of Confidence or Fiducial Limits
// Illustrated in the Case of the Binomial, 1934, as quantiles of the beta
// distribution. They hold the true share with at least the confidence asked
// for, whatever the share is.
type tally struct{ k, n int }

// count is how many of the values had something.
func count[V any](all []V, had func(V) bool) tally {
	c := tally{n: len(all)}
	for _, v := range all {
		if had(v) {
			c.k++
		}
	}
	return c
}

// lower is the one-sided lower bound at level alpha, from 0 to 1.
func (c tally) lower(alpha float64) float64 {
	if c.k == 0 {
		return 0
	}
	low, high := 0.0, 1.0
	for range 60 {
		if middle := (low + high) / 2; mathx.BetaInc(middle, float64(c.k), float64(c.n-c.k+1)) < alpha {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// upper is the one-sided upper bound at level alpha.
func (c tally) upper(alpha float64) float64 { return 1 - tally{c.n - c.k, c.n}.lower(alpha) }

// String is "3 of 100".
func (c tally) String() string { return fmt.Sprintf("%d of %d", c.k, c.n) }
