// Package verdict says of two builds' figures whether one is worse, and
// renders what it says.
//
// Its stance: three answers, and each has its proof. A row is a regression
// where it is shown that the head is worse by more than the margin, a pass where
// it is shown that it isn't, and inconclusive where neither is shown: then
// the report says how small a change the run could have seen. What can't be
// answered at all is an error, never a pass.
//
// One statistic serves all rows: the shift of log(figure) from base to head,
// turned so that positive is worse, by the signed-rank procedures over rounds
// (package paired); for two files that were measured apart, by the rank-sum
// procedures. With the family's level α and m rows that the statistic decides:
//
//   - regression: the one-sided p-value of "worse by at most the margin",
//     adjusted after Holm over the m rows, is below α;
//   - pass: the one-sided upper bound at level α/m (Bonferroni) is under the
//     margin, so that all passes hold at once with probability 1−α;
//   - else inconclusive.
//
// Worse by the margin g means head = (1+g)·base where lower is better, and
// base = (1+g)·head where higher is. The interval shown has both its one-sided bounds
// at level α/m.
//
// Whole counts (Row.Exact) that are the same in every round of a side
// are compared as they are, without statistics and outside of the m: worse by
// more than the margin is a regression, anything else a pass; from 0 any count
// is a regression where lower is better. Counts that vary within a side are
// decided like any other row; there 0 is beyond all other figures.
//
// The control is base against base by the same plan. Where its two-sided
// interval at level α/c, c being the number of controls that the statistic
// decides, leaves out "no change", or a control's exact counts differ, the run is invalid, whatever its
// rows say.
//
// Of ours it imports numbers, paired and prose.
package verdict

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"threadbench/bench/numbers"
	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/prose"
)

// A Verdict is what is said of a row, or of all of them.
type Verdict string

const (
	Pass         Verdict = "pass"         // not worse by more than the margin
	Regression   Verdict = "regression"   // worse by more than the margin
	Inconclusive Verdict = "inconclusive" // neither could be shown
	Invalid      Verdict = "invalid"      // the control saw a difference where there is none; of a whole run only
)

// power is about the probability with which the smallest change that a run
// could have seen is seen; paired.Sample.Detectable says how nearly.
const power = 0.8

// A Pair is one round of a row.
type Pair struct{ Base, Head float64 }

// A Row is one benchmark in one unit. Figures are finite and above 0, in exact
// rows at least 0; in rows that decide nothing they may be anything.
type Row struct {
	Name   string
	Unit   string
	Better string // "lower" or "higher"; "" decides nothing
	Exact  bool   // whole by construction

	Pairs   []Pair // head against base, paired by round
	Control []Pair // base once more, as Head, against base; nil where there is none

	Old, New []float64 // instead of Pairs: two files, unpaired
}

// Rules are what a verdict is held to.
type Rules struct {
	Alpha        float64 // of the family: above 0, below 0.5
	Margin       float64 // how much worse is let pass: 0.01 is 1%; at least 0
	Inconclusive string  // what exit code 3 becomes: "" stays, "pass" is 0, "fail" is 1
}

// A Remark is a line that a reader must not miss.
type Remark struct {
	Level string // Error, Warning or Notice
	Text  string
}

// The levels of a remark, the loudest first.
const (
	Error   = "error"
	Warning = "warning"
	Notice  = "notice"
)

// A Report is what Judge found. The caller may fill in Base, Head and Plan and
// append Remarks before it is rendered.
type Report struct {
	Base, Head string // what was compared, for the reader
	Plan       string // how to repeat it, for the reader
	Rules      Rules
	Decided    int // m, the rows that the statistic decides
	Verdict    Verdict
	Remarks    []Remark
	Rows       []Result // in the order given
}

