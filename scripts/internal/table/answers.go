package table

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
)

// Terms says what the words of a summary mean.
const Terms = "A locked thread is a goroutine with runtime.LockOSThread. A raw thread is made by clone(2), without Go's scheduler."

// AAIs explains the word A/A.
const AAIs = "the goroutine arm against itself: a check for noise"

// An Answer is a line of the summary: an action, the figure of the goroutine arm,
// and the rows of the threads.
type Answer struct {
	Does    string // what is done
	Arm     *Row   // the goroutine arm; nil where the table lacks it
	Threads []*Row // the threads' rows with a factor, at least one
	says    *catalog.Answer
}

// Answers are the summary's lines, in the families' order. A line needs a factor in
// the table.
func (t *Table) Answers() []Answer {
	var all []Answer
	for _, f := range catalog.Families {
		if f.Answer == nil {
			continue
		}
		a := Answer{Does: f.Answer.Does, says: f.Answer}
		for _, name := range f.Answer.Rows {
			if r := t.Row(name); r != nil && r.Factor != nil {
				a.Arm, a.Threads = t.Row(r.Name.Ref().String()), append(a.Threads, r)
			}
		}
		if a.Threads != nil {
			all = append(all, a)
		}
	}
	return all
}

// Figure is the figure of the goroutine arm.
func (a Answer) Figure() string {
	if a.Arm == nil {
		return summary.None
	}
	return a.Arm.Stats[0].Figure(a.Arm.Stats[0].Center)
}

// Thread is the row of a contender, nil if there is none.
func (a Answer) Thread(impl string) *Row {
	i := slices.IndexFunc(a.Threads, func(r *Row) bool { return r.Name.Get("impl") == impl })
	if i < 0 {
		return nil
	}
	return a.Threads[i]
}

// Contenders are the contenders of the threads in answers.
func Contenders(answers []Answer) []catalog.Contender {
	return slices.DeleteFunc(slices.Clone(catalog.Contenders), func(c catalog.Contender) bool {
		return !slices.ContainsFunc(answers, func(a Answer) bool { return a.Thread(c.Impl) != nil })
	})
}

// Against returns the factor of a thread's row in words: "28 times as long", "740
// times sooner" or "no difference seen". within is the factor's interval, "[23, 31]",
// or "". A factor over machines always has the words of its median.
func (a Answer) Against(r *Row) (words, within string) {
	f := *r.Factor
	interval := func() string {
		if !f.Interval {
			return ""
		}
		return fmt.Sprintf("[%s, %s]", rough(f.Low), rough(f.High))
	}
	if alike(f) && !f.Machines {
		return "no difference seen", interval()
	}
	follows := a.says.More
	if f.Center < 1 {
		follows, f = a.says.Less, inverse(f)
	}
	times := rough(f.Center)
	if f.States != nil {
		times = rough(f.States[0].Center) + " or " + rough(f.States[1].Center)
	}
	return times + " times " + follows, interval()
}

// inverse is one over a factor.
func inverse(f summary.Summary) summary.Summary {
	f.Center, f.Low, f.High = 1/f.Center, 1/f.High, 1/f.Low
	f.States = slices.Clone(f.States)
	slices.Reverse(f.States)
	for i := range f.States {
		f.States[i].Center = 1 / f.States[i].Center
	}
	return f
}

// rough is a factor with two significant digits. The summary's figures repeat no
// further digit from one run to the next.
func rough(x float64) string {
	if math.IsInf(x, 0) {
		return prose.Digits(x)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 1, 64), 64)
	if rounded >= 10 {
		return strconv.FormatFloat(rounded, 'f', 0, 64)
	}
	if rounded < 0.001 {
		return "<0.001"
	}
	return strconv.FormatFloat(rounded, 'f', 1-int(math.Floor(math.Log10(rounded))), 64)
}

// doubtful reports whether a thread's factor has a warning that the summary doesn't
// give for all factors.
func doubtful(r *Row) bool {
	return slices.ContainsFunc(r.Warnings, func(w summary.Warning) bool {
		return !slices.Contains([]summary.Kind{summary.Few, summary.Excludes, summary.NoAA}, w.Kind)
	})
}

// Summary writes the table in a dozen lines: what was measured, the terms, a line
// for each answer, and the doubts. Its error is the writer's.
func (t *Table) Summary(w io.Writer) error {
	b := bufio.NewWriter(w)
	answers := t.Answers()
	prose.Wrap(b, t.machine("", "kernel", "go", "cpus", "virt")+".", "", "  ")
	if len(answers) > 0 {
		columns, with := answered(answers, true), ", with 95% intervals"
		if total(columns) > prose.Width {
			columns, with = answered(answers, false), ""
		}
		prose.Wrap(b, Terms+" Factors are against the goroutine"+with+".", "", "")
		fmt.Fprintln(b)
		grid(b, columns)
	} else {
		fmt.Fprintln(b, "No row of the summary was measured.")
	}
	doubts := t.Doubts(answers)
	if slices.ContainsFunc(answers, func(a Answer) bool { return slices.ContainsFunc(a.Threads, doubtful) }) {
		doubts = append(doubts, "?: the rounds lie in two groups, drift or are not all there; the page says which.")
	}
	if n := len(t.Left()); n > 0 {
		doubts = append(doubts, prose.Count(n, "row")+" left out, cut or failed: the page says why.")
	}
	for _, d := range doubts {
		prose.Wrap(b, d, "", "  ")
	}
	return b.Flush()
}

// answered are the columns of the summary.
func answered(answers []Answer, intervals bool) []Column {
	does, arm := Column{}, Column{Head: "goroutine", Right: true}
	for _, a := range answers {
		does.add(a.Does, math.NaN())
		arm.add(a.Figure(), math.NaN())
	}
	columns := []Column{does, arm}
	for _, c := range Contenders(answers) {
		column := Column{Head: c.Short}
		for _, a := range answers {
			r := a.Thread(c.Impl)
			if r == nil {
				column.empty()
				continue
			}
			words, within := a.Against(r)
			if intervals && within != "" && r.Factor.States == nil { // both states stand there, which say more
				words += " " + within
			}
			if doubtful(r) {
				words += " ?"
			}
			column.add(words, math.NaN())
		}
		columns = append(columns, column)
	}
	return columns
}

// Doubts are the warnings that a reader of a summary needs. The file's come first.
func (t *Table) Doubts(answers []Answer) []string {
	all := slices.Clone(t.Warnings)
	if len(answers) > 0 {
		switch f := answers[0].Threads[0].Factor; {
		case f.Unpaired:
			all = append(all, "One arm ran after the other (driver testing), so that factors are unpaired, and there is no A/A ("+AAIs+").")
		case !f.Interval:
			all = append(all, f.Says(summary.Few)+".")
		}
	}
	var off, without []string
	for _, a := range answers {
		switch aa := a.Threads[0].AA; {
		case aa == nil:
			without = append(without, a.Does)
		case aa.Says(summary.Excludes) != "":
			off = append(off, fmt.Sprintf("%s (%s %s)", a.Does, aa.Figure(aa.Center), aa.Within()))
		}
	}
	if off != nil {
		all = append(all, "The A/A ("+AAIs+") is off 1: "+strings.Join(off, "; ")+".")
	}
	if without != nil && t.Driver == results.Lockstep {
		all = append(all, "No A/A ("+AAIs+") was measured for: "+strings.Join(without, "; ")+".")
	}
	return all
}
