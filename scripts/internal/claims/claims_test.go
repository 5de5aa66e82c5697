package claims

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench"
	"threadbench/bench/catalog"
	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/summary"
)

var update = flag.Bool("update", false, "write the golden files")

// TestLedger: the suite measures every row and unit that decides, and every
// statement gives the reason for its bound.
func TestLedger(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range statements {
		if s.id == "" || s.says == "" || s.why == "" || len(s.needs) == 0 || seen[s.id] {
			t.Errorf("%q: no id or a second one, no statement, no reason or no condition", s.id)
		}
		seen[s.id] = true
		days := []string{s.stated}
		for _, c := range s.changes {
			if days = append(days, c.Date); c.What == "" || c.Why == "" || c.Before == "" {
				t.Errorf("%s: a change that doesn't say what, why, or what was there before: %+v", s.id, c)
			}
		}
		for i, day := range days {
			if _, err := time.Parse(time.DateOnly, day); err != nil || i > 0 && day < days[i-1] {
				t.Errorf("%s: on %q (%v), of %q", s.id, day, err, days)
			}
		}
		conditions := slices.Concat(s.needs, s.beside)
		if s.small != nil {
			conditions = append(conditions, s.small.needs...)
		}
		for _, c := range conditions {
			if c.what == "" || len(c.value.rows) == 0 {
				t.Errorf("%s: a condition without words or rows: %+v", s.id, c)
			}
			for _, row := range c.value.rows {
				if _, ok := bench.Families.Lookup(row); !ok {
					t.Errorf("%s: the suite has no row %s", s.id, row)
				}
			}
			if c.value.unit != "" && !slices.ContainsFunc(catalog.Units, func(u catalog.Unit) bool { return u.Name == c.value.unit }) {
				t.Errorf("%s: the suite has no unit %s", s.id, c.value.unit)
			}
			if c.value.ratio && c.bound <= 0 {
				t.Errorf("%s: a factor held to %v", s.id, c.bound)
			}
		}
	}
}

const (
	goroutine = "Create/impl=goroutine/mode=cold"
	locked    = "Create/impl=locked/mode=cold"
	clone     = "Create/impl=clone/mode=cold"
)

// lines are benchmark lines of one round: name, then figures.
type lines map[string]string

// file is a results file of that many rounds.
func file(t *testing.T, driver string, rounds int, round func(k int) lines) *results.File {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "driver: %s\ngoos: linux\n", driver)
	for k := 1; k <= rounds; k++ {
		ls := round(k)
		for _, name := range slices.Sorted(func(yield func(string) bool) {
			for n := range ls {
				if !yield(n) {
					return
				}
			}
		}) {
			if name == "note" {
				b.WriteString(ls[name])
				continue
			}
			fmt.Fprintf(&b, "Benchmark%s 100 %s\n", name, ls[name])
		}
		if driver == results.Lockstep {
			fmt.Fprintf(&b, "# end round %d\n", k)
		}
	}
	f, err := results.Read(strings.NewReader(b.String()), "test.txt")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// one is a ledger of m statements: one over n conditions, and others that no
// file has.
func one(m int, needs ...condition) []statement {
	ledger := []statement{{id: "it", says: "It is so", why: "because", needs: needs}}
	for i := 1; i < m; i++ {
		ledger = append(ledger, statement{id: fmt.Sprint("other ", i), needs: []condition{atMost(1, value(locked, "tasks"), "nothing")}})
	}
	return ledger
}

