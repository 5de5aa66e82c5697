package measure

import (
	"errors"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/catalog"
	"threadbench/bench/lockstep"
)

// doubtful counts two switches an op, of 1 µs each, where its evidence wants one.
var doubtful = Case{
	Name:     catalog.Name{Family: "Doubtful"},
	CPUs:     1,
	Evidence: []Evidence{{Count: "switches", Rate: 1}},
	Open:     func(func(string)) (lockstep.Arm, error) { return twice{}, nil },
}

type twice struct{}

func (twice) Run(n int) (lockstep.Slice, error) {
	return lockstep.Slice{Ops: n, Elapsed: time.Duration(n) * time.Microsecond, Counts: map[string]int64{"switches": int64(2 * n)}}, nil
}

func (twice) Close() error { return nil }

// TestNoCase measures a case beside the same worker as no case, which needs no
// evidence, and is decided by its time.
func TestNoCase(t *testing.T) {
	s, program, err := Here()
	if err != nil {
		t.Fatal(err)
	}
	is := s.Arm(doubtful, program)
	none := Arm{Spec: is.Spec}
	refused := func(how string, r Reading) {
		t.Helper()
		var evidence *EvidenceError
		if !errors.As(r.Err, &evidence) || evidence.Seen != 2*evidence.Expected {
			t.Errorf("%s: %v, want twice the switches", how, r.Err)
		}
	}
	stands := func(how string, r Reading, want []float64) {
		t.Helper()
		if d := cmp.Diff(want, r.Primary); d != "" || r.Err != nil || r.Unproven != "" || !r.Timed {
			t.Errorf("%s: %+v; its figures (-want +got):\n%s", how, r, d)
		}
	}
	refused("a process of the case", s.Turn(t.Context(), is, Provable))
	stands("a process of none", s.Turn(t.Context(), none, Provable), []float64{1000})

	missing := Arm{Spec: lockstep.Spec{Path: os.DevNull}}
	got, err := s.Round(t.Context(), []Arm{is, none, missing}, lockstep.Plan{Slice: time.Millisecond, Laps: 4, Windows: 2}, []int{2, 1, 0}, 1)
	if err != nil {
		t.Fatal(err)
	}
	refused("turns of the case", got[0])
	stands("turns of none", got[1], []float64{1000, 1000})
	if got[2].Err == nil {
		t.Error("what is no program has no error")
	}
	started := []int{got[0].Started, got[1].Started, got[2].Started}
	if d := cmp.Diff([]int{3, 2, 1}, started); d != "" {
		t.Errorf("their places in the start (-want +got):\n%s", d)
	}
}

// TestCounted: a reading without times keeps counts and memory, and the factor
// of what they decide.
func TestCounted(t *testing.T) {
	name := func(s string) catalog.Name {
		n, err := catalog.ParseName(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	memory, timed := name("Stack/impl=locked/depth=0"), name("Switch/impl=locked/via=pipe/place=same")
	r := Reading{Primary: []float64{3}, Ops: 10, Started: 2, Timed: true, NsPerOp: 4, Figures: map[string]float64{"user-B/task": 1, "p99-ns": 5, "threads": 6}}
	want := Reading{Primary: []float64{3}, Ops: 10, Figures: map[string]float64{"user-B/task": 1, "threads": 6}}
	if d := cmp.Diff(want, r.Counted(memory)); d != "" {
		t.Errorf("decided by memory (-want +got):\n%s", d)
	}
	want.Primary = nil
	if d := cmp.Diff(want, r.Counted(timed)); d != "" {
		t.Errorf("decided by a time (-want +got):\n%s", d)
	}
	r.Figures = map[string]float64{"p99-ns": 5}
	var skip *lockstep.Skip
	if got := r.Counted(timed); !errors.As(got.Err, &skip) {
		t.Errorf("times alone: %+v, want a skip", got)
	}
	failed := Reading{Err: errors.New("refused")}
	if d := cmp.Diff(failed, failed.Counted(memory), cmp.Comparer(func(a, b error) bool { return a == b })); d != "" {
		t.Errorf("a failure (-want +got):\n%s", d)
	}
}
