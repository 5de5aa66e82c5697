package lockstep

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A scriptedArm reports the ops that it was asked for, or fails as scripted.
type scriptedArm struct {
	runs     []int
	run      error // of Run
	close    error // of Close
	closings int
}

func (a *scriptedArm) Run(n int) (Slice, error) {
	a.runs = append(a.runs, n)
	return Slice{Ops: n, Elapsed: 7 * time.Nanosecond, Counts: map[string]int64{"b": 2, "a": -1}, Figures: map[string]float64{"x-y": 0.5}}, a.run
}

func (a *scriptedArm) Close() error {
	a.closings++
	return a.close
}

func TestServe(t *testing.T) {
	failure := errors.New("two\n  lines")
	const done2 = "done 2 7 +a=-1 +b=2 x-y=0.5\n"
	for _, test := range []struct {
		name     string
		in       string
		arm      scriptedArm
		open     error
		cut      string
		out      string
		code     int
		runs     []int
		closings int
	}{
		{name: "runs and closes", in: "run 2\nrun 2\nclose\n", out: "ready\n" + done2 + done2 + "closed\n", runs: []int{2, 2}, closings: 1},
		{name: "closed before any run", in: "close\n", out: "ready\nclosed\n", closings: 1},
		{name: "nothing after close is heard", in: "close\nrun 2\n", out: "ready\nclosed\n", closings: 1},
		{name: "the end of its input ends it", in: "run 2\n", out: "ready\n" + done2 + "closed\n", runs: []int{2}, closings: 1},
		{name: "an order without its newline counts", in: "run 2", out: "ready\n" + done2 + "closed\n", runs: []int{2}, closings: 1},
		{name: "no input at all", out: "ready\nclosed\n", closings: 1},
		{name: "skips", in: "run 2\n", open: Skipf("no room\nfor %d", 3), out: "skip no room for 3\n"},
		{name: "a wrapped skip is one, too", open: fmt.Errorf("opening: %w", Skipf("none")), out: "skip opening: none\n"},
		{name: "can't open", in: "run 2\n", open: failure, out: "error two lines\n", code: 1},
		{name: "is cut", in: "close\n", cut: "only\n4 fit", out: "cut only 4 fit\nready\nclosed\n", closings: 1},
		{name: "is cut and then skips", cut: "only 4 fit", open: Skipf("none"), out: "cut only 4 fit\nskip none\n"},
		{name: "an order that is none", in: "walk 2\n", out: "ready\nerror unknown order \"walk\"\n", code: 1, closings: 1},
		{name: "an empty order", in: "\n", out: "ready\nerror unknown order \"\"\n", code: 1, closings: 1},
		{name: "no ops", in: "run 0\n", out: "ready\nerror running \"0\" ops: not a positive whole number\n", code: 1, closings: 1},
		{name: "fewer than none", in: "run -3\n", out: "ready\nerror running \"-3\" ops: not a positive whole number\n", code: 1, closings: 1},
		{name: "a number of ops that is none", in: "run 1e3\n", out: "ready\nerror running \"1e3\" ops: not a positive whole number\n", code: 1, closings: 1},
		{name: "no number of ops", in: "run\n", out: "ready\nerror running \"\" ops: not a positive whole number\n", code: 1, closings: 1},
		{name: "the arm fails", in: "run 2\nrun 2\n", arm: scriptedArm{run: failure}, out: "ready\nerror two lines\n", code: 1, runs: []int{2}, closings: 1},
		{name: "the arm skips in mid-run", in: "run 2\n", arm: scriptedArm{run: Skipf("late")}, out: "ready\nerror late\n", code: 1, runs: []int{2}, closings: 1},
		{name: "the arm leaves something behind", in: "close\n", arm: scriptedArm{close: failure}, out: "ready\nerror two lines\n", code: 1, closings: 1},
		{name: "the arm leaves something behind at the end of its input", arm: scriptedArm{close: failure}, out: "ready\nerror two lines\n", code: 1, closings: 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			arm := test.arm
			var out bytes.Buffer
			code := Serve(strings.NewReader(test.in), &out, func(cut func(string)) (Arm, error) {
				if test.cut != "" {
					cut(test.cut)
				}
				if test.open != nil {
					return nil, test.open
				}
				return &arm, nil
			})
			if code != test.code {
				t.Errorf("exit code %d, want %d", code, test.code)
			}
			if d := cmp.Diff(test.out, out.String()); d != "" {
				t.Errorf("said (-want +got):\n%s", d)
			}
			if d := cmp.Diff(test.runs, arm.runs); d != "" {
				t.Errorf("runs (-want +got):\n%s", d)
			}
			if arm.closings != test.closings {
				t.Errorf("the arm was closed %d times, want %d", arm.closings, test.closings)
			}
		})
	}
}

