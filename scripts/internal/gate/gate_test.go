package gate

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"

	"threadbench/bench"
)

// TestRegression compares two commits. The later one's benchmark takes twenty
// times as long. Each round has a layout of its own.
func TestRegression(t *testing.T) {
	m := newModule(t)
	m.write("work_test.go", steps(300))
	m.commit("fast")
	m.write("work_test.go", steps(6000))
	m.commit("slow")
	s := newSession(t)
	raw := filepath.Join(t.TempDir(), "new", "raw")
	sum := filepath.Join(t.TempDir(), "summary.md")
	stdout, stderr := s.expect(1, m.dir, []string{"-base", "fast", "-head", "slow", "-pkg", "./...", "-unit", "ns/op", "-rounds", "9", "-seed", "7",
		"-o", raw, "-format", "json", "-format", "markdown=" + sum, "-format", "text=" + sum}, "building base (fast (")
	var doc struct {
		Verdict string
		Rows    []struct{ Name, Unit, Verdict string }
	}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil || doc.Verdict != "regression" || len(doc.Rows) != 1 {
		t.Errorf("as JSON: %v, %+v\n%s", err, doc, stdout)
	}
	if text, err := os.ReadFile(sum); err != nil || !strings.Contains(string(text), "ns/op") || !strings.Contains(string(text), "REGRESSION") {
		t.Errorf("the summary in two formats: %v, %s", err, text)
	}
	// Base and head have another binary in each round and in two tries. The
	// control of the last round needs one more of base.
	if got, want := s.asked("-randlayout="), 2*11+1; got != want {
		t.Errorf("linked %d layouts, want %d", got, want)
	}
	seeds := map[string]int{}
	log, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range regexp.MustCompile(`-randlayout=\d+`).FindAllString(string(log), -1) {
		seeds[f]++
	}
	if len(seeds) != 9+1+2 {
		t.Errorf("%d seeds, want %d: one a round, one for the last control, two of the trial", len(seeds), 9+1+2)
	}
	for arm, want := range []float64{300, 6000, 300} {
		results := readRaw(t, rawPath(raw, arm))
		if len(results) != 9 {
			t.Errorf("%s holds %d rounds, want 9", rawPath(raw, arm), len(results))
		}
		for _, r := range results {
			if got, _ := r.Value("steps/op"); got != want || r.Iters != results[0].Iters || r.Iters < 2 {
				t.Errorf("%s: %v steps/op in %d iterations, want %v in %d", rawPath(raw, arm), got, r.Iters, want, results[0].Iters)
			}
		}
	}
	if !strings.Contains(stderr, "benchstat "+rawPath(raw, baseArm)+" "+rawPath(raw, headArm)) {
		t.Errorf("it does not say how benchstat reads the rounds:\n%s", stderr)
	}
	repeat := regexp.MustCompile(`gate -base fast .*-rounds 9.* -seed 7`)
	if !repeat.MatchString(stderr) {
		t.Errorf("it does not say how to repeat the plan:\n%s", stderr)
	}

}

// TestAllRounds goes on with a row that is decided at its first look.
func TestAllRounds(t *testing.T) {
	m := newModule(t)
	m.write("work_test.go", steps(300))
	m.commit("fast")
	m.write("work_test.go", steps(6000))
	s := newSession(t).old()
	for _, test := range []struct {
		args []string
		want int
	}{{nil, 9}, {[]string{"-all-rounds"}, 12}} {
		raw := t.TempDir()
		s.expect(1, m.dir, append(test.args, "-base", "fast", "-pkg", ".", "-unit", "ns/op", "-rounds", "12", "-o", raw), "regression")
		if got := len(readRaw(t, rawPath(raw, headArm))); got != test.want {
			t.Errorf("%q: %d rounds, want %d", test.args, got, test.want)
		}
	}
}

// TestUnits judges the same module by its counts, with a linker that can't lay
// out functions at random.
func TestUnits(t *testing.T) {
	m := newModule(t)
	m.write("work_test.go", steps(900))
	m.commit("slow")
	m.write("work_test.go", steps(300))
	m.commit("fast")
	s := newSession(t).old()
	raw := t.TempDir()
	args := []string{"-pkg", ".", "-rounds", "9", "-unit", "steps/op", "-o", raw}
	s.expect(0, m.dir, append(args, "-base", "slow"), "PASS", "all rounds have the same code layout")
	// The rounds' folder is not overwritten.
	s.expect(2, m.dir, append(args, "-base", "fast"), "base.txt already", "-force")
	s.expect(1, m.dir, append(args, "-base", "fast", "-head", "slow", "-force"), "REGRESSION")
}

