package paired

import "math"

// Looks are the numbers of rounds at which a row is looked at, and the share of
// its error that each look may spend. The first look is at the first round that
// can show anything; each later look is after half as many rounds again,
// rounded up. There is no last look, so nobody has to know beforehand how long
// a run will be.
//
// Look k, counted from 0, spends 1/((k+1)(k+2)) of the error: 1/2, 1/6, 1/12, …
// The shares add up to 1. So a statement made at the first look whose p-value
// is at most α·Share(k) is false with a probability of at most α. That holds
// however the figures of different looks depend on each other, and at whichever
// look the row stops. The least p-value so far, each divided by its look's
// share, is a p-value at any time.
//
// Spending the error over looks is Lan and DeMets's (Discrete Sequential
// Boundaries for Clinical Trials, 1983). Their boundaries also use the
// correlation between looks. Here the shares are added up: a union bound, which
// holds for a rank test as for any other. It costs more rounds at the later
// looks (normal figures, a power of 0.8):
//
//	level       1%   0.25%  0.03%
//	more rounds 10%  7%     4%
//
// Rejected: confidence sequences by betting (Waudby-Smith and Ramdas,
// Estimating Means of Bounded Random Variables by Betting, 2024; with a margin
// of equivalence in the R package seqbench). They allow a look after each
// round. But they need bounds of the figures that are known beforehand. And
// they are about the mean, which one disturbed round moves.
type Looks struct{ first int }

// PlanLooks are the looks of a family of m statements, at least 1, at level
// alpha, above 0 and below 1. The first look has the rounds of [LeastRounds] at
// alpha·Share(0). Its spare round lets the two-sided control show something at
// the first look, too.
func PlanLooks(m int, alpha float64) (Looks, error) {
	if err := checkFamily(m, alpha); err != nil {
		return Looks{}, err
	}
	first, err := LeastRounds(m, alpha*Looks{}.Share(0))
	return Looks{first}, err
}

// Rounds is the number of rounds at look k, counted from 0.
func (l Looks) Rounds(k int) int {
	n := l.first
	for range k {
		n += (n + 1) / 2
	}
	return n
}

// Share is the share of the error that look k may spend.
func (Looks) Share(k int) float64 { return 1 / (float64(k+1) * float64(k+2)) }

// Reached is the number of looks that n rounds have reached.
func (l Looks) Reached(n int) int {
	k := 0
	for l.first > 0 && l.Rounds(k) <= n {
		k++
	}
	return k
}

// Needed is the number of rounds, greater than have, of the first look that
// decides with a power of about 0.8; 0 if that look has more than most rounds.
// spread is the standard deviation of the differences, distance how far their
// shift is from the tested one. alpha is the level of one statement over all
// looks.
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

// quantile is the normal quantile with the probability p above it.
func quantile(p float64) float64 { return math.Sqrt2 * math.Erfcinv(2*p) }
