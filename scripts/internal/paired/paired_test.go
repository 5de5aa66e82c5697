package paired

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func signedRank(t testing.TB, d []float64) *Sample {
	t.Helper()
	s, err := SignedRank(d)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rankSum(t testing.TB, a, b []float64) *Sample {
	t.Helper()
	s, err := RankSum(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Hollander and Wolfe 1999, table 3.1: the Hamilton depression scale factor IV
// of nine patients before and after a tranquilizer. Their examples 3.1, 3.3 and
// 3.4 give p 0.020 one-sided (R's wilcox.test: V = 40, p = 0.01953), the
// estimate −0.46 and the 96.1% interval (−0.786, −0.010).
func TestDepression(t *testing.T) {
	before := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	after := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	var d []float64
	for i := range before {
		d = append(d, after[i]-before[i])
	}
	s := signedRank(t, d)
	near(t, "p, one-sided", s.Less(0), 10./512, 1e-15)
	near(t, "p, two-sided", s.Differs(0), 20./512, 1e-15)
	near(t, "p, other side", s.Greater(0), 0.9863, 5e-5)
	near(t, "estimate", s.Estimate(), -0.46, 1e-12)
	i := s.Interval(0.04)
	near(t, "low", i.Low, -0.786, 1e-12)
	near(t, "high", i.High, -0.010, 1e-12)
	near(t, "confidence", i.Confidence, 0.961, 5e-4)
}

// Iowa State University's Stat 403, www.public.iastate.edu/~wrstephe/stat403:
// ten membranes against a permeability of 1.10. The estimate is the 28th of 55
// Walsh averages, 1.385, and the 9th and the 47th are a 95.2% interval,
// 1.13 to 1.67; the p-value is 2·0.019.
func TestMembrane(t *testing.T) {
	s := signedRank(t, []float64{0.90, 1.13, 1.89, 1.14, 1.45, 1.38, 1.91, 1.64, 0.83, 1.46})
	near(t, "p", s.Differs(1.10), 0.038, 2e-3)
	near(t, "estimate", s.Estimate(), 1.385, 1e-12)
	i := s.Interval(0.05)
	near(t, "low", i.Low, 1.13, 0.01)
	near(t, "high", i.High, 1.67, 0.01)
	near(t, "confidence", i.Confidence, 0.952, 1e-3)
}

// Hollander and Wolfe 1999, table 4.1: tritiated water diffusion across the
// human chorioamnion, at term and at 12 to 26 weeks. R's coin prints for it
// p 0.2544 two-sided (0.1272 one-sided in the book), the 95% interval
// (−0.76, 0.15) and the estimate −0.305.
func TestWaterTransfer(t *testing.T) {
	term := []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	weeks := []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	s := rankSum(t, term, weeks)
	near(t, "p", s.Differs(0), 0.2544, 5e-5)
	near(t, "p, one-sided", s.Less(0), 0.1272, 5e-5)
	near(t, "estimate", s.Estimate(), -0.305, 1e-12)
	i := s.Interval(0.05)
	near(t, "low", i.Low, -0.76, 1e-12)
	near(t, "high", i.High, 0.15, 1e-12)
}

// Wilcoxon's T, the left tail as tabulated (Wilcoxon and Wilcox 1964): the
// greatest T with P(T ≤ t) ≤ α.
func TestSignedRankTable(t *testing.T) {
	for _, tt := range []struct {
		n, t  int
		alpha float64
	}{{10, 10, 0.05}, {10, 8, 0.025}, {10, 3, 0.005}, {20, 60, 0.05}, {20, 52, 0.025}, {20, 37, 0.005}, {25, 100, 0.05}, {25, 68, 0.005}} {
		sums, most := signedRankSums(tt.n), tt.n*(tt.n+1)/2
		if at, above := sums[most-tt.t], sums[most-tt.t-1]; at > tt.alpha || above <= tt.alpha {
			t.Errorf("n %d: P(T ≤ %d) = %v, P(T ≤ %d) = %v; they should enclose %v", tt.n, tt.t, at, tt.t+1, above, tt.alpha)
		}
	}
}

// signs is the signed-rank p-value by its definition: over all sign patterns of
// the untied ranks, against a count of Walsh averages.
func signs(d []float64, m float64) float64 {
	n, above, extreme := len(d), 0, 0
	for i := range d {
		for j := i; j < n; j++ {
			if d[i]/2+d[j]/2 > m {
				above++
			}
		}
	}
	for pattern := range 1 << n {
		sum := 0
		for rank := 1; rank <= n; rank++ {
			sum += rank * (pattern >> (rank - 1) & 1)
		}
		if sum >= above {
			extreme++
		}
	}
	return float64(extreme) / float64(int(1)<<n)
}

// subsets is the rank-sum p-value by its definition: over all choices of ranks.
func subsets(a, b []float64, m float64) float64 {
	above, extreme, all := 0, 0, 0
	for _, x := range a {
		for _, y := range b {
			if y-x > m {
				above++
			}
		}
	}
	n := len(a) + len(b)
	for pattern := range 1 << n {
		u, ones, zeros := 0, 0, 0
		for i := range n {
			if pattern>>i&1 == 1 {
				ones++
				u += zeros
			} else {
				zeros++
			}
		}
		if ones == len(b) {
			all++
			if u >= above {
				extreme++
			}
		}
	}
	return float64(extreme) / float64(all)
}

// draw is a sample of one of several kinds, centred on 0.
func draw(rng *rand.Rand, kind string, n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		switch kind {
		case "normal":
			x[i] = rng.NormFloat64()
		case "cauchy": // heavy tails
			x[i] = math.Tan(math.Pi * (rng.Float64() - 0.5))
		case "symmetrised": // the difference of two skewed ones
			x[i] = math.Exp(rng.NormFloat64()) - math.Exp(rng.NormFloat64())
		case "lattice": // ties and zeros
			x[i] = float64(rng.IntN(7) - 3)
		case "signs": // little but ties
			x[i] = float64(rng.IntN(3) - 1)
		case "wild":
			x[i] = []float64{0, math.Copysign(0, -1), 1, -1, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1)}[rng.IntN(9)]
		}
	}
	return x
}

var kinds = []string{"normal", "cauchy", "symmetrised", "lattice", "signs", "wild"}

func TestAgainstEnumeration(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for round := range 300 {
		kind := kinds[round%len(kinds)]
		d, m := draw(rng, kind, 1+rng.IntN(9)), draw(rng, kind, 1)[0]
		s := signedRank(t, d)
		near(t, kind, s.Greater(m), signs(d, m), 1e-12)
		near(t, kind, s.Less(m), signs(mirrored(d), -m), 1e-12)
		if kind == "wild" {
			continue // ∞ − ∞: one of the two computes it, the other doesn't
		}
		a, b := draw(rng, kind, 1+rng.IntN(5)), draw(rng, kind, 1+rng.IntN(6))
		u := rankSum(t, a, b)
		near(t, kind, u.Greater(m), subsets(a, b, m), 1e-12)
		near(t, kind, u.Less(m), subsets(b, a, -m), 1e-12)
	}
}

// The estimate and the bounds are what sorting all Walsh averages gives.
func TestWalshAverages(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for round := range 100 {
		d := draw(rng, kinds[round%5], 1+rng.IntN(30))
		var w []float64
		for i := range d {
			for j := i; j < len(d); j++ {
				w = append(w, d[i]/2+d[j]/2)
			}
		}
		slices.Sort(w)
		s := signedRank(t, d)
		if got, want := s.Estimate(), w[(len(w)-1)/2]/2+w[len(w)/2]/2; got != want {
			t.Fatalf("estimate of %v: %v, want %v", d, got, want)
		}
		for k := 1; k <= len(w); k++ {
			if got := largest(s.above, k); got != w[len(w)-k] {
				t.Fatalf("Walsh average %d of %v: %v, want %v", k, d, got, w[len(w)-k])
			}
		}
	}
}

// A one-sided test rejects a shift exactly when the one-sided bound leaves it
// out, also at the comparisons themselves and beside them.
func TestDuality(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	checked := 0
	for round := range 400 {
		kind := kinds[round%len(kinds)]
		d := draw(rng, kind, 1+rng.IntN(25))
		s := signedRank(t, d)
		if round%2 == 1 {
			s = rankSum(t, d, draw(rng, kind, 1+rng.IntN(12)))
		}
		if round%3 == 0 {
			s = s.Allowing(rng.Float64()).Allowing(rng.Float64())
		}
		alpha := []float64{0.5, 0.25, 0.1, 0.05, 1. / 64, 0.01, 0.0025}[rng.IntN(7)]
		low, _ := s.Lower(alpha)
		high, _ := s.Upper(alpha)
		two := s.Interval(alpha)
		shifts := append(draw(rng, kind, 10), low, high, two.Low, two.High, s.Estimate())
		for _, m := range slices.Clone(shifts) {
			shifts = append(shifts, math.Nextafter(m, math.Inf(1)), math.Nextafter(m, math.Inf(-1)))
		}
		for _, m := range shifts {
			if math.IsNaN(m) {
				continue
			}
			checked++
			if p := s.Greater(m); (p < alpha) != (m < low) {
				t.Fatalf("%s %v, shift %v: p %v at level %v, lower bound %v", kind, d, m, p, alpha, low)
			}
			if p := s.Less(m); (p < alpha) != (m > high) {
				t.Fatalf("%s %v, shift %v: p %v at level %v, upper bound %v", kind, d, m, p, alpha, high)
			}
			if p := s.Differs(m); (p < alpha) != (m < two.Low || m > two.High) {
				t.Fatalf("%s %v, shift %v: two-sided p %v at level %v, interval %v", kind, d, m, p, alpha, two)
			}
		}
	}
	if checked < 10_000 {
		t.Errorf("only %d shifts were looked at", checked)
	}
}

func TestSymmetry(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	for round := range 60 {
		d := draw(rng, kinds[round%len(kinds)], 1+rng.IntN(20))
		s, m := signedRank(t, d), signedRank(t, mirrored(d))
		if a, b := s.Estimate(), -m.Estimate(); a != b && !(math.IsNaN(a) && math.IsNaN(b)) {
			t.Errorf("estimates %v and %v of %v", a, b, d)
		}
		low, _ := s.Lower(0.05)
		high, _ := m.Upper(0.05)
		if low != -high || s.Greater(1) != m.Less(-1) {
			t.Errorf("bounds %v and %v of %v", low, -high, d)
		}
	}
}

// An allowance moves both bounds out, and keeps the estimate.
func TestAllowing(t *testing.T) {
	bare := signedRank(t, []float64{1, 2, 3, 4, 5, 6, 7, 8})
	s := bare.Allowing(0.25).Allowing(0.25)
	was, is := bare.Interval(0.1), s.Interval(0.1)
	near(t, "lower end", is.Low, was.Low-0.5, 1e-12)
	near(t, "upper end", is.High, was.High+0.5, 1e-12)
	if is.Confidence != was.Confidence || s.Estimate() != bare.Estimate() || s.LeastP() != bare.LeastP() {
		t.Errorf("%v and %v, with an allowance %v and %v", was, bare.Estimate(), is, s.Estimate())
	}
	if s.Greater(1) != bare.Greater(1.5) || s.Less(6) != bare.Less(5.5) {
		t.Errorf("p-values %v and %v, at the moved bounds %v and %v", s.Greater(1), s.Less(6), bare.Greater(1.5), bare.Less(5.5))
	}
}

// Trend agrees with counting over all orders of the figures. Where figures tie
// it is at most that.
func TestTrend(t *testing.T) {
	rng := rand.New(rand.NewPCG(18, 19))
	for round := range 60 {
		kind := []string{"normal", "signs"}[round%2]
		values := draw(rng, kind, 1+rng.IntN(6))
		rises := func(v []float64) (count int) {
			for i := range v {
				for _, before := range v[:i] {
					if before < v[i] {
						count++
					}
				}
			}
			return count
		}
		ranks := make([]float64, len(values)) // any figures without ties
		for i := range ranks {
			ranks[i] = float64(i)
		}
		most := max(rises(values), rises(negated(values)))
		as, all := 0, 0
		orders(ranks, func(v []float64) {
			all++
			if rises(v) >= most {
				as++
			}
		})
		p, direction, err := Trend(values)
		if want := min(1, 2*float64(as)/float64(all)); err != nil || math.Abs(p-want) > 1e-12 {
			t.Errorf("%v: p %v, %v; all orders say %v", values, p, err, want)
		}
		if up, down := rises(values), rises(negated(values)); direction != cmp.Compare(up, down) {
			t.Errorf("%v: direction %d of %d that rise and %d that fall", values, direction, up, down)
		}
	}
	if p, direction, _ := Trend([]float64{1, 2, 3, 4, 5, 6, 7}); math.Abs(p-2./5040) > 1e-15 || direction != 1 {
		t.Errorf("7 that rise: %v, %d", p, direction)
	}
	if _, _, err := Trend([]float64{1, math.NaN()}); err == nil {
		t.Error("NaN was taken")
	}
	// Where the normal distribution takes over the two agree.
	f := float64(exactTrend)
	approx, exact := normal(f*(f-1)/4, math.Sqrt(f*(f-1)*(2*f+5)/72)), kendallTail(exactTrend)
	for _, k := range []int{1000, 1100, 1200} { // down to 2e-5, where it is on the safe side
		if r := approx(k) / exact(k); r < 0.98 || r > 1.5 {
			t.Errorf("%d pairs that rise: the approximation is %v times the exact tail, %v", k, r, exact(k))
		}
	}
}

func negated(values []float64) []float64 {
	n := slices.Clone(values)
	for i := range n {
		n[i] = -n[i]
	}
	return n
}

// orders calls f with each order of the values.
func orders(values []float64, f func([]float64)) {
	var place func(k int)
	place = func(k int) {
		if k == len(values) {
			f(values)
			return
		}
		for i := k; i < len(values); i++ {
			values[k], values[i] = values[i], values[k]
			place(k + 1)
			values[k], values[i] = values[i], values[k]
		}
	}
	place(0)
}

// binomial is the greatest expected deviation of a count of n trials from n·p:
// 4.5 standard deviations and one.
func binomial(n int, p float64) float64 { return 4.5*math.Sqrt(float64(n)*p*(1-p)) + 1 }

// The size of the test is that of the distribution, and the interval covers the
// true shift as often as it claims: exactly for continuous figures, at least so
// often with ties.
func TestSimulatedCoverage(t *testing.T) {
	const truth = 0.25
	runs := 2000
	if testing.Short() {
		runs = 300
	}
	for _, kind := range kinds[:5] {
		for _, sizes := range [][2]int{{15, 0}, {75, 0}, {12, 15}} {
			rng := rand.New(rand.NewPCG(9, uint64(sizes[0])))
			var covered, rejected, bounded int
			var confidence, size float64
			for range runs {
				d := draw(rng, kind, sizes[0])
				for i := range d {
					d[i] += truth
				}
				s := signedRank(t, d)
				if sizes[1] > 0 {
					s = rankSum(t, draw(rng, kind, sizes[1]), d)
				}
				i := s.Interval(0.05)
				confidence = i.Confidence
				if i.Low <= truth && truth <= i.High {
					covered++
				}
				if s.Greater(truth) < 0.05 {
					rejected++
				}
				low, c := s.Lower(0.05)
				size = 1 - c
				if low <= truth {
					bounded++
				}
			}
			within := binomial(runs, 1-confidence)
			off := float64(covered) - confidence*float64(runs)
			t.Logf("%-11s n %v: interval said %.4f, covered %.4f; test said %.4f, rejected %.4f", kind, sizes, confidence, float64(covered)/float64(runs), size, float64(rejected)/float64(runs))
			if off < -within || off > within && kind != "lattice" && kind != "signs" {
				t.Errorf("%s, n %v: covered %d of %d, want %.0f ± %.0f", kind, sizes, covered, runs, confidence*float64(runs), within)
			}
			within, off = binomial(runs, size), float64(rejected)-size*float64(runs)
			if off > within || off < -within && kind != "lattice" && kind != "signs" {
				t.Errorf("%s, n %v: rejected %d of %d, want %.0f ± %.0f", kind, sizes, rejected, runs, size*float64(runs), within)
			}
			if rejected+bounded != runs {
				t.Errorf("%s, n %v: %d rejected, %d below the bound, of %d", kind, sizes, rejected, bounded, runs)
			}
		}
	}
}

// A detectable shift is detected about as often as promised, and less often for
// few pairs with heavy tails.
func TestSimulatedPower(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds under the race detector")
	}
	const runs, margin, alpha = 2000, 0.1, 0.0025
	for _, kind := range []string{"normal", "symmetrised"} {
		for _, n := range []int{15, 40} {
			rng := rand.New(rand.NewPCG(11, uint64(n)))
			var shifts []float64
			for range runs {
				shifts = append(shifts, signedRank(t, draw(rng, kind, n)).Detectable(margin, alpha, 0.8))
			}
			slices.Sort(shifts)
			typical, detected := shifts[runs/2], 0
			for range runs {
				d := draw(rng, kind, n)
				for i := range d {
					d[i] += typical
				}
				if signedRank(t, d).Greater(margin) < alpha {
					detected++
				}
			}
			power := float64(detected) / runs
			t.Logf("%-11s n %d: %.3f, detected %.3f", kind, n, typical, power)
			if power < 0.6 || power > 0.9 {
				t.Errorf("%s, n %d: a shift of %v is detected in %v, want about 0.8", kind, n, typical, power)
			}
		}
	}
}

