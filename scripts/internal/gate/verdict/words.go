package verdict

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/perf/benchunit"

	"threadbench/scripts/internal/prose"
)

// none stands where there is no figure.
const none = "–"

// named is how many rows the headline names.
const named = 3

// change is a ratio for a reader: "+5.13%", "−0.20%", "12.5×", "from 0".
func change(ratio float64) string { return signed(ratio, 2) }

// brief is change with two digits or three: "+5.1%", "+12%".
func brief(ratio float64) string { return signed(ratio, 1) }

func signed(ratio float64, decimals int) string {
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
	sign := "+"
	if ratio < 1 {
		sign = "−"
	}
	switch {
	case percent >= 9.995:
		decimals--
	case percent < 0.995:
		decimals = 2
	}
	return sign + strconv.FormatFloat(percent, 'f', decimals, 64) + "%"
}

// share is how much worse or better something is, without a sign: "12%".
func share(s float64) string { return strings.TrimPrefix(brief(1+math.Abs(s)), "+") }

// interval is a change's interval, open where it has no end, none without
// either.
func (c Change) interval(word func(float64) string) string {
	if c.Low == 0 && math.IsInf(c.High, 1) {
		return none
	}
	low, high := "["+word(c.Low), word(c.High)+"]"
	if c.Low == 0 {
		low = "(" + none
	}
	if math.IsInf(c.High, 1) {
		high = none + ")"
	}
	return low + ", " + high
}

// bounds are the row's interval; counts have none.
func (r Result) bounds() string {
	if r.Counted {
		return none
	}
	return r.interval(change)
}

// figures are base and head on one scale, with their unit: "275.0n → 289.1n
// sec/op".
func (r Result) figures() string {
	if math.IsNaN(r.Change.Base) || math.IsNaN(r.Change.Head) {
		return none
	}
	base, unit := benchunit.Tidy(r.Change.Base, r.Row.Unit)
	head, _ := benchunit.Tidy(r.Change.Head, r.Row.Unit)
	if r.Counted {
		return fmt.Sprintf("%s → %s %s", plain(base), plain(head), unit)
	}
	scale := benchunit.CommonScale([]float64{base, head}, benchunit.ClassOf(unit))
	return fmt.Sprintf("%s → %s %s", scale.Format(base), scale.Format(head), unit)
}

func plain(v float64) string { return strconv.FormatFloat(v, 'g', 10, 64) }

// rounds is the number of rounds: "15", "8 of 12" before the first look,
// "10+12" unpaired.
func (r Result) rounds() string {
	switch {
	case !r.Row.paired():
		return fmt.Sprintf("%d+%d", r.Rounds[0], r.Rounds[1])
	case r.early():
		return fmt.Sprintf("%d of %d", r.Rounds[0], r.Next)
	}
	return strconv.Itoa(r.Rounds[0])
}

// early tells whether the row is before its first look.
func (r Result) early() bool {
	return r.Verdict == Inconclusive && r.Next > 0 && math.IsInf(r.AtMost, 1) && r.Low == 0
}

// word is the row's verdict for a reader.
func (r Result) word() string {
	switch {
	case r.Verdict == "":
		return "decides nothing"
	case r.Improved:
		return "pass, better"
	}
	return string(r.Verdict)
}

// atMost is how much worse head can be.
func (r Result) atMost() string {
	switch {
	case r.Verdict == "" || math.IsNaN(r.AtMost) || r.Counted && math.IsInf(r.AtMost, 1):
		return none
	case math.IsInf(r.AtMost, 1):
		return "unknown"
	}
	return change(1 + r.AtMost)
}

// worse is the ratio of base and head that is greater where head is worse.
func (r Result) worse() float64 {
	if r.Row.Better == "higher" {
		return 1 / r.Ratio
	}
	return r.Ratio
}

// unit is the row's unit without scale. time tells whether it says how fast
// something is.
func (r Result) unit() (unit string, time bool) {
	_, unit = benchunit.Tidy(1, r.Row.Unit)
	return unit, unit == "sec/op" || unit == "B/s" || r.Row.Better == "higher" && strings.HasSuffix(unit, "/s")
}

// benchmark is the row's benchmark as a test file names it, with its package
// below dir: "zap/zapcore.BenchmarkBar". A name that is not of a benchmark
// stays.
func (r Row) benchmark(dir string) string {
	pkg, name := r.split(dir)
	if first, _ := utf8.DecodeRuneInString(name); !strings.HasPrefix(name, "Benchmark") && !unicode.IsLower(first) {
		name = "Benchmark" + name
	}
	return prose.Legible(pkg + name)
}

