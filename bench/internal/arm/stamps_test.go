package arm

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/internal/armtest"
	"threadbench/bench/lockstep"
)

func TestIntervals(t *testing.T) {
	for _, test := range []struct {
		name         string
		since, until []int64
		want         []int64
		err          string
	}{
		{"none", nil, nil, []int64{}, ""},
		{"two", []int64{10, 20}, []int64{15, 20}, []int64{5, 0}, ""},
		{"one missing", []int64{10, 20}, []int64{15}, nil, "expected a stamp at the end of each of 2 ops, seen 1"},
		{"twice as many", []int64{10, 20}, []int64{15, 20, 25, 30}, nil, "expected a stamp at the end of each of 2 ops, seen 4"},
		{"backwards", []int64{10, 20}, []int64{15, 19}, nil, "op 2 of 2: stamped 20 at its beginning and 19 at its end"},
		{"never taken", []int64{-1}, []int64{15}, nil, "op 1 of 1: stamped -1 at its beginning"},
	} {
		got, err := Intervals(test.since, test.until)
		if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.err)
		}
		if d := cmp.Diff(test.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, d)
		}
	}
}

// TestDistribution: percentiles of 1,000 intervals of 1 to 1,000 ticks, half a
// nanosecond each, within the three digits that a histogram keeps.
func TestDistribution(t *testing.T) {
	var ticks []int64
	for i := range int64(1000) {
		ticks = append(ticks, 2000*(i+1))
	}
	got, err := Distribution(ticks, 0.5, 23)
	if err != nil {
		t.Fatal(err)
	}
	for unit, want := range map[string]float64{"p50-ns": 500e3, "p90-ns": 900e3, "p99-ns": 990e3, "p999-ns": 999e3, "max-ns": 1000e3, "stamp-ns": 23} {
		if x := got[unit]; x < want || x > want*1.001 {
			t.Errorf("%s is %v, want %v to a thousandth more", unit, x, want)
		}
	}
	// What is longer than a minute is a minute.
	if got, err := Distribution([]int64{int64(time.Hour)}, 1, 1); err != nil || got["max-ns"] < 59e9 || got["max-ns"] > 61e9 {
		t.Errorf("an hour: %v, %v", got, err)
	}
	if _, err := Distribution([]int64{-5}, 1, 1); err == nil {
		t.Error("a negative interval passes")
	}
}

func TestTickRate(t *testing.T) {
	r := NewTickRate()
	ns, err := r.Ns()
	if err != nil || !(ns > 0.01) || ns > 1000 {
		t.Errorf("a tick takes %v ns, %v", ns, err)
	}
	// A counter that stands still has no rate.
	r = NewTickRate()
	r.at = 1 << 62
	if ns, err := r.Ns(); err == nil {
		t.Errorf("a counter that went back: %v ns", ns)
	}
}

// TestStampedArm: a measurement that doesn't add up is an error.
func TestStampedArm(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name  string
		ticks []int64
		ops   int
		err   error
		want  string
	}{
		{"one op untold", []int64{1, 2}, 3, nil, "expected the time of each of 3 ops, seen 2"},
		{"broken", nil, 0, broken, "broken"},
		{"whole", []int64{100, 200}, 2, nil, ""},
	} {
		arm := &StampedArm{Shut: func() error { return nil }, Timed: func() ([]int64, lockstep.Slice, error) {
			return test.ticks, lockstep.Slice{Ops: test.ops}, test.err
		}}
		s, err := arm.Measure()
		if test.want == "" && (err != nil || s.Elapsed <= 0 || s.Figures["max-ns"] == 0) || test.want != "" && (err == nil || err.Error() != test.want) {
			t.Errorf("%s: %+v, %v", test.name, s, err)
		}
	}
}

// TestEven accepts the error of two readings, and refuses a counter that follows the
// clock of its CPU.
func TestEven(t *testing.T) {
	for _, test := range []struct {
		ns, after float64
		err       string
	}{
		{0.5, 0.5, ""},
		{0.5, 0.5004, ""},
		{0.5, 0.4996, ""},
		{0.5, 0.25, "seen 0.25: stamps mean nothing here"},
		{0.5, 1, "seen 1: "},
		{41.666667, 40.2, "expected a steady 41.6667 ns a tick"},
	} {
		armtest.Says(t, "even", even(test.ns, test.after), test.err)
	}
}
