//go:build pthread && linux && (amd64 || arm64)

package bench

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"threadbench/bench/lockstep"
)

// TestCProgram builds the worker of C threads: it links cgo, this binary does
// not (TestWithoutCgo), and each refuses the other's cases.
func TestCProgram(t *testing.T) {
	if buildSettings()["-race"] == "true" {
		t.Skip("the race detector links cgo")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path, err := cProgram(program)
	if err != nil {
		t.Fatal(err)
	}
	library, err := cLibrary(program)
	if err != nil || library == "" {
		t.Errorf("its C library is %q, %v", library, err)
	}
	if err := builtWithCgo(path); err != nil {
		t.Error(err)
	}
	var head bytes.Buffer
	if err := WriteHead(&head, "lockstep", -1); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"cgo: off\n", "pthread: " + library + "\n"} {
		if !strings.Contains(head.String(), want) {
			t.Errorf("the head lacks %q:\n%s", want, &head)
		}
	}

	const name = "Switch/impl=pthread/via=futex/place=same"
	c, ok := Lookup(name)
	if !ok {
		t.Fatalf("no case %s", name)
	}
	site, err := NewSite(-1)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := c.Spec(program, site)
	if err != nil || spec.Path != path {
		t.Errorf("its worker is %s, %v, want %s", spec.Path, err, path)
	}
	spec.Path = program
	if _, err := lockstep.Start(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "opening C threads: they need the worker") {
		t.Errorf("in the bench test binary: %v", err)
	}

	cmd := exec.Command(path)
	cmd.Env = Environ(os.Environ(), workerVariable+"="+headOnly)
	text, err := cmd.Output()
	if err != nil || !strings.Contains(string(text), "\ncgo: linked\n") {
		t.Errorf("what it says of itself: %v\n%s", err, text)
	}
}
