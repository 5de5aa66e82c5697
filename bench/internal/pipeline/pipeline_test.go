package pipeline

import (
	"errors"
	"strings"
	"testing"
	"time"

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

// TestDoer: a pipeline whose work is looked for does what it is told to.
func TestDoer(t *testing.T) {
	d, err := doer(directCalls)()
	if err != nil {
		t.Fatal(err)
	}
	for _, steps := range []int{7, 100_000} {
		d.Steps(steps)
		if took, _, err := d.Pass(10, 2); err != nil || took <= 0 {
			t.Errorf("%d steps: %v, %v", steps, took, err)
		}
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
