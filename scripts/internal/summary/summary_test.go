package summary

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"threadbench/scripts/internal/results"
)

// file makes a results file of rounds with a goroutine arm and a thread. of gives
// each round's lines; "" leaves a line out.
func file(t *testing.T, driver string, rounds int, of func(k int) (goroutine, thread, notes string)) *results.File {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "driver: %s\n", driver)
	for k := 1; k <= rounds; k++ {
		goroutine, thread, notes := of(k)
		fmt.Fprintf(&b, "# round %d: steal=0%%\n%s", k, notes)
		if goroutine != "" {
			fmt.Fprintf(&b, "BenchmarkScale/impl=goroutine/n=100 1 %s\n", goroutine)
		}
		if thread != "" {
			fmt.Fprintf(&b, "BenchmarkScale/impl=clone/n=100 1 %s\n", thread)
		}
		fmt.Fprintf(&b, "# end round %d\n", k)
	}
	f, err := results.Read(strings.NewReader(b.String()), "f.txt")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const goroutine, thread = "Scale/impl=goroutine/n=100", "Scale/impl=clone/n=100"

func says(ws []Warning) string {
	var all []string
	for _, w := range ws {
		all = append(all, w.Says)
	}
	return strings.Join(all, "; ")
}

func TestMedian(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   Summary
	}{
		{[]float64{5}, Summary{Center: 5, Rounds: 1}},
		{[]float64{5, 3, 1, 2, 4}, Summary{Center: 3, Rounds: 5}},
		// The median lies below or above all of 6 values with a chance of 2/64.
		{[]float64{6, 5, 3, 1, 2, 4}, Summary{Center: 3.5, Low: 1, High: 6, Interval: true, Rounds: 6}},
		{[]float64{9, 6, 5, 3, 1, 2, 4, 7, 8}, Summary{Center: 5, Low: 2, High: 8, Interval: true, Rounds: 9}},
	} {
		before := slices.Clone(tt.values)
		got := Median("", tt.values)
		if got.Center != tt.want.Center || got.Low != tt.want.Low || got.High != tt.want.High || got.Interval != tt.want.Interval || got.Rounds != tt.want.Rounds {
			t.Errorf("%v: %+v, want %+v", before, got, tt.want)
		}
		if !slices.Equal(before, tt.values) {
			t.Errorf("the values are %v, were %v", tt.values, before)
		}
	}
	if n := Enough(); n != 6 {
		t.Errorf("Enough() = %d, want 6", n)
	}
}

// TestFactor: a factor comes from the rounds' paired factors, and not from the
// figures. Its interval allows for the A/A.
func TestFactor(t *testing.T) {
	for _, test := range []struct {
		name             string
		self, x          func(k int) float64
		center, low, end float64
	}{
		{"alike", func(int) float64 { return 1 }, func(int) float64 { return 2 }, 2, 2, 2},
		{"scattered", func(int) float64 { return 1 }, func(k int) float64 { return math.Exp(float64(k)) }, math.Exp(4.5), math.Exp(2), math.Exp(7)},
		{"A/A off", func(int) float64 { return 1.25 }, func(int) float64 { return 2 }, 2, 1.6, 2.5},
		{"A/A off the other way", func(int) float64 { return 0.8 }, func(int) float64 { return 2 }, 2, 1.6, 2.5},
		{"no A/A", nil, func(int) float64 { return 2 }, 2, 2, 2},
		{"below 0 and 0", func(int) float64 { return 1 }, func(k int) float64 { return 2 - float64(k%2*k) }, 2, math.Inf(-1), math.Inf(1)},
	} {
		f := file(t, results.Lockstep, 8, func(k int) (string, string, string) {
			g := "100 ns/op 1 x-goroutine"
			if test.self != nil {
				g += fmt.Sprintf(" %v x-self", test.self(k))
			}
			return g, fmt.Sprintf("%d ns/op %v x-goroutine", 7*k, test.x(k)), ""
		})
		e, back := Factor(f, f.Row(thread)), Inverse(f, f.Row(thread))
		near := func(what string, got, want float64) {
			if math.Abs(got-want) > 1e-9*math.Abs(want) {
				t.Errorf("%s: %s is %v, want %v", test.name, what, got, want)
			}
		}
		near("factor", e.Center, test.center)
		near("inverse", back.Center, 1/test.center)
		if e.Interval {
			near("lower end", e.Low, test.low)
			near("upper end", e.High, test.end)
			// The p-values agree with the interval.
			if p := e.Greater(e.Low / 1.001); p >= (1-Confidence)/2 || e.Greater(e.Low*1.001) < (1-Confidence)/2 {
				t.Errorf("%s: p %v just below the interval", test.name, p)
			}
		}
		if (test.self == nil) != (e.Says(NoAA) != "") {
			t.Errorf("%s: %s", test.name, says(e.Warnings))
		}
	}
}

