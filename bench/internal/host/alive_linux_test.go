package host

import (
	"os"
	"strings"
	"testing"
)

func TestParseThreads(t *testing.T) {
	for _, test := range []struct {
		status string
		want   int
		err    string
	}{
		{"Name:\tx\nThreads:\t12\nSigQ:\t0/1\n", 12, ""},
		{"Threads:\t1", 1, ""},
		{"", 0, "no line Threads"},
		{"Name:\tThreads:\n", 0, "no line Threads"},
		{"Threads:\t0\n", 0, `"Threads:\t0" is no number of threads`},
		{"Threads:\t-4\n", 0, "is no number"},
		{"Threads:\n", 0, "is no number"},
		{"Threads:\t1 2\n", 0, "is no number"},
	} {
		got, err := parseThreads([]byte(test.status))
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("parseThreads(%q) = %d, %v, want %d, %q", test.status, got, err, test.want, test.err)
		}
	}
}

func FuzzParseThreads(f *testing.F) {
	if own, err := os.ReadFile("/proc/self/status"); err == nil {
		f.Add(own)
	}
	f.Add([]byte("Threads:\t12\n"))
	f.Fuzz(func(t *testing.T, status []byte) {
		if n, err := parseThreads(status); (err == nil) != (n >= 1) {
			t.Errorf("%d, %v", n, err)
		}
	})
}
