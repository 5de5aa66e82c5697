package wakeup

import (
	"slices"
	"testing"

	"threadbench/bench/internal/armtest"
)

// TestSchedule: the same always, and never two instants close to each other.
func TestSchedule(t *testing.T) {
	const start = 1_000_000_000
	at := schedule(start, wakeups)
	if !slices.Equal(at, schedule(start, wakeups)) {
		t.Error("two schedules differ")
	}
	if at[0] < start || len(at) != wakeups {
		t.Errorf("%d instants from %d on", len(at), at[0])
	}
	jittered := false
	for i := range at[1:] {
		gap := at[i+1] - at[i]
		if gap < int64(wakeEvery)/2 || gap > int64(wakeEvery)*3/2 {
			t.Errorf("instant %d comes %d ns after the one before it", i+1, gap)
		}
		jittered = jittered || gap != at[1]-at[0]
	}
	if !jittered {
		t.Error("all gaps are alike")
	}
}

func TestHogged(t *testing.T) {
	both := map[int]bool{0: true, 3: true}
	for _, test := range []struct {
		name   string
		chunks []int64
		seen   map[int]bool
		want   string
	}{
		{"both", []int64{hogLeast, 2 * hogLeast}, both, ""},
		{"one missing", []int64{hogLeast}, both, "expected a hog on each of CPUs [0 3], seen 1 hogs"},
		{"held", []int64{hogLeast, hogLeast}, nil, ""},
		{"one idle", []int64{hogLeast, hogLeast - 1}, both, "expected hog 2 of 2 to do at least 200 chunks of work, seen 199"},
		{"on one CPU", []int64{hogLeast, hogLeast}, map[int]bool{0: true}, "expected hogs on CPUs [0 3], seen on [0]"},
	} {
		armtest.Says(t, test.name, hogged(test.chunks, test.seen, []int{0, 3}), test.want)
	}
}

func TestGoHogs(t *testing.T) {
	chunks, cpus, err := goHogs(3)()
	if err != nil || len(chunks) != 3 || len(cpus) > 3 {
		t.Errorf("hogs that are stopped at once did %v chunks on %v, %v", chunks, cpus, err)
	}
}
