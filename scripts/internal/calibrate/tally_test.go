package calibrate

import (
	"fmt"
	"math"
	"testing"
)

// TestCount compares the bounds with Newcombe, Two-Sided Confidence Intervals
// for the Single Proportion, 1998, table I, method 5 (Clopper and Pearson's
// exact interval, 95%), and with the closed form for no and for all successes.
func TestCount(t *testing.T) {
	for _, test := range []struct {
		c         tally
		low, high string
	}{
		{tally{81, 263}, "0.2527", "0.3676"},
		{tally{15, 148}, "0.0578", "0.1617"},
		{tally{0, 20}, "0.0000", "0.1684"},
		{tally{1, 29}, "0.0009", "0.1776"},
	} {
		low, high := test.c.lower(0.025), test.c.upper(0.025)
		if fmt.Sprintf("%.4f", low) != test.low || fmt.Sprintf("%.4f", high) != test.high {
			t.Errorf("%v: [%.4f, %.4f], want [%s, %s]", test.c, low, high, test.low, test.high)
		}
	}
	for _, n := range []int{1, 20, 100, 300} {
		want := math.Pow(0.05, 1/float64(n))
		if got := (tally{n, n}).lower(0.05); math.Abs(got-want) > 1e-9 {
			t.Errorf("%d of %d: at least %v, want %v", n, n, got, want)
		}
		if got := (tally{0, n}).upper(0.05); math.Abs(got-(1-want)) > 1e-9 {
			t.Errorf("0 of %d: at most %v, want %v", n, got, 1-want)
		}
		if low, high := (tally{0, n}).lower(0.05), (tally{n, n}).upper(0.05); low != 0 || high != 1 {
			t.Errorf("of %d: bounds %v and %v at the ends", n, low, high)
		}
	}
	if got := (tally{0, 100}).upper(0.05); fmt.Sprintf("%.3f", got) != "0.030" {
		t.Errorf("none of 100 bounds the share at %v, want 3%%", got)
	}
}
