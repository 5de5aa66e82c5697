package table

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

// contenders are the values of the key impl in words.
var contenders = map[string]struct{ label, one, many string }{
	"goroutine": {"goroutine", "a goroutine", "goroutines"},
	"locked":    {"locked thread", "a locked thread", "locked threads"},
	"clone":     {"raw thread (clone)", "a raw thread", "raw threads"},
	"pthread":   {"C thread (pthread)", "a C thread", "C threads"},
	"floor":     {"floor", "the floor", "the floor"},
}

// contender is a name's contender in words, its own word if it is none of
// this suite's.
func contender(n catalog.Name) string {
	impl := n.Get("impl")
	if c, ok := contenders[impl]; ok {
		return c.label
	}
	if impl == "" {
		return n.Family
	}
	return impl
}

// oneOp says what ONE op of a case's family is.
func oneOp(n catalog.Name) string {
	if f, ok := catalog.FamilyOf(n.Family); ok {
		return "One op is " + f.OneOp(n.Get("mode")) + "."
	}
	return "One op is one unit of what the family names."
}

// A wording says a factor in a sentence. An empty family, impl or mode is any.
// In braces: {one}, {many}, {via}, {place}, {stack}, {depth}, {n}, {stages}, {wait} and {load} of the case;
// the same with "ref " of its goroutine arm; {x} is "11.2 times", or a range
// of times; {case} and {unit} serve where the family is not known here. A
// wording without {x} is for cases without a factor, and has {figure}.
type wording struct {
	family, impl, mode string
	says               string // where there is a difference
	same               string // where none was seen
	less               string // what a factor below 1 is called; "" if that depends
}

