package bench

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/lockstep"
)

// TestNames holds the whole table against what a results file and benchstat
// can read.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Cases() {
		name := c.Name.String()
		if seen[name] {
			t.Errorf("%s stands twice in the table", name)
		}
		seen[name] = true
		parsed, err := ParseName(name)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if back := parsed.String(); back != name {
			t.Errorf("%s is parsed and written as %s", name, back)
		}
		if strings.ContainsAny(name, ":()@,\" \t") {
			t.Errorf("%s holds a character that benchstat gives a meaning to", name)
		}
		last := -1
		for _, part := range strings.Split(name, "/")[1:] {
			key, value, _ := strings.Cut(part, "=")
			at := slices.Index(Keys, key)
			if at <= last {
				t.Errorf("%s: key %s is out of order", name, key)
			}
			last = at
			if value != strings.ToLower(value) {
				t.Errorf("%s: %s is not in lower case", name, value)
			}
			if regexp.MustCompile(`-\d+$`).MatchString(value) {
				t.Errorf("%s: %s ends as GOMAXPROCS would", name, value)
			}
			switch key {
			case "n", "depth", "stages", "procs":
				if _, err := strconv.Atoi(value); err != nil && part != "procs=all" {
					t.Errorf("%s: %s is no plain number", name, part)
				}
			}
		}
		if !slices.Contains(Contenders, c.Name.Get("impl")) {
			t.Errorf("%s: impl=%s is no contender", name, c.Name.Get("impl"))
		}
		if got, ok := Lookup(name); !ok || got.Name.String() != name {
			t.Errorf("Lookup(%s) = %s, %v", name, got.Name, ok)
		}
	}
	if _, ok := Lookup("Switch/impl=none"); ok {
		t.Error("a case that isn't there is found")
	}
}

func TestParseNameRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"":                              "no family",
		"/impl=clone":                   "no family",
		"Switch/impl":                   `"impl" is not a key=value`,
		"Switch/impl=":                  `"impl=" is not a key=value`,
		"Switch/=clone":                 `"=clone" is not a key=value`,
		"Switch/colour=red":             `"colour=red" is not a key=value with a key of impl, mode`,
		"Switch/impl=clone/impl=locked": `key "impl" stands twice`,
		"Switch//impl=clone":            `"" is not a key=value`,
	} {
		if n, err := ParseName(name); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), fmt.Sprintf("%q", name)) {
			t.Errorf("ParseName(%q) = %v, %v, want an error that names it and says %s", name, n, err, want)
		}
	}
}

func TestWith(t *testing.T) {
	n := Name{Family: "Stack"}.With("depth", "0").With("impl", "clone").With("stack", "least")
	if got := n.String(); got != "Stack/impl=clone/stack=least/depth=0" {
		t.Errorf("put together: %s", got)
	}
	without := n.With("stack", "")
	if got := without.String(); got != "Stack/impl=clone/depth=0" {
		t.Errorf("without a key: %s", got)
	}
	if n.Get("stack") != "least" || without.Get("stack") != "" {
		t.Errorf("%s and %s share their keys", n, without)
	}
}

// TestRefs sees that every case is compared with a goroutine that does the
// same, in the same place or in one of its own choice.
func TestRefs(t *testing.T) {
	for _, c := range Cases() {
		ref := c.Ref()
		of, ok := Lookup(ref.String())
		if !ok || ref.Get("impl") != "goroutine" || ref.Family != c.Name.Family {
			t.Errorf("%s refers to %s, want a goroutine arm of its family", c.Name, ref)
			continue
		}
		if of.Ref().String() != ref.String() {
			t.Errorf("%s refers to %s, which refers to %s", c.Name, ref, of.Ref())
		}
		if m := c.Name.Get("mode"); ref.Get("mode") != m && ref.Get("mode") != map[string]string{"blocking": "poller", "serial": "together", "inplace": "reused", "pooled": "reused"}[m] {
			t.Errorf("%s refers to %s: another mode", c.Name, ref)
		}
		for _, key := range []string{"wait", "load", "stages", "procs", "n", "depth"} {
			if ref.Get(key) != c.Name.Get(key) {
				t.Errorf("%s refers to %s: another %s", c.Name, ref, key)
			}
		}
		if p := c.Name.Get("place"); ref.Get("place") != p && (p != "cross" || ref.Get("place") != "free") {
			t.Errorf("%s refers to %s: another place", c.Name, ref)
		}
		if v := c.Name.Get("via"); ref.Get("via") != v && ref.Get("via") != "channel" {
			t.Errorf("%s refers to %s: neither the same via nor a channel", c.Name, ref)
		}
		if of.Once != c.Once {
			t.Errorf("%s refers to %s: one is measured once a process, the other in slices", c.Name, ref)
		}
	}
}

