package table

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
)

// headlines makes a results file of rounds. Each thread's row of the summary has
// the same factor, and its goroutine arm an A/A.
func headlines(t *testing.T, rounds int, aa, says string, factor map[string]float64) *Table {
	t.Helper()
	var b strings.Builder
	b.WriteString("driver: lockstep\ngoos: linux\ngoarch: amd64\ngo: go1.26\ncpus: 2\n")
	for k := 1; k <= rounds; k++ {
		fmt.Fprintf(&b, "# round %d: %s\n", k, says)
		arms := map[string]bool{}
		for _, n := range catalog.Headlines() {
			unit := strings.Join(catalog.Decides(n), " 100 ")
			if ref := n.Ref().String(); !arms[ref] {
				arms[ref] = true
				fmt.Fprintf(&b, "Benchmark%s 1 100 %s 1 x-goroutine %s x-self\n", ref, unit, aa)
			}
			fmt.Fprintf(&b, "Benchmark%s 1 100 %s %v x-goroutine\n", n, unit, factor[n.Get("impl")])
		}
		fmt.Fprintf(&b, "# end round %d\n", k)
	}
	f, err := results.Read(strings.NewReader(b.String()), "f.txt")
	if err != nil {
		t.Fatal(err)
	}
	return New(f)
}

func summarized(t *testing.T, table *Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := table.Summary(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestSummary: a dozen lines give the goroutine's figure for each family that
// answers, and how a locked and a raw thread compare. Doubts stand there only where
// there are some.
func TestSummary(t *testing.T) {
	factors := map[string]float64{"locked": 14.42, "clone": 0.00135}
	busy := []string{"The machine was busy", "stole"}
	for _, test := range []struct {
		name     string
		rounds   int
		aa, says string
		want     []string
		never    []string
	}{
		{"quiet", 8, "1", "steal=0.10% others=0.02 throttled=0 load=3.00",
			[]string{"LockOSThread", "clone(2)", "8 rounds", "14 times as long [14, 14]", "740 times sooner [740, 740]", "100 ns"},
			append(busy, "A/A", "floor", "?", "no interval,")},
		{"busy", 8, "1", "steal=3.00% others=1.25 throttled=2", []string{"The machine was busy", "1.25 CPUs", "stole up to 3.00% of CPU time", "quota"}, []string{"A/A"}},
		{"an A/A that is off", 8, "1.1", "", []string{"A/A (the goroutine arm against itself: a check for noise) is off 1: create, run and join (1.10× [1.10, 1.10]); "}, busy},
		{"one round", 1, "1", "", []string{"1 round: no interval, which takes 6.", "14 times as long"}, []string{"[", "difference"}},
	} {
		text := summarized(t, headlines(t, test.rounds, test.aa, test.says, factors))
		for _, want := range test.want {
			if !strings.Contains(strings.Join(strings.Fields(text), " "), want) {
				t.Errorf("%s: it does not say %q:\n%s", test.name, want, text)
			}
		}
		for _, never := range test.never {
			if strings.Contains(text, never) {
				t.Errorf("%s: it says %q:\n%s", test.name, never, text)
			}
		}
		for _, f := range catalog.Families {
			if f.Answer != nil && !strings.Contains(text, "  "+f.Answer.Does) {
				t.Errorf("%s: it has no line of %s:\n%s", test.name, f.Name, text)
			}
		}
		if lines := strings.Count(text, "\n"); lines > 12 && test.name == "quiet" {
			t.Errorf("%s: %d lines, want 12 at the most:\n%s", test.name, lines, text)
		}
	}
}

func TestAgainst(t *testing.T) {
	a := Answer{says: &catalog.Answer{More: "as long", Less: "sooner"}}
	within := func(x, low, high float64) summary.Summary {
		return summary.Summary{Factor: true, Center: x, Low: low, High: high, Interval: true}
	}
	machines := within(1.3, 0.8, 2)
	machines.Machines = true
	states := within(0.3, 0.19, 0.51)
	states.States = []summary.State{{Center: 0.2, Rounds: 4}, {Center: 0.5, Rounds: 4}}
	for _, test := range []struct {
		f    summary.Summary
		want string
	}{
		{within(28.34, 23.3, 31.2), "28 times as long [23, 31]"},
		{within(1.73, 1.23, 2.44), "1.7 times as long [1.2, 2.4]"},
		{within(171, 156, 1864), "170 times as long [160, 1900]"},
		{within(0.00135, 0.0001, 0.0161), "740 times sooner [62, 10000]"},
		{within(0.499, 0.366, 0.678), "2.0 times sooner [1.5, 2.7]"},
		{within(1.13, 0.812, 1.61), "no difference seen [0.81, 1.6]"},
		{machines, "1.3 times as long [0.80, 2.0]"},
		{states, "2.0 or 5.0 times sooner [2.0, 5.3]"},
		{summary.Summary{Factor: true, Center: 0.25}, "4.0 times sooner"},
	} {
		words, interval := a.Against(&Row{Factor: &test.f})
		if got := strings.TrimSpace(words + " " + interval); got != test.want {
			t.Errorf("%v [%v, %v]: %q, want %q", test.f.Center, test.f.Low, test.f.High, got, test.want)
		}
	}
}
