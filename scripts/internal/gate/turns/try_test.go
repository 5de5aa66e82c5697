package turns

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestChoose(t *testing.T) {
	if !Supported {
		t.Skip("all is Processes here")
	}
	at1 := Trial{N: 1, Wall: 50 * ms, CPU: 50 * ms, GC: 5 * ms}
	whole := Trial{N: 1000, Wall: 350 * ms, CPU: 360 * ms, GC: 15 * ms, Timed: 290 * ms}
	with := func(change func(*Trial)) Trial {
		t := whole
		change(&t)
		return t
	}
	for _, test := range []struct {
		what     string
		atN      Trial
		units    []string
		parallel bool
		reason   string
	}{
		{"one CPU", whole, nil, false, ""},
		{"a collector on the other CPU", with(func(t *Trial) { t.CPU, t.GC = 550*ms, 205*ms }), nil, false, ""},
		{"two CPUs", with(func(t *Trial) { t.CPU = 600 * ms }), nil, true, ""},
		{"no longer than a single iteration", Trial{N: 2, Wall: 60 * ms, CPU: 59 * ms, Timed: 9}, nil, false, ""},
		{"parallel, and no longer than that", Trial{N: 1, Wall: 60 * ms, CPU: 110 * ms, Timed: 9}, nil, true, ""},
		{"sleeps", with(func(t *Trial) { t.CPU = 200 * ms }), nil, false, "it waits: it uses a CPU for 57% of its time"},
		{"children", with(func(t *Trial) { t.Children = true }), nil, false, "it starts other processes"},
		{"a clock that stops", with(func(t *Trial) { t.Halting = true }), nil, false, "its clock stops between iterations"},
		{"a clock of its own", with(func(t *Trial) { t.Own = true }), nil, false, "not a time that package testing measured"},
		{"no clock", with(func(t *Trial) { t.Timed = 0 }), nil, false, "it reports no ns/op"},
		{"no clock, and none that decides", with(func(t *Trial) { t.Timed = 0 }), []string{"B/op"}, false, ""},
		{"a unit of its own", whole, []string{"ns/op", "p99-ns"}, false, "its p99-ns may be a time"},
	} {
		how, parallel, reason := Choose(at1, test.atN, 0, test.units...)
		if parallel != test.parallel || !strings.Contains(reason, test.reason) || (reason == "") != (test.reason == "") || (how == Processes) != (reason != "") {
			t.Errorf("%s: %s, parallel %v, %q; want %v, %q", test.what, how, parallel, reason, test.parallel, test.reason)
		}
	}
}

// TestBusy tells a benchmark that waits for a CPU from one that waits by
// itself.
func TestBusy(t *testing.T) {
	if !Supported {
		t.Skip("all is Processes here")
	}
	at1 := Trial{N: 1, Wall: 10 * ms, CPU: 5 * ms}
	for cpu, want := range map[time.Duration]How{150 * ms: Turns, 100 * ms: Processes} {
		at := Trial{N: 1000, Wall: 310 * ms, CPU: 5*ms + cpu, Timed: 290 * ms}
		if how, _, reason := Choose(at1, at, 1); how != want {
			t.Errorf("%v of 300 ms beside another process: %s, %q", cpu, how, reason)
		}
	}
}

// TestTry tries out the parts of Try that counts decide, and no times.
func TestTry(t *testing.T) {
	for _, test := range []struct {
		name     string
		n        int
		children bool
		reason   string
		err      string
	}{
		{name: "BenchmarkSleeps", n: 100, reason: "it waits"},
		{name: "BenchmarkChild", n: 2, children: true, reason: "it starts other processes"},
		{name: "BenchmarkLoop", n: 100},
		{name: "BenchmarkPanics/second", n: 100, err: "at the disco"},
		{name: "BenchmarkSkips", n: 100, err: "it was skipped"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := Try(context.Background(), standIn(t, logVariable+"="+t.TempDir()), spec(test.name, Turns, test.n))
			if err != nil {
				t.Fatal(err)
			}
			if test.err != "" {
				if got.Err == nil || !strings.Contains(got.Err.Error(), test.err) {
					t.Errorf("error %v, want one that says %q", got.Err, test.err)
				}
				return
			}
			if got.Err != nil {
				t.Fatal(got.Err)
			}
			if pins && got.Children != test.children {
				t.Errorf("children: %v", got.Children)
			}
			if got.N != test.n || got.Timed <= 0 || got.Wall < got.Timed || got.CPU <= 0 {
				t.Errorf("%+v", got)
			}
			if test.name != "BenchmarkSleeps" && got.GC <= 0 {
				t.Error("no trace of a collection, which testing makes before each run")
			}
			_, _, reason := Choose(Trial{N: 1}, got, 0)
			if test.reason != "" && pins && !strings.HasPrefix(reason, test.reason) {
				t.Errorf("reason %q, want %q", reason, test.reason)
			}
		})
	}
}

func TestClock(t *testing.T) {
	for _, test := range []struct {
		what         string
		seen         time.Duration
		halting, own bool
	}{
		{"sees the late stops alone", 50, false, false},
		{"and is slower for the stops", 80, false, false},
		{"faster", 40, false, false},
		{"sees its share of all of them", 215, true, false},
		{"sees no stop", 5, false, true},
		{"is much faster than it was", -60, false, true},
	} {
		if halting, own := clock(test.seen*ms, 100*ms, 50*ms); halting != test.halting || own != test.own {
			t.Errorf("%s: halting %v, own %v", test.what, halting, own)
		}
	}
}

func TestCollection(t *testing.T) {
	for line, want := range map[string]time.Duration{
		"gc 1 @0.038s 3%: 0.018+1.3+0.076 ms clock, 0.1+0.9/1.2/0.5+0.3 ms cpu, 4->4->1 MB, 4 MB goal, 0 MB stacks, 0 MB globals, 8 P": 3 * ms,
		"..gc 12 @1.5s 0%: 1+2+3 ms clock, 1+0/0/0+1 ms cpu, 4->4->1 MB, 4 MB goal, 8 P (forced)":                                      2 * ms,
		"gc 1 is not one": -1,
	} {
		got, ok := collection([]byte(line))
		if ok != (want >= 0) || ok && got.Round(time.Microsecond) != want {
			t.Errorf("%q: %v, %v", line, got, ok)
		}
	}
}

// TestCheckSlices checks that both figures are measured, not their values.
func TestCheckSlices(t *testing.T) {
	if !Supported {
		t.Skip("takes the signals to stop a process")
	}
	s := spec("BenchmarkLoop", Turns, 500)
	s.Turn, s.Ran = 50*ms, 150*ms
	got, err := CheckSlices(context.Background(), standIn(t), s, 4)
	for tooShort(err, &s) {
		got, err = CheckSlices(context.Background(), standIn(t), s, 4)
	}
	if err != nil {
		t.Fatal(err)
	}
	if !(got.Ratio > 0) || got.Spread < 0 {
		t.Errorf("%+v", got)
	}
	if _, err := CheckSlices(context.Background(), standIn(t), spec("BenchmarkSkips", Turns, 500), 4); err == nil {
		t.Error("one without a result is checked")
	}
}