// At the sizes where the normal approximation takes over the two agree, and
// the approximation is on the safe side in the tail.
func TestNormal(t *testing.T) {
	if testing.Short() {
		t.Skip("some seconds under the race detector")
	}
	n := exactPairs
	f := float64(n)
	approx := normal(f*(f+1)/4, math.Sqrt(f*(f+1)*(2*f+1)/24))
	exact := signedRankTail(n)
	for _, p := range []float64{0.1, 0.01, 1e-3, 1e-4} {
		k := 0
		for exact(k) > p {
			k++
		}
		if r := approx(k) / exact(k); r < 0.995 || r > 1.08 {
			t.Errorf("signed rank at %v: the approximation is %v times the exact tail", p, r)
		}
	}
	approx, exact = normal(1250, math.Sqrt(50*50*101/12.)), rankSumTail(50, 50)
	for _, k := range []int{1437, 1588, 1699, 1790} { // 0.1 to 1e-4
		if r := approx(k) / exact(k); r < 0.97 || r > 1.35 {
			t.Errorf("rank sum at %v: the approximation is %v times the exact tail", exact(k), r)
		}
	}
	big := make([]float64, 3000)
	for i := range big {
		big[i] = float64(i%100) - 40
	}
	s := signedRank(t, big)
	if i := s.Interval(0.01); !(i.Low < 9.5 && 9.5 < i.High) || s.Greater(5) > 1e-9 || s.Less(5) < 0.5 {
		t.Errorf("3000 pairs: %v, p %v and %v", i, s.Greater(5), s.Less(5))
	}
}