// TestNoLockedReused: files from before these names have rows of that one, which
// must not be read as another measure.
func TestNoLockedReused(t *testing.T) {
	if c, ok := Lookup("Create/impl=locked/mode=reused"); ok {
		t.Errorf("%s is a case", c.Name)
	}
}

// TestQuickProfile sees that the short profile answers the first questions.
func TestQuickProfile(t *testing.T) {
	quick := map[string]bool{}
	for _, c := range Cases() {
		if c.Quick {
			quick[c.Name.Family+" "+c.Name.Get("impl")] = true
			if ref, _ := Lookup(c.Ref().String()); !ref.Quick {
				t.Errorf("%s is in the short profile, its goroutine arm %s isn't", c.Name, ref.Name)
			}
		}
	}
	for _, mode := range []string{"inplace", "pooled"} {
		if c, ok := Lookup("Create/impl=locked/mode=" + mode); !ok || !c.Quick {
			t.Errorf("the short profile has no locked goroutine of mode=%s", mode)
		}
	}
	for _, family := range []string{"Create", "Stack", "Switch"} {
		for _, impl := range []string{"goroutine", "locked", "clone"} {
			if !quick[family+" "+impl] {
				t.Errorf("the short profile has no %s of %s", family, impl)
			}
		}
	}
}

// TestFamilies holds the families against the Benchmark functions, one each,
// in the same order.
func TestFamilies(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "bench_test.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var functions, families []string
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(f.Name.Name, "Benchmark") {
			continue
		}
		named := strings.TrimPrefix(f.Name.Name, "Benchmark")
		call, ok := f.Body.List[0].(*ast.ExprStmt).X.(*ast.CallExpr)
		if !ok || len(f.Body.List) != 1 || len(call.Args) != 2 || call.Args[1].(*ast.BasicLit).Value != strconv.Quote(named) {
			t.Errorf("%s does not measure the family %s", f.Name.Name, named)
		}
		functions = append(functions, named)
	}
	for _, f := range Families {
		families = append(families, f.Name)
		if f.Op == "" || f.Read == "" || len(f.Cases) == 0 {
			t.Errorf("family %s: no op, no way to read it, or no cases", f.Name)
		}
		for _, c := range f.Cases {
			if c.Name.Family != f.Name {
				t.Errorf("family %s holds %s", f.Name, c.Name)
			}
		}
		for _, unit := range f.Primary {
			if !slices.ContainsFunc(Units, func(u Unit) bool { return u.Name == unit }) {
				t.Errorf("family %s: primary unit %s is unknown", f.Name, unit)
			}
		}
		if got, ok := FamilyOf(f.Name); !ok || got.Name != f.Name {
			t.Errorf("FamilyOf(%s) = %s, %v", f.Name, got.Name, ok)
		}
	}
	if d := cmp.Diff(families, functions); d != "" {
		t.Errorf("families and Benchmark functions (-families +functions):\n%s", d)
	}
}

