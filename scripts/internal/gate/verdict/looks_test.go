package verdict

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"threadbench/scripts/internal/disturbance"
)

// planned are rules with the rows' looks.
func planned(t testing.TB, rows []Row, margin float64) Rules {
	t.Helper()
	looks, err := PlanLooks(rows, 0.01)
	if err != nil {
		t.Fatal(err)
	}
	return Rules{Alpha: 0.01, Margin: margin, Looks: looks}
}

// after are the rows as they were after n rounds.
func after(rows []Row, n int) []Row {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].Pairs = rows[i].Pairs[:min(n, len(rows[i].Pairs))]
		if rows[i].Control != nil {
			rows[i].Control = rows[i].Control[:min(n, len(rows[i].Control))]
		}
	}
	return rows
}

// looked is a run of several packages that stopped early.
func looked(t testing.TB) *Report {
	in := func(r Row, pkg string) Row {
		r.Pkg, r.Name, r.Cost = pkg, pkg+"."+r.Name, 2*time.Second
		r.Control = rounds(77, len(r.Pairs), 1, 0.004)
		return r
	}
	counts := func(name, unit string, base, head float64) Row {
		r := in(row(name, constants(18, base, head)), "example.com/zap/zapcore")
		r.Unit, r.Exact, r.Control = unit, true, constants(18, base, base)
		return r
	}
	waits := in(row("Wait/for=timer", rounds(3, 18, 0.8, 0.01)), "example.com/zap")
	waits.How = "processes: it waits for timers"
	rows := []Row{
		in(row("Add", rounds(1, 12, 1, 0.004)), "example.com/zap"),
		waits,
		in(row("Encode", rounds(2, 18, 1, 0.08)), "example.com/zap/zapcore"),
		counts("Encode", "B/op", 639, 640), counts("Encode", "allocs/op", 9, 10),
		counts("Clone", "B/op", 64, 64), counts("Clone", "allocs/op", 2, 2),
		in(row("Late", rounds(4, 5, 1, 0.01)), "example.com/zap/zapcore"),
	}
	r := judge(t, rows, planned(t, rows, 0.03))
	r.Base, r.Head, r.Plan = "main (a1b2c3d)", "the working tree", "gate -base main -pkg ./... -seed 7"
	r.Disturbance = disturbance.Amount{Time: 3 * time.Minute, CPUs: 2, Others: 1.2, Throttled: -1}
	r.Beside([]Missing{{"BenchmarkNew of example.com/zap", "only head has it", ""}, {"BenchmarkSlow of example.com/zap", "no time was left", Inconclusive}},
		[]string{"example.com/zap/buffer", "example.com/zap/internal"})
	return r
}

// A row before its first look is undecided, whatever its rounds say. It says
// how many rounds are missing.
func TestBeforeTheFirstLook(t *testing.T) {
	rows := []Row{row("x", rounds(1, 30, 2, 0.001)), {Name: "x", Unit: "B/op", Better: "lower", Exact: true, Pairs: constants(30, 1, 9)}}
	rules := planned(t, rows, 0.03)
	first := rules.Looks.Rounds(0)
	for n := range first {
		r := judge(t, after(rows, n), rules)
		want := fmt.Sprintf("%d of %d", n, first)
		if res := r.Rows[0]; res.Verdict != Inconclusive || res.rounds() != want || res.Next != first || !math.IsInf(res.AtMost, 1) {
			t.Errorf("after %d rounds: %s, %s", n, res.Verdict, res.rounds())
		}
		if counts := r.Rows[1].Verdict; (counts == Regression) != (n >= CountRounds(rows, rules.Alpha)) {
			t.Errorf("after %d rounds counts are %s", n, counts)
		}
	}
	if r := judge(t, after(rows, first), rules); r.Rows[0].Verdict != Regression {
		t.Errorf("after %d rounds: %s", first, r.Rows[0].Verdict)
	}
}

