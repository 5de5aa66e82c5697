package study

import (
	"io"
	"regexp"
	"strings"

	"threadbench/scripts/internal/results"
)

// A study is a question, what is measured for it, and how it is shown.
type study struct {
	name  string // of its folder below results
	title string
	takes string // how long, for a reader
	parts []part
	// split shows what run measured, a file for each part; nil for a table of the
	// gate's comparisons.
	split func(table io.Writer, files []*results.File) (drawing, error)
}

// A part of a study is one comparison by the gate, or rows measured by run.
type part struct {
	name    string   // of its files: letters, digits and hyphens
	column  string   // of a comparison: the heading of its column; comparisons of other rows may share it
	about   string   // for the help, "" for the column's heading
	rows    []string // full names without "Benchmark"
	does    []string // the gate's arguments beside -bench and -o
	rounds  int      // of run; 0 for a comparison by the gate
	profile *profile // what has to be made first; nil for nothing
}

// The toolchains of the studies: the newest patches when they were defined. go
// fetches them. A later patch is another study.
const (
	older = "go1.26.11"
	newer = "go1.27.4"
	again = newer + ", again" // the heading of a second measurement
)

// goflags in an argument stands for the GOFLAGS of the environment. A side that
// sets GOFLAGS would lose them.
const goflags = "{GOFLAGS}"

// pattern matches these rows and no other, as the gate and run take it.
func pattern(rows []string) string {
	var all []string
	for _, r := range rows {
		all = append(all, regexp.QuoteMeta(r))
	}
	return "^Benchmark(" + strings.Join(all, "|") + ")$"
}

// levels matches these rows and no other, as go test takes it.
func levels(rows []string) string {
	var all []string
	for _, r := range rows {
		all = append(all, "^Benchmark"+strings.ReplaceAll(regexp.QuoteMeta(r), "/", "$/^")+"$")
	}
	return strings.Join(all, "|")
}

// measured is how the gate measures a comparison: each row in each round, and
// what is called undecided in its report is beyond 2%.
//
// 45 rounds are a look of the gate for 11 to 20 rows, with nothing left over.
func measured(args ...string) []string {
	return append(args, "-margin", "2%", "-rounds", "45", "-all-rounds")
}

// between compares two settings of a toolchain.
func between(toolchain, base, head string) []string {
	args := []string{"-base-env", "GOTOOLCHAIN=" + toolchain, "-head-env", "GOTOOLCHAIN=" + toolchain}
	if base != "" {
		args = append(args, "-base-env", base)
	}
	if head != "" {
		args = append(args, "-head-env", head)
	}
	return measured(args...)
}

// guide is the profile for the build of column PGO, of rows that spend their
// time in the runtime.
var guide = profile{file: "results/local/settings.pprof", env: []string{"GOTOOLCHAIN=" + newer}, rows: []string{
	"Create/impl=goroutine/mode=reused",
	"Switch/impl=goroutine/via=channel/place=same",
	"Switch/impl=goroutine/via=pipe/place=same",
	"Pipeline/impl=goroutine/mode=unbuffered/via=channel/stages=4",
}}

var toolchains = []string{"-base-env", "GOTOOLCHAIN=" + older, "-head-env", "GOTOOLCHAIN=" + newer}

