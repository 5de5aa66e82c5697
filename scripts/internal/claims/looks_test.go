package claims

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"threadbench/bench"
	"threadbench/scripts/internal/paired"
	"threadbench/scripts/internal/results"
)

// plan is the plan of a run that makes looks.
func plan(looks []int) string {
	text, err := json.Marshal(map[string][]int{"looks": looks})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// made is a file of figures, a row for each. A row may have fewer rounds than
// another.
func made(looks []int, figures ...[]float64) *results.File {
	f := *template()
	f.Plan, f.Rows, f.Rounds = plan(looks), nil, 0
	for i := range figures {
		row := *template().Rows[i]
		row.Runs = nil
		for k, x := range figures[i] {
			row.Runs = append(row.Runs, results.Run{Round: k + 1, Line: 1000*k + i + 1, Iters: 1, Values: map[string]float64{"ns/op": x}})
		}
		f.Rows, f.Rounds = append(f.Rows, &row), max(f.Rounds, len(figures[i]))
	}
	return &f
}

// template is a file of one round with a row for each statement.
var template = sync.OnceValue(func() *results.File {
	text := "driver: lockstep\n"
	for _, c := range bench.Families.Cases()[:len(statements)] {
		text += fmt.Sprintf("Benchmark%s 1 1 ns/op\n", c.Name)
	}
	f, err := results.Read(strings.NewReader(text+"# end round 1\n"), "made.txt")
	if err != nil {
		panic(err)
	}
	return f
})

// least is a ledger with a statement for each figure of a made file, and a
// bound.
func least(bound float64, statements int) []statement {
	var ledger []statement
	for i, c := range bench.Families.Cases()[:statements] {
		ledger = append(ledger, statement{id: fmt.Sprint(i), needs: []condition{atLeast(bound, value(c.Name.String(), "ns/op"), "the figure")}})
	}
	return ledger
}

func verdicts(entries []Entry) (all []string) {
	for _, e := range entries {
		all = append(all, e.Verdict)
	}
	return all
}

// normals are figures around a mean.
func normals(random *rand.Rand, n int, mean float64) []float64 {
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = mean + random.NormFloat64()
	}
	return xs
}

// TestLooksKeepTheLevel simulates runs with one statement that clearly holds
// and two whose figure is exactly at its bound: any verdict on these two is
// wrong. Over all looks a wrong verdict comes in at most 5% of the runs. With
// 5% at each look it comes more often.
func TestLooksKeepTheLevel(t *testing.T) {
	const runs = 2000
	random := rand.New(rand.NewPCG(1983, 0))
	ledger := least(0, 3)
	last := Looks[len(Looks)-1]
	wrong, naive := 0, 0
	for range runs {
		f := made(Looks, normals(random, Looks[0], 9), normals(random, last, 0), normals(random, last, 0))
		given := func(entries []Entry) bool { return slices.ContainsFunc(entries[1:], Entry.decided) }
		if given(looked(ledger, f, Looks, len(Looks))) {
			wrong++
		}
		if slices.ContainsFunc(Looks, func(n int) bool { return given(looked(ledger, f, []int{n}, 1)) }) {
			naive++
		}
	}
	t.Logf("wrong verdicts in %.1f%% of the runs, looked at naively in %.1f%%", 100*float64(wrong)/runs, 100*float64(naive)/runs)
	// One-sided 95% confidence bounds of a rate of 5%, on either side.
	off := 1.645 * math.Sqrt(Level*(1-Level)*runs)
	if float64(wrong) > Level*runs-off || wrong == 0 {
		t.Errorf("%d of %d runs have a wrong verdict: that does not show a rate below %v", wrong, runs, Level)
	}
	if float64(naive) < Level*runs+off {
		t.Errorf("looked at naively, %d of %d runs have a wrong verdict: that does not show a rate above %v", naive, runs, Level)
	}
}

// TestFirstLook: it decides what all its rounds agree on, and has no more
// rounds than that takes.
func TestFirstLook(t *testing.T) {
	n, err := paired.LeastRounds(len(statements), Level/float64(len(Looks)))
	if err != nil || Looks[0] != n {
		t.Errorf("the first look is after %d rounds, of %d statements the first is decided with %d, %v", Looks[0], len(statements), n, err)
	}
	if !slices.IsSorted(Looks) {
		t.Errorf("looks out of order: %v", Looks)
	}
	ledger := least(0, len(statements))
	var figures [][]float64
	for range ledger {
		figures = append(figures, normals(rand.New(rand.NewPCG(1, 2)), Looks[0], 9))
	}
	for rounds, want := range map[int]string{Looks[0] - 1: Inconclusive, Looks[0]: Holds} {
		f := made(Looks, figures...).After(rounds)
		for _, e := range judge(ledger, f) {
			if e.Verdict != want {
				t.Errorf("after %d rounds statement %s is %q: %s, want %q", rounds, e.ID, e.Verdict, e.Reason, want)
			}
		}
	}
}

// TestVerdictStands decides a statement at the first look. Verdict and figures
// stay, whether its row is no longer measured, measured on, or would give
// another verdict.
func TestVerdictStands(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 0))
	first, last := Looks[0], Looks[len(Looks)-1]
	clear, near := normals(random, first, 9), normals(random, last, 0.7)
	otherwise := append(slices.Clone(clear), normals(random, last-first, -50)...)
	ledger := least(0, 2)
	want := judge(ledger, made(Looks, clear, near[:first]))
	if want[0].Verdict != Holds || want[1].Verdict != Inconclusive {
		t.Fatalf("after the first look the verdicts are %v", verdicts(want))
	}
	for name, figures := range map[string][]float64{"no more": clear, "gone on with": otherwise} {
		got := judge(ledger, made(Looks, figures, near))
		if got[0].Verdict != Holds || got[0].P != want[0].P || got[0].Needs[0].Effect != want[0].Needs[0].Effect || got[0].Needs[0].Rounds != first {
			t.Errorf("%s: %+v, want %+v", name, got[0], want[0])
		}
		if got[1].Verdict != Holds || got[1].P >= Level {
			t.Errorf("%s: after the last look the other is %q, p=%v", name, got[1].Verdict, got[1].P)
		}
	}
}

