package calibration

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"threadbench/scripts/internal/gate/verdict"
)

func TestMain(m *testing.M) {
	draws = 100
	os.Exit(m.Run())
}

// simulated is a file of so many runs of each kind and slowdown.
func simulated(t *testing.T, w world, runs int) *File {
	t.Helper()
	s := newSession()
	f := &File{Name: "data.jsonl", Sessions: []*Session{s}}
	for range runs {
		f.Runs = append(f.Runs, w.simulate(t, s, Same, 0, time.Minute, 22), w.simulate(t, s, Rebuilt, 0, time.Minute, 22))
		for _, inject := range []float64{0.01, 0.02, 0.03, 0.05, 0.10} {
			f.Runs = append(f.Runs, w.simulate(t, s, Same, inject, time.Minute, 22))
		}
	}
	return f
}

// TestAnalyse counts what the runs say, none of the false alarms that a gate at
// 1% should not have, and more found the larger the slowdown and the longer the
// run.
func TestAnalyse(t *testing.T) {
	w := world{r: rand.New(rand.NewPCG(3, 4)), round: 0.015, layout: 0.02}
	f := simulated(t, w, 40)
	f.Runs = append(f.Runs, &Run{Kind: Same, Budget: Duration(time.Minute), Error: "died"})
	a, err := Analyse(f)
	if err != nil {
		t.Fatal(err)
	}
	if a.Runs != 281 || a.Failed != 1 || len(a.Cells) != 7 {
		t.Fatalf("%d runs, %d failed, %d cells", a.Runs, a.Failed, len(a.Cells))
	}
	before := map[string]int{}
	for _, c := range a.Cells {
		if c.Found.N != 40 || len(c.Rows) != 4 {
			t.Errorf("%s +%v: %d runs, %d rows", c.Kind, c.Inject, c.Found.N, len(c.Rows))
		}
		if c.Inject <= 0.01 && c.Found.K+c.Apart.K > 2 {
			t.Errorf("%s +%v: %v and %v false alarms", c.Kind, c.Inject, c.Found, c.Apart)
		}
		if c.Kind == Rebuilt && c.Apart.N != 0 || c.Kind == Same && c.Apart.N != 40 {
			t.Errorf("%s: the control stood for base %d times", c.Kind, c.Apart.N)
		}
		for _, r := range c.Rows {
			if c.Kind == Same {
				if r.Found.K < before[r.Name] {
					t.Errorf("%s: +%v was found in %v, less in %d", r.Name, c.Inject, r.Found, before[r.Name])
				}
				before[r.Name] = r.Found.K
			}
			if r.Found.K < r.Apart.K {
				t.Errorf("%s +%v: found in %v, and in %v where the layouts differ", r.Name, c.Inject, r.Found, r.Apart)
			}
			if c.Inject == 0.1 && r.Found.K != 40 {
				t.Errorf("%s: a tenth was found in %v", r.Name, r.Found)
			}
		}
	}
	if c := a.Cells[0]; c.Failed != 1 || c.Inject != 0 || c.Rounds != [3]int{22, 22, 22} {
		t.Errorf("the first cell: %+v", c)
	}
	byRow := map[string][]Point{}
	for _, p := range a.Power {
		if p.Resampled && p.Inject == 0.03 && !p.Apart {
			byRow[p.Name] = append(byRow[p.Name], p)
		}
	}
	for name, points := range byRow {
		if !slices.IsSortedFunc(points, func(a, b Point) int { return int(math.Copysign(1, a.Share-b.Share+1e-9)) }) || points[len(points)-1].Share < 0.99 {
			t.Errorf("%s: %+v, which doesn't rise with the rounds", name, points)
		}
	}
	for _, r := range a.Readings {
		if math.Abs(r.Shift-1-r.Inject) > 0.004 || r.Runs != 40 || !(r.Low < r.Shift && r.Shift < r.High) {
			t.Errorf("a slowdown that reads otherwise: %+v", r)
		}
	}
	if len(a.Readings) != 5*4*2 {
		t.Errorf("%d readings of 5 slowdowns of 4 rows, in one layout and apart", len(a.Readings))
	}
	for _, s := range a.Smallest() {
		if !s.Apart && (s.Inject == 0 || s.Inject > 0.05 || s.Count.Share() < 0.95) {
			t.Errorf("smallest: %+v", s)
		}
	}
	for _, format := range Formats {
		var b bytes.Buffer
		if err := a.Write(&b, format); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "NaN") || format != "json" && !strings.Contains(b.String(), "40 of 40") {
			t.Errorf("%s:\n%s", format, b.String())
		}
		if format == "json" && !json.Valid(b.Bytes()) {
			t.Errorf("no JSON:\n%s", b.String())
		}
	}
	var b bytes.Buffer
	if err := a.Write(&b, "svg"); err != nil || strings.Count(b.String(), "layouts apart") < 4 {
		t.Errorf("the picture: %v\n%s", err, b.String())
	}
	if err := a.Write(&bytes.Buffer{}, "xml"); err == nil {
		t.Error("xml was taken")
	}
}

