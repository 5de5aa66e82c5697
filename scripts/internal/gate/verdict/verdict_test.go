package verdict

import (
	"bytes"
	"encoding/json"
	"errors"
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

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

var rules = Rules{Alpha: 0.01, Margin: 0.01}

// rounds are n pairs around 100 ns whose head is slower by the factor. The
// scatter is on both sides and on the pair.
func rounds(seed uint64, n int, factor, scatter float64) []Pair {
	rng := rand.New(rand.NewPCG(seed, 1))
	var pairs []Pair
	for range n {
		layout := math.Exp(0.05 * rng.NormFloat64())
		base := 100 * layout * math.Exp(scatter*rng.NormFloat64())
		head := 100 * layout * factor * math.Exp(scatter*rng.NormFloat64())
		pairs = append(pairs, Pair{Base: base, Head: head})
	}
	return pairs
}

func figures(seed uint64, n int, center, scatter float64) []float64 {
	rng := rand.New(rand.NewPCG(seed, 2))
	var v []float64
	for range n {
		v = append(v, center*math.Exp(scatter*rng.NormFloat64()))
	}
	return v
}

func constants(n int, base, head float64) []Pair { return slices.Repeat([]Pair{{base, head}}, n) }

func row(name string, pairs []Pair) Row {
	return Row{Name: name, Unit: "ns/op", Better: "lower", Pairs: pairs}
}

func judge(t testing.TB, rows []Row, rules Rules) *Report {
	t.Helper()
	r, err := Judge(rows, rules)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestVerdicts(t *testing.T) {
	for _, tt := range []struct {
		name     string
		row      Row
		want     Verdict
		improved bool
	}{
		{"5% slower", row("x", rounds(1, 15, 1.05, 0.005)), Regression, false},
		{"the same", row("x", rounds(2, 30, 1, 0.004)), Pass, false},
		{"5% faster", row("x", rounds(3, 15, 0.95, 0.005)), Pass, true},
		{"slower by less than the margin", row("x", rounds(4, 60, 1.004, 0.003)), Pass, false},
		{"at the margin", row("x", rounds(5, 15, 1.01, 0.005)), Inconclusive, false},
		{"noise", row("x", rounds(6, 15, 1, 0.1)), Inconclusive, false},
		{"least rounds, all slower", row("x", rounds(7, 8, 1.2, 0.001)), Regression, false},
		{"higher is better, and is less", Row{Name: "x", Unit: "MB/s", Better: "higher", Pairs: rounds(8, 15, 0.95, 0.005)}, Regression, false},
		{"higher is better, and is more", Row{Name: "x", Unit: "MB/s", Better: "higher", Pairs: rounds(9, 15, 1.05, 0.005)}, Pass, true},
		{"unpaired, slower", Row{Name: "x", Unit: "ns/op", Better: "lower", Old: figures(10, 10, 100, 0.01), New: figures(11, 12, 110, 0.01)}, Regression, false},
		{"unpaired, the same", Row{Name: "x", Unit: "ns/op", Better: "lower", Old: figures(12, 20, 100, 0.005), New: figures(13, 20, 100, 0.005)}, Pass, false},
		{"unpaired, noise", Row{Name: "x", Unit: "ns/op", Better: "lower", Old: figures(14, 10, 100, 0.1), New: figures(15, 10, 100, 0.1)}, Inconclusive, false},
		{"unpaired, higher is better, and is less", Row{Name: "x", Unit: "B/s", Better: "higher", Old: figures(16, 10, 110, 0.01), New: figures(17, 10, 100, 0.01)}, Regression, false},
	} {
		r := judge(t, []Row{tt.row}, rules)
		if got := r.Rows[0]; got.Verdict != tt.want || got.Improved != tt.improved || r.Verdict != tt.want {
			t.Errorf("%s: %s, improved %v, overall %s; %s", tt.name, got.Verdict, got.Improved, r.Verdict, got.proof())
		}
		if c := r.Rows[0]; !(c.Low <= c.Ratio && c.Ratio <= c.High) {
			t.Errorf("%s: %v not within [%v, %v]", tt.name, c.Ratio, c.Low, c.High)
		}
	}
}

// The turning points: at the margin and beside it, a row's bound and its
// verdict agree.
func TestMarginTurns(t *testing.T) {
	for _, higher := range []bool{false, true} {
		r := row("x", rounds(20, 15, 1.05, 0.01))
		if higher {
			r.Better = "higher"
		}
		res := judge(t, []Row{r}, Rules{Alpha: 0.01, Margin: 0}).Rows[0]
		low, high := res.Low-1, res.High-1
		if higher { // worse is base over head
			low, high = 1/res.High-1, 1/res.Low-1
		}
		for _, tt := range []struct {
			margin float64
			want   Verdict
		}{{low * 0.999, Regression}, {low * 1.001, Inconclusive}, {high * 0.999, Inconclusive}, {high * 1.001, Pass}} {
			if tt.margin < 0 {
				continue
			}
			if got := judge(t, []Row{r}, Rules{Alpha: 0.01, Margin: tt.margin}).Verdict; got != tt.want {
				t.Errorf("better %s, bounds %v and %v, margin %v: %s, want %s", r.Better, low, high, tt.margin, got, tt.want)
			}
		}
	}
}

func TestCounts(t *testing.T) {
	exact := func(unit, better string, base, head float64) Row {
		return Row{Name: "x", Unit: unit, Better: better, Exact: true, Pairs: constants(4, base, head)}
	}
	for _, tt := range []struct {
		row      Row
		want     Verdict
		improved bool
	}{
		// A custom metric is exact.
		{exact("steps/op", "lower", 0, 0), Pass, false},
		{exact("steps/op", "lower", 0, 1), Regression, false},
		{exact("steps/op", "lower", 1, 0), Pass, true},
		{exact("steps/op", "lower", 3, 4), Regression, false},
		{exact("steps/op", "lower", 1000, 1001), Pass, false}, // within the margin
		{exact("steps/op", "lower", 1000, 1010), Pass, false},
		{exact("steps/op", "lower", 1000, 1011), Regression, false},
		{exact("steps/op", "lower", 4, 3), Pass, true},
		{exact("steps/op", "higher", 4, 3), Regression, false},
		{exact("steps/op", "higher", 3, 4), Pass, true},
		{exact("steps/op", "higher", 1, 0), Regression, false},
		{exact("steps/op", "higher", 0, 1), Pass, true},
		{exact("steps/op", "higher", 1010, 1000), Pass, false},
		{exact("steps/op", "higher", 1011, 1000), Regression, false},
		// Testing cuts off: 9 may be 9.99.
		{exact("allocs/op", "lower", 0, 0), Pass, false},
		{exact("allocs/op", "lower", 0, 1), Inconclusive, false},
		{exact("allocs/op", "lower", 0, 2), Regression, false},
		{exact("allocs/op", "lower", 3, 4), Inconclusive, false},
		{exact("allocs/op", "lower", 3, 5), Regression, false},
		{exact("allocs/op", "lower", 5, 3), Pass, true},
		{exact("allocs/op", "lower", 4, 3), Pass, false},
		{exact("allocs/op", "lower", 1000, 1009), Pass, false},
		{exact("allocs/op", "lower", 1000, 1010), Inconclusive, false}, // up to 1011
		{exact("allocs/op", "lower", 1000, 1012), Regression, false},
		{exact("B/op", "lower", 0, 16), Regression, false},
		{exact("B/op", "lower", 639, 640), Pass, false},
		{Row{Name: "x", Unit: "B/op", Better: "lower", Exact: true, Old: []float64{16, 16}, New: []float64{16, 16, 16}}, Pass, false},
		{Row{Name: "x", Unit: "B/op", Better: "lower", Exact: true, Old: []float64{16, 16}, New: []float64{32, 32}}, Regression, false},
		// Counts that vary within the margin need no statistics.
		{Row{Name: "x", Unit: "B/op", Better: "lower", Exact: true, Pairs: []Pair{{1000, 1003}, {1002, 1000}, {1001, 1004}, {1001, 1000}}}, Pass, false},
		// Nor do those that lie apart beyond it.
		{Row{Name: "x", Unit: "B/op", Better: "lower", Exact: true, Pairs: []Pair{{1000, 1203}, {1002, 1200}, {1001, 1204}, {1001, 1200}}}, Regression, false},
	} {
		r := judge(t, []Row{tt.row}, rules)
		if got := r.Rows[0]; r.Verdict != tt.want || got.Improved != tt.improved || !got.Counted || r.Decided != 0 {
			t.Errorf("%v: %s, improved %v, counted %v, %d decided", tt.row, r.Verdict, got.Improved, got.Counted, r.Decided)
		}
	}
}

// Counts that are within 1 of each other are decided by the benchmark's other
// count.
func TestOtherCount(t *testing.T) {
	counts := func(unit string, pairs ...Pair) Row {
		return Row{Name: "x", Unit: unit, Better: "lower", Exact: true, Pairs: slices.Repeat(pairs, 6)}
	}
	for _, tt := range []struct {
		name          string
		allocs, bytes Row
		want, ofBytes Verdict
		why           string
	}{
		{"cut off", counts("allocs/op", Pair{9, 10}), counts("B/op", Pair{639, 640}), Pass, Pass, "9 and 10 may be 9.99 and 10.00, since package testing rounds down; B/op goes from 639 to 640"},
		{"one more", counts("allocs/op", Pair{1, 2}), counts("B/op", Pair{16, 32}), Regression, Regression, "B/op goes from 16 to 32"},
		{"the first one", counts("allocs/op", Pair{0, 1}), counts("B/op", Pair{0, 16}), Regression, Regression, "B/op goes from 0 to 16"},
		{"one more beside a large one", counts("allocs/op", Pair{1, 2}), counts("B/op", Pair{4096, 4112}), Regression, Pass, "B/op goes from 4096 to 4112"},
		{"one less", counts("allocs/op", Pair{1, 0}), counts("B/op", Pair{16, 0}), Pass, Pass, ""},
		{"more of the same size", counts("allocs/op", Pair{100, 110}), counts("B/op", Pair{6400, 6400}), Regression, Pass, ""},
		{"both undecided", counts("allocs/op", Pair{0, 1}), counts("B/op", Pair{0, 1}), Inconclusive, Inconclusive, "may be 0.99"},
		{"a byte", counts("allocs/op", Pair{0, 0}), counts("B/op", Pair{0, 1}, Pair{1, 0}, Pair{0, 1}), Pass, Pass, ""},
		{"a byte, and more allocations", counts("allocs/op", Pair{0, 2}), counts("B/op", Pair{0, 1}, Pair{1, 0}, Pair{0, 1}), Regression, Inconclusive, ""},
		{"varying by one", counts("allocs/op", Pair{9, 10}, Pair{10, 10}, Pair{9, 10}), counts("B/op", Pair{639, 640}), Pass, Pass, "B/op goes from 639 to 640"},
	} {
		rules := rules
		rules.Margin = 0.03
		r := judge(t, []Row{tt.allocs, tt.bytes, row("y", rounds(2, 30, 1, 0.004))}, rules)
		a, b := r.Rows[0], r.Rows[1]
		if a.Verdict != tt.want || b.Verdict != tt.ofBytes || !strings.Contains(a.Why, tt.why) {
			t.Errorf("%s: allocs/op %s (%s), B/op %s (%s); want %s and %s", tt.name, a.Verdict, a.Why, b.Verdict, b.Why, tt.want, tt.ofBytes)
		}
	}
}

// Counts that vary within a side are decided by statistics, zeros too.
func TestVaryingCounts(t *testing.T) {
	vary := func(base, head []float64) Row {
		r := Row{Name: "x", Unit: "allocs/op", Better: "lower", Exact: true}
		for i := range 12 {
			r.Pairs = append(r.Pairs, Pair{Base: base[i%len(base)], Head: head[i%len(head)]})
		}
		return r
	}
	for _, tt := range []struct {
		row  Row
		want Verdict
	}{
		{vary([]float64{0}, []float64{2, 3}), Regression},
		{vary([]float64{0}, []float64{1, 2}), Inconclusive}, // may be 0.99 and 1.00
		{vary([]float64{2, 3}, []float64{0}), Pass},
		{vary([]float64{0, 1}, []float64{0, 1}), Pass},
		{vary([]float64{0, 1}, []float64{1, 0}), Inconclusive},
		{vary([]float64{10, 11}, []float64{20, 21}), Regression},
		{vary([]float64{9, 10}, []float64{10, 10}), Inconclusive}, // half of the rounds +11% is no regression
	} {
		r := judge(t, []Row{tt.row}, rules)
		if r.Verdict != tt.want {
			t.Errorf("%v: %s, counted %v", tt.row.Pairs[:2], r.Verdict, r.Rows[0].Counted)
		}
		for _, format := range Formats {
			if err := r.Write(io.Discard, format, false); err != nil {
				t.Errorf("%v: %v", tt.row.Pairs[:2], err)
			}
		}
	}
	// Too few in files that hold other rows, too, are undecided.
	few := Row{Name: "x", Unit: "B/op", Better: "lower", Exact: true, Old: []float64{100, 900}, New: []float64{100, 900}}
	time := Row{Name: "x", Unit: "ns/op", Better: "lower", Old: figures(12, 20, 100, 0.003), New: figures(13, 20, 100, 0.003)}
	if r := judge(t, []Row{few, time}, rules); r.Rows[0].Verdict != Inconclusive || r.Rows[1].Verdict != Pass || !strings.Contains(r.Headline(), "too few") {
		t.Errorf("%s: %s", r.Verdict, r.Headline())
	}
}

func TestControl(t *testing.T) {
	with := func(pairs, control []Pair) Row {
		r := row("x", pairs)
		r.Control = control
		return r
	}
	allocs := Row{Name: "x", Unit: "allocs/op", Better: "lower", Exact: true, Pairs: constants(10, 3, 3)}
	allocs.Control = constants(10, 3, 6)
	cutOff := allocs
	cutOff.Control = constants(10, 3, 4)
	nearly := Row{Name: "x", Unit: "steps/op", Better: "lower", Exact: true, Pairs: constants(10, 300, 300), Control: constants(10, 300, 301)}
	for _, tt := range []struct {
		name string
		row  Row
		want Verdict
	}{
		{"quiet, passing", with(rounds(1, 30, 1, 0.004), rounds(2, 30, 1, 0.004)), Pass},
		{"quiet, regression", with(rounds(1, 30, 1.1, 0.004), rounds(2, 30, 1, 0.004)), Regression},
		{"drifting", with(rounds(1, 30, 1, 0.004), rounds(2, 30, 1.02, 0.004)), Invalid},
		{"drifting the other way", with(rounds(1, 30, 1.1, 0.004), rounds(2, 30, 0.98, 0.004)), Invalid},
		{"noisy", with(rounds(1, 30, 1, 0.004), rounds(2, 30, 1.02, 0.3)), Pass},
		{"counts", allocs, Invalid},
		{"counts that may be the same", cutOff, Pass},
		{"exact counts within the margin", nearly, Invalid},
	} {
		r := judge(t, []Row{tt.row}, rules)
		if r.Verdict != tt.want {
			t.Errorf("%s: %s, control %+v", tt.name, r.Verdict, r.Rows[0].Control)
		}
		c := r.Rows[0].Control
		if loud := strings.Contains(r.Headline(), "The control saw a difference"); loud != (tt.want == Invalid) || c.Sees != loud || c.Sees != (c.Adjusted < rules.Alpha) {
			t.Errorf("%s: sees %v, adjusted %v: %s", tt.name, c.Sees, c.Adjusted, r.Headline())
		}
	}
	// Counts take no part in the family of the controls: nine rounds are enough, with a tenth of the level theirs.
	few := []Row{with(rounds(1, 9, 1.3, 0.001), rounds(2, 9, 1, 0.004))}
	for i := range 20 {
		a := allocs
		a.Name, a.Control = fmt.Sprint(i), constants(10, 3, 3)
		few = append(few, a)
	}
	if r := judge(t, few, rules); r.Verdict != Regression {
		t.Errorf("%s, %v", r.Verdict, r.Remarks)
	}
}

func TestExitCodes(t *testing.T) {
	for _, tt := range []struct {
		verdict          Verdict
		plain, pass, bad int
	}{{Pass, 0, 0, 0}, {Regression, 1, 1, 1}, {Inconclusive, 3, 0, 1}, {Invalid, 3, 0, 1}} {
		for as, want := range map[string]int{"": tt.plain, "pass": tt.pass, "fail": tt.bad} {
			r := Report{Verdict: tt.verdict, Rules: Rules{Inconclusive: as}}
			if got := r.ExitCode(); got != want {
				t.Errorf("%s, inconclusive=%q: %d, want %d", tt.verdict, as, got, want)
			}
		}
	}
	// The worst row decides.
	rows := []Row{row("pass", rounds(2, 30, 1, 0.004)), row("noise", rounds(6, 30, 1, 0.1)), row("slower", rounds(1, 30, 1.05, 0.004))}
	for n, want := range map[int]Verdict{1: Pass, 2: Inconclusive, 3: Regression} {
		if r := judge(t, rows[:n], rules); r.Verdict != want {
			t.Errorf("%d rows: %s, want %s", n, r.Verdict, want)
		}
	}
}

// Holm is in force: what is a regression alone isn't one among twenty quiet rows.
func TestFamily(t *testing.T) {
	weak := row("weak", rounds(31, 12, 1.02, 0.006))
	alone := judge(t, []Row{weak}, rules)
	rows := []Row{weak}
	for i := range 7 {
		rows = append(rows, row(fmt.Sprint(i), rounds(uint64(40+i), 12, 1, 0.006)))
	}
	among := judge(t, rows, rules)
	if p := alone.Rows[0].P; alone.Verdict != Regression || among.Rows[0].Verdict != Inconclusive || among.Rows[0].P != p || math.Abs(among.Rows[0].Adjusted-8*p) > 1e-12 {
		t.Errorf("alone %s with p %v, among eight %s with p %v, adjusted %v", alone.Verdict, p, among.Rows[0].Verdict, among.Rows[0].P, among.Rows[0].Adjusted)
	}
	if among.Rows[0].High <= alone.Rows[0].High {
		t.Errorf("the bound %v isn't wider than %v", among.Rows[0].High, alone.Rows[0].High)
	}
}

// The family's levels hold: of runs with every row exactly at the margin at
// most 1% call a regression, at most 1% pass any row, and of their controls at
// most 1% see a difference.
func TestFalseAlarms(t *testing.T) {
	runs := 1500
	if testing.Short() {
		runs = 300
	}
	var alarms, passes, invalid int
	for i := range runs {
		var rows []Row
		for k := range 4 {
			r := row(fmt.Sprint(k), rounds(uint64(1000+8*i+k), 15, 1.01, 0.01))
			r.Control = rounds(uint64(1000+8*i+4+k), 15, 1, 0.01)
			rows = append(rows, r)
		}
		r := judge(t, rows, rules)
		var alarm, pass, sees bool
		for _, res := range r.Rows {
			alarm = alarm || res.Verdict == Regression
			pass = pass || res.Verdict == Pass
			sees = sees || res.Control.Sees
		}
		for _, c := range []struct {
			is bool
			n  *int
		}{{alarm, &alarms}, {pass, &passes}, {sees, &invalid}} {
			if c.is {
				*c.n++
			}
		}
	}
	t.Logf("of %d runs at the margin %d called a regression, %d passed a row, %d saw a difference in the control", runs, alarms, passes, invalid)
	most := runs/100 + int(4.5*math.Sqrt(float64(runs)/100))
	for _, n := range []int{alarms, passes, invalid} {
		if n > most || n == 0 && !testing.Short() {
			t.Errorf("of %d runs at the margin %d called a regression, %d passed a row, %d saw a difference in the control; want 1 to %d", runs, alarms, passes, invalid, most)
		}
	}
}

// What decides nothing has figures and no verdict, whatever they are.
func TestInformation(t *testing.T) {
	info := Row{Name: "i", Unit: "crossed/op", Pairs: constants(3, 0, -1)}
	info2 := Row{Name: "j", Unit: "x", Pairs: rounds(1, 2, 5, 0.1)}
	r := judge(t, []Row{row("x", rounds(2, 30, 1, 0.004)), info, info2}, rules)
	if r.Verdict != Pass || r.Decided != 1 || r.Rows[1].Verdict != "" || r.Rows[2].Verdict != "" || r.Rows[2].Ratio < 3 {
		t.Errorf("%s, %+v", r.Verdict, r.Rows[1:])
	}
	for _, format := range Formats {
		if err := r.Write(io.Discard, format, true); err != nil {
			t.Error(err)
		}
	}
}

func TestJudgeErrors(t *testing.T) {
	ok := rounds(1, 15, 1, 0.01)
	figure := func(base, head float64) []Row {
		return []Row{row("x", append(rounds(1, 15, 1, 0.01), Pair{Base: base, Head: head}))}
	}
	for _, tt := range []struct {
		name  string
		rows  []Row
		rules Rules
		want  string
	}{
		{"nothing decides", []Row{{Name: "x", Unit: "tasks", Pairs: ok}}, rules, "none says which direction is better"},
		{"zero", figure(1, 0), rules, "x (ns/op): figure 16 of head is 0, which has no logarithm"},
		{"negative", figure(-1, 1), rules, "x (ns/op): figure 16 of base is -1"},
		{"NaN", figure(math.NaN(), 1), rules, "figure 16 of base is NaN"},
		{"infinite", figure(1, math.Inf(1)), rules, "figure 16 of head is +Inf"},
		{"negative count", []Row{{Name: "x", Unit: "allocs/op", Better: "lower", Exact: true, Old: []float64{1, -1}, New: []float64{1}}}, rules, "figure 2 of base is -1"},
		{"too few", []Row{row("x", ok[:7])}, rules, "x (ns/op): 7 rounds are too few for any verdict at a level of 1% over 1 row: at least 8 are needed; measure more"},
		{"too few for four", []Row{row("a", ok), row("b", ok), row("c", ok), row("d", ok[:9])}, rules, "d (ns/op): 9 rounds are too few for any verdict at a level of 1% over 4 rows: at least 10 are needed"},
		{"too few, unpaired", []Row{{Name: "x", Unit: "ns/op", Better: "lower", Old: []float64{1, 2, 3, 4}, New: []float64{1, 2, 3, 4}}}, rules, "x (ns/op): 4 and 4 figures are too few for any verdict at a level of 1% over 1 row: at least 5 on each side are needed"},
		{"control", []Row{{Name: "x", Unit: "ns/op", Better: "lower", Pairs: ok, Control: ok[:3]}}, rules, "the control of x (ns/op): 3 rounds are too few"},
		{"control NaN", []Row{{Name: "x", Unit: "ns/op", Better: "lower", Pairs: ok, Control: constants(10, 1, 0)}}, rules, "figure 1 of the control is 0"},
	} {
		r, err := Judge(tt.rows, tt.rules)
		if err == nil {
			t.Errorf("%s: judged %s, want the error %q", tt.name, r.Verdict, tt.want)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %q, want %q", tt.name, err, tt.want)
		}
	}
	// One round more than too few is judged.
	for _, n := range []int{8, 9} {
		judge(t, []Row{row("x", ok[:n])}, rules)
	}
}

// reports are those of the golden files.
func reports(t *testing.T) map[string]*Report {
	with := func(r Row, control []Pair) Row { r.Control = control; return r }
	const long = "Switch/impl=goroutine/via=channel/place=same"
	mixed := judge(t, []Row{
		with(row(long, rounds(1, 15, 1.05, 0.005)), rounds(51, 15, 1, 0.005)),
		{Name: long, Unit: "allocs/op", Better: "lower", Exact: true, Pairs: constants(15, 0, 2), Control: constants(15, 0, 0)},
		with(row("Create/impl=goroutine/mode=reused", rounds(2, 30, 1, 0.004)), rounds(52, 30, 1, 0.004)),
		with(row("Create/impl=goroutine/mode=burst", rounds(6, 15, 1, 0.05)), rounds(53, 15, 1, 0.05)),
		{Name: "Create/impl=goroutine/mode=burst", Unit: "MB/s", Better: "higher", Pairs: rounds(9, 15, 1.3, 0.005), Control: rounds(54, 15, 1, 0.005)},
		{Name: "Create/impl=goroutine/mode=burst", Unit: "tasks", Pairs: constants(15, 1000, 1000)},
	}, rules)
	mixed.Base, mixed.Head = "HEAD~1 (a1b2c3d)", "the working tree"
	mixed.Plan = "repeat with: gate -base HEAD~1 -seed 42 -rounds 15"
	mixed.Remarks = append(mixed.Remarks, Remark{Warning, "A slowdown is injected into head: Switch=1.03."})
	invalid := judge(t, []Row{with(row(long, rounds(1, 15, 1.05, 0.005)), rounds(51, 15, 1.03, 0.005))}, Rules{Alpha: 0.01, Margin: 0.01, Inconclusive: "fail"})
	files := judge(t, []Row{
		{Name: "BenchmarkA|b`c`<img src=x>*_[x](y)&amp;\x1b[31m", Unit: "sec/op", Better: "lower", Old: figures(1, 10, 2e-6, 0.002), New: figures(2, 12, 2e-6, 0.002)},
		{Name: "B%0A::error::x,y", Unit: "B/op", Better: "lower", Exact: true, Old: []float64{0, 0}, New: []float64{0, 0}},
		{Name: "Zero", Unit: "allocs/op", Better: "lower", Exact: true, Old: []float64{0, 1, 0, 1, 0, 1}, New: []float64{2, 3, 2, 3, 2, 3}},
	}, rules)
	quiet := judge(t, []Row{with(row(long, rounds(2, 30, 1, 0.004)), rounds(52, 30, 1, 0.004))}, rules)
	noisy := judge(t, []Row{with(row(long, rounds(6, 15, 1, 0.05)), rounds(52, 15, 1, 0.05))}, Rules{Alpha: 0.01, Margin: 0.01, Inconclusive: "pass"})
	return map[string]*Report{"looks": looked(t), "noisy": noisy, "mixed": mixed, "invalid": invalid, "files": files, "quiet": quiet}
}

func TestGolden(t *testing.T) {
	for name, r := range reports(t) {
		for _, format := range Formats {
			var got bytes.Buffer
			if err := r.Write(&got, format, false); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+"."+format+".golden")
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("%s (-want +got; go test -update writes it):\n%s", golden, d)
			}
		}
	}
}