// wordings: the first that fits counts.
var wordings = []wording{
	{"Create", "floor", "", "The floor of creating a task takes {x} as long as {ref one}", "The floor of creating a task and {ref one}: no difference seen, {x} as long", "faster"},
	{"Create", "", "cold", "Creating, running and joining {one} with none to reuse takes {x} as long as {ref one}", "Creating, running and joining {one} with none to reuse, and {ref one}: no difference seen, {x} as long", "faster"},
	{"Create", "", "nojoin", "Creating {one} up to its first step takes {x} as long as {ref one}", "Creating {one} up to its first step, and {ref one}: no difference seen, {x} as long", "faster"},
	{"Create", "locked", "inplace", "Creating, running and joining a locked goroutine that runs on its maker's thread takes {x} as long as a goroutine made from what the last one left", "Creating, running and joining a locked goroutine that runs on its maker's thread, and a goroutine made from what the last one left: no difference seen, {x} as long", "faster"},
	{"Create", "locked", "pooled", "Creating, running and joining a locked goroutine for which a thread of the pool is woken takes {x} as long as a goroutine made from what the last one left", "Creating, running and joining a locked goroutine for which a thread of the pool is woken, and a goroutine made from what the last one left: no difference seen, {x} as long", "faster"},
	{"Create", "locked", "reused", generic.says, generic.same, ""}, // of older files: no case has that name any more
	{"Create", "", "reused", "Creating, running and joining {one}, one after the other, takes {x} as long as {ref one}", "Creating, running and joining {one}, one after the other, and {ref one}: no difference seen, {x} as long", "faster"},
	{"Create", "", "burst", "Creating, running and joining {one}, many at a time, takes {x} as long as {ref one}", "Creating, running and joining {one}, many at a time, and {ref one}: no difference seen, {x} as long", "faster"},
	{"Create", "", "stamped", "Creating, running and joining {one}, one after the other and stamped, takes {x} as long as {ref one}", "Creating, running and joining {one}, one after the other and stamped, and {ref one}: no difference seen, {x} as long", "faster"},
	{"StackGrow", "floor", "", "Going down a stack that has grown already{depth} takes {x} as long as the first time", "Going down a stack that has grown already{depth} and the first time: no difference seen, {x} as long", "faster"},
	{"StackGrow", "", "", "The first way down its stack{depth} takes {one} {x} as long as {ref one}", "The first way down their stacks{depth}, {one} and {ref one}: no difference seen, {x} as long", "faster"},
	{"Stack", "floor", "", "The floor of a parked task{depth} holds {x} as much memory, user and kernel, as {ref one}", "The floor of a parked task{depth} and {ref one}: no difference seen in memory, {x} as much", "less"},
	{"Stack", "", "", "Parked{depth}, {one}{stack} holds {x} as much memory, user and kernel, as {ref one}", "Parked{depth}, {one}{stack} and {ref one}: no difference seen in memory, {x} as much", "less"},
	{"Serve", "goroutine", "blocking", "Answering a request on one of {n} connections takes a goroutine that blocks in read(2) {x} as much CPU time as one that waits through the poller", "Answering a request on one of {n} connections, goroutines that block in read(2) and such as wait through the poller: no difference seen, {x} as much CPU time", "less"},
	{"Serve", "floor", "", "Answering a request on one of {n} connections takes one loop for all of them {x} as much CPU time as {ref one} for each", "Answering a request on one of {n} connections, one loop for all of them and {ref one} for each: no difference seen, {x} as much CPU time", "less"},
	{"Serve", "", "", "Answering a request on one of {n} connections takes {one} for each {x} as much CPU time as {ref one}", "Answering a request on one of {n} connections, {one} and {ref one} for each: no difference seen, {x} as much CPU time", "less"},
	{"Mixed", "goroutine", "serial", "A download, writes to a disk and factorials take {x} as long one after the other as in {ref one} each", "A download, writes to a disk and factorials, one after the other and in {ref one} each: no difference seen, {x} as long", "faster"},
	{"Mixed", "", "", "A download, writes to a disk and factorials take {x} as long in {one} each as in {ref one} each", "A download, writes to a disk and factorials, in {one} each and in {ref one} each: no difference seen, {x} as long", "faster"},
	{"Switch", "", "traced", "A switch between {many}{via}{place} makes {figure} system calls under a tracer, one between {ref many}{ref via}{ref place} {ref figure}", "", ""},
	{"Scale", "", "", "Creating, holding and joining {one}, {n} at once, takes {x} as long as {ref one}", "Creating, holding and joining {one}, {n} at once, and {ref one}: no difference seen, {x} as long", "faster"},
	{"GC", "floor", "", "A collection in a process without tasks stops the world {x} as long as with {ref many} parked", "A collection in a process without tasks and with {ref many} parked: no difference seen, the world is stopped {x} as long", "shorter"},
	{"GC", "", "", "A collection with {n} {many} parked{depth} stops the world {x} as long as with {ref many}", "A collection with {n} {many} parked{depth}, and with {ref many}: no difference seen, the world is stopped {x} as long", "shorter"},
	{"Block", "floor", "", "A bystander's work beside nobody takes {x} as long as beside {ref many} that wait{wait}, {n} of them", "A bystander's work beside nobody and beside {ref many} that wait{wait}, {n} of them: no difference seen, {x} as long", "faster"},
	{"Block", "", "", "A bystander's work beside {many} that wait{wait}, {n} of them, takes {x} as long as beside {ref many}", "A bystander's work beside {many} and beside {ref many} that wait{wait}, {n} of them: no difference seen, {x} as long", "faster"},
	{"Wakeup", "", "noslack", "Woken{via}{load}, without timer slack, {one} has a 99th percentile of the time to wake {x} that of {ref one}", "Woken{via}{load}, without timer slack, {one} and {ref one}: no difference seen in the 99th percentile of the time to wake, {x}", "sooner"},
	{"Wakeup", "", "", "Woken{via}{load}, {one} has a 99th percentile of the time to wake {x} that of {ref one}", "Woken{via}{load}, {one} and {ref one}: no difference seen in the 99th percentile of the time to wake, {x}", "sooner"},
	{"Switch", "floor", "", "The floor of a switch{via} takes {x} as long as one between {ref many}{ref via}{ref place}", "The floor of a switch{via} and one between {ref many}{ref via}{ref place}: no difference seen, {x} as long", "faster"},
	{"Balance", "", "queue", "Doing a list of uneven work on all CPUs by {many} that receive from one channel takes {x} as long as by {ref many}", "Doing a list of uneven work on all CPUs by {many} and by {ref many} that receive from one channel: no difference seen, {x} as long", "faster"},
	{"Balance", "", "shared", "Doing a list of uneven work on all CPUs by {many} that share an index takes {x} as long as by {ref many}", "Doing a list of uneven work on all CPUs by {many} and by {ref many} that share an index: no difference seen, {x} as long", "faster"},
	{"Balance", "", "fixed", "Doing a list of uneven work on all CPUs by {many} with a fixed share each takes {x} as long as by {ref many}", "Doing a list of uneven work on all CPUs by {many} and by {ref many} with a fixed share each: no difference seen, {x} as long", "faster"},
	{"Switch", "", "called", "A switch between {many}{via}, each half in a function that returns, takes {x} as long as one between {ref many}{ref via}", "A switch between {many}{via}, each half in a function that returns, and one between {ref many}{ref via}: no difference seen, {x} as long", "faster"},
	{"Switch", "", "", "A switch between {many}{via}{place} takes {x} as long as one between {ref many}{ref via}{ref place}", "A switch between {many}{via}{place} and one between {ref many}{ref via}{ref place}: no difference seen, {x} as long", "faster"},
	{"Pipeline", "floor", "", "Calling {stages} directly takes {x} as long as items through {ref stages} of {ref many}", "Calling {stages} directly and items through {ref stages} of {ref many}: no difference seen, {x} as long", "faster"},
	{"Pipeline", "", "unbuffered", "An item through {stages} of {many}{via} takes {x} as long as through {ref many}{ref via}, unbuffered", "An item through {stages} of {many}{via} and through {ref many}{ref via}, unbuffered: no difference seen, {x} as long", "faster"},
	{"Pipeline", "", "buffered", "An item through {stages} of {many}{via} takes {x} as long as through {ref many}{ref via}, with buffers", "An item through {stages} of {many}{via} and through {ref many}{ref via}, with buffers: no difference seen, {x} as long", "faster"},
	{"Pipeline", "", "crossover", "Handing an item on to {one}{via} costs 5% of work that is {x} as long as with {ref one}{ref via}", "Handing an item on to {one}{via} and to {ref one}{ref via} costs 5% of the same work: no difference seen, {x} as long", "less"},
}