// TestFalseAlarms has a gate that is fooled: what moves all rounds of a run
// alike is no noise that rounds could show, and the count says so.
func TestFalseAlarms(t *testing.T) {
	w := world{r: rand.New(rand.NewPCG(3, 4)), round: 0.01, run: 0.05}
	f := simulated(t, w, 20)
	a, err := Analyse(f)
	if err != nil {
		t.Fatal(err)
	}
	c := a.Cells[0]
	if low, _ := c.Found.Interval(0.05); c.Inject != 0 || low < 0.2 {
		t.Errorf("%v false alarms where every run is off by 5%%", c.Found)
	}
	for _, s := range a.Spreads {
		if s.Between < 0.03 || s.Between > 0.08 {
			t.Errorf("%s: between runs %v, want about 0.05", s.Name, s.Between)
		}
	}
}

// TestInvalidFindsNothing has a control see a difference: then a slowdown isn't
// found, though the figures would show it.
func TestInvalidFindsNothing(t *testing.T) {
	w, s := world{r: rand.New(rand.NewPCG(3, 4)), round: 0.01}, newSession()
	valid, invalid := w.simulate(t, s, Same, 0.1, time.Minute, 22), w.simulate(t, s, Same, 0.1, time.Minute, 22)
	invalid.Verdict = verdict.Invalid
	cells, err := cellsOf([]*Run{valid, invalid})
	if err != nil || len(cells) != 1 || cells[0].Invalid != (Count{1, 2}) {
		t.Fatalf("%+v, %v", cells, err)
	}
	for _, r := range cells[0].Rows {
		if r.Found != (Count{1, 2}) || r.Apart != (Count{1, 2}) {
			t.Errorf("%s was found in %v and %v of a valid and an invalid run", r.Name, r.Found, r.Apart)
		}
	}
}

// TestNoRuns can say nothing.
func TestNoRuns(t *testing.T) {
	s := newSession()
	for _, f := range []*File{{Name: "x"}, {Name: "x", Sessions: []*Session{s}, Runs: []*Run{{Kind: Same, Error: "died", Session: s}}}} {
		if _, err := Analyse(f); err == nil || !strings.Contains(err.Error(), "no run with a verdict") {
			t.Errorf("%v", err)
		}
	}
	other := newSession()
	other.Margin = 0.02
	f := simulated(t, world{r: rand.New(rand.NewPCG(1, 1)), round: 0.01}, 1)
	f.Sessions = append(f.Sessions, other)
	if _, err := Analyse(f); err == nil || !strings.Contains(err.Error(), "margin 0.02") {
		t.Errorf("two margins: %v", err)
	}
}

// TestComponents works the example of Snedecor and Cochran, Statistical
// Methods, on calcium in four leaves of turnip greens with four determinations
// each: 0.0066 within, (0.2961 − 0.0066)/4 = 0.0724 between.
func TestComponents(t *testing.T) {
	within, between := components([][]float64{
		{3.28, 3.09, 3.03, 3.03}, {3.52, 3.48, 3.38, 3.38}, {2.88, 2.80, 2.81, 2.76}, {3.34, 3.38, 3.23, 3.26},
	})
	if math.Abs(within-0.0066) > 5e-5 || math.Abs(between-0.0724) > 5e-5 {
		t.Errorf("within %v, between %v", within, between)
	}
	if within, between := components([][]float64{{1}, {2}, {3}}); within != 0 || between != 1 {
		t.Errorf("of single values: %v and %v, want 0 and their variance", within, between)
	}
	if within, between := components([][]float64{{1, 2, 3}}); within != 1 || between != 0 {
		t.Errorf("of one group: %v and %v", within, between)
	}
	if _, between := components([][]float64{{1, 3}, {1, 3}}); between != 0 {
		t.Errorf("of groups that are alike: %v between", between)
	}
}