// studies are all studies.
var studies = []study{
	{
		name: "go127", title: "Go 1.27 against Go 1.26", takes: "60 minutes",
		parts: []part{
			{name: "tasks", column: newer, about: "what is measured in slices: making, switching, handing on", rows: sliced, does: measured(toolchains...)},
			{name: "programs", column: newer, about: "what is measured once a process: stacks, servers, collections", rows: once, does: measured(toolchains...)},
			// The same once more. "Nothing moved" is worth more if a second
			// measurement, on another machine if there is one, says it too.
			{name: "tasks-again", column: again, about: "tasks once more, on another machine if there is one", rows: sliced, does: measured(toolchains...)},
			{name: "programs-again", column: again, about: "programs once more", rows: once, does: measured(toolchains...)},
			// The one experiment of the runtime that 1.27 switched on
			// (internal/buildcfg), so a suspect for what moved.
			{name: "malloc", column: newer + " over GOEXPERIMENT=nosizespecializedmalloc", rows: collecting, does: between(newer, "GOEXPERIMENT=nosizespecializedmalloc", "")},
		},
	},
	{
		name: "settings", title: "What settings of Go do to goroutines", takes: "40 minutes",
		parts: []part{
			{name: "nogreenteagc", column: "GOEXPERIMENT=nogreenteagc", rows: chosen, does: between(newer, "", "GOEXPERIMENT=nogreenteagc")},
			{name: "asyncpreemptoff", column: "GODEBUG=asyncpreemptoff=1", rows: chosen, does: between(newer, "", "GODEBUG=asyncpreemptoff=1")},
			{name: "goamd64v3", column: "GOAMD64=v3", rows: chosen, does: between(newer, "GOAMD64=v1", "GOAMD64=v3")},
			{name: "gogcoff", column: "GOGC=off", rows: collecting, does: between(newer, "", "GOGC=off")},
			{name: "pgo", column: "PGO", rows: chosen, does: between(newer, "", "GOFLAGS="+goflags+"-pgo="+guide.file), profile: &guide},
			// The other rows hold their worker on one CPU. With a second P there,
			// one is idle, and its sysmon is awake in the other side's turns.
			{name: "procs", column: "GOMAXPROCS=1, over 2", rows: free, does: between(newer, "GOMAXPROCS=2", "GOMAXPROCS=1")},
		},
	},
	{
		name: "switch", title: "What a switch is made of", takes: "20 minutes",
		parts: []part{
			{name: "first", about: "switches, their calls without a switch, and with a function that returns", rows: switches, rounds: 80},
			{name: "again", about: "the same once more, on another machine if there is one", rows: switches, rounds: 80},
		},
		split: splitSwitch,
	},
}

// sliced are primary rows that are measured in slices: the goroutines' of each
// such family, and locked threads' where they are what the family asks for. The
// last one runs no Go code on the clock: nothing may move it.
var sliced = []string{
	"Create/impl=goroutine/mode=reused",
	"Create/impl=goroutine/mode=burst",
	"Create/impl=locked/mode=inplace",
	"Create/impl=locked/mode=exitlocked",
	"Switch/impl=goroutine/via=channel/place=same",
	"Switch/impl=goroutine/via=pipe/place=same",
	"Switch/impl=goroutine/via=yield/place=same",
	"Switch/impl=floor/via=channel/place=same",
	"Switch/impl=locked/via=channel/place=same",
	"Switch/impl=locked/via=futex/place=same",
	"Pipeline/impl=goroutine/mode=unbuffered/via=channel/stages=4",
	"Pipeline/impl=goroutine/mode=buffered/via=channel/stages=1",
	"Delegate/impl=goroutine/mode=delegated/work=0/procs=1/n=1",
	"Delegate/impl=locked/mode=delegated/work=0/procs=1/n=1",
	"Switch/impl=clone/via=futex/place=same",
}

// once are primary rows that are measured once a process.
var once = []string{
	"Create/impl=goroutine/mode=cold",
	"Create/impl=goroutine/mode=start",
	"Stack/impl=goroutine/depth=0",
	"Stack/impl=goroutine/depth=65536",
	"StackGrow/impl=goroutine/mode=cold/depth=65536",
	"StackGrow/impl=goroutine/mode=default/depth=65536",
	"Scale/impl=goroutine/n=10000",
	"Block/impl=goroutine/wait=net/n=1000",
	"Block/impl=goroutine/wait=syscall/n=100",
	"Serve/impl=goroutine/mode=poller/n=1000",
	"Serve/impl=locked/mode=poller/n=1000",
	"Mixed/impl=goroutine/mode=together/procs=1",
	"Wakeup/impl=goroutine/via=pipe/load=idle",
	"Wakeup/impl=goroutine/via=pipe/load=hogs",
	"Wakeup/impl=goroutine/mode=slack/via=timer/load=idle",
	"Balance/impl=goroutine/mode=queue",
	"GC/impl=goroutine/n=10000/depth=0",
	"Start/impl=goroutine/procs=2",
}