// fulfilled are counts, of so many ops, that are just what the case wants.
func fulfilled(c Case, ops int) map[string]int64 {
	counts := map[string]int64{}
	for _, w := range c.Evidence {
		if w.Of != "" {
			counts[w.Of] = int64(ops) / 128
		}
	}
	for _, w := range c.Evidence {
		n := float64(ops)
		if w.Of != "" {
			n = float64(counts[w.Of])
		}
		counts[w.Count] = int64(w.Rate * n)
	}
	return counts
}

// TestEvidenceCanFail feeds every want of every case a count that is far off:
// one that can't fail is no evidence.
func TestEvidenceCanFail(t *testing.T) {
	const ops = 10_000
	for _, c := range Cases() {
		if proven, err := c.Check(ops, fulfilled(c, ops)); err != nil || !proven {
			t.Errorf("%s: what it wants is proven: %v, %v", c.Name, proven, err)
		}
		for _, w := range c.Evidence {
			n := float64(ops)
			if w.Of != "" {
				n = float64(fulfilled(c, ops)[w.Of])
			}
			far := w.CountTolerance + w.RateTolerance*n + 1
			for _, seen := range []float64{w.Rate*n + far, w.Rate*n - far} {
				counts := fulfilled(c, ops)
				counts[w.Count] = int64(seen)
				proven, err := c.Check(ops, counts)
				var evidence *EvidenceError
				if !errors.As(err, &evidence) || !proven {
					t.Errorf("%s: %v %s of %v pass: %v, %v", c.Name, seen, w.Count, n, proven, err)
					continue
				}
				if evidence.Evidence.Count != w.Count {
					t.Errorf("%s: %v %s are held against %s", c.Name, seen, w.Count, evidence.Evidence.Count)
				}
			}
			// What is to be seen and isn't: with the least ops that count.
			if counts := fulfilled(c, provable); w.Rate > 0 {
				if w.Of == "" {
					counts[w.Count] = 0
				} else {
					counts[w.Of], counts[w.Count] = 100, 0
				}
				if _, err := c.Check(provable, counts); err == nil {
					t.Errorf("%s: no %s at all pass", c.Name, w.Count)
				}
			}
		}
	}
}

// TestSwitchesAreCounted sees that no hand-off stands without the kernel's
// own count of switches, or a tracer's of system calls, but for the lottery's.
func TestSwitchesAreCounted(t *testing.T) {
	for _, c := range switchCases() {
		counted := slices.ContainsFunc(c.Evidence, func(w Evidence) bool { return w.Count == "kernel-switches" || w.Count == "syscalls" })
		if !counted && c.Name.Get("place") != "free" {
			t.Errorf("%s wants no count of kernel switches, nor of system calls", c.Name)
		}
	}
}

func TestCheck(t *testing.T) {
	c := Case{Evidence: []Evidence{
		{Count: "switches", Rate: 1, RateTolerance: 0.1, CountTolerance: 30},
		{Count: "crossed", Of: "samples", Rate: 1, RateTolerance: 0.25},
	}}
	for _, test := range []struct {
		name   string
		ops    int
		counts map[string]int64
		proven bool
		want   string // of the error, "" for none
	}{
		{"just so", 1000, map[string]int64{"switches": 1000, "samples": 8, "crossed": 8}, true, ""},
		{"the most", 1000, map[string]int64{"switches": 1130, "samples": 8, "crossed": 10}, true, ""},
		{"the least", 1000, map[string]int64{"switches": 870, "samples": 8, "crossed": 6}, true, ""},
		{"too many", 1000, map[string]int64{"switches": 1131, "samples": 8, "crossed": 8}, true, "expected 1000 switches of 1000 ops, give or take 130; seen 1131"},
		{"too few", 1000, map[string]int64{"switches": 869, "samples": 8, "crossed": 8}, true, "expected 1000 switches of 1000 ops, give or take 130; seen 869"},
		{"not counted", 1000, map[string]int64{"samples": 8, "crossed": 8}, false, ""},
		{"not counted, and another that is wrong", 1000, map[string]int64{"samples": 8, "crossed": 5}, true, "seen 5"},
		{"none", 1000, map[string]int64{"switches": 0, "samples": 8, "crossed": 8}, true, "expected 1000 switches of 1000 ops, give or take 130; seen 0"},
		{"too small a share", 1000, map[string]int64{"switches": 1000, "samples": 8, "crossed": 5}, true, "expected 8 crossed of 8 samples, give or take 2; seen 5"},
		{"a share of nothing", 1000, map[string]int64{"switches": 1000}, false, ""},
		{"a share of nothing, and too few", 1000, map[string]int64{"switches": 3}, true, "seen 3"},
		{"a share of none", 1000, map[string]int64{"switches": 1000, "samples": 0, "crossed": 0}, false, ""},
		{"a share of nothing was seen", 1000, map[string]int64{"switches": 1000, "samples": 0, "crossed": 5}, true, "expected 0 crossed of 0 samples, give or take 0; seen 5"},
		{"too few ops to tell", 999, map[string]int64{"switches": 5}, false, ""},
		{"no ops", 0, nil, false, ""},
	} {
		proven, err := c.Check(test.ops, test.counts)
		if proven != test.proven {
			t.Errorf("%s: proven is %v, want %v", test.name, proven, test.proven)
		}
		var evidence *EvidenceError
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (!errors.As(err, &evidence) || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: error %v, want an *EvidenceError with %q", test.name, err, test.want)
		}
	}
}

