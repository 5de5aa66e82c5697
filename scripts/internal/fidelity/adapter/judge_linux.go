package main

import (
	"errors"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"

	"threadbench/bench/lockstep"
)

// A judge is a program that times an op by itself.
type judge struct {
	name string // in errors
	path string
	cpus []int

	args    func(ops, batches int) []string   // 0 batches: for ever
	endless bool                              // it can run for ever
	timed   func(long time.Duration) []string // so that one batch takes so long; nil for a judge that is told its ops

	// line reads a line that the judge prints; false for one that is no batch's.
	// The error says what is wrong with one that should be.
	line func(line string) (batch, bool, error)
}

// A batch is what a judge says of so many ops.
type batch struct {
	ops     int
	nsPerOp float64
}

func newJudge(kind string, args []string) (*judge, error) {
	want := map[string]int{"c": 1, "go": 2, "perf": 0}
	n, known := want[kind]
	switch {
	case !known:
		return nil, fmt.Errorf("starting a judge: %q is no kind of one; choose c, go or perf", kind)
	case n != len(args):
		return nil, fmt.Errorf("starting a judge of kind %s: it takes %d arguments, %q given", kind, n, args)
	}
	switch kind {
	case "c":
		return inC(args[0]), nil
	case "go":
		return inGo(args[0], args[1]), nil
	}
	return byPerf()
}

// inC is a judge "PROGRAM OPS BATCHES". What it prints lacks only a name to be a
// result of package testing's.
func inC(path string) *judge {
	return &judge{
		name: filepath.Base(path), path: path, endless: true,
		args: func(ops, batches int) []string { return []string{strconv.Itoa(ops), strconv.Itoa(batches)} },
		line: func(line string) (batch, bool, error) { return result("BenchmarkC " + line) },
	}
}

// endless is how often a benchmark that runs for ever is asked for: package
// testing has no word for it.
const endless = 1000000

// inGo is a benchmark of a test binary; its name has the keys of a case, if it
// is one of the suite's. Package testing stops the timer of -test.timeout before the
// first benchmark, so that no scheduling has to read the clock for it.
func inGo(path, name string) *judge {
	var levels []string // -test.bench has one expression for each
	for part := range strings.SplitSeq("Benchmark"+name, "/") {
		levels = append(levels, "^"+regexp.QuoteMeta(part)+"$")
	}
	with := func(benchtime string, count int) []string {
		return []string{"-test.run=^$", "-test.bench=" + strings.Join(levels, "/"), "-test.benchtime=" + benchtime, "-test.count=" + strconv.Itoa(count)}
	}
	return &judge{
		name: "Benchmark" + name, path: path, endless: true,
		args: func(ops, batches int) []string {
			if batches == 0 {
				batches = endless
			}
			return with(fmt.Sprintf("%dx", ops), batches)
		},
		timed: func(long time.Duration) []string { return with(long.String(), 1) },
		line:  result,
	}
}

// result reads a line in the Go benchmark format. Whatever stands beside the
// results, it passes over.
func result(line string) (batch, bool, error) {
	for r := benchfmt.NewReader(strings.NewReader(line), ""); r.Scan(); {
		switch rec := r.Result().(type) {
		case *benchfmt.SyntaxError:
			return batch{}, false, errors.New(rec.Msg)
		case *benchfmt.Result:
			seconds, _ := rec.Value("sec/op")
			return newBatch(rec.Iters, seconds*1e9)
		}
	}
	return batch{}, false, nil
}

// newBatch is a batch, unless it can't be one.
func newBatch(ops int, nsPerOp float64) (batch, bool, error) {
	if all := nsPerOp * float64(ops); ops < 1 || !(all >= 1 && all <= float64(time.Hour)) {
		return batch{}, false, errors.New("want one op or more, and nanoseconds each that come to an hour at the most")
	}
	return batch{ops, nsPerOp}, true, nil
}

// byPerf is perf bench sched pipe with two threads: one process, one result. A
// round trip of its is two ops of ours. Where perf is missing, that is a
// *lockstep.Skip.
func byPerf() (*judge, error) {
	path, err := exec.LookPath("perf")
	if err != nil {
		return nil, lockstep.Skipf("perf is not in PATH; install it (on Debian: apt-get install linux-perf)")
	}
	return &judge{
		name: "perf bench sched pipe -T", path: path,
		args: func(ops, _ int) []string {
			return []string{"bench", "sched", "pipe", "-T", "-l", strconv.Itoa((ops + 1) / 2)}
		},
		line: perfLines(),
	}, nil
}

var perfTrips = regexp.MustCompile(`^# Executed (\d+) pipe operations between two threads$`)

// perfLines reads perf's lines: one says how many round trips it made, a later
// one how many microseconds each took.
func perfLines() func(line string) (batch, bool, error) {
	trips := 0
	return func(line string) (batch, bool, error) {
		if m := perfTrips.FindStringSubmatch(line); m != nil {
			trips, _ = strconv.Atoi(m[1])
		}
		number, ok := strings.CutSuffix(line, " usecs/op")
		if !ok {
			return batch{}, false, nil
		}
		microseconds, _ := strconv.ParseFloat(strings.TrimSpace(number), 64)
		return newBatch(2*trips, microseconds*1000/2)
	}
}

// pilot finds how many ops take about as long as a batch should. They are
// hundreds: some judges make threads a hundred at a time.
func (j *judge) pilot(long time.Duration) (ops int, err error) {
	const hundred = 100
	whole := func(n float64) int { return max(1, int(n/hundred+0.5)) * hundred }
	for ops = hundred; ; {
		bs, err := j.run(j.args(ops, 3))
		if err != nil {
			return 0, fmt.Errorf("finding how many ops take %v: %w", long, err)
		}
		nsPerOp := math.Inf(1) // the least: whatever disturbs a batch makes it longer
		for _, b := range bs {
			nsPerOp = min(nsPerOp, b.nsPerOp)
		}
		fits := whole(float64(long) / nsPerOp)
		if fits <= 2*ops {
			return fits, nil
		}
		ops = min(fits, 20*ops)
	}
}
