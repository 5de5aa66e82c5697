package verdict

import (
	"fmt"
	"math"
	"strconv"

	"golang.org/x/perf/benchunit"

	"threadbench/scripts/internal/prose"
)

// none stands where there is no figure.
const none = "–"

// pDecimals are those of a p-value: the level of one row may be a thousandth.
const pDecimals = 4

// change is a ratio as a reader has it: "+5.13%", "−0.20%", "12.5×", "from 0".
func change(ratio float64) string {
	percent := math.Abs(ratio-1) * 100
	switch {
	case math.IsNaN(ratio):
		return none
	case math.IsInf(ratio, 1):
		return "from 0"
	case ratio == 0:
		return "to 0"
	case ratio >= 10:
		return strconv.FormatFloat(ratio, 'g', 3, 64) + "×"
	case percent < 0.005:
		return "0.00%"
	}
	sign, decimals := "+", 2
	if ratio < 1 {
		sign = "−"
	}
	if percent >= 9.995 {
		decimals = 1
	}
	return sign + strconv.FormatFloat(percent, 'f', decimals, 64) + "%"
}

// interval is a change's, open where it has no end.
func (c Change) interval() string {
	low, high := "["+change(c.Low), change(c.High)+"]"
	if c.Low == 0 {
		low = "(" + none
	}
	if math.IsInf(c.High, 1) {
		high = none + ")"
	}
	return low + ", " + high
}

// figures are base and head on one scale, with their unit: "275.0n → 289.1n sec/op".
func (r Result) figures() string {
	base, unit := benchunit.Tidy(r.Change.Base, r.Row.Unit)
	head, _ := benchunit.Tidy(r.Change.Head, r.Row.Unit)
	if r.Counted {
		return fmt.Sprintf("%s → %s %s", plain(base), plain(head), unit)
	}
	scale := benchunit.CommonScale([]float64{base, head}, benchunit.ClassOf(unit))
	return fmt.Sprintf("%s → %s %s", scale.Format(base), scale.Format(head), unit)
}

func plain(v float64) string { return strconv.FormatFloat(v, 'g', 10, 64) }

// rounds are how many there are: "15", or "10+12" unpaired.
func (r Result) rounds() string {
	if len(r.Row.Pairs) > 0 {
		return strconv.Itoa(r.Rounds[0])
	}
	return fmt.Sprintf("%d+%d", r.Rounds[0], r.Rounds[1])
}

// word is the row's verdict as a reader has it.
func (r Result) word() string {
	switch {
	case r.Verdict == "":
		return "decides nothing"
	case r.Improved:
		return "pass, better"
	}
	return string(r.Verdict)
}

// seen is the smallest change that the row's rounds could have seen.
func (r Result) seen() string {
	if r.Counted || r.Verdict == "" || r.Detectable == 0 || math.IsInf(r.Detectable, 0) || math.IsNaN(r.Detectable) {
		return none
	}
	return change(r.Detectable)
}

// adjusted is the row's p-value after Holm.
func (r Result) adjusted() string {
	if r.Counted || r.Verdict == "" {
		return none
	}
	return prose.Chance(r.Adjusted, pDecimals)
}

func (c Change) spread() string {
	if math.IsInf(c.Spread, 0) {
		return none
	}
	return "±" + prose.Percent(c.Spread)
}

// proof is why the row has its verdict.
func (r Result) proof() string {
	if r.Counted {
		return fmt.Sprintf("%s, counted", r.figures())
	}
	s := fmt.Sprintf("%s %s, %s", change(r.Ratio), r.interval(), r.figures())
	switch r.Verdict {
	case Regression:
		s += fmt.Sprintf(", p %s", prose.Chance(r.Adjusted, pDecimals))
	case Inconclusive:
		s += fmt.Sprintf("; %s rounds could have seen %s", r.rounds(), r.seen())
	}
	return s
}

// headline is the verdict over all rows in a sentence.
func (r *Report) headline() string {
	n := map[Verdict]int{}
	for _, res := range r.Rows {
		n[res.Verdict]++
	}
	all := len(r.Rows) - n[""]
	margin := prose.Percent(r.Rules.Margin)
	switch r.Verdict {
	case Pass:
		return fmt.Sprintf("none of %s is worse by more than %s.", prose.Count(all, "row"), margin)
	case Regression:
		are := "are"
		if n[Regression] == 1 {
			are = "is"
		}
		return fmt.Sprintf("%d of %s %s worse by more than %s.", n[Regression], prose.Count(all, "row"), are, margin)
	case Inconclusive:
		return fmt.Sprintf("%d of %s undecided: shown neither to be worse by more than %s nor not to be. More rounds see more.", n[Inconclusive], prose.Count(all, "row"), margin)
	}
	return "the control saw a difference between base and base."
}

// exit says what the exit code is and why.
func (r *Report) exit() string {
	s := fmt.Sprintf("exit code %d", r.ExitCode())
	if r.Rules.Inconclusive != "" && (r.Verdict == Inconclusive || r.Verdict == Invalid) {
		s += ", since inconclusive is to " + r.Rules.Inconclusive
	}
	return s
}

// terms say what the columns mean.
func (r *Report) terms() string {
	if r.Decided == 0 {
		return ""
	}
	level := prose.Percent(r.Rules.Alpha)
	return fmt.Sprintf("Level %s over the %s that statistics decide, each bound at %s. p is one-sided, of \"worse by\n"+
		"at most the margin\", after Holm; a control's is two-sided, of no change. \"could see\" is the smallest\n"+
		"worsening that such a run shows in 6 to 8 of 10 cases. Half of the rounds lie within the spread.",
		level, prose.Count(r.Decided, "row"), prose.Percent(r.Rules.Alpha/float64(r.Decided)))
}

// subject says what was compared.
func (r *Report) subject() string {
	if r.Base == "" && r.Head == "" {
		return ""
	}
	return fmt.Sprintf("base %s, head %s", prose.Legible(r.Base), prose.Legible(r.Head))
}

// loud are the remarks, the loudest first.
func (r *Report) loud() []Remark {
	var all []Remark
	for _, level := range []string{Error, Warning, Notice} {
		for _, m := range r.Remarks {
			if m.Level == level {
				all = append(all, m)
			}
		}
	}
	return all
}
