package gate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"text/tabwriter"
	"time"

	"threadbench/bench/lockstep"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/prose"
)

// A plan draws what happens in each round: the layouts, the order of the items
// and the orders of the arms. All of it follows from the arguments of newPlan,
// however many rounds there are.
type plan struct {
	seeds  *rand.Rand
	random bool // layouts are drawn; else all are zeros
	apart  bool // head gets a seed of its own, as if it were other code
	taken  map[uint64]bool
	drawn  []layout
	items  *sequence
	arms   []*sequence // by item
}

func newPlan(seed uint64, items int, random, apart bool) *plan {
	p := &plan{
		seeds: rand.New(rand.NewPCG(seed, 1)), random: random, apart: apart,
		taken: map[uint64]bool{0: true}, // with 0 the linker keeps its own order
	}
	r := rand.New(rand.NewPCG(seed, 2))
	p.items = &sequence{r: r, k: items}
	for range items {
		p.arms = append(p.arms, &sequence{r: r, k: arms})
	}
	return p
}

// orders draws the next round's: the order of the items, and for each that of
// its arms.
func (p *plan) orders() (items []int, orders [][]int) {
	for _, s := range p.arms {
		orders = append(orders, s.draw())
	}
	return p.items.draw(), orders
}

// layout is the layout of round k, from 0. Base has it in round k, and the
// control in the round before.
func (p *plan) layout(k int) layout {
	for len(p.drawn) <= k {
		one := p.seed()
		l := layout{one, one}
		if p.apart {
			l[headArm] = p.seed()
		}
		p.drawn = append(p.drawn, l)
	}
	return p.drawn[k]
}

// seed draws a seed of a layout that no round has had.
func (p *plan) seed() (seed uint64) {
	if !p.random {
		return 0
	}
	for p.taken[seed] {
		seed = 1 + p.seeds.Uint64N(1<<31-1)
	}
	p.taken[seed] = true
	return seed
}

// A sequence is one order of k things after the other: Williams designs, in
// which each stands in each place and after each other one equally often, the
// orders of each shuffled.
type sequence struct {
	r    *rand.Rand
	k    int
	left [][]int
}

func (s *sequence) draw() []int {
	if len(s.left) == 0 {
		s.left = lockstep.Orders(s.k)
		s.r.Shuffle(len(s.left), func(i, j int) { s.left[i], s.left[j] = s.left[j], s.left[i] })
	}
	order := s.left[0]
	s.left = s.left[1:]
	return order
}

// shares are the lengths of a measurement that fit tries, as shares of runs.
// Shorter ones have more noise: 60 ms are two turns of each arm. shortest is
// for counts, which no noise changes.
var shares = []float64{1, 0.7, 0.5, 0.3, 0.2}

const shortest = 0.02

// toFirst is how long it takes until all open items have come to their first
// look.
func toFirst(items []*item, link time.Duration) (all time.Duration, err error) {
	open := slices.DeleteFunc(slices.Clone(items), func(it *item) bool { return it.over })
	if len(open) == 0 {
		return 0, nil
	}
	looks, err := verdict.PlanLooks(rowsOf(items), alpha)
	if err != nil {
		return 0, err
	}
	rounds := 0
	for _, it := range open {
		n := looks.Rounds(0)
		if it.most > 0 {
			if n = verdict.SameRounds; it.rounds >= n { // most counts haven't changed, but these
				n = it.most
			}
		}
		n = max(0, n-it.rounds)
		rounds = max(rounds, n)
		all += time.Duration(n) * it.cost
	}
	return all + time.Duration(rounds)*link, nil
}

// fit chooses how long each measurement is, so that the rounds of the first look
// fit the time that is left. What doesn't fit is trimmed. Counts may take the
// time beyond the budget, too.
func fit(items []*item, left, beyond, link time.Duration) (missing []verdict.Missing, err error) {
	counts := verdict.CountRounds(rowsOf(items), alpha)
	for _, it := range items {
		if it.varying == 0 && it.size != nil {
			it.untimed(counts)
		}
	}
	for _, share := range shares {
		for _, it := range items {
			if it.varying > 0 {
				it.resize(share)
			}
		}
		if all, err := toFirst(items, link); err != nil || all <= left {
			return nil, err
		}
	}
	return trim(items, left, beyond, link)
}