// A figure without a logarithm leaves its own row undecided, and no other.
func TestBadFigureCostsItsRow(t *testing.T) {
	rows := []Row{row("x", rounds(1, 20, 1.2, 0.001)), row("y", append(rounds(2, 19, 1, 0.001), Pair{0, 1}))}
	r := judge(t, rows, planned(t, rows, 0.03))
	if r.Rows[0].Verdict != Regression || r.Rows[1].Verdict != Inconclusive || !strings.Contains(r.Rows[1].Why, "figure 20 of base is 0") {
		t.Errorf("%s and %s: %s", r.Rows[0].Verdict, r.Rows[1].Verdict, r.Rows[1].Why)
	}
}

// Rounds beyond the last look say nothing while more may come. They are a look
// when the run is over.
func TestOver(t *testing.T) {
	rows := []Row{row("x", rounds(11, 24, 1, 0.06))}
	rules := planned(t, rows, 0.03)
	var going, over []float64
	for n := rules.Looks.Rounds(1); n < rules.Looks.Rounds(2); n++ {
		rules.Over = false
		going = append(going, judge(t, after(rows, n), rules).Rows[0].P)
		rules.Over = true
		over = append(over, judge(t, after(rows, n), rules).Rows[0].High)
	}
	if slices.Min(going) != slices.Max(going) {
		t.Errorf("p between two looks: %v", going)
	}
	if over[0] <= slices.Min(over) {
		t.Errorf("upper bounds of runs that are over: %v; more rounds should say more", over)
	}
}

// decidedAs is a row's verdict if it needs no more rounds.
func decidedAs(v Verdict) bool { return v == Pass || v == Regression }

// Looks after a pass narrow the interval where the rules ask for that. They
// never change the verdict, even if the later rounds are another story.
func TestThrough(t *testing.T) {
	better, turning := rounds(21, 60, 0.9, 0.02), append(rounds(22, 20, 1, 0.005), rounds(23, 40, 1.3, 0.005)...)
	rows := []Row{row("better", better), row("turning", turning)}
	stops := planned(t, rows, 0.03)
	goes := stops
	goes.Through = true
	a, b := judge(t, rows, stops), judge(t, rows, goes)
	if early, late := a.Rows[0], b.Rows[0]; late.Verdict != Pass || !late.Improved || late.Rounds[0] != 60 || math.Log(late.High/late.Low) > 0.8*math.Log(early.High/early.Low) {
		t.Errorf("stopped: %s [%.4f, %.4f]; through: %s [%.4f, %.4f]", early.Verdict, early.Low, early.High, late.Verdict, late.Low, late.High)
	}
	if a.Rows[1].Verdict != Pass || b.Rows[1].Verdict != Pass || b.Rows[1].Low <= 1 {
		t.Errorf("stopped: %s, through: %s [%.4f, %.4f]", a.Rows[1].Verdict, b.Rows[1].Verdict, b.Rows[1].Low, b.Rows[1].High)
	}
}

// Random rows, some with drift, are judged after each round. A decided row
// stays decided, a regression stays one, p never rises, and the interval never
// widens.
func TestMonotone(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 32))
	decided := 0
	for run := range 60 {
		var rows []Row
		for i := range 1 + rng.IntN(6) {
			r := Row{Name: fmt.Sprint(i), Unit: "ns/op", Better: []string{"lower", "higher"}[rng.IntN(2)]}
			spread, factor, drift := 0.03*rng.Float64(), 0.95+0.12*rng.Float64(), 0.0
			if run%4 == 0 {
				drift = 0.004 * rng.NormFloat64()
			}
			for k := range 45 {
				shift := math.Exp(drift*float64(k) + spread*rng.NormFloat64())
				r.Pairs = append(r.Pairs, Pair{100, 100 * factor * shift})
				r.Control = append(r.Control, Pair{100, 100 * math.Exp(spread*rng.NormFloat64())})
			}
			rows = append(rows, r)
		}
		rules := planned(t, rows, 0.03)
		var was *Report
		for n := range 46 {
			r := judge(t, after(rows, n), rules)
			for i := range r.Rows {
				if was == nil {
					continue
				}
				before, now := was.Rows[i], r.Rows[i]
				if decidedAs(before.Verdict) && !decidedAs(now.Verdict) || before.Verdict == Regression && now.Verdict != Regression {
					t.Fatalf("run %d, row %d: %s after %d rounds, %s after %d", run, i, before.Verdict, n-1, now.Verdict, n)
				}
				if now.P > before.P || now.Why == "" && (now.Low < before.Low || now.High > before.High) {
					t.Fatalf("run %d, row %d, after %d rounds: p %v, was %v; [%v, %v], was [%v, %v]", run, i, n, now.P, before.P, now.Low, now.High, before.Low, before.High)
				}
			}
			was = r
		}
		for _, res := range was.Rows {
			if decidedAs(res.Verdict) {
				decided++
			}
		}
	}
	if decided < 100 {
		t.Errorf("only %d rows were decided", decided)
	}
}

