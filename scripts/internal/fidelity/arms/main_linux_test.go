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