func TestParseSliceReadsLineBack(t *testing.T) {
	for _, s := range []Slice{
		{Ops: 1},
		{Ops: math.MaxInt, Elapsed: math.MaxInt64},
		{Ops: 1000, Elapsed: 1500 * time.Microsecond, Counts: map[string]int64{"kernel-switches": 2001, "threads": -1, "low": math.MinInt64}},
		{Ops: 9000, Figures: map[string]float64{"user-B/task": 2751.25, "kernel-B/task": -0.1, "tasks": 9000, "tiny": 5e-324, "huge": math.MaxFloat64}},
		{Ops: 3, Elapsed: 4, Counts: map[string]int64{"a": 1}, Figures: map[string]float64{"a": 1}},
	} {
		line := s.line()
		rest, ok := strings.CutPrefix(line, "done ")
		if !ok || strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "\n") {
			t.Errorf("%+v is written as %q, want one line that begins with done", s, line)
			continue
		}
		got, err := parseSlice(strings.TrimSuffix(rest, "\n"))
		if err != nil {
			t.Errorf("reading %q back: %v", line, err)
			continue
		}
		if d := cmp.Diff(withMaps(s), got); d != "" {
			t.Errorf("%q reads back (-want +got):\n%s", line, d)
		}
	}
}

// withMaps returns the slice with empty maps in place of nil ones, as parseSlice
// makes them.
func withMaps(s Slice) Slice {
	if s.Counts == nil {
		s.Counts = map[string]int64{}
	}
	if s.Figures == nil {
		s.Figures = map[string]float64{}
	}
	return s
}

func TestParseSliceRefusesWhatIsNotFinite(t *testing.T) {
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		line := Slice{Ops: 1, Figures: map[string]float64{"x": x}}.line()
		if s, err := parseSlice(strings.TrimPrefix(line, "done ")); err == nil {
			t.Errorf("%q reads as %+v, want an error", line, s)
		}
	}
}

func TestParseSliceRefuses(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"", "OPS and NS are missing"},
		{"   ", "OPS and NS are missing"},
		{"5", "OPS and NS are missing"},
		{"five 5", "OPS is not a positive whole number"},
		{"0 5", "OPS is not a positive whole number"},
		{"-1 5", "OPS is not a positive whole number"},
		{"1.5 5", "OPS is not a positive whole number"},
		{"99999999999999999999 5", "OPS is not a positive whole number"},
		{"5 -1", "NS is not a whole number of 0 or more"},
		{"5 1.5", "NS is not a whole number of 0 or more"},
		{"5 1ms", "NS is not a whole number of 0 or more"},
		{"5 5 x", `"x" is not NAME=VALUE`},
		{"5 5 =1", `"=1" is not NAME=VALUE`},
		{"5 5 +=1", `"+=1" is not NAME=VALUE`},
		{"5 5 +x", `"+x" is not NAME=VALUE`},
		{"5 5 +x=", `"+x=" is not a whole number`},
		{"5 5 +x=1.5", `"+x=1.5" is not a whole number`},
		{"5 5 +x=y=1", `"+x=y=1" is not a whole number`},
		{"5 5 x=", `"x=" is not a finite number`},
		{"5 5 x=one", `"x=one" is not a finite number`},
		{"5 5 x=NaN", `"x=NaN" is not a finite number`},
		{"5 5 x=-Inf", `"x=-Inf" is not a finite number`},
		{"5 5 x=1e999", `"x=1e999" is not a finite number`},
	} {
		s, err := parseSlice(test.line)
		if err == nil {
			t.Errorf("parseSlice(%q) = %+v, want an error", test.line, s)
			continue
		}
		for _, want := range []string{test.want, fmt.Sprintf("%q", test.line)} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("parseSlice(%q): %v, want it to say %s", test.line, err, want)
			}
		}
	}
}

// FuzzParseSlice feeds the coordinator any answer: a slice that it accepts is valid,
// and reads back as the same.
func FuzzParseSlice(f *testing.F) {
	for _, s := range []string{
		"", "1 0", "5 7 +a=1 b=0.5", "5 7 ++a=1", "1 1 x=NaN", "1 1 x=0x1p-2", "1 1 x==1", "1 1 +x=1 +x=2",
		"9223372036854775807 9223372036854775807", "1 1 \xff=1", "1 1\u00a0x=1", "1 1 x=-0",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		s, err := parseSlice(line)
		if err != nil {
			return
		}
		if s.Ops < 1 || s.Elapsed < 0 {
			t.Errorf("parseSlice(%q) = %+v, want ops from 1 and time from 0", line, s)
		}
		for name, x := range s.Figures {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				t.Errorf("parseSlice(%q): %s is %v, want a finite number", line, name, x)
			}
		}
		again, err := parseSlice(strings.TrimSuffix(strings.TrimPrefix(s.line(), "done "), "\n"))
		if err != nil {
			t.Fatalf("parseSlice(%q) is written as %q: %v", line, s.line(), err)
		}
		if d := cmp.Diff(s, again); d != "" {
			t.Errorf("parseSlice(%q), written and read again (-first +second):\n%s", line, d)
		}
	})
}
