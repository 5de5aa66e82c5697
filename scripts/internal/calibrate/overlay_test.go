package calibrate

import (
	"regexp"
	"strings"
	"testing"
)

// file is a test file whose benchmark has the body.
func fileOf(body string) string {
	return "package p\n\nimport \"testing\"\n\nfunc BenchmarkX(b *testing.B) {\n" + body + "\n}\n"
}

const (
	counts = "calibrateTimes0 := 1\nif calibrateLeft0--; calibrateLeft0 == 0 {\ncalibrateLeft0, calibrateGap0, calibrateTimes0 = calibrateGap0, 40-calibrateGap0, 2\n}\nfor ; calibrateTimes0 > 0; calibrateTimes0-- {\n"
	begins = "calibrateLeft0, calibrateGap0 := 10, 19\n"
)

// bare is a text without its indentation and blank lines.
func bare(s string) string {
	return regexp.MustCompile(`\s*\n\s*`).ReplaceAllString(strings.TrimSpace(s), "\n")
}

// TestSlowed doubles the body of each kind of loop over iterations, and leaves
// other loops alone.
func TestSlowed(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"counted", "for i := 0; i < b.N; i++ {\nwork(i)\n}", begins + "for i := 0; i < b.N; i++ {\n" + counts + "work(i)\n}\n}"},
		{"twice as many", "for i := 0; i < 2*b.N; i++ {\nwork(i)\n}", begins + "for i := 0; i < 2*b.N; i++ {\n" + counts + "work(i)\n}\n}"},
		{"range", "for range b.N {\nwork(0)\n}", begins + "for range b.N {\n" + counts + "work(0)\n}\n}"},
		{"Loop", "for b.Loop() {\nwork(0)\n}", begins + "for b.Loop() {\n" + counts + "work(0)\n}\n}"},
		{"on one line", "for b.Loop() { work(0) }", begins + "for b.Loop() {\n" + counts + "work(0)\n}\n}"},
		{"parallel", "b.RunParallel(func(pb *testing.PB) {\nfor pb.Next() {\nwork(0)\n}\n})", "b.RunParallel(func(pb *testing.PB) {\n" + begins + "for pb.Next() {\n" + counts + "work(0)\n}\n}\n})"},
		{"in a sub-benchmark", "for _, n := range sizes {\nb.Run(n, func(sub *testing.B) {\nfor i := range sub.N {\nwork(i)\n}\n})\n}",
			"for _, n := range sizes {\nb.Run(n, func(sub *testing.B) {\n" + begins + "for i := range sub.N {\n" + counts + "work(i)\n}\n}\n})\n}"},
		{"with jumps of its own", "for range b.N {\nfor {\nbreak\n}\nif skip {\ncontinue\n}\nf := func() { L: for { break L } }\nf()\n}",
			begins + "for range b.N {\n" + counts + "for {\nbreak\n}\nif skip {\ncontinue\n}\nf := func() {\nL:\nfor {\nbreak L\n}\n}\nf()\n}\n}"},
		{"a comment stays", "// about it\nfor range b.N { // and more\nwork(0)\n}", "// about it\n" + begins + "for range b.N {\n" + counts + "// and more\nwork(0)\n}\n}"},
		{"no such loop", "for i := 0; i < 3; i++ {\nwork(i)\n}\nhelper(b, b.N)", ""},
	} {
		got, err := slowed("x_test.go", []byte(fileOf(test.body)), regexp.MustCompile("."), 10, 20)
		if want := bare(fileOf(test.want)); err != nil || test.want != "" && bare(string(got)) != want || test.want == "" && got != nil {
			t.Errorf("%s: %v\n%s\nwant\n%s", test.name, err, got, want)
		}
	}
	two, err := slowed("x_test.go", []byte(fileOf("for range b.N {\n}\nfor range b.N {\n}")), regexp.MustCompile("."), 10, 20)
	if err != nil || !strings.Contains(string(two), "calibrateTimes1 := 1") {
		t.Errorf("two loops: %v\n%s", err, two)
	}
}

// TestCantBeSlowed names the loop, of a measured benchmark or of a helper,
// whose body can't be run twice, and says why. Other benchmarks may have any
// loops.
func TestCantBeSlowed(t *testing.T) {
	for _, test := range []struct{ body, want string }{
		{"i := 0\nfor i < b.N {\ni++\n}", "x_test.go:7:1: the loop over iterations doesn't count its iterations in its head"},
		{"for i := 0; i < b.N; i += 2 {\n}", "doesn't count its iterations in its head"},
		{"for i := 0; i < b.N; i++ {\ni = 3\n}", "sets i in its body, too"},
		{"for i := 0; i < b.N; i++ {\nfill(&i)\n}", "sets i in its body, too"},
		{"for i := 0; i < b.N; i++ {\ni++\n}", "sets i in its body, too"},
		{"for range b.N {\nif done {\nbreak\n}\n}", "is left by break or goto"},
		{"L:\nfor range b.N {\ncontinue L\n}", "has a label"},
		{"for range b.N {\nswitch {\ndefault:\ngoto end\n}\n}\nend:\n", "is left by break or goto"},
		{"for range b.N {\nfor range b.N {\n}\n}", "x_test.go:6:1: the loop over iterations has another one in its body"},
		{"for {", "x_test.go:"},
	} {
		text := []byte(fileOf(test.body))
		if got, err := slowed("x_test.go", text, regexp.MustCompile("."), 10, 20); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q\n%s", test.body, err, test.want, got)
		}
		if test.want != "x_test.go:" {
			if got, err := slowed("x_test.go", text, regexp.MustCompile("Other"), 10, 20); err != nil || got != nil {
				t.Errorf("%q in another benchmark: %v\n%s", test.body, err, got)
			}
			helper := strings.Replace(string(text), "BenchmarkX", "helper", 1)
			if _, err := slowed("x_test.go", []byte(helper), regexp.MustCompile("Other"), 10, 20); err == nil {
				t.Errorf("%q in a helper is no error", test.body)
			}
		}
	}
}

// TestPeriod accepts the slowdowns that a whole number of iterations gives.
func TestPeriod(t *testing.T) {
	for inject, want := range map[float64]int{0.05: 20, 0.1: 10, 0.5: 2, 0.01: 100, 0.0333333: 30} {
		if n, err := period(inject); err != nil || n != want {
			t.Errorf("%v: %d, %v, want %d", inject, n, err, want)
		}
	}
	for _, inject := range []float64{0.03, 0.6, 1} {
		if n, err := period(inject); err == nil {
			t.Errorf("%v: %d", inject, n)
		}
	}
}
