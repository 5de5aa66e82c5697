// Package verdict says of two builds' figures whether one is worse, and renders
// what it says.
//
// Its stance: three answers, and each has its proof. A row is a regression if
// head is shown to be worse by more than the margin. It is a pass if that is
// shown not to be so. Otherwise it is inconclusive, and the report says how
// much worse head can still be. A row that can't be compared never passes.
//
// One statistic serves all rows: the shift of log(figure) from base to head,
// with a sign so that positive is worse. Rounds give it by the signed-rank
// procedures (package paired), two files that were measured apart by the
// rank-sum procedures. It is taken at looks: after the first rounds, after half
// as many again, and so on (paired.Looks). Look k may spend a share of α, the
// level of m rows:
//
//   - regression: a row's p is the least of p/share over its looks, where p is
//     one-sided, of "worse by at most the margin"; adjusted after Holm over the
//     m rows it is below α;
//   - pass: at some look the one-sided upper bound at level α·share/m
//     (Bonferroni) is under the margin, so that all passes hold at once with
//     probability 1−α;
//   - else inconclusive.
//
// A pass closes the row: later looks change nothing. A regression stays one
// whatever later looks say. So a decided row needs no more rounds. Rules.Through
// takes them all the same, for a narrower interval.
//
// Worse by the margin g means head = (1+g)·base where lower is better, and base
// = (1+g)·head where higher is. The interval shown is the part that the
// intervals of all looks have in common. If they have nothing in common, the
// figures drift, or it is chance, which has a probability of at most 2α. The
// row then shows the last look's interval and says so.
//
// Counts (Row.Exact) are compared without statistics where all rounds of a side
// agree, or where even the extremes give a verdict. Package testing rounds B/op
// and allocs/op down: 9 may be 9.99. So v stands for all from v to v+1. Head is
// a regression if its least possible count, over base's greatest, is beyond the
// margin. It passes if its greatest over base's least isn't, or if both read
// the same. Where neither holds and the figures are within 1 of each other, the
// benchmark's other count decides: allocs/op follows B/op, and B/op passes if
// allocs/op is the same on both sides.
//
// Counts that vary more are decided by the statistic, in a family of their own,
// which has a tenth of α. Nobody knows beforehand whether counts vary; with a
// family of their own they move no other row's level. Their regressions are
// tested with the least that head can be.
//
// The control is base against base by the same plan. The run is invalid,
// whatever its rows say, if a control's two-sided interval leaves out "no
// change". That interval is of the last look of its row, at level α·share/m.
//
// Of ours it imports disturbance, numbers, paired and prose.
package verdict

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"threadbench/bench/numbers"
	"threadbench/scripts/internal/disturbance"
	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/prose"
)

// A Verdict is the answer for a row, or for all rows together.
type Verdict string

const (
	Pass         Verdict = "pass"         // not worse by more than the margin
	Regression   Verdict = "regression"   // worse by more than the margin
	Inconclusive Verdict = "inconclusive" // neither could be shown
	Invalid      Verdict = "invalid"      // of a whole run only: the control saw a difference where there is none
)

const (
	// power is about the probability with which a run sees the smallest change
	// that it could have seen. paired.Sample.Detectable says how nearly.
	power = 0.8
	// countsShare is the share of alpha for counts that vary, if there are
	// other rows, too.
	countsShare = 0.1
	// farthest is the most rounds for which a report says how many more would
	// decide.
	farthest = 1000
)

// A Pair is one round of a row.
type Pair struct{ Base, Head float64 }

// A Row is one benchmark in one unit. A figure that is not finite, below 0, or
// 0 in a row that isn't exact leaves the row undecided. In rows that decide
// nothing, figures may be anything.
type Row struct {
	Pkg    string // of the benchmark, if there are several packages; Name begins with it and a dot
	Name   string
	Unit   string
	Better string // "lower" or "higher"; "" decides nothing
	Exact  bool   // a count

	How  string        // how it was measured, if not in the usual way: "processes: it waits for timers"
	Cost time.Duration // of one more round of its benchmark; 0 if unknown

	Pairs   []Pair // head against base, paired by round
	Control []Pair // base again, as Head, against base; nil without a control

	Old, New []float64 // instead of Pairs: two files, unpaired
}

