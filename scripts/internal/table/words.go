package table

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
)

// contender is a name's contender in words, its own word if it is none of
// this suite's.
func contender(n catalog.Name) string {
	if i := n.Contender(); i >= 0 {
		return catalog.Contenders[i].Label
	}
	return cmp.Or(n.Get("impl"), n.Family)
}

// oneOp says what ONE op of a case's family is.
func oneOp(n catalog.Name) string {
	if f, ok := catalog.FamilyOf(n.Family); ok {
		return "One op is " + f.OneOp(n.Get("mode")) + "."
	}
	return "One op is one unit of what the family names."
}

// generic serves the families, modes and contenders that have no wording of
// their own.
var generic = catalog.Wording{Says: "{case}: {x} the goroutine arm's {unit}", Same: "{case}: no difference from the goroutine arm seen, {x} its {unit}"}

// head is a unit's column heading, lines parted by "\n".
func head(unit string) string {
	switch unit {
	case "ns/op":
		return "time\nper op"
	case results.Memory:
		return "user and\nkernel"
	case "user-B/task", "kernel-B/task", "reserved-B/task", "residue-B/task":
		name, _, _ := strings.Cut(unit, "-")
		return name
	case "kernel-switches/op":
		return "kernel\nswitches/op"
	case "syscalls/op":
		return "system\ncalls/op"
	case "crossed/op":
		return "crossed\nshare"
	case "threads/op":
		return "threads\nper op"
	}
	if name, ok := strings.CutSuffix(unit, "-ns"); ok {
		return name
	}
	return unit
}

// words is how a row compares, as a sentence: "" where it doesn't, and for the
// goroutine arm itself. ref is nil where the file doesn't hold that arm.
func words(r Row, ref *results.Row) string {
	w := generic
	if ref != nil {
		w = wordingFor(r.Name, ref.Name)
	}
	f := r.Factor
	if f == nil && ref != nil && !r.Own() {
		return plain(w.Says, r, ref)
	}
	if f == nil {
		return ""
	}
	template, x, tail := w.Says, prose.Digits(f.Center)+" times", " "+f.Within()
	switch {
	case f.States != nil:
		x, tail = strings.ReplaceAll(f.Text(), "×", "")+" times", ""
	case !f.Interval:
		tail = ""
	case alike(*f):
		template, x, tail = w.Same, fmt.Sprintf("%s to %s times", prose.Digits(f.Low), prose.Digits(f.High)), ""
	case f.High < 1 && w.Less != "":
		tail += ": " + w.Less
	}
	if more := remarks(r); more != nil {
		tail += " (" + strings.Join(more, "; ") + ")"
	}
	return fill(template, x, r, ref) + tail + "."
}

// alike tells whether a factor shows no difference.
func alike(f summary.Summary) bool {
	return f.States == nil && f.Interval && f.Low <= 1 && 1 <= f.High
}

// remarks are what a row's sentence says of its factor beside the numbers.
func remarks(r Row) []string {
	var all []string
	if f := r.Factor; f.States != nil {
		all = append(all, f.Says(summary.TwoStates))
	} else if !f.Interval {
		all = append(all, f.Says(summary.Few))
	}
	if r.Factor.Unpaired {
		all = append(all, "unpaired")
	}
	if r.Lottery {
		all = append(all, "a lottery")
	}
	return all
}

// doubt is the same for one who reads no sentence.
func doubt(r Row) string {
	if r.Factor == nil {
		return ""
	}
	all := remarks(r)
	if alike(*r.Factor) {
		all = append([]string{"no difference seen"}, all...)
	}
	return strings.Join(all, "; ")
}

// plain is a sentence with a row's figure and its goroutine arm's, without a
// factor; "" if the wording is none for that.
func plain(says string, r Row, ref *results.Row) string {
	unit := r.Stats[0].Unit
	over := ref.Values(unit)
	if strings.Contains(says, "{x}") || len(over) == 0 {
		return ""
	}
	figures := strings.NewReplacer("{figure}", prose.Figure(unit, r.Stats[0].Center), "{ref figure}", prose.Figure(unit, summary.Median(unit, over).Center))
	return fill(figures.Replace(says), "", r, ref) + "."
}

// wordingFor is the first of the family's wordings that fits.
func wordingFor(n, ref catalog.Name) catalog.Wording {
	wordless := func(n catalog.Name) bool { return n.Get("via") != "" && n.Phrase("via") == "" }
	if n.Contender() < 0 || wordless(n) || wordless(ref) {
		return generic
	}
	family, _ := catalog.FamilyOf(n.Family)
	for _, w := range family.Wordings {
		if (w.Impl == "" || w.Impl == n.Get("impl")) && (w.Mode == "" || w.Mode == n.Get("mode")) {
			if w.Says == "" {
				return generic
			}
			return w
		}
	}
	return generic
}

// fill puts a case and its goroutine arm into a wording's template.
func fill(template, x string, r Row, ref *results.Row) string {
	var keys []string
	for _, k := range catalog.Keys {
		if v := r.Name.Get(k); v != "" && k != "impl" {
			keys = append(keys, k+"="+v)
		}
	}
	of := []string{"{x}", x, "{n}", number(r), "{case}", strings.Join(slices.Concat([]string{r.Name.Family, r.Contender}, keys), ", "), "{unit}", r.Stats[0].Unit}
	name := func(prefix string, n catalog.Name, other string) {
		var c catalog.Contender
		if i := n.Contender(); i >= 0 {
			c = catalog.Contenders[i]
		}
		place := n.Phrase("place")
		if n.Get("place") == other { // told only where the two arms' differ
			place = ""
		}
		depth := ""
		if d := n.Get("depth"); d != "" && d != "0" {
			depth = " at depth " + d
		}
		stages := prose.Count(1, "stage")
		if n.Get("stages") != "1" {
			stages = n.Get("stages") + " stages"
		}
		of = append(of, "{"+prefix+"stages}", stages, "{"+prefix+"one}", c.One, "{"+prefix+"many}", c.Many, "{"+prefix+"place}", place, "{"+prefix+"depth}", depth,
			"{"+prefix+"via}", n.Phrase("via"), "{"+prefix+"stack}", n.Phrase("stack"))
	}
	of = append(of, "{wait}", r.Name.Phrase("wait"), "{load}", r.Name.Phrase("load"),
		"{work}", r.Name.Phrase("work"), "{procs}", r.Name.Phrase("procs"), "{callers}", r.Name.Phrase("n"))
	if ref != nil {
		name("", r.Name, ref.Name.Get("place"))
		name("ref ", ref.Name, r.Name.Get("place"))
	}
	return strings.NewReplacer(of...).Replace(template)
}

// number is a row's n, or how many tasks there were where no more fitted: three
// digits tell a hundredth.
func number(r Row) string {
	n := r.Name.Get("n")
	for _, s := range r.Stats {
		if named, err := strconv.ParseFloat(n, 64); err == nil && s.Unit == "tasks" && s.Center < 0.99*named {
			return fmt.Sprintf("%.0f (of %s: no more fitted)", s.Center, n)
		}
	}
	return n
}
