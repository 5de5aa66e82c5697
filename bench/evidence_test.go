package bench

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"threadbench/bench/measure"
)

// provedByRun are the cases without Evidence: their Run fails unless its own counts
// prove the case. Each entry names the test that feeds Run wrong counts.
var provedByRun = []struct {
	family, key, value string // a key and its value, "" for all cases of the family
	test               string
}{
	{"Stack", "", "", "TestStackProof"},
	{"StackGrow", "mode", "shrink", "TestShrinkProof"},
	{"StackGrow", "", "", "TestGrowthProof"},
	{"Scale", "", "", "TestScaleProof"},
	{"Block", "", "", "TestBlockNeedsItsTasks"},
	{"Serve", "", "", "TestServeEvidenceCanFail"},
	{"Mixed", "", "", "TestMixedProve"},
	{"Wakeup", "via", "pipe", "TestPacerEndsEarly"},
	{"Wakeup", "via", "timer", "TestIntervals"},
	{"GC", "", "", "TestGCProof"},
	{"Pipeline", "mode", "buffered", "TestPass"},
	{"Delegate", "", "", "TestDelegateProof"},
	{"Start", "", "", "TestBeginningProof"},
	// How often idle Ps wake each other is part of the lottery. The traced worker
	// proves its own counts.
	{"Switch", "mode", "traced", "TestTracedHoldsTheWorker"},
}

// TestEveryCaseHasEvidence: each case has Evidence, or a test of its Run.
func TestEveryCaseHasEvidence(t *testing.T) {
	tests := testsHere(t)
	used := map[string]bool{}
	for _, c := range Families.Cases() {
		if len(c.Evidence) > 0 {
			continue
		}
		i := 0
		for i < len(provedByRun) && (provedByRun[i].family != c.Name.Family || c.Name.Get(provedByRun[i].key) != provedByRun[i].value) {
			i++
		}
		if i == len(provedByRun) {
			t.Errorf("%s wants no count, and no test is named that feeds its Run a wrong one", c.Name)
			continue
		}
		test := provedByRun[i].test
		if used[test] = true; !tests[test] {
			t.Errorf("%s is said to be proved by %s, which is no test here", c.Name, test)
		}
	}
	for _, p := range provedByRun {
		if !used[p.test] {
			t.Errorf("%s is named for cases of %s that want no count; there are none", p.test, p.family)
		}
	}
}

// testsHere are the tests of the packages in internal, for every system.
func testsHere(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("internal/*/*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]bool{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") {
				tests[f.Name.Name] = true
			}
		}
	}
	return tests
}

// halvedAndDoubled are sets of counts for ops in which the count of w is half of what
// is expected, or twice. If 0 is expected, there is one set, in which w counts
// each op, or each of w.Of.
func halvedAndDoubled(c measure.Case, w measure.Evidence, ops int) []map[string]int64 {
	wrong := func(seen float64) map[string]int64 {
		counts := fulfilled(c, ops)
		counts[w.Count] = int64(math.Round(seen))
		return counts
	}
	n, expected, _ := w.Tally(ops, fulfilled(c, ops))
	if expected == 0 {
		return []map[string]int64{wrong(n)}
	}
	return []map[string]int64{wrong(expected / 2), wrong(2 * expected)}
}

// isSharp reports whether w fails for half of the expected count and for twice, with
// this number of ops.
func isSharp(c measure.Case, w measure.Evidence, ops int) bool {
	return !slices.ContainsFunc(halvedAndDoubled(c, w, ops), func(counts map[string]int64) bool {
		_, err := c.Check(ops, counts)
		var evidence *measure.EvidenceError
		return !errors.As(err, &evidence) || evidence.Evidence != w
	})
}

// TestEvidenceIsSharp halves and doubles each count of each case. An Evidence that
// lets one of these pass names a witness: another Evidence of the case that doesn't.
func TestEvidenceIsSharp(t *testing.T) {
	for _, c := range Families.Cases() {
		for _, ops := range []int{measure.Provable, 100 * measure.Provable} {
			for _, w := range c.Evidence {
				sharp := isSharp(c, w, ops)
				i := slices.IndexFunc(c.Evidence, func(other measure.Evidence) bool { return other.Count == w.Witness })
				switch {
				case w.Witness == "" && !sharp:
					t.Errorf("%s: half or twice the %s of %d ops pass, and no other want is named that would see it: %+v", c.Name, w.Count, ops, w)
				case w.Witness == "":
				case i < 0 || w.Witness == w.Count:
					t.Errorf("%s: %s names %s, which is no other want of the case", c.Name, w.Count, w.Witness)
				case !isSharp(c, c.Evidence[i], ops):
					t.Errorf("%s: %s names %s, of which half or twice pass", c.Name, w.Count, w.Witness)
				case sharp && ops == measure.Provable:
					t.Errorf("%s: %s needs no witness: neither half of it passes nor twice", c.Name, w.Count)
				}
			}
		}
	}
}

// TestAbsentIsUnproven leaves out each count of each case. A missing count is not a
// count of 0.
func TestAbsentIsUnproven(t *testing.T) {
	const ops = 10 * measure.Provable
	for _, c := range Families.Cases() {
		for _, w := range c.Evidence {
			for _, gone := range []string{w.Count, w.Of} {
				if gone == "" {
					continue
				}
				counts := fulfilled(c, ops)
				delete(counts, gone)
				if proven, err := c.Check(ops, counts); proven || err != nil {
					t.Errorf("%s: without a count of %s: %v, %v", c.Name, gone, proven, err)
				}
				if why := c.Unproven(ops, counts); !strings.Contains(why, "no count of "+w.Count) {
					t.Errorf("%s: without a count of %s: %q", c.Name, gone, why)
				}
			}
		}
		if why := c.Unproven(ops, fulfilled(c, ops)); why != "" {
			t.Errorf("%s: with all that it wants: %q", c.Name, why)
		}
	}
}
