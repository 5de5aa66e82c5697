package study

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/chart"
	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
)

// confidence is that of each interval of the split by itself.
const confidence = 0.95

// makeSplit makes the table and picture of a study that run measured: a column
// of figures for each part that is there.
func (s study) makeSplit(table io.Writer, folder string) (drawing, error) {
	var files []*results.File
	var where, lacking []string
	for _, p := range s.parts {
		f, err := results.ReadFile(p.report(folder))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			lacking = append(lacking, fmt.Sprintf(" Not measured: %s.", p.name))
		case err != nil:
			return drawing{}, err
		default:
			files = append(files, f)
			where = append(where, fmt.Sprintf("%s, %s on %s", p.name, prose.Count(f.Rounds, "round"), place(f.Get)))
		}
	}
	fmt.Fprintf(table, "![%s](%s)\n\n", s.title, s.picture())
	d, err := s.split(table, files)
	if err != nil {
		return d, err
	}
	fmt.Fprintln(table)
	prose.Wrap(table, fmt.Sprintf("Intervals are of %s each, over rounds of fresh processes: %s.%s",
		prose.Percent(confidence), strings.Join(where, "; "), strings.Join(lacking, "")), "", "")
	return d, nil
}

// partOf is the part of its study that left the file.
func partOf(f *results.File) string { return strings.TrimSuffix(filepath.Base(f.Name), ".txt") }

// machineOf is a heading for the figures of a file.
func machineOf(f *results.File) string { return fmt.Sprintf("%s (%s)", f.Get("cpu"), partOf(f)) }

// A switching is a way to hand over, as measured in a row, and what it is made
// of: a row that is a part of it, and rows that add to that part.
type switching struct {
	head  string   // the primitive, for the first of its rows
	label string   // who
	steps []string // rows; each has all that the one before has, and more
	adds  []int    // by step: the key of what it adds (splitKeys)
}

// The keys of the picture, and what each stands for.
const (
	callsKey = iota
	userKey
	switchKey
	returnKey
	runtimeKey
)

var splitKeys = []chart.Key{
	callsKey:   {Look: chart.Look{Class: "clone"}, Part: chart.Full, Label: "measured: the calls, no switch"},
	userKey:    {Look: chart.Look{Class: "goroutine"}, Part: chart.Full, Label: "measured: in user space"},
	switchKey:  {Look: chart.Look{Class: "clone"}, Part: chart.Half, Label: "inferred: the kernel's switch"},
	returnKey:  {Look: chart.Look{Class: "locked"}, Part: chart.Half, Label: "inferred: functions that return"},
	runtimeKey: {Look: chart.Look{Class: "goroutine"}, Part: chart.Half, Label: "inferred: Go's runtime"},
}

func at(impl, mode, via string) string {
	return catalog.Name{Family: "Switch"}.With("impl", impl).With("mode", mode).With("via", via).With("place", "same").String()
}

// switchings leave out a locked thread's channel and yield. They make several
// kernel switches for each hand-off, so a raw thread's row is no part of theirs.
var switchings = []switching{
	{"Futex, channel", "goroutine, channel", []string{at("floor", "", "channel"), at("goroutine", "", "channel")}, []int{userKey, runtimeKey}},
	{"", "raw thread, futex", []string{at("floor", "", "futex"), at("clone", "", "futex"), at("clone", "called", "futex")}, []int{callsKey, switchKey, returnKey}},
	{"", "locked thread, futex", []string{at("floor", "", "futex"), at("clone", "", "futex"), at("locked", "", "futex")}, []int{callsKey, switchKey, runtimeKey}},
	{"Pipe", "goroutine", []string{at("floor", "", "pipe"), at("goroutine", "", "pipe")}, []int{callsKey, runtimeKey}},
	{"", "raw thread", []string{at("floor", "raw", "pipe"), at("clone", "", "pipe"), at("clone", "called", "pipe")}, []int{callsKey, switchKey, returnKey}},
	{"", "locked thread", []string{at("floor", "raw", "pipe"), at("clone", "", "pipe"), at("locked", "", "pipe")}, []int{callsKey, switchKey, runtimeKey}},
	{"Yield", "goroutine", []string{at("goroutine", "", "yield")}, []int{userKey}},
	{"", "raw thread", []string{at("floor", "", "yield"), at("clone", "", "yield"), at("clone", "called", "yield")}, []int{callsKey, switchKey, returnKey}},
}