// Rows that stop as soon as they are decided keep the level. Of runs with all
// rows at the margin, few call a regression or pass a row, and few controls see
// something.
func TestStoppedRuns(t *testing.T) {
	runs := 400
	if testing.Short() {
		runs = 60
	}
	alarms, passes, invalid := 0, 0, 0
	for i := range runs {
		var rows []Row
		for k := range 4 {
			r := row(fmt.Sprint(k), rounds(uint64(9000+8*i+k), 60, 1.03, 0.01))
			r.Control = rounds(uint64(9000+8*i+4+k), 60, 1, 0.01)
			rows = append(rows, r)
		}
		rules := planned(t, rows, 0.03)
		measured := after(rows, 0)
		var r *Report
		for k := range 5 {
			for i := range measured {
				if r == nil || !decidedAs(r.Rows[i].Verdict) {
					measured[i] = after(rows[i:i+1], rules.Looks.Rounds(k))[0]
				}
			}
			r = judge(t, measured, rules)
		}
		is := func(f func(Result) bool) int {
			if slices.ContainsFunc(r.Rows, f) {
				return 1
			}
			return 0
		}
		alarms += is(func(r Result) bool { return r.Verdict == Regression })
		passes += is(func(r Result) bool { return r.Verdict == Pass })
		invalid += is(func(r Result) bool { return r.Control.Sees })
	}
	most := runs/100 + int(4.5*math.Sqrt(float64(runs)/100))
	t.Logf("of %d runs %d call a regression, %d pass a row, %d are invalid; at most %d may", runs, alarms, passes, invalid, most)
	if max(alarms, passes, invalid) > most {
		t.Errorf("of %d runs %d call a regression, %d pass a row, %d are invalid; at most %d may", runs, alarms, passes, invalid, most)
	}
}

// Whether counts vary changes no other row's level.
func TestCountsHaveTheirOwnLevel(t *testing.T) {
	time := row("x", rounds(1, 30, 1, 0.01))
	counts := Row{Name: "x", Unit: "allocs/op", Better: "lower", Exact: true, Pairs: constants(30, 5, 5)}
	vary := counts
	for i := range 30 {
		vary.Pairs = append(slices.Clone(vary.Pairs), Pair{float64(1 + i%7), float64(1 + i*5%7)})
	}
	vary.Pairs = vary.Pairs[30:]
	rules := planned(t, []Row{time, counts}, 0.03)
	a, b := judge(t, []Row{time, counts}, rules).Rows[0], judge(t, []Row{time, vary}, rules).Rows[0]
	if a.High != b.High || a.Adjusted != b.Adjusted {
		t.Errorf("upper bounds %v and %v, p %v and %v", a.High, b.High, a.Adjusted, b.Adjusted)
	}
}

// TestSameCounts passes counts after the first rounds in which they read the
// same, and no sooner. Counts that differ take more rounds.
func TestSameCounts(t *testing.T) {
	for _, head := range []float64{5, 7} {
		rows := []Row{row("x", rounds(1, 30, 1, 0.01)), {Name: "x", Unit: "allocs/op", Better: "lower", Exact: true, Pairs: constants(30, 5, head)}}
		rules := planned(t, rows, 0.03)
		enough := CountRounds(rows, rules.Alpha)
		for n := range enough + 2 {
			want := Inconclusive
			switch {
			case head == 5 && n >= SameRounds:
				want = Pass
			case head != 5 && n >= enough:
				want = Regression
			}
			if got := judge(t, after(rows, n), rules).Rows[1].Verdict; got != want {
				t.Errorf("5 against %v after %d of %d rounds: %s, want %s", head, n, enough, got, want)
			}
		}
	}
}