// TestControl has a base that differs from itself in another layout. Then
// nothing is said about head.
func TestControl(t *testing.T) {
	m := newModule(t)
	m.write("work_test.go", strings.Replace(strings.Replace(steps(300), " assume=exact", "", 1), "b.ReportMetric(300,", `n := 300.0
		if layout := regexp.MustCompile("layout-([0-9]+)").FindStringSubmatch(os.Args[0]); layout != nil { // the control's is the next one
			k, _ := strconv.Atoi(layout[1])
			n += float64(k)
		}
		b.ReportMetric(n,`, 1))
	m.edit("work_test.go", `"os"`, `"os"`+"\n\t"+`"regexp"`+"\n\t"+`"strconv"`)
	s := newSession(t)
	m.write("idle/idle_test.go", "package idle\n") // never linked again
	s.expect(3, m.dir, []string{"-base-env", "SIDE=base", "-pkg", "./...", "-rounds", "9", "-unit", "steps/op", "-o", t.TempDir()}, "INVALID")
	// One binary serves both sides: their environments don't change the build.
	if got, want := s.asked("-randlayout="), 9+1+2; got != want {
		t.Errorf("linked %d layouts for one build, want %d", got, want)
	}
}

func readRaw(t *testing.T, path string) []*benchfmt.Result {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []*benchfmt.Result
	r := benchfmt.NewReader(f, path)
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			all = append(all, rec.Clone())
		case *benchfmt.SyntaxError:
			t.Errorf("%s: %v", path, rec)
		}
	}
	return all
}

// TestInconclusive compares a benchmark with itself. Its figures are drawn from
// a wide range by a generator of the test's own, so they are the same each
// time.
func TestInconclusive(t *testing.T) {
	m := newModule(t)
	m.write("work_test.go", `package work

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

func TestMain(m *testing.M) {
	fmt.Println("Unit draws/op better=higher")
	os.Exit(m.Run())
}

func BenchmarkDraw(b *testing.B) {
	path := os.Getenv("COUNT")
	text, _ := os.ReadFile(path)
	n, _ := strconv.Atoi(string(text))
	os.WriteFile(path, []byte(strconv.Itoa(n+1)), 0o644)
	r := rand.New(rand.NewPCG(1, uint64(n)))
	for range b.N {
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(1+100*r.Float64(), "draws/op")
}
`)
	m.commit("only")
	s := newSession(t).old()
	for i, test := range []struct {
		flags []string
		code  int
	}{{nil, 3}, {[]string{"-inconclusive", "pass"}, 0}, {[]string{"-inconclusive=fail"}, 1}} {
		t.Setenv("COUNT", filepath.Join(t.TempDir(), "count"))
		out := filepath.Join(t.TempDir(), "raw")
		s.expect(test.code, m.dir, append(test.flags, "-base-env", "SIDE=1", "-pkg", ".", "-unit", "draws/op", "-rounds", "9", "-seed", "1", "-o", out), "INCONCLUSIVE", "draws/op")
		if i == 0 && len(readRaw(t, rawPath(out, headArm))) != 9 {
			t.Error("not 9 rounds are kept")
		}
	}
}