func TestFigures(t *testing.T) {
	got := Figures(1000,
		map[string]int64{"kernel-switches": 500, "threads": 0, "samples": 4, "crossed": 1, "created": 1000},
		map[string]float64{"tasks": 9})
	want := map[string]float64{"kernel-switches/op": 0.5, "threads/op": 0, "crossed/op": 0.25, "tasks": 9}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("figures (-want +got):\n%s", d)
	}
	if got := Figures(1000, map[string]int64{"crossed": 0, "samples": 0}, nil); len(got) != 0 {
		t.Errorf("a share of no samples is reported: %v", got)
	}
	for _, r := range reported {
		if !slices.ContainsFunc(Units, func(u Unit) bool { return u.Name == r.unit }) {
			t.Errorf("unit %s is unknown", r.unit)
		}
	}
}

// TestSpec starts cases at several sites, in thought.
func TestSpec(t *testing.T) {
	one, two := Site{CPUs: []int{3}, CPU: 3}, Site{CPUs: []int{0, 1}, CPU: 1}
	four, kin := Site{CPUs: []int{0, 1, 4, 5}, CPU: 4}, Site{CPUs: []int{0, 1, 4, 5}, CPU: 4, Kin: []int{5}}
	for _, test := range []struct {
		name  string
		site  Site
		cpus  []int
		procs string
		skip  string
	}{
		{"Switch/impl=goroutine/via=channel/place=same", one, nil, "1", ""},
		{"Switch/impl=goroutine/via=channel/place=same", two, []int{1}, "1", ""},
		{"Switch/impl=goroutine/via=channel/place=same", four, []int{4}, "1", ""},
		{"Switch/impl=locked/via=futex/place=same", four, []int{4}, "2", ""},
		{"Switch/impl=locked/via=futex/place=cross", one, nil, "", "1 CPU allowed, 2 wanted"},
		{"Switch/impl=locked/via=futex/place=cross", two, nil, "2", ""},
		{"Switch/impl=clone/via=futex/place=cross", two, nil, "1", ""},
		{"Switch/impl=locked/via=futex/place=cross", four, []int{4, 0}, "2", ""},
		{"Switch/impl=locked/via=futex/place=cross", kin, []int{4, 5}, "2", ""},
		{"Serve/impl=clone/mode=blocking/n=10", kin, []int{4, 5}, "1", ""},
		{"Switch/impl=locked/via=futex/place=free", one, nil, "1", ""},
		{"Switch/impl=locked/via=futex/place=free", four, nil, "4", ""},
		{"Stack/impl=goroutine/depth=0", two, nil, "2", ""},
		{"Create/impl=clone/mode=cold", two, []int{1}, "1", ""},
		{"Serve/impl=clone/mode=blocking/n=10", one, nil, "", "1 CPU allowed, 2 wanted"},
		{"Serve/impl=clone/mode=blocking/n=10", two, nil, "1", ""},
		{"Serve/impl=clone/mode=blocking/n=10", four, []int{4, 0}, "1", ""},
		{"Mixed/impl=locked/mode=together/procs=1", two, []int{1}, "1", ""},
		{"Mixed/impl=goroutine/mode=together/procs=2", two, []int{1}, "2", ""},
		{"Mixed/impl=locked/mode=together/procs=all", four, nil, "4", ""},
	} {
		t.Run(fmt.Sprintf("%s on %d", test.name, len(test.site.CPUs)), func(t *testing.T) {
			c, ok := Lookup(test.name)
			if !ok {
				t.Fatal("no such case")
			}
			spec, err := c.Spec("program", test.site)
			if place := c.Name.Get("place"); !canPin && test.skip == "" {
				test.cpus = nil
				if place == "same" || place == "cross" {
					test.skip = "can't hold a process on a CPU"
				}
			}
			if test.skip != "" {
				var skip *lockstep.Skip
				if !errors.As(err, &skip) || !strings.Contains(skip.Reason, test.skip) {
					t.Errorf("Spec: %v (%T), want a *Skip with %q", err, err, test.skip)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if spec.Path != "program" {
				t.Errorf("program %s", spec.Path)
			}
			if d := cmp.Diff(test.cpus, spec.CPUs); d != "" {
				t.Errorf("CPUs (-want +got):\n%s", d)
			}
			if got := variable(t, spec.Env, "GOMAXPROCS"); got != test.procs {
				t.Errorf("GOMAXPROCS=%s, want %s", got, test.procs)
			}
			if got := variable(t, spec.Env, cpuVariable); got != strconv.Itoa(test.site.CPU) {
				t.Errorf("%s=%s, want the chosen CPU %d", cpuVariable, got, test.site.CPU)
			}
			if got := variable(t, spec.Env, workerVariable); got != test.name {
				t.Errorf("%s=%s, want %s", workerVariable, got, test.name)
			}
		})
	}
}

// variable is the value of an environment variable, which stands there once.
func variable(t *testing.T, env []string, key string) string {
	t.Helper()
	var values []string
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, key+"="); ok {
			values = append(values, v)
		}
	}
	if len(values) != 1 {
		t.Errorf("%s stands %d times in the environment: %q", key, len(values), values)
		return ""
	}
	return values[0]
}