func TestMore(t *testing.T) {
	costly := func(factor, scatter float64) Row { // nine rounds, symmetric about the factor
		r := Row{Name: "Noisy", Unit: "ns/op", Better: "lower", Cost: 10 * time.Second}
		for k := range 9 {
			r.Pairs = append(r.Pairs, Pair{100, 100 * factor * math.Exp(scatter*float64(k-4))})
		}
		return r
	}
	noisy := []Row{costly(1, 0.02)}
	rules := planned(t, noisy, 0.03)
	needed := rules.Looks.Needed(9, 0.01, 1.4826*0.04, math.Log1p(0.03), farthest)
	if r := judge(t, noisy, rules); r.Verdict != Inconclusive || needed < 14 || math.Abs(float64(r.More-time.Duration(needed-9)*10*time.Second)) > 1 || !strings.HasSuffix(r.Headline(), " more minutes would decide.") {
		t.Errorf("%s, %v more, for %d rounds: %s", r.Verdict, r.More, needed, r.Headline())
	}
	early := after([]Row{costly(1, 0.01)}, 2)
	if r := judge(t, early, rules); r.More != time.Duration(rules.Looks.Rounds(0)-2)*10*time.Second {
		t.Errorf("%v more before the first look after %d rounds", r.More, rules.Looks.Rounds(0))
	}
	unknown := costly(1, 0.02)
	unknown.Cost = 0
	for name, rows := range map[string][]Row{"at the margin": {costly(1.03, 0.02)}, "without a cost": {unknown}, "one known, one not": {noisy[0], unknown}} {
		if r := judge(t, rows, planned(t, rows, 0.03)); r.More != 0 || r.Verdict != Inconclusive || strings.Contains(r.Headline(), "would decide") {
			t.Errorf("%s: %v more: %s", name, r.More, r.Headline())
		}
	}
}

// Benchmarks and packages without figures count in the verdict.
func TestBeside(t *testing.T) {
	pass := []Row{row("x", rounds(2, 30, 1, 0.004))}
	worse := []Row{row("Worse", rounds(1, 30, 1.2, 0.001)), row("Too", rounds(2, 30, 1.2, 0.001))}
	for _, tt := range []struct {
		name      string
		rows      []Row
		missing   []Missing
		unchanged []string
		want      Verdict
		headline  string
	}{
		{"nothing at all", nil, nil, nil, Inconclusive, "Nothing was compared."},
		{"all unchanged", nil, nil, []string{"a", "b"}, Pass, "Nothing has changed: the sources of all 2 packages are the same in base and head."},
		{"one unchanged", nil, nil, []string{"a"}, Pass, "the sources of a are the same in base and head."},
		{"skipped beside it", nil, []Missing{{"package b", "b.go differs, but -skip leaves it out", ""}}, []string{"a"}, Pass, "Nothing that was compared has changed: the sources of a are the same in base and head. Not compared: package b: b.go differs, but -skip leaves it out."},
		{"not built", pass, []Missing{{"package b", "it doesn't build in head: b.go:1:2: no", Regression}}, nil, Regression, "package b doesn't build in head: b.go:1:2: no."},
		{"not built, one slower", worse[:1], []Missing{{"package b", "it doesn't build in head: no", Regression}, {"C", "no time", Inconclusive}}, nil, Regression, "package b doesn't build in head: no. BenchmarkWorse is 20% slower [+20%, +20%]. 1 other benchmark is inconclusive."},
		{"not built, two slower", worse, []Missing{{"package b", "it doesn't build in head: no", Regression}}, nil, Regression, "package b doesn't build in head: no. 2 of 2 benchmarks are worse: "},
		{"new in head", pass, []Missing{{"BenchmarkNew", "only head has it", ""}}, nil, Pass, "Nothing is slower by more than 1%."},
		{"only new ones", nil, []Missing{{"BenchmarkNew", "only head has it", ""}}, nil, Inconclusive, "Inconclusive: no row decides anything."},
		{"no time", pass, []Missing{{"BenchmarkSlow", "no time was left", Inconclusive}}, []string{"a"}, Inconclusive, "Inconclusive: BenchmarkSlow, no time was left."},
		{"fails", pass, []Missing{{"BenchmarkBad", "fails in head: no luck", Regression}}, nil, Regression, "BenchmarkBad: fails in head: no luck."},
	} {
		r := judge(t, tt.rows, rules)
		r.Beside(tt.missing, tt.unchanged)
		if r.Verdict != tt.want || !strings.Contains(r.Headline(), tt.headline) {
			t.Errorf("%s: %s: %s; want %s: %s", tt.name, r.Verdict, r.Headline(), tt.want, tt.headline)
		}
		for _, format := range Formats {
			var b bytes.Buffer
			if err := r.Write(&b, format, false); err != nil {
				t.Error(err)
			}
			for _, m := range tt.missing {
				if !strings.Contains(b.String(), m.Name) {
					t.Errorf("%s, %s: %s isn't named:\n%s", tt.name, format, m.Name, b.String())
				}
			}
		}
	}
}

