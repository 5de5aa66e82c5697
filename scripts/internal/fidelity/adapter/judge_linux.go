package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A judge is a program that times an op by itself.
type judge struct {
	name string // in errors
	path string
	cpus []int

	args  func(ops, batches int) []string   // 0 batches: for ever
	timed func(long time.Duration) []string // so that one batch takes so long; nil for a judge that is told its ops

	// line reads a line that the judge prints; false for one that is no
	// batch's. It is nil where only the whole output tells, which all reads then.
	line func(line string) (batch, bool, error)
	all  func(text string, ops int) (batch, error)
}

// A batch is what a judge says of so many ops.
type batch struct {
	ops     int
	nsPerOp float64
}

func newJudge(kind string, args []string) (*judge, error) {
	want := map[string]int{"c": 1, "go": 2, "suite": 2, "perf": 0}
	n, known := want[kind]
	switch {
	case !known:
		return nil, fmt.Errorf("starting a judge: %q is no kind of one; choose c, go, suite or perf", kind)
	case n != len(args):
		return nil, fmt.Errorf("starting a judge of kind %s: it takes %d arguments, %q given", kind, n, args)
	}
	switch kind {
	case "c":
		return inC(args[0]), nil
	case "go":
		return inGo(args[0], "^Benchmark"+regexp.QuoteMeta(args[1])+"$", "Benchmark"+args[1]), nil
	case "suite":
		j := inGo(args[0], suitePattern(args[1]), "Benchmark"+args[1])
		j.line = suiteLine(j.line)
		return j, nil
	}
	return byPerf()
}

// inC is a judge "PROGRAM OPS BATCHES".
func inC(path string) *judge {
	name := filepath.Base(path)
	return &judge{
		name: name, path: path,
		args: func(ops, batches int) []string { return []string{strconv.Itoa(ops), strconv.Itoa(batches)} },
		line: func(line string) (batch, bool, error) {
			fields := strings.Fields(line)
			if len(fields) != 3 || fields[2] != "ns/op" {
				return batch{}, false, nonsense(name, line, `"OPS NS ns/op"`)
			}
			b, err := newBatch(fields[0], fields[1])
			if err != nil {
				return b, false, nonsense(name, line, err.Error())
			}
			return b, true, nil
		},
	}
}

// endless is how often a benchmark that runs for ever is asked for: package
// testing has no word for it.
const endless = "1000000"

// inGo is a benchmark of a test binary. Package testing stops the timer of
// -test.timeout before the first benchmark, so that no scheduling has to read the
// clock for it.
func inGo(path, pattern, name string) *judge {
	base := []string{"-test.run=^$", "-test.bench=" + pattern}
	with := func(benchtime, count string) []string {
		return append(base[:len(base):len(base)], "-test.benchtime="+benchtime, "-test.count="+count)
	}
	return &judge{
		name: name, path: path,
		args: func(ops, batches int) []string {
			if batches == 0 {
				return with(fmt.Sprintf("%dx", ops), endless)
			}
			return with(fmt.Sprintf("%dx", ops), strconv.Itoa(batches))
		},
		timed: func(long time.Duration) []string { return with(long.String(), "1") },
		line: func(line string) (batch, bool, error) {
			fields := strings.Fields(line)
			if len(fields) == 0 || line == "PASS" || regexp.MustCompile(`^(goos|goarch|pkg|cpu): `).MatchString(line) {
				return batch{}, false, nil
			}
			if withoutProcs(fields[0]) != name || len(fields) < 4 {
				return batch{}, false, nonsense(name, line, "a result of "+name)
			}
			for i := 2; i+1 < len(fields); i += 2 {
				if fields[i+1] != "ns/op" {
					continue
				}
				b, err := newBatch(fields[1], fields[i])
				if err != nil {
					return b, false, nonsense(name, line, err.Error())
				}
				return b, true, nil
			}
			return batch{}, false, nonsense(name, line, "a figure in ns/op")
		},
	}
}

// suitePattern is what -bench selects the case by: one level a key.
func suitePattern(of string) string {
	var levels []string
	for part := range strings.SplitSeq("Benchmark"+of, "/") {
		levels = append(levels, "^"+regexp.QuoteMeta(part)+"$")
	}
	return strings.Join(levels, "/")
}

// suiteLine passes over what the suite's benchmarks print before the first
// result and beside them: configuration, units and remarks.
func suiteLine(line func(string) (batch, bool, error)) func(string) (batch, bool, error) {
	beside := regexp.MustCompile(`^([a-z][a-z0-9-]*: |Unit |# )`)
	return func(text string) (batch, bool, error) {
		if beside.MatchString(text) {
			return batch{}, false, nil
		}
		return line(text)
	}
}

// withoutProcs is a benchmark's name without the suffix -GOMAXPROCS.
func withoutProcs(name string) string {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return name
	}
	if _, err := strconv.Atoi(name[i+1:]); err != nil {
		return name
	}
	return name[:i]
}

// byPerf is perf bench sched pipe with two threads: one process, one result. A
// round trip of its is two ops of ours.
func byPerf() (*judge, error) {
	path, err := lookPath("perf")
	if err != nil {
		return nil, err
	}
	return &judge{
		name: "perf bench sched pipe -T", path: path,
		args: func(ops, _ int) []string {
			return []string{"bench", "sched", "pipe", "-T", "-l", strconv.Itoa((ops + 1) / 2)}
		},
		all: func(text string, ops int) (batch, error) {
			trips := (ops + 1) / 2
			microseconds, err := parsePerf(text, trips)
			return batch{2 * trips, microseconds * 1000 / 2}, err
		},
	}, nil
}

// parsePerf is the time of a round trip in what perf says of so many.
func parsePerf(text string, trips int) (microseconds float64, err error) {
	if want := fmt.Sprintf("# Executed %d pipe operations between two threads\n", trips); !strings.Contains(text, want) {
		return 0, fmt.Errorf("perf bench sched pipe does not say that it made %d round trips between two threads: %q", trips, text)
	}
	for line := range strings.Lines(text) {
		if number, ok := strings.CutSuffix(strings.TrimSpace(line), " usecs/op"); ok {
			microseconds, err = strconv.ParseFloat(number, 64)
			if err == nil && microseconds > 0 && microseconds < 1e12 {
				return microseconds, nil
			}
		}
	}
	return 0, fmt.Errorf("perf bench sched pipe gives no time a round trip: %q", text)
}

func newBatch(ops, nsPerOp string) (batch, error) {
	n, err := strconv.Atoi(ops)
	if err != nil || n < 1 {
		return batch{}, fmt.Errorf("a number of ops from 1 in the place of %q", ops)
	}
	ns, err := strconv.ParseFloat(nsPerOp, 64)
	if err != nil || !(ns > 0) || math.IsInf(ns, 0) || ns*float64(n) > float64(time.Hour) {
		return batch{}, fmt.Errorf("nanoseconds above 0 and less than an hour in the place of %q", nsPerOp)
	}
	return batch{n, ns}, nil
}

func nonsense(name, line, want string) error {
	return fmt.Errorf("%s printed nonsense: %.200q; want %s", name, line, want)
}

// pilot finds how many ops take about as long as a batch should. They are
// hundreds: some judges make threads a hundred at a time.
func (j *judge) pilot(long time.Duration) (ops int, err error) {
	const hundred = 100
	whole := func(n float64) int { return max(1, int(n/hundred+0.5)) * hundred }
	for ops = hundred; ; {
		bs, err := j.run(j.args(ops, 3), ops)
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

func environ() []string { return append(os.Environ(), "LC_ALL=C") }
