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
// follows from the seed, the number of rounds, the number of items and the
// drawing.
type plan struct {
	seed    uint64
	layouts []layout  // of each round; zeros where layouts aren't drawn
	items   [][]int   // the order of the items, by round
	arms    [][][]int // the order of the arms, by round and item
}

// A drawing is how the layouts of a plan are drawn.
type drawing struct {
	none  bool     // they aren't: the linkers can't
	apart bool     // head has a seed of its own, as if it were other code
	pool  []uint64 // the seeds to draw from, at least arms of them, each as often as it comes; nil: all, each once
}

// layouts draws a layout for each round.
func (d drawing) layouts(r *rand.Rand, rounds int) []layout {
	all := make([]layout, rounds)
	if d.none {
		return all
	}
	taken := map[uint64]bool{}
	draw := func() uint64 {
		for {
			s := 1 + r.Uint64N(1<<31-1) // a seed of 0 would leave the linker's own order
			if d.pool != nil {
				s = d.pool[r.IntN(len(d.pool))]
			}
			if !taken[s] {
				taken[s] = true
				return s
			}
		}
	}
	for i := range all {
		if d.pool != nil {
			clear(taken) // within a round only
		}
		l := &all[i]
		l[baseArm] = draw()
		l[headArm] = l[baseArm]
		if d.apart {
			l[headArm] = draw()
		}
		l[controlArm] = draw()
	}
	return all
}

// newPlan draws a plan.
func newPlan(seed uint64, rounds, items int, d drawing) plan {
	p := plan{seed: seed, layouts: d.layouts(rand.New(rand.NewPCG(seed, 1)), rounds)}
	r := rand.New(rand.NewPCG(seed, 2))
	p.items = sequence(r, items, rounds)
	byItem := make([][][]int, items)
	for i := range byItem {
		byItem[i] = sequence(r, arms, rounds)
	}
	for k := range rounds {
		var orders [][]int
		for i := range items {
			orders = append(orders, byItem[i][k])
		}
		p.arms = append(p.arms, orders)
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
