package arm

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"threadbench/bench/measure"
)

// TestCrossover: hand-offs that take the same time whatever the work, ones that
// take longer with more work, and ones that wobble, are found by their cost.
func TestCrossover(t *testing.T) {
	for _, test := range []struct {
		name string
		cost func(steps float64) float64
		want float64
		off  float64 // the share by which it may be off
	}{
		{"the same", func(k float64) float64 { return 1000 / k }, 20_000, 0.01},
		{"a little", func(k float64) float64 { return 4 / k }, 80, 0.01},
		{"much", func(k float64) float64 { return 50_000 / k }, 1e6, 0.01},
		{"more with more work", func(k float64) float64 { return math.Pow(1000/k, 0.8) }, 1000 * math.Pow(20, 1/0.8), 0.02},
		{"less with more work", func(k float64) float64 { return math.Pow(1000/k, 1.5) }, 1000 * math.Pow(20, 1/1.5), 0.02},
		{"a wobble of 3%", func(k float64) float64 { return 1000 / k * (1 + 0.03*math.Sin(k)) }, 20_000, 0.06},
	} {
		tries := 0
		got, err := crossover(func(steps int) (float64, error) {
			tries++
			return test.cost(float64(steps)), nil
		})
		if err != nil || math.Abs(float64(got)-test.want) > test.off*test.want || tries > 15 {
			t.Errorf("%s: %d steps after %d tries, %v; want %.0f", test.name, got, tries, err, test.want)
		}
	}
	broken := errors.New("broken")
	for want, cost := range map[string]func(int) (float64, error){
		"expected hand-offs that cost more than 5% of 64 steps of work, seen 1%":        func(int) (float64, error) { return 0.01, nil },
		"expected hand-offs that cost less than 5% of 2097152 steps of work, seen 200%": func(int) (float64, error) { return 2, nil },
		"broken": func(int) (float64, error) { return 1, broken },
	} {
		if got, err := crossover(cost); err == nil || err.Error() != want {
			t.Errorf("crossover = %d, %v, want %q", got, err, want)
		}
	}
}

// TestNear goes on until the hand-offs cost about what they are to, and gives
// up if they never do.
func TestNear(t *testing.T) {
	for _, test := range []struct {
		name  string
		first int // steps
		tries int
		want  float64
	}{
		{"there", 20_000, 1, 20_000},
		{"near", 18_000, 1, 20_000},
		{"twice the cost", 10_000, 2, 20_000},
		{"too little work", 1000, 5, 20_000},
		{"too much", 100_000, 4, 20_000},
	} {
		tries := 0
		c, err := near(test.first, func(steps int) (crossed, error) {
			tries++
			return crossed{cost: 1000 / float64(steps), direct: float64(steps)}, nil
		})
		if err != nil || tries != test.tries || math.Abs(c.crossover()-test.want) > 1 {
			t.Errorf("%s: %v after %d tries, %v; want %v after %d", test.name, c.crossover(), tries, err, test.want, test.tries)
		}
	}
	if c, err := near(1000, func(int) (crossed, error) { return crossed{cost: -0.01}, nil }); err == nil || !strings.Contains(err.Error(), "seen -1% of 1000 steps, -1% of 500 steps") {
		t.Errorf("hand-offs that cost nothing: %+v, %v", c, err)
	}
}

// A told Doer takes a time that is told and not spent.
type told struct {
	perItem, perStep float64
	steps            int
	passes           int
}

func (d *told) Steps(n int) { d.steps = n }

func (d *told) Pass(n, warm int) (time.Duration, map[string]int64, error) {
	d.passes++
	return time.Duration(float64(n) * (d.perItem + d.perStep*float64(d.steps))), map[string]int64{"schedules": int64(2 * n)}, nil
}

func (d *told) Close() error { return nil }

// TestCrossoverArm finds hand-offs of 2 us at work of 40 us.
func TestCrossoverArm(t *testing.T) {
	arm := &crossoverArm{handed: &told{perItem: 2000, perStep: 2}, direct: &told{perStep: 2}}
	s, err := arm.Measure()
	if err != nil || s.Ops < measure.Provable || s.Counts["schedules"] != int64(2*s.Ops) {
		t.Fatalf("%+v, %v; want %d ops at the least and the counts of all of them", s, err, measure.Provable)
	}
	ns := float64(s.Elapsed) / float64(s.Ops)
	if x := s.Figures["crossover-ns"]; math.Abs(x-40_000) > 400 || math.Abs(ns-1.05*x) > 0.01*x {
		t.Errorf("the hand-offs cost 5%% of %v ns, where an item takes %v; want 40000 and 42000", x, ns)
	}
	if err := arm.Close(); err != nil {
		t.Error(err)
	}

	// One that has looked for too long gives up.
	direct := &told{perStep: 2}
	arm = &crossoverArm{handed: &told{perItem: 2000, perStep: 2}, direct: direct, until: time.Now().Add(-1)}
	if _, err := arm.measure(1000, crossTurns, crossItems); err == nil || !strings.Contains(err.Error(), "1000 steps") || !strings.Contains(err.Error(), "keeps the machine busy") {
		t.Errorf("after its time: %v", err)
	}
	if direct.passes > 0 {
		t.Error("it goes on")
	}
}