// trim leaves out what doesn't fit the time, the costliest first: its time to
// begin with, and if its counts don't fit either, all of it. missing names it.
func trim(items []*item, left, beyond, link time.Duration) (missing []verdict.Missing, err error) {
	var anew []*item // as if nothing had been measured
	for _, it := range items {
		again := *it
		again.rounds, again.over = 0, false
		anew = append(anew, &again)
	}
	all, err := toFirst(anew, link)
	would := roundUp(all * 3 / 2) // with trying out
	counts := verdict.CountRounds(rowsOf(items), alpha)
	byCost := func(timed bool) []*item {
		some := slices.DeleteFunc(slices.Clone(items), func(it *item) bool { return it.over || (it.varying > 0) != timed })
		slices.SortStableFunc(some, func(a, b *item) int { return cmp.Compare(b.cost, a.cost) })
		return some
	}
	leave := func(it *item, why string) {
		missing = append(missing, verdict.Missing{Name: it.name, Verdict: verdict.Inconclusive, Why: why})
	}
	timed := byCost(true)
	for _, it := range timed {
		if all, err = toFirst(items, link); err != nil || all <= left {
			return missing, err
		}
		if it == timed[len(timed)-1] {
			break // one at least
		}
		it.untimed(counts)
		if it.over {
			leave(it, "no time for it, since it takes longest; -budget "+would+" would do")
			continue
		}
		leave(it, "no time for its time, only for its counts (allocations), since it takes longest; -budget "+would+" would do")
	}
	for _, it := range byCost(false) {
		if all, err = toFirst(items, link); err != nil || all <= left+beyond || len(byCost(false))+len(byCost(true)) == 1 {
			return missing, err
		}
		if it.over = true; it.rounds == 0 {
			it.rows = nil
		}
		i := slices.IndexFunc(missing, func(m verdict.Missing) bool { return m.Name == it.name })
		if i < 0 {
			leave(it, "")
			i = len(missing) - 1
		}
		missing[i].Why = "no time for it, since it takes longest; -budget " + would + " would do"
	}
	return missing, err
}

// roundUp is a duration as one would type it: 90s, 3m.
func roundUp(d time.Duration) string {
	if d > 2*time.Minute {
		return fmt.Sprintf("%dm", (d+time.Minute-1)/time.Minute)
	}
	return fmt.Sprintf("%ds", (d+time.Second-1)/time.Second)
}

// usualSpread is the standard deviation of log(head/base) from round to round
// that most benchmarks have in turns.
const usualSpread = 0.015

// costs lists the benchmarks: what a round of each costs, and the budgets that
// margins take at the usual spread. spent is what finding out has taken.
func (c *comparison) costs(items []*item, link, spent time.Duration) error {
	looks, err := verdict.PlanLooks(rowsOf(items), alpha)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "benchmark\ta round\tmeasured in")
	round, rows := link, 0
	for _, it := range items {
		round, rows = round+it.cost, rows+it.varying
		fmt.Fprintf(t, "Benchmark%s\t%v\t%s\n", it.name, it.cost.Round(time.Millisecond), cmp.Or(it.how, "turns"))
	}
	fmt.Fprintf(t, "\n%s; a round of all, with its links, takes %v.\n", prose.Count(len(items), "benchmark"), round.Round(10*time.Millisecond))
	fmt.Fprintf(t, "Unchanged code that spreads by %v%% from round to round passes within:\n", 100*usualSpread)
	const most = 1000
	for _, margin := range []float64{0.01, 0.02, 0.03, 0.05, 0.10} {
		n := looks.Needed(0, alpha/float64(max(1, rows)), usualSpread, math.Log1p(margin), most)
		fmt.Fprintf(t, "  -margin %v%%\t-budget %s\n", 100*margin, roundUp((spent+time.Duration(n)*round)*10/9)) // of which fit leaves a tenth
	}
	for _, m := range c.missing {
		fmt.Fprintf(t, "%s: %s\n", m.Name, m.Why)
	}
	return t.Flush()
}
