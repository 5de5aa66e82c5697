package fidelity

import (
	"fmt"
	"slices"
	"strings"

	"threadbench/bench"
	"threadbench/bench/catalog"
	"threadbench/bench/measure"
)

// A pair is a line of the table: a row of the suite beside its judge.
type pair struct {
	of    string // the suite's case; "" for a judge without a row of the suite
	judge judge
	cause string // why it lies outside the bound, if it does; or why no row is like the judge
}

// A judge is another author's program, or the suite's own row in long runs.
type judge struct {
	kind kind
	name string
}

type kind int

const (
	byC    kind = iota // outside/c
	byGo               // outside/plain
	byPerf             // perf bench
	byRuns             // the same row of the suite in runs of 100 ms
)

func c(name string) judge     { return judge{byC, name} }
func plain(name string) judge { return judge{byGo, name} }

var (
	perf = judge{byPerf, "perf sched pipe"}
	runs = judge{byRuns, "runs of 100 ms"}
)

// closures is why creating a goroutine takes less than in a plain loop. In
// turns with each other, the same loops with one closure for all had these
// ratios to the suite's rows: 0.98 one at a time, 1.02 to 1.05 a hundred at a
// time.
const closures = "The judge makes a closure for each goroutine, 16 bytes an op, and the suite makes one for all. " +
	"With one closure for all, the judge's loop takes about as long as the suite's row."

// bound is how far from 1 a ratio may be.
const bound = 0.03

// pairs are all comparisons, in the order of the table.
var pairs = []pair{
	{of: "Switch/impl=goroutine/via=channel/place=same", judge: plain("Channel")},
	{of: "Switch/impl=goroutine/via=yield/place=same", judge: plain("Gosched")},
	{of: "Switch/impl=goroutine/via=pipe/place=same", judge: plain("Pipe")},
	{of: "Switch/impl=locked/via=channel/place=same", judge: plain("LockedChannel")},
	{of: "Switch/impl=locked/via=futex/place=same", judge: plain("LockedFutex")},
	{of: "Switch/impl=locked/via=pipe/place=same", judge: plain("LockedPipe")},
	{of: "Switch/impl=clone/via=futex/place=same", judge: c("raw_futex2")},
	{of: "Switch/impl=clone/via=futex/place=same", judge: c("raw_futex1")},
	{of: "Switch/impl=clone/via=pipe/place=same", judge: c("raw_pipe")},
	{of: "Switch/impl=clone/via=yield/place=same", judge: c("raw_yield")},
	{of: "Switch/impl=clone/mode=called/via=futex/place=same", judge: c("raw_futex_called")},
	{of: "Switch/impl=clone/mode=called/via=pipe/place=same", judge: c("raw_pipe_called")},
	{of: "Switch/impl=pthread/via=futex/place=same", judge: c("pthread_futex")},
	{of: "Switch/impl=pthread/via=pipe/place=same", judge: c("pthread_pipe")},
	{of: "Switch/impl=pthread/via=pipe/place=same", judge: perf,
		cause: "perf bench sched pipe -T. One of perf's round trips is two switches, and each of its turns is a process of 30 ms."},
	{of: "Switch/impl=pthread/via=yield/place=same", judge: c("pthread_yield")},

	{of: "Create/impl=goroutine/mode=reused", judge: plain("GoFunc")},
	{of: "Create/impl=goroutine/mode=reused", judge: plain("CreateWaitGroup"), cause: closures},
	{of: "Create/impl=goroutine/mode=reused", judge: plain("CreateChannel"),
		cause: "The judge makes a closure for each goroutine, too. It joins by a channel, which takes less than the suite's WaitGroup."},
	{of: "Create/impl=goroutine/mode=burst", judge: plain("GoFunc100")},
	{of: "Create/impl=goroutine/mode=burst", judge: plain("Create100"), cause: closures},
	{of: "Create/impl=locked/mode=exitlocked", judge: plain("LockedCreate")},
	{of: "Create/impl=locked/mode=burst", judge: plain("LockedCreate100")},
	{of: "Create/impl=clone/mode=reused", judge: c("raw_create")},
	{of: "Create/impl=clone/mode=burst", judge: c("raw_create100")},
	{of: "Create/impl=pthread/mode=reused", judge: c("pthread_create")},
	{of: "Create/impl=pthread/mode=burst", judge: c("pthread_create100")},
	{judge: c("raw_create_fresh"), cause: "No row of the suite makes one thread at a time on a stack that is mapped for it: " +
		"mode=cold keeps a thousand of them alive."},

	{of: "Switch/impl=goroutine/via=channel/place=same", judge: runs},
	{of: "Switch/impl=goroutine/via=pipe/place=same", judge: runs},
	{of: "Switch/impl=locked/via=channel/place=same", judge: runs},
	{of: "Switch/impl=clone/via=futex/place=same", judge: runs},
	{of: "Switch/impl=clone/via=pipe/place=same", judge: runs},
}

// name is the pair's name for -rows and in errors.
func (p pair) name() string {
	switch {
	case p.of == "":
		return p.judge.name
	case p.judge.kind == byRuns:
		return "Slices " + p.row()
	}
	return fmt.Sprintf("%s %s ~ %s", p.family(), p.row(), p.judge.name)
}

// family is the pair's heading.
func (p pair) family() string {
	switch {
	case p.of == "":
		return ""
	case p.judge.kind == byRuns:
		return "Slices"
	}
	family, _, _ := strings.Cut(p.of, "/")
	return family
}

// row is the case's name without its family and its keys: "clone futex".
func (p pair) row() string {
	if p.of == "" {
		return "-"
	}
	var values []string
	for part := range strings.SplitSeq(p.of, "/") {
		key, value, ok := strings.Cut(part, "=")
		if ok && key != "place" {
			values = append(values, value)
		}
	}
	return strings.Join(values, " ")
}

// lookup finds a case. Cases of C threads are in the suite's tables only if
// this command is built with -tags pthread. Their workers have their own build
// in any case, and they have the same requirements as cases of raw threads.
func lookup(of string) (measure.Case, error) {
	if found, ok := bench.Families.Lookup(of); ok {
		return found, nil
	}
	name, err := catalog.ParseName(of)
	if err != nil {
		return measure.Case{}, err
	}
	if name.Get("impl") == "pthread" {
		if like, ok := bench.Families.Lookup(name.With("impl", "clone").String()); ok {
			like.Name, like.C = name, true
			return like, nil
		}
	}
	return measure.Case{}, fmt.Errorf("the suite has no case %s", of)
}

// inC tells whether the pair needs a C compiler; cgo needs one, too.
func (p pair) inC() bool { return p.judge.kind == byC || p.pthread() }

func (p pair) pthread() bool { return strings.Contains(p.of, "/impl=pthread/") }

// layouts tells whether both sides are Go programs, whose figures depend on
// where the linker places their code.
func (p pair) layouts() bool { return p.of != "" && p.judge.kind == byGo }

// chosen are the pairs whose names match.
func chosen(match func(string) bool) ([]pair, error) {
	ps := slices.DeleteFunc(slices.Clone(pairs), func(p pair) bool { return !match(p.name()) })
	if len(ps) == 0 {
		var names []string
		for _, p := range pairs {
			names = append(names, p.name())
		}
		return nil, fmt.Errorf("-rows matches none of %q; give a regular expression for some of them", names)
	}
	return ps, nil
}
