package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/catalog"
)

// TestBuilt builds programs with each flag and compares what they report with the
// go command's own names of its settings.
func TestBuilt(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skipf("no go command: %v", err)
	}
	if testing.Short() {
		t.Skip("it builds the standard library anew")
	}
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	err := os.WriteFile(source, []byte(`package main

import (
	"fmt"

	"threadbench/bench/measure"
)

func main() {
	for _, s := range measure.Configuration("lockstep", 0, measure.Site{}) {
		if s.Key == "build" {
			fmt.Println(s.Value)
		}
	}
	fmt.Println(measure.BuildWarning())
}
`), 0o644)
	if err != nil {
		t.Fatal(err)
	}
	const warning = "this test binary is built with %: its figures are not those of a plain build"
	for _, test := range []struct{ flag, says, warns string }{
		{"-ldflags=-w", "plain", ""},
		{"-gcflags=threadbench/...=-N -l", "gcflags=threadbench/...=-N--l", strings.Replace(warning, "%", "-gcflags=threadbench/...=-N -l", 1)},
		{"-cover", "cover", strings.Replace(warning, "%", "-cover=true", 1)},
		{"-ldflags=-randlayout=7", "ldflags=-randlayout=7", ""},
	} {
		program := filepath.Join(dir, "program")
		cmd := exec.Command("go", "build", "-o", program, test.flag, source)
		cmd.Env = append(os.Environ(), "GOFLAGS=", "CGO_ENABLED=0")
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build %s: %v\n%s", test.flag, err, text)
		}
		run := exec.Command(program)
		run.Env = append(os.Environ(), "GOCOVERDIR="+dir)
		got, err := run.Output()
		if want := test.says + "\n" + test.warns + "\n"; err != nil || string(got) != want {
			t.Errorf("built with %s, a program says %q, %v; want %q", test.flag, got, err, want)
		}
	}
}

// TestBuildOfThisBinary holds what this binary says of itself against its own
// settings.
func TestBuildOfThisBinary(t *testing.T) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("no build settings")
	}
	says := BuildSettings().flags()
	for _, name := range catalog.Distorting() {
		built := strings.Contains(info.String(), "build\t-"+name+"=")
		if said := catalog.DistortedBuild(says) && strings.Contains(","+says, ","+name); said != built {
			t.Errorf("built with -%s: %v; the configuration says %q", name, built, says)
		}
	}
}

func TestBuildFlags(t *testing.T) {
	for _, test := range []struct{ key, value, want string }{
		{"-race", "true", "race"},
		{"-msan", "true", "msan"},
		{"-asan", "true", "asan"},
		{"-cover", "true", "cover"},
		{"-cover", "false", "plain"},
		{"-gcflags", "all=-N -l", "gcflags=all=-N -l"},
		{"-asmflags", "-D=X", "asmflags=-D=X"},
		{"-ldflags", "-w -s -X a.b=c", "plain"},
		{"-ldflags", "-w -X=a.b=c -randlayout=3 -linkmode=external", "ldflags=-randlayout=3 -linkmode=external"},
		{"-pgo", "/home/somebody/cpu.pgo", "pgo=cpu.pgo"},
		{"-pgo", `C:\somebody\cpu.pgo`, "pgo=cpu.pgo"},
		{"-buildmode", "exe", "plain"},
		{"-buildmode", "pie", "buildmode=pie"},
		{"-trimpath", "true", "plain"},
		{"CGO_ENABLED", "1", "plain"},
	} {
		if got := (Build{"-compiler": "gc", test.key: test.value}).flags(); got != test.want {
			t.Errorf("%s=%s is %q, want %q", test.key, test.value, got, test.want)
		}
	}
	if got := (Build{"-gcflags": "-N", "-cover": "true", "-race": "true"}).flags(); got != "race,cover,gcflags=-N" {
		t.Errorf("three flags are %q", got)
	}
	if got := Build(nil).flags(); got != unknown {
		t.Errorf("without build settings it is %q, want %q", got, unknown)
	}
	if d := cmp.Diff([]string{"race", "msan", "asan", "cover", "gcflags"}, catalog.Distorting()); d != "" {
		t.Errorf("what distorts (-want +got):\n%s", d)
	}
	if got := (catalog.BuildFlag{Name: "gcflags", Value: "all=-N -l"}).String(); got != "-gcflags=all=-N -l" {
		t.Errorf("a flag reads %q", got)
	}
}

func TestDistortedBuild(t *testing.T) {
	for value, want := range map[string]bool{
		"": false, "plain": false, unknown: false, "pgo=cpu.pgo": false, "ldflags=-randlayout=3,buildmode=pie": false, "embraced": false,
		"race": true, "pgo=x,race": true, "race,cover": true, "gcflags=all=-N--l": true, "msan,buildmode=pie": true,
	} {
		if got := catalog.DistortedBuild(value); got != want {
			t.Errorf("a build %q distorts: %v, want %v", value, got, want)
		}
	}
}
