package paired

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func planLooks(t *testing.T, m int, alpha float64) Looks {
	t.Helper()
	l, err := PlanLooks(m, alpha)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestLooks(t *testing.T) {
	l := planLooks(t, 4, 0.01)
	var rounds []int
	spent := 0.0
	for k := range 1000 {
		if k < 6 {
			rounds = append(rounds, l.Rounds(k))
		}
		spent += l.Share(k)
	}
	if want := []int{11, 17, 26, 39, 59, 89}; !slices.Equal(rounds, want) {
		t.Errorf("looks after %v rounds, want %v", rounds, want)
	}
	if !(spent < 1 && spent > 0.998) {
		t.Errorf("a thousand looks spend %v of the error", spent)
	}
	for n, want := range map[int]int{0: 0, 10: 0, 11: 1, 16: 1, 17: 2, 59: 5, 88: 5} {
		if got := l.Reached(n); got != want {
			t.Errorf("%d rounds have reached %d looks, want %d", n, got, want)
		}
	}
	if got := (Looks{}).Reached(100); got != 0 {
		t.Errorf("no plan has %d looks", got)
	}
	for _, bad := range []float64{0, 1, math.NaN()} {
		if _, err := PlanLooks(4, bad); err == nil {
			t.Errorf("level %v was taken", bad)
		}
	}
	if _, err := PlanLooks(0, 0.01); err == nil {
		t.Error("no statement was taken")
	}
}

// At the first look, rounds that are all on one side decide, one-sided and
// two-sided. The control's spare is one round.
func TestFirstLook(t *testing.T) {
	for _, m := range []int{1, 4, 30, 300} {
		l := planLooks(t, m, 0.01)
		level := 0.01 / float64(m) * l.Share(0)
		for _, tt := range []struct {
			rounds         int
			oneSided, both bool
		}{{l.Rounds(0), true, true}, {l.Rounds(0) - 1, true, false}, {l.Rounds(0) - 2, false, false}} {
			s := signedRank(t, slices.Repeat([]float64{1}, tt.rounds))
			if one, both := s.Greater(0) <= level, s.Differs(0) <= level; one != tt.oneSided || both != tt.both {
				t.Errorf("%d rows, %d rounds: one-sided %v, two-sided %v", m, tt.rounds, one, both)
			}
		}
	}
}

// watched is the least p over its share at any of a row's looks.
func watched(t *testing.T, l Looks, d []float64, p func(*Sample) float64) float64 {
	t.Helper()
	least := 1.0
	for k := range l.Reached(len(d)) {
		least = min(least, p(signedRank(t, d[:l.Rounds(k)]))/l.Share(k))
	}
	return least
}

// Rows exactly at the margin, where errors are most frequent, are watched at
// all looks up to 60 rounds. In at most the level's share of runs Holm calls
// any row a regression, and in at most that share any row passes.
func TestSimulatedLooks(t *testing.T) {
	const alpha, rows, margin = 0.05, 4, 0.03
	runs := 2000
	if testing.Short() {
		runs = 200
	}
	l := planLooks(t, rows, alpha)
	for _, kind := range []string{"normal", "cauchy", "lattice"} {
		rng := rand.New(rand.NewPCG(21, 22))
		alarms, passes := 0, 0
		for range runs {
			greater, less := make([]float64, rows), 1.0
			for i := range rows {
				d := draw(rng, kind, 60)
				for k := range d {
					d[k] = margin + 0.01*d[k]
				}
				greater[i] = watched(t, l, d, func(s *Sample) float64 { return s.Greater(margin) })
				less = min(less, watched(t, l, d, func(s *Sample) float64 { return s.Less(margin) }))
			}
			if slices.Min(Holm(greater)) < alpha {
				alarms++
			}
			if less < alpha/rows {
				passes++
			}
		}
		most := int(alpha*float64(runs) + binomial(runs, alpha))
		t.Logf("%s: of %d runs %d call a regression, %d pass a row; at most %d may", kind, runs, alarms, passes, most)
		if alarms > most || passes > most {
			t.Errorf("%s: of %d runs %d call a regression, %d pass a row; at most %d may", kind, runs, alarms, passes, most)
		}
		if kind == "normal" && !testing.Short() && (alarms < runs/100 || passes < runs/100) {
			t.Errorf("of %d runs only %d call a regression and %d pass a row: the level isn't used", runs, alarms, passes)
		}
	}
}

// How many rounds decide a row of a family of four, margin 3%.
func TestRoundsToDecide(t *testing.T) {
	const alpha, rows, runs = 0.01, 4, 100
	margin := math.Log1p(0.03)
	l := planLooks(t, rows, alpha)
	for _, tt := range []struct {
		factor, spread float64
		median, most   int // rounds; most for nine runs of ten
	}{
		{1.10, 0.01, 11, 11},
		{1.10, 0.03, 11, 11},
		{1.05, 0.01, 11, 26},
		{1, 0.01, 11, 11},
		{1, 0.02, 11, 17},
		{1, 0.03, 17, 39},
	} {
		rng := rand.New(rand.NewPCG(23, 24))
		var took []int
		for range runs {
			decided := math.MaxInt
			var d []float64
			for k := 0; l.Rounds(k) <= 140; k++ {
				for len(d) < l.Rounds(k) {
					d = append(d, math.Log(tt.factor)+tt.spread*rng.NormFloat64())
				}
				s := signedRank(t, d)
				if level := alpha / rows * l.Share(k); s.Greater(margin) < level || s.Less(margin) < level {
					decided = len(d)
					break
				}
			}
			took = append(took, decided)
		}
		slices.Sort(took)
		if median, most := took[runs/2], took[runs*9/10]; median != tt.median || most > tt.most {
			t.Errorf("factor %v, spread %v: half of the runs take %d rounds, nine of ten %d; want %d and at most %d", tt.factor, tt.spread, median, most, tt.median, tt.most)
		}
	}
}

// Needed is about the number of rounds that a decision takes.
func TestNeeded(t *testing.T) {
	l := planLooks(t, 4, 0.01)
	for _, tt := range []struct {
		have             int
		spread, distance float64
		want             int
	}{
		{0, 0.01, 0.03, 11},
		{0, 0.03, 0.03, 26},
		{39, 0.03, 0.03, 59}, // once more, if that was not enough
		{0, 0.10, 0.03, 302},
		{0, 0.01, 0, 0},
		{0, 0.01, 0.0001, 0},
		{0, math.Inf(1), 0.03, 0},
	} {
		if got := l.Needed(tt.have, 0.0025, tt.spread, tt.distance, 1000); got != tt.want {
			t.Errorf("with %d rounds, spread %v, distance %v: %d rounds, want %d", tt.have, tt.spread, tt.distance, got, tt.want)
		}
	}
}
