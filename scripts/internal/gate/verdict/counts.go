package verdict

import (
	"fmt"
	"slices"
)

// A span is the least and the greatest count of a side.
type span struct{ least, most float64 }

func spanOf(v []float64) span { return span{slices.Min(v), slices.Max(v)} }

// spans are those of base and head. The control counts as base.
func (r Row) spans() (base, head span) {
	b, h := r.sides()
	_, control := split(r.Control)
	return spanOf(slices.Concat(b, control)), spanOf(h)
}

// CountRounds is how many rounds counts need before they are compared without
// statistics. In so many, with all figures alike, head's counts lie all above
// base's and the control's by chance with a probability of at most the level of
// one row.
func CountRounds(rows []Row, alpha float64) int {
	_, counts := families(rows, alpha)
	return counts.fewest()
}

// SameRounds is how many rounds pass counts that read the same in all of them
// and in each arm. More rounds would add nothing, since no chance is in them.
const SameRounds = 3

// fewest is the least n with 1/C(3n, n) at most the level of one row: the
// chance that of 3n figures that are alike, head has the n highest.
func (f family) fewest() int {
	n, chance := 1, 1.0/3
	for chance > f.each() {
		n++
		chance *= float64(n) * float64(2*n) * float64(2*n-1) / (float64(3*n) * float64(3*n-1) * float64(3*n-2))
	}
	return n
}

// count judges a row of counts, if it can do so without statistics.
func (res *Result) count(rules Rules, f family) (decided bool) {
	row := res.Row
	fewest, same := f.fewest(), SameRounds
	if !row.paired() {
		// A figure that is the same throughout a file may still differ between
		// runs: it may depend on b.N, which each run chooses anew.
		fewest, same = 2, 2
	}
	rounds := min(res.Rounds[0], res.Rounds[1])
	if rounds == 0 {
		return false
	}
	base, head := row.spans()
	constant := base.least == base.most && head.least == head.most
	if rounds < fewest && !(constant && base == head && rounds >= same) {
		return false
	}
	apart := constant || row.paired() // a file has so few figures that they may be apart by chance
	from, to := base, head
	if row.Better == "higher" {
		from, to = to, from
	}
	least, most := ratio(to.least, from.most+row.cut()), ratio(to.most+row.cut(), from.least)
	switch {
	case constant && base == head:
		res.Verdict, most = Pass, 1
	case apart && least > 1+rules.Margin:
		res.Verdict = Regression
	case most <= 1+rules.Margin:
		res.Verdict, res.Improved = Pass, most < 1
	case constant:
		res.Verdict = Inconclusive
		res.Why = row.undecidable(from.least, to.least)
	default:
		return false
	}
	res.Counted, res.AtMost = true, most-1
	res.Ratio = ratio(res.Change.Head, res.Change.Base)
	res.Low, res.High, res.Spread = res.Ratio, res.Ratio, 0
	return true
}

// ratio is a/b; 1 if they are the same.
func ratio(a, b float64) float64 {
	if a == b {
		return 1
	}
	return a / b
}

// undecidable says why two counts decide nothing.
func (r Row) undecidable(from, to float64) string {
	if r.cut() == 0 {
		return ""
	}
	low, high := min(from, to), max(from, to)
	if high-low == 1 {
		return fmt.Sprintf("%s and %s may be %s.99 and %s.00, since package testing rounds down", plain(low), plain(high), plain(low), plain(high))
	}
	return fmt.Sprintf("%s may be %s.99, since package testing rounds down", plain(low), plain(low))
}

// byOtherCount decides rows of rounded counts that are within 1 of each other
// by the other count of their benchmark.
func (r *Report) byOtherCount() {
	type key struct{ name, unit string }
	at := map[key]int{}
	for i, res := range r.Rows {
		at[key{res.Row.Name, res.Row.Unit}] = i
	}
	was := make([]Result, len(r.Rows))
	copy(was, r.Rows)
	for i := range r.Rows {
		res := &r.Rows[i]
		row := res.Row
		if res.Verdict != Inconclusive || row.cut() == 0 || row.check() != nil || min(res.Rounds[0], res.Rounds[1]) == 0 {
			continue
		}
		base, head := row.spans()
		if max(base.most, head.most)-min(base.least, head.least) > 1 {
			continue
		}
		if res.Why == "" {
			res.Why = row.undecidable(min(base.least, head.least), max(base.most, head.most))
		}
		other := map[string]string{"allocs/op": "B/op", "B/op": "allocs/op"}[row.Unit]
		k, ok := at[key{row.Name, other}]
		if !ok {
			continue
		}
		by := was[k]
		switch {
		case row.Unit == "B/op":
			if by.unchanged() {
				res.Verdict = Pass
				res.Why += "; allocs/op is the same"
			}
		case by.Counted:
			res.byBytes(by, r.Rules.Margin)
		}
	}
}

// leastObject is the least size of an object in bytes; smaller objects share
// one of this size.
const leastObject = 8

// byBytes decides allocs/op that differ by 1 by the bytes. Bytes that grew by
// less than a share of an object mean that allocations grew by less than that
// share. Bytes that grew by an object mean one more allocation.
func (res *Result) byBytes(by Result, margin float64) {
	from, to := by.Row.spans()
	allocs, _ := res.Row.spans()
	grown := (to.most + by.Row.cut() - from.least) / leastObject // objects, at most
	switch {
	case allocs.least > 0 && grown <= margin*allocs.least:
		res.Verdict, res.AtMost = Pass, max(0, grown/allocs.least)
	case to.least-from.most-by.Row.cut() >= leastObject-1:
		res.Verdict = Regression
	default:
		return
	}
	res.Why += "; B/op goes from " + plain(by.Change.Base) + " to " + plain(by.Change.Head)
}

// unchanged tells counts that are the same in all rounds of both sides.
func (r Result) unchanged() bool {
	return r.Counted && r.Verdict == Pass && r.Ratio == 1 && r.AtMost == 0
}
