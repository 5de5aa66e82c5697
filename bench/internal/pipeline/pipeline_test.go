package pipeline

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"threadbench/bench/measure"
	"threadbench/goroutines"
)

// TestSumOf holds the sum of many items against the items one by one.
func TestSumOf(t *testing.T) {
	for _, test := range []struct{ first, n, steps int }{{0, 0, 5}, {0, 1, 1}, {7, 3, 100}, {1 << 30, 1001, 4}, {12345, 2000, 1 << 20}} {
		want := uint64(0)
		for i := range test.n {
			want += goroutines.Worked(uint64(test.first+i), test.steps)
		}
		if got := sumOf(test.first, test.n, test.steps); got != want {
			t.Errorf("%+v: %d, want %d", test, got, want)
		}
	}
}

// TestDirectCalls: the floor does what the pipelines do.
func TestDirectCalls(t *testing.T) {
	p, err := directCalls(4, 0)
	if err != nil {
		t.Fatal(err)
	}
	for turn, steps := range []int{stageSteps, 7, 100_000} {
		p.steps(steps)
		if took, _, err := p.pass(10, 2, 4, steps); err != nil || took <= 0 {
			t.Errorf("turn %d: %v, %v", turn, took, err)
		}
	}
	if items, _, of := p.flow(); items != 36 || len(of) != 4 || of[3] != 36 {
		t.Errorf("%d items, of each stage %v; want 36 of 4", items, of)
	}
}

// TestPass: a wrong output of a pipeline is an error.
func TestPass(t *testing.T) {
	// An outcome is what a pipeline of two stages says after 12 items.
	type outcome struct {
		items int
		sum   uint64
		of    []int
		tids  []int
		err   error
	}
	for want, spoil := range map[string]func(o *outcome){
		"":       func(*outcome) {},
		"broken": func(o *outcome) { o.err = errors.New("broken") },
		"expected 12 items to come out of the pipeline, seen 11":   func(o *outcome) { o.items-- },
		"expected 12 items to come out of the pipeline, seen 6":    func(o *outcome) { o.items = 6 },
		"expected 12 items to come out of the pipeline, seen 24":   func(o *outcome) { o.items = 24 },
		"expected stage 1 of 2 to do 12 items, seen 6":             func(o *outcome) { o.of[0] = 6 },
		"expected a pipeline of 2 stages, seen 1":                  func(o *outcome) { o.of = o.of[:1] },
		"expected stage 2 of 2 to do 12 items, seen 13":            func(o *outcome) { o.of[1]++ },
		"expected 12 items from number 0 on to have the sum":       func(o *outcome) { o.sum++ },
		"expected 4 tasks on threads of their own, seen 3 threads": func(o *outcome) { o.tids[3] = o.tids[0] },
	} {
		o := outcome{of: []int{0, 0}, tids: []int{5, 6, 7, 8}}
		p := pipeline{
			run: func(n, warm int) (time.Duration, map[string]int64, error) {
				all := n + warm
				o.items, o.sum, o.of = all, sumOf(0, all, 2*3), []int{all, all}
				spoil(&o)
				return time.Second, nil, o.err
			},
			flow: func() (int, uint64, []int) { return o.items, o.sum, o.of },
			tids: func() []int { return o.tids },
		}
		_, _, err := p.pass(10, 2, 2, 3)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("pass: %v, want %q", err, want)
		}
	}
}

// TestCrossover finds the work for hand-offs that always take the same time, that
// take longer with more work, and that wobble.
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

// TestNear goes on until the hand-offs cost about the right share, and gives up if
// they never do.
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

// slower is the direct call plus some time for each item, which is reported but not
// spent.
func slower(t *testing.T, perItem, perStep float64) pipeline {
	p, err := directCalls(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	run, set, steps := p.run, p.steps, stageSteps
	p.steps = func(n int) { steps = n; set(n) }
	p.run = func(n, warm int) (time.Duration, map[string]int64, error) {
		_, _, err := run(n, warm)
		return time.Duration(float64(n) * (perItem + perStep*float64(steps))), map[string]int64{"schedules": int64(2 * n)}, err
	}
	return p
}

// TestCrossoverArm finds hand-offs of 2 us at work of 40 us.
func TestCrossoverArm(t *testing.T) {
	arm := &crossoverArm{pipe: slower(t, 2000, 2), direct: slower(t, 0, 2)}
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
	arm = &crossoverArm{pipe: slower(t, 2000, 2), direct: slower(t, 0, 2)}
	arm.direct.run = func(int, int) (time.Duration, map[string]int64, error) {
		t.Error("it goes on")
		return 0, nil, nil
	}
	arm.until = time.Now().Add(-1)
	if _, err := arm.measure(1000, crossTurns, crossItems); err == nil || !strings.Contains(err.Error(), "1000 steps") || !strings.Contains(err.Error(), "keeps the machine busy") {
		t.Errorf("after its time: %v", err)
	}
}