// Benchmark is the row's benchmark as a test file names it, with its whole
// package.
func (r Row) Benchmark() string { return r.benchmark("") }

// Names are the rows' names as the report has them: packages without the folder
// that all have in common.
func Names(rows []Row) []string {
	var r Report
	for _, row := range rows {
		r.Rows = append(r.Rows, Result{Row: row})
	}
	dir := r.dir()
	var names []string
	for _, row := range rows {
		names = append(names, row.short(dir))
	}
	return names
}

// Sentence says of a benchmark or a package why it has no figures: "BenchmarkA
// fails in head: no luck".
func Sentence(name, why string) string {
	if what, ok := strings.CutPrefix(why, "it "); ok {
		return prose.Legible(name + " " + what)
	}
	return prose.Legible(name + ": " + why)
}

// PassedUnmeasured says that unchanged packages pass.
func PassedUnmeasured(packages []string) string {
	return "passed without measuring, since their sources are the same: " + some(packages)
}

// short is the row's name with its package below dir.
func (r Row) short(dir string) string {
	pkg, name := r.split(dir)
	return prose.Legible(pkg + name)
}

func (r Row) split(dir string) (pkg, name string) {
	if name, ok := strings.CutPrefix(r.Name, r.Pkg+"."); ok && r.Pkg != "" {
		return strings.TrimPrefix(r.Pkg, dir) + ".", name
	}
	return "", r.Name
}

// dir is the path that the packages of all rows have in common, without the
// last element.
func (r *Report) dir() string {
	dir := ""
	for i, res := range r.Rows {
		at := strings.LastIndex(res.Row.Pkg, "/") + 1
		if own := res.Row.Pkg[:at]; i == 0 {
			dir = own
		}
		for !strings.HasPrefix(res.Row.Pkg, dir) {
			dir = dir[:strings.LastIndex(strings.TrimSuffix(dir, "/"), "/")+1]
		}
	}
	return dir
}

// says is what a row that is worse or better shows: "is 12% slower [+9.1%,
// +15%]".
func (r Result) says() string {
	unit, time := r.unit()
	if r.Counted || !(r.Ratio > 0) || math.IsInf(r.Ratio, 0) {
		return "goes from " + strings.Replace(r.figures(), " → ", " to ", 1)
	}
	w := r.worse()
	c := r.Change
	if r.Row.Better == "higher" && time { // as the time that it takes
		c.Ratio, c.Low, c.High = 1/c.Ratio, 1/c.High, 1/c.Low
	}
	interval := c.interval(brief)
	switch {
	case time && w >= 2:
		return fmt.Sprintf("takes %s× as long %s", prose.Digits(w), interval)
	case time && w >= 1:
		return fmt.Sprintf("is %s slower %s", share(w-1), interval)
	case time:
		return fmt.Sprintf("is %s faster %s", share(1-w), interval)
	case r.Ratio >= 2:
		return fmt.Sprintf("has %s× the %s %s", prose.Digits(r.Ratio), unit, interval)
	case r.Ratio >= 1:
		return fmt.Sprintf("has %s more %s %s", share(r.Ratio-1), unit, interval)
	}
	return fmt.Sprintf("has %s less %s %s", share(1-r.Ratio), unit, interval)
}

// surely tells that an undecided row is worse, though maybe by less than the
// margin.
func (r Result) surely() bool {
	return r.Verdict == Inconclusive && !r.Counted && !math.IsInf(r.AtMost, 0) &&
		(r.Row.Better == "lower" && r.Low > 1 || r.Row.Better == "higher" && r.High < 1)
}

// can is how bad an undecided row may still be: "at most 6.1% slower".
func (r Result) can() string {
	unit, time := r.unit()
	switch {
	case r.early():
		return fmt.Sprintf("only %s rounds", r.rounds())
	case math.IsInf(r.AtMost, 1) || math.IsNaN(r.AtMost):
		if r.Why != "" {
			return r.Why
		}
		return "nothing known"
	case r.Counted && r.Why != "":
		return r.Why
	case r.surely():
		return r.says() + ", but isn't shown to exceed the margin"
	case time:
		return "at most " + share(r.AtMost) + " slower"
	}
	return "at most " + share(r.AtMost) + " worse in " + unit
}

