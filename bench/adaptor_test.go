package bench_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/perf/benchfmt"

	"threadbench/bench/catalog"
	"threadbench/bench/measure"
)

// benchmarks runs this binary as "go test -bench" does.
func benchmarks(t *testing.T, flags ...string) *exec.Cmd {
	t.Helper()
	_, program := here(t)
	cmd := exec.Command(program, append([]string{"-test.run=^$"}, flags...)...)
	cmd.Stdout, cmd.Stderr = new(bytes.Buffer), new(bytes.Buffer)
	return cmd
}

// said is the output of a finished command.
func said(cmd *exec.Cmd) (stdout, stderr string) {
	return cmd.Stdout.(*bytes.Buffer).String(), cmd.Stderr.(*bytes.Buffer).String()
}

// read reads results with benchstat's own library. A line that it can't read
// fails the test.
func read(t *testing.T, text string) (results []*benchfmt.Result, units *benchfmt.UnitMetadataMap) {
	t.Helper()
	r := benchfmt.NewReader(strings.NewReader(text), "output")
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			results = append(results, rec.Clone())
		case *benchfmt.SyntaxError:
			t.Errorf("%v in\n%s", rec, text)
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	m := r.Units()
	return results, &m
}

// lines are the lines of the text with this beginning.
func lines(text, begin string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, begin) {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

// TestAdaptor runs benchmarks through package testing.
func TestAdaptor(t *testing.T) {
	for _, test := range []struct {
		name, bench, time string
		results           []string // their names without GOMAXPROCS
		units             []string // units of each result
		unproven          bool
		timeless          bool // the results have no ns/op
	}{
		{
			name: "a few ops", bench: "Switch/impl=clone/via=futex/place=same", time: "100x",
			results: []string{"Switch/impl=clone/via=futex/place=same"}, units: []string{"ns/op", "kernel-switches/op"}, unproven: true,
		},
		{
			name: "one op", bench: "Switch/impl=goroutine/via=channel/place=same", time: "1x",
			results: []string{"Switch/impl=goroutine/via=channel/place=same"}, units: []string{"ns/op", "kernel-switches/op"}, unproven: true,
		},
		{
			name: "hand-offs", bench: "Switch/impl=(goroutine|locked|clone)/via=pipe/place=same", time: "2000x",
			results: []string{"Switch/impl=goroutine/via=pipe/place=same", "Switch/impl=locked/via=pipe/place=same", "Switch/impl=clone/via=pipe/place=same"},
			units:   []string{"ns/op", "crossed/op", "kernel-switches/op"},
		},
		{
			name: "enough ops", bench: "Create/impl=(goroutine|clone)/mode=(reused|burst)", time: "1200x",
			results: []string{
				"Create/impl=goroutine/mode=reused", "Create/impl=goroutine/mode=burst",
				"Create/impl=clone/mode=reused", "Create/impl=clone/mode=burst",
			},
			units: []string{"ns/op", "kernel-switches/op", "threads/op"},
		},
		{
			name: "once a process", bench: "Create/impl=(locked|floor)/mode=(cold|start)", time: "3x",
			results: []string{"Create/impl=locked/mode=cold", "Create/impl=locked/mode=start", "Create/impl=floor/mode=start"},
			units:   []string{"ns/op", "kernel-switches/op", "threads/op"},
		},
		{
			name: "without time", bench: "Switch/impl=(goroutine|clone)/mode=traced/via=pipe/place=same", time: "2x",
			results: []string{"Switch/impl=goroutine/mode=traced/via=pipe/place=same", "Switch/impl=clone/mode=traced/via=pipe/place=same"},
			units:   []string{"syscalls/op"}, timeless: true,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			var stdout, stderr string
			var err error
			for range 5 { // other processes may spoil the evidence
				cmd := benchmarks(t, "-test.bench="+test.bench, "-test.benchtime="+test.time, "-test.benchmem")
				err = cmd.Run()
				stdout, stderr = said(cmd)
				if err == nil || !strings.Contains(stdout, "measured something else") {
					break
				}
				t.Logf("once more, since the evidence does not hold:\n%s", stdout)
			}
			if skips := lines(stderr, "# skip "); skips != nil {
				t.Skip(strings.Join(skips, "\n"))
			}
			if err != nil {
				t.Fatalf("%v\n%s%s", err, stdout, stderr)
			}
			results, units := read(t, stdout)
			var names []string
			used := map[string]bool{}
			for _, r := range results {
				name := regexp.MustCompile(`-\d+$`).ReplaceAllString(string(r.Name), "")
				names = append(names, name)
				if _, err := catalog.ParseName(name); err != nil {
					t.Error(err)
				}
				if procs := string(r.Name)[len(name):]; (procs == "") != (runtime.GOMAXPROCS(0) == 1) {
					t.Errorf("%s ends in %q", r.Name, procs)
				}
				var got []string
				for _, v := range r.Values {
					unit, value := v.Unit, v.Value
					if v.OrigUnit != "" {
						unit, value = v.OrigUnit, v.OrigValue
					}
					got = append(got, unit)
					used[unit] = true
					if unit == "ns/op" && value <= 0 {
						t.Errorf("%s: %v %s", r.Name, value, unit)
					}
					// A turn allocates 9 times, the start of a worker about 100 times.
					if unit == "allocs/op" && value > 50 && test.name == "one op" {
						t.Errorf("%s: %v %s: the worker's start is among them", r.Name, value, unit)
					}
				}
				slices.Sort(got)
				for _, unit := range test.units {
					if !slices.Contains(got, unit) {
						t.Errorf("%s reports %v, want %s among them", r.Name, got, unit)
					}
				}
				if slices.Contains(got, "ns/op") == test.timeless {
					t.Errorf("%s reports %v: timeless %v is wanted", r.Name, got, test.timeless)
				}
				for key, want := range map[string]string{"driver": "testing", "goos": runtime.GOOS, "goarch": runtime.GOARCH, "pkg": "threadbench/bench"} {
					if got := r.GetConfig(key); got != want {
						t.Errorf("%s: configuration %s is %q, want %q", r.Name, key, got, want)
					}
				}
				site, _ := here(t)
				for _, s := range measure.Configuration("testing", 0, site) {
					if r.GetConfig(s.Key) == "" {
						t.Errorf("%s: no configuration %s", r.Name, s.Key)
					}
				}
				if r.GetConfig("kernel-bytes") == "" {
					t.Errorf("%s: the configuration does not say where kernel memory comes from", r.Name)
				}
			}
			slices.Sort(names)
			if d := cmp.Diff(slices.Sorted(slices.Values(test.results)), names); d != "" {
				t.Errorf("results (-want +got):\n%s", d)
			}
			for _, u := range catalog.Units {
				want := ""
				if used[u.Name] {
					want = u.Better
				}
				got := ""
				if m := units.Get(u.Name, "better"); m != nil {
					got = m.Value
				}
				if got != want {
					t.Errorf("unit %s, in use: %t: better is %q, want %q", u.Name, used[u.Name], got, want)
				}
			}
			unproven := lines(stderr, "# unproven ")
			if test.unproven != (len(unproven) == len(test.results)) || !test.unproven && unproven != nil {
				t.Errorf("unproven: %v, want %v of all", unproven, test.unproven)
			}
			for _, line := range unproven {
				if want := "ops are too few for its evidence, which takes "; !strings.Contains(line, "Benchmark"+test.results[0]+": ") || !strings.Contains(line, want) {
					t.Errorf("%q does not name the benchmark and say %q", line, want)
				}
			}
			for _, line := range lines(stdout, "#") {
				t.Errorf("a remark among the results: %s", line)
			}
		})
	}
}