func TestHeadlines(t *testing.T) {
	busy := disturbance.Amount{Time: time.Minute, CPUs: 2, Others: 1.2, Throttled: -1}
	slow := func(name string, factor float64) Row { return row(name, rounds(1, 30, factor, 0.001)) }
	unit := func(r Row, unit, better string) Row { r.Unit, r.Better = unit, better; return r }
	inPkg := func(r Row, pkg string) Row { r.Pkg, r.Name = pkg, pkg+"."+r.Name; return r }
	for _, tt := range []struct {
		name string
		rows []Row
		want string
	}{
		{"faster", []Row{slow("A", 0.7)}, "Nothing is slower by more than 3%. BenchmarkA is 30% faster [−30%, −30%]."},
		{"a little faster", []Row{slow("A", 0.99)}, "Nothing is slower by more than 3%."},
		{"slower", []Row{slow("A", 1.12)}, "BenchmarkA is 12% slower [+12%, +12%]."},
		{"much slower", []Row{slow("A", 3)}, "BenchmarkA takes 3.00× as long"},
		{"throughput", []Row{unit(slow("A", 1/1.12), "MB/s", "higher")}, "BenchmarkA is 12% slower [+12%, +12%]."},
		{"another unit", []Row{unit(slow("A", 1.12), "steps/op", "lower")}, "BenchmarkA has 12% more steps/op [+12%, +12%]."},
		{"another unit that passes", []Row{unit(slow("A", 1), "steps/op", "lower")}, "Nothing is worse by more than 3%."},
		{"another unit, undecided", []Row{unit(row("A", rounds(6, 15, 1, 0.1)), "steps/op", "lower")}, "worse in steps/op."},
		{"the worst three", []Row{slow("A", 1.1), slow("B", 1.3), slow("C", 1.2), slow("D", 1), slow("E", 1.4), slow("F", 1.15)}, "5 of 6 benchmarks are worse: BenchmarkE is 40% slower [+40%, +40%]; BenchmarkB is 30% slower [+30%, +30%]; BenchmarkC is 20% slower [+20%, +20%]; and 2 more."},
		{"undecided, busy", []Row{row("A", rounds(6, 15, 1, 0.1)), slow("B", 1)}, "Inconclusive: BenchmarkA, at most "},
		{"packages", []Row{inPkg(slow("A", 1.12), "example.com/m/p"), inPkg(slow("B", 1), "example.com/m/q")}, "p.BenchmarkA is 12% slower"},
	} {
		r := judge(t, tt.rows, Rules{Alpha: 0.01, Margin: 0.03})
		r.Disturbance = busy
		if got := r.Headline(); !strings.HasPrefix(got, tt.want) && !strings.HasSuffix(got, tt.want) && !strings.Contains(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		} else if strings.Contains(got, "The machine was busy") != (r.Verdict == Inconclusive) {
			t.Errorf("%s, %s: %q", tt.name, r.Verdict, got)
		}
	}
}

