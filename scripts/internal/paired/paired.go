// Package paired says by how much two sets of figures differ, and how sure that
// is. It has the signed-rank procedures for paired figures, the rank-sum
// procedures for unpaired ones, and corrections for several such statements
// together.
//
// Its stance: test, estimate and interval are one thing. A [Sample] is a
// multiset of comparisons: the Walsh averages (d[i]+d[j])/2, i ≤ j, of paired
// differences, or all differences between a figure of one set and a figure of
// the other. The test of a shift m counts the comparisons that lie beyond m. A
// bound is the shift at which that test turns. The estimate is the median of
// the comparisons. So a one-sided test at level α rejects m exactly if the
// bound at level α leaves m out. That holds in floating point, too, since both
// call the same function.
//
// Ties. A comparison that equals m counts for neither side, and the count is
// compared with the null distribution without ties. With continuous figures
// this is the classical procedure. With figures that tie, or are zero after the
// shift, it is conservative, whatever the pattern. Proof: break the ties by a
// vanishing symmetric jitter. The jittered count has the null distribution
// exactly, and no jitter takes away a comparison that was beyond m.
//
// Ties cost power only where comparisons equal m itself. Figures that are alike
// on one side of m cost none. Figures on a grid that contains m cost much: of
// 75 differences from −3 to 3 in whole numbers, a test at 5% rejects the truth
// in about 0.5%. Rejected: mid-ranks with the distribution conditional on the
// ties and zeros (Pratt 1959). They keep that power. But the critical count
// then depends on the ties at each m, and a bound is no longer one of the
// comparisons.
//
// Sources: Wilcoxon, Individual Comparisons by Ranking Methods, 1945. Mann and
// Whitney, On a Test of Whether one of Two Random Variables is Stochastically
// Larger than the Other, 1947. Hodges and Lehmann, Estimates of Location Based
// on Rank Tests, 1963. Pratt, Remarks on Zeros and Ties in the Wilcoxon Signed
// Rank Procedures, 1959. Hollander and Wolfe, Nonparametric Statistical
// Methods, 2nd edition 1999, 3.1 to 3.3 and 4.1 to 4.3, where the interval by
// Walsh averages is Tukey's and the one by differences is Moses's. Holm, A
// Simple Sequentially Rejective Multiple Test Procedure, 1979.
//
// Assumed: the figures are independent of each other. Under the null hypothesis
// paired differences are symmetric about the shift, and unpaired figures have
// one distribution, apart from the shift.
//
// It imports nothing of ours.
package paired

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sort"
)

// A Sample is the comparisons of two sets of figures, for the shift between
// them. It doesn't change.
type Sample struct {
	above, below func(m float64) int // how many comparisons lie beyond m
	comparisons  int
	tail         tail
	sizes        []int
	bare         *Sample // before any Allowing; nil if this one is
}

// Allowing is the sample that also allows for an uncorrected systematic effect
// of at most most, at least 0, with an unknown sign. A shift is then shown to
// be greater than m only if the comparisons show it to be greater than m +
// most. So both bounds, and the tests with them, move out by most; the estimate
// stays.
func (s *Sample) Allowing(most float64) *Sample {
	allowing := *s
	allowing.above = func(m float64) int { return s.above(m + most) }
	allowing.below = func(m float64) int { return s.below(m - most) }
	allowing.bare = cmp.Or(s.bare, s)
	return &allowing
}

// SignedRank is the sample of paired differences, at least one. A difference
// may be infinite, which only says that it is beyond all others. NaN is an
// error.
func SignedRank(differences []float64) (*Sample, error) {
	up, err := sorted("difference", differences)
	if err != nil {
		return nil, err
	}
	n := len(up)
	down := mirrored(up)
	return &Sample{
		above:       func(m float64) int { return walshAbove(up, m) },
		below:       func(m float64) int { return walshAbove(down, -m) },
		comparisons: n * (n + 1) / 2,
		tail:        signedRankTail(n),
		sizes:       []int{n},
	}, nil
}

// RankSum is the sample of unpaired figures, at least one a side. The shift is
// from base to head. Figures may be infinite. NaN is an error.
func RankSum(base, head []float64) (*Sample, error) {
	from, err := sorted("figure of the first side", base)
	if err != nil {
		return nil, err
	}
	to, err := sorted("figure of the second side", head)
	if err != nil {
		return nil, err
	}
	return &Sample{
		above:       func(m float64) int { return differencesAbove(from, to, m) },
		below:       func(m float64) int { return differencesAbove(to, from, -m) },
		comparisons: len(from) * len(to),
		tail:        rankSumTail(len(from), len(to)),
		sizes:       []int{len(from), len(to)},
	}, nil
}

// sorted is a sorted copy. most limits the time and keeps the counts from
// overflowing.
func sorted(what string, values []float64) ([]float64, error) {
	const most = 1_000_000
	switch i := slices.IndexFunc(values, math.IsNaN); {
	case i >= 0:
		return nil, fmt.Errorf("%s %d of %d is NaN; give numbers", what, i+1, len(values))
	case len(values) == 0:
		return nil, fmt.Errorf("no %s; give at least one", what)
	case len(values) > most:
		return nil, fmt.Errorf("%d times a %s, at most %d can be ranked; give fewer", len(values), what, most)
	}
	values = slices.Clone(values)
	slices.Sort(values)
	return values, nil
}

func mirrored(ascending []float64) []float64 {
	m := make([]float64, len(ascending))
	for i, v := range ascending {
		m[len(m)-1-i] = -v
	}
	return m
}