func TestColor(t *testing.T) {
	r := reports(t)["mixed"]
	var plain, color bytes.Buffer
	if err := errors.Join(r.Text(&plain, false), r.Text(&color, true)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plain.String(), "\x1b") {
		t.Error("color where none was asked for")
	}
	stripped := color.String()
	for _, code := range colors {
		stripped = strings.ReplaceAll(stripped, "\x1b["+code+"m", "")
	}
	if stripped = strings.ReplaceAll(stripped, "\x1b[0m", ""); stripped != plain.String() {
		t.Errorf("color changes more than the color:\n%s", cmp.Diff(plain.String(), stripped))
	}
	if !strings.Contains(color.String(), "\x1b[31;1mregression\x1b[0m") {
		t.Errorf("no red:\n%s", color.String())
	}
}

// Every annotation is one line, and one that GitHub would drop is told of.
func TestManyAnnotations(t *testing.T) {
	var rows []Row
	for i := range 30 {
		rows = append(rows, Row{Name: fmt.Sprintf("x\n%d", i), Unit: "allocs/op", Better: "lower", Exact: true, Pairs: constants(6, 1, 4)})
	}
	var b bytes.Buffer
	if err := judge(t, rows, rules).Annotations(&b); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	errs := 0
	for _, l := range lines {
		if strings.HasPrefix(l, "::error title=") {
			errs++
		} else if !strings.HasPrefix(l, "::") {
			t.Errorf("line %q is no command", l)
		}
	}
	if errs != 10 || !strings.Contains(b.String(), "22 more of this level") {
		t.Errorf("%d errors:\n%s", errs, b.String())
	}
}

