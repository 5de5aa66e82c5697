package calibration

import (
	"fmt"

	"gonum.org/v1/gonum/stat/distuv"
)

// A Count is how many of N independent runs had something. Its bounds are
// exact: Clopper and Pearson, The Use of Confidence or Fiducial Limits
// Illustrated in the Case of the Binomial, 1934, by quantiles of the beta
// distribution. They hold the true share with at least the confidence asked for,
// whatever it is.
type Count struct {
	K int `json:"k"`
	N int `json:"n"`
}

// add counts one run more.
func (c *Count) add(had bool) {
	c.N++
	if had {
		c.K++
	}
}

// Share is K/N, NaN without runs.
func (c Count) Share() float64 { return float64(c.K) / float64(c.N) }

// Lower is the one-sided lower bound at level alpha, between 0 and 1.
func (c Count) Lower(alpha float64) float64 {
	if c.K == 0 {
		return 0
	}
	return distuv.Beta{Alpha: float64(c.K), Beta: float64(c.N - c.K + 1)}.Quantile(alpha)
}

// Upper is the one-sided upper bound at level alpha.
func (c Count) Upper(alpha float64) float64 {
	if c.K == c.N {
		return 1
	}
	return distuv.Beta{Alpha: float64(c.K + 1), Beta: float64(c.N - c.K)}.Quantile(1 - alpha)
}

// Interval is the two-sided one at level alpha, half of it on each side.
func (c Count) Interval(alpha float64) (low, high float64) {
	return c.Lower(alpha / 2), c.Upper(alpha / 2)
}

// String is "3 of 100".
func (c Count) String() string { return fmt.Sprintf("%d of %d", c.K, c.N) }
