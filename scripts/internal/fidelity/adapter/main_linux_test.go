package main

import (
	"strings"
	"testing"
)

const said = `# Running 'sched/pipe' benchmark:
# Executed 1000 pipe operations between two threads

     Total time: 0.009 [sec]

       9.590000 usecs/op
         104275 ops/sec
`

func TestParsePerf(t *testing.T) {
	if got, err := parsePerf(said, 1000); err != nil || got != 9.59 {
		t.Errorf("parsePerf = %v, %v, want 9.59", got, err)
	}
	for what, text := range map[string]string{
		"another count":    strings.Replace(said, "1000 pipe", "1001 pipe", 1),
		"processes":        strings.Replace(said, "threads", "processes", 1),
		"no time":          strings.Replace(said, "usecs/op", "usecs", 1),
		"no number":        strings.Replace(said, "9.590000", "fast", 1),
		"no time at all":   strings.Replace(said, "9.590000", "0.000000", 1),
		"not a number":     strings.Replace(said, "9.590000", "NaN", 1),
		"nothing whatever": "",
	} {
		if got, err := parsePerf(text, 1000); err == nil {
			t.Errorf("%s: parsePerf = %v", what, got)
		}
	}
}

func FuzzParsePerf(f *testing.F) {
	f.Add(said, 1000)
	f.Fuzz(func(t *testing.T, text string, trips int) {
		if got, err := parsePerf(text, trips); err == nil && !(got > 0 && got < 1e12) {
			t.Errorf("parsePerf = %v", got)
		}
	})
}

// TestGoLines reads what test binaries print.
func TestGoLines(t *testing.T) {
	plain := inGo("plain.test", "^BenchmarkPipe$", "BenchmarkPipe")
	ours := inGo("bench.test", suitePattern("Switch/impl=clone/via=pipe"), "BenchmarkSwitch/impl=clone/via=pipe")
	ours.line = suiteLine(ours.line)
	for _, test := range []struct {
		of   *judge
		line string
		want batch // the zero one for a line to pass over
		says string
	}{
		{of: plain, line: "goos: linux"},
		{of: plain, line: "PASS"},
		{of: plain, line: ""},
		{of: plain, line: "BenchmarkPipe   \t  10000\t  1855.5 ns/op", want: batch{10000, 1855.5}},
		{of: plain, line: "BenchmarkPipe-2 \t 10000 \t 0 B/op \t 20.5 ns/op", want: batch{10000, 20.5}},
		{of: plain, line: "BenchmarkPipes 10000 1855 ns/op", says: "want a result of BenchmarkPipe"},
		{of: plain, line: "BenchmarkPipe 10000 1855 B/op", says: "want a figure in ns/op"},
		{of: plain, line: "BenchmarkPipe ten 1855 ns/op", says: `in the place of "ten"`},
		{of: plain, line: "BenchmarkPipe 10 NaN ns/op", says: `in the place of "NaN"`},
		{of: plain, line: "--- FAIL: BenchmarkPipe", says: "printed nonsense"},
		{of: plain, line: "# skip that", says: "printed nonsense"},
		{of: ours, line: "kernel-memory: cgroup-v2"},
		{of: ours, line: "Unit ns/op better=lower"},
		{of: ours, line: "# skip BenchmarkX: no room"},
		{of: ours, line: "BenchmarkSwitch/impl=clone/via=pipe-2 100 1855 ns/op 1 kernel-switches/op", want: batch{100, 1855}},
	} {
		got, ok, err := test.of.line(test.line)
		if got != test.want || ok != (test.want != batch{}) || (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%q: %v, %v, %v; want %v, %q", test.line, got, ok, err, test.want, test.says)
		}
	}
	if got, want := suitePattern("Switch/impl=clone/via=pipe"), "^BenchmarkSwitch$/^impl=clone$/^via=pipe$"; got != want {
		t.Errorf("suitePattern = %q, want %q", got, want)
	}
}