// walshAbove counts the Walsh averages above m of ascending values. The average
// of −∞ and +∞ is above nothing.
func walshAbove(x []float64, m float64) int {
	count, from := 0, len(x) // x[from:] have an average with x[i] above m
	for i := range x {
		for from > 0 && x[i]/2+x[from-1]/2 > m { // halves first: no overflow
			from--
		}
		count += len(x) - max(from, i)
	}
	return count
}

// differencesAbove counts the differences to − from above m, both ascending.
func differencesAbove(from, to []float64, m float64) int {
	count, j := 0, 0 // to[j:] is more than m above from[i]
	for _, f := range from {
		for j < len(to) && !(to[j]-f > m) {
			j++
		}
		count += len(to) - j
	}
	return count
}

// Sizes are the numbers of figures: one number for pairs, two for unpaired
// sides.
func (s *Sample) Sizes() []int { return slices.Clone(s.sizes) }

// Greater is the one-sided p-value of "the shift is at most m". It is small if
// the shift is greater.
func (s *Sample) Greater(m float64) float64 { return s.tail(s.above(m)) }

// Less is the one-sided p-value of "the shift is at least m". It is small if
// the shift is less.
func (s *Sample) Less(m float64) float64 { return s.tail(s.below(m)) }

// Differs is the two-sided p-value of "the shift is m": twice the smaller
// one-sided p-value, at most 1.
func (s *Sample) Differs(m float64) float64 {
	return min(1, 2*min(s.Greater(m), s.Less(m)))
}

// LeastP is the smallest one-sided p-value that a sample of this size can have.
func (s *Sample) LeastP() float64 { return s.tail(s.comparisons) }

// Estimate is the shift by Hodges and Lehmann: the median of the comparisons.
// It is infinite if half of them are, NaN if half are in each direction.
func (s *Sample) Estimate() float64 {
	s = cmp.Or(s.bare, s)
	k := (s.comparisons + 1) / 2
	return largest(s.above, k)/2 - largest(s.mirrorBelow, k)/2
}

// mirrorBelow is above of the sample with all signs changed.
func (s *Sample) mirrorBelow(m float64) int { return s.below(-m) }

// Lower is the one-sided lower bound at level alpha: the shifts m below it are
// those for which Greater(m) < alpha. Confidence is its coverage, at least
// 1−alpha. If the sample is too small the bound is −∞, with confidence 1.
func (s *Sample) Lower(alpha float64) (bound, confidence float64) {
	k, ok := s.critical(alpha)
	if !ok {
		return math.Inf(-1), 1
	}
	return largest(s.above, k), 1 - s.tail(k)
}

// Upper is the one-sided upper bound: the shifts m above it are those for which
// Less(m) < alpha. If the sample is too small it is +∞.
func (s *Sample) Upper(alpha float64) (bound, confidence float64) {
	k, ok := s.critical(alpha)
	if !ok {
		return math.Inf(1), 1
	}
	return -largest(s.mirrorBelow, k), 1 - s.tail(k)
}

// An Interval contains the shift with that confidence.
type Interval struct{ Low, High, Confidence float64 }

// Interval is the two-sided interval at level alpha, half of it on each side.
// It leaves out the shifts m for which Differs(m) < alpha.
func (s *Sample) Interval(alpha float64) Interval {
	low, confidence := s.Lower(alpha / 2)
	high, _ := s.Upper(alpha / 2)
	return Interval{low, high, max(0, 2*confidence-1)}
}

// Detectable is the shift that samples of this size and spread would show to be
// greater than m, at level alpha, with about the given power (above 0, below
// 1):
//
//	m + (estimate − lower bound at alpha) + (estimate − lower bound at 1−power)
//
// The test turns when the lower bound passes m: the estimate is then the first
// distance above m. The second distance is how far the estimate falls short of
// the truth in a share 1−power of samples. No distribution is assumed: if the
// sample were moved as a whole, the distances would stay. In simulation with
// power 0.8 and alpha 0.0025 the true power was
//
//	differences   normal  heavy-tailed
//	40            0.79    0.72
//	15            0.74    0.63
//
// Detectable is +∞ if the sample is too small.
func (s *Sample) Detectable(m, alpha, power float64) float64 {
	estimate := s.Estimate()
	shown, _ := s.Lower(alpha)
	short, _ := s.Lower(1 - power)
	return m + (estimate - shown) + max(0, estimate-short)
}

// critical is the least count whose tail is below alpha; ok is false if there
// is none.
func (s *Sample) critical(alpha float64) (count int, ok bool) {
	count = sort.Search(s.comparisons+1, func(k int) bool { return s.tail(k) < alpha })
	return count, count <= s.comparisons
}

// largest is the k-th largest of the values that above counts, k from 1: the
// least m with fewer than k values above it. It bisects the floating-point
// numbers themselves, so it is exact and takes 64 counts.
func largest(above func(float64) int, k int) float64 {
	low, high := order(math.Inf(-1)), order(math.Inf(1))
	for low < high {
		mid := low + int64(uint64(high-low)/2)
		if above(value(mid)) < k {
			high = mid
		} else {
			low = mid + 1
		}
	}
	return value(low)
}

// order numbers the floating-point values, without NaN, in their order. value
// is its inverse.
func order(v float64) int64 {
	b := int64(math.Float64bits(v))
	if b < 0 {
		b = math.MinInt64 - b
	}
	return b
}

func value(order int64) float64 {
	if order < 0 {
		order = math.MinInt64 - order
	}
	return math.Float64frombits(uint64(order))
}
