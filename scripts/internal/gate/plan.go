package gate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"threadbench/bench/lockstep"
	"threadbench/scripts/internal/prose"
)

// A plan says all that happens in the rounds before the first one begins. It
// follows from the arguments of newPlan.
type plan struct {
	layouts []layout  // of each round; zeros where layouts aren't drawn
	items   [][]int   // the order of the items, by round
	arms    [][][]int // the order of the arms, by round and item
}

// layouts draws a layout for each round, each seed once; where the linkers can't,
// all are zeros. apart gives head a seed of its own, as if it were other code.
func layouts(r *rand.Rand, rounds int, random, apart bool) []layout {
	all := make([]layout, rounds)
	if !random {
		return all
	}
	taken := map[uint64]bool{0: true} // with 0 the linker keeps its own order
	draw := func() (seed uint64) {
		for taken[seed] {
			seed = 1 + r.Uint64N(1<<31-1)
		}
		taken[seed] = true
		return seed
	}
	for i := range all {
		l := &all[i]
		l[baseArm] = draw()
		l[headArm] = l[baseArm]
		if apart {
			l[headArm] = draw()
		}
		l[controlArm] = draw()
	}
	return all
}

// newPlan draws a plan.
func newPlan(seed uint64, rounds, items int, random, apart bool) plan {
	p := plan{layouts: layouts(rand.New(rand.NewPCG(seed, 1)), rounds, random, apart)}
	r := rand.New(rand.NewPCG(seed, 2))
	p.items = sequence(r, items, rounds)
	p.arms = make([][][]int, rounds)
	for range items {
		for k, order := range sequence(r, arms, rounds) {
			p.arms[k] = append(p.arms[k], order)
		}
	}
	return p
}

// sequence is an order of k things for each round: Williams designs one after
// the other, the orders of each shuffled.
func sequence(r *rand.Rand, k, rounds int) [][]int {
	var all [][]int
	for len(all) < rounds {
		orders := lockstep.Orders(k)
		r.Shuffle(len(orders), func(i, j int) { orders[i], orders[j] = orders[j], orders[i] })
		all = append(all, orders...)
	}
	return slices.Clip(all[:rounds])
}

// roundsWithin is how many rounds fit a budget.
func roundsWithin(budget, round time.Duration) int { return int(budget / max(round, time.Millisecond)) }

// enough is an error if so many rounds can give no verdict.
func enough(o options, rounds, least, rows int, round time.Duration) error {
	if rounds >= least {
		return nil
	}
	if o.rounds > 0 {
		return fmt.Errorf("-rounds %d is too few: %s %d at least for a verdict at %v%%; give more, or fewer rows by -bench", rounds, need(rows), least, 100*alpha)
	}
	needed := (time.Duration(least) * round).Round(time.Second) + time.Second
	return fmt.Errorf("-budget %v is %s of %v, too few: %s %d at least for a verdict at %v%%; give -budget %v, or fewer rows by -bench", o.budget, prose.Count(rounds, "round"), round.Round(10*time.Millisecond), need(rows), least, 100*alpha, needed)
}

func need(rows int) string {
	if rows == 1 {
		return "1 row needs"
	}
	return fmt.Sprintf("%d rows need", rows)
}