// TestMeasure runs a gate whose head is linked like other code, and answers
// what calibrate keeps of it.
func TestMeasure(t *testing.T) {
	m := newModule(t)
	m.write("work_test.go", steps(300))
	s := newSession(t)
	t.Chdir(m.dir)
	args := []string{"-base-dir", ".", "-head-dir", ".", "-pkg", ".", "-unit", "steps/op", "-o", filepath.Join(t.TempDir(), "raw")}
	run, err := Measure(t.Context(), append(args, "-rounds", "8", "-seed", "5"), true, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if run.Rounds != 3 || run.Seed != 5 || run.Disturbance == "" || run.Report.Verdict != "pass" || len(run.Report.Rows[0].Row.Pairs) != 3 {
		t.Errorf("%+v, %+v", run, run.Report)
	}
	if got, want := s.asked("-randlayout="), 2+2*3+1; got != want {
		t.Errorf("linked %d layouts, want %d: in 2 trials base's, in the 3 rounds that counts take head's, too, and one more for the last control", got, want)
	}
	for _, args := range [][]string{append(args, "-force", "-budget", "-1s"), {"-files", "a", "b"}, {"-nonsense"}} {
		if run, err := Measure(t.Context(), args, false, io.Discard); err == nil || run != nil {
			t.Errorf("%q: %v, %v; what can't begin is no run", args, run, err)
		}
	}
	s.clean(m.dir)
}

// TestNoVerdict has gates that end with exit code 2. Each names what is wrong.
func TestNoVerdict(t *testing.T) {
	if testing.Short() {
		t.Skip("it links for seconds")
	}
	m := newModule(t)
	m.write("work_test.go", steps(300))
	m.commit("good")
	m.write("work_test.go", strings.Replace(steps(300), "sink += k", "sink += undefinedName", 1))
	m.commit("broken")
	m.write("work_test.go", strings.Replace(steps(300), "BenchmarkSteps", "BenchmarkOther", 1))
	m.commit("renamed")
	m.write("work_test.go", strings.Replace(steps(300), "b.ReportMetric", `b.Fatal("no luck"); b.ReportMetric`, 1))
	m.commit("failing")
	m.write("work_test.go", strings.Replace(steps(300), "b.ReportMetric", `fmt.Println("chatter"); b.ReportMetric`, 1))
	m.commit("chattering")
	m.write("work_test.go", "package work\n")
	m.commit("empty")
	m.write("work_test.go", strings.Replace(steps(300), "b.ReportMetric", `b.ReportMetric(1, "hops"); b.ReportMetric`, 1))
	m.commit("undirected")
	m.write("other_test.go", "package work\n")
	m.commit("again")
	s := newSession(t).old()
	out := filepath.Join(m.dir, "..", "raw") // never made
	elsewhere := filepath.Join(m.dir, "..", "elsewhere")
	if err := os.Mkdir(elsewhere, 0o755); err != nil {
		t.Fatal(err)
	}
	pkg := []string{"-pkg", ".", "-rounds", "10"}
	for _, test := range []struct {
		name  string
		args  []string
		words []string
	}{
		{"broken head", append(pkg, "-base", "good", "-head", "broken"), []string{"gate: package example.com/steps doesn't build in head: ", "head: work_test.go:20:13: undefined: undefinedName"}},
		{"broken base", append(pkg, "-base", "broken"), []string{"gate: package example.com/steps doesn't build in base: ", "undefined: undefinedName"}},
		{"no such ref", append(pkg, "-base", "nowhere"), []string{`"nowhere"`, "no such commit"}},
		{"ref like a flag", append(pkg, "-base", "--help"), []string{`"--help"`, "no such commit"}},
		{"renamed", append(pkg, "-base", "good", "-head", "renamed"), []string{"no benchmark in common", "only base has it", "only head has it"}},
		{"no benchmark", append(pkg, "-base", "empty", "-head", "empty"), []string{`-bench "." matches no benchmark`}},
		{"all skipped", append(pkg, "-base", "good", "-skip", "."), []string{`-skip "." leaves out all benchmarks of 1 package`}},
		{"unmatched", append(pkg, "-base", "good", "-bench", "Nothing"), []string{`-bench "Nothing" matches no benchmark`}},
		{"bad pattern", append(pkg, "-base", "good", "-bench", "("), []string{`-bench "("`}},
		{"no package", []string{"-base", "good", "-pkg", "./nowhere"}, []string{"finding packages", "nowhere"}},
		{"no unit", append(pkg, "-base", "good", "-unit", "hops/op"), []string{"no row in common", "none of -unit hops/op"}},
		{"undirected unit", append(pkg, "-base", "undirected", "-head", "again", "-unit", "hops"), []string{"-unit hops", "Unit hops better=lower"}},
		{"few rounds", []string{"-base", "good", "-pkg", ".", "-rounds", "8"}, []string{"-rounds 8 is too few", "need"}},
		{"not ours", []string{"-base", "good"}, []string{"is no checkout of threadbench", "-pkg"}},
		{"no folder", append(pkg, "-base-dir", "/nowhere/at/all"), []string{"-base-dir", "/nowhere/at/all"}},
		{"ldflags", append(pkg, "-base", "good", "-head-env", "GOFLAGS='-ldflags=-w"), []string{"GOFLAGS"}},
		{"toolchain", append(pkg, "-base", "good", "-head-env", "GOTOOLCHAIN=nonsense"), []string{"GOTOOLCHAIN"}},
		{"no place", append(pkg, "-base", "good", "-o", os.DevNull), []string{"keeping the raw rounds", "-o"}},
		{"injected", []string{"-base", "good"}, []string{"THREADBENCH_INJECT=1.5"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &session{T: t, temp: s.temp, log: s.log}
			if test.name == "injected" {
				t.Setenv("THREADBENCH_INJECT", "1.5")
			}
			args := test.args
			if test.name != "no place" {
				args = append([]string{"-o", out}, args...)
			}
			stdout, _ := s.expect(2, m.dir, args, test.words...)
			if _, err := os.Stat(out); err == nil {
				t.Error("it has made a folder for raw rounds")
				os.RemoveAll(out)
			}
			if stdout != "" {
				t.Errorf("on standard output it says %q", stdout)
			}
		})
	}
	t.Run("no time", func(t *testing.T) {
		s := &session{T: t, temp: s.temp, log: s.log}
		s.expect(3, m.dir, []string{"-base", "good", "-pkg", ".", "-budget", "1ns"}, "no time was left", "-budget")
	})
	t.Run("failing head", func(t *testing.T) {
		s := &session{T: t, temp: s.temp, log: s.log}
		s.expect(1, m.dir, append(pkg, "-base", "good", "-head", "failing"), "fails in head", "no luck")
	})
	t.Run("no repository", func(t *testing.T) {
		s := &session{T: t, temp: s.temp, log: s.log}
		s.expect(2, elsewhere, append(pkg, "-base", "good"), "run gate in a git checkout")
	})
}

// TestPackages measures several packages in a folder below the root of a
// repository, each where go test would run it.
func TestPackages(t *testing.T) {
	m := newModule(t)
	if err := os.Remove(filepath.Join(m.dir, "go.mod")); err != nil {
		t.Fatal(err)
	}
	m.write("sub/go.mod", "module example.com/steps\n\ngo 1.26\n")
	m.write("sub/plain/plain.go", "package plain\n")
	m.write("sub/idle/idle_test.go", "package idle\n") // has tests and no benchmark
	for _, name := range []string{"one", "two"} {
		m.write("sub/"+name+"/testdata/here", name)
		m.write("sub/"+name+"/work_test.go", strings.Replace(steps(300), "package work", "package "+name, 1)+`
func BenchmarkHere(b *testing.B) {
	if _, err := os.Stat("testdata/here"); err != nil {
		b.Fatal(err)
	}
	for range b.N {
		sink++
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(2, "steps/op")
}
`)
	}
	m.commit("only")
	m.write("sub/one/more_test.go", "package one\n")
	m.write("sub/two/more_test.go", "package two\n")
	s := newSession(t).old()
	dir := filepath.Join(m.dir, "sub")
	raw := filepath.Join(t.TempDir(), "raw")
	stdout, _ := s.expect(0, dir, []string{"-base", "only", "-pkg", "./...", "-unit", "steps/op", "-rounds", "10", "-o", raw}, "PASS")
	for _, want := range []string{"one.Here ", "two.Steps/kind=add/to=sink "} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no row %s:\n%s", want, stdout)
		}
	}
	pkgs := map[string]int{}
	for _, r := range readRaw(t, rawPath(raw, headArm)) {
		pkgs[r.GetConfig("pkg")]++
	}
	if len(pkgs) != 2 || pkgs["example.com/steps/one"] != 6 || pkgs["example.com/steps/two"] != 6 {
		t.Errorf("lines by package %v, want 6 of each: two benchmarks, three rounds that read the same", pkgs)
	}
	s.clean(m.dir)
	if stdout, _ := s.expect(0, dir, []string{"-files", "-unit", "steps/op", rawPath(raw, baseArm), rawPath(raw, headArm)}, "PASS"); strings.Contains(stdout, "cut short") {
		t.Errorf("-files takes the raw rounds for cut short:\n%s", stdout)
	}
}

