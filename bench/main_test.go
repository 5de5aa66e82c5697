package bench

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// aloneVariable names the test that a process was started to run alone.
const aloneVariable = "THREADBENCH_TEST_ALONE"

// alone runs the calling test again in a process of its own, with some more
// environment, and reports whether this is that process: what a test does to
// the memory and the groups of its process stays there, and it finds them as a
// worker does. What became of it becomes of the caller.
func alone(t *testing.T, env ...string) bool {
	t.Helper()
	if os.Getenv(aloneVariable) == t.Name() {
		return true
	}
	var pattern []string
	for part := range strings.SplitSeq(t.Name(), "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "-test.run="+strings.Join(pattern, "/"), "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), append(env, aloneVariable+"="+t.Name())...)
	text, err := cmd.CombinedOutput()
	switch {
	case err != nil:
		t.Fatalf("alone: %v\n%s", err, text)
	case strings.Contains(string(text), "--- SKIP: "+t.Name()+" "):
		t.Skipf("alone:\n%s", text)
	case !strings.Contains(string(text), "--- PASS: "+t.Name()+" "):
		t.Fatalf("alone, it did not run:\n%s", text)
	}
	return false
}

// TestWithoutCgo holds this binary, which is its own worker, to the pure Go
// runtime: with cgo it would make its threads through the C library, and what
// is measured would be another thing. A package that a test imports is enough
// (net, os/user); the race detector is, too.
func TestWithoutCgo(t *testing.T) {
	if buildSettings()["-race"] == "true" {
		t.Skip("the race detector links cgo")
	}
	if got := cgo(); got == "linked" {
		t.Error("cgo is linked into the worker; go list -deps -test ./bench shows which package brings it")
	}
}
