//go:build pthread && linux && (amd64 || arm64)

package bench

import (
	"bytes"
	"debug/elf"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// TestCProgram builds the worker of C threads. That worker links cgo, and this binary
// does not (TestWithoutCgo). Each refuses the other's cases.
func TestCProgram(t *testing.T) {
	if host.BuildSettings()["-race"] == "true" {
		t.Skip("the race detector links cgo")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path, err := measure.CProgram(program)
	if err != nil {
		t.Fatal(err)
	}
	library, err := measure.CLibrary(program)
	if err != nil || library == "" {
		t.Errorf("its C library is %q, %v", library, err)
	}
	if err := measure.BuiltWithCgo(path); err != nil {
		t.Error(err)
	}
	var head bytes.Buffer
	if err := measure.WriteHead(&head, "lockstep", -1); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"cgo: off\n", "pthread: " + library + "\n"} {
		if !strings.Contains(head.String(), want) {
			t.Errorf("the head lacks %q:\n%s", want, &head)
		}
	}

	const name = "Switch/impl=pthread/via=futex/place=same"
	c, ok := Families.Lookup(name)
	if !ok {
		t.Fatalf("no case %s", name)
	}
	site, err := measure.NewSite(-1)
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
	cmd.Env = measure.Environ(os.Environ(), measure.WorkerVariable+"="+measure.HeadOnly)
	text, err := cmd.Output()
	if err != nil || !strings.Contains(string(text), "\ncgo: linked\n") {
		t.Errorf("what it says of itself: %v\n%s", err, text)
	}
}

// TestCThreadsCallLibc disassembles the worker of C threads. The code of its threads
// calls libc, and no function of ours, whose return would be timed.
func TestCThreadsCallLibc(t *testing.T) {
	if host.BuildSettings()["-race"] == "true" {
		t.Skip("the race detector links cgo")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path, err := measure.CProgram(program)
	if err != nil {
		t.Fatal(err)
	}
	file, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// Calls to libc go through stubs that the linker makes.
	isStub := func(address uint64) bool {
		for _, s := range file.Sections {
			if strings.HasPrefix(s.Name, ".plt") && s.Addr <= address && address < s.Addr+s.Size {
				return true
			}
		}
		return false
	}
	call := regexp.MustCompile(`\tCALL (\S+)`)
	for body, least := range map[string]int{"driver_body": 20, "peer_body": 6} {
		text, err := exec.Command("go", "tool", "objdump", "-s", "^"+body+"$", path).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		calls := call.FindAllSubmatch(text, -1)
		for _, c := range calls {
			address, err := strconv.ParseUint(string(c[1]), 0, 64)
			if err != nil || !isStub(address) {
				t.Errorf("%s calls %s, which is not libc's", body, c[1])
			}
		}
		if len(calls) < least {
			t.Errorf("%s: %d calls found, expected at least %d:\n%s", body, len(calls), least, text)
		}
	}
}
