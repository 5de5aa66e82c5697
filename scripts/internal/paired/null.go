package paired

import (
	"math"
	"sync"

	"github.com/aclements/go-moremath/stats"
)

// A tail is the probability, under the null hypothesis without ties, of at
// least that many comparisons beyond the shift. It never rises with the count.
type tail func(count int) float64

const (
	// exactPairs is the number of pairs up to which the signed-rank
	// distribution is computed, once for each number.
	exactPairs = 400
	// exactProduct is the product of the two sides' sizes up to which the
	// rank-sum distribution is computed, anew for each count.
	exactProduct = 2500
)

var (
	signedRankTails sync.Map // n → []float64
	rankSumTails    sync.Map // n1, n2, count → float64
)

// signedRankTail is the tail of Wilcoxon's T for n pairs. It is exact up to
// exactPairs, then normal with the continuity correction. That is conservative
// in the tails, since T's tails are thinner (its excess kurtosis is about
// −3.6/n).
func signedRankTail(n int) tail {
	if n > exactPairs {
		f := float64(n)
		return normal(f*(f+1)/4, math.Sqrt(f*(f+1)*(2*f+1)/24))
	}
	cached, ok := signedRankTails.Load(n)
	if !ok {
		cached, _ = signedRankTails.LoadOrStore(n, signedRankSums(n))
	}
	sums := cached.([]float64)
	return func(count int) float64 { return sums[count] }
}

// signedRankSums are P(T ≥ t) for each t. T adds up each of 1 … n with
// probability ½.
func signedRankSums(n int) []float64 {
	p := make([]float64, n*(n+1)/2+1)
	p[0] = 1
	for rank, most := 1, 0; rank <= n; rank++ {
		most += rank
		for t := most; t >= 0; t-- {
			p[t] /= 2
			if t >= rank {
				p[t] += p[t-rank] / 2
			}
		}
	}
	return sumUp(p)
}

// sumUp turns probabilities into tails, adding from the small end.
func sumUp(p []float64) []float64 {
	for t := len(p) - 2; t >= 0; t-- {
		p[t] = min(1, p[t]+p[t+1])
	}
	return p
}

// rankSumTail is the tail of Mann and Whitney's U for two sides. It is exact up
// to exactProduct (go-moremath has the recurrence), then normal with the
// continuity correction.
func rankSumTail(n1, n2 int) tail {
	a, b := float64(n1), float64(n2)
	if n1*n2 > exactProduct {
		return normal(a*b/2, math.Sqrt(a*b*(a+b+1)/12))
	}
	return func(count int) float64 {
		key := [3]int{n1, n2, count}
		p, ok := rankSumTails.Load(key)
		if !ok {
			// By symmetry this is the lower tail, in which nothing cancels.
			p, _ = rankSumTails.LoadOrStore(key, stats.UDist{N1: n1, N2: n2}.CDF(float64(n1*n2-count)))
		}
		return p.(float64)
	}
}

func normal(mean, sd float64) tail {
	return func(count int) float64 {
		return math.Erfc((float64(count)-0.5-mean)/(sd*math.Sqrt2)) / 2
	}
}
