package paired

import "math"

// Looks are the numbers of rounds after which a row is looked at, and the share
// of its error that each look may spend. The first look comes as early as it can
// say anything; each later one after half as many rounds again, rounded up.
// There is no last one, so nobody has to know beforehand how long a run will be.
//
// Look k, counted from 0, spends 1/((k+1)(k+2)) of the error: 1/2, 1/6, 1/12, …
// The shares add up to 1. So a statement that is made at the first look at which
// its p-value is at most α·Share(k) is false with a probability of at most α,
// whatever the figures of different looks have to do with each other, and at
// whichever look the row is stopped. Divided by its look's share, the least
// p-value so far is a p-value at any time.
//
// Spending the error over looks is Lan and DeMets's (Discrete Sequential
// Boundaries for Clinical Trials, 1983). Their boundaries also use how strongly
// looks correlate; here the shares are added up, which is a union bound and holds
// for a rank test as it does for any other. It costs 10% more rounds at the later
// looks of a level of 1%, 7% at 0.25%, 4% at 0.03% (normal figures, a power of 0.8).
//
// Rejected: confidence sequences by betting (Waudby-Smith and Ramdas, Estimating
// Means of Bounded Random Variables by Betting, 2024; with a margin of
// equivalence in the R package seqbench). They may be looked at after each round. But
// they need bounds of the figures that are known beforehand, and they are of the mean, which one
// disturbed round moves.
type Looks struct{ first int }

// PlanLooks are the looks of a family of m statements, at least 1, at level
// alpha, above 0 and below 1. The first look is that of [LeastRounds] at alpha·Share(0).
// Its reserve of one round lets the two-sided control speak at the first look, too.
func PlanLooks(m int, alpha float64) (Looks, error) {
	if err := checkFamily(m, alpha); err != nil {
		return Looks{}, err
	}
	first, err := LeastRounds(m, alpha*Looks{}.Share(0))
	return Looks{first}, err
}

// Rounds is after how many rounds look k is, k from 0.
func (l Looks) Rounds(k int) int {
	n := l.first
	for range k {
		n += (n + 1) / 2
	}
	return n
}

// Share is the share of the error that look k may spend.
func (Looks) Share(k int) float64 { return 1 / (float64(k+1) * float64(k+2)) }

// Reached is the number of looks that n rounds have come to.
func (l Looks) Reached(n int) int {
	k := 0
	for l.first > 0 && l.Rounds(k) <= n {
		k++
	}
	return k
}

// Needed is the number of rounds, beyond have, of the first look that decides
// with a power of about 0.8. spread is the standard deviation of the
// differences, distance how far their shift is from the one that is tested, alpha the level
// of one statement over all looks. It is 0 where the look is beyond most rounds.
func (l Looks) Needed(have int, alpha, spread, distance float64, most int) int {
	for k := l.Reached(have); ; k++ {
		n := l.Rounds(k)
		if n > most || n == 0 {
			return 0
		}
		// The estimate's standard error is spread·√(π/3n): Hodges and Lehmann's
		// efficiency for normal figures is 3/π.
		z := quantile(alpha*l.Share(k)) + quantile(0.2)
		if float64(n)*distance*distance >= z*z*spread*spread*math.Pi/3 {
			return n
		}
	}
}

// quantile is the normal one with the probability p above it.
func quantile(p float64) float64 { return math.Sqrt2 * math.Erfcinv(2*p) }
