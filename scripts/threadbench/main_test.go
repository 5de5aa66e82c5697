package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"threadbench/scripts/internal/results"
)

func TestDispatch(t *testing.T) {
	for _, test := range []struct {
		args     []string
		code     int
		out, err string // that each holds; "" for nothing at all
	}{
		{nil, 2, "", "no command given; choose run, report, claims, compare or gate"},
		{[]string{"nosuch"}, 2, "", `"nosuch" is no command; choose run, report, claims, compare or gate`},
		{[]string{"-nosuch"}, 2, "", `"-nosuch" is no command`},
		{[]string{"-h"}, 0, "  run      measure", ""},
		{[]string{"help"}, 0, "  gate     compare two results files, -files OLD NEW", ""},
		{[]string{"run", "-h"}, 0, "-profile full", ""},
		{[]string{"run", "-list", "-bench", "Start"}, 0, "BenchmarkStart/impl=goroutine/procs=2", ""},
		{[]string{"run", "-nosuch"}, 2, "", "run: flag provided but not defined: -nosuch"},
		{[]string{"report"}, 2, "", "report: no file given"},
		{[]string{"claims", "nosuch.txt"}, 2, "", "claims: reading results: open nosuch.txt"},
		{[]string{"compare"}, 2, "", "compare: 0 files given"},
		{[]string{"compare", "-h"}, 0, "Usage: threadbench compare", ""},
		{[]string{"gate", "-base", "main"}, 2, "", "gate: only -files OLD NEW works without Go"},
		{[]string{"gate", "-files", "a.txt"}, 2, "", "gate: "},
	} {
		var out, errs bytes.Buffer
		code := run("", test.args, &out, &errs)
		holds := func(text, want string) bool {
			return want == "" && text == "" || want != "" && strings.Contains(text, want)
		}
		if code != test.code || !holds(out.String(), test.out) || !holds(errs.String(), test.err) {
			t.Errorf("threadbench %q: exit code %d, standard output %.200q, standard error %q; want %d, %q and %q", test.args, code, out.String(), errs.String(), test.code, test.out, test.err)
		}
	}
}

// build builds the one file, as the README says.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "threadbench")
	if runtime.GOOS == "windows" {
		path += ".exe"
	}
	cmd := exec.Command("go", "build", "-o", path, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return path
}

// TestWithoutGo has the one file do all it can in an empty folder, with nothing
// in PATH and nothing else in its environment but a folder for temporary files.
func TestWithoutGo(t *testing.T) {
	program, dir := build(t), t.TempDir()
	call := func(want int, args ...string) (stdout, stderr string) {
		t.Helper()
		cmd := exec.Command(program, args...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=", "TMPDIR=" + t.TempDir()}
		if runtime.GOOS == "windows" {
			cmd.Env = append(cmd.Env, "SYSTEMROOT="+os.Getenv("SYSTEMROOT"), "TMP="+t.TempDir())
		}
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != want {
			t.Fatalf("threadbench %q: %v, want exit code %d:\n%s%s", args, err, want, out.String(), errs.String())
		}
		return out.String(), errs.String()
	}
	const rows = "Create/impl=goroutine/mode=start|Start"
	stdout, stderr := call(0, "run", "-rounds", "2", "-bench", rows)
	if !strings.Contains(stdout, "threadbench: 2 rounds, driver lockstep") || strings.Contains(stderr, "building") {
		t.Errorf("run printed\n%s%s", stdout, stderr)
	}
	made := func(pattern string) string {
		t.Helper()
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(found) != 1 {
			t.Fatalf("files %v, %v, want one %s", found, err, pattern)
		}
		return found[0]
	}
	file, page := made("*.txt"), made("*.html")
	f, err := results.ReadFile(file)
	if err != nil || f.Rounds != 2 || len(f.Rows) != 2 {
		t.Fatalf("the results file has %+v, %v, want 2 rounds of 2 rows", f, err)
	}
	if got := f.Get("worker"); got != "threadbench" {
		t.Errorf("the results file says that the worker is %q, want threadbench", got)
	}
	if text, err := os.ReadFile(page); err != nil || !bytes.Contains(text, []byte("</html>")) {
		t.Errorf("the page: %v, %d bytes", err, len(text))
	}

	call(0, "run", "-rounds", "2", "-bench", rows, "-resume", "-o", file)
	call(0, "report", "-format", "markdown", file)
	made("*.md")
	if stdout, _ := call(0, "claims", file); strings.Contains(stdout, "go run") {
		t.Errorf("claims names a command that isn't there:\n%s", stdout)
	}
	if stdout, _ := call(0, "compare", file); !strings.Contains(stdout, "threadbench: 2 rounds") {
		t.Errorf("compare printed\n%s", stdout)
	}
	if stdout, _ := call(0, "compare", file, file); !strings.Contains(stdout, "Create/impl=goroutine/mode=start  sec/op") {
		t.Errorf("compare printed\n%s", stdout)
	}
	eight, err := filepath.Abs("../internal/results/testdata/lockstep.txt") // rounds, enough for a verdict
	if err != nil {
		t.Fatal(err)
	}
	if stdout, _ := call(3, "gate", "-files", eight, eight); !strings.Contains(stdout, "Inconclusive") {
		t.Errorf("gate printed\n%s", stdout)
	}
	if _, stderr := call(2, "claims"); !strings.Contains(stderr, "threadbench run") {
		t.Errorf("claims names a command that isn't there: %s", stderr)
	}
}

// TestLinksNoC: nothing that this program links brings cgo along, with which it
// could not be its own worker.
func TestLinksNoC(t *testing.T) {
	list := exec.Command("go", "list", "-deps", "threadbench/scripts/threadbench")
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=1")
	text, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range []string{"runtime/cgo", "net", "os/user"} {
		if slices.Contains(strings.Fields(string(text)), pkg) {
			t.Errorf("%s is linked; go list -deps ./scripts/threadbench shows through what", pkg)
		}
	}
}
