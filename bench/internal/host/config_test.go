package host

import (
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/perf/benchfmt"

	"threadbench/bench/lockstep"
)

// configKeys are the configuration's in their order.
var configKeys = []string{
	"driver", "goos", "goarch", "kernel", "go", "goexperiment", "godebug", "go" + runtime.GOARCH, "build", "cgo",
	"cpu", "cpus", "cpu-type", "cpu-capacity", "cpu-max-freq", "cross-shares", "memory", "page-size", "thp", "clocksource", "timer-ns", "timerslack", "governor", "virt",
	"mitigations", "spectre-v2", "retbleed", "spec-rstack-overflow", "preempt", "smt", "seccomp", "cgroup-cpu", "cgroup-memory", "cgroup-pids",
	"gogc", "gomemlimit", "starting-stack", "affinity",
}

// thisCPUs are where the tests would measure.
func thisCPUs(t *testing.T) []int {
	t.Helper()
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	return cpus
}

func keysOf(settings []Setting) []string {
	var keys []string
	for _, s := range settings {
		keys = append(keys, s.Key)
	}
	return keys
}

func value(settings []Setting, key string) string {
	for _, s := range settings {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

func TestConfigurationKeys(t *testing.T) {
	if d := cmp.Diff(configKeys, keysOf(Configuration("lockstep", time.Nanosecond, thisCPUs(t)))); d != "" {
		t.Errorf("keys under lockstep (-want +got):\n%s", d)
	}
	testings := slices.DeleteFunc(slices.Clone(configKeys), func(k string) bool {
		return k == "goos" || k == "goarch" || k == "cpu"
	})
	if d := cmp.Diff(testings, keysOf(Configuration("testing", time.Nanosecond, thisCPUs(t)))); d != "" {
		t.Errorf("keys under testing (-want +got):\n%s", d)
	}
}

// TestConfigurationIsConstant asks twice: a value that changes would split a
// file's results into several tables.
func TestConfigurationIsConstant(t *testing.T) {
	first := Configuration("lockstep", time.Nanosecond, thisCPUs(t))
	second := Configuration("lockstep", time.Nanosecond, thisCPUs(t))
	for _, settings := range [][]Setting{first, second} {
		for i, s := range settings {
			if s.Key == "starting-stack" { // a collection may fall between the two
				settings[i].Value = ""
			}
		}
	}
	if d := cmp.Diff(first, second); d != "" {
		t.Errorf("asked twice (-first +second):\n%s", d)
	}
}

func TestConfigurationOfThisBinary(t *testing.T) {
	t.Setenv("GODEBUG", "madvdontneed=1")
	c := Configuration("lockstep", 25*time.Nanosecond, thisCPUs(t))
	for key, want := range map[string]string{
		"driver":    "lockstep",
		"goos":      runtime.GOOS,
		"goarch":    runtime.GOARCH,
		"timer-ns":  "20",
		"page-size": strconv.Itoa(os.Getpagesize()) + "B",
	} {
		if got := value(c, key); got != want {
			t.Errorf("%s = %q, want %q", key, got, want)
		}
	}
	if got := value(c, "godebug"); !strings.HasSuffix(got, "madvdontneed=1") {
		t.Errorf("godebug = %q, want it to end in the environment's setting", got)
	}
	if got := value(c, "go"); !strings.Contains(got, "go1.") {
		t.Errorf("go = %q, want a release", got)
	}
}

func TestTimerCost(t *testing.T) {
	if c := TimerCost(); c < 0 {
		t.Errorf("TimerCost = %v, want no less than 0", c)
	}
}

func TestTimerNS(t *testing.T) {
	for timer, want := range map[time.Duration]string{
		-1: unknown, 0: unknown, 1: "1", 2: "2", 3: "2", 4: "5", 5: "5", 7: "5", 8: "10",
		14: "10", 15: "20", 31: "20", 32: "50", 55: "50", 62: "50", 70: "50", 71: "100",
		141: "100", 142: "200", 999: "1000", 1000: "1000", 2 * time.Microsecond: "2000",
	} {
		if got := timerNS(timer); got != want {
			t.Errorf("timerNS(%d ns) = %q, want %q", timer, got, want)
		}
	}
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"":                              unknown,
		" \t\n":                         unknown,
		"tsc":                           "tsc",
		"AMD EPYC 7B13  64-Core\n":      "AMD-EPYC-7B13-64-Core",
		"Mitigation: IBRS; RSB filling": "Mitigation:-IBRS;-RSB-filling",
		"devel go1.27-abc Mon":          "devel-go1.27-abc-Mon",
		"a\x00b\x1b[31m":                "a-b-[31m",
		"a\u00a0b\u2028c\u200bd":        "a-b-c-d",
		"bad\xffbytes":                  "bad-bytes",
		"a=1,b=2":                       "a=1,b=2",
	} {
		if got := Clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// FuzzClean: any cleaned value reads back as the value of one configuration line,
// and cleaning it again changes nothing.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "tsc", "AMD EPYC", "a\nUnit ns/op better=higher", "\xff\xfe", "\u2028", "- -", "a\rb"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v := Clean(s)
		if strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
			t.Errorf("clean(%q) = %q holds a space or a control character", s, v)
		}
		if again := Clean(v); again != v {
			t.Errorf("clean(%q) = %q, and cleaned again %q", s, v, again)
		}
		r := benchfmt.NewReader(io.MultiReader(strings.NewReader("key: "+v+"\n"), strings.NewReader("BenchmarkX 1 1 ns/op\n")), "fuzz")
		if !r.Scan() {
			t.Fatalf("clean(%q) = %q: no result reads back: %v", s, v, r.Err())
		}
		res, ok := r.Result().(*benchfmt.Result)
		if !ok {
			t.Fatalf("clean(%q) = %q: a %T reads back", s, v, r.Result())
		}
		if got := res.GetConfig("key"); got != v {
			t.Errorf("clean(%q) = %q reads back as %q", s, v, got)
		}
	})
}

