package stackgrow

import (
	"fmt"
	"os"
	"testing"

	"threadbench/bench/internal/armtest"
)

// TestGrowthProof compares counts with what should have grown.
func TestGrowthProof(t *testing.T) {
	for _, test := range []struct {
		name        string
		how         growing
		moves       int
		moved, held int
		want        string // of the error, "" for none
	}{
		{"cold", cold, 100, 100, 4096, ""},
		{"grown already", again, 0, 0, 4096, ""},
		{"reused", reused, 100, 100, 0, ""},
		{"half have moved", cold, 100, 50, 4096, "expected 100 of 100 stacks to be grown into another place, seen 50"},
		{"twice as many have moved", cold, 100, 200, 4096, "seen 200"},
		{"one has moved", again, 0, 1, 4096, "expected 0 of 100 stacks to be grown into another place, seen 1"},
		{"half the bytes", cold, 100, 100, 2048, "expected at least 4096 bytes of the runtime's stacks a task, seen 2048"},
		{"a new stack each", reused, 100, 100, 4096, "the runtime's stacks have grown by 4096 bytes a task"},
	} {
		armtest.Says(t, test.name, grown(test.how, 4096, 100, test.moves, test.moved, test.held), test.want)
	}
	const n, pagesEach = 1000, 4
	depth := pagesEach * os.Getpagesize()
	for _, test := range []struct {
		name   string
		faults int64
		want   string
	}{
		{"a fault a page", n * pagesEach, ""},
		{"half", n * pagesEach / 2, "give or take 210; seen 2000"},
		{"twice", 2 * n * pagesEach, "give or take 210; seen 8000"},
		{"none", 0, fmt.Sprintf("expected 4000 page faults for 1000 stacks of %d bytes", depth)},
	} {
		armtest.Says(t, test.name, faulted(depth, n, test.faults), test.want)
	}
	for _, stamps := range []int{n, 2*n - 1, 4 * n} {
		_, _, err := growth(make([]int64, stamps), n, nil)
		armtest.Says(t, "stamps", err, fmt.Sprintf("expected 2000 stamps of 1000 tasks, seen %d", stamps))
	}
}

// TestShrinkProof compares counts with what should have shrunk.
func TestShrinkProof(t *testing.T) {
	a := &shrinkArm{depth: 1 << 20, n: 64}
	armtest.Says(t, "deep", a.deep(64<<20), "")
	armtest.Says(t, "half as deep", a.deep(32<<20), "expected at least 58720256 bytes of stacks before the first collection, seen 33554432")
	for ran, want := range map[int64]string{1: "", 0: "expected one collection, seen 0", 2: "expected one collection, seen 2"} {
		armtest.Says(t, "collections", collected(ran), want)
	}
}
