package measure

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"threadbench/bench/lockstep"
)

// counting is an arm that does ops in batches and counts each.
type counting struct {
	batch  int
	took   time.Duration // an op
	done   int
	closed bool
}

func (a *counting) Run(n int) (lockstep.Slice, error) {
	n = (n + a.batch - 1) / a.batch * a.batch
	a.done += n
	return lockstep.Slice{Ops: n, Elapsed: time.Duration(n) * a.took, Counts: map[string]int64{"threads": int64(n), "answers": int64(n / 2)}}, nil
}

func (a *counting) Close() error { a.closed = true; return nil }

// TestInjectShare compares the ops done with those reported: their ratio is the
// factor, in all within one op, and in each slice nearly.
func TestInjectShare(t *testing.T) {
	for _, factor := range []float64{1.005, 1.01, 1.03, 1.5, 2, 7} {
		for _, batch := range []int{1, 2, 100} {
			for _, n := range []int{1, 2, 15, 33, 100, 4999} {
				arm := &counting{batch: batch, took: time.Microsecond}
				t.Setenv(InjectVariable, fmt.Sprint(factor))
				var cuts []string
				a, err := inject(arm, func(s string) { cuts = append(cuts, s) })
				if err != nil {
					t.Fatal(err)
				}
				if !SaysInjected(cuts) {
					t.Fatalf("it says %q, not that it is injected", cuts)
				}
				told, answers := 0, int64(0)
				for range 20 {
					s, err := a.Run(n)
					if err != nil {
						t.Fatal(err)
					}
					told += s.Ops
					answers += s.Counts["answers"]
					slower := float64(s.Elapsed) / float64(s.Ops) / float64(time.Microsecond)
					if off := math.Abs(slower - factor); off > factor*factor/float64(s.Ops) {
						t.Errorf("x%v, batches of %d, n=%d: a slice of %d ops is slower by %v", factor, batch, n, s.Ops, slower)
					}
					if s.Counts["threads"] != int64(s.Ops) {
						t.Errorf("x%v, n=%d: %d counted for %d ops", factor, n, s.Counts["threads"], s.Ops)
					}
				}
				if off := float64(answers) - float64(told)/2; batch%2 == 0 && math.Abs(off) > 1 {
					t.Errorf("x%v, batches of %d, n=%d: %d answers to %d ops in all, one to two", factor, batch, n, answers, told)
				}
				if off := float64(arm.done) - factor*float64(told); math.Abs(off) > factor {
					t.Errorf("x%v, batches of %d, n=%d: %d done for %d told", factor, batch, n, arm.done, told)
				}
			}
		}
	}
}

func TestInjectRefused(t *testing.T) {
	for _, bad := range []string{"1", "0.97", "x", "NaN", "+Inf", "101", "-2", "1.03 "} {
		t.Setenv(InjectVariable, bad)
		arm := &counting{batch: 1}
		if _, err := inject(arm, func(string) {}); err == nil || !strings.Contains(err.Error(), bad) || !arm.closed {
			t.Errorf("a factor of %q: %v, arm closed: %v", bad, err, arm.closed)
		}
	}
	// An arm without a clock of its own.
	t.Setenv(InjectVariable, "1.03")
	a, err := inject(&counting{batch: 1}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Run(100); err == nil || !strings.Contains(err.Error(), "measures no time") {
		t.Errorf("slowing down what has no time: %v", err)
	}
	os.Unsetenv(InjectVariable)
	arm := &counting{batch: 1}
	if a, err := inject(arm, func(s string) { t.Errorf("without the variable it says %q", s) }); err != nil || a != lockstep.Arm(arm) {
		t.Errorf("without the variable: %v, %v", a, err)
	}
}
