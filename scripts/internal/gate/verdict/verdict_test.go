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

// rounds are n pairs around 100 ns whose head is slower by the factor; the
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

// The turning points: a row's bound and its verdict say the same, at the margin
// itself and beside it.
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
	exact := func(better string, base, head float64) Row {
		return Row{Name: "x", Unit: "allocs/op", Better: better, Exact: true, Pairs: constants(1, base, head)}
	}
	for _, tt := range []struct {
		row      Row
		want     Verdict
		improved bool
	}{
		{exact("lower", 0, 0), Pass, false},
		{exact("lower", 0, 1), Regression, false},
		{exact("lower", 1, 0), Pass, true},
		{exact("lower", 3, 4), Regression, false},
		{exact("lower", 1000, 1001), Pass, false}, // within the margin
		{exact("lower", 1000, 1010), Pass, false},
		{exact("lower", 1000, 1011), Regression, false},
		{exact("lower", 4, 3), Pass, true},
		{exact("higher", 4, 3), Regression, false},
		{exact("higher", 3, 4), Pass, true},
		{exact("higher", 1, 0), Regression, false},
		{exact("higher", 0, 1), Pass, true},
		{exact("higher", 1010, 1000), Pass, false},
		{exact("higher", 1011, 1000), Regression, false},
		{Row{Name: "x", Unit: "B/op", Better: "lower", Exact: true, Old: []float64{16, 16}, New: []float64{16, 16, 16}}, Pass, false},
		{Row{Name: "x", Unit: "B/op", Better: "lower", Exact: true, Old: []float64{16, 16}, New: []float64{32, 32}}, Regression, false},
	} {
		r := judge(t, []Row{tt.row}, rules)
		if got := r.Rows[0]; r.Verdict != tt.want || got.Improved != tt.improved || !got.Counted || r.Decided != 0 {
			t.Errorf("%v: %s, improved %v, counted %v, %d decided", tt.row, r.Verdict, got.Improved, got.Counted, r.Decided)
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
		{vary([]float64{0}, []float64{1, 2}), Regression},
		{vary([]float64{1, 2}, []float64{0}), Pass},
		{vary([]float64{0, 1}, []float64{0, 1}), Pass},
		{vary([]float64{0, 1}, []float64{1, 0}), Inconclusive},
		{vary([]float64{10, 11}, []float64{20, 21}), Regression},
	} {
		r := judge(t, []Row{tt.row}, rules)
		if r.Verdict != tt.want || r.Rows[0].Counted || r.Decided != 1 {
			t.Errorf("%v: %s, counted %v", tt.row.Pairs[:2], r.Verdict, r.Rows[0].Counted)
		}
		for _, format := range Formats {
			if err := r.Write(io.Discard, format, false); err != nil {
				t.Errorf("%v: %v", tt.row.Pairs[:2], err)
			}
		}
	}
}

func TestControl(t *testing.T) {
	with := func(pairs, control []Pair) Row {
		r := row("x", pairs)
		r.Control = control
		return r
	}
	allocs := Row{Name: "x", Unit: "allocs/op", Better: "lower", Exact: true, Pairs: constants(10, 3, 3)}
	allocs.Control = constants(10, 3, 4)
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
	} {
		r := judge(t, []Row{tt.row}, rules)
		if r.Verdict != tt.want {
			t.Errorf("%s: %s, control %+v", tt.name, r.Verdict, r.Rows[0].Control)
		}
		c := r.Rows[0].Control
		if loud := len(r.Remarks) > 0 && r.Remarks[0].Level == Error; loud != (tt.want == Invalid) || c.Sees != loud || c.Sees != (c.Adjusted < rules.Alpha) {
			t.Errorf("%s: sees %v, adjusted %v, remarks %v", tt.name, c.Sees, c.Adjusted, r.Remarks)
		}
	}
	// Counts take no part in the family of the controls: eight rounds are enough.
	few := []Row{with(rounds(1, 8, 1.3, 0.001), rounds(2, 8, 1, 0.004))}
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
		{"no rows", nil, rules, "none decides anything"},
		{"nothing decides", []Row{{Name: "x", Unit: "tasks", Pairs: ok}}, rules, "no row says which direction is better"},
		{"zero", figure(1, 0), rules, "x (ns/op): figure 16 of head is 0, which has no logarithm"},
		{"negative", figure(-1, 1), rules, "x (ns/op): figure 16 of base is -1"},
		{"NaN", figure(math.NaN(), 1), rules, "figure 16 of base is NaN"},
		{"infinite", figure(1, math.Inf(1)), rules, "figure 16 of head is +Inf"},
		{"negative count", []Row{{Name: "x", Unit: "allocs/op", Better: "lower", Exact: true, Old: []float64{1, -1}, New: []float64{1}}}, rules, "figure 2 of base is -1"},
		{"too few", []Row{row("x", ok[:7])}, rules, "x (ns/op) has 7 rounds, too few for any verdict at a level of 1% over 1 row: at least 8 are needed; measure more"},
		{"too few for four", []Row{row("a", ok), row("b", ok), row("c", ok), row("d", ok[:9])}, rules, "d (ns/op) has 9 rounds, too few for any verdict at a level of 1% over 4 rows: at least 10 are needed"},
		{"one count a side", []Row{{Name: "x", Unit: "B/op", Better: "lower", Exact: true, Old: []float64{1043}, New: []float64{1056}}}, rules, "x (B/op) has 1 and 1 figure, too few for any verdict"},
		{"too few, unpaired", []Row{{Name: "x", Unit: "ns/op", Better: "lower", Old: []float64{1, 2, 3, 4}, New: []float64{1, 2, 3, 4}}}, rules, "x (ns/op) has 4 and 4 figures, too few for any verdict at a level of 1% over 1 row: at least 5 on each side are needed"},
		{"control", []Row{{Name: "x", Unit: "ns/op", Better: "lower", Pairs: ok, Control: ok[:3]}}, rules, "the control of x (ns/op) has 3 rounds, too few"},
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
	return map[string]*Report{"noisy": noisy, "mixed": mixed, "invalid": invalid, "files": files, "quiet": quiet}
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
	if !strings.Contains(color.String(), "\x1b[31;1mREGRESSION\x1b[0m") {
		t.Errorf("no red:\n%s", color.String())
	}
}

// Every annotation is one line, and one that GitHub would drop is told of.
func TestManyAnnotations(t *testing.T) {
	var rows []Row
	for i := range 30 {
		rows = append(rows, Row{Name: fmt.Sprintf("x\n%d", i), Unit: "allocs/op", Better: "lower", Exact: true, Pairs: constants(2, 1, 2)})
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
		r, err := Judge(rows, Rules{Alpha: alpha, Margin: margin})
		if err != nil {
			return
		}
		for _, format := range Formats {
			var out bytes.Buffer
			if err := r.Write(&out, format, false); err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			if format != "json" && strings.ContainsAny(out.String(), "\x1b\r\x00") {
				t.Fatalf("%s writes control characters: %q", format, out.String())
			}
		}
	})
}