// A Result is a row judged.
type Result struct {
	Row      Row
	Verdict  Verdict // Pass, Regression, Inconclusive; "" if the row decides nothing
	Improved bool    // shown to be better than base; for information
	Counted  bool    // compared as exact counts, without statistics: Change.P and Detectable mean nothing

	Change
	P          float64 // one-sided, of "worse by at most the margin"
	Adjusted   float64 // P after Holm
	Detectable float64 // head/base of the smallest worsening that such a run shows in 6 to 8 of 10; infinite or 0 if none
	Control    *Control
}

// A Change is that of head from base.
type Change struct {
	Rounds     [2]int  // of base and head; the same where paired
	Base, Head float64 // medians
	Ratio      float64 // head/base by Hodges and Lehmann; 0 or infinite from and to 0, NaN where there is none
	Low, High  float64 // its interval; 0 and infinite where there is none
	Spread     float64 // half of the rounds lie within ±this share of their middle
}

// A Control is base against base.
type Control struct {
	Change
	P        float64 // two-sided, of "no change"
	Adjusted float64 // P after Holm over the controls
	Sees     bool    // a difference, where there is none
}

// Judge gives the verdict. Its errors mean that there can be none (exit code
// 2): no row that decides; a figure that is not finite, below 0, or 0 in a row
// that isn't exact; too few rounds for any verdict.
func Judge(rows []Row, rules Rules) (*Report, error) {
	r := &Report{Rules: rules}
	if !slices.ContainsFunc(rows, func(r Row) bool { return r.Better != "" }) {
		return nil, errors.New("no row says which direction is better, so none decides anything; the files need a line like \"Unit ns/op better=lower\"")
	}
	for _, row := range rows {
		if err := row.check(); err != nil {
			return nil, err
		}
		r.Rows = append(r.Rows, Result{Row: row, Counted: row.counted()})
	}
	if err := r.decide(); err != nil {
		return nil, err
	}
	if err := r.control(); err != nil {
		return nil, err
	}
	r.conclude()
	return r, nil
}

// String is the row in a message.
func (r Row) String() string { return fmt.Sprintf("%s (%s)", r.Name, r.Unit) }

// check sees that what decides can be compared.
func (r Row) check() error {
	if r.Better == "" {
		return nil
	}
	base, head := r.sides()
	controlBase, control := split(r.Control)
	for i, figures := range [][]float64{base, head, controlBase, control} {
		for k, v := range figures {
			if !(v >= 0) || math.IsInf(v, 0) || v == 0 && !r.Exact {
				of := []string{"base", "head", "the control's base", "the control"}[i]
				return fmt.Errorf("%s: figure %d of %s is %v, which has no logarithm and can't be compared; leave the row out, or mend what measures it", r, k+1, of, v)
			}
		}
	}
	return nil
}

// sides are the figures of base and head.
func (r Row) sides() (base, head []float64) {
	if len(r.Pairs) > 0 {
		return split(r.Pairs)
	}
	return r.Old, r.New
}

func split(pairs []Pair) (base, head []float64) {
	for _, p := range pairs {
		base, head = append(base, p.Base), append(head, p.Head)
	}
	return base, head
}

// counted tells a row that is compared as exact counts: exact, and the same in
// all rounds of a side. One figure of a file is always the same: b.N, which
// another run chooses anew, may be in it.
func (r Row) counted() bool {
	base, head := r.sides()
	enough := len(r.Pairs) > 0 || min(len(base), len(head)) > 1
	return r.Exact && enough && constant(base) && constant(head)
}

func constant(v []float64) bool { return slices.Min(v) == slices.Max(v) }

// sign turns a shift of logs so that positive is worse.
func (r Row) sign() float64 {
	if r.Better == "higher" {
		return -1
	}
	return 1
}

// logs are logarithms that are larger where it is worse: of head over base by
// round, in one set, none where both are 0; or of unpaired figures, old and new.
func (r Row) logs() (sets [][]float64) {
	if len(r.Pairs) > 0 {
		d := make([]float64, len(r.Pairs))
		for i, p := range r.Pairs {
			if p.Base != p.Head {
				d[i] = r.sign() * (math.Log(p.Head) - math.Log(p.Base))
			}
		}
		return [][]float64{d}
	}
	for _, figures := range [][]float64{r.Old, r.New} {
		var l []float64
		for _, v := range figures {
			l = append(l, r.sign()*math.Log(v))
		}
		sets = append(sets, l)
	}
	return sets
}

