package stack

import (
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/armtest"
)

// TestStackArms holds a few tasks of each kind and depth, each in a process of
// its own: TestCases, with all the tasks of a case, leaves depths out.
func TestStackArms(t *testing.T) {
	const n = 64
	const hugePages = 4 << 20 // the heap's first two, of 2 MiB
	for _, depth := range stackDepths {
		for _, kind := range []struct {
			impl, stack string
			park        arm.NewParked
		}{
			{"goroutine", "", arm.ParkedGoroutines},
			{"locked", "", arm.ParkedLocked},
			{"clone", "least", arm.ParkedClones},
			{"clone", "default", arm.ParkedClones},
		} {
			t.Run(fmt.Sprintf("%s%s%d", kind.impl, kind.stack, depth), func(t *testing.T) {
				if !armtest.Alone(t, arm.Still...) {
					return
				}
				var cuts []string
				s := armtest.Measured(t, openStack(kind.impl, kind.stack, depth, n, kind.park), func(why string) { cuts = append(cuts, why) })
				if cuts == nil && (s.Ops != n || s.Figures["tasks"] != n) {
					t.Errorf("%d ops, %v tasks, want %d", s.Ops, s.Figures["tasks"], n)
				}
				// A depth is touched, so it is resident, by a task of its own, but
				// for what was resident before: the rest of a huge page.
				least, most := float64(depth), float64(4*depth+256<<10)
				if thp, err := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled"); err == nil && strings.Contains(string(thp), "[always]") {
					least -= hugePages / n
				}
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

// TestStackProof compares counts with what should be held.
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
		armtest.Says(t, test.name, a.prove(test.alive, test.stacks), test.want)
	}
}
