package paired

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Holm adjusts the p-values of several statements. Rejecting those below α then
// keeps the probability of any false rejection below α, whatever their
// dependence. The k-th smallest of m becomes the greatest of (m−i+1)·p[i], i ≤
// k, at most 1. NaN counts as 1.
func Holm(p []float64) []float64 {
	order := make([]int, len(p))
	value := make([]float64, len(p))
	for i := range p {
		order[i], value[i] = i, p[i]
		if math.IsNaN(p[i]) {
			value[i] = 1
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(value[a], value[b]) })
	adjusted := make([]float64, len(p))
	running := 0.0
	for k, i := range order {
		running = max(running, float64(len(p)-k)*value[i])
		adjusted[i] = min(1, running)
	}
	return adjusted
}

// LeastRounds is the least number of pairs with which a family of m statements,
// at least 1, can show anything at level alpha, above 0 and below 1: 1 +
// ⌈log2(m/alpha)⌉.
//
// With n pairs all on one side, the two-sided signed-rank p-value is 2/2ⁿ, the
// least possible. Of m statements, the first to be rejected needs a p-value of
// at most alpha/m. With fewer pairs every answer is "not shown", whatever was
// measured. One-sided p-values need one pair less; this spare pair lets a
// two-sided control of the same size show something, too.
func LeastRounds(m int, alpha float64) (int, error) {
	if err := checkFamily(m, alpha); err != nil {
		return 0, err
	}
	n := 1
	for math.Ldexp(float64(m), 1-n) > alpha { // 2^(1−n)·m, exact
		n++
	}
	return n, nil
}

// LeastEach is LeastRounds for unpaired figures, with as many on each side: the
// least n with 2/C(2n, n) at most alpha/m.
func LeastEach(m int, alpha float64) (int, error) {
	if err := checkFamily(m, alpha); err != nil {
		return 0, err
	}
	n, least := 1, 0.5 // 1/C(2n, n)
	for 2*least*float64(m) > alpha {
		n++
		least *= float64(n) / float64(2*(2*n-1))
	}
	return n, nil
}

func checkFamily(m int, alpha float64) error {
	if m < 1 || !(alpha > 0 && alpha < 1) {
		return fmt.Errorf("%d statements at level %v: give at least 1, and a level between 0 and 1", m, alpha)
	}
	return nil
}