// A difference is what some rows take beyond others: inferred, since nothing
// measures it by itself.
type difference struct {
	says string
	of   []term
}

// A term is a row, added so many times; below 0 it is subtracted.
type term struct {
	times int
	row   string
}

// less is one row less another, so many times.
func less(more string, times int, row string) []term { return []term{{1, more}, {-times, row}} }

// returning is what functions that return add to a hand-off, beyond what they
// add to the same calls without a switch.
func returning(via, floor string) []term {
	return []term{{1, at("clone", "called", via)}, {-1, at("clone", "", via)}, {-1, at("floor", "called", via)}, {1, at("floor", floor, via)}}
}

var differences = []difference{
	{"what the two calls of a futex do, beyond entering and leaving the kernel", less(at("floor", "", "futex"), 2, at("floor", "", "gettid"))},
	{"what the two calls of a pipe do", less(at("floor", "raw", "pipe"), 2, at("floor", "", "gettid"))},
	{"what the call of a yield does", less(at("floor", "", "yield"), 1, at("floor", "", "gettid"))},
	{"the kernel's switch, futex", less(at("clone", "", "futex"), 1, at("floor", "", "futex"))},
	{"the kernel's switch, pipe", less(at("clone", "", "pipe"), 1, at("floor", "raw", "pipe"))},
	{"the kernel's switch, yield", less(at("clone", "", "yield"), 1, at("floor", "", "yield"))},
	{"functions that return, without a switch, futex", less(at("floor", "called", "futex"), 1, at("floor", "", "futex"))},
	{"functions that return, without a switch, pipe", less(at("floor", "called", "pipe"), 1, at("floor", "raw", "pipe"))},
	{"functions that return, without a switch, yield", less(at("floor", "called", "yield"), 1, at("floor", "", "yield"))},
	{"returning after a switch, beyond that, futex", returning("futex", "")},
	{"returning after a switch, beyond that, pipe", returning("pipe", "raw")},
	{"returning after a switch, beyond that, yield", returning("yield", "")},
	{"Go's part in a locked thread's futex switch", less(at("locked", "", "futex"), 1, at("clone", "", "futex"))},
	{"channel and scheduler, beyond a coroutine's switch", less(at("goroutine", "", "channel"), 1, at("floor", "", "channel"))},
	{"poller and scheduler, beyond Go's own read and write", less(at("goroutine", "", "pipe"), 1, at("floor", "", "pipe"))},
}