// proof is why the row has its verdict.
func (r Result) proof() string {
	var s []string
	switch {
	case r.Verdict == Regression || r.Improved:
		s = append(s, r.says())
	case r.Verdict == Inconclusive:
		s = append(s, r.can())
	}
	if f := r.figures(); f != none && !(r.Counted && r.Verdict != Inconclusive) {
		s = append(s, f)
	}
	if r.Why != "" && !slices.Contains(s, r.Why) {
		s = append(s, r.Why)
	}
	if how := r.how(); how != "" {
		s = append(s, how)
	}
	return strings.Join(s, "; ")
}

// how says how the row was measured, "" if in the usual way.
func (r Result) how() string {
	if r.Row.How == "" || r.Row.How == "turns" {
		return ""
	}
	return "measured in " + r.Row.How
}

// class puts the rows that a reader must see first at the top.
func (r Result) class() int {
	switch {
	case r.Verdict == Regression:
		return 0
	case r.Verdict == Inconclusive:
		return 1
	case r.Improved:
		return 2
	case r.Verdict == Pass:
		return 3
	}
	return 4
}

// folds tells whether the row is only counted in a line: unchanged allocation
// counts.
func (r Result) folds() bool {
	return (r.Row.Unit == "B/op" || r.Row.Unit == "allocs/op") && r.unchanged()
}

// sorted are the rows to show, the worst first: regressions and improvements by
// their size, undecided rows by how much worse they can be. Other rows, and
// rows of unknown size, keep the order given.
func (r *Report) sorted() []Result {
	all := slices.DeleteFunc(slices.Clone(r.Rows), Result.folds)
	size := func(res Result) float64 {
		size := 0.0
		switch {
		case res.Verdict == Regression:
			size = -res.worse()
		case res.Verdict == Inconclusive:
			size = -res.AtMost
		case res.Improved:
			size = res.worse()
		}
		if math.IsInf(size, 0) || math.IsNaN(size) {
			return 0 // from 0, or before the first look
		}
		return size
	}
	slices.SortStableFunc(all, func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.class(), b.class()), cmp.Compare(size(a), size(b)))
	})
	return all
}

// worst are the results that is selects, one for each benchmark, the worst
// first. A time comes before other units.
func (r *Report) worst(is func(Result) bool, by func(Result) float64) []Result {
	var all []Result
	at := map[string]int{}
	for _, res := range r.Rows {
		if !is(res) {
			continue
		}
		i, ok := at[res.Row.Name]
		if !ok {
			at[res.Row.Name] = len(all)
			all = append(all, res)
			continue
		}
		_, was := all[i].unit()
		_, time := res.unit()
		if time && !was || time == was && by(res) > by(all[i]) {
			all[i] = res
		}
	}
	slices.SortStableFunc(all, func(a, b Result) int { return cmp.Compare(by(b), by(a)) })
	return all
}

// benchmarks is the number of benchmarks whose verdict is selects, missing ones
// included.
func (r *Report) benchmarks(is func(Verdict) bool) int {
	names := map[string]bool{}
	for _, res := range r.Rows {
		if is(res.Verdict) {
			names[res.Row.Name] = true
		}
	}
	for _, m := range r.Missing {
		if m.Verdict != "" && is(m.Verdict) {
			names[m.Name] = true // it may have rows, too: its counts
		}
	}
	return len(names)
}

// Headline is the verdict in a line: what a person wants to know first.
func (r *Report) Headline() string {
	switch {
	case r.Verdict == Invalid:
		return r.invalid()
	case len(r.Rows) == 0 && len(r.Missing) == 0 && len(r.Unchanged) == 0:
		return "Nothing was compared."
	case r.Verdict == Regression:
		return r.regressions()
	case r.Verdict == Inconclusive:
		return r.undecided()
	case len(r.Rows) == 0:
		return r.nothing()
	}
	word := "worse"
	if slices.ContainsFunc(r.Rows, func(res Result) bool { _, time := res.unit(); return time && res.Verdict != "" }) {
		word = "slower"
	}
	s := fmt.Sprintf("Nothing is %s by more than %s.", word, prose.Percent(r.Rules.Margin))
	if better := r.improvements(); better != "" {
		s += " " + better
	}
	return s
}

// nothing is the headline where all that was compared is unchanged.
func (r *Report) nothing() string {
	of := "all " + prose.Count(len(r.Unchanged), "package")
	if len(r.Unchanged) == 1 {
		of = prose.Legible(r.Unchanged[0])
	}
	if len(r.Missing) == 0 {
		return "Nothing has changed: the sources of " + of + " are the same in base and head."
	}
	var phrases []string
	for _, m := range r.Missing {
		phrases = append(phrases, Sentence(m.Name, m.Why))
	}
	return "Nothing that was compared has changed: the sources of " + of + " are the same in base and head. Not compared: " + listed(phrases)
}