func TestSize(t *testing.T) {
	for in, want := range map[uint64]string{
		0: "0MiB", 512 << 20: "512MiB", 1 << 30: "1GiB", 3 << 29: "1.5GiB",
		24684096 << 10: "23.5GiB", 2 << 40: "2048GiB", math.MaxUint64: "17179869184GiB",
	} {
		if got := size(in); got != want {
			t.Errorf("size(%d) = %q, want %q", in, got, want)
		}
	}
}

func TestBuildSettings(t *testing.T) {
	var none Build
	if got := none.get("GOEXPERIMENT", "none"); got != unknown {
		t.Errorf("without build settings GOEXPERIMENT = %q, want %q", got, unknown)
	}
	b := Build{"GOAMD64": "v3"}
	if got := b.get("GOAMD64", unknown); got != "v3" {
		t.Errorf("GOAMD64 = %q, want v3", got)
	}
	if got := b.get("GOEXPERIMENT", "none"); got != "none" {
		t.Errorf("GOEXPERIMENT = %q, want none", got)
	}
	for _, test := range []struct{ own, env, want string }{
		{"", "", "none"},
		{"panicnil=1", "", "panicnil=1"},
		{"", "gctrace=1", "gctrace=1"},
		{"panicnil=1", "panicnil=0", "panicnil=1,panicnil=0"},
	} {
		if got := (Build{"DefaultGODEBUG": test.own}).godebug(test.env); got != test.want {
			t.Errorf("godebug of %q and %q = %q, want %q", test.own, test.env, got, test.want)
		}
	}
}

func TestMetric(t *testing.T) {
	if got := metric("/no/such:thing", func(uint64) string { return "something" }); got != "" {
		t.Errorf("a metric that no release has = %q, want none", got)
	}
}

// TestCgo builds programs and asks each what is linked into it. The go
// command's list of packages is the judge.
func TestCgo(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("cgo is not told on windows")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("no go command: %v", err)
	}
	const body = `import (
	"fmt"

	"threadbench/bench/measure"
)

func main() {
	site, err := measure.NewSite(-1)
	if err != nil {
		panic(err)
	}
	for _, s := range measure.Configuration("lockstep", 0, site) {
		if s.Key == "cgo" {
			fmt.Print(s.Value)
		}
	}
}
`
	for _, test := range []struct{ name, enabled, source string }{
		{"not allowed", "0", "package main\n\n" + body},
		{"allowed", "1", "package main\n\n" + body},
		{"used", "1", "package main\n\nimport \"C\"\n\n" + body},
	} {
		t.Run(test.name, func(t *testing.T) {
			if cc := goTool(t, "0", "env", "CC"); test.enabled == "1" {
				if _, err := exec.LookPath(strings.Fields(cc)[0]); err != nil {
					t.Skipf("no C compiler: %v", err)
				}
			}
			dir := t.TempDir()
			source, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
			if err := os.WriteFile(source, []byte(test.source), 0o644); err != nil {
				t.Fatal(err)
			}
			want := "off"
			if slices.Contains(strings.Fields(goTool(t, test.enabled, "list", "-deps", source)), "runtime/cgo") {
				want = "linked"
			}
			goTool(t, test.enabled, "build", "-o", program, source)
			got, err := exec.Command(program).Output()
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want {
				t.Errorf("the program says cgo: %s, the go command %s", got, want)
			}
		})
	}
}

// goTool runs the go command in this package's directory.
func goTool(t *testing.T, cgoEnabled string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED="+cgoEnabled)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out))
}