// TestVerdicts: which figures, rounds and numbers of statements make a
// statement hold or fail.
func TestVerdicts(t *testing.T) {
	factors := func(xs ...float64) func(int) lines {
		return func(k int) lines {
			return lines{goroutine: "10 ns/op 1 x-goroutine 0 threads/op", clone: fmt.Sprintf("50 ns/op %g x-goroutine 1 threads/op", xs[(k-1)%len(xs)])}
		}
	}
	high, low, both := factors(4, 5, 6), factors(1.1, 1.2, 1.3), factors(1, 2, 3, 4)
	mostly := factors(1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 2.5, 1.9)
	faster := atLeast(2, factor(clone), "faster")
	noThreads := atMost(0.5, value(goroutine, "threads/op"), "no threads")
	threads := atMost(0.5, value(clone, "threads/op"), "threads")
	for _, test := range []struct {
		name   string
		ledger []statement
		rounds int
		round  func(int) lines
		want   string
		reason string
	}{
		{"above", one(1, faster), 6, high, Holds, ""},
		{"above, with many statements beside it", one(17, faster), 10, high, Holds, ""},
		{"above, with many statements and too few rounds", one(17, faster), 9, high, Inconclusive, `9 rounds; a verdict needs 10, "go run ./scripts/run -rounds 10"`},
		{"below", one(1, faster), 6, low, Fails, ""},
		{"on both sides", one(1, faster), 12, both, Inconclusive, "the figure is too near to its bound, or too noisy, for these rounds"},
		{"one round", one(1, faster), 1, high, Inconclusive, `1 round; a verdict needs 6, "go run ./scripts/run -rounds 6"`},
		{"all of several", one(1, faster, noThreads), 6, high, Holds, ""},
		{"one of several fails", one(1, faster, noThreads, threads), 8, high, Fails, ""},
		{"one of several fails, in too few rounds for several", one(1, faster, noThreads, threads), 6, high, Inconclusive, "beyond its bound by itself, but not after the correction for the ledger's other conditions and statements; make a new run with more rounds"},
		{"one of several is not there", one(1, faster, atLeast(1, factor(locked), "locked")), 8, high, Missing,
			`no BenchmarkCreate/impl=locked/mode=cold; "go run ./scripts/run -profile full" measures every row that this machine can`},
		{"without the unit", one(1, atLeast(1, value(clone, "p99-ns"), "p99")), 8, high, Missing, "its rows are in the file, but not in the same rounds or without the unit, for: p99"},
		{"one of several is not there, another fails", one(1, atLeast(1, factor(locked), "locked"), faster), 8, low, Fails, ""},
		{"below, but not for so many statements", one(17, faster), 10, mostly, Inconclusive, "beyond its bound by itself, but not after the correction for the ledger's other conditions and statements; make a new run with more rounds"},
	} {
		e := judge(test.ledger, file(t, results.Lockstep, test.rounds, test.round))[0]
		if e.Verdict != test.want || e.Reason != test.reason {
			t.Errorf("%s: %s (%q), p %.4g; want %s (%q)", test.name, e.Verdict, e.Reason, e.P, test.want, test.reason)
		}
	}
}

// TestMissingNamesTheNote: a row that was left out says why.
func TestMissingNamesTheNote(t *testing.T) {
	f := file(t, results.Lockstep, 2, func(int) lines {
		return lines{goroutine: "10 ns/op 1 x-goroutine", "note": "# skip Benchmark" + clone + ": pids.max 5\n"}
	})
	e := judge(one(1, atLeast(2, factor(clone), "faster")), f)[0]
	if want := "no Benchmark" + clone + ": pids.max 5; "; e.Verdict != Missing || !strings.HasPrefix(e.Reason, want) {
		t.Errorf("%s: %q, want %q first", e.Verdict, e.Reason, want)
	}
}

// TestEmulated: what needs times is missing in a file of an emulated CPU, and
// what needs counts is there.
func TestEmulated(t *testing.T) {
	f := file(t, results.Lockstep, 8, func(int) lines {
		return lines{goroutine: "0 threads/op"}
	})
	f.Config = append(f.Config, results.Setting{Key: "virt", Value: "tcg"})
	entries := judge(append(one(1, atMost(2, value(goroutine, "ns/op"), "fast")), one(1, atMost(0.5, value(goroutine, "threads/op"), "no threads"))...), f)
	if e := entries[0]; e.Verdict != Missing || e.Reason != "it needs times, and those of an emulated CPU mean nothing" || e.Unasked {
		t.Errorf("a time: %s (%q)", e.Verdict, e.Reason)
	}
	if e := entries[1]; e.Verdict != Holds {
		t.Errorf("a count: %s (%q)", e.Verdict, e.Reason)
	}
}

