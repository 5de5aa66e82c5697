package main

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const said = `# Running 'sched/pipe' benchmark:
# Executed 1000 pipe operations between two threads

     Total time: 0.009 [sec]

       9.590000 usecs/op
         104275 ops/sec
`

// perfSaid is the batch that perf's output is of.
func perfSaid(text string) (got batch, results int, err error) {
	line := perfLines()
	for l := range strings.Lines(text) {
		b, ok, e := line(strings.TrimSpace(l))
		if e != nil {
			return got, results, e
		}
		if ok {
			got, results = b, results+1
		}
	}
	return got, results, nil
}

func TestPerfLines(t *testing.T) {
	if got, results, err := perfSaid(said); got != (batch{2000, 4795}) || results != 1 || err != nil {
		t.Errorf("%v, %d results, %v; want 2000 ops of 4795 ns", got, results, err)
	}
	for what, text := range map[string]string{
		"processes":        strings.Replace(said, "threads", "processes", 1),
		"no time":          strings.Replace(said, "usecs/op", "usecs", 1),
		"no number":        strings.Replace(said, "9.590000", "fast", 1),
		"no time at all":   strings.Replace(said, "9.590000", "0.000000", 1),
		"not a number":     strings.Replace(said, "9.590000", "NaN", 1),
		"nothing whatever": "",
	} {
		if got, results, err := perfSaid(text); err == nil && results > 0 {
			t.Errorf("%s: %v", what, got)
		}
	}
}

func FuzzPerfLines(f *testing.F) {
	f.Add(said)
	f.Fuzz(func(t *testing.T, text string) {
		if got, results, err := perfSaid(text); err == nil && results > 0 && !(got.ops > 0 && got.nsPerOp > 0) {
			t.Errorf("%v", got)
		}
	})
}

// TestLines reads what judges print, in C and as test binaries.
func TestLines(t *testing.T) {
	ours := inGo("bench.test", "Switch/impl=clone/via=pipe")
	inC := inC("/tmp/prog")
	for _, test := range []struct {
		of   *judge
		line string
		want batch // the zero one for a line to pass over
		says string
	}{
		{of: ours, line: "goos: linux"},
		{of: ours, line: "PASS"},
		{of: ours, line: ""},
		{of: ours, line: "Unit ns/op better=lower"},
		{of: ours, line: "# skip BenchmarkX: no room"},
		{of: ours, line: "BenchmarkPipe   \t  10000\t  1855.5 ns/op", want: batch{10000, 1855.5}},
		{of: ours, line: "BenchmarkPipe-2 \t 10000 \t 0 B/op \t 20.5 ns/op", want: batch{10000, 20.5}},
		{of: ours, line: "BenchmarkPipe 10000 1855 B/op", says: "want one op or more"},
		{of: ours, line: "BenchmarkPipe ten 1855 ns/op", says: "parsing iteration count"},
		{of: ours, line: "BenchmarkPipe 10 NaN ns/op", says: "want one op or more"},
		{of: ours, line: "BenchmarkPipe 0 10 ns/op", says: "want one op or more"},
		{of: ours, line: "BenchmarkPipe 1000000 1e10 ns/op", says: "want one op or more"},
		{of: ours, line: "BenchmarkSwitch/impl=clone/via=pipe-2 100 1855 ns/op 1 kernel-switches/op", want: batch{100, 1855}},
		{of: inC, line: "2000 1234.5 ns/op", want: batch{2000, 1234.5}},
		{of: inC, line: "", says: `prog printed nonsense: ""`},
		{of: inC, line: "all is well", says: `prog printed nonsense: "all is well"`},
		{of: inC, line: "2000 1234.5 s/op", says: "printed nonsense"},
	} {
		got, ok, err := test.of.batch(test.line)
		got.nsPerOp = math.Round(got.nsPerOp*1e3) / 1e3
		if got != test.want || ok != (test.want != batch{}) || (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%q: %v, %v, %v; want %v, %q", test.line, got, ok, err, test.want, test.says)
		}
	}
	want := []string{"-test.run=^$", "-test.bench=^BenchmarkSwitch$/^impl=clone$/^via=pipe$", "-test.benchtime=50x", "-test.count=3"}
	if d := cmp.Diff(want, ours.args(50, 3)); d != "" {
		t.Errorf("arguments (-want +got):\n%s", d)
	}
}
