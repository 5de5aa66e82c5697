package turns

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"threadbench/bench/lockstep"
)

// spec has short turns, so that a run takes many of them.
func spec(name string, how How, n int) Spec {
	return Spec{Name: name, How: how, N: n, CPU: -1, Procs: 2, Turn: time.Millisecond, Ran: 40 * time.Millisecond, Limit: time.Minute}
}

// TestRound measures benchmarks of all kinds in each way.
func TestRound(t *testing.T) {
	for _, test := range []struct {
		name  string
		skip  []string
		units string // in order; "" if there is an error
		notes string
		err   string
	}{
		{name: "BenchmarkLoop", units: "ns/op iterations B/op allocs/op"},
		{name: "BenchmarkBLoop", units: "ns/op iterations B/op allocs/op"},
		{name: "BenchmarkDots", units: "ns/op B/op allocs/op"},
		{name: "BenchmarkPrints", units: "ns/op B/op allocs/op"},
		{name: "BenchmarkNaN", units: "ns/op nuts/op B/op allocs/op", notes: "it reports NaN frobs/op, which is left out; it reports +Inf knobs, which is left out"},
		{name: "BenchmarkGroup/route:/a", skip: []string{"BenchmarkGroup/route:/a/b"}, units: "ns/op iterations B/op allocs/op"},
		{name: "BenchmarkGroup/route:/a/b", units: "ns/op iterations B/op allocs/op"},
		{name: "BenchmarkGroup/same#01", units: "ns/op iterations B/op allocs/op"},
		{name: "BenchmarkForges", err: `may be`},
		{name: "BenchmarkSkips", err: "printed no result: it was skipped"},
		{name: "BenchmarkNowhere", err: "it no longer exists"},
		{name: "BenchmarkGroup/fails", err: "not well"},
		{name: "BenchmarkPanics/second", err: "at the disco"},
	} {
		for _, how := range []How{Turns, Slices, Processes} {
			t.Run(test.name+" in "+string(how), func(t *testing.T) {
				s := spec(test.name, how, 300)
				s.Skip = test.skip
				p := standIn(t)
				programs, order := []Program{p, p, p}, []int{2, 0, 1}
				if how == Slices { // a turn must hold several, with the collections before them
					s.N, s.Turn, s.Ran = 2, 50*time.Millisecond, 150*time.Millisecond
					programs, order = programs[:2], []int{1, 0}
				} else {
					t.Parallel()
				}
				got, err := Round(context.Background(), programs, order, s)
				for err == nil && how == Slices && slices.ContainsFunc(got, func(r Reading) bool { return tooShort(r.Err, &s) }) {
					got, err = Round(context.Background(), programs, order, s)
				}
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range got {
					if test.err != "" {
						if r.Err == nil || !strings.Contains(r.Err.Error(), test.err) {
							t.Errorf("error %v, want one that says %q", r.Err, test.err)
						}
						continue
					}
					if r.Err != nil {
						t.Fatal(r.Err)
					}
					if how == Slices && r.Slices < 3 {
						t.Errorf("the medians are of %d results", r.Slices)
					}
					if n, ok := r.Values["iterations"]; ok && n != float64(s.N) {
						t.Errorf("%v iterations, want %d", n, s.N)
					}
					if ns := r.Values["ns/op"]; !(ns > 0) {
						t.Errorf("%v ns/op", ns)
					}
					if ran := float64(r.Ran); how == Turns && r.Values["ns/op"]*float64(s.N) > ran {
						t.Errorf("%v ns/op is more than the %v that it was let run", r.Values["ns/op"], r.Ran)
					}
					fields := strings.Fields(r.Line)
					if want := test.name + "-2"; fields[0] != want || fields[1] != strconv.Itoa(s.N) {
						t.Errorf("line %q, want %s %d", r.Line, want, s.N)
					}
					var units []string
					for i := 3; i < len(fields); i += 2 {
						units = append(units, fields[i])
					}
					if u := strings.Join(units, " "); u != test.units {
						t.Errorf("units %s, want %s", u, test.units)
					}
					if n := strings.Join(r.Notes, "; "); n != test.notes {
						t.Errorf("notes %q, want %q", n, test.notes)
					}
				}
			})
		}
	}
}

// tooShort tells whether slices found too little in their time, for example on
// a busy machine. It doubles their time, up to some seconds.
func tooShort(err error, s *Spec) bool {
	if err == nil || s.Turn > time.Second || !strings.Contains(err.Error(), "between two stops") && !strings.Contains(err.Error(), "had no result in") {
		return false
	}
	s.Turn, s.Ran = 2*s.Turn, 2*s.Ran
	return true
}

// TestOneFails has one program of three fail. The others go on.
func TestOneFails(t *testing.T) {
	for _, how := range []How{Turns, Processes} {
		good, bad := standIn(t), standIn(t, failVariable+"=1")
		missing := Program{Path: filepath.Join(t.TempDir(), "none")}
		got, err := Round(context.Background(), []Program{good, bad, missing, good}, []int{2, 1, 0, 3}, spec("BenchmarkLoop", how, 200))
		if err != nil {
			t.Fatal(err)
		}
		if got[1].Err == nil || !strings.Contains(got[1].Err.Error(), "told to fail") {
			t.Errorf("%s: the one that fails: %v", how, got[1].Err)
		}
		if !errors.Is(got[2].Err, os.ErrNotExist) {
			t.Errorf("%s: the one that isn't there: %v", how, got[2].Err)
		}
		for _, i := range []int{0, 3} {
			if got[i].Err != nil || got[i].Values["iterations"] != 200 {
				t.Errorf("%s: program %d: %v, %v", how, i, got[i].Values, got[i].Err)
			}
		}
	}
}