// Rules are the rules of a verdict.
type Rules struct {
	Alpha        float64       // of the whole family: above 0, below 0.5
	Margin       float64       // how much worse still passes: 0.03 is 3%; at least 0
	Inconclusive string        // what exit code 3 becomes: "" stays, "pass" is 0, "fail" is 1
	Looks        *paired.Looks // from PlanLooks; nil is one look over all rounds
	// Over says that no more rounds come, for a reason other than the rows'
	// figures. Rounds beyond a row's last look are then one more look.
	Over bool
	// Through goes on with the looks after a pass. They narrow the interval, and
	// never change the verdict.
	Through bool
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

// A Missing is a benchmark or a package without figures.
type Missing struct {
	Name    string
	Why     string
	Verdict Verdict // "" is only reported; Inconclusive; Regression: it fails in head alone
}

// A Report is what Judge found. Before rendering it, the caller may fill in
// Base, Head, Plan, Disturbance and Needs, and append Remarks.
type Report struct {
	Base, Head  string // what was compared, for the reader
	Plan        string // how to repeat it, for the reader
	Rules       Rules
	Decided     int // m, the rows that the statistic decides; counts are not among them
	Verdict     Verdict
	Remarks     []Remark
	Rows        []Result           // in the order given
	Missing     []Missing          // by Beside
	Unchanged   []string           // by Beside: packages whose sources are the same on both sides
	Disturbance disturbance.Amount // while the rounds were measured
	More        time.Duration      // about how much longer would decide what is undecided; 0 if unknown
	Needs       string             // the -budget that the first looks need; "" if the run's was long enough, or unknown
}

// A Result is a judged row. Pass and Regression need no more rounds.
type Result struct {
	Row      Row
	Verdict  Verdict // Pass, Regression, Inconclusive; "" if the row decides nothing
	Improved bool    // shown to be better than base; for information
	Counted  bool    // compared as counts, without statistics: P means nothing
	Why      string  // what the figures don't show by themselves

	Change
	P        float64       // one-sided, of "worse by at most the margin": the least of p/share over the looks
	Adjusted float64       // P after Holm
	AtMost   float64       // how much worse head can be at most: 0.06 is 6%; infinite if unknown, negative if head is better
	Next     int           // rounds of the next look; 0 without looks
	More     time.Duration // about how much longer would decide the row; 0 if unknown
	Control  *Control
}

// A Change is the change from base to head.
type Change struct {
	Rounds     [2]int  // of base and head; the same where paired
	Base, Head float64 // medians; NaN without a round
	Ratio      float64 // head/base by Hodges and Lehmann; to 0 it is 0, from 0 infinite, without a round NaN
	Low, High  float64 // its interval; 0 and infinite if there is none
	Spread     float64 // half of the rounds lie within ±this share of their middle
}

// A Control is base against base.
type Control struct {
	Change
	P        float64 // two-sided, of "no change", at its row's last look, divided by that look's share
	Adjusted float64 // P times the number of rows
	Sees     bool    // a difference, where there is none
}

// A family is the rows that share a level.
type family struct {
	rows  int
	alpha float64
}

// each is the level of one row.
func (f family) each() float64 { return f.alpha / float64(max(1, f.rows)) }

// families are the family of the figures and the family of the counts. They
// follow from the rows' units alone, not from their figures.
func families(rows []Row, alpha float64) (figures, counts family) {
	for _, r := range rows {
		switch {
		case r.Better == "":
		case r.Exact:
			counts.rows++
		default:
			figures.rows++
		}
	}
	figures.alpha, counts.alpha = alpha, alpha
	if figures.rows > 0 && counts.rows > 0 {
		figures.alpha, counts.alpha = (1-countsShare)*alpha, countsShare*alpha
	}
	return figures, counts
}

// PlanLooks plans the looks of rows at level alpha, before the rows have
// figures. Judge must get the same rows. It is an error if no row can decide.
func PlanLooks(rows []Row, alpha float64) (*paired.Looks, error) {
	figures, counts := families(rows, alpha)
	if figures.rows == 0 {
		figures = counts
	}
	if figures.rows == 0 {
		return nil, errDecides
	}
	looks, err := paired.PlanLooks(figures.rows, figures.alpha)
	return &looks, err
}

var errDecides = errors.New("no row can decide, since none says which direction is better; the files need a line like \"Unit ns/op better=lower\"")

// Judge gives the verdict. It keeps nothing, so it may be called after each
// round, with all rows each time. A row changes only when it has come to its
// Next look. A decided row stays decided as rounds are appended; only counts
// may begin to vary. 300 rows of 60 rounds take a tenth of a second.
//
// Without rows the verdict is inconclusive, until Beside adds something. An
// error means that there can be no verdict (exit code 2): no row decides, or
// the level or the margin is out of range. Without Rules.Looks, a figure
// without a logarithm and too few figures for any verdict are errors, too.
func Judge(rows []Row, rules Rules) (*Report, error) {
	r := &Report{Rules: rules}
	if len(rows) > 0 && !slices.ContainsFunc(rows, func(r Row) bool { return r.Better != "" }) {
		return nil, errDecides
	}
	if !(rules.Alpha > 0 && rules.Alpha < 0.5) || !(rules.Margin >= 0) {
		return nil, fmt.Errorf("level %v and margin %v: give a level between 0 and 0.5, and a margin of at least 0", rules.Alpha, rules.Margin)
	}
	figures, counts := families(rows, rules.Alpha)
	r.Decided = figures.rows
	for _, row := range rows {
		res := Result{Row: row, Change: row.change(), P: 1, Adjusted: 1, AtMost: math.Inf(1)}
		f := figures
		if row.Exact {
			f = counts
		}
		if err := r.judge(&res, f); err != nil {
			return nil, err
		}
		r.Rows = append(r.Rows, res)
	}
	r.holm(figures.alpha, false)
	r.holm(counts.alpha, true)
	r.byOtherCount()
	for i := range r.Rows {
		r.forecast(&r.Rows[i], figures)
	}
	r.conclude()
	return r, nil
}

// Beside adds what has no figures: missing benchmarks, and unchanged packages,
// which pass. The verdict takes both into account.
func (r *Report) Beside(missing []Missing, unchanged []string) {
	r.Missing, r.Unchanged = missing, unchanged
	r.conclude()
}

// String is the row in a message.
func (r Row) String() string { return fmt.Sprintf("%s (%s)", r.Name, r.Unit) }

// check is why the row can't be compared, nil if it can.
func (r Row) check() error {
	base, head := r.sides()
	controlBase, control := split(r.Control)
	for i, figures := range [][]float64{base, head, controlBase, control} {
		for k, v := range figures {
			if !(v >= 0) || math.IsInf(v, 0) || v == 0 && !r.Exact {
				of := []string{"base", "head", "the control's base", "the control"}[i]
				return fmt.Errorf("figure %d of %s is %v, which has no logarithm and can't be compared", k+1, of, v)
			}
		}
	}
	return nil
}

// sides are the figures of base and head.
func (r Row) sides() (base, head []float64) {
	if r.paired() {
		return split(r.Pairs)
	}
	return r.Old, r.New
}

func (r Row) paired() bool { return r.Old == nil && r.New == nil }

func split(pairs []Pair) (base, head []float64) {
	for _, p := range pairs {
		base, head = append(base, p.Base), append(head, p.Head)
	}
	return base, head
}

// first is the row as it was after n rounds.
func (r Row) first(n int) Row {
	if r.paired() {
		r.Pairs = r.Pairs[:n]
	}
	return r
}

// sign gives a shift of logs the sign with which positive is worse.
func (r Row) sign() float64 {
	if r.Better == "higher" {
		return -1
	}
	return 1
}

// cut is how much greater a count can be than it reads.
func (r Row) cut() float64 {
	if r.Exact && (r.Unit == "allocs/op" || r.Unit == "B/op") {
		return 1
	}
	return 0
}

// logs are logarithms that are larger where head is worse. Paired rows have one
// set, log(head/base) by round, 0 where both read the same; unpaired rows have
// two, of old and new. least takes head as little worse as the rounded counts
// allow.
func (r Row) logs(least bool) (sets [][]float64) {
	var more [2]float64 // what base and head can be above what they read
	if least && r.Better == "higher" {
		more[1] = r.cut()
	} else if least {
		more[0] = r.cut()
	}
	if r.paired() {
		d := make([]float64, len(r.Pairs))
		for i, p := range r.Pairs {
			if p.Base != p.Head && p.Base+more[0] != p.Head+more[1] {
				d[i] = r.sign() * (math.Log(p.Head+more[1]) - math.Log(p.Base+more[0]))
			}
		}
		return [][]float64{d}
	}
	for i, figures := range [][]float64{r.Old, r.New} {
		var l []float64
		for _, v := range figures {
			l = append(l, r.sign()*math.Log(v+more[i]))
		}
		sets = append(sets, l)
	}
	return sets
}

// sample is the statistic of the row's rounds.
func (r Row) sample(least bool) (*paired.Sample, error) {
	l := r.logs(least)
	if len(l) == 1 {
		return paired.SignedRank(l[0])
	}
	return paired.RankSum(l[0], l[1])
}

// A look is at the first n rounds, and spends a share of the level.
type look struct {
	n     int
	share float64
}

// looks are the looks that n rounds have reached, and the rounds of the next
// one.
func (r *Report) looks(row Row, n int) (looks []look, next int) {
	plan := r.Rules.Looks
	if plan == nil || !row.paired() {
		return []look{{n, 1}}, 0
	}
	reached := plan.Reached(n)
	for k := range reached {
		looks = append(looks, look{plan.Rounds(k), plan.Share(k)})
	}
	if r.Rules.Over && reached > 0 && plan.Rounds(reached-1) < n {
		looks = append(looks, look{n, plan.Share(reached)})
	}
	return looks, plan.Rounds(reached)
}

// judge judges a row by its passes and its p; Holm's adjustment comes later.
func (r *Report) judge(res *Result, f family) error {
	row := res.Row
	err := row.check()
	switch {
	case row.Better == "":
		if s, e := row.sample(false); err == nil && e == nil {
			res.measure(row, s)
		}
		return nil
	case err != nil && r.Rules.Looks == nil:
		return fmt.Errorf("%s: %w; leave the row out, or fix its benchmark", row, err)
	case err != nil:
		res.Verdict, res.Why = Inconclusive, err.Error()
		return nil
	}
	if row.Exact && res.count(r.Rules, f) {
		return r.control(res, f)
	}
	res.Verdict = Inconclusive
	n := min(res.Rounds[0], res.Rounds[1])
	if n == 0 && r.Rules.Looks != nil {
		_, res.Next = r.looks(row, 0)
		return nil
	}
	if err := r.test(res, f); err != nil {
		return fmt.Errorf("%s: %w", row, err)
	}
	return r.control(res, f)
}

// test takes the row's looks.
func (r *Report) test(res *Result, f family) error {
	row, margin := res.Row, math.Log1p(r.Rules.Margin)
	all, err := row.sample(false)
	if err != nil {
		return err
	}
	if r.Rules.Looks == nil {
		err := enough(all, f)
		if err != nil && row.Exact { // nobody knows beforehand whether counts vary
			res.measure(row, all)
			res.Why = "its counts vary, and are too few for statistics; measure more"
			return nil
		}
		if err != nil {
			return err
		}
	}
	looks, next := r.looks(row, len(row.Pairs))
	low, high := math.Inf(-1), math.Inf(1) // of the shift, over all looks
	var last [2]float64
	for _, l := range looks {
		s, err := row.first(l.n).sample(false)
		if err != nil {
			return err
		}
		least := s
		if row.cut() > 0 {
			if least, err = row.first(l.n).sample(true); err != nil {
				return err
			}
		}
		level := f.each() * l.share
		if res.Verdict != Pass {
			res.P = min(res.P, least.Greater(margin)/l.share)
		}
		last[0], _ = least.Lower(level)
		last[1], _ = s.Upper(level)
		low, high = max(low, last[0]), min(high, last[1])
		if last[1] < margin {
			res.Verdict = Pass
		}
		if res.Verdict == Pass {
			res.Improved = high < 0
			if !r.Rules.Through {
				break
			}
		}
	}
	if low > high {
		low, high = last[0], last[1]
		res.Why = "its looks contradict each other: the figures drift, or it is chance"
	}
	res.measure(row, all)
	res.bound(low, high)
	res.Next = next
	return nil
}

// detectable is head/base of the smallest worsening that 6 to 8 of 10 such runs
// show; infinite or NaN if there is none. It takes longer than the verdict, so
// it is computed only for the final report.
func (r *Report) detectable(res Result) float64 {
	s, err := res.Row.sample(false)
	if err != nil || res.Row.check() != nil {
		return math.NaN()
	}
	rows := make([]Row, len(r.Rows))
	for i := range r.Rows {
		rows[i] = r.Rows[i].Row
	}
	f, counts := families(rows, r.Rules.Alpha)
	if res.Row.Exact {
		f = counts
	}
	looks, _ := r.looks(res.Row, len(res.Row.Pairs))
	if len(looks) == 0 {
		return math.NaN()
	}
	level := f.each() * looks[len(looks)-1].share
	return math.Exp(res.Row.sign() * s.Detectable(math.Log1p(r.Rules.Margin), level, power))
}

// bound sets the interval from shifts of logs, where positive is worse.
func (res *Result) bound(low, high float64) {
	res.Low, res.High = math.Exp(low), math.Exp(high)
	if res.Row.sign() < 0 {
		res.Low, res.High = math.Exp(-high), math.Exp(-low)
	}
	res.AtMost = math.Expm1(high)
}

// enough is an error if a sample of this size can't give a verdict: its
// two-sided p-value with all rounds on one side is above the level of one row.
func enough(s *paired.Sample, f family) error {
	if 2*s.LeastP() <= f.each() {
		return nil
	}
	sizes := s.Sizes()
	have, each := prose.Count(sizes[0], "round"), ""
	least, err := paired.LeastRounds(f.rows, f.alpha)
	if len(sizes) == 2 {
		have, each = fmt.Sprintf("%d and %s", sizes[0], prose.Count(sizes[1], "figure")), " on each side"
		least, err = paired.LeastEach(f.rows, f.alpha)
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s are too few for any verdict at a level of %s over %s: at least %d%s are needed; measure more, or select fewer rows",
		have, prose.Percent(f.alpha), prose.Count(f.rows, "row"), least, each)
}

// holm adjusts the p-values of a family and calls its regressions.
func (r *Report) holm(alpha float64, counts bool) {
	var ps []float64
	var at []int
	for i, res := range r.Rows {
		if res.Row.Better != "" && res.Row.Exact == counts {
			ps, at = append(ps, res.P), append(at, i)
		}
	}
	for k, p := range paired.Holm(ps) {
		res := &r.Rows[at[k]]
		if res.Counted {
			continue
		}
		if res.Adjusted = p; p < alpha {
			res.Verdict, res.Improved = Regression, false
		}
	}
}

// change is the row's change before it is judged.
func (r Row) change() Change {
	base, head := r.sides()
	c := Change{Rounds: [2]int{len(base), len(head)}, Base: math.NaN(), Head: math.NaN(), Ratio: math.NaN(), Low: 0, High: math.Inf(1), Spread: math.Inf(1)}
	if len(base) > 0 {
		c.Base = numbers.Median(base)
	}
	if len(head) > 0 {
		c.Head = numbers.Median(head)
	}
	return c
}

// measure fills in what the row's sample says.
func (c *Change) measure(r Row, s *paired.Sample) {
	c.Ratio = math.Exp(r.sign() * s.Estimate())
	c.Spread = math.Expm1(spread(r))
}

// spread is the median distance of the rounds' logarithms from their middle: of
// the pairs' ratios, or of each side's figures.
func spread(r Row) float64 {
	var off []float64
	for _, logs := range r.logs(false) {
		if len(logs) == 0 {
			continue
		}
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
	return numbers.Median(off)
}

// control judges a row's control at the last look that the row has reached.
func (r *Report) control(res *Result, f family) error {
	if len(res.Row.Control) == 0 {
		return nil
	}
	row := Row{Name: "the control of " + res.Row.Name, Unit: res.Row.Unit, Better: res.Row.Better, Exact: res.Row.Exact, Pairs: res.Row.Control}
	c := &Control{Change: row.change(), P: 1, Adjusted: 1}
	res.Control = c
	all, err := row.sample(false)
	if err != nil {
		return fmt.Errorf("%s: %w", row, err)
	}
	if r.Rules.Looks == nil && !row.Exact {
		if err := enough(all, f); err != nil {
			return fmt.Errorf("%s: %w", row, err)
		}
	}
	c.measure(row, all)
	looks, _ := r.looks(row, min(len(row.Pairs), len(res.Row.Pairs)))
	if len(looks) == 0 {
		return nil
	}
	l := looks[len(looks)-1]
	d := row.first(l.n).logs(false)[0]
	for i, p := range row.Pairs[:l.n] {
		if math.Abs(p.Base-p.Head) <= row.cut() { // the figures before rounding may be the same
			d[i] = 0
		}
	}
	s, err := paired.SignedRank(d)
	if err != nil {
		return fmt.Errorf("%s: %w", row, err)
	}
	c.P = min(1, s.Differs(0)/l.share)
	c.Adjusted = min(1, c.P*float64(f.rows))
	i := s.Interval(f.each() * l.share)
	c.Low, c.High = math.Exp(i.Low), math.Exp(i.High)
	if row.sign() < 0 {
		c.Low, c.High = math.Exp(-i.High), math.Exp(-i.Low)
	}
	c.Sees = c.Low > 1 || c.High < 1
	return nil
}

// forecast estimates how much longer would decide an undecided row.
func (r *Report) forecast(res *Result, f family) {
	row, plan := res.Row, r.Rules.Looks
	if res.Verdict != Inconclusive || plan == nil || row.Cost <= 0 || row.Exact || !row.paired() {
		return
	}
	n := len(row.Pairs)
	to := res.Next
	if n >= 3 && row.check() == nil {
		// The estimate has an error of its own: within one standard error of
		// the margin nothing can be said.
		sd := 1.4826 * spread(row)
		distance := math.Abs(row.sign()*math.Log(res.Ratio) - math.Log1p(r.Rules.Margin))
		if !(distance > sd/math.Sqrt(float64(n))) {
			return
		}
		to = plan.Needed(n, f.each(), sd, distance, farthest)
	}
	if to > n {
		res.More = time.Duration(to-n) * row.Cost
	}
}

// conclude gives the verdict over all rows.
func (r *Report) conclude() {
	order := []Verdict{"", Pass, Inconclusive, Regression}
	worst := Verdict("")
	if len(r.Unchanged) > 0 {
		worst = Pass
	}
	worse := func(v Verdict) {
		if slices.Index(order, v) > slices.Index(order, worst) {
			worst = v
		}
	}
	for _, res := range r.Rows {
		worse(res.Verdict)
	}
	for _, m := range r.Missing {
		worse(m.Verdict)
	}
	r.Verdict = cmp.Or(worst, Inconclusive)
	for _, res := range r.Rows {
		if c := res.Control; c != nil && c.Sees {
			r.Verdict = Invalid
		}
	}
	r.More = r.more()
}

// more is how much longer would decide all benchmarks. Each takes as long as
// its slowest row. If one is unknown, so is the sum.
func (r *Report) more() (all time.Duration) {
	by := map[string]time.Duration{}
	for _, res := range r.Rows {
		if res.Verdict != Inconclusive {
			continue
		}
		if res.More == 0 {
			return 0
		}
		by[res.Row.Name] = max(by[res.Row.Name], res.More)
	}
	for _, m := range r.Missing {
		if m.Verdict == Inconclusive {
			return 0
		}
	}
	for _, d := range by {
		all += d
	}
	return all
}

// ExitCode is 0 for Pass, 1 for Regression, 3 for Inconclusive and Invalid.
// Rules.Inconclusive may turn 3 into 0 or 1.
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