// chosen are the rows of the settings.
var chosen = []string{
	"Create/impl=goroutine/mode=reused",
	"Create/impl=goroutine/mode=burst",
	"Create/impl=goroutine/mode=cold",
	"StackGrow/impl=goroutine/mode=default/depth=65536",
	"Switch/impl=goroutine/via=channel/place=same",
	"Switch/impl=goroutine/via=pipe/place=same",
	"Switch/impl=goroutine/via=yield/place=same",
	"Switch/impl=locked/via=channel/place=same",
	"Pipeline/impl=goroutine/mode=unbuffered/via=channel/stages=4",
	"Pipeline/impl=goroutine/mode=buffered/via=channel/stages=1",
	"Delegate/impl=locked/mode=delegated/work=0/procs=1/n=1",
	"Scale/impl=goroutine/n=10000",
	"Serve/impl=goroutine/mode=poller/n=1000",
	"GC/impl=goroutine/n=10000/depth=0",
}

// collecting are rows whose workers collect garbage. Those of other families set
// GOGC=off themselves.
var collecting = []string{
	"Create/impl=goroutine/mode=reused",
	"Create/impl=goroutine/mode=burst",
	"StackGrow/impl=goroutine/mode=default/depth=65536",
	"Switch/impl=goroutine/via=channel/place=same",
	"Switch/impl=goroutine/via=pipe/place=same",
	"Pipeline/impl=goroutine/mode=unbuffered/via=channel/stages=4",
	"Pipeline/impl=goroutine/mode=buffered/via=channel/stages=1",
	"Scale/impl=goroutine/n=10000",
	"Mixed/impl=goroutine/mode=together/procs=1",
}

// free are rows whose workers have all CPUs.
var free = []string{
	"Balance/impl=goroutine/mode=item",
	"Balance/impl=goroutine/mode=queue",
	"Mixed/impl=goroutine/mode=together/procs=all",
	"Delegate/impl=goroutine/mode=delegated/work=0/procs=all/n=1",
	"Delegate/impl=locked/mode=delegated/work=0/procs=all/n=1",
	"Delegate/impl=locked/mode=delegated/work=10us/procs=all/n=1",
}

// switches are the rows of the study of a switch.
var switches = []string{
	"Switch/impl=goroutine/via=channel/place=same",
	"Switch/impl=locked/via=channel/place=same",
	"Switch/impl=locked/via=futex/place=same",
	"Switch/impl=clone/via=futex/place=same",
	"Switch/impl=clone/mode=called/via=futex/place=same",
	"Switch/impl=floor/via=channel/place=same",
	"Switch/impl=floor/via=futex/place=same",
	"Switch/impl=floor/mode=called/via=futex/place=same",
	"Switch/impl=floor/via=gettid/place=same",
	"Switch/impl=goroutine/via=pipe/place=same",
	"Switch/impl=locked/via=pipe/place=same",
	"Switch/impl=clone/via=pipe/place=same",
	"Switch/impl=clone/mode=called/via=pipe/place=same",
	"Switch/impl=floor/via=pipe/place=same",
	"Switch/impl=floor/mode=raw/via=pipe/place=same",
	"Switch/impl=floor/mode=called/via=pipe/place=same",
	"Switch/impl=goroutine/via=yield/place=same",
	"Switch/impl=locked/via=yield/place=same",
	"Switch/impl=clone/via=yield/place=same",
	"Switch/impl=clone/mode=called/via=yield/place=same",
	"Switch/impl=floor/via=yield/place=same",
	"Switch/impl=floor/mode=called/via=yield/place=same",
}
