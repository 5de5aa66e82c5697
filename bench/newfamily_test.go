package bench_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNewFamily adds a family to a copy of the suite, as CONTRIBUTING.md says,
// and runs it: its folder, its entry in the catalog, and a line in each list.
func TestNewFamily(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds a copy of the suite")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("no go command: %v", err)
	}
	dir := t.TempDir()
	for _, part := range []string{"bench", "goroutines", "threads"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join("..", part))); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), string(text))
	}
	write(t, filepath.Join(dir, "bench/internal/closing/closing.go"), closing)
	write(t, filepath.Join(dir, "bench/catalog/closing.go"), closingEntry)
	insert(t, filepath.Join(dir, "bench/catalog/families.go"), "\tStart,", "\tStart,\n\tClosing,")
	insert(t, filepath.Join(dir, "bench/families.go"), "start.Family,", "start.Family,\n\tclosing.Family,")
	insert(t, filepath.Join(dir, "bench/families.go"), "import (", "import (\n\t\"threadbench/bench/internal/closing\"")
	insert(t, filepath.Join(dir, "bench/bench_test.go"), "func family(", "func BenchmarkClosing(b *testing.B) { family(b, \"Closing\") }\n\nfunc family(")

	cmd := exec.Command("go", "test", "-run=^TestFamilies$", "-bench=Closing", "-benchtime=2000x", "./bench")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, name := range []string{"BenchmarkClosing/impl=goroutine", "BenchmarkClosing/impl=floor"} {
		if !bytes.Contains(text, []byte(name)) {
			t.Errorf("no row %s in\n%s", name, text)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// insert replaces a text that stands in a file once.
func insert(t *testing.T, path, old, now string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), old); n != 1 {
		t.Fatalf("%s has %q %d times, want once", path, old, n)
	}
	write(t, path, strings.Replace(string(text), old, now, 1))
}

const closingEntry = `package catalog

// Closing is a test's family.
var Closing = Family{
	Name:    "Closing",
	Op:      "one channel made and closed",
	Primary: []string{"ns/op"},
	Read:    "What closing a channel costs.",
}
`

const closing = `// Package closing is a test's family.
package closing

import (
	"threadbench/bench/catalog"
	"threadbench/bench/internal/arm"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// Family is the family Closing.
var Family = measure.Family{Family: catalog.Closing, Cases: []measure.Case{row("goroutine", true), row("floor", false)}}

func row(impl string, closes bool) measure.Case {
	return measure.Case{
		Name:     catalog.Name{Family: "Closing"}.With("impl", impl),
		CPUs:     1,
		Procs:    1,
		Evidence: []measure.Evidence{{Count: "made", Rate: 1}},
		Open: func(func(string)) (lockstep.Arm, error) {
			return &channels{closes, arm.NewMeter()}, nil
		},
	}
}

type channels struct {
	closes bool
	meter  *arm.Meter
}

func (a *channels) Run(n int) (lockstep.Slice, error) {
	made := int64(0)
	a.meter.Start()
	for range n {
		c := make(chan int)
		made++
		if a.closes {
			close(c)
		}
	}
	a.meter.Stop()
	return lockstep.Slice{Ops: n, Elapsed: a.meter.Elapsed, Counts: a.meter.Counts(map[string]int64{"made": made})}, nil
}

func (a *channels) Close() error { return nil }
`
