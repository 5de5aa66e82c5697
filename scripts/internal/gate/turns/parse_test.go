package turns

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

const result = "     100\t      1234 ns/op\t  12.50 MB/s\t         3.000 nuts/op\t      16 B/op\t       1 allocs/op\n"

func TestResultsOf(t *testing.T) {
	const name = "BenchmarkX/a=1-2"
	for _, test := range []struct {
		what, text string
		count      int
		err        string
	}{
		{"plain", "goos: linux\n" + name + "   \t" + result + "PASS\n", 1, ""},
		{"dots before the name", "....." + name + "   \t" + result, 1, ""},
		{"dots before the result", name + "   \t....." + result, 1, ""},
		{"digits before the result", name + "   \t42" + result, 1, ""},
		{"lines before the result", name + "\tone\ntwo ns/op\nthree" + result, 1, ""},
		{"a line end of Windows", name + "   \t" + strings.TrimSuffix(result, "\n") + "\r\n", 1, ""},
		{"its name in a sentence", name + " says\n" + name + "   \t" + result, 1, ""},
		{"again and again", strings.Repeat(name+"   \t"+result, 3), 3, ""},
		{"a deeper one besides", "BenchmarkX/a=1/b-2   \t" + result + name + "   \t" + result, 0, `or something that it prints: "BenchmarkX/a=1/b-2`},
		{"two lines", name + "   \t" + result + result, 0, "or something that it prints"},
		{"no name", result, 0, "it no longer exists"},
		{"nothing", "PASS\n", 0, "it no longer exists"},
		{"other iterations", name + "   \t" + strings.Replace(result, "100", "101", 1), 0, "with 100 iterations; it prints"},
		{"cut short", name + "   \t" + strings.TrimSuffix(result, " allocs/op\n"), 0, "no line is a result"},
		{"another one's", "BenchmarkX/a=10-2   \t" + result, 0, "it no longer exists"},
	} {
		got, err := resultsOf([]byte(test.text), name, 100)
		if len(got) != test.count || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %d results, %v; want %d, %q", test.what, len(got), err, test.count, test.err)
		}
		for _, f := range got {
			if at := test.text[f.at:]; !regexp.MustCompile(`^ *100\t`).MatchString(at) {
				t.Errorf("%s: figures at %q", test.what, at)
			}
			if !strings.HasPrefix(test.text[f.named:], name) {
				t.Errorf("%s: name at %q", test.what, test.text[f.named:])
			}
		}
	}
}

func TestScale(t *testing.T) {
	all := results([]byte("BenchmarkX\t"+result), 100)
	if len(all) != 1 {
		t.Fatal(all)
	}
	figures, _, err := all[0].values()
	if err != nil {
		t.Fatal(err)
	}
	scale(figures, 0.25)
	line := formatted("BenchmarkX", 100, figures)
	if want := "BenchmarkX 100 308.5 ns/op 50 MB/s 3 nuts/op 16 B/op 1 allocs/op\n"; line != want {
		t.Errorf("line %q, want %q", line, want)
	}
	if got := timedOf(byUnit(figures), 100); got != 30850*time.Nanosecond {
		t.Errorf("timed %v", got)
	}
}

func TestHeader(t *testing.T) {
	config, units := header([]byte("error: none\ngoos: linux\npkg: a/b\nUnit nuts/op better=higher assume=exact\n.\ngoos: plan9\n"))
	if len(config) != 2 || string(config[0].Value) != "linux" || string(config[1].Value) != "a/b" {
		t.Errorf("configuration %v", config)
	}
	if len(units) != 2 || units[0].OrigUnit != "nuts/op" || units[0].Key != "better" || units[0].Value != "higher" {
		t.Errorf("units %v", units)
	}
}

func TestSkipping(t *testing.T) {
	if got, want := skipping([]string{"BenchmarkA/b/c", "BenchmarkA/b|"}), `^BenchmarkA$/^b\|$|^BenchmarkA$/^b$/^c$`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := Below("BenchmarkA/b", []string{"BenchmarkA", "BenchmarkA/b", "BenchmarkA/b/c", "BenchmarkA/bc"}); len(got) != 1 || got[0] != "BenchmarkA/b/c" {
		t.Errorf("below are %v", got)
	}
}