// TestCut: a row with fewer tasks than its name says counts as missing.
func TestCut(t *testing.T) {
	const row = "Scale/impl=goroutine/n=1000"
	for _, test := range []struct {
		tasks         int
		note, verdict string
		reason        string
	}{
		{1000, "", Holds, ""},
		{995, "# cut Benchmark" + row + ": SetMaxThreads\n", Holds, ""},
		{700, "# cut Benchmark" + row + ": memory of 1 GiB\n", Missing, "Benchmark" + row + " was cut: memory of 1 GiB; "},
		{700, "", Missing, "Benchmark" + row + " was cut; "},
	} {
		f := file(t, results.Lockstep, 8, func(int) lines {
			return lines{row: fmt.Sprintf("10 ns/op 3 threads %d tasks", test.tasks), "note": test.note}
		})
		e := judge(one(1, atMost(4, value(row, "threads"), "threads")), f)[0]
		if e.Verdict != test.verdict || !strings.HasPrefix(e.Reason, test.reason) {
			t.Errorf("%d tasks: %s (%q), want %s (%q)", test.tasks, e.Verdict, e.Reason, test.verdict, test.reason)
		}
	}
}

// TestDecided: which of several conditions decided.
func TestDecided(t *testing.T) {
	f := file(t, results.Lockstep, 12, func(k int) lines {
		return lines{goroutine: fmt.Sprintf("%d ns/op 1 x-goroutine 0 threads/op", 9+k%3)}
	})
	time, threads, none := atLeast(10, value(goroutine, "ns/op"), "time"), atLeast(1, value(goroutine, "threads/op"), "threads"), atLeast(1, factor(locked), "none")
	for _, test := range []struct {
		needs []condition
		want  string
	}{
		{[]condition{time, threads}, "threads"}, // fails
		{[]condition{threads, time}, "threads"},
		{[]condition{none, time}, "time"}, // missing
		{[]condition{none}, "none"},
	} {
		if got := judge(one(1, test.needs...), f)[0].Decided(); got.What != test.want {
			t.Errorf("%v is decided by %s, want %s", test.needs, got.What, test.want)
		}
	}
}

// TestMeasures: figures that are computed from rows.
func TestMeasures(t *testing.T) {
	const small, large = "Scale/impl=goroutine/n=1000", "Scale/impl=goroutine/n=3000"
	f := file(t, results.Lockstep, 3, func(k int) lines {
		ls := lines{
			goroutine: "10 ns/op 1 x-goroutine", clone: "50 ns/op 5 x-goroutine",
			"Stack/impl=goroutine/depth=4096": "8192 user-B/task", "Stack/impl=goroutine/depth=0": "2048 user-B/task",
			"Mixed/impl=goroutine/mode=together/procs=all": "0.5 busy-share 0.8 alone-share",
			small: fmt.Sprintf("%d ns/op 4 threads", 10*k), large: fmt.Sprintf("%d ns/op 5 threads", 30*k),
		}
		if k == 2 {
			delete(ls, large)
		}
		return ls
	})
	for _, test := range []struct {
		name string
		m    measure
		want []float64 // of the least
	}{
		{"value", value(clone, "ns/op"), []float64{50, 50, 50}},
		{"quotient", quotient(large, small, "ns/op"), []float64{3, 3}},
		{"share", busy("goroutine", "all"), []float64{0.625, 0.625, 0.625}},
		{"depth", perDepth(4096, "user-B/task"), []float64{1.5, 1.5, 1.5}},
		{"slope", slope("threads", small, large), []float64{0.0005, 0.0005}},
		{"no unit", value(clone, "p99-ns"), nil},
	} {
		var got []float64
		for _, s := range test.m.values(f) {
			if s.least != s.most {
				t.Errorf("%s: %v to %v of a figure without bounds", test.name, s.least, s.most)
			}
			got = append(got, s.least)
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, d)
		}
	}
}