// splitSwitch shows what a switch is made of, in each file.
func splitSwitch(w io.Writer, files []*results.File) (drawing, error) {
	heading := func(first string, columns ...string) {
		fmt.Fprintf(w, "| %s |", first)
		rule := "|---|---|"
		for _, c := range columns {
			fmt.Fprintf(w, " %s |", prose.Markdown(c))
			rule += "--:|"
		}
		fmt.Fprintf(w, "\n%s\n", rule)
	}
	var machines, measured []string
	for _, f := range files {
		machines = append(machines, machineOf(f))
		measured = append(measured, machineOf(f), "kernel switches")
	}
	figure := func(center, low, high float64) {
		fmt.Fprintf(w, " %s %s |", prose.Figure("ns/op", center), prose.Markdown(prose.Interval("ns/op", center, low, high)))
	}
	heading("measured | benchmark", measured...)
	for _, name := range switches {
		n, _ := catalog.ParseName(name) // TestDefinitions parses each
		fmt.Fprintf(w, "| %s | `%s` |", prose.Markdown(who(n)), name)
		for _, f := range files {
			r := f.Row(name)
			if r == nil {
				return drawing{}, fmt.Errorf("%s has no row %s; measure it anew: go run ./scripts/study -only %s switch", f.Name, name, partOf(f))
			}
			s := summary.Median("ns/op", r.Values("ns/op"))
			figure(s.Center, s.Low, s.High)
			kernel := summary.None
			if counts := r.Values("kernel-switches/op"); counts != nil {
				kernel = prose.Digits(summary.Median("kernel-switches/op", counts).Center)
			}
			fmt.Fprintf(w, " %s |", kernel)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
	heading("inferred | from", machines...)
	for _, d := range differences {
		fmt.Fprintf(w, "| %s | %s |", d.says, d.text())
		for _, f := range files {
			center, in, err := d.over(f)
			if err != nil {
				return drawing{}, err
			}
			figure(center, in.Low, in.High)
		}
		fmt.Fprintln(w)
	}
	d := drawing{about: "Bars of each way to hand over. Full colour was measured as a row of its own. Half colour is inferred: the row less what stands left of it.", width: 1060}
	for _, f := range files {
		d.charts = append(d.charts, bars(f, d.about))
	}
	return d, nil
}

// bars draws what the switches of a file are made of.
func bars(f *results.File, about string) chart.Drawing {
	picture := chart.Rows{Title: "Where the nanoseconds of a switch go, " + machineOf(f), Keys: splitKeys, About: about,
		X: chart.Axis{Label: "time per switch", Zero: true, Format: func(x float64) string { return prose.Figure("ns/op", x) }}}
	for _, s := range switchings {
		row := chart.Row{Head: s.head, Label: s.label}
		from := 0.0
		for i, name := range s.steps {
			to := summary.Median("ns/op", f.Row(name).Values("ns/op"))
			key := splitKeys[s.adds[i]]
			says := fmt.Sprintf("%s: %s", key.Label, prose.Figure("ns/op", to.Center-from))
			if to.Center > from {
				row.Bars = append(row.Bars, chart.Bar{Look: key.Look, Part: key.Part, From: from, To: to.Center, Says: says})
				from = to.Center
			}
			row.Value = prose.Figure("ns/op", to.Center)
		}
		picture.Rows = append(picture.Rows, row)
	}
	return picture
}

// floors say what the floors of a switch are.
var floors = map[string]string{
	at("floor", "", "channel"):     "two coroutines (iter.Pull), without the scheduler",
	at("floor", "", "futex"):       "the two calls of a futex, with nobody there",
	at("floor", "called", "futex"): "the same in functions that return",
	at("floor", "", "gettid"):      "a system call that does next to nothing",
	at("floor", "", "pipe"):        "a goroutine that writes and reads its own pipe",
	at("floor", "raw", "pipe"):     "a raw thread that writes and reads its own pipe",
	at("floor", "called", "pipe"):  "the same in functions that return",
	at("floor", "", "yield"):       "a yield to nobody",
	at("floor", "called", "yield"): "the same in a function that returns",
}

// who is the row in words.
func who(n catalog.Name) string {
	if says, ok := floors[n.String()]; ok {
		return says
	}
	says := catalog.Contenders[n.Contender()].Many + n.Phrase("via")
	if n.Get("mode") == "called" {
		says += ", in functions that return"
	}
	return says
}

// tail is a row's name without its family and place.
func tail(name string) string {
	n, _ := catalog.ParseName(name)
	text := "impl=" + n.Get("impl")
	for _, key := range []string{"mode", "via"} {
		if v := n.Get(key); v != "" {
			text += "/" + key + "=" + v
		}
	}
	return text
}

// text is the difference as rows.
func (d difference) text() string {
	text := ""
	for i, t := range d.of {
		switch {
		case i == 0:
		case t.times < 0:
			text += " less "
		default:
			text += " plus "
		}
		if n := max(t.times, -t.times); n > 1 {
			text += fmt.Sprintf("%d times ", n)
		}
		text += "`" + tail(t.row) + "`"
	}
	return text
}

// over is the difference in nanoseconds an op: Hodges and Lehmann's estimate
// over the rounds that have all its rows, with its interval.
func (d difference) over(f *results.File) (center float64, in paired.Interval, err error) {
	sums, terms := map[int]float64{}, map[int]int{} // by round
	for _, t := range d.of {
		r := f.Row(t.row)
		if r == nil {
			continue
		}
		for _, run := range r.Runs {
			if v, ok := run.Get("ns/op"); ok {
				sums[run.Round] += float64(t.times) * v
				terms[run.Round]++
			}
		}
	}
	var all []float64
	for round := range f.Rounds + 1 {
		if terms[round] == len(d.of) {
			all = append(all, sums[round])
		}
	}
	if len(all) == 0 {
		return 0, in, fmt.Errorf("%s: no round has all of %s; measure it anew: go run ./scripts/study -only %s switch", f.Name, d.text(), partOf(f))
	}
	s, err := paired.SignedRank(all)
	if err != nil {
		return 0, in, err
	}
	return s.Estimate(), s.Interval(1 - confidence), nil
}
