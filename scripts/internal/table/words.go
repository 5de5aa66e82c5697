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
	if f == nil || r.Own() || f.Median <= 0 {
		return ""
	}
	template, x, tail := w.Says, digits(f.Median)+" times", ""
	switch {
	case !f.Paired && f.Few:
		tail = " (unpaired; too few runs to tell)"
	case !f.Paired && f.P >= 1-confidence:
		template, tail = w.Same, fmt.Sprintf(" (unpaired, p %s)", prose.Chance(f.P, 3))
	case !f.Paired:
		tail = fmt.Sprintf(" (medians of unpaired runs, p %s)", prose.Chance(f.P, 3))
	case !f.Interval:
		tail = fmt.Sprintf(" (%s: no interval)", prose.Count(f.N, "round"))
	case f.Low <= 1 && 1 <= f.High:
		template, x = w.Same, fmt.Sprintf("%s to %s times", digits(f.Low), digits(f.High))
	case overlaps(f.Stat, ref):
		tail = fmt.Sprintf(" %s, which says nothing: the goroutine arm against itself came out so, too", f.Within())
	case f.High < 1 && w.Less != "":
		tail = fmt.Sprintf(" %s: %s", f.Within(), w.Less)
	default:
		tail = " " + f.Within()
	}
	if r.Lottery {
		tail += " (a lottery)"
	}
	return fill(template, x, r, ref) + tail + "."
}

// doubt is, of a row's factor, what its sentence says beside the numbers.
func doubt(r Row, ref *results.Row) string {
	f := r.Factor
	if f == nil || r.Own() {
		return ""
	}
	var says []string
	switch {
	case !f.Paired && f.Few:
		says = append(says, "unpaired, too few runs to tell")
	case !f.Paired && f.P >= 1-confidence:
		says = append(says, "unpaired, no difference seen")
	case !f.Paired:
		says = append(says, "unpaired, p "+prose.Chance(f.P, 3))
	case !f.Interval:
		says = append(says, prose.Count(f.N, "round")+", no interval")
	case f.Low <= 1 && 1 <= f.High:
		says = append(says, "no difference seen")
	case overlaps(f.Stat, ref):
		says = append(says, "says nothing: the goroutine arm against itself came out so, too")
	}
	if r.Lottery {
		says = append(says, "a lottery")
	}
	return strings.Join(says, "; ")
}

// plain is a sentence with a row's figure and its goroutine arm's, without a
// factor; "" if the wording is none for that.
func plain(says string, r Row, ref *results.Row) string {
	unit := r.Stats[0].Unit
	over := ref.Values(unit)
	if strings.Contains(says, "{x}") || len(over) == 0 {
		return ""
	}
	figures := strings.NewReplacer("{figure}", Figure(unit, r.Stats[0].Median), "{ref figure}", Figure(unit, Summarize(unit, over).Median))
	return fill(figures.Replace(says), "", r, ref) + "."
}

// overlaps tells whether the factor is one that the goroutine arm has to
// itself as well, over its twin or the twin over it.
func overlaps(f Stat, ref *results.Row) bool {
	if ref == nil || len(ref.Values(results.SelfFactor)) == 0 {
		return false
	}
	self := Summarize(results.SelfFactor, ref.Values(results.SelfFactor))
	over := func(low, high float64) bool { return f.Low <= high && low <= f.High }
	return self.Interval && (over(self.Low, self.High) || self.Low > 0 && over(1/self.High, 1/self.Low))
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
	of = append(of, "{wait}", r.Name.Phrase("wait"), "{load}", r.Name.Phrase("load"))
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
		if named, err := strconv.ParseFloat(n, 64); err == nil && s.Unit == "tasks" && s.Median < 0.99*named {
			return fmt.Sprintf("%.0f (of %s: no more fitted)", s.Median, n)
		}
	}
	return n
}