// sample is what the row's rounds say of the shift of logs.
func (r Row) sample() (*paired.Sample, error) {
	l := r.logs()
	if len(l) == 1 {
		return paired.SignedRank(l[0])
	}
	return paired.RankSum(l[0], l[1])
}

// decide judges the rows.
func (r *Report) decide() error {
	var ps []float64
	var at []int
	samples := make([]*paired.Sample, len(r.Rows))
	for i := range r.Rows {
		res := &r.Rows[i]
		res.Change = res.Row.change()
		if res.Counted {
			res.count(r.Rules.Margin)
			continue
		}
		s, err := res.Row.sample()
		switch {
		case err != nil && res.Row.Better == "":
			continue // figures without logarithms: there are medians only
		case err != nil:
			return fmt.Errorf("%s: %w", res.Row, err)
		}
		samples[i] = s
		res.P = s.Greater(math.Log1p(r.Rules.Margin))
		if res.Row.Better != "" {
			ps, at = append(ps, res.P), append(at, i)
		}
	}
	r.Decided = len(ps)
	level := r.Rules.Alpha / float64(max(1, r.Decided))
	for i := range r.Rows {
		if samples[i] == nil {
			continue
		}
		res := &r.Rows[i]
		if res.Row.Better != "" {
			if err := enough(res.Row, samples[i], r.Decided, r.Rules.Alpha); err != nil {
				return err
			}
		}
		res.measure(res.Row, samples[i], level)
		res.Detectable = math.Exp(res.Row.sign() * samples[i].Detectable(math.Log1p(r.Rules.Margin), level, power))
	}
	for k, p := range paired.Holm(ps) {
		res := &r.Rows[at[k]]
		res.Adjusted = p
		high, _ := samples[at[k]].Upper(level)
		switch {
		case p < r.Rules.Alpha:
			res.Verdict = Regression
		case high < math.Log1p(r.Rules.Margin):
			res.Verdict = Pass
			res.Improved = high < 0
		default:
			res.Verdict = Inconclusive
		}
	}
	return nil
}

// enough is an error unless a sample of such a size can speak: with all rounds
// on one side its two-sided p-value is at most alpha/m.
func enough(row Row, s *paired.Sample, m int, alpha float64) error {
	if 2*s.LeastP()*float64(m) <= alpha {
		return nil
	}
	sizes := s.Sizes()
	have, each := prose.Count(sizes[0], "round"), ""
	least, err := paired.LeastRounds(m, alpha)
	if len(sizes) == 2 {
		have, each = fmt.Sprintf("%d and %s", sizes[0], prose.Count(sizes[1], "figure")), " on each side"
		least, err = paired.LeastEach(m, alpha)
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s has %s, too few for any verdict at a level of %g%% over %s: at least %d%s are needed; measure more, or select fewer rows",
		row, have, 100*alpha, prose.Count(m, "row"), least, each)
}

// count judges a row of exact counts.
func (res *Result) count(margin float64) {
	c, row := &res.Change, res.Row
	c.exact()
	from, to := c.Base, c.Head
	if row.Better == "higher" {
		from, to = to, from
	}
	switch {
	case row.Better == "":
	case to > from*(1+margin):
		res.Verdict = Regression
	default:
		res.Verdict = Pass
		res.Improved = to < from
	}
}

// change is the row's before it is judged.
func (r Row) change() Change {
	base, head := r.sides()
	return Change{Rounds: [2]int{len(base), len(head)}, Base: numbers.Median(base), Head: numbers.Median(head), Ratio: math.NaN(), Low: 0, High: math.Inf(1)}
}