// TestChanged edits head's source while it is measured.
func TestChanged(t *testing.T) {
	m := newModule(t)
	m.write("work_test.go", strings.Replace(steps(300), "b.ReportMetric", `if os.Getenv("SIDE") == "head" {
			f, err := os.OpenFile("work_test.go", os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				b.Fatal(err)
			}
			f.WriteString("// more\n")
			f.Close()
		}
		b.ReportMetric`, 1))
	m.commit("only")
	s := newSession(t)
	s.expect(2, m.dir, []string{"-head-env", "SIDE=head", "-pkg", ".", "-rounds", "10", "-o", filepath.Join(t.TempDir(), "raw")},
		"changed while gate was running", "leave "+m.dir+" alone")
}

// TestFiles compares existing files: files that a gate has kept, and files that
// don't say enough.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, unit string, n int, values ...float64) string {
		var b strings.Builder
		fmt.Fprintf(&b, "goos: linux\npkg: example.com/steps\nUnit steps/op better=lower assume=exact\n")
		for i := range n {
			fmt.Fprintf(&b, "BenchmarkA 10 %v ns/op 0 B/op 0 allocs/op\nBenchmarkB 10 %v %s\n", values[i%len(values)], values[i%len(values)], unit)
		}
		b.WriteString("PASS\n")
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	slow := write("slow.txt", "steps/op", 10, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209)
	fast := write("fast.txt", "steps/op", 10, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109)
	wide := write("wide.txt", "steps/op", 10, 100, 1000)
	few := write("few.txt", "steps/op", 2, 100, 101)
	hops := write("hops.txt", "hops", 10, 100)
	zero := write("zero.txt", "ns/op", 10, 0, 1)
	reference, err := filepath.Abs(filepath.Join("..", "..", "..", "results", "reference.txt"))
	if err != nil {
		t.Fatal(err)
	}
	s := newSession(t)
	for _, test := range []struct {
		code  int
		args  []string
		words []string
	}{
		{1, []string{fast, slow}, []string{"REGRESSION", "A", "steps/op"}},
		{0, []string{slow, fast}, []string{"PASS"}},
		{3, []string{fast, wide}, []string{"INCONCLUSIVE"}},
		{0, []string{"-inconclusive", "pass", fast, wide}, []string{"INCONCLUSIVE"}},
		{1, []string{"-bench", "^BenchmarkB$", "-unit", "steps/op", fast, slow}, []string{"96% more steps/op"}},
		{2, []string{few, few}, []string{"too few"}},
		{2, []string{"-unit", "ns/op", zero, zero}, []string{"which has no ratio", "A (ns/op)"}},
		{3, []string{reference, reference}, []string{"Not compared, since a figure of 0 has no ratio", "syscalls/op", "their figures vary by chance", "place=free"}},
		{2, []string{fast}, []string{"OLD NEW; 1 given"}},
		{2, []string{"-format", "markdown=" + filepath.Join(dir, "nowhere", "x"), fast, slow}, []string{"-format markdown=", "nowhere", "choose another file"}},
		{2, []string{fast, slow, wide}, []string{"OLD NEW; 3 given"}},
		{2, []string{fast, filepath.Join(dir, "nowhere")}, []string{"nowhere"}},
		{2, []string{"-bench", "Nothing", fast, slow}, []string{`-bench "Nothing"`, "BenchmarkA"}},
		{2, []string{"-skip", ".", fast, slow}, []string{`-skip "." leaves out all benchmarks`, "BenchmarkA"}},
		{2, []string{"-unit", "hops", "-bench", "^BenchmarkB$", hops, hops}, []string{"-unit hops", "better=lower"}},
		{2, []string{"-bench", "^BenchmarkB$", hops, hops}, []string{"none of the units in common (hops)", "-unit"}},
		{2, []string{"-rounds", "9", fast, slow}, []string{"-rounds and -files exclude each other"}},
	} {
		s.expect(test.code, dir, append([]string{"-files"}, test.args...), test.words...)
	}
}

