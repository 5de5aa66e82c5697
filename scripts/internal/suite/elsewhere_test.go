package suite

import (
	"regexp"
	"strings"
	"testing"
)

// TestLeftOut: a run says what its system can't measure, and says nothing if it
// can measure everything.
func TestLeftOut(t *testing.T) {
	cases := selectCases(Profiles[1], regexp.MustCompile(""))
	for _, test := range []struct {
		goos, goarch string
		want         []string // nil for nothing
	}{
		{"linux", "amd64", nil},
		{"linux", "arm64", nil},
		{"linux", "riscv64", []string{"Not measured on linux/riscv64", "raw threads"}},
		{"darwin", "arm64", []string{"Not measured on darwin/arm64", "raw threads", "memory of a parked task", "on one CPU or on two", "epoll", "futex", "and rows whose proof"}},
		{"windows", "amd64", []string{"Not measured on windows/amd64", "raw threads", "memory of a parked task", "on one CPU or on two", "epoll", "futex", "read(2)"}},
	} {
		var b strings.Builder
		sayLeftOut(&b, test.goos, test.goarch, cases)
		lines := strings.Count(b.String(), "\n")
		if len(test.want) != lines {
			t.Errorf("%s/%s: %d lines, want %d:\n%s", test.goos, test.goarch, lines, len(test.want), b.String())
		}
		for _, want := range test.want {
			if !strings.Contains(b.String(), want) {
				t.Errorf("%s/%s does not say %q:\n%s", test.goos, test.goarch, want, b.String())
			}
		}
	}
}

// TestLacksAreOfCases: each lack has a row that needs it.
func TestLacksAreOfCases(t *testing.T) {
	for _, l := range lacks {
		rows := 0
		for _, c := range selectCases(Profiles[1], regexp.MustCompile("")) {
			if l.of(c.Name) {
				rows++
			}
		}
		if rows == 0 {
			t.Errorf("no row goes with %q", l.what)
		}
	}
}