// listed are the first phrases, and how many more there are.
func listed(phrases []string) string {
	if more := len(phrases) - named; more > 0 {
		phrases = append(slices.Clone(phrases[:named]), fmt.Sprintf("and %d more", more))
	}
	return strings.Join(phrases, "; ") + "."
}

func (r *Report) regressions() string {
	var fail, worse, all []string
	dir := r.dir()
	for _, m := range r.Missing {
		if m.Verdict == Regression {
			fail = append(fail, Sentence(m.Name, m.Why))
		}
	}
	for _, res := range r.worst(func(res Result) bool { return res.Verdict == Regression }, Result.worse) {
		worse = append(worse, res.Row.benchmark(dir)+" "+res.says())
	}
	if fail != nil {
		all = append(all, listed(fail))
	}
	if n := len(worse); n == 1 {
		all = append(all, listed(worse))
	} else if n > 1 {
		all = append(all, fmt.Sprintf("%d of %s are worse: %s", n, prose.Count(r.measured(), "benchmark"), listed(worse)))
	}
	either := r.benchmarks(func(v Verdict) bool { return v == Inconclusive || v == Regression })
	switch n := either - r.benchmarks(func(v Verdict) bool { return v == Regression }); n {
	case 0:
	case 1:
		all = append(all, "1 other benchmark is inconclusive.")
	default:
		all = append(all, fmt.Sprintf("%d others are inconclusive.", n))
	}
	return strings.Join(all, " ")
}

// measured is the number of benchmarks with rows that decide.
func (r *Report) measured() int {
	names := map[string]bool{}
	for _, res := range r.Rows {
		if res.Verdict != "" {
			names[res.Row.Name] = true
		}
	}
	return len(names)
}

// improvements are the rows that are better by more than the margin.
func (r *Report) improvements() string {
	var phrases []string
	much := func(res Result) bool { return res.Improved && !(res.worse()*(1+r.Rules.Margin) > 1) }
	for _, res := range r.worst(much, func(res Result) float64 { return -res.worse() }) {
		phrases = append(phrases, res.Row.benchmark(r.dir())+" "+res.says())
	}
	if phrases == nil {
		return ""
	}
	return listed(phrases)
}

func (r *Report) undecided() string {
	s := "Inconclusive: "
	n := r.benchmarks(func(v Verdict) bool { return v == Inconclusive })
	all := r.benchmarks(func(v Verdict) bool { return v != "" })
	worst := r.worst(func(res Result) bool { return res.Verdict == Inconclusive }, func(res Result) float64 {
		if math.IsNaN(res.AtMost) {
			return math.Inf(1)
		}
		return res.AtMost
	})
	if n > 1 {
		s += fmt.Sprintf("%d of %s, among them ", n, prose.Count(all, "benchmark"))
	}
	if len(worst) > 0 {
		s += worst[0].Row.benchmark(r.dir()) + ", "
		if worst[0].surely() {
			s += "which "
		}
		s += prose.Legible(worst[0].can())
	} else {
		i := slices.IndexFunc(r.Missing, func(m Missing) bool { return m.Verdict == Inconclusive })
		if i < 0 {
			return "Inconclusive: no row decides anything."
		}
		s += prose.Legible(r.Missing[i].Name + ", " + r.Missing[i].Why)
	}
	busy, because := r.Disturbance.Busy(), "which is the likely reason"
	switch {
	case r.Needs != "" && len(worst) > 0 && worst[0].early():
		s += fmt.Sprintf("; %d rounds need -budget %s", worst[0].Next, r.Needs)
		because = "too"
	case r.More > 0:
		s += fmt.Sprintf("; about %s would decide", longer(r.More))
	case busy == "" && r.Plan != "":
		s += "; a larger -budget would tell more"
	}
	s += "."
	if busy != "" {
		s += " The machine was busy, " + because + ": " + busy + "."
	}
	return s
}

func (r *Report) invalid() string {
	bad := r.worst(func(res Result) bool { return res.Control != nil && res.Control.Sees }, func(res Result) float64 {
		return math.Abs(math.Log(res.Control.Ratio))
	})
	s := fmt.Sprintf("The control saw a difference between base and base: %s by %s %s%s. So this run says nothing about head; run it again on an idle machine.",
		bad[0].Row.benchmark(r.dir()), brief(bad[0].Control.Ratio), bad[0].Control.interval(brief), more(len(bad)-1))
	if busy := r.Disturbance.Busy(); busy != "" {
		s += " This one was busy: " + busy + "."
	}
	return s
}

// more says how many there are besides the one named.
func more(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", and %d more", n)
}

