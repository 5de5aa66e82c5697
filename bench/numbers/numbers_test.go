package numbers

import (
	"math"
	"slices"
	"testing"
)

func TestLine(t *testing.T) {
	for _, test := range []struct {
		name       string
		xs, ys     []float64
		slope, at0 float64
	}{
		{"through zero", []float64{1, 2, 3, 4}, []float64{10, 20, 30, 40}, 10, 0},
		{"with an intercept", []float64{100, 200, 300, 400}, []float64{2_750_00 + 4096, 2_750_00*2 + 4096, 2_750_00*3 + 4096, 2_750_00*4 + 4096}, 2750, 4096},
		{"level", []float64{1, 2, 3}, []float64{7, 7, 7}, 0, 7},
		{"falling", []float64{1, 2}, []float64{3, 1}, -2, 5},
		{"least squares", []float64{0, 1, 2, 3}, []float64{0, 2, 1, 3}, 0.8, 0.3},
	} {
		slope, at0 := Line(test.xs, test.ys)
		if math.Abs(slope-test.slope) > 1e-9*math.Abs(test.slope)+1e-12 || math.Abs(at0-test.at0) > 1e-6 {
			t.Errorf("%s: slope %v and intercept %v, want %v and %v", test.name, slope, at0, test.slope, test.at0)
		}
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		of   []float64
		want float64
	}{
		{[]float64{3}, 3},
		{[]float64{4, 1}, 2.5},
		{[]float64{9, 1, 4}, 4},
		{[]float64{100, 1, 3, 2}, 2.5},
		{[]float64{5, 5, 5, 5, 1}, 5},
	} {
		before := slices.Clone(test.of)
		if got := Median(test.of); got != test.want {
			t.Errorf("Median(%v) = %v, want %v", before, got, test.want)
		}
		if !slices.Equal(before, test.of) {
			t.Errorf("Median changed %v into %v", before, test.of)
		}
	}
}