// A row that is slower, though maybe by less than the margin, is not said to be
// "at most" something.
func TestSurelySlower(t *testing.T) {
	for _, better := range []string{"lower", "higher"} {
		a := Row{Name: "A", Unit: "ns/op", Better: better, Pairs: rounds(1, 30, 1.03, 0.02)}
		if better == "higher" {
			a.Unit = "MB/s"
			for i, p := range a.Pairs {
				a.Pairs[i] = Pair{Base: p.Head, Head: p.Base}
			}
		}
		r := judge(t, []Row{a}, Rules{Alpha: 0.01, Margin: 0.02})
		if res := r.Rows[0]; res.Verdict != Inconclusive || !res.surely() {
			t.Fatalf("%s, [%v, %v]: this is no such row", res.Verdict, res.Low, res.High)
		}
		if got := r.Headline(); !strings.HasPrefix(got, "Inconclusive: BenchmarkA, which is 2.") && !strings.HasPrefix(got, "Inconclusive: BenchmarkA, which is 1.") || !strings.HasSuffix(got, "], but isn't shown to exceed the margin.") {
			t.Errorf("%s: %s", better, got)
		}
	}
}

// What a longer budget gives comes before a busy machine, which is then no
// likely reason.
func TestNeedsBudget(t *testing.T) {
	rows := after([]Row{row("A", rounds(1, 30, 1, 0.01))}, 3)
	r := judge(t, rows, planned(t, rows, 0.03))
	r.Needs, r.Disturbance = "12s", disturbance.Amount{Time: time.Minute, CPUs: 2, Others: 1.2, Throttled: -1}
	want := fmt.Sprintf("Inconclusive: BenchmarkA, only 3 of %d rounds; %[1]d rounds need -budget 12s. The machine was busy, too: ", r.Rows[0].Next)
	if got := r.Headline(); !strings.HasPrefix(got, want) {
		t.Errorf("%s, want %s", got, want)
	}
}

// With many rows, all but plain passes come first, and a summary folds the
// rest.
func TestManyRows(t *testing.T) {
	var rows []Row
	for i := range 200 {
		factor := 1.0
		if i == 150 {
			factor = 1.5
		}
		rows = append(rows, row(fmt.Sprintf("Row%03d", i), rounds(uint64(i), 40, factor, 0.002)))
		rows = append(rows, Row{Name: rows[len(rows)-1].Name, Unit: "allocs/op", Better: "lower", Exact: true, Pairs: constants(40, 1, 1)})
	}
	r := judge(t, rows, planned(t, rows, 0.03))
	var text, markdown bytes.Buffer
	if err := r.Text(&text, false); err != nil {
		t.Fatal(err)
	}
	if err := r.Markdown(&markdown); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(text.String(), "\n")
	if !strings.HasPrefix(lines[4], "Row150") || !strings.Contains(lines[4], "regression") || len(lines) > 215 || !strings.Contains(text.String(), "\nallocs/op: unchanged in 200 benchmarks\n") {
		t.Errorf("%d lines:\n%s", len(lines), strings.Join(lines[:6], "\n"))
	}
	for _, line := range lines {
		if len([]rune(line)) > 120 {
			t.Errorf("longer than 120 columns: %s", line)
		}
	}
	if before, _, ok := strings.Cut(markdown.String(), "<details>"); !ok || strings.Count(before, "Row") != 2 {
		t.Errorf("before what is folded:\n%s", before)
	}
}

func BenchmarkJudge(b *testing.B) {
	var rows []Row
	for i := range 300 {
		rows = append(rows, row(fmt.Sprint(i), rounds(uint64(i), 60, 1.03, 0.01)))
		rows[i].Control = rounds(uint64(1000+i), 60, 1, 0.01)
	}
	rules := planned(b, rows, 0.03)
	for b.Loop() {
		if _, err := Judge(rows, rules); err != nil {
			b.Fatal(err)
		}
	}
}
