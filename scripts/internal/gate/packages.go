package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/perf/benchfmt"

	"threadbench/bench/measure"
	"threadbench/scripts/internal/gate/files"
	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
)

// The benchmarks of other packages: one fresh process after the other, each of
// one benchmark and of the same number of iterations, as go test would run it.
// It is pinned to no CPU, since go test pins none and a benchmark may well be
// of something that needs several.

// How many iterations: about as many as take target, and where it allocates,
// as many as the heap is collected several times for, since with one
// collection or none a figure falls into two heaps. The least heap that is
// collected is 4 MiB.
var target = 200 * time.Millisecond // shorter in tests

const (
	atMost      = 4 // times target
	collections = 5
	leastHeap   = 4 << 20
)

// packages are the benchmarks of other packages as a subject.
type packages struct {
	paths  []string
	dirs   [arms][]string // where each runs
	envs   [arms][]string // K=V
	bench  string         // as go test has it
	units  []string
	procs  [arms]int // GOMAXPROCS
	buffer [arms]*bytes.Buffer
	writer [arms]*benchfmt.Writer
	meta   benchfmt.UnitMetadataMap
}

// choosePackages are the packages with tests that both sides have.
func choosePackages(ctx context.Context, o options, temp string, sides [arms]*side) (ps *packages, left []string, err error) {
	ps = &packages{bench: o.bench, units: o.units, meta: benchfmt.UnitMetadataMap{}}
	dirs := [2]map[string]string{{}, {}}
	var inOrder [2][]string
	for arm, s := range sides[:controlArm] {
		list, err := s.goCommand(ctx, temp, append([]string{"list", "-f", `{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{"\t"}}{{.Dir}}{{end}}`}, strings.Fields(o.pkg)...)...)
		if err != nil {
			return nil, nil, fmt.Errorf("finding packages: %w", err)
		}
		for line := range strings.Lines(list) {
			if path, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				dirs[arm][path] = dir
				inOrder[arm] = append(inOrder[arm], path)
			}
		}
	}
	for arm := range dirs {
		for _, path := range inOrder[arm] {
			if _, ok := dirs[1-arm][path]; !ok {
				left = append(left, fmt.Sprintf("package %s is left out: only %s has it, or tests in it", path, sides[arm].name))
			}
		}
	}
	for _, path := range inOrder[baseArm] {
		if _, ok := dirs[headArm][path]; ok {
			ps.paths = append(ps.paths, path)
			for arm := range arms {
				ps.dirs[arm] = append(ps.dirs[arm], dirs[arm%controlArm][path])
			}
		}
	}
	if len(ps.paths) == 0 {
		return nil, nil, fmt.Errorf("-pkg %q: no package with tests is on both sides (base has %d, head %d); choose others, ./... is all of a module", o.pkg, len(inOrder[0]), len(inOrder[1]))
	}
	for arm := range arms {
		ps.envs[arm] = sides[arm].env
		ps.buffer[arm] = &bytes.Buffer{}
		ps.writer[arm] = benchfmt.NewWriter(ps.buffer[arm])
		ps.procs[arm] = procsOf(sides[arm].environ())
	}
	return ps, left, nil
}

// procsOf is the GOMAXPROCS of a side: what its environment says, else what
// this process would have. The benchmarks are told it, since their module's go
// line may have them count CPUs in another way.
func procsOf(env []string) int {
	procs := 0
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "GOMAXPROCS="); ok {
			if n, err := strconv.Atoi(v); err == nil && n > 0 {
				procs = n
			}
		}
	}
	if procs == 0 {
		// This process may have kept off a CPU a moment ago, which the
		// runtime looks at once a second.
		runtime.SetDefaultGOMAXPROCS()
		procs = runtime.GOMAXPROCS(0)
	}
	return procs
}

// name is a result's without what package testing ends it with: -GOMAXPROCS,
// but for 1.
func (ps *packages) name(r *benchfmt.Result, arm int) string {
	if ps.procs[arm] == 1 {
		return string(r.Name)
	}
	return strings.TrimSuffix(string(r.Name), "-"+strconv.Itoa(ps.procs[arm]))
}

// heads are what the raw files begin with; the configuration is written with
// the first results.
func (ps *packages) heads(context.Context, programs) (heads [arms][]byte, err error) {
	for _, m := range ps.metadata() {
		for arm := range arms {
			heads[arm] = fmt.Appendf(heads[arm], "Unit %s %s=%s\n", m.OrigUnit, m.Key, m.Value)
		}
	}
	return heads, nil
}

