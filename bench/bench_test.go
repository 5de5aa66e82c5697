package bench_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"threadbench/bench"
	"threadbench/bench/catalog"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/bench/numbers"
)

// TestMain: this binary is its own worker. Before benchmarks it prints the head of a
// results file, so that benchstat knows where the figures come from.
func TestMain(m *testing.M) {
	if to := os.Getenv(relayVariable); to != "" {
		os.Exit(relay(to))
	}
	if measure.IsWorker() {
		dieIfTold()
		measure.Observe = profile
	}
	if _, err := bench.OwnWorker(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	// A worker under the race detector would sleep for a second as it exits.
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	flag.Parse()
	if goTest("bench") != "" {
		err := refuse()
		if err == nil {
			err = measure.WriteHead(os.Stdout, "testing", -1)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		if warning := measure.BuildWarning(); warning != "" {
			fmt.Fprintf(os.Stderr, "# build: %s\n", warning)
		}
		warn()
		takeProfiles()
	}
	code := m.Run()
	writeUnits()
	for _, name := range slices.Sorted(maps.Keys(unproven)) {
		fmt.Fprintf(os.Stderr, "# unproven %s: %s\n", name, unproven[name])
	}
	if err := sayProfiles(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 2
	}
	host.SweepGroups()
	os.Exit(code)
}

// unproven says for each benchmark why its latest run has no evidence.
var unproven = map[string]string{}

// Each Benchmark function is one family. The family's package has the comment. The
// adaptor hands testing's b.N to a worker as the number of ops, and reports the time
// by the worker's clock.

func BenchmarkCreate(b *testing.B)    { family(b, "Create") }
func BenchmarkStack(b *testing.B)     { family(b, "Stack") }
func BenchmarkStackGrow(b *testing.B) { family(b, "StackGrow") }
func BenchmarkSwitch(b *testing.B)    { family(b, "Switch") }
func BenchmarkScale(b *testing.B)     { family(b, "Scale") }
func BenchmarkBlock(b *testing.B)     { family(b, "Block") }
func BenchmarkServe(b *testing.B)     { family(b, "Serve") }
func BenchmarkMixed(b *testing.B)     { family(b, "Mixed") }
func BenchmarkWakeup(b *testing.B)    { family(b, "Wakeup") }
func BenchmarkBalance(b *testing.B)   { family(b, "Balance") }
func BenchmarkGC(b *testing.B)        { family(b, "GC") }
func BenchmarkPipeline(b *testing.B)  { family(b, "Pipeline") }
func BenchmarkDelegate(b *testing.B)  { family(b, "Delegate") }
func BenchmarkStart(b *testing.B)     { family(b, "Start") }

func family(b *testing.B, name string) {
	f, ok := bench.Families.Of(name)
	if !ok {
		b.Fatalf("no family %s", name)
	}
	at, program, err := measure.Here()
	if err != nil {
		b.Fatal(err)
	}
	at.Patience = time.Hour // go test has a timeout of its own
	branch(b, f.Cases, 1, func(b *testing.B, c measure.Case) {
		arm := at.Arm(c, program, profiled(c)...)
		if c.Once > 0 {
			once(b, at, arm)
		} else {
			sliced(b, at, arm)
		}
	})
}

// branch runs the cases as sub-benchmarks. Each key of a name is a level, so that
// -bench selects by each key.
func branch(b *testing.B, cases []measure.Case, level int, leaf func(*testing.B, measure.Case)) {
	for len(cases) > 0 {
		part := segment(cases[0], level)
		if part == "" {
			leaf(b, cases[0])
			return
		}
		var same, others []measure.Case
		for _, c := range cases {
			if segment(c, level) == part {
				same = append(same, c)
			} else {
				others = append(others, c)
			}
		}
		b.Run(part, func(b *testing.B) { branch(b, same, level+1, leaf) })
		cases = others
	}
}

func segment(c measure.Case, level int) string {
	parts := strings.Split(c.Name.String(), "/")
	if level >= len(parts) {
		return ""
	}
	return parts[level]
}

func sliced(b *testing.B, at *measure.Session, arm measure.Arm) {
	// Testing chooses b.N by its own time. That time and its B/op leave out the
	// worker's start.
	b.StopTimer()
	b.ResetTimer()
	arm.Spec.Around = func(run func()) {
		b.StartTimer()
		run()
		b.StopTimer()
	}
	r := turn(b, at, arm, b.N)
	report(b, r.NsPerOp, r.Figures)
}

func once(b *testing.B, at *measure.Session, arm measure.Arm) {
	var times []float64
	figures := map[string][]float64{}
	for b.Loop() {
		r := turn(b, at, arm, 1)
		times = append(times, r.NsPerOp)
		for unit, x := range r.Figures {
			figures[unit] = append(figures[unit], x)
		}
	}
	medians := map[string]float64{}
	for unit, xs := range figures {
		medians[unit] = numbers.Median(xs)
	}
	report(b, numbers.Median(times), medians)
}

// report reports figures, and the time of an op if it was measured.
func report(b *testing.B, nsPerOp float64, figures map[string]float64) {
	b.ReportMetric(nsPerOp, "ns/op") // 0 leaves it out
	if nsPerOp > 0 {
		use("ns/op")
	}
	for unit, x := range figures {
		b.ReportMetric(x, unit)
		use(unit)
	}
	// Testing writes a benchmark's name after the first run, and its figures after
	// the last run. Between the two, standard output is not at the beginning of a
	// line.
	if !reported[b.Name()] {
		reported[b.Name()] = true
		writeUnits()
	}
}

var (
	reported = map[string]bool{} // the benchmarks that have reported figures
	inUse    = map[string]bool{} // true once the unit's line is written
)

func use(unit string) {
	if !inUse[unit] {
		inUse[unit] = false
	}
}

// writeUnits writes a line for each unit in use that has no line yet.
func writeUnits() {
	var units []catalog.Unit
	for _, u := range catalog.Units {
		if written, used := inUse[u.Name]; used && !written {
			inUse[u.Name] = true
			units = append(units, u)
		}
	}
	if err := measure.WriteHeader(os.Stdout, nil, units); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// turn measures an arm in a fresh process. An arm that can't be measured, or that
// measured something else, ends the benchmark.
func turn(b *testing.B, at *measure.Session, arm measure.Arm, n int) measure.Reading {
	r := at.Turn(context.Background(), arm, n)
	cuts(b, r.Cuts)
	var other *measure.EvidenceError
	if errors.As(r.Err, &other) {
		b.Fatalf("%s measured something else: %v", b.Name(), r.Err)
	}
	if r.Err != nil {
		stop(b, r.Err)
	}
	delete(unproven, b.Name())
	if r.Unproven != "" {
		unproven[b.Name()] = r.Unproven
	}
	return r
}

// stop ends a benchmark that can't be measured here or has failed. It prints a skip's
// reason, since testing hides the reason without -v.
func stop(b *testing.B, err error) {
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		note("skip", b, skip.Reason)
		b.Skip(skip.Reason)
	}
	b.Fatal(err)
}

func cuts(b *testing.B, reasons []string) {
	for _, r := range reasons {
		note("cut", b, r)
	}
}

var noted = map[string]bool{}

// note writes a line about a benchmark to standard error, once.
func note(what string, b *testing.B, reason string) {
	line := fmt.Sprintf("# %s %s: %s", what, b.Name(), reason)
	if !noted[line] {
		noted[line] = true
		fmt.Fprintln(os.Stderr, line)
	}
}