// TestAdaptorSelects: -bench selects by each key of a name.
func TestAdaptorSelects(t *testing.T) {
	cmd := benchmarks(t, "-test.bench=/impl=floor/mode=reused$", "-test.benchtime=1x")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	stdout, stderr := said(cmd)
	results, _ := read(t, stdout)
	if len(results) != 1 || !strings.HasPrefix(string(results[0].Name), "Create/impl=floor/mode=reused") {
		t.Errorf("selected:\n%s%s", stdout, stderr)
	}
}

// TestAdaptorWithoutBenchmarks runs no benchmark. The output then has no head, and
// standard error no remark.
func TestAdaptorWithoutBenchmarks(t *testing.T) {
	cmd := benchmarks(t)
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	stdout, stderr := said(cmd)
	if lines(stdout, "driver:") != nil || lines(stderr, "#") != nil {
		t.Errorf("without -bench it says:\n%s%s", stdout, stderr)
	}
}

// TestAdaptorRefuses: flags of go test that would mislead end the run before anything
// is measured.
func TestAdaptorRefuses(t *testing.T) {
	other := strconv.Itoa(runtime.GOMAXPROCS(0) + 1)
	for flag, want := range map[string]string{
		"-test.cpu=" + other:       "running benchmarks with -cpu " + other + ": it would change the names of rows (-" + other + ") and no figure",
		"-test.memprofile=m.prof":  "running benchmarks with -memprofile m.prof: it would record the process that starts the workers",
		"-test.trace=trace.out":    "running benchmarks with -trace trace.out: it would record",
		"-test.blockprofile=b.out": "running benchmarks with -blockprofile b.out: it would record",
		"-test.mutexprofile=m.out": "running benchmarks with -mutexprofile m.out: it would record",
	} {
		cmd := benchmarks(t, "-test.bench=Create/impl=floor/mode=reused", "-test.benchtime=1x", flag)
		err := cmd.Run()
		stdout, stderr := said(cmd)
		if cmd.ProcessState.ExitCode() != 2 || stdout != "" || !strings.HasPrefix(stderr, want) || !strings.Contains(stderr, "leave it out") {
			t.Errorf("%s: %v, %q and %q; want exit code 2, nothing, %q", flag, err, stdout, stderr, want)
		}
	}
}