// TestSpecEnvironment sees that a worker's own settings win, and that a
// GODEBUG of the user's stays.
func TestSpecEnvironment(t *testing.T) {
	c, ok := Lookup("Create/impl=goroutine/mode=cold")
	if !ok {
		t.Fatal("no such case")
	}
	for _, test := range []struct{ godebug, want string }{
		{"", "adaptivestackstart=0"},
		{"gctrace=0", "gctrace=0,adaptivestackstart=0"},
		{"adaptivestackstart=1,gctrace=0", "adaptivestackstart=1,gctrace=0,adaptivestackstart=0"}, // the last one wins
	} {
		t.Setenv("GODEBUG", test.godebug)
		t.Setenv("GOGC", "50")
		t.Setenv("GOMAXPROCS", "64")
		t.Setenv("THREADBENCH_TEST_KEPT", "a=b")
		spec, err := c.Spec("program", Site{CPUs: []int{0}})
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]string{"GODEBUG": test.want, "GOGC": "off", "GOMAXPROCS": "1", "THREADBENCH_TEST_KEPT": "a=b"} {
			if got := variable(t, spec.Env, key); got != want {
				t.Errorf("with GODEBUG=%s: %s=%s, want %s", test.godebug, key, got, want)
			}
		}
	}
	if os.Getenv("GODEBUG") != "adaptivestackstart=1,gctrace=0" {
		t.Error("Spec has changed this process's own environment")
	}
}
