package summary

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"threadbench/scripts/internal/paired"
)

// laws are the distributions by which the rounds' logarithms may scatter, in units
// of their own.
var laws = []struct {
	name string
	draw func(r *rand.Rand) float64
}{
	{"normal", (*rand.Rand).NormFloat64},
	{"t3", func(r *rand.Rand) float64 {
		a, b, c := r.NormFloat64(), r.NormFloat64(), r.NormFloat64()
		return r.NormFloat64() / math.Sqrt((a*a+b*b+c*c)/3)
	}},
	{"lognormal", func(r *rand.Rand) float64 { return math.Exp(0.5 * r.NormFloat64()) }},
	{"spikes", func(r *rand.Rand) float64 { // one round in ten is disturbed
		if x := r.NormFloat64(); r.IntN(10) > 0 {
			return x
		}
		return 5 * r.NormFloat64()
	}},
}

// symmetric is the scaled difference of two draws of a law. A paired factor is such
// a difference.
func symmetric(r *rand.Rand, draw func(*rand.Rand) float64) float64 {
	return (draw(r) - draw(r)) / math.Sqrt2
}

// TestAllowance simulates files with a systematic effect between workers. The
// effect's sign in the A/A says nothing about its sign in the pair. The interval with
// the allowance covers the true factor as often as it says, at the level of a figure
// and at the level of a ledger. Three other intervals cover too rarely: no allowance,
// the hull of the two intervals, and the A/A's estimate in place of the end of its
// interval. Both half widths added in quadrature cover at the level of a figure, and
// are an eighth narrower. But where the A/A scatters more than the factor, a ledger
// would then err about twice as often as it says.
func TestAllowance(t *testing.T) {
	runs := 400
	if testing.Short() {
		runs = 100
	}
	const ledger, inLedger = 0.05 / 17, 5 // the level, and the first of the ways at that level
	type way struct {
		name        string
		least, wide float64 // the least coverage of any setting; the width over the width without allowance
		where       string
	}
	ways := []way{{"none", 1, 0, ""}, {"hull", 1, 0, ""}, {"estimate", 1, 0, ""}, {"quadrature", 1, 0, ""}, {"far end", 1, 0, ""}, {"quadrature, in a ledger", 1, 0, ""}, {"far end, in a ledger", 1, 0, ""}}
	settings := 0.0
	for _, law := range laws {
		for _, n := range []int{8, 12, 20} {
			for _, scatter := range []float64{0.5, 1.5} { // the A/A's scatter over the factor's
				for _, bias := range []float64{0, 0.4, 1, 4} { // in units of the factor's scatter
					settings++
					r := rand.New(rand.NewPCG(15, uint64(n)))
					covered, width := make([]int, len(ways)), make([]float64, len(ways))
					for range runs {
						either := func() float64 { return bias * float64(2*r.IntN(2)-1) }
						ofAA, ofPair := either(), either()
						var factor, self []float64
						for range n {
							factor = append(factor, ofPair+symmetric(r, law.draw))
							self = append(self, ofAA+scatter*symmetric(r, law.draw))
						}
						sample, _ := paired.SignedRank(factor)
						twin, _ := paired.SignedRank(self)
						within, estimate := sample.Interval(1-Confidence), sample.Estimate()
						aa := AA{Summary: Summary{Factor: true}.estimate(twin).Summary}
						most, half := aa.Allowance(), (within.High-within.Low)/2
						center := math.Abs(twin.Estimate())
						over := math.Hypot(half, (math.Log(aa.High)-math.Log(aa.Low))/2) - half
						deep, deeper := sample.Allowing(center+over).Interval(ledger), sample.Allowing(most).Interval(ledger)
						for i, ends := range [][2]float64{
							{within.Low, within.High},
							{min(within.Low, estimate-most), max(within.High, estimate+most)},
							{within.Low - center, within.High + center},
							{within.Low - center - over, within.High + center + over},
							{within.Low - most, within.High + most},
							{deep.Low, deep.High},
							{deeper.Low, deeper.High},
						} {
							if ends[0] <= 0 && 0 <= ends[1] {
								covered[i]++
							}
							if i < inLedger {
								width[i] += (ends[1] - ends[0]) / (2 * half) / float64(runs)
							}
						}
					}
					for i := range ways {
						w := &ways[i]
						w.wide += width[i]
						if share := float64(covered[i]) / float64(runs); share < w.least {
							w.least, w.where = share, fmt.Sprintf("%s, %d rounds, A/A %v times the scatter, bias %v", law.name, n, scatter, bias)
						}
					}
				}
			}
		}
	}
	for i, w := range ways {
		t.Logf("%-22s covers at least %.3f (%s), %.2f times as wide", w.name, w.least, w.where, w.wide/settings)
		nominal := Confidence
		if i >= inLedger {
			nominal = 1 - ledger
		}
		slack := 4 * math.Sqrt(nominal*(1-nominal)/float64(runs))
		enough := w.least >= nominal-slack
		if want := strings.HasPrefix(w.name, "far end"); enough != want && !strings.HasPrefix(w.name, "quadrature") {
			t.Errorf("%s covers at least %.3f, where %.4f is said", w.name, w.least, nominal)
		}
	}
}

// TestStates: one state is taken for two in at most 2% of cases, and two states that
// lie apart are found.
func TestStates(t *testing.T) {
	runs := 4000
	if testing.Short() {
		runs = 500
	}
	for _, n := range []int{6, 8, 10, 12, 16, 20, 30} {
		for _, law := range laws {
			r := rand.New(rand.NewPCG(16, uint64(n)))
			said := 0
			for range runs {
				var values []float64
				for range n {
					values = append(values, law.draw(r))
				}
				if split(values) > 0 {
					said++
				}
			}
			t.Logf("%2d rounds, %-9s: %.4f", n, law.name, float64(said)/float64(runs))
			if share := float64(said) / float64(runs); share > 0.02+3*math.Sqrt(0.02/float64(runs)) {
				t.Errorf("%d rounds of one state, %s: two are said in %.3f", n, law.name, share)
			}
		}
		for _, apart := range []float64{6, 8, 12} {
			r := rand.New(rand.NewPCG(17, uint64(n)))
			found := 0
			for range runs {
				var values []float64
				for k := range n {
					values = append(values, r.NormFloat64()+apart*float64(k%2))
				}
				if split(values) > 0 {
					found++
				}
			}
			t.Logf("%2d rounds, two states %v standard deviations apart: found in %.3f", n, apart, float64(found)/float64(runs))
		}
	}
}