func (ps *packages) metadata() []*benchfmt.UnitMetadata {
	var all []*benchfmt.UnitMetadata
	for _, m := range ps.meta {
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *benchfmt.UnitMetadata) int {
		return strings.Compare(a.OrigUnit+" "+a.Key, b.OrigUnit+" "+b.Key)
	})
	return all
}

func (ps *packages) off(bool) {}

// pilot finds the benchmarks that both sides have, and of how many iterations
// each is to be.
func (ps *packages) pilot(ctx context.Context, p programs) (items []*item, left []string, err error) {
packages:
	for pkg, path := range ps.paths {
		var found [2]map[string]*benchfmt.Result
		var inOrder [2][]string
		for arm := range found {
			results, err := ps.run(ctx, p, pkg, arm, ps.bench, "1x")
			if err != nil && arm == baseArm && ctx.Err() == nil {
				// Head may be what repairs them.
				left = append(left, fmt.Sprintf("package %s is left out, since its benchmarks fail in base: %v", path, err))
				continue packages
			}
			if err != nil {
				return nil, nil, err
			}
			found[arm] = map[string]*benchfmt.Result{}
			for _, r := range results {
				name := ps.name(r, arm)
				if found[arm][name] == nil {
					inOrder[arm] = append(inOrder[arm], name)
				}
				found[arm][name] = r
			}
		}
		for arm := range found {
			for _, name := range inOrder[arm] {
				if found[1-arm][name] == nil {
					left = append(left, fmt.Sprintf("Benchmark%s of %s is left out: only %s has it", name, path, armNames[arm]))
				}
			}
		}
		for _, name := range inOrder[baseArm] {
			head := found[headArm][name]
			if head == nil {
				continue
			}
			n, cost, err := ps.iterations(ctx, p, pkg, name, found[baseArm][name])
			if err != nil {
				return nil, nil, err
			}
			begun := time.Now()
			if _, err := ps.runOne(ctx, p, pkg, headArm, name, strconv.Itoa(n)+"x"); err != nil {
				return nil, nil, err
			}
			it := &item{name: name, pkg: pkg, cost: (arms-1)*cost + time.Since(begun)}
			if len(ps.paths) > 1 {
				it.name = path + "." + name
			}
			for _, r := range deciding(ps.rows(it.name, found[baseArm][name], head), ps.units) {
				if r.Better == "" {
					return nil, nil, undirected(r.Unit)
				}
				it.rows = append(it.rows, &r)
			}
			if len(it.rows) == 0 {
				left = append(left, fmt.Sprintf("Benchmark%s of %s is left out: none of its units (%s) is one that decides; choose by -unit", name, path, strings.Join(units(head), ", ")))
				continue
			}
			it.measure = func(ctx context.Context, p programs, order []int) ([arms]reading, error) {
				return ps.measure(ctx, p, pkg, name, n, order)
			}
			items = append(items, it)
		}
	}
	if len(items) == 0 && len(left) == 0 {
		return nil, nil, fmt.Errorf("-bench %q matches no benchmark of %s; go test -list Benchmark shows them", ps.bench, strings.Join(ps.paths, ", "))
	}
	return items, left, nil
}

// rows are a benchmark's, one for each unit that both sides have.
func (ps *packages) rows(name string, base, head *benchfmt.Result) []verdict.Row {
	var rows []verdict.Row
	ofHead := units(head)
	for _, u := range units(base) {
		if !slices.Contains(ofHead, u) {
			continue
		}
		better, exact := files.Sides(ps.meta, u)
		rows = append(rows, verdict.Row{Name: name, Unit: u, Better: better, Exact: exact})
	}
	return rows
}

func units(r *benchfmt.Result) []string {
	var all []string
	for _, v := range r.Values {
		_, u := files.Original(v)
		all = append(all, u)
	}
	return all
}

func valueOf(r *benchfmt.Result, unit string) float64 {
	for _, v := range r.Values {
		if x, u := files.Original(v); u == unit {
			return x
		}
	}
	return 0
}

