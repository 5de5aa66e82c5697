package suite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"

	"threadbench/bench"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

func lookup(t *testing.T, name string) measure.Case {
	t.Helper()
	c, ok := bench.Families.Lookup(name)
	if !ok {
		t.Fatalf("no case %s", name)
	}
	return c
}

func TestConclude(t *testing.T) {
	c := lookup(t, "Switch/impl=clone/via=futex/place=same")
	const name = "Switch/impl=clone/via=futex/place=same"
	ref := &measure.Reading{Ops: 7, Primary: []float64{100, 200, 400}, Timed: true}
	for _, test := range []struct {
		what    string
		got     measure.Reading
		ref, aa *measure.Reading
		line    string
		notes   []note
	}{
		{
			what: "beside its goroutine arm", got: measure.Reading{Ops: 9000, Timed: true, Primary: []float64{1000, 4000, 2000}, Figures: map[string]float64{"threads/op": 0, "kernel-switches/op": 1.25}}, ref: ref,
			line: "Benchmark" + name + " 9000 2000 ns/op 10 x-goroutine 1.25 kernel-switches/op 0 threads/op\n",
		},
		{
			what: "alone", got: measure.Reading{Ops: 1, Timed: true, Primary: []float64{1234567.89}},
			line: "Benchmark" + name + " 1 1.23457e+06 ns/op\n",
		},
		{
			what: "beside a goroutine arm that failed", got: measure.Reading{Ops: 1, Timed: true, Primary: []float64{5}}, ref: &measure.Reading{Err: errors.New("failed")},
			line: "Benchmark" + name + " 1 5 ns/op\n",
		},
		{
			what: "with an A/A", got: *ref, ref: ref, aa: &measure.Reading{Primary: []float64{110, 180, 400}},
			line: "Benchmark" + name + " 7 200 ns/op 1 x-goroutine 1 x-self\n",
		},
		{
			what: "with an A/A that failed", got: *ref, ref: ref, aa: &measure.Reading{Err: errors.New("failed")},
			line: "Benchmark" + name + " 7 200 ns/op 1 x-goroutine\n", notes: []note{{"failed", name, "measured once more, for x-self: failed"}},
		},
		{
			what: "with an A/A that was left out", got: *ref, ref: ref, aa: &measure.Reading{Err: lockstep.Skipf("no room")},
			line: "Benchmark" + name + " 7 200 ns/op 1 x-goroutine\n", notes: []note{{"cut", name, "measured once more, for x-self: no room"}},
		},
		{
			what: "beyond all bounds", got: measure.Reading{Ops: 1, Timed: true, Primary: []float64{2e100}},
			notes: []note{{"failed", name, "the worker answered nonsense: reading results this line:2: Benchmark" + name + ": 2e+100 ns/op is no figure between -1e+100 and 1e+100; delete the line, or run again"}},
		},
		{
			what: "with a unit of its own twice", got: measure.Reading{Ops: 1, Timed: true, Primary: []float64{5}, Figures: map[string]float64{"ns/op": 6}},
			notes: []note{{"failed", name, "the worker answered nonsense: reading results this line:2: Benchmark" + name + ": the unit ns/op stands twice in the line; delete one of the two"}},
		},
		{
			what: "of memory", got: measure.Reading{Ops: 40, Primary: []float64{300}, Cuts: []string{"only 40 fit"}, Figures: map[string]float64{"user-B/task": 100, "kernel-B/task": 200}}, ref: &measure.Reading{Primary: []float64{100}},
			line: "Benchmark" + name + " 40 3 x-goroutine 200 kernel-B/task 100 user-B/task\n", notes: []note{{"cut", name, "only 40 fit"}},
		},
		{
			what: "of a few ops", got: measure.Reading{Ops: 40, Timed: true, Primary: []float64{300}, Unproven: "40 ops are too few for its evidence, which takes 1000"},
			line: "Benchmark" + name + " 40 300 ns/op\n", notes: []note{{"cut", name, "unproven: 40 ops are too few for its evidence, which takes 1000"}},
		},
		{
			what: "of a count", got: measure.Reading{Ops: 1000, Figures: map[string]float64{"syscalls/op": 0}}, ref: &measure.Reading{}, aa: &measure.Reading{},
			line: "Benchmark" + name + " 1000 0 syscalls/op\n",
		},
		{
			what: "left out", got: measure.Reading{Err: lockstep.Skipf("no room"), Cuts: []string{"only 40 fit"}}, ref: ref,
			notes: []note{{"cut", name, "only 40 fit"}, {"skip", name, "no room"}},
		},
		{
			what: "something else", got: measure.Reading{Err: &measure.EvidenceError{Evidence: measure.Evidence{Count: "kernel-switches"}, N: 1000, Expected: 1000, Seen: 3}}, ref: ref,
			notes: []note{{"failed", name, "expected 1000 kernel-switches of 1000 ops, give or take 0; seen 3"}},
		},
	} {
		o := conclude(c, &test.got, test.ref, test.aa)
		if o.line != test.line {
			t.Errorf("%s: line %q, want %q", test.what, o.line, test.line)
		}
		if !slices.Equal(o.notes, test.notes) {
			t.Errorf("%s: notes %q, want %q", test.what, o.notes, test.notes)
		}
	}
}