// exact makes the change that of the counts themselves.
func (c *Change) exact() {
	c.Ratio = 1
	if c.Base != c.Head {
		c.Ratio = c.Head / c.Base
	}
	c.Low, c.High = c.Ratio, c.Ratio
}

// measure fills in what the row's sample says, its bounds at level each.
func (c *Change) measure(r Row, s *paired.Sample, level float64) {
	sign := r.sign()
	low, _ := s.Lower(level)
	high, _ := s.Upper(level)
	c.Ratio, c.Low, c.High = math.Exp(sign*s.Estimate()), math.Exp(sign*low), math.Exp(sign*high)
	if sign < 0 {
		c.Low, c.High = c.High, c.Low
	}
	c.Spread = spread(r)
}

// spread is the median distance of the rounds from their middle, as a share:
// of the pairs' ratios, or of the figures of each side from that side's median.
func spread(r Row) float64 {
	var off []float64
	for _, logs := range r.logs() {
		middle := numbers.Median(logs)
		for _, v := range logs {
			if d := math.Abs(v - middle); !math.IsNaN(d) {
				off = append(off, d)
			}
		}
	}
	if len(off) == 0 {
		return math.Inf(1)
	}
	return math.Expm1(numbers.Median(off))
}

// control judges the controls.
func (r *Report) control() error {
	type sampled struct {
		*Control
		row    Row
		sample *paired.Sample
	}
	var decided []sampled
	for i := range r.Rows {
		res := &r.Rows[i]
		if res.Row.Better == "" || len(res.Row.Control) == 0 {
			continue
		}
		row := Row{Name: "the control of " + res.Row.Name, Unit: res.Row.Unit, Better: res.Row.Better, Exact: res.Row.Exact, Pairs: res.Row.Control}
		c := &Control{Change: row.change(), P: 1, Adjusted: 1}
		res.Control = c
		if row.counted() {
			c.exact()
			if c.Base != c.Head {
				c.P, c.Adjusted, c.Sees = 0, 0, true
			}
			continue
		}
		s, err := row.sample()
		if err != nil {
			return fmt.Errorf("%s: %w", row, err)
		}
		decided = append(decided, sampled{c, row, s})
	}
	var ps []float64
	for _, c := range decided {
		if err := enough(c.row, c.sample, len(decided), r.Rules.Alpha); err != nil {
			return err
		}
		c.P = c.sample.Differs(0)
		c.measure(c.row, c.sample, r.Rules.Alpha/float64(2*len(decided)))
		c.Sees = c.Low > 1 || c.High < 1
		ps = append(ps, c.P)
	}
	for i, p := range paired.Holm(ps) {
		decided[i].Adjusted = p
	}
	return nil
}

// conclude is the verdict over all rows, and what has to be said beside it.
func (r *Report) conclude() {
	order := []Verdict{"", Pass, Inconclusive, Regression}
	worst := slices.MaxFunc(r.Rows, func(a, b Result) int {
		return cmp.Compare(slices.Index(order, a.Verdict), slices.Index(order, b.Verdict))
	})
	r.Verdict = worst.Verdict
	for _, res := range r.Rows {
		if c := res.Control; c != nil && c.Sees {
			r.Verdict = Invalid
			r.Remarks = append(r.Remarks, Remark{Error, fmt.Sprintf("The control of %s saw a difference between base and base, %s: this run can't be trusted, whatever its rows say. Run again on a machine that is left alone.", res.Row, c.interval())})
		}
	}
}

// ExitCode is 0 for Pass, 1 for Regression, 3 for Inconclusive and Invalid,
// unless Rules.Inconclusive makes a 0 or a 1 of that.
func (r *Report) ExitCode() int {
	switch {
	case r.Verdict == Pass:
		return 0
	case r.Verdict == Regression:
		return 1
	case r.Rules.Inconclusive == "pass":
		return 0
	case r.Rules.Inconclusive == "fail":
		return 1
	}
	return 3
}
