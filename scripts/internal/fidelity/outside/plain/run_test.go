package plain

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMain fails a run that leaves a goroutine behind.
func TestMain(m *testing.M) {
	before := runtime.NumGoroutine()
	code := m.Run()
	// The last goroutine to call wg.Done or close may still be on its way out.
	for range 1000 {
		if runtime.NumGoroutine() <= before {
			os.Exit(code)
		}
		time.Sleep(10 * time.Millisecond)
	}
	fmt.Fprintf(os.Stderr, "%d goroutines are left over\n", runtime.NumGoroutine()-before)
	os.Exit(1)
}

func TestBenchmarksRun(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	list, err := exec.CommandContext(t.Context(), self, "-test.list=^Benchmark").Output()
	if err != nil {
		t.Fatalf("listing the benchmarks: %v", err)
	}
	names := strings.Fields(string(list))
	want := 11
	if runtime.GOOS == "linux" {
		want = 13
	}
	if len(names) != want {
		t.Fatalf("%d benchmarks, not %d: %v", len(names), want, names)
	}
	out, err := exec.CommandContext(t.Context(), self, "-test.run=^$", "-test.bench=.", "-test.benchtime=100x", "-test.timeout=2m").CombinedOutput()
	if err != nil {
		t.Fatalf("running the benchmarks: %v\n%s", err, out)
	}
	for _, name := range names {
		m := regexp.MustCompile(`(?m)^` + name + `(?:-\d+)?\s+100\s+([0-9.]+) ns/op`).FindSubmatch(out)
		if m == nil {
			t.Errorf("no result of 100 operations for %s in:\n%s", name, out)
			continue
		}
		if ns, err := strconv.ParseFloat(string(m[1]), 64); err != nil || ns <= 0 {
			t.Errorf("%s took %s ns/op; want a positive time", name, m[1])
		}
	}
}
