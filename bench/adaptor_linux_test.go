package bench_test

import (
	"strings"
	"testing"

	"threadbench/bench/lockstep"
)

// TestAdaptorOnOneCPU runs on one CPU. Cases that need two are left out with a
// reason, once, and the others are measured.
func TestAdaptorOnOneCPU(t *testing.T) {
	site, _ := here(t)
	cmd := benchmarks(t, "-test.bench=Switch/impl=clone/via=futex", "-test.benchtime=100x", "-test.count=2")
	if err := lockstep.OnCPUs([]int{site.CPU}, cmd.Start); err != nil {
		t.Fatal(err)
	}
	err := cmd.Wait()
	stdout, stderr := said(cmd)
	if err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	skips := lines(stderr, "# skip ")
	const want = "# skip BenchmarkSwitch/impl=clone/via=futex/place=cross: 1 CPU allowed, 2 wanted; "
	if len(skips) != 1 || !strings.HasPrefix(skips[0], want) {
		t.Errorf("left out: %q, want one line that begins with %q", skips, want)
	}
	results, _ := read(t, stdout)
	if len(results) != 4 { // place=same and place=free, each twice
		t.Errorf("%d results, want 4:\n%s", len(results), stdout)
	}
	for _, r := range results {
		if strings.Contains(string(r.Name), "cross") {
			t.Errorf("%s was measured on one CPU", r.Name)
		}
	}
}
