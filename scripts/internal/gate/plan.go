package gate

import (
	"cmp"
	"fmt"
	"io"
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
// and the orders of the arms. The arguments of newPlan alone determine all of
// it; the number of rounds does not matter.
type plan struct {
	seeds  *rand.Rand
	random bool // draw layouts; otherwise every seed is 0
	apart  bool // give head a seed of its own, as other code would have
	taken  map[uint64]bool
	drawn  []layout
	items  *sequence
	arms   []*sequence // by item
}

func newPlan(seed uint64, items int, random, apart bool) *plan {
	p := &plan{
		seeds: rand.New(rand.NewPCG(seed, 1)), random: random, apart: apart,
		taken: map[uint64]bool{0: true}, // the seed 0 means the linker's own order
	}
	r := rand.New(rand.NewPCG(seed, 2))
	p.items = &sequence{r: r, k: items}
	for range items {
		p.arms = append(p.arms, &sequence{r: r, k: arms})
	}
	return p
}

// orders draws the next round: the order of the items, and for each item the
// order of its arms.
func (p *plan) orders() (items []int, orders [][]int) {
	for _, s := range p.arms {
		orders = append(orders, s.draw())
	}
	return p.items.draw(), orders
}

// layout is the layout of round k, counted from 0. Base runs in it in round k;
// the control ran in it in the round before.
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

// seed draws a layout's seed that no earlier layout has.
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

// A sequence draws orders of k things, from one Williams design after the
// other. In a design each thing stands equally often in each place and after
// each other thing. The orders within a design are shuffled.
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
// Shorter measurements have more noise: 60 ms are two turns of each arm.
// shortest is for counts, which have no noise.
var shares = []float64{1, 0.7, 0.5, 0.3, 0.2}

const shortest = 0.02

// toFirst is the time until every open item has had its first look.
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
			if n = verdict.SameRounds; it.rounds >= n { // most counts are decided after SameRounds; these were not
				n = it.most
			}
		}
		n = max(0, n-it.rounds)
		rounds = max(rounds, n)
		all += time.Duration(n) * it.cost
	}
	return all + time.Duration(rounds)*link, nil
}

// fit chooses the longest measurements with which the rounds of the first look
// fit the time left. If none fits, trim leaves items out. Counts may use the
// time beyond the budget, too.
func fit(items []*item, left, beyond, link time.Duration) (missing []verdict.Missing, would time.Duration, err error) {
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
			return nil, 0, err
		}
	}
	return trim(items, left, beyond, link)
}

// trim leaves out the costliest items until the rest fits the time. First it
// drops an item's timing, and then, if the counts don't fit either, the whole
// item. missing names what was left out, and would is the budget that it needs.
func trim(items []*item, left, beyond, link time.Duration) (missing []verdict.Missing, would time.Duration, err error) {
	var anew []*item // as if nothing had been measured yet
	for _, it := range items {
		again := *it
		again.rounds, again.over = 0, false
		anew = append(anew, &again)
	}
	all, err := toFirst(anew, link)
	would = all * 3 / 2 // trying out included
	budget := roundUp(would)
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
			return missing, would, err
		}
		if it == timed[len(timed)-1] {
			break // keep at least one
		}
		it.untimed(counts)
		if it.over {
			leave(it, "it takes longest and doesn't fit the budget; -budget "+budget+" would do")
			continue
		}
		leave(it, "only its counts (allocations) are measured: its time takes longest and doesn't fit the budget; -budget "+budget+" would do")
	}
	for _, it := range byCost(false) {
		if all, err = toFirst(items, link); err != nil || all <= left+beyond || len(byCost(false))+len(byCost(true)) == 1 {
			return missing, would, err
		}
		if it.over = true; it.rounds == 0 {
			it.rows = nil
		}
		i := slices.IndexFunc(missing, func(m verdict.Missing) bool { return m.Name == it.name })
		if i < 0 {
			leave(it, "")
			i = len(missing) - 1
		}
		missing[i].Why = "it takes longest and doesn't fit the budget; -budget " + budget + " would do"
	}
	return missing, would, err
}

// roundUp rounds a duration up to one that a person would type: 90s, 3m.
func roundUp(d time.Duration) string {
	if d > 2*time.Minute {
		return fmt.Sprintf("%dm", (d+time.Minute-1)/time.Minute)
	}
	return fmt.Sprintf("%ds", (d+time.Second-1)/time.Second)
}

// needs is the budget with which every item would have had its first look, "" if
// the budget given was long enough. spent is the time of the trying out. would is
// the budget needed with the items that were left out; 0 if none were.
func needs(items []*item, link, spent, would, budget time.Duration) string {
	var anew []*item // as if nothing had been measured yet
	for _, it := range items {
		if it.lost == 0 && len(it.rows) > 0 {
			again := *it
			again.rounds, again.over = 0, false
			anew = append(anew, &again)
		}
	}
	all, err := toFirst(anew, link)
	all = max(would, (spent+all)*10/9) // 10/9: fit keeps a tenth of the budget back
	if err != nil || all <= budget {
		return ""
	}
	return roundUp(all)
}

// usualSpread is the standard deviation of log(head/base) over rounds that most
// benchmarks have in turns.
const usualSpread = 0.015

// costs lists the cost of a round of each benchmark, and the budget for each margin
// at the usual spread. spent is the time of the trying out. Below stand the items
// that aren't measured, as in the report.
func (c *comparison) costs(items []*item, link, spent time.Duration) error {
	t := tabwriter.NewWriter(c.stdout, 0, 0, 2, ' ', 0)
	if len(items) == 0 {
		fmt.Fprintln(t, "Nothing is left to measure.")
	} else if err := c.budgets(t, items, link, spent); err != nil {
		return err
	}
	for _, m := range c.missing {
		fmt.Fprintln(t, verdict.Sentence(m.Name, m.Why))
	}
	if len(c.unchanged) > 0 {
		fmt.Fprintln(t, verdict.PassedUnmeasured(c.unchanged))
	}
	return t.Flush()
}

// budgets writes the table of costs.
func (c *comparison) budgets(t io.Writer, items []*item, link, spent time.Duration) error {
	looks, err := verdict.PlanLooks(rowsOf(items), alpha)
	if err != nil {
		return err
	}
	fmt.Fprintln(t, "benchmark\ta round\tmeasured in")
	var firsts []verdict.Row
	for _, it := range items {
		firsts = append(firsts, *it.rows[0])
	}
	names := verdict.Names(firsts)
	round, rows := link, 0
	for i, it := range items {
		round, rows = round+it.cost, rows+it.varying
		fmt.Fprintf(t, "%s\t%v\t%s\n", names[i], it.cost.Round(time.Millisecond), cmp.Or(it.how, "turns"))
	}
	fmt.Fprintf(t, "\n%s; a round of all, with its links, takes %v.\n", prose.Count(len(items), "benchmark"), round.Round(10*time.Millisecond))
	fmt.Fprintf(t, "Budget for each margin, where a noise of %v%% from round to round is assumed, not measured:\n", 100*usualSpread)
	const most = 1000
	for _, margin := range []float64{0.01, 0.02, 0.03, 0.05, 0.10} {
		n := looks.Needed(0, alpha/float64(max(1, rows)), usualSpread, math.Log1p(margin), most)
		fmt.Fprintf(t, "  -margin %v%%\t-budget %s\n", 100*margin, roundUp((spent+time.Duration(n)*round)*10/9)) // 10/9: fit keeps a tenth of the budget back
	}
	return nil
}
