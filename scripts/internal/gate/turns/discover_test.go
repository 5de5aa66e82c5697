package turns

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDiscover(t *testing.T) {
	for _, test := range []struct {
		function, below, skip string
		want                  string // names and outcomes
		why                   map[string]string
		err                   string
	}{
		{function: "BenchmarkLoop", want: "BenchmarkLoop measured"},
		{function: "BenchmarkDots", want: "BenchmarkDots measured"},
		{function: "BenchmarkBLoop", want: "BenchmarkBLoop measured"},
		{function: "BenchmarkGroup", want: "BenchmarkGroup/route:/a measured, BenchmarkGroup/route:/a/b measured, BenchmarkGroup/same measured, BenchmarkGroup/same#01 measured, BenchmarkGroup/skips skipped, BenchmarkGroup/fails failed, BenchmarkGroup/nan measured, BenchmarkGroup/size-2 measured, BenchmarkGroup/last measured",
			why: map[string]string{"BenchmarkGroup/skips": "not here", "BenchmarkGroup/fails": "not well"}},
		{function: "BenchmarkGroup", below: "same", skip: "/same#", want: "BenchmarkGroup/same measured"},
		{function: "BenchmarkGroup", below: "none", want: "BenchmarkGroup silent"},
		{function: "BenchmarkPanics", want: "BenchmarkPanics/first measured, BenchmarkPanics/second failed",
			why: map[string]string{"BenchmarkPanics/second": "at the disco"}, err: "at the disco"},
		{function: "BenchmarkSkips", want: "BenchmarkSkips skipped", why: map[string]string{"BenchmarkSkips": "never"}},
		{function: "BenchmarkLeaves", want: "BenchmarkLeaves/here measured, BenchmarkLeaves/there failed", err: "os.Exit(0)"},
		{function: "BenchmarkNowhere", want: ""},
	} {
		t.Run(test.function+test.below, func(t *testing.T) {
			t.Parallel()
			d, err := Discover(context.Background(), standIn(t), spec(test.function, "", 0), test.below, test.skip)
			for tries := 0; err == nil && test.err != "" && tries < 5; tries++ {
				// While a panic unwinds, package testing goes on and may end
				// the process first. os.Exit(0) panics there, too.
				d, err = Discover(context.Background(), standIn(t), spec(test.function, "", 0), test.below, test.skip)
			}
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v, want %q", err, test.err)
			}
			var got []string
			for _, b := range d.Benchmarks {
				got = append(got, fmt.Sprint(b.Name, " ", b.Outcome))
				if why := test.why[b.Name]; !strings.Contains(b.Why, why) {
					t.Errorf("%s: why %q, want %q", b.Name, b.Why, why)
				}
				if n := b.Values["iterations"]; b.Outcome == Measured && len(b.Values) < 3 || n > 1 {
					t.Errorf("%s: %v", b.Name, b.Values)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, ", ")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestDiscoverLimit has a benchmark that never ends.
func TestDiscoverLimit(t *testing.T) {
	dir := t.TempDir()
	s := spec("BenchmarkEndless", "", 0)
	s.Limit = 300 * time.Millisecond
	d, err := Discover(context.Background(), standIn(t, logVariable+"="+dir), s, "", "")
	if err == nil || !strings.Contains(err.Error(), "it ran for 300ms") || len(d.Benchmarks) > 1 {
		t.Errorf("%v, %+v", err, d)
	}
	gone(t, dir, 0)
}

// TestListed reads output that is hard to read.
func TestListed(t *testing.T) {
	const figures = "       1\t      1234 ns/op\t       0 B/op\t       0 allocs/op\n"
	for _, test := range []struct{ what, text, want string }{
		{"a parent that prints", "goos: linux\n..BenchmarkX\n..BenchmarkX/a\n..BenchmarkX/a-2   \t" + figures + "BenchmarkX/b\nlog\nBenchmarkX/b-2\t" + figures, "BenchmarkX/a measured, BenchmarkX/b measured"},
		{"names that end in -2", "BenchmarkX\nBenchmarkX/a-2\nBenchmarkX/a-2-2\t" + figures, "BenchmarkX/a-2 measured"},
		{"no names, without a word of what runs", "BenchmarkX/a-2\t" + figures, "BenchmarkX/a measured"},
		{"a longer function", "BenchmarkXY\nBenchmarkXY-2\t" + figures, ""},
		{"silent", "BenchmarkX\nPASS\n", "BenchmarkX silent"},
	} {
		var got []string
		for _, b := range listed([]byte(test.text), "BenchmarkX", "-2", func(int) time.Duration { return 0 }) {
			got = append(got, fmt.Sprint(b.Name, " ", b.Outcome))
		}
		if diff := cmp.Diff(test.want, strings.Join(got, ", ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.what, diff)
		}
	}
}
