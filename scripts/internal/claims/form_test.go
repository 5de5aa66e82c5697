package claims

import (
	"fmt"
	"strings"
	"testing"

	"threadbench/scripts/internal/results"
)

// TestForms: the smaller form decides if the whole lacks some of its rows, and
// says so. The rows' figures never matter.
func TestForms(t *testing.T) {
	const whole, small = "Scale/impl=goroutine/n=1000000", "Scale/impl=goroutine/n=10000"
	ledger := one(1, atMost(2, value(whole, "ns/op"), "a million"))
	ledger[0].small = &form{needs: []condition{atMost(2, value(small, "ns/op"), "thousands")}, whole: "a million"}
	const smaller = "in smaller numbers, chosen on 2026-11-29 after runs were seen (-profile full has a million)"
	for _, test := range []struct {
		name, whole, small string // their figures; "" for no row
		verdict, reason    string
	}{
		{"both", "3 ns/op", "1 ns/op", Fails, ""},
		{"the whole", "1 ns/op", "", Holds, ""},
		{"the smaller one", "", "1 ns/op", Holds, smaller},
		{"the smaller one fails", "", "3 ns/op", Fails, smaller},
		{"the smaller one undecided", "", "2 ns/op", Inconclusive, "the figure is too near to its bound, or too noisy, for these rounds; " + smaller},
		{"none", "", "", Missing, "no Benchmark" + whole + "; "},
		{"the whole is cut", "3 ns/op 700000 tasks", "1 ns/op", Holds, smaller},
	} {
		f := file(t, results.Lockstep, 12, func(int) lines {
			ls := lines{clone: "10 ns/op"}
			if test.whole != "" {
				ls[whole] = test.whole
			}
			if test.small != "" {
				ls[small] = test.small
			}
			return ls
		})
		e := judge(ledger, f)[0]
		if e.Verdict != test.verdict || !strings.HasPrefix(e.Reason, test.reason) || test.reason == "" && e.Reason != "" {
			t.Errorf("%s: %s (%q), want %s (%q)", test.name, e.Verdict, e.Reason, test.verdict, test.reason)
		}
	}
}

// TestFinds: each statement says in a sentence what its first figure is, in either
// form. If another condition decided, its own words say so.
func TestFinds(t *testing.T) {
	for _, s := range statements {
		all := []string{s.finds}
		if s.small != nil {
			all = append(all, s.small.finds)
		}
		for _, finds := range all {
			if said := fmt.Sprintf(finds, "1.5"); strings.Contains(said, "%!") || !strings.Contains(said, "1.5") || !strings.HasSuffix(said, ".") {
				t.Errorf("%s: %q", s.id, said)
			}
		}
	}
	ledger := one(1, atMost(2, quotient(clone, goroutine, "ns/op"), "the first"))
	ledger[0].needs = append(ledger[0].needs, atMost(5, value(clone, "ns/op"), "another figure"))
	ledger[0].finds = "It takes %s as long."
	for _, test := range []struct {
		row, want string
	}{
		{"4 ns/op", "It takes 0.400 times as long."},
		{"30 ns/op", "It takes 3.00 times as long."},
		{"15 ns/op", "Another figure: 15.0 ns."},
	} {
		f := file(t, results.Lockstep, 12, func(int) lines { return lines{goroutine: "10 ns/op", clone: test.row} })
		if got := judge(ledger, f)[0].Found(); got != test.want {
			t.Errorf("%s: %q, want %q", test.row, got, test.want)
		}
	}
	if got := judge(ledger, file(t, results.Lockstep, 12, func(int) lines { return lines{goroutine: "10 ns/op"} }))[0].Found(); got != "" {
		t.Errorf("without a row: %q", got)
	}
}

// TestReads: a statement that holds may say how its figure reads.
func TestReads(t *testing.T) {
	ledger := one(1, atMost(2, quotient(clone, goroutine, "ns/op"), "it"))
	ledger[0].reads = "within twice: %s as long"
	for ns, want := range map[int]string{14: "within twice: 1.40 times as long", 30: ""} {
		f := file(t, results.Lockstep, 12, func(int) lines {
			return lines{goroutine: "10 ns/op", clone: fmt.Sprintf("%d ns/op", ns)}
		})
		if e := judge(ledger, f)[0]; e.Reason != want {
			t.Errorf("%d ns over 10: %s: %q, want %q", ns, e.Verdict, e.Reason, want)
		}
	}
}

// TestHistory: the last change in a line, and all changes where there is room.
func TestHistory(t *testing.T) {
	first := Change{"2026-01-02", "it is timed", "it was guessed", "fails"}
	last := Change{"2026-01-03", "it is counted", "it was timed", "holds, 2.00"}
	for _, test := range []struct {
		changes                []Change
		since, latest, history string
	}{
		{nil, "2026-01-01", "", ""},
		{[]Change{first}, "2026-01-02", "changed after a run, 2026-01-02: it is timed; before: fails", "2026-01-02: it is timed, since it was guessed; before: fails"},
		{[]Change{first, last}, "2026-01-03", "changed after a run, 2026-01-03: it is counted; before: holds, 2.00 (-format markdown has 1 earlier change)",
			"2026-01-02: it is timed, since it was guessed; before: fails. 2026-01-03: it is counted, since it was timed; before: holds, 2.00"},
	} {
		s := statement{stated: "2026-01-01", changes: test.changes}
		e := Entry{Since: s.since(), Changes: test.changes}
		if e.Since != test.since || e.Latest() != test.latest || e.History() != test.history {
			t.Errorf("%d changes: since %s, %q, %q", len(test.changes), e.Since, e.Latest(), e.History())
		}
	}
}