// TestGivenUp has a statement whose row is missing at the first look. It is
// given up, whatever comes later.
func TestGivenUp(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 0))
	first, second := Looks[0], Looks[1]
	late := made(Looks, normals(random, second, 0), normals(random, second, 9))
	late.Rows[1].Runs = late.Rows[1].Runs[first:]
	if got := verdicts(judge(least(0, 2), late)); !slices.Equal(got, []string{Inconclusive, Missing}) {
		t.Errorf("verdicts %v", got)
	}
}

// TestFurther says what would decide, by repeating the figures.
func TestFurther(t *testing.T) {
	near := []float64{3, 3.1, -1, 3.2, -3.3, 3.4, -1.1, 3.5, 3.6, 3.7, 3.8, 3.9}
	nearer := []float64{3, 3.1, -1, -3.2, -3.3, 3.4, -1.1, -3.5, 3.6, 3.7, 3.8, -1.9}
	at := []float64{3, -3, 3, -3, 3, -3, 3, -3, 3, -3, 3, -3}
	for _, test := range []struct {
		figures []float64
		says    string
	}{
		{near, "about 24 rounds like these would decide it: go on with -resume and a longer -budget"},
		{nearer, "more than the 60 of the last look: make a new run with -rounds"},
		{at, "not even 120 rounds like these would decide it"},
	} {
		e := judge(least(0, 1), made(Looks, test.figures))[0]
		if e.Verdict != Inconclusive || !strings.Contains(e.Reason, test.says) {
			t.Errorf("of %v: %s: %s, want %q", test.figures, e.Verdict, e.Reason, test.says)
		}
	}
}

// TestNeeded: before the first look it is every deciding row, and after it the
// rows of inconclusive statements.
func TestNeeded(t *testing.T) {
	early := made(Looks, make([]float64, Looks[0]-1)) // and lacks nearly all rows
	for _, f := range []*results.File{nil, early} {
		_, all := Needed(f)
		for _, s := range statements {
			for _, c := range s.needs {
				for _, row := range c.value.rows {
					if !all[row] {
						t.Errorf("%s is not needed, and decides %s", row, s.id)
					}
				}
			}
		}
	}
	rounds := func(k int) lines {
		return lines{
			"Create/impl=floor/mode=start":                      fmt.Sprintf("10 ns/op %v x-goroutine", 0.9+0.01*float64(k)),
			"Create/impl=goroutine/mode=start":                  "10 ns/op 1 x-goroutine",
			"Stack/impl=clone/stack=least/depth=0":              fmt.Sprintf("9 user-B/task 9 kernel-B/task %v x-goroutine", math.Pow(2, float64(k%2*2-1))),
			"Stack/impl=goroutine/depth=0":                      "1 user-B/task 1 kernel-B/task 1 x-goroutine",
			"Switch/impl=goroutine/via=channel/place=same":      "10 ns/op 1 x-goroutine",
			"Switch/impl=clone/mode=traced/via=pipe/place=same": "10 syscalls/op",
		}
	}
	f := file(t, results.Lockstep, Looks[0], rounds)
	f.Plan = plan(Looks)
	ids, got := Needed(f)
	if want := map[string]bool{"Stack/impl=clone/stack=least/depth=0": true, "Stack/impl=goroutine/depth=0": true}; fmt.Sprint(got) != fmt.Sprint(want) || !slices.Equal(ids, []string{"stack-small"}) {
		t.Errorf("needed are %v for %v, want %v", got, ids, want)
	}
	for _, e := range Judge(f) {
		if want := map[string]string{"create-alloc": Holds, "stack-small": Inconclusive}[e.ID]; e.Verdict != want && (want != "" || e.Verdict != Missing) {
			t.Errorf("%s: %s", e.ID, e.Verdict)
		}
	}
	if tally := New(f).Tally(); !strings.HasPrefix(tally, "12 rounds, looks after 12, 18, 27, 40, 60 rounds, at 1% each, until a statement is decided; of ") {
		t.Errorf("the tally says %q", tally)
	}
}

// TestStuck: no further round is asked for if a figure's two limits are on
// either side of the bound, unless another condition may still fail.
func TestStuck(t *testing.T) {
	ends := Finding{There: true, Bound: 2, Bounded: true, Effect: 1, Most: 3, Low: 0.9, High: 3.1}
	right := Finding{There: true, Bound: 2, Effect: 1, Low: 0.9, High: 1.1}
	open := Finding{There: true, Bound: 2, Effect: 1.9, Low: 1.8, High: 2.1}
	for _, test := range []struct {
		verdict string
		needs   []Finding
		want    bool
	}{
		{Inconclusive, []Finding{right, ends}, true},
		{Inconclusive, []Finding{open, ends}, false},
		{Inconclusive, []Finding{right, open}, false},
		{Fails, []Finding{right, ends}, false},
	} {
		if got := (Entry{Verdict: test.verdict, Needs: test.needs}).stuck(); got != test.want {
			t.Errorf("%s, %+v: stuck %v", test.verdict, test.needs, got)
		}
	}
}