const many, few = "GC/impl=goroutine/n=100000/depth=0", "GC/impl=goroutine/n=1000/depth=0"

// standing is a round of two rows, each with the limits of how long the world
// was stopped.
func standing(least, most, overLeast, overMost float64) lines {
	return lines{
		many: fmt.Sprintf("%g stood-least-ns %g stood-most-ns", least, most),
		few:  fmt.Sprintf("%g stood-least-ns %g stood-most-ns", overLeast, overMost),
	}
}

// TestBounded: a ratio with limits holds by its upper limit, fails by its lower
// limit, and is inconclusive in between.
func TestBounded(t *testing.T) {
	for _, test := range []struct {
		name     string
		rounds   int
		round    func(k int) lines
		verdict  string
		least    string // the verdict where the bound is the least that it may be
		measured string
		json     string
	}{
		{"under it", 12, func(int) lines { return standing(20, 30, 20, 25) }, Holds, Fails, "0.800× to 1.50× [0.800, 1.50]", `"effect":0.8,"low":0.8,"high":1.5,"bounded":true,"most":1.5`},
		{"over it", 12, func(int) lines { return standing(75, 90, 20, 30) }, Fails, Holds, "2.50× to 4.50× [2.50, 4.50]", `"most":4.5`},
		{"on both sides", 12, func(int) lines { return standing(20, 60, 20, 25) }, Inconclusive, Inconclusive, "0.800× to 3.00× [0.800, 3.00]", `"bounded":true`},
		{"no upper bound", 12, func(int) lines { return standing(20, 60, 0, 25) }, Inconclusive, Inconclusive, "0.800× or more [0.800, unbounded]", `"low":0.8,"high":null,"bounded":true,"rounds"`},
		{"none in one round", 12, func(k int) lines { return standing(20, 30, float64(min(20, 20*(k-1))), 25) }, Holds, Fails, "0.800× to 1.50× [0.800, 1.50]", `"high":1.5,"bounded":true,"most":1.5`},
		{"none in three rounds", 12, func(k int) lines { return standing(20, 30, float64(20*min(1, k/4)), 25) }, Inconclusive, Inconclusive, "0.800× to 1.50× [0.800, unbounded]", `"high":null,"bounded":true,"most":1.5`},
		{"over it without an upper bound", 12, func(int) lines { return standing(75, 90, 0, 30) }, Fails, Holds, "2.50× or more [2.50, unbounded]", `"low":2.5,"high":null`},
		{"no lower bound", 12, func(int) lines { return standing(0, 30, 20, 25) }, Holds, Fails, "0× to 1.50× [0, 1.50]", `"effect":0,"low":0,"high":1.5`},
		{"below nothing", 12, func(int) lines { return standing(-5, 30, -3, 25) }, Inconclusive, Inconclusive, "0× or more [0, unbounded]", `"effect":0,"low":0,"high":null`},
		{"one round", 1, func(int) lines { return standing(20, 30, 20, 25) }, Inconclusive, Inconclusive, "0.800× to 1.50× (1 round: no interval, which takes 6)", `"effect":0.8,"low":null,"high":null,"bounded":true,"most":1.5`},
		{"nothing at the most", 12, func(int) lines { return standing(0, 0, 20, 25) }, Missing, Missing, "not in the file", `"effect":null`},
		{"one unit alone", 12, func(int) lines { return lines{many: "30 stood-ns", few: "20 stood-ns"} }, Missing, Missing, "not in the file", `"effect":null`},
	} {
		f := file(t, results.Lockstep, test.rounds, test.round)
		ratio := stood(many, few)
		for want, c := range map[string]condition{test.verdict: atMost(2, ratio, "it"), test.least: atLeast(2, ratio, "it")} {
			e := judge(one(1, c), f)[0]
			if e.Verdict != want || e.Needs[0].Measured() != test.measured {
				t.Errorf("%s: %s, %s, want %s, %s", test.name, e.Verdict, e.Needs[0].Measured(), want, test.measured)
			}
			var b bytes.Buffer
			if err := JSON(&b, []Ledger{{File: "f", Entries: []Entry{e}}}); err != nil {
				t.Fatal(err)
			}
			text := strings.Join(strings.Fields(b.String()), "")
			if !strings.Contains(text, test.json) {
				t.Errorf("%s: %s, want %s", test.name, text, test.json)
			}
		}
	}
}

