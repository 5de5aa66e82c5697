package bench

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"threadbench/bench/lockstep"
	"threadbench/threads"
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
		slope, at0 := line(test.xs, test.ys)
		if math.Abs(slope-test.slope) > 1e-9*math.Abs(test.slope)+1e-12 || math.Abs(at0-test.at0) > 1e-6 {
			t.Errorf("%s: slope %v and intercept %v, want %v and %v", test.name, slope, at0, test.slope, test.at0)
		}
	}
}

// TestStackArms holds a few tasks of each kind and depth, each in a process of
// its own: TestCases, with all the tasks of a case, leaves depths out.
func TestStackArms(t *testing.T) {
	const n = 64
	for _, depth := range stackDepths {
		for _, kind := range []struct {
			impl, stack string
			herd        newHerd
		}{
			{"goroutine", "", goroutineHerd},
			{"locked", "", lockedHerd},
			{"clone", "least", cloneHerd},
			{"clone", "default", cloneHerd},
		} {
			t.Run(fmt.Sprintf("%s%s%d", kind.impl, kind.stack, depth), func(t *testing.T) {
				if !alone(t, still...) {
					return
				}
				var cuts []string
				s := measured(t, openStack(kind.impl, kind.stack, depth, n, kind.herd), func(why string) { cuts = append(cuts, why) })
				if cuts == nil && (s.Ops != n || s.Figures["tasks"] != n) {
					t.Errorf("%d ops, %v tasks, want %d", s.Ops, s.Figures["tasks"], n)
				}
				// A depth is touched, so it is resident, by a task of its own.
				least, most := float64(depth), float64(4*depth+256<<10)
				if got := s.Figures["user-B/task"]; got < 0.9*least || got > most {
					t.Errorf("%v bytes of user memory a task that is %d deep", got, depth)
				}
				for _, unit := range []string{"kernel-B/task", "reserved-B/task", "residue-B/task", "intercept-B"} {
					if x, ok := s.Figures[unit]; !ok || math.IsNaN(x) || math.IsInf(x, 0) {
						t.Errorf("%s is %v", unit, x)
					}
				}
				if s.Elapsed != 0 {
					t.Errorf("it took %v: a Stack measures no time", s.Elapsed)
				}
			})
		}
	}
}

// TestStackProof holds what may be counted against what was to be held.
func TestStackProof(t *testing.T) {
	for _, test := range []struct {
		name          string
		alive, stacks int64
		want          string // of the error, "" for none
	}{
		{"as many tasks and bytes as wanted", 10, 10 * 2048, ""},
		{"the most", 10, 10 * 4096, ""},
		{"a task too few", 9, 10 * 2048, "expected 10 tasks held at once, seen 9"},
		{"half", 5, 5 * 2048, "expected 10 tasks held at once, seen 5"},
		{"twice", 20, 20 * 2048, "expected 10 tasks held at once, seen 20"},
		{"no task at all", 0, 10 * 2048, "expected 10 tasks held at once, seen 0"},
		{"half the stack", 10, 10 * 1024, "expected 2048 to 4096 bytes of the runtime's stacks a task"},
		{"too little stack", 10, 10*2048 - 10, "expected 2048 to 4096 bytes of the runtime's stacks a task"},
		{"too much stack", 10, 10*4096 + 10, "seen 4097"},
	} {
		a := &stackArm{n: 10, leastStack: 2048, mostStack: 4096}
		says(t, test.name, a.prove(test.alive, test.stacks), test.want)
	}
}

// TestRoom asks for more than any machine has: threads are cut by some limit,
// goroutines by memory alone.
func TestRoom(t *testing.T) {
	const many = 1 << 30
	fits, limit, err := room(threads.Need{Threads: many, BytesPerThread: 1 << 20}, false)
	if err != nil {
		t.Fatal(err)
	}
	if fits < many && limit.Name != "MemAvailable" && limit.Name != "memory.max" && limit.Name != "memory.limit_in_bytes" {
		t.Errorf("goroutines are cut to %d by %s, want memory", fits, limit.Name)
	}
	if few, _, err := room(threads.Need{Threads: 1, BytesPerThread: 1}, false); err != nil || few != 1 {
		t.Errorf("%d of 1 goroutine fits, %v", few, err)
	}
	err = headroom(threads.Need{Threads: many})
	var skip *lockstep.Skip
	if fits, _, _ := threads.Headroom(threads.Need{Threads: many}); fits < many && (!errors.As(err, &skip) || !strings.Contains(skip.Reason, "raise it: ")) {
		t.Errorf("headroom for %d threads: %v (%T), want a *Skip that says what to raise", many, err, err)
	}
	if err := headroom(threads.Need{Threads: 0}); err != nil {
		t.Errorf("headroom for none: %v", err)
	}
}
