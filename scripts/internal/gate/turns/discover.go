package turns

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"
)

// Outcome is how a benchmark ended.
type Outcome string

const (
	Measured Outcome = "measured"
	Skipped  Outcome = "skipped" // b.Skip
	Failed   Outcome = "failed"
	Silent   Outcome = "silent" // it ran, and gave neither a result nor a reason
)

// A Discovery is a benchmark of a test binary, run for a single iteration.
type Discovery struct {
	Name    string // full name, without -GOMAXPROCS
	Outcome Outcome
	Why     string             // what it printed, if it failed or was skipped
	Took    time.Duration      // from the printing of its name to its end, setting up included
	Values  map[string]float64 // of a single iteration, by unit, if it was measured
	Notes   []string           // what was left out of the values, and why
}

// Discovered is what Discover finds.
type Discovered struct {
	Benchmarks []Discovery // those without benchmarks below them, in the order in which they ran
	Units      []*benchfmt.UnitMetadata
	Config     []benchfmt.Config // goos, goarch, pkg, cpu
}

// Discover runs the benchmark function s.Name, such as BenchmarkMux, for one
// iteration and finds the benchmarks in it. Those are the benchmarks below it
// that match the pattern below ("" matches all) and not skip. Both patterns are
// as for -test.bench and -test.skip; below lacks the first element. s also
// gives the CPUs and the limit.
//
// An error comes with the benchmarks found before it. A benchmark that fails is
// no error if the others still run.
func Discover(ctx context.Context, program Program, s Spec, below, skip string) (Discovered, error) {
	defer keepOff(s.CPU)()
	s.How, s.N = Processes, 1
	pattern := Exactly(s.Name)
	if below != "" {
		pattern += "/" + below
	}
	args := append(s.common(pattern, "1x"), "-test.v")
	if skip != "" {
		args = append(args, "-test.skip="+skip)
	}
	p, err := start(ctx, program, s, args)
	if err != nil {
		return Discovered{}, err
	}
	p.runOut(ctx)
	p.end()
	if ctx.Err() != nil {
		return Discovered{}, context.Cause(ctx)
	}
	var d Discovered
	d.Benchmarks = listed(p.out.text, s.Name, s.suffix(), p.out.at)
	d.Config, d.Units = header(p.out.text)
	broken := p.fails()
	if broken == nil {
		return d, nil
	}
	// Without a benchmark that says it failed, and with all run to the end, the
	// last one is to blame. While a panic ends the process, testing may print a
	// result of the benchmark that panicked, without a time, and begin the next
	// one.
	failed, last := false, len(d.Benchmarks)
	for i, b := range slices.Backward(d.Benchmarks) {
		_, timed := b.Values["ns/op"]
		if last == i+1 && (b.Outcome == Silent || b.Outcome == Measured && !timed) {
			last = i
		}
		failed = failed || b.Outcome == Failed
	}
	if failed && p.err == nil && bytes.HasSuffix(bytes.TrimSpace(p.out.text), []byte("FAIL")) {
		return d, nil
	}
	if last == len(d.Benchmarks) {
		return d, fmt.Errorf("running %s: %w", s.Name, broken)
	}
	d.Benchmarks = d.Benchmarks[:last+1]
	culprit := &d.Benchmarks[last]
	*culprit = Discovery{Name: culprit.Name, Outcome: Failed, Why: broken.Error(), Took: culprit.Took}
	return d, fmt.Errorf("running %s: %w", culprit.Name, broken)
}

// listed are the benchmarks of the function in the output of a test binary with
// -test.v and one iteration.
func listed(text []byte, function, suffix string, at func(int) time.Duration) []Discovery {
	var all []Discovery
	began := map[string]int{} // index
	when := map[string]time.Duration{}
	mention := func(name string, offset int) *Discovery {
		i, ok := began[name]
		if !ok {
			i = len(all)
			began[name], when[name] = i, at(offset)
			all = append(all, Discovery{Name: name, Outcome: Silent})
		}
		return &all[i]
	}
	// bare is the name without -GOMAXPROCS, if a benchmark of that name has
	// begun.
	bare := func(name string) string {
		short := strings.TrimSuffix(name, suffix)
		if _, ok := began[name]; ok && short != name {
			if _, ok := began[short]; !ok {
				return name
			}
		}
		return short
	}
	of := map[int]found{}
	for _, f := range results(text, 1) {
		of[f.at] = f
	}
	offset, last := 0, ""
	logged := ""       // since a name, before the verdict: testing prints it so with -test.v
	var why *Discovery // the benchmark whose reason the next lines are
	for raw := range bytes.Lines(text) {
		line := strings.TrimRight(string(raw), "\r\n")
		begin := offset
		offset += len(raw)
		if kind, rest, ok := verdict(line); ok {
			name := bare(firstWord(rest))
			if name == function || strings.HasPrefix(name, function+"/") {
				d := mention(name, begin)
				d.Outcome = kind
				d.Took, d.Why = at(begin)-when[name], strings.TrimSpace(logged)
				why, logged = d, ""
				continue
			}
		}
		name := mentioned(line, function)
		var result *found
		for o := begin; o < offset; o++ {
			if f, ok := of[o]; ok {
				result = &f
			}
		}
		switch {
		case result != nil:
			if name == "" {
				name = last
			}
			if name == "" {
				continue
			}
			d := mention(bare(name), begin)
			if d.Outcome == Silent {
				vs, notes, err := result.values()
				if err != nil {
					d.Outcome, d.Why = Failed, err.Error()
					break
				}
				d.Outcome, d.Notes, d.Values = Measured, notes, map[string]float64{}
				d.Took = at(result.at) - when[d.Name]
				for _, v := range vs {
					d.Values[v.unit] = v.x
				}
			}
			why, last, logged = nil, "", ""
		case name != "" && strings.HasSuffix(line, name):
			mention(name, begin)
			why, logged = nil, ""
		case name != "" && strings.Contains(line, name+" ") || name != "" && strings.Contains(line, name+"\t"):
			last = name // the benchmark whose result comes after its output
		case why != nil && strings.HasPrefix(line, " "):
			why.Why = strings.TrimSpace(why.Why + "\n" + strings.TrimSpace(line))
		case strings.HasPrefix(line, " "):
			logged += strings.TrimSpace(line) + "\n"
		default:
			why = nil
		}
	}
	// A benchmark that ran others is not one itself.
	var leaves []Discovery
	for _, d := range all {
		if d.Outcome == Measured || d.Outcome == Skipped || !hasBelow(all, d.Name) {
			leaves = append(leaves, d)
		}
	}
	return leaves
}

func hasBelow(all []Discovery, name string) bool {
	for _, d := range all {
		if strings.HasPrefix(d.Name, name+"/") {
			return true
		}
	}
	return false
}

// verdict is testing's word for a benchmark without a result, and the rest of
// the line.
func verdict(line string) (kind Outcome, rest string, ok bool) {
	if _, rest, ok := strings.Cut(line, "--- FAIL: "); ok {
		return Failed, rest, true
	}
	if _, rest, ok := strings.Cut(line, "--- SKIP: "); ok {
		return Skipped, rest, true
	}
	return "", "", false
}

// mentioned is the function's name, or that of a benchmark below it, if the
// line has one; else "".
func mentioned(line, function string) string {
	i := strings.Index(line, function)
	if i < 0 {
		return ""
	}
	name := firstWord(line[i:])
	rest := name[len(function):]
	if rest == "" || rest[0] == '/' || rest[0] == '-' {
		return name
	}
	return ""
}

func firstWord(s string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(s, "\t", " ")), " ")
	return word
}