func TestTooSmall(t *testing.T) {
	s := signedRank(t, []float64{1, 2, 3})
	if low, c := s.Lower(0.125); !math.IsInf(low, -1) || c != 1 {
		t.Errorf("lower bound %v, %v: P = 1/8 isn't below 1/8", low, c)
	}
	if low, c := s.Lower(0.126); low != 1 || c != 0.875 {
		t.Errorf("lower bound %v, %v", low, c)
	}
	if i := s.Interval(0.2); !math.IsInf(i.Low, -1) || !math.IsInf(i.High, 1) || i.Confidence != 1 {
		t.Errorf("interval %v", i)
	}
	if d := s.Detectable(0, 0.01, 0.8); !math.IsInf(d, 1) {
		t.Errorf("detectable %v", d)
	}
	if p := s.LeastP(); p != 0.125 {
		t.Errorf("least p %v", p)
	}
	if p := rankSum(t, []float64{1, 2}, []float64{3, 4}).LeastP(); math.Abs(p-1./6) > 1e-15 {
		t.Errorf("least p %v", p)
	}
}

func TestBadSamples(t *testing.T) {
	if _, err := SignedRank(nil); err == nil || err.Error() != "no difference; give at least one" {
		t.Error(err)
	}
	if _, err := SignedRank([]float64{1, math.NaN()}); err == nil || err.Error() != "difference 2 of 2 is NaN; give numbers" {
		t.Error(err)
	}
	if _, err := SignedRank(make([]float64, 1_000_001)); err == nil {
		t.Error("a million and one differences were taken")
	}
	if _, err := RankSum([]float64{1}, []float64{math.NaN()}); err == nil {
		t.Error("NaN was taken")
	}
	if _, err := RankSum(nil, []float64{1}); err == nil {
		t.Error("nothing was taken")
	}
}