// TestUnpaired: a file of go test has no pairs and is judged by its runs.
func TestUnpaired(t *testing.T) {
	f := file(t, results.Testing, 10, func(k int) lines {
		return lines{goroutine: fmt.Sprintf("%d ns/op", 100+k), clone: fmt.Sprintf("%d ns/op", 500+k)}
	})
	for _, test := range []struct {
		c      condition
		want   string
		effect float64
	}{
		{atLeast(2, factor(clone), "faster"), Holds, 5},
		{atLeast(6, factor(clone), "faster"), Fails, 5},
		{atMost(0.5, goroutineOver(clone), "the other way round"), Holds, 0.2},
	} {
		e := judge(one(5, test.c), f)[0]
		if e.Verdict != test.want || math.Abs(math.Log(e.Needs[0].Effect/test.effect)) > 0.2 {
			t.Errorf("%s %v: %s, effect %v", test.c.what, test.c.bound, e.Verdict, e.Needs[0].Effect)
		}
	}
}

// TestOneEstimator: the ledger has the same factor and interval as the table,
// both from package summary.
func TestOneEstimator(t *testing.T) {
	f, err := results.ReadFile("../../../results/reference.txt")
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for _, s := range statements {
		for _, c := range append(slices.Clone(s.needs), s.beside...) {
			found := find(c, f)
			if c.value.factor == nil || !found.There {
				continue
			}
			e := c.value.factor(f, f.Row(c.value.rows[0]))
			want := e.Text() + " " + e.Within()
			if e.States != nil {
				want = e.Says(summary.TwoStates) + " " + e.Within()
			}
			if got := found.Measured(); got != want {
				t.Errorf("%s: %s in the ledger, %s by package summary", found.What, got, want)
			}
			held++
		}
	}
	if held < 10 {
		t.Errorf("%d factors in the ledger", held)
	}
}

// TestAllowed: a verdict needs a bound outside the interval that allows for the
// A/A.
func TestAllowed(t *testing.T) {
	for _, test := range []struct {
		self string
		want string
	}{
		{"", Holds}, {"1.01", Holds}, {"1.2", Inconclusive}, {"0.8", Inconclusive},
	} {
		f := file(t, results.Lockstep, 12, func(k int) lines {
			ls := lines{goroutine: "10 ns/op 1 x-goroutine", clone: fmt.Sprintf("11 ns/op 1.1%02d x-goroutine", k)}
			if test.self != "" {
				ls[goroutine] += " " + test.self + " x-self"
			}
			return ls
		})
		for _, m := range []measure{factor(clone), quotient(clone, goroutine, "ns/op")} {
			e := judge(one(1, atLeast(1, m, "slower")), f)[0]
			if n := e.Needs[0]; e.Verdict != test.want || (n.Low > 1) != (test.want == Holds) {
				t.Errorf("A/A %q: %s, %v", test.self, e.Verdict, n)
			}
		}
	}
}