// generic serves the families, modes and contenders that wordings doesn't know.
var generic = wording{says: "{case}: {x} the goroutine arm's {unit}", same: "{case}: no difference from the goroutine arm seen, {x} its {unit}"}

// phrases are key values in a sentence. A place is told only where the two
// arms' differ.
var phrases = map[string]string{
	"via=channel":   " through a channel",
	"via=futex":     " through a futex",
	"via=pipe":      " through a pipe",
	"via=yield":     " by yielding",
	"via=ring":      " through a ring",
	"via=call":      " by a call",
	"via=timer":     " by a timer",
	"wait=net":      " for a socket",
	"wait=syscall":  " in a system call",
	"wait=disk":     " for the disk",
	"load=idle":     " on an idle machine",
	"load=hogs":     " beside hogs on every CPU",
	"load=outside":  " beside another process's hogs on every CPU",
	"stack=least":   " on the least stack",
	"stack=default": " on the default stack",
	"place=same":    " on one CPU",
	"place=cross":   " across two CPUs",
	"place=free":    " placed freely",
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
		return plain(w.says, r, ref)
	}
	if f == nil || r.Own() || f.Median <= 0 {
		return ""
	}
	template, x, tail := w.says, digits(f.Median)+" times", ""
	switch {
	case !f.Paired && f.Few:
		tail = " (unpaired; too few runs to tell)"
	case !f.Paired && f.P >= 1-confidence:
		template, tail = w.same, fmt.Sprintf(" (unpaired, p %s)", prose.Chance(f.P, 3))
	case !f.Paired:
		tail = fmt.Sprintf(" (medians of unpaired runs, p %s)", prose.Chance(f.P, 3))
	case !f.Interval:
		tail = fmt.Sprintf(" (%s: no interval)", prose.Count(f.N, "round"))
	case f.Low <= 1 && 1 <= f.High:
		template, x = w.same, fmt.Sprintf("%s to %s times", digits(f.Low), digits(f.High))
	case overlaps(f.Stat, ref):
		tail = fmt.Sprintf(" %s, which says nothing: the goroutine arm against itself came out so, too", f.Within())
	case f.High < 1 && w.less != "":
		tail = fmt.Sprintf(" %s: %s", f.Within(), w.less)
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

func wordingFor(n, ref catalog.Name) wording {
	_, known := contenders[n.Get("impl")]
	_, via := phrases["via="+n.Get("via")]
	_, refVia := phrases["via="+ref.Get("via")]
	for _, w := range wordings {
		if w.family == n.Family && (w.impl == "" || w.impl == n.Get("impl")) && (w.mode == "" || w.mode == n.Get("mode")) {
			if known && (via || n.Get("via") == "") && (refVia || ref.Get("via") == "") {
				return w
			}
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
		c := contenders[n.Get("impl")]
		place := phrases["place="+n.Get("place")]
		if n.Get("place") == other {
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
		of = append(of, "{"+prefix+"stages}", stages, "{"+prefix+"one}", c.one, "{"+prefix+"many}", c.many, "{"+prefix+"place}", place, "{"+prefix+"depth}", depth,
			"{"+prefix+"via}", phrases["via="+n.Get("via")], "{"+prefix+"stack}", phrases["stack="+n.Get("stack")])
	}
	of = append(of, "{wait}", phrases["wait="+r.Name.Get("wait")], "{load}", phrases["load="+r.Name.Get("load")])
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