// TestEndsEarly has processes of different lengths.
func TestEndsEarly(t *testing.T) {
	if !Supported {
		t.Skip("takes the signals to stop a process")
	}
	p := standIn(t)
	specs := []Spec{spec("BenchmarkLoop", Turns, 1), spec("BenchmarkLoop", Turns, 2000), spec("BenchmarkLoop", Turns, 50)}
	got, err := round(context.Background(), []Program{p, p, p}, []int{0, 1, 2}, specs)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got {
		if r.Err != nil || r.Values["iterations"] != float64(specs[i].N) {
			t.Errorf("of %d iterations: %v, %v", specs[i].N, r.Values, r.Err)
		}
	}
}

// TestTakesTurns compares what processes write with their turns: none runs in
// another's turn.
func TestTakesTurns(t *testing.T) {
	if !Supported {
		t.Skip("takes the signals to stop a process")
	}
	ctx := context.Background()
	dir := t.TempDir()
	var all []*process
	for range 3 {
		s := spec("BenchmarkStamps", Turns, 2000)
		p, err := start(ctx, standIn(t, logVariable+"="+dir), s, s.arguments())
		if err != nil {
			t.Fatal(err)
		}
		defer p.end()
		p.turn(ctx, 0)
		all = append(all, p)
	}
	takeTurns(ctx, append([]*process(nil), all...))
	type turn struct{ from, to int64 }
	turnsOf := func(p *process) (ts []turn) {
		for _, s := range p.turns {
			ts = append(ts, turn{p.begun.Add(s.from).UnixNano(), p.begun.Add(s.to).UnixNano()})
		}
		return ts
	}
	for i, p := range all {
		text, err := os.ReadFile(filepath.Join(dir, strconv.Itoa(p.os.Pid)))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Fields(string(text))
		if len(lines) != 2001 { // one line, and 2000
			t.Errorf("process %d ran %d iterations", i, len(lines))
		}
		if len(p.turns) < 2 {
			t.Errorf("process %d had %d turns", i, len(p.turns))
		}
		for k, other := range all {
			for _, their := range turnsOf(other) {
				for _, mine := range turnsOf(p) {
					if i != k && mine.from < their.to && their.from < mine.to {
						t.Fatalf("turns %v of %d and %v of %d overlap", mine, i, their, k)
					}
				}
				for _, l := range lines {
					if at, err := strconv.ParseInt(l, 10, 64); i != k && at > their.from && at < their.to {
						t.Fatalf("process %d ran in a turn of %d: %d, %v; %v", i, k, at, their, err)
					}
				}
			}
		}
	}
}

// TestLimit measures a benchmark without an end.
func TestLimit(t *testing.T) {
	for _, how := range []How{Turns, Slices, Processes} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			s := spec("BenchmarkEndless", how, 10)
			s.Limit, s.Ran = 300*time.Millisecond, time.Hour
			p := standIn(t, logVariable+"="+dir)
			got, err := Round(context.Background(), []Program{p, p}, []int{0, 1}, s)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range got {
				if r.Err == nil || !strings.Contains(r.Err.Error(), "it ran for 300ms and had not ended") {
					t.Errorf("error %v", r.Err)
				}
			}
			gone(t, dir, 0)
		})
	}
}

// TestCancelled ends rounds while their processes run.
func TestCancelled(t *testing.T) {
	for _, how := range []How{Turns, Slices, Processes} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			cause := errors.New("stopped by the test")
			ctx, cancel := context.WithCancelCause(context.Background())
			s := spec("BenchmarkEndless", how, 10)
			s.Ran = time.Hour
			p := standIn(t, logVariable+"="+dir)
			want := 4
			if how == Processes {
				want = 2
			}
			go func() {
				there(dir, want)
				cancel(cause)
			}()
			if _, err := Round(ctx, []Program{p, p}, []int{0, 1}, s); !errors.Is(err, cause) {
				t.Errorf("error %v, want the context's cause", err)
			}
			gone(t, dir, want)
		})
	}
}

// there waits until that many processes have written that they are there.
func there(dir string, n int) {
	for begin := time.Now(); time.Since(begin) < time.Minute; time.Sleep(time.Millisecond) {
		if files, _ := os.ReadDir(dir); len(files) >= n {
			return
		}
	}
}

// gone fails unless all processes that wrote that they were there have ended.
// There must be at least that many.
func gone(t *testing.T, dir string, least int) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) < least {
		t.Fatalf("%d processes were there, want %d: %v", len(files), least, err)
	}
	for _, f := range files {
		pid, err := strconv.Atoi(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for begin := time.Now(); !lockstep.Gone(pid); time.Sleep(time.Millisecond) {
			if time.Since(begin) > time.Minute {
				t.Fatalf("process %d is left", pid)
			}
		}
	}
}

// TestOneCPU measures on one CPU, and gives the others back afterwards.
func TestOneCPU(t *testing.T) {
	before, err := lockstep.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	s := spec("BenchmarkLoop", Turns, 200)
	s.CPU, s.Procs = before[len(before)-1], 1
	p := standIn(t)
	got, err := Round(context.Background(), []Program{p, p}, []int{0, 1}, s)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range got {
		if r.Err != nil || !strings.HasPrefix(r.Line, "BenchmarkLoop 200 ") {
			t.Errorf("%q, %v", r.Line, r.Err)
		}
	}
	if after, err := lockstep.AllowedCPUs(); err != nil || len(after) != len(before) {
		t.Errorf("CPUs %v, had %v: %v", after, before, err)
	}
}
