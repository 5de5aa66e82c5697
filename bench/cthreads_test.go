package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"threadbench/bench/internal/arm"
	"threadbench/bench/measure"
	"threadbench/threads"
)

// TestCThreadsElsewhere opens C threads in this binary, which links no cgo.
func TestCThreadsElsewhere(t *testing.T) {
	_, pair := arm.CPair(threads.Futex)
	_, creator := arm.CCreator(1)
	_, parked := arm.ParkedC(true)(1, 0, 0)
	for what, err := range map[string]error{"a pair": pair, "a creator": creator, "parked threads": parked} {
		if err == nil || !strings.Contains(err.Error(), "opening C threads: they need the worker of package threadbench/bench/pthread") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestCThreadsTable: the cases of impl=pthread, and no others, have the worker of C
// threads. The same rows of impl=clone stand beside them.
func TestCThreadsTable(t *testing.T) {
	n := 0
	for _, c := range Families.Cases() {
		if is := c.Name.Get("impl") == "pthread"; is != c.C {
			t.Errorf("%s: its worker is the one of C threads: %v", c.Name, c.C)
		}
		if !c.C {
			continue
		}
		n++
		clone, ok := Families.Lookup(c.Name.With("impl", "clone").String())
		if !ok || clone.Once != c.Once || clone.CPUs != c.CPUs || clone.Procs != c.Procs || clone.HoldsP != c.HoldsP || !slices.Equal(clone.Evidence, c.Evidence) {
			t.Errorf("%s is measured otherwise than impl=clone: %+v, %+v", c.Name, c, clone)
		}
	}
	if (n > 0) != measure.WithPthread || (measure.Tags == "pthread") != measure.WithPthread {
		t.Errorf("%d cases of impl=pthread, tags %q, built for them: %v", n, measure.Tags, measure.WithPthread)
	}
}

func TestNewer(t *testing.T) {
	dir := t.TempDir()
	old, young, none := filepath.Join(dir, "old"), filepath.Join(dir, "young"), filepath.Join(dir, "none")
	for path, age := range map[string]time.Duration{old: time.Hour, young: 0} {
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if at := time.Now().Add(-age); os.Chtimes(path, at, at) != nil {
			t.Fatal("a file's time can't be set")
		}
	}
	for _, test := range []struct {
		path, than string
		want       bool
	}{{young, old, true}, {old, young, false}, {old, old, true}, {none, old, false}, {old, none, false}} {
		if got := measure.Newer(test.path, test.than); got != test.want {
			t.Errorf("newer(%s, %s) = %v", filepath.Base(test.path), filepath.Base(test.than), got)
		}
	}
}

// TestBuildC builds the worker with a missing C compiler. It also checks that no other
// program is taken for the worker.
func TestBuildC(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("no go command: %v", err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "worker")
	t.Setenv("CC", filepath.Join(dir, "no-cc"))
	err := measure.BuildC(path)
	if err == nil || !strings.Contains(err.Error(), "no-cc") || !strings.Contains(err.Error(), "install gcc") {
		t.Errorf("with a C compiler that isn't there: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	if err := measure.BuildC(filepath.Join(dir, "none", "worker")); err == nil {
		t.Error("built into a folder that isn't there")
	}

	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := measure.BuiltWithCgo(program); err == nil || !strings.Contains(err.Error(), "was built from threadbench/bench.test") {
		t.Errorf("this binary is taken for the worker: %v", err)
	}
	if err := measure.BuiltWithCgo(path); err == nil {
		t.Error("a file that isn't there is taken for the worker")
	}
}