// TestDoubts: a finding has its doubts in each form.
func TestDoubts(t *testing.T) {
	f := file(t, results.Lockstep, 12, func(k int) lines {
		ls := lines{goroutine: "10 ns/op 1 x-goroutine 1.05 x-self", clone: fmt.Sprintf("9 ns/op %.3f x-goroutine", 0.6+0.4*float64(k%2)+0.001*float64(k))}
		if k == 3 {
			delete(ls, goroutine)
			ls["note"] = "# failed Benchmark" + goroutine + ": no evidence\n"
		}
		return ls
	})
	l := Ledger{File: "f", Rounds: 12, Entries: judge(one(1, atLeast(0.8, factor(clone), "it")), f)}
	if e := l.Entries[0]; e.Verdict != Inconclusive || !strings.HasPrefix(e.Reason, "the rounds fall into two states, one on each side") {
		t.Errorf("%s: %s", e.Verdict, e.Reason)
	}
	for name, render := range map[string]func(io.Writer, []Ledger) error{"text": Text, "markdown": Markdown, "JSON": JSON} {
		var b bytes.Buffer
		if err := render(&b, []Ledger{l}); err != nil {
			t.Fatal(err)
		}
		text := strings.Join(strings.Fields(b.String()), " ")
		for _, want := range []string{"two states: 0.607× in 6 rounds, 1.01× in 6", "the interval of the A/A is off 1 by more than 1%", "failed in 1 of 12 rounds"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s doesn't say %q: %s", name, want, text)
			}
		}
	}
}

// TestWrongVerdicts: of ledgers of five statements that are exactly on their
// bounds, at most about one in twenty gives any verdict.
func TestWrongVerdicts(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	rows := []string{clone, locked, goroutine, "Create/impl=clone/mode=start", "Create/impl=locked/mode=start"}
	var ledger []statement
	for _, row := range rows {
		ledger = append(ledger, statement{id: row, needs: []condition{atLeast(1, quotient(row, "Create/impl=floor/mode=start", "ns/op"), "it")}})
	}
	const ledgers = 400
	wrong := 0
	for range ledgers {
		f := file(t, results.Lockstep, 15, func(int) lines {
			ls := lines{"Create/impl=floor/mode=start": "100 ns/op"}
			for _, row := range rows {
				ls[row] = fmt.Sprintf("%.6g ns/op", 100*math.Exp(0.05*r.NormFloat64()))
			}
			return ls
		})
		if slices.ContainsFunc(judge(ledger, f), func(e Entry) bool { return e.Verdict != Inconclusive }) {
			wrong++
		}
	}
	// At most 20 are expected; 34 are three standard deviations more.
	if wrong > 34 {
		t.Errorf("%d of %d ledgers gave a wrong verdict", wrong, ledgers)
	}
}

// turning is a file in which the statement create-faster holds and turns.
func turning(t *testing.T) *results.File {
	return file(t, results.Lockstep, 12, func(k int) lines {
		return lines{
			goroutine:                           "10 ns/op 1 x-goroutine 0 threads/op",
			clone:                               fmt.Sprintf("50 ns/op %d x-goroutine 1 threads/op", 10+k),
			"Create/impl=goroutine/mode=reused": "10 ns/op 1 x-goroutine",
			"Create/impl=locked/mode=inplace":   fmt.Sprintf("10 ns/op 1.0%d x-goroutine", k),
			"note":                              "# skip BenchmarkStack/impl=clone/stack=least/depth=0: no <memory> | none\n",
		}
	})
}

// TestCircumstances has a statement that holds and turns, and an undecided
// statement beside which rows are decided.
func TestCircumstances(t *testing.T) {
	found := 0
	for _, e := range Judge(turning(t)) {
		if e.ID != "create-faster" {
			continue
		}
		c := e.Circumstances()
		if e.Verdict != Holds || len(c) != 1 || c[0].Rows[0] != "Create/impl=locked/mode=inplace" || c[0].Word != turns || strings.Contains(c[0].String(), "at least") {
			t.Errorf("%s, %+v", e.Verdict, c)
		}
		found++
	}
	f := file(t, results.Lockstep, 12, func(k int) lines {
		return lines{
			"Balance/impl=goroutine/mode=item":   fmt.Sprintf("10 ns/op 1.%02d makespan-x", 4+k),
			"Balance/impl=goroutine/mode=shared": fmt.Sprintf("10 ns/op 1.0%d makespan-x", k%3),
			"Balance/impl=clone/mode=shared":     fmt.Sprintf("10 ns/op 1.%02d makespan-x", 4+k),
			"Balance/impl=locked/mode=fixed":     fmt.Sprintf("10 ns/op 2.0%d makespan-x", k%3),
		}
	})
	for _, e := range Judge(f) {
		if e.ID != "balance" {
			continue
		}
		var said []string
		for _, c := range e.Circumstances() {
			said = append(said, c.Word+" "+c.Rows[0]+" "+c.Held())
		}
		want := []string{"holds there Balance/impl=goroutine/mode=shared at most 1.10", "fails there Balance/impl=locked/mode=fixed at most 1.10"}
		if e.Verdict != Inconclusive || !slices.Equal(said, want) {
			t.Errorf("%s, %q, want %q", e.Verdict, said, want)
		}
		found++
	}
	if found != 2 {
		t.Errorf("%d of 2 statements found", found)
	}
}

