package threads

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"testing"
)

func TestLimitError(t *testing.T) {
	for _, test := range []struct {
		limit Limit
		want  string
	}{
		{
			Limit{Name: "pids.max", Where: "/sys/fs/cgroup/pids/x/pids.max", Value: 64, Used: 12, Room: 34, Remedy: "echo 9030 > /sys/fs/cgroup/pids/x/pids.max"},
			"pids.max 64 (/sys/fs/cgroup/pids/x/pids.max, 12 in use): 9000 threads wanted, 34 can be made; raise it: echo 9030 > /sys/fs/cgroup/pids/x/pids.max",
		},
		{
			Limit{Name: "SetMaxThreads", Value: 64, Used: 12, Room: 34, Remedy: "debug.SetMaxThreads(9030)"},
			"SetMaxThreads 64 (12 in use): 9000 threads wanted, 34 can be made; raise it: debug.SetMaxThreads(9030)",
		},
		{
			Limit{Name: "MemAvailable", Where: "/proc/meminfo", Value: 4096, Remedy: "add memory"},
			"MemAvailable 4096 (/proc/meminfo): 9000 threads wanted, 0 can be made; raise it: add memory",
		},
		{
			Limit{Name: "SetMaxThreads", Value: 64, Room: 34, Remedy: "debug.SetMaxThreads(9030)"},
			"SetMaxThreads 64: 9000 threads wanted, 34 can be made; raise it: debug.SetMaxThreads(9030)",
		},
	} {
		err := fmt.Errorf("making threads: %w", &LimitError{Limit: test.limit, Wanted: 9000})
		var met *LimitError
		if !errors.As(err, &met) || met.Limit != test.limit {
			t.Fatalf("%v: no LimitError found in it", err)
		}
		if got := met.Error(); got != test.want {
			t.Errorf("Error() = %q\nwant      %q", got, test.want)
		}
	}
}

// TestFill checks that the room keeps the reserve, and that the remedy's
// value gives room for just the threads wanted.
func TestFill(t *testing.T) {
	kept := reserve()
	for _, test := range []struct {
		name        string
		value, used int64
		each        int64
		room        int64
	}{
		{"some left", 1000, 100, 1, 900 - kept},
		{"two each", 1000, 100, 2, 450 - kept},
		{"the last that fits is not made of halves", 1001, 100, 2, 450 - kept},
		{"just the reserve", 100 + kept, 100, 1, 0},
		{"one over the reserve", 101 + kept, 100, 1, 1},
		{"less than the reserve", 101, 100, 1, 0},
		{"none left", 100, 100, 1, 0},
		{"lowered below its use", 50, 100, 1, 0},
		{"each takes more than there is", 1000, 100, math.MaxInt64, 0},
		{"as large as can be", math.MaxInt64, 0, 1, math.MaxInt64 - kept},
	} {
		t.Run(test.name, func(t *testing.T) {
			need := Need{Threads: 5000}
			got := need.fill(Limit{Value: test.value, Used: test.used}, test.each, "%d")
			if got.Room != test.room {
				t.Errorf("Room = %d, want %d", got.Room, test.room)
			}
			var raised int64
			if _, err := fmt.Sscan(got.Remedy, &raised); err != nil {
				t.Fatal(err)
			}
			if raised == math.MaxInt64 {
				return // nothing is enough
			}
			if r := need.fill(Limit{Value: raised, Used: test.used}, test.each, "%d").Room; r != 5000 {
				t.Errorf("the remedy's %d gives room for %d threads, want 5000", raised, r)
			}
		})
	}
}

func TestTightest(t *testing.T) {
	small, large := Limit{Name: "small", Room: 100}, Limit{Name: "large", Room: 200}
	for _, test := range []struct {
		threads int
		all     []Limit
		n       int
		limit   Limit
	}{
		{50, nil, 50, Limit{}},
		{50, []Limit{small, large}, 50, Limit{}},
		{100, []Limit{small, large}, 100, Limit{}},
		{101, []Limit{small, large}, 100, small},
		{101, []Limit{large, small}, 100, small},
		{1000, []Limit{{}, small}, 0, Limit{}},
		{0, []Limit{{}}, 0, Limit{}},
	} {
		if n, limit := tightest(Need{Threads: test.threads}, test.all); n != test.n || limit != test.limit {
			t.Errorf("tightest(%d, %v) = %d, %v; want %d, %v", test.threads, test.all, n, limit, test.n, test.limit)
		}
	}
}

// find is the first limit of a name.
func find(all []Limit, name string) (Limit, bool) {
	i := slices.IndexFunc(all, func(l Limit) bool { return l.Name == name })
	if i < 0 {
		return Limit{}, false
	}
	return all[i], true
}

func TestSetMaxThreads(t *testing.T) {
	const setting = 54321 // the runtime ends the process if more threads than that are there
	before := debug.SetMaxThreads(setting)
	defer debug.SetMaxThreads(before)

	all, err := Limits(Need{Threads: 1 << 30, Runtime: true})
	if err != nil {
		t.Fatal(err)
	}
	l, ok := find(all, "SetMaxThreads")
	if !ok || l.Value != setting || l.Used < 1 || l.Room != setting-l.Used-reserve() {
		t.Errorf("SetMaxThreads = %+v, found %v; want value %d, what is left of it as room", l, ok, setting)
	}
	if want := fmt.Sprintf("debug.SetMaxThreads(%d)", 1<<30+l.Used+reserve()); l.Remedy != want {
		t.Errorf("Remedy = %q, want %q", l.Remedy, want)
	}
	if !slices.IsSortedFunc(all, byRoom) {
		t.Errorf("Limits are not in the order of their room: %+v", all)
	}
	if runtime.GOOS != "linux" && len(all) != 1 {
		t.Errorf("Limits = %+v, want SetMaxThreads alone", all)
	}

	if all, err := Limits(Need{Threads: 1 << 30}); err != nil {
		t.Error(err)
	} else if l, ok := find(all, "SetMaxThreads"); ok {
		t.Errorf("a thread that the runtime doesn't make is bound by %+v", l)
	}

	var lookups sync.WaitGroup
	for range 20 {
		lookups.Go(func() {
			if _, _, err := Headroom(Need{Threads: 1, Runtime: true}); err != nil {
				t.Error(err)
			}
		})
	}
	lookups.Wait()
	if left := debug.SetMaxThreads(setting); left != setting {
		t.Errorf("lookups left SetMaxThreads at %d, want %d", left, setting)
	}
}

func TestHeadroom(t *testing.T) {
	const setting = 20000
	before := debug.SetMaxThreads(setting)
	defer debug.SetMaxThreads(before)
	n, limit, err := Headroom(Need{Threads: 1 << 30, Runtime: true})
	if err != nil {
		t.Fatal(err)
	}
	if limit.Name == "" || int64(n) != limit.Room || n > setting {
		t.Errorf("Headroom = %d, %+v; want at most %d and the limit that says so", n, limit, setting)
	}
	if n, limit, err := Headroom(Need{}); n != 0 || limit != (Limit{}) || err != nil {
		t.Errorf("Headroom of no threads = %d, %+v, %v; want 0 and no limit", n, limit, err)
	}
}

func TestNegativeNeed(t *testing.T) {
	for _, need := range []Need{{Threads: -1}, {MapsPerThread: -1}, {BytesPerThread: -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Limits(%+v) did not panic", need)
				}
			}()
			Limits(need)
		}()
	}
}