// A sample does not change when the caller's slice changes.
func TestSampleIsCopied(t *testing.T) {
	d := []float64{3, 1, 2}
	s := signedRank(t, d)
	d[0] = -100
	if s.Estimate() != 2 || d[1] != 1 || !slices.Equal(s.Sizes(), []int{3}) {
		t.Errorf("estimate %v, differences %v, sizes %v", s.Estimate(), d, s.Sizes())
	}
}

// Holm 1979 as Wright, Adjusted P-Values for Simultaneous Inference,
// Biometrics 48 (1992) 1005, computes it, and by hand.
func TestHolm(t *testing.T) {
	for _, tt := range []struct{ p, want []float64 }{
		{nil, []float64{}},
		{[]float64{0.3}, []float64{0.3}},
		{[]float64{0.01, 0.04, 0.03, 0.005}, []float64{0.03, 0.06, 0.06, 0.02}},
		{[]float64{0.5, 0.5, 0.5}, []float64{1, 1, 1}},
		{[]float64{0.02, math.NaN()}, []float64{0.04, 1}},
	} {
		got := Holm(tt.p)
		if len(got) != len(tt.want) {
			t.Fatalf("%v for %v", got, tt.p)
		}
		for i := range got {
			near(t, "adjusted", got[i], tt.want[i], 1e-12)
		}
	}
}