// TestGolden renders one file, two files and none.
func TestGolden(t *testing.T) {
	whole, other := New(turning(t)), New(file(t, results.Lockstep, 3, func(int) lines { return lines{goroutine: "10 ns/op 1 x-goroutine"} }))
	whole.File, other.File = "one_*.txt", "two<b>.txt"
	for _, test := range []struct {
		name    string
		render  func(*bytes.Buffer, []Ledger) error
		ledgers []Ledger
	}{
		{"one.txt", func(b *bytes.Buffer, l []Ledger) error { return Text(b, l) }, []Ledger{whole}},
		{"two.txt", func(b *bytes.Buffer, l []Ledger) error { return Text(b, l) }, []Ledger{whole, other}},
		{"two.md", func(b *bytes.Buffer, l []Ledger) error { return Markdown(b, l) }, []Ledger{whole, other}},
		{"one.json", func(b *bytes.Buffer, l []Ledger) error { return JSON(b, l) }, []Ledger{whole}},
	} {
		var b bytes.Buffer
		if err := test.render(&b, test.ledgers); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", test.name)
		if *update {
			os.MkdirAll("testdata", 0o755)
			if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), b.String()); d != "" {
			t.Errorf("%s (-want +got; go test -update writes it):\n%s", path, d)
		}
	}
	var b bytes.Buffer
	if err := JSON(&b, nil); err != nil || strings.TrimSpace(b.String()) != "[]" {
		t.Errorf("no file in JSON: %q, %v", b.String(), err)
	}
	var list []map[string]any
	b.Reset()
	if err := JSON(&b, []Ledger{whole, other}); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &list); err != nil || len(list) != 2*len(statements) {
		t.Errorf("%d objects, %v; want one for each statement of each file", len(list), err)
	}
}

func TestRun(t *testing.T) {
	good := filepath.Join("..", "..", "..", "results", "reference.txt")
	for _, test := range []struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		{[]string{"-h"}, 0, "Usage: go run ./scripts/claims", ""},
		{[]string{good}, 0, "create-faster: A goroutine is created faster", ""},
		{[]string{"-format", "json", good, good}, 0, `"machines": 1`, ""},
		{[]string{"-each", "-format", "json", good, good}, 0, `"verdict"`, ""},
		{[]string{"-format", "markdown", good}, 0, "| statement |", ""},
		{nil, 2, "", "no file given; give one or more"},
		{[]string{"-format", "xml", good}, 2, "", `-format "xml" is unknown; choose text, markdown or json`},
		{[]string{"-colour"}, 2, "", "-h shows the flags"},
		{[]string{good, "nowhere.txt"}, 2, "", "nowhere.txt"},
	} {
		var stdout, stderr bytes.Buffer
		code := Run(test.args, &stdout, &stderr)
		if code != test.code || !strings.Contains(stdout.String(), test.stdout) || !strings.Contains(stderr.String(), test.stderr) || code == 2 && stdout.Len() > 0 {
			t.Errorf("claims %q: exit %d\n%s%s", test.args, code, stdout.String(), stderr.String())
		}
	}
}
