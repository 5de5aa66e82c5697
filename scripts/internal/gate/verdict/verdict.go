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
// Of ours it imports paired and prose.
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
type Pair struct {
	Round      int    // its number, once a row
	Seed       uint64 // of the layout, 0 if the round had none of its own
	Base, Head float64
}

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
	Alpha        float64      // of the family: above 0, below 0.5
	Margin       float64      // how much worse is let pass: 0.01 is 1%; at least 0
	Inconclusive string       // what exit code 3 becomes: "" stays, "pass" is 0, "fail" is 1
	Calibration  *Calibration // nil: nothing is known
}

// A Calibration is what is known of runs like this one on this machine. It
// moves no margin and no verdict; it says what they are worth.
type Calibration struct {
	Source string // where it comes from; "" if nothing is known after all
	Text   string // what it says, for the reader
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
// 2): rules out of range; no rows, or none that decides; a row that stands
// twice, has no rounds or a round twice; a figure that is not finite, below 0,
// or 0 in a row that isn't exact; too few rounds for any verdict.
func Judge(rows []Row, rules Rules) (*Report, error) {
	if err := check(rows, rules); err != nil {
		return nil, err
	}
	r := &Report{Rules: rules}
	for _, row := range rows {
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

func check(rows []Row, rules Rules) error {
	switch {
	case !(rules.Alpha > 0 && rules.Alpha < 0.5):
		return fmt.Errorf("the level %v is not above 0 and below 0.5; give 0.01 for 1%%", rules.Alpha)
	case !(rules.Margin >= 0 && rules.Margin < 10):
		return fmt.Errorf("the margin %v is not from 0 to 10; give 0.01 for 1%%", rules.Margin)
	case rules.Inconclusive != "" && rules.Inconclusive != "pass" && rules.Inconclusive != "fail":
		return fmt.Errorf("inconclusive is to become %q; give pass or fail", rules.Inconclusive)
	case len(rows) == 0:
		return errors.New("no rows to judge; select some benchmarks")
	case !slices.ContainsFunc(rows, func(r Row) bool { return r.Better != "" }):
		return fmt.Errorf("none of the %s decides anything, since none says which direction is better; the files need a line like \"Unit %s better=lower\"", prose.Count(len(rows), "row"), rows[0].Unit)
	}
	seen := map[string]bool{}
	for _, row := range rows {
		if seen[row.String()] {
			return fmt.Errorf("%s stands twice; give each row once", row)
		}
		seen[row.String()] = true
		if err := row.check(); err != nil {
			return err
		}
	}
	return nil
}

// String is the row in a message.
func (r Row) String() string { return fmt.Sprintf("%s (%s)", r.Name, r.Unit) }

func (r Row) check() error {
	paired, unpaired := len(r.Pairs) > 0, len(r.Old) > 0 && len(r.New) > 0
	switch {
	case r.Better != "" && r.Better != "lower" && r.Better != "higher":
		return fmt.Errorf("%s: better is %q; give lower or higher", r, r.Better)
	case paired && (len(r.Old) > 0 || len(r.New) > 0):
		return fmt.Errorf("%s has rounds both paired and unpaired; give one kind", r)
	case !paired && !unpaired:
		return fmt.Errorf("%s has no rounds of both sides; run it on both, or leave it out", r)
	case !paired && len(r.Control) > 0:
		return fmt.Errorf("%s is unpaired and has a control; give paired rounds", r)
	}
	figure := func(where string, v float64) error {
		if r.Better == "" || v >= 0 && !math.IsInf(v, 0) && (v > 0 || r.Exact) {
			return nil
		}
		return fmt.Errorf("%s: %s is %v, which has no logarithm and can't be compared; leave the row out, or mend what measures it", r, where, v)
	}
	for _, set := range []struct {
		what  string
		pairs []Pair
	}{{"", r.Pairs}, {" of the control", r.Control}} {
		rounds := map[int]bool{}
		for _, p := range set.pairs {
			if rounds[p.Round] {
				return fmt.Errorf("%s: round %d%s stands twice; a round counts once", r, p.Round, set.what)
			}
			rounds[p.Round] = true
			if err := errors.Join(figure(fmt.Sprintf("base in round %d%s", p.Round, set.what), p.Base),
				figure(fmt.Sprintf("head in round %d%s", p.Round, set.what), p.Head)); err != nil {
				return err
			}
		}
	}
	for _, set := range []struct {
		what    string
		figures []float64
	}{{"old", r.Old}, {"new", r.New}} {
		for i, v := range set.figures {
			if err := figure(fmt.Sprintf("figure %d of %s", i+1, set.what), v); err != nil {
				return err
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

// logs are the logarithms of head over base by round, positive where head is
// worse; none where both are 0.
func (r Row) logs(pairs []Pair) []float64 {
	d := make([]float64, len(pairs))
	for i, p := range pairs {
		if p.Base != p.Head {
			d[i] = r.sign() * (math.Log(p.Head) - math.Log(p.Base))
		}
	}
	return d
}

// sample is what the row's rounds say of the shift of logs.
func (r Row) sample() (*paired.Sample, error) {
	if len(r.Pairs) > 0 {
		return paired.SignedRank(r.logs(r.Pairs))
	}
	logs := func(figures []float64) []float64 {
		l := make([]float64, len(figures))
		for i, v := range figures {
			l[i] = r.sign() * math.Log(v)
		}
		return l
	}
	return paired.RankSum(logs(r.Old), logs(r.New))
}

// decide judges the rows.
func (r *Report) decide() error {
	var ps []float64
	var at []int
	samples := make([]*paired.Sample, len(r.Rows))
	for i := range r.Rows {
		res := &r.Rows[i]
		res.Change = newChange(res.Row.sides())
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
			if err := enough(res.Row.String(), samples[i], r.Decided, r.Rules.Alpha); err != nil {
				return err
			}
		}
		res.measure(samples[i], level, r.Rules.Margin)
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
func enough(what string, s *paired.Sample, m int, alpha float64) error {
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
		what, have, 100*alpha, prose.Count(m, "row"), least, each)
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

// measure fills in what the sample says.
func (res *Result) measure(s *paired.Sample, level, margin float64) {
	sign := res.Row.sign()
	res.Change.measure(s, sign, level)
	res.Spread = spread(res.Row)
	res.Detectable = math.Exp(sign * s.Detectable(math.Log1p(margin), level, power))
}

func newChange(base, head []float64) Change {
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

// measure fills in what the sample says, its bounds at level each.
func (c *Change) measure(s *paired.Sample, sign, level float64) {
	low, _ := s.Lower(level)
	high, _ := s.Upper(level)
	c.Ratio, c.Low, c.High = math.Exp(sign*s.Estimate()), math.Exp(sign*low), math.Exp(sign*high)
	if sign < 0 {
		c.Low, c.High = c.High, c.Low
	}
}

// spread is the median distance of the rounds from their middle, as a share:
// of the pairs' ratios, or of the figures of each side from that side's median.
func spread(r Row) float64 {
	var off []float64
	around := func(logs []float64) {
		middle := numbers.Median(logs)
		for _, v := range logs {
			if d := math.Abs(v - middle); !math.IsNaN(d) {
				off = append(off, d)
			}
		}
	}
	if len(r.Pairs) > 0 {
		around(r.logs(r.Pairs))
	} else {
		for _, side := range [][]float64{r.Old, r.New} {
			logs := make([]float64, len(side))
			for i, v := range side {
				logs[i] = math.Log(v)
			}
			around(logs)
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
		of     *Result
		sample *paired.Sample
	}
	var decided []sampled
	for i := range r.Rows {
		res := &r.Rows[i]
		if res.Row.Better == "" || len(res.Row.Control) == 0 {
			continue
		}
		base, head := split(res.Row.Control)
		c := &Control{Change: newChange(base, head), P: 1, Adjusted: 1}
		res.Control = c
		if res.Row.Exact && constant(base) && constant(head) {
			c.exact()
			if c.Base != c.Head {
				c.P, c.Adjusted, c.Sees = 0, 0, true
			}
			continue
		}
		s, err := paired.SignedRank(res.Row.logs(res.Row.Control))
		if err != nil {
			return fmt.Errorf("the control of %s: %w", res.Row, err)
		}
		decided = append(decided, sampled{res, s})
	}
	var ps []float64
	for _, d := range decided {
		if err := enough("the control of "+d.of.Row.String(), d.sample, len(decided), r.Rules.Alpha); err != nil {
			return err
		}
		c := d.of.Control
		c.P = d.sample.Differs(0)
		c.measure(d.sample, d.of.Row.sign(), r.Rules.Alpha/float64(2*len(decided)))
		c.Sees = c.Low > 1 || c.High < 1
		c.Spread = spread(Row{Better: d.of.Row.Better, Pairs: d.of.Row.Control})
		ps = append(ps, c.P)
	}
	for i, p := range paired.Holm(ps) {
		decided[i].of.Control.Adjusted = p
	}
	return nil
}

// conclude is the verdict over all rows, and what has to be said beside it.
func (r *Report) conclude() {
	r.Verdict = Pass
	for _, res := range r.Rows {
		if worse(res.Verdict, r.Verdict) {
			r.Verdict = res.Verdict
		}
	}
	var controls, pairs []string
	for _, res := range r.Rows {
		switch {
		case res.Row.Better == "":
			continue
		case len(res.Row.Pairs) > 0:
			pairs = append(pairs, res.Row.String())
		}
		if res.Control != nil {
			controls = append(controls, res.Row.String())
		}
	}
	for _, res := range r.Rows {
		if c := res.Control; c != nil && c.Sees {
			r.Verdict = Invalid
			r.remark(Error, "The control of %s saw a difference between base and base, %s: this run can't be trusted, whatever its rows say. Run again on a machine that is left alone.", res.Row, c.interval())
		}
	}
	if len(pairs) > 0 && len(controls) < len(pairs) {
		r.remark(Warning, "%d of %s had no control: an instrument that favours one side would not have been noticed there.", len(pairs)-len(controls), prose.Count(len(pairs), "row"))
	}
	switch c := r.Rules.Calibration; {
	case r.Decided == 0:
	case c == nil:
		r.remark(Notice, "No calibration data: this machine's own noise is not known, and the margin of %s is used alone.", prose.Percent(r.Rules.Margin))
	default:
		r.remark(Notice, "%s", c.Text)
	}
}

// worse orders the verdicts of rows.
func worse(a, b Verdict) bool {
	order := []Verdict{"", Pass, Inconclusive, Regression}
	return cmp.Compare(slices.Index(order, a), slices.Index(order, b)) > 0
}

func (r *Report) remark(level, format string, args ...any) {
	r.Remarks = append(r.Remarks, Remark{level, fmt.Sprintf(format, args...)})
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