// The adjusted p-values reject the same statements as the step-by-step
// procedure.
func TestHolmSteps(t *testing.T) {
	rng := rand.New(rand.NewPCG(13, 14))
	for range 500 {
		p := make([]float64, 1+rng.IntN(8))
		for i := range p {
			p[i] = math.Pow(rng.Float64(), 4)
		}
		rejected, alpha := map[int]bool{}, 0.05
		for step := range p {
			least := -1
			for i := range p {
				if !rejected[i] && (least < 0 || p[i] < p[least]) {
					least = i
				}
			}
			if float64(len(p)-step)*p[least] >= alpha {
				break
			}
			rejected[least] = true
		}
		for i, a := range Holm(p) {
			if (a < alpha) != rejected[i] {
				t.Fatalf("%v of %v: adjusted %v, rejected %v", i, p, a, rejected[i])
			}
		}
	}
}

func TestLeastRounds(t *testing.T) {
	for _, tt := range []struct {
		m     int
		alpha float64
		want  int
	}{{1, 0.05, 6}, {1, 0.01, 8}, {4, 0.01, 10}, {5, 0.01, 10}, {6, 0.01, 11}, {25, 0.05, 10}, {26, 0.05, 11}, {1, 0.5, 2}, {4, 0.25, 5}} {
		n, err := LeastRounds(tt.m, tt.alpha)
		if formula := 1 + int(math.Ceil(math.Log2(float64(tt.m)/tt.alpha))); err != nil || n != tt.want || n != formula {
			t.Errorf("%d statements at %v: %d rounds, %v; want %d (the formula says %d)", tt.m, tt.alpha, n, err, tt.want, formula)
		}
		// With one round fewer no verdict is possible; with this many it is.
		for _, rounds := range []int{n - 1, n} {
			s := signedRank(t, slices.Repeat([]float64{1}, rounds))
			if speaks := s.Differs(0) <= tt.alpha/float64(tt.m); speaks != (rounds == n) {
				t.Errorf("%d statements at %v: %d rounds give p %v", tt.m, tt.alpha, rounds, s.Differs(0))
			}
		}
	}
	for _, tt := range []struct {
		m     int
		alpha float64
		want  int
	}{{1, 0.05, 4}, {1, 0.01, 5}, {4, 0.01, 6}, {300, 0.01, 10}} {
		n, err := LeastEach(tt.m, tt.alpha)
		if err != nil || n != tt.want {
			t.Errorf("%d unpaired statements at %v: %d, %v; want %d", tt.m, tt.alpha, n, err, tt.want)
		}
		for _, each := range []int{n - 1, n} {
			s := rankSum(t, make([]float64, each), slices.Repeat([]float64{1}, each))
			if speaks := s.Differs(0) <= tt.alpha/float64(tt.m); speaks != (each == n) {
				t.Errorf("%d unpaired statements at %v: %d a side give p %v", tt.m, tt.alpha, each, s.Differs(0))
			}
		}
	}
	if _, err := LeastEach(1, -1); err == nil {
		t.Error("level -1 was taken")
	}
	for _, alpha := range []float64{0, 1, -1, math.NaN(), math.Inf(1)} {
		if _, err := LeastRounds(1, alpha); err == nil {
			t.Errorf("level %v was taken", alpha)
		}
	}
	if _, err := LeastRounds(0, 0.01); err == nil {
		t.Error("no statement was taken")
	}
}

