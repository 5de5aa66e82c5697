package paired

import (
	"fmt"
	"math"
	"sync"
)

// exactTrend is the number of figures up to which the distribution of Kendall's
// count is computed, once for each number.
const exactTrend = 60

var kendallTails sync.Map // n → []float64

// Trend is the two-sided p-value of "the figures don't rise or fall in their
// order". direction is the one they tend to: 1 up, -1 down, 0 neither. It is
// Mann and Kendall's test, which counts the pairs that rise and the pairs that
// fall (Mann, Nonparametric Tests against Trend, 1945). A pair that ties counts
// for neither, which is conservative as in a [Sample]. The least p-value of n
// figures is 2/n!. NaN is an error.
func Trend(values []float64) (p float64, direction int, err error) {
	up, down := 0, 0
	for i, v := range values {
		if math.IsNaN(v) {
			return 0, 0, fmt.Errorf("figure %d of %d is NaN; give numbers", i+1, len(values))
		}
		for _, before := range values[:i] {
			switch {
			case before < v:
				up++
			case before > v:
				down++
			}
		}
	}
	switch {
	case up > down:
		direction = 1
	case down > up:
		direction = -1
	}
	return min(1, 2*kendallTail(len(values))(max(up, down))), direction, nil
}

// kendallTail is the tail of the number of pairs that rise, of n figures in
// random order.
func kendallTail(n int) tail {
	if n > exactTrend {
		f := float64(n)
		return normal(f*(f-1)/4, math.Sqrt(f*(f-1)*(2*f+5)/72))
	}
	cached, ok := kendallTails.Load(n)
	if !ok {
		// The k-th figure rises from 0, 1, … or all of those before it, with
		// equal chances.
		p := []float64{1}
		for k := 2; k <= n; k++ {
			next := make([]float64, len(p)+k-1)
			for count, share := range p {
				for more := range k {
					next[count+more] += share / float64(k)
				}
			}
			p = next
		}
		cached, _ = kendallTails.LoadOrStore(n, sumUp(p))
	}
	sums := cached.([]float64)
	return func(count int) float64 { return sums[count] }
}