// An invalid run is an error, but where the exit code says that it is to pass.
func TestAnnotationLevels(t *testing.T) {
	drifting := row("x", rounds(1, 30, 1, 0.004))
	drifting.Control = rounds(2, 30, 1.02, 0.004)
	for as, wantErrors := range map[string]bool{"": true, "fail": true, "pass": false} {
		with := rules
		with.Inconclusive = as
		var b bytes.Buffer
		r := judge(t, []Row{drifting}, with)
		if err := r.Annotations(&b); err != nil || r.Verdict != Invalid {
			t.Fatal(r.Verdict, err)
		}
		if errors := strings.Contains(b.String(), "::error"); errors != wantErrors || !strings.Contains(b.String(), "saw a difference") {
			t.Errorf("inconclusive=%q: errors %v, want %v:\n%s", as, errors, wantErrors, b.String())
		}
	}
}

func TestJSONIsWhole(t *testing.T) {
	for name, r := range reports(t) {
		var b bytes.Buffer
		if err := r.JSON(&b); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var doc struct {
			Version int
			Verdict Verdict
			Exit    int
			Rows    []struct{ Name string }
		}
		if err := json.Unmarshal(b.Bytes(), &doc); err != nil || doc.Version != Version || doc.Exit != r.ExitCode() || len(doc.Rows) != len(r.Rows) || doc.Verdict != r.Verdict {
			t.Errorf("%s: %+v, %v", name, doc, err)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteErrors(t *testing.T) {
	r := reports(t)["mixed"]
	for _, format := range Formats {
		if err := r.Write(full{}, format, false); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("%s: %v", format, err)
		}
	}
	if err := r.Write(io.Discard, "xml", false); err == nil || !strings.Contains(err.Error(), "text, markdown, json, annotations") {
		t.Error(err)
	}
}

func FuzzJudge(f *testing.F) {
	f.Add("x", "ns/op", 1.0, 2.0, 3.0, true, 0.01, 0.01)
	f.Add("|\n", "B/s", 0.0, math.Inf(1), math.MaxFloat64, false, 0.3, 9.0)
	f.Add("0\x00", "\x1b", 1.0, 2.0, 3.0, false, 0.01, 0.09)
	f.Add("x", "allocs/op", 9.0, 10.0, 9.0, true, 0.01, 0.03)
	f.Add("x", "B/op", 0.0, 1.0, 16.0, true, 0.01, 0.03)
	f.Add("::", "", 5e-324, math.MaxFloat64, 0.0, true, 1e-9, 0.0)
	f.Fuzz(func(t *testing.T, name, unit string, a, b, c float64, exact bool, alpha, margin float64) {
		var pairs []Pair
		for i := range 40 {
			v := []float64{a, b, c, a * b}
			pairs = append(pairs, Pair{Base: v[i%4], Head: v[i/4%4]})
		}
		if !(alpha > 0 && alpha < 0.5 && margin >= 0 && margin < 10) {
			return
		}
		rows := []Row{{Name: name, Unit: unit, Better: "lower", Exact: exact, Pairs: pairs, Control: pairs},
			{Name: name + "'", Unit: unit, Better: "higher", Exact: exact, Old: []float64{a, b, a, b, a}, New: []float64{b, c, b, c}}}
		looks, err := PlanLooks(rows, alpha)
		if err != nil {
			t.Fatal(err)
		}
		for _, rules := range []Rules{{Alpha: alpha, Margin: margin}, {Alpha: alpha, Margin: margin, Looks: looks}, {Alpha: alpha, Margin: margin, Looks: looks, Over: true}} {
			r, err := Judge(rows, rules)
			if err != nil {
				continue
			}
			r.Beside([]Missing{{name, unit, Inconclusive}}, []string{name})
			for _, format := range Formats {
				var out bytes.Buffer
				if err := r.Write(&out, format, false); err != nil {
					t.Fatalf("%s: %v", format, err)
				}
				if format != "json" && strings.ContainsAny(out.String(), "\x1b\r\x00") {
					t.Fatalf("%s writes control characters: %q", format, out.String())
				}
			}
		}
	})
}