func FuzzSample(f *testing.F) {
	f.Add(1.0, 2.0, 3.0, 0.5, 0.05)
	f.Add(math.NaN(), math.Inf(1), math.Inf(-1), 0.0, 0.5)
	f.Add(math.MaxFloat64, -math.MaxFloat64, 5e-324, math.Copysign(0, -1), 1.0)
	f.Add(0.0, 0.0, 0.0, math.NaN(), math.NaN())
	f.Fuzz(func(t *testing.T, a, b, c, m, alpha float64) {
		values := []float64{a, b, c, a, -b}
		paired, err := SignedRank(values)
		unpaired, err2 := RankSum(values[:2], values[2:])
		if nan := math.IsNaN(a) || math.IsNaN(b) || math.IsNaN(c); nan != (err != nil) || nan != (err2 != nil) {
			t.Fatalf("errors %v and %v", err, err2)
		} else if nan {
			return
		}
		for _, s := range []*Sample{paired, unpaired} {
			for _, p := range []float64{s.Greater(m), s.Less(m), s.Differs(m), s.LeastP()} {
				if !(p >= 0 && p <= 1) {
					t.Fatalf("p %v", p)
				}
			}
			i := s.Interval(alpha)
			low, c1 := s.Lower(alpha)
			high, c2 := s.Upper(alpha)
			for _, v := range []float64{i.Low, i.High, i.Confidence, low, high, c1, c2} {
				if math.IsNaN(v) {
					t.Fatalf("interval %v, bounds %v %v", i, low, high)
				}
			}
			if !math.IsNaN(m) && ((s.Greater(m) < alpha) != (m < low) || (s.Less(m) < alpha) != (m > high)) && alpha <= 1 {
				t.Fatalf("at %v and level %v: bounds %v, %v, p %v, %v", m, alpha, low, high, s.Greater(m), s.Less(m))
			}
			s.Estimate()
			s.Detectable(m, alpha, 0.8)
		}
		for _, p := range Holm(values) {
			if !(p <= 1) {
				t.Fatalf("adjusted %v", p)
			}
		}
	})
}
