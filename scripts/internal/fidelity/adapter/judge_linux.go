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

	args    func(ops, batches int) []string   // 0 batches means for ever
	endless bool                              // it can run for ever
	timed   func(long time.Duration) []string // for a batch that takes so long; nil for a judge that is given its ops

	// line reads a line of the judge's output. It answers false for a line that
	// is no batch. The error says what is wrong with a batch's line.
	line func(line string) (batch, bool, error)
}

// A batch is a judge's time for that many ops.
type batch struct {
	ops     int
	nsPerOp float64
}

func newJudge(kind string, args []string) (*judge, error) {
	want := map[string]int{"c": 1, "go": 2, "perf": 0}
	n, known := want[kind]
	switch {
	case !known:
		return nil, fmt.Errorf("starting a judge: %q is no kind of judge; choose c, go or perf", kind)
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

// inC is a judge "PROGRAM OPS BATCHES". Its lines are results of package
// testing without a name.
func inC(path string) *judge {
	return &judge{
		name: filepath.Base(path), path: path, endless: true,
		args: func(ops, batches int) []string { return []string{strconv.Itoa(ops), strconv.Itoa(batches)} },
		line: func(line string) (batch, bool, error) { return result("BenchmarkC " + line) },
	}
}

// endless is the number of repetitions for a benchmark that should run for
// ever: package testing has no other way to say that.
const endless = 1000000

// inGo is a benchmark of a test binary. Its name has the keys of a case, if it
// is one of the suite's. Package testing stops the timer of -test.timeout
// before the first benchmark, so scheduling doesn't read the clock for it.
func inGo(path, name string) *judge {
	var levels []string // -test.bench has an expression for each level
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

// result reads a line in the Go benchmark format. It skips other lines.
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

// newBatch is a batch, or an error if the figures can't be one's.
func newBatch(ops int, nsPerOp float64) (batch, bool, error) {
	if all := nsPerOp * float64(ops); ops < 1 || !(all >= 1 && all <= float64(time.Hour)) {
		return batch{}, false, errors.New("want one op or more, and at most an hour in all")
	}
	return batch{ops, nsPerOp}, true, nil
}

// byPerf is perf bench sched pipe with two threads: one process, one result.
// One of its round trips is two of our ops. Without perf, the error is a
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

// perfLines reads perf's lines. One says how many round trips perf made, and a
// later one how many microseconds each took.
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

// pilot finds how many ops take about as long as a batch should. It counts in
// hundreds, since some judges make threads a hundred at a time.
func (j *judge) pilot(long time.Duration) (ops int, err error) {
	const hundred = 100
	whole := func(n float64) int { return max(1, int(n/hundred+0.5)) * hundred }
	for ops = hundred; ; {
		bs, err := j.run(j.args(ops, 3))
		if err != nil {
			return 0, fmt.Errorf("finding how many ops take %v: %w", long, err)
		}
		nsPerOp := math.Inf(1) // the least, since disturbances only make a batch longer
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
