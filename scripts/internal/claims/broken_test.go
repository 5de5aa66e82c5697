package claims

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"threadbench/bench"
	measuring "threadbench/bench/measure"
	"threadbench/scripts/internal/results"
)

// brokenFolder is bench/internal/broken's variable.
const brokenFolder = "THREADBENCH_TEST_BROKEN"

// TestBrokenMechanisms lets the families measure arms with a broken mechanism,
// and checks that the statement about the mechanism fails. Each arm is measured
// once; that round stands for all.
func TestBrokenMechanisms(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the families' tests")
	}
	dir := t.TempDir()
	cmd := exec.Command("go", "test", "-vet=off", "-count=1", "-run=^TestBroken", "../../../bench/internal/block", "../../../bench/internal/create", "../../../bench/internal/serve", "../../../bench/internal/stackgrow", "../../../bench/internal/switching")
	cmd.Env = append(os.Environ(), brokenFolder+"="+dir)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	statementOf := map[string]string{
		"goroutines that each take a thread":             "create-faster",
		"a reused thread":                                "create-faster",
		"sockets that hold a thread each":                "block-net",
		"a system call that holds up the others":         "block-sys",
		"goroutines that the kernel switches":            "switch-nokernel",
		"threads that don't ask the kernel":              "switch-nokernel",
		"a poller that takes a thread a connection":      "netpoll",
		"stacks that no collection makes smaller":        "stack-grow",
		"threads of which one waits for all connections": "netpoll",
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		id, ok := statementOf[file.Name()]
		if !ok {
			t.Errorf("%s: no statement is named that it breaks", file.Name())
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, file.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all := "driver: lockstep\n"
		for round := range 13 {
			all += fmt.Sprintf("%s# end round %d\n", text, round+1)
		}
		f, err := results.Read(strings.NewReader(all), file.Name())
		if err != nil {
			t.Fatal(err)
		}
		entries := Judge(f)
		i := slices.IndexFunc(entries, func(e Entry) bool { return e.ID == id })
		if e := entries[i]; e.Verdict != Fails {
			t.Errorf("%s: %s %s, want fails: %s\n%s", file.Name(), id, e.Verdict, e.Reason, text)
		}
	}
	for what := range statementOf {
		if !slices.ContainsFunc(files, func(f os.DirEntry) bool { return f.Name() == what }) {
			t.Logf("%s: left out here", what)
		}
	}
}

// TestEvidenceLeavesVerdicts: a count that a condition judges must not also be
// evidence that rejects the row on one side of the bound.
func TestEvidenceLeavesVerdicts(t *testing.T) {
	const ops = 100 * measuring.Provable
	counts := map[string]string{"threads/op": "threads", "syscalls/op": "syscalls", "kernel-switches/op": "kernel-switches"}
	judged := 0
	for _, s := range statements {
		for _, c := range s.needs {
			count := counts[c.value.unit]
			if count == "" {
				continue
			}
			judged++
			of, ok := bench.Families.Lookup(c.value.rows[0])
			if !ok {
				t.Fatalf("no case %s", c.value.rows[0])
			}
			for _, x := range []float64{0, c.bound / 2, 2 * c.bound, 10 * c.bound} {
				seen := map[string]int64{count: int64(x * ops)}
				var evidence *measuring.EvidenceError
				if _, err := of.Check(ops, seen); errors.As(err, &evidence) && evidence.Evidence.Count == count {
					t.Errorf("%s: %v of %s is judged, and refused: %v", s.id, x, of.Name, err)
				}
			}
		}
	}
	if judged < 4 {
		t.Errorf("%d conditions judge a count", judged)
	}
}
