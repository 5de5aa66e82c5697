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

// contender is a name's contender in words. A contender that this suite doesn't know
// stays as the name has it.
func contender(n catalog.Name) string {
	if i := n.Contender(); i >= 0 {
		return catalog.Contenders[i].Label
	}
	return cmp.Or(n.Get("impl"), n.Family)
}

// oneOp says what ONE op is in a case's family.
func oneOp(n catalog.Name) string {
	if f, ok := catalog.FamilyOf(n.Family); ok {
		return "One op is " + f.OneOp(n.Get("mode")) + "."
	}
	return "One op is one unit of what the family names."
}

// generic is for families, modes and contenders without a wording of their own.
var generic = catalog.Wording{Says: "{case}: {x} the goroutine arm's {unit}", Same: "{case}: no difference from the goroutine arm seen, {x} its {unit}"}

// head is a unit's column heading, its lines separated by "\n".
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

// words is a sentence that compares a row with its goroutine arm. It is "" for the
// goroutine arm itself, and for a row that has neither a factor nor a plain sentence.
// ref is nil where the file lacks the arm.
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

// alike reports whether a factor shows no difference.
func alike(f summary.Summary) bool {
	return f.States == nil && f.Interval && f.Low <= 1 && 1 <= f.High
}

// remarks are what a row's sentence adds to the numbers of its factor.
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

// doubt is the text of Row.Doubt, for a reader who sees the factor and no sentence.
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

// plain is a sentence with the figures of a row and of its goroutine arm, without a
// factor. It is "" if the wording has a factor or the goroutine arm has no figure.
func plain(says string, r Row, ref *results.Row) string {
	unit := r.Stats[0].Unit
	over := ref.Values(unit)
	if strings.Contains(says, "{x}") || len(over) == 0 {
		return ""
	}
	figures := strings.NewReplacer("{figure}", prose.Figure(unit, r.Stats[0].Center), "{ref figure}", prose.Figure(unit, summary.Median(unit, over).Center))
	return fill(figures.Replace(says), "", r, ref) + "."
}

// wordingFor is the family's first wording that fits, or generic.
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
		if n.Get("place") == other { // only where the places of the two arms differ
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

// number is a row's n. Where no more tasks fitted it is the number of tasks that
// there were; a difference of less than 1% doesn't count.
func number(r Row) string {
	n := r.Name.Get("n")
	for _, s := range r.Stats {
		if named, err := strconv.ParseFloat(n, 64); err == nil && s.Unit == "tasks" && s.Center < 0.99*named {
			return fmt.Sprintf("%.0f (of %s: no more fitted)", s.Center, n)
		}
	}
	return n
}