// TestMargin: a margin is in per cent, with the sign or without.
func TestMargin(t *testing.T) {
	for given, want := range map[string]float64{"3": 0.03, "3%": 0.03, "0.5": 0.005, "0%": 0, "100": 1} {
		o, err := parse([]string{"-base", "x", "-margin", given}, io.Discard)
		if err != nil || o.margin != want {
			t.Errorf("-margin %s is %v, %v, want %v", given, o.margin, err, want)
		}
	}
}

// TestDefaultBench: the help names the cases that are measured by default.
func TestDefaultBench(t *testing.T) {
	var help strings.Builder
	if _, err := parse([]string{"-h"}, &help); !errors.Is(err, flag.ErrHelp) {
		t.Fatal(err)
	}
	match, words := regexp.MustCompile(defaultBench), strings.Join(strings.Fields(help.String()), " ")
	var names []string
	for _, c := range bench.Families.Cases() {
		if name := c.Name.String(); match.MatchString("Benchmark" + name) {
			names = append(names, name)
			if !strings.Contains(words, name) {
				t.Errorf("the help doesn't name %s", name)
			}
		}
	}
	if len(names) != len(defaultCases) {
		t.Errorf("by default %v are measured, want %v", names, defaultCases)
	}
}

// TestUsage has command lines that make no sense.
func TestUsage(t *testing.T) {
	for _, test := range []struct {
		args, want string
	}{
		{"", "nothing to compare"},
		{"-nonsense", "-nonsense"},
		{"-base x stray", `"stray"`},
		{"-base x -base-dir y", "-base and -base-dir exclude"},
		{"-base x -head y -head-dir z", "-head and -head-dir exclude"},
		{"-head x", "-head needs -base"},
		{"-head-dir x", "-head-dir needs -base-dir"},
		{"-base-env NOTHING", `"NOTHING" is no K=V`},
		{"-base-env =x", "is no K=V"},
		{"-head-env A=1 -head-env A=2", "A is set twice"},
		{"-base x -rounds 9 -budget 1m", "-rounds and -budget exclude"},
		{"-base x -rounds 0", "-rounds 0"},
		{"-base x -budget 0s", "-budget 0s"},
		{"-base x -budget 3", "3 has no unit; give 3s or 3m"},
		{"-base x -budget soon", `"soon" is no time`},
		{"-base x -pkg . -skip A -skip B", `flag -skip: the flag is given twice, first as "A"`},
		{"-base x -base y", "the flag is given twice"},
		{"-base x -force -force", "the flag is given twice"},
		{"-base x -cpu -2", "-cpu -2"},
		{"-base x -pkg . -cpu 0", "-cpu is for our own cases"},
		{"-base x -pkg . -inject Switch=1.1", "-inject is for our own cases"},
		{"-base x -pkg . -allow race", "-allow is for our own cases"},
		{"-base x -allow fast", `"fast" is none; choose of race, msan, asan, cover, gcflags`},
		{"-base x -pkg=", "-pkg is empty"},
		{"-base x -unit ns/op", "-unit is for -pkg"},
		{"-base x -inject Switch", "REGEXP=FACTOR"},
		{"-base x -inject Switch=0.5", `"0.5" is not a factor`},
		{"-base x -inject (=2", "regular expression"},
		{"-base x -margin little", `"little" is no percentage`},
		{"-base x -margin -1%", "-margin"},
		{"-base x -margin NaN%", "-margin"},
		{"-base x -format xml", `"xml" is none`},
		{"-base x -format json=", "names no file"},
		{"-base x -inconclusive maybe", `-inconclusive "maybe"`},
		{"-base x -seed -1", "seed"},
	} {
		var out, errs strings.Builder
		if code := Run(strings.Fields(test.args), &out, &errs); code != 2 || !strings.Contains(errs.String(), test.want) || out.Len() > 0 {
			t.Errorf("gate %s answers %d and says %s%s, want 2 and %q", test.args, code, out.String(), errs.String(), test.want)
		}
	}
	var out strings.Builder
	if code := Run([]string{"-h"}, &out, io.Discard); code != 0 || !strings.Contains(out.String(), "gate -base main -pkg ./...") {
		t.Errorf("-h answers %d and says %s", code, out.String())
	}
}
