package bench

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

func TestCheck(t *testing.T) {
	c := measure.Case{Evidence: []measure.Evidence{
		{Count: "switches", Rate: 1, RateTolerance: 0.1, CountTolerance: 30},
		{Count: "crossed", Of: "samples", Rate: 1, RateTolerance: 0.25},
	}}
	for _, test := range []struct {
		name   string
		ops    int
		counts map[string]int64
		proven bool
		want   string // in the error, "" for no error
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
		var evidence *measure.EvidenceError
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.want != "" && (!errors.As(err, &evidence) || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: error %v, want an *EvidenceError with %q", test.name, err, test.want)
		}
	}
}

// TestSpec makes the specs of cases at several sites, and starts no worker.
func TestSpec(t *testing.T) {
	one, two := measure.Site{CPUs: []int{3}, CPU: 3}, measure.Site{CPUs: []int{0, 1}, CPU: 1}
	four, kin := measure.Site{CPUs: []int{0, 1, 4, 5}, CPU: 4}, measure.Site{CPUs: []int{0, 1, 4, 5}, CPU: 4, Kin: []int{5}}
	for _, test := range []struct {
		name  string
		site  measure.Site
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
			c, ok := Families.Lookup(test.name)
			if !ok {
				t.Fatal("no such case")
			}
			spec, err := c.Spec("program", test.site)
			if place := c.Name.Get("place"); !host.CanPin && test.skip == "" {
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
			if got := variable(t, spec.Env, measure.CpuVariable); got != strconv.Itoa(test.site.CPU) {
				t.Errorf("%s=%s, want the chosen CPU %d", measure.CpuVariable, got, test.site.CPU)
			}
			if got := variable(t, spec.Env, measure.WorkerVariable); got != test.name {
				t.Errorf("%s=%s, want %s", measure.WorkerVariable, got, test.name)
			}
		})
	}
}

// variable is the value of an environment variable. The test fails unless the variable
// stands in env once.
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

// TestSpecEnvironment: a worker's own settings win, and the user's GODEBUG stays.
func TestSpecEnvironment(t *testing.T) {
	c, ok := Families.Lookup("Create/impl=goroutine/mode=cold")
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
		spec, err := c.Spec("program", measure.Site{CPUs: []int{0}})
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