// TestUnpaired: a file of go test has no pairs. It has a factor only where both arms
// are above 0, in the same unit.
func TestUnpaired(t *testing.T) {
	for _, test := range []struct {
		goroutine, thread string
		want              float64 // 0: none
	}{
		{"100 ns/op", "250 ns/op", 2.5}, {"0 ns/op", "250 ns/op", 0}, {"100 ns/op", "-250 ns/op", 0}, {"0 ns/op", "0 ns/op", 0}, {"100 req/s", "250 ns/op", 0}, {"7 ns/op", "7 ns/op", 1},
	} {
		f := file(t, results.Testing, 6, func(int) (string, string, string) { return test.goroutine, test.thread, "" })
		e := Factor(f, f.Row(thread))
		if (e == nil) != (test.want == 0) || e != nil && (math.Abs(e.Center-test.want) > 1e-9 || !e.Unpaired || !e.Interval) {
			t.Errorf("%s over %s: %+v, want %v", test.thread, test.goroutine, e, test.want)
		}
	}
}

// TestWarnings tests each kind of warning.
func TestWarnings(t *testing.T) {
	quiet := func(k int) float64 { return 2 + 0.01*float64(k*7%5) }
	for _, test := range []struct {
		name   string
		rounds int
		x      func(k int) float64
		self   float64
		kind   Kind
		want   string
	}{
		{"quiet", 12, quiet, 1, "", ""},
		{"two states", 12, func(k int) float64 { return quiet(k) * float64(1+k%2) }, 1, TwoStates, "two states: 2.02× in 6 rounds, 4.04× in 6"},
		{"two states that are alike", 12, func(k int) float64 { return 2 + 0.01*float64(k%2) }, 1, "", ""},
		{"one outlier", 12, func(k int) float64 { return quiet(k) * float64(1+k/12) }, 1, "", ""},
		{"rises", 12, func(k int) float64 { return 2 + 0.1*float64(k) }, 1, Drifts, "the factor rises over the rounds, p <0.00001"},
		{"falls", 12, func(k int) float64 { return 4 - 0.1*float64(k) }, 1, Drifts, "the factor falls over the rounds, p <0.00001"},
		{"few", 3, quiet, 1, Few, "3 rounds: no interval, which takes 6"},
		{"A/A", 12, quiet, 1.02, Excludes, "the interval of the A/A is off 1 by more than 1%"},
		{"A/A just off", 12, quiet, 0.995, "", ""},
	} {
		f := file(t, results.Lockstep, test.rounds, func(k int) (string, string, string) {
			return fmt.Sprintf("100 ns/op 1 x-goroutine %v x-self", test.self), fmt.Sprintf("200 ns/op %v x-goroutine", test.x(k)), ""
		})
		e := Factor(f, f.Row(thread))
		if got := says(e.Warnings); got != test.want || test.kind != "" && e.Says(test.kind) != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestRow tests the warnings that concern all figures of a row.
func TestRow(t *testing.T) {
	f := file(t, results.Lockstep, 4, func(k int) (string, string, string) {
		g, th, note := "100 ns/op 100 tasks", fmt.Sprintf("200 ns/op %d x-goroutine %d tasks", k, 50+10*k), ""
		if k == 4 {
			g, note = "", "# failed Benchmark"+goroutine+": 3 switches of 9\n# failed Benchmark"+thread+": measured once more, for x-self: killed\n"
		}
		return g, th, note
	})
	if got, want := says(Row(f, f.Row(goroutine))), "failed in 1 of 4 rounds"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := says(Row(f, f.Row(thread))), "cut to fewer tasks than its name says in 4 of 4 rounds"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	part := file(t, results.Lockstep, 4, func(k int) (string, string, string) {
		if k == 2 {
			return "1 ns/op", "", ""
		}
		return "1 ns/op", fmt.Sprintf("200 ns/op %d x-goroutine %d tasks", k, 40+30*(k-1)), ""
	})
	if got, want := says(Row(part, part.Row(thread))), "in 3 of 4 rounds only; cut to fewer tasks than its name says in 1 of 4 rounds"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// The factor is of the rounds that were not cut.
	if e := Factor(part, part.Row(thread)); e.Rounds != 2 || math.Abs(e.Center-math.Sqrt(12)) > 1e-9 {
		t.Errorf("%+v, want the estimate of 3 and 4", e.Summary)
	}
}

// TestAA tests the line of an A/A.
func TestAA(t *testing.T) {
	for _, test := range []struct {
		rounds int
		self   string
		want   string
	}{
		{8, "1.1", "A/A: 1.10× [1.10, 1.10], worst round 1.10×, 8 rounds; the interval of the A/A is off 1 by more than 1%."},
		{3, "0.9", "A/A: 0.900×, worst round 0.900×, 3 rounds: too few for an interval."},
		{8, "", "A/A: not measured for these lines; their intervals are those of the rounds alone."},
	} {
		f := file(t, results.Lockstep, test.rounds, func(int) (string, string, string) {
			g := "100 ns/op 1 x-goroutine"
			if test.self != "" {
				g += " " + test.self + " x-self"
			}
			return g, "200 ns/op 2 x-goroutine", ""
		})
		a := Of(f, f.Row(thread))
		if got := a.String(); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
		if a != nil && (a.Allowance() > 0) != a.Interval {
			t.Errorf("%s allows %v", a, a.Allowance())
		}
	}
}