// iterations chooses from base how many iterations each measurement is of, and
// says what one costs.
func (ps *packages) iterations(ctx context.Context, p programs, pkg int, name string, single *benchfmt.Result) (n int, cost time.Duration, err error) {
	begun := time.Now()
	long := "2x" // whose first iteration comes after one: the single one may have been slow for that alone
	if valueOf(single, "ns/op") < float64(target) {
		long = target.String()
	}
	r, err := ps.runOne(ctx, p, pkg, baseArm, name, long)
	if err != nil {
		return 0, 0, err
	}
	took := time.Duration(valueOf(r, "ns/op") * float64(r.Iters))
	n = chooseIterations(valueOf(r, "ns/op"), valueOf(r, "B/op"), r.Iters)
	// What is not iterations is the process's start and what the benchmark
	// sets up; testing sets up several times before it has found b.N.
	start := min(max(0, time.Since(begun)-took), target)
	return n, start + time.Duration(valueOf(r, "ns/op")*float64(n)), nil
}

// chooseIterations is how many iterations take target, or allocate for as many
// collections as are wanted, as far as that is no longer than atMost. ran is
// how many a run that long had, which counts where no time is given.
func chooseIterations(nsPerOp, bytesPerOp float64, ran int) int {
	if nsPerOp <= 0 {
		return max(1, ran)
	}
	n := float64(target) / nsPerOp
	if bytesPerOp > 0 {
		n = max(n, collections*leastHeap/bytesPerOp)
	}
	return max(1, int(math.Ceil(min(n, atMost*float64(target)/nsPerOp, 1e9))))
}

// measure measures a benchmark once in each arm, in that order.
func (ps *packages) measure(ctx context.Context, p programs, pkg int, name string, n int, order []int) (got [arms]reading, err error) {
	for _, arm := range order {
		r, err := ps.runOne(ctx, p, pkg, arm, name, strconv.Itoa(n)+"x")
		if err != nil {
			return got, err
		}
		got[arm].values = map[string]float64{}
		for _, u := range units(r) {
			got[arm].values[u] = valueOf(r, u)
		}
		ps.buffer[arm].Reset()
		if err := ps.writer[arm].Write(r); err != nil {
			return got, err
		}
		got[arm].text = ps.buffer[arm].String()
	}
	return got, nil
}

// runOne runs one benchmark, which must give one result.
func (ps *packages) runOne(ctx context.Context, p programs, pkg, arm int, name, benchtime string) (*benchfmt.Result, error) {
	results, err := ps.run(ctx, p, pkg, arm, exactly(name), benchtime)
	if err != nil {
		return nil, err
	}
	if len(results) != 1 || ps.name(results[0], arm) != name {
		return nil, fmt.Errorf("measuring Benchmark%s of %s, %s: %d results for this one benchmark; it must run the same each time", name, ps.paths[pkg], armNames[arm], len(results))
	}
	return results[0], nil
}

// exactly is the pattern that matches one benchmark, by its parts.
func exactly(name string) string {
	parts := strings.Split("Benchmark"+name, "/")
	for i := range parts {
		parts[i] = "^" + regexp.QuoteMeta(parts[i]) + "$"
	}
	return strings.Join(parts, "/")
}

// run runs benchmarks of a package, as go test would.
func (ps *packages) run(ctx context.Context, p programs, pkg, arm int, pattern, benchtime string) ([]*benchfmt.Result, error) {
	cmd := job.Command(ctx, p[pkg][arm], "-test.run=^$", "-test.bench="+pattern, "-test.benchtime="+benchtime, "-test.benchmem", "-test.cpu="+strconv.Itoa(ps.procs[arm]), "-test.timeout=10m", "-test.paniconexit0")
	cmd.Dir = ps.dirs[arm][pkg]
	cmd.Env = measure.Environ(os.Environ(), append([]string{"PWD=" + cmd.Dir}, ps.envs[arm]...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	text := stdout.String()
	fail := func(why any) error {
		return fmt.Errorf("running %s of %s, %s: %v:\n%s", pattern, ps.paths[pkg], armNames[arm], why, tail(text+stderr.String()))
	}
	if err != nil {
		return nil, fail(err)
	}
	var results []*benchfmt.Result
	r := benchfmt.NewReader(strings.NewReader(text), armNames[arm])
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			results = append(results, rec.Clone())
		case *benchfmt.SyntaxError:
			return nil, fail(fmt.Errorf("a line that is no result: %s", rec.Msg))
		}
	}
	if err := r.Err(); err != nil {
		return nil, fail(err)
	}
	for _, m := range r.Units() {
		ps.meta[m.UnitMetadataKey] = m
	}
	for _, result := range results {
		for _, v := range result.Values {
			if x, u := files.Original(v); math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, fail(errors.New("Benchmark" + string(result.Name) + " reports no finite " + u))
			}
		}
	}
	return results, nil
}

// tail is the end of what a process wrote.
func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-20):], "\n")
}
