package armtest

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"threadbench/bench/lockstep"
)

// aloneVariable names the test that a process was started to run alone.
const aloneVariable = "THREADBENCH_TEST_ALONE"

// Alone runs the calling test again in a process of its own, with some more
// environment, and reports whether this is that process. So a test's effects on
// the memory and the control groups of its process stay there, and it finds
// them as a worker does. The caller passes, fails or skips as that process did.
func Alone(t *testing.T, env ...string) bool {
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

// Says fails the test unless err contains want, or is nil for "".
func Says(t *testing.T, name string, err error, want string) {
	t.Helper()
	if want == "" && err != nil {
		t.Errorf("%s: %v", name, err)
	}
	if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
		t.Errorf("%s: %v, want an error with %q", name, err, want)
	}
}

// A measurement is a measure.Measurement; that package's tests import this one.
type measurement interface {
	Measure() (lockstep.Slice, error)
	Close() error
}

// Measured returns the result of a measurement. It skips the test if the
// measurement can't be made here.
func Measured[M measurement](t *testing.T, open func(func(string)) (M, error), cut func(why string)) lockstep.Slice {
	t.Helper()
	m, err := open(cut)
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		t.Skip(skip.Reason)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Measure()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	return s
}