// TestSpreads finds the spreads that the figures were made with.
func TestSpreads(t *testing.T) {
	w := world{r: rand.New(rand.NewPCG(5, 6)), round: 0.02, layout: 0.03}
	a, err := Analyse(simulated(t, w, 30))
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Spreads) != 4 {
		t.Fatalf("%d spreads", len(a.Spreads))
	}
	for _, s := range a.Spreads {
		if s.Runs != 30 || math.Abs(s.Rounds-0.02) > 0.002 || math.Abs(s.Layout-0.03) > 0.004 || s.Between > 0.005 || s.Alike > 0.006 {
			t.Errorf("%+v, want 0.02 within pairs, 0.03 of a layout, next to nothing between runs", s)
		}
		if want := math.Hypot(0.03, 0.02/math.Sqrt2); math.Abs(s.Pairs-want) > 0.004 {
			t.Errorf("%s: %v between pairs, want %v", s.Name, s.Pairs, want)
		}
		if !(s.Low < s.Shift && s.Shift < s.High && s.Low < 1.002 && s.High > 0.998 && s.High-s.Low < 0.01) {
			t.Errorf("%s: shift %v [%v, %v]", s.Name, s.Shift, s.Low, s.High)
		}
	}
}

// TestArms tells whether dividing by the thread's row helps: it does if what
// disturbs both is larger than what disturbs each.
func TestArms(t *testing.T) {
	for _, test := range []struct {
		w           world
		least, most float64 // of the correlation
		helps       bool
	}{
		{world{round: 0.01, shared: 0.04}, 0.9, 1, true},
		{world{round: 0.03}, -0.15, 0.15, false},
	} {
		test.w.r = rand.New(rand.NewPCG(7, 8))
		a, err := Analyse(simulated(t, test.w, 20))
		if err != nil {
			t.Fatal(err)
		}
		if len(a.Arms) != 8 {
			t.Fatalf("%d pairs of arms, want Create's and Switch's, each of head, control, base's rounds and base's runs", len(a.Arms))
		}
		for _, x := range a.Arms {
			if x.Of == ofHead && (x.Correlation < test.least || x.Correlation > test.most || (x.Width < 1) != test.helps || x.Figures != 20*22) {
				t.Errorf("%+v", x)
			}
			if x.Of == ofRuns && x.Figures != 20 {
				t.Errorf("%+v", x)
			}
		}
	}
	// By hand: tanh(atanh(0.5) ± 1.959964/√25).
	if low, high := fisher(0.5, 28); math.Abs(low-0.1560) > 5e-4 || math.Abs(high-0.7359) > 5e-4 {
		t.Errorf("fisher: [%v, %v]", low, high)
	}
}

// TestWorth says of a run what runs like it were, and nothing of others.
func TestWorth(t *testing.T) {
	f := simulated(t, world{r: rand.New(rand.NewPCG(3, 4)), round: 0.015, layout: 0.02}, 20)
	rules := verdict.Rules{Alpha: 0.01, Margin: 0.01}
	var rows []verdict.Row
	for _, n := range names {
		rows = append(rows, verdict.Row{Name: n, Unit: "ns/op"})
	}
	for _, apart := range []bool{false, true} {
		text, ok, err := f.Worth(machineA, rules, rows, 25, apart)
		want := "0 of 20 said regression (at most 13.9% do, at 95%)"
		if apart { // the rebuilt runs count, too
			want = "0 of 40 said regression (at most 7.22% do, at 95%)"
		}
		if err != nil || !ok || !strings.Contains(text, want) || !strings.Contains(text, "+10% in 20 of 20") {
			t.Errorf("apart %v: %q, %v, %v; want %q", apart, text, ok, err, want)
		}
	}
	elsewhere := map[string]string{"goos": "linux", "goarch": "amd64", "cpu": "A", "cpus": "2", "virt": "kvm", "kernel": "6.2"}
	for _, test := range []struct {
		config map[string]string
		rules  verdict.Rules
		rows   []verdict.Row
		rounds int
		want   string
	}{
		{elsewhere, rules, rows, 22, "another machine's (kernel 6.1, here 6.2)"},
		{machineA, verdict.Rules{Alpha: 0.01, Margin: 0.02}, rows, 22, "another margin"},
		{machineA, rules, rows[:2], 22, "no runs of these rows"},
		{machineA, rules, rows, 110, "no runs of these rows with about 110 rounds"},
	} {
		if text, ok, err := f.Worth(test.config, test.rules, test.rows, test.rounds, false); err != nil || ok || !strings.Contains(text, test.want) {
			t.Errorf("%q, %v, %v; want %q", text, ok, err, test.want)
		}
	}
}
