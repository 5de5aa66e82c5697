package runs

import (
	"fmt"

	"github.com/aclements/go-moremath/mathx"

	"threadbench/scripts/internal/prose"
)

// level is that of all bounds and intervals: 95%.
const level = 0.05

// A Count is how many of N independent runs had something. Its bounds are
// exact: Clopper and Pearson, The Use of Confidence or Fiducial Limits
// Illustrated in the Case of the Binomial, 1934, as quantiles of the beta
// distribution. They hold the true share with at least the confidence asked
// for, whatever the share is.
type Count struct{ K, N int }

// count is how many of the values had something.
func count[V any](all []V, had func(V) bool) Count {
	c := Count{N: len(all)}
	for _, v := range all {
		if had(v) {
			c.K++
		}
	}
	return c
}

// Lower is the one-sided lower bound at level alpha, from 0 to 1.
func (c Count) Lower(alpha float64) float64 {
	if c.K == 0 {
		return 0
	}
	low, high := 0.0, 1.0
	for range 60 {
		if middle := (low + high) / 2; mathx.BetaInc(middle, float64(c.K), float64(c.N-c.K+1)) < alpha {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

// Upper is the one-sided upper bound at level alpha.
func (c Count) Upper(alpha float64) float64 { return 1 - Count{c.N - c.K, c.N}.Lower(alpha) }

// String is "3 of 100".
func (c Count) String() string { return fmt.Sprintf("%d of %d", c.K, c.N) }

// within is the two-sided 95% interval, half of the level on each side.
func (c Count) within() string {
	return "[" + prose.Percent(c.Lower(level/2)) + ", " + prose.Percent(c.Upper(level/2)) + "]"
}