// TestAdaptorWarns: each warning about a flag that means something else here is printed
// once. A -cpu that equals GOMAXPROCS is not refused.
func TestAdaptorWarns(t *testing.T) {
	cmd := benchmarks(t, "-test.bench=Create/impl=floor/mode=reused", "-test.benchtime=20x", "-test.count=2", "-test.benchmem", "-test.cpu="+strconv.Itoa(runtime.GOMAXPROCS(0)))
	err := cmd.Run()
	stdout, stderr := said(cmd)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	for _, want := range []string{
		"# benchtime: with 20x a case that is measured in slices does 20 ops in one go, and 1000 are the least that count as evidence; one that is measured once a process starts 20 processes\n",
		"# benchmem: B/op and allocs/op are of the process that starts the workers, and of nothing that is measured\n",
	} {
		if strings.Count(stderr, want) != 1 {
			t.Errorf("it says %q, want once %q", stderr, want)
		}
	}
}

// TestAdaptorProfiles: -cpuprofile profiles the workers. The profile of a single case
// has the name given. With several cases, each profile's name ends in the case's.
func TestAdaptorProfiles(t *testing.T) {
	for _, test := range []struct {
		bench, time string
		files       []string
	}{
		{"^BenchmarkCreate$/^impl=goroutine$/^mode=reused$", "200000x", []string{"cpu.prof"}},
		{"^BenchmarkCreate$/^impl=(goroutine|floor)$/^mode=(reused|cold)$", "2x", []string{
			"cpu.prof.Create_impl=floor_mode=reused",
			"cpu.prof.Create_impl=goroutine_mode=cold", "cpu.prof.Create_impl=goroutine_mode=reused",
		}},
	} {
		dir := t.TempDir()
		cmd := benchmarks(t, "-test.bench="+test.bench, "-test.benchtime="+test.time, "-test.cpuprofile=cpu.prof", "-test.outputdir="+dir)
		err := cmd.Run()
		stdout, stderr := said(cmd)
		if err != nil {
			t.Fatalf("%v\n%s%s", err, stdout, stderr)
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range files {
			names = append(names, f.Name())
			text, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err != nil || !bytes.HasPrefix(text, []byte{0x1f, 0x8b}) { // gzip
				t.Errorf("%s: %v, it begins with %.2x and is no profile", f.Name(), err, text)
			}
			if want := ": " + filepath.Join(dir, f.Name()) + "\n"; !strings.Contains(stderr, want) {
				t.Errorf("it says %q, not %q", stderr, want)
			}
		}
		if d := cmp.Diff(test.files, names); d != "" {
			t.Errorf("%s: profiles (-want +got):\n%s", test.bench, d)
		}
	}
}

// remarks are the lines about benchmarks, without the line about the build.
func remarks(stderr string) []string {
	return slices.DeleteFunc(lines(stderr, "# "), func(line string) bool { return strings.HasPrefix(line, "# build: ") })
}

// TestAdaptorSaysBuild: a binary built with flags that distort figures says so once,
// beside the results. Any other binary does not.
func TestAdaptorSaysBuild(t *testing.T) {
	const name = "Create/impl=floor/mode=reused"
	check := func(what string, cmd *exec.Cmd, wants int, build string) {
		t.Helper()
		err := cmd.Run()
		stdout, stderr := said(cmd)
		if err != nil {
			t.Fatalf("%s: %v\n%s%s", what, err, stdout, stderr)
		}
		if got := lines(stderr, "# build: this test binary is built with "); len(got) != wants {
			t.Errorf("%s: it says %d times how it is built, want %d:\n%s", what, len(got), wants, stderr)
		}
		results, _ := read(t, stdout)
		for _, r := range results {
			if got := r.GetConfig("build"); build != "" && got != build {
				t.Errorf("%s: %s is of the build %q, want %q", what, r.Name, got, build)
			}
		}
		if len(results) == 0 {
			t.Errorf("%s: no results:\n%s", what, stdout)
		}
	}
	own := benchmarks(t, "-test.bench="+name, "-test.benchtime=1x", "-test.count=2")
	if measure.BuildWarning() == "" {
		check("this binary", own, 0, "")
	} else {
		check("this binary", own, 1, "")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("no go command: %v", err)
	}
	program := filepath.Join(t.TempDir(), "slow.test")
	build := exec.Command("go", "test", "-c", "-o", program, "-gcflags=-l", ".")
	build.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	slow := benchmarks(t, "-test.bench="+name, "-test.benchtime=1x", "-test.count=2")
	slow.Path = program
	check("one built with -gcflags=-l", slow, 1, "gcflags=-l")
}

// TestAdaptorFails: a worker that dies is a failure, and not a skip.
func TestAdaptorFails(t *testing.T) {
	for _, name := range []string{"Create/impl=goroutine/mode=reused", "Create/impl=goroutine/mode=cold"} {
		cmd := benchmarks(t, "-test.bench="+name, "-test.benchtime=1x")
		cmd.Env = append(os.Environ(), dyingVariable+"=out of luck")
		err := cmd.Run()
		stdout, stderr := said(cmd)
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !strings.Contains(stdout, "--- FAIL: Benchmark"+name) || !strings.Contains(stdout, "exit status 3: out of luck") || remarks(stderr) != nil {
			t.Errorf("%s: %v\n%s%s", name, err, stdout, stderr)
		}
		if results, _ := read(t, stdout); len(results) != 0 {
			t.Errorf("%s: a figure in spite of it:\n%s", name, stdout)
		}
	}
}