func TestExplain(t *testing.T) {
	for _, test := range []struct {
		err          error
		kind, reason string
	}{
		{lockstep.Skipf("no room"), "skip", "no room"},
		{fmt.Errorf("starting: %w", lockstep.Skipf("no room")), "skip", "no room"},
		{errors.New("broke\n\tdown"), "failed", "broke down"},
		{&lockstep.WorkerError{What: "the worker hung", Killed: true}, "failed", "the worker hung"},
		{&lockstep.WorkerError{What: "the worker died: runtime: failed to create new OS thread (have 9 already; errno=11)", Killed: true}, "skip", "failed to create new OS thread"},
		{&lockstep.WorkerError{What: "starting a raw thread: clone: resource temporarily unavailable; raise it"}, "skip", "resource temporarily unavailable"},
		{fmt.Errorf("starting worker: %w", syscall.EAGAIN), "skip", "starting worker: "},
		{errors.New("it says resource temporarily unavailable, and is no worker"), "failed", "no worker"},
	} {
		kind, reason := explain(test.err)
		// A limit that has no room at this moment is named instead.
		if kind != test.kind || !strings.Contains(reason, test.reason) && !strings.Contains(reason, "raise it: ") {
			t.Errorf("explain(%v) = %s, %q, want %s and %q", test.err, kind, reason, test.kind, test.reason)
		}
	}
}

// TestForbiddenCPU measures at a site with a CPU that doesn't exist, as on a
// system that lets no process choose: each case is left out.
func TestForbiddenCPU(t *testing.T) {
	const none = 1023
	cpus := site(t).CPUs
	if slices.Contains(cpus, none) {
		t.Skipf("this process may use CPU %d", none)
	}
	m := &machine{worker: tools(t) + "/worker", Session: measure.Session{Site: measure.Site{CPUs: append(slices.Clone(cpus), none), CPU: none}}}
	for _, name := range []string{"Create/impl=goroutine/mode=reused", "Create/impl=clone/mode=cold"} {
		c := lookup(t, name)
		outcomes, err := m.measureGroup(context.Background(), group{cases: []measure.Case{c}, ref: -1}, Profiles[0], 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(outcomes) != 1 || outcomes[0].line != "" || len(outcomes[0].notes) != 1 || outcomes[0].notes[0].kind != "skip" || !strings.Contains(outcomes[0].notes[0].reason, "CPU") {
			t.Errorf("%s on a CPU that isn't there: %+v", name, outcomes)
		}
	}
}