// longer is a time to go on for, rounded up: "8 more minutes".
func longer(d time.Duration) string {
	for _, u := range []struct {
		name string
		unit time.Duration
	}{{"hour", time.Hour}, {"minute", time.Minute}} {
		if d > 2*u.unit {
			return fmt.Sprintf("%d more %ss", int(math.Ceil(float64(d)/float64(u.unit))), u.name)
		}
	}
	return prose.Count(max(1, int(math.Ceil(d.Seconds()))), "more second")
}

// standing is the verdict's exit code and the reason for it, and what was
// compared.
func (r *Report) standing() string {
	s := fmt.Sprintf("exit code %d", r.ExitCode())
	if r.Rules.Inconclusive != "" && (r.Verdict == Inconclusive || r.Verdict == Invalid) {
		s += ", since -inconclusive is " + r.Rules.Inconclusive
	}
	if r.Base != "" || r.Head != "" {
		s += fmt.Sprintf("; base %s, head %s", prose.Legible(r.Base), prose.Legible(r.Head))
	}
	return s
}

// lines are the lines below the table, on all rows together.
func (r *Report) lines() []string {
	var all []string
	if s := r.allocations(); s != "" {
		all = append(all, s)
	}
	all = append(all, r.controls()...)
	if n := len(r.Unchanged); n > 0 && len(r.Rows)+len(r.Missing) > 0 {
		all = append(all, PassedUnmeasured(r.Unchanged))
	}
	return all
}

// allocations is a line on the rows that fold.
func (r *Report) allocations() string {
	n := map[string]int{}
	for _, res := range r.Rows {
		if res.folds() {
			n[res.Row.Unit]++
		}
	}
	b, a := n["B/op"], n["allocs/op"]
	switch {
	case a == 0 && b == 0:
		return ""
	case a == b:
		return fmt.Sprintf("B/op and allocs/op: unchanged in %s", prose.Count(a, "benchmark"))
	case a == 0:
		return fmt.Sprintf("B/op: unchanged in %s", prose.Count(b, "benchmark"))
	case b == 0:
		return fmt.Sprintf("allocs/op: unchanged in %s", prose.Count(a, "benchmark"))
	}
	return fmt.Sprintf("B/op: unchanged in %s; allocs/op: in %d", prose.Count(b, "benchmark"), a)
}

// controls are lines on base against base: one for each control that sees a
// difference, and one for all others.
func (r *Report) controls() []string {
	var all []string
	quiet := 0
	for _, res := range r.Rows {
		switch c := res.Control; {
		case c == nil || math.IsInf(c.High, 1): // none, or before its first look
		case c.Sees:
			all = append(all, fmt.Sprintf("control: base differs from base in %s by %s %s", prose.Legible(res.Row.String()), change(c.Ratio), c.interval(change)))
		default:
			quiet++
		}
	}
	if quiet > 0 {
		all = append(all, fmt.Sprintf("control, base against base: no difference seen in %s", prose.Count(quiet, "row")))
	}
	return all
}

// some are the first of many names, and how many more there are.
func some(all []string) string {
	names, more := few(all)
	return prose.Legible(strings.Join(names, ", ")) + more
}

// few are the first of many names, and a remark on the others. The JSON report
// has all names.
func few(all []string) (names []string, more string) {
	const most = 10
	if len(all) <= most+2 {
		return all, ""
	}
	return all[:most], fmt.Sprintf(" and %d more", len(all)-most)
}

// terms say what the columns mean.
func (r *Report) terms() string {
	if len(r.Rows) == 0 {
		return ""
	}
	margin := prose.Percent(r.Rules.Margin)
	return fmt.Sprintf("False alarms: at most %s run in 100 of unchanged code. A row passes if its whole interval is at most %s slower. "+
		"It is a regression if its whole interval is slower by more. change compares base and head round by round, so it may differ from the ratio of their medians.",
		strconv.FormatFloat(100*r.Rules.Alpha, 'g', 3, 64), margin)
}

// notes are remarks on rows. They are numbered in order.
type notes []string

// of are the numbers of a row's remarks: " [1]".
func (n *notes) of(res Result) string {
	var remarks []string
	if how := res.how(); how != "" {
		remarks = append(remarks, how)
	}
	if res.Why != "" {
		remarks = append(remarks, res.Why)
	}
	s := ""
	for _, text := range remarks {
		i := slices.Index(*n, text)
		if i < 0 {
			i = len(*n)
			*n = append(*n, text)
		}
		s += fmt.Sprintf(" [%d]", i+1)
	}
	return s
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
