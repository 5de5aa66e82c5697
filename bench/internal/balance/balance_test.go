package balance

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"threadbench/goroutines"
)

// TestHeavyTail: a list is the same for the same seed, within its bounds, and
// its tail is that of the distribution.
func TestHeavyTail(t *testing.T) {
	const n = 100_000
	list := heavyTail(n, 1)
	if !slices.Equal(list, heavyTail(n, 1)) || slices.Equal(list, heavyTail(n, 2)) {
		t.Error("the seed does not make the list")
	}
	for _, times := range []float64{1, 2, 10, 100, 1000} {
		beyond := 0
		for _, it := range list {
			if it.Steps < leastSteps || it.Steps > mostSteps {
				t.Fatalf("an item of %d steps", it.Steps)
			}
			if float64(it.Steps) >= times*leastSteps {
				beyond++
			}
		}
		tail := func(x float64) float64 { return math.Pow(x, -tailPower) }
		end := tail(float64(mostSteps) / leastSteps)
		want := n * (tail(times) - end) / (1 - end)
		if off := math.Abs(float64(beyond) - want); off > 5*math.Sqrt(want) {
			t.Errorf("%d of %d items have %g times the least steps, want %.0f", beyond, n, times, want)
		}
	}
	if total, largest := workOf([]goroutines.Item{{Steps: 3}, {Steps: 5}, {Steps: 4}}); total != 12 || largest != 5 {
		t.Errorf("three items have %d steps, the largest %d", total, largest)
	}
}

func TestMakespan(t *testing.T) {
	for _, test := range []struct {
		took                    time.Duration
		total, largest, workers int
		speed, want             float64
	}{
		{100, 400, 10, 2, 4, 1},       // 400 steps at 4 a ns
		{150, 400, 10, 2, 4, 1.5},     // half of it again
		{200, 400, 300, 2, 4, 4. / 3}, // an item of 300 steps takes 150 ns on one CPU
	} {
		if got := makespan(test.took, test.total, test.largest, test.workers, test.speed); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

// wellDone returns the records of a list that two workers did in turn, as they
// should.
func wellDone(list []goroutines.Item) []goroutines.Record {
	var records []goroutines.Record
	for i, it := range list {
		r := goroutines.Record{Result: goroutines.Worked(it.X, it.Steps), CPU: int32(i % 2), From: int32(i % 2), Worker: int32(i % 2), Times: 1}
		if i < 2 {
			r.From = -1
		}
		records = append(records, r)
	}
	return records
}

func TestTally(t *testing.T) {
	list := []goroutines.Item{{X: 1, Steps: 10}, {X: 2, Steps: 20}, {X: 3, Steps: 30}, {X: 4, Steps: 50}}
	got, err := tally(list, wellDone(list))
	if want := (done{busiest: 70, samples: 2}); err != nil || got != want {
		t.Errorf("tally = %+v, %v, want %+v", got, err, want)
	}
	alone := wellDone(list)
	for i := range alone {
		alone[i].Worker, alone[i].CPU, alone[i].From = -1, 0, 0
	}
	alone[3].CPU = 1
	got, err = tally(list, alone)
	if want := (done{busiest: 60, samples: 4, crossed: 1}); err != nil || got != want {
		t.Errorf("by CPU: tally = %+v, %v, want %+v", got, err, want)
	}
	alone[0].CPU = -1
	if got, err = tally(list, alone); err != nil || !got.anonymous {
		t.Errorf("on a CPU that nobody knows: tally = %+v, %v", got, err)
	}
	for want, spoil := range map[string]func([]goroutines.Record) []goroutines.Record{
		"expected a record of each of 4 items, seen 3":       func(r []goroutines.Record) []goroutines.Record { return r[:3] },
		"expected item 2 of 4 to be done once, seen 0 times": func(r []goroutines.Record) []goroutines.Record { r[2] = goroutines.Record{}; return r },
		"expected item 1 of 4 to be done once, seen 2 times": func(r []goroutines.Record) []goroutines.Record { r[1].Times++; return r },
		"expected item 3 of 4 to have the result ":           func(r []goroutines.Record) []goroutines.Record { r[3].Result++; return r },
	} {
		if _, err := tally(list, spoil(wellDone(list))); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("tally: %v, want %q", err, want)
		}
	}
}

// TestBalanceArm: wrong threads or records are an error.
func TestBalanceArm(t *testing.T) {
	good := func(list []goroutines.Item) (time.Duration, []goroutines.Record, error) {
		return time.Millisecond, wellDone(list), nil
	}
	broken := errors.New("broken")
	speed := func(steps int) (float64, error) { return 1, nil }
	for _, test := range []struct {
		name string
		run  func([]goroutines.Item) (time.Duration, []goroutines.Record, error)
		tids []int
		want string
	}{
		{"good", good, []int{5, 6}, ""},
		{"one thread", good, []int{5, 5}, "expected 2 workers on threads of their own, seen 1 threads"},
		{"broken", func([]goroutines.Item) (time.Duration, []goroutines.Record, error) { return 0, nil, broken }, nil, "broken"},
		{"an item left out", func(list []goroutines.Item) (time.Duration, []goroutines.Record, error) {
			_, records, _ := good(list)
			records[7].Times = 0
			return time.Millisecond, records, nil
		}, nil, "expected item 7 of 4000 to be done once, seen 0 times"},
	} {
		arm := &balanceArm{workers: 2, speed: speed, close: func() {}, pool: pool{run: test.run, tids: func() []int { return test.tids }, close: func() error { return nil }}}
		s, err := arm.Measure()
		if test.want == "" && (err != nil || s.Ops != 2*listPerCPU || s.Elapsed != time.Millisecond || s.Figures["makespan-x"] <= 0 || s.Figures["busiest-x"] < 1) || test.want != "" && (err == nil || err.Error() != test.want) {
			t.Errorf("%s: %+v, %v", test.name, s, err)
		}
		if err := arm.Close(); err != nil {
			t.Error(err)
		}
	}
}
