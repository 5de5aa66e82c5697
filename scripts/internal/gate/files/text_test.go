package files

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"threadbench/scripts/internal/gate/verdict"
)

var two = small + strings.ReplaceAll(small, "example.com/a", "example.com/b")

// each puts text around each line.
func each(around func(i int, line string) string) func(string) string {
	return func(text string) string {
		var b strings.Builder
		for line := range strings.Lines(text) {
			b.WriteString(around(strings.Count(b.String(), "\n"), strings.TrimSuffix(line, "\n")) + "\n")
		}
		return b.String()
	}
}

func before(format string) func(string) string {
	return each(func(i int, line string) string { return fmt.Sprintf(format, i%60) + line })
}

// encoded encodes a text in UTF-16.
func encoded(order binary.AppendByteOrder, mark string) func(string) string {
	return func(text string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(mark + strings.ReplaceAll(text, "\n", "\r\n"))) {
			b = order.AppendUint16(b, u)
		}
		return string(b)
	}
}

// events is text as go test -json prints it. A benchmark's name and its result
// are separate events.
func events(text string) string {
	var b strings.Builder
	pkg := "example.com/a"
	write := func(output string) {
		e, _ := json.Marshal(map[string]string{"Time": "2026-11-02T10:11:12Z", "Action": "output", "Package": pkg, "Test": "BenchmarkX", "Output": output})
		fmt.Fprintf(&b, "%s\n", e)
	}
	for line := range strings.Lines(text) {
		if strings.Contains(line, "example.com/b") {
			pkg = "example.com/b"
		}
		if name, rest, ok := strings.Cut(line, "\t"); ok && strings.HasPrefix(line, "Benchmark") {
			fmt.Fprintf(&b, `{"Action":"run","Package":%q,"Test":"BenchmarkX"}`+"\n", pkg)
			write("BenchmarkX\n")
			write(name + "\t")
			line = rest
		}
		write(line)
	}
	return b.String()
}

// wrappings are the changes between go test's output and people's files. told
// is the remark on a change, "" for none.
var wrappings = []struct {
	name, told string
	wrap       func(string) string
}{
	{"UTF-8 with a mark", "", func(s string) string { return "\uFEFF" + s }},
	{"marks inside", "", func(s string) string {
		return strings.ReplaceAll("\uFEFF"+s, "PASS\n", "PASS\n\uFEFF")
	}},
	{"a mark before a result", "", func(s string) string { return strings.ReplaceAll(s, "BenchmarkY", "\uFEFFBenchmarkY") }},
	{"UTF-16, little-endian", "read as UTF-16, little-endian", encoded(binary.LittleEndian, "\uFEFF")},
	{"UTF-16, big-endian", "read as UTF-16, big-endian", encoded(binary.BigEndian, "\uFEFF")},
	{"UTF-16, little-endian, no mark", "read as UTF-16, little-endian", encoded(binary.LittleEndian, "")},
	{"UTF-16, big-endian, no mark", "read as UTF-16, big-endian", encoded(binary.BigEndian, "")},
	{"-json among other lines", "of go test -json put together", func(s string) string {
		lines := strings.SplitAfter(events(s), "\n")
		return "go: downloading example.com/c v1.0.0\n" + strings.Join(lines[:3], "") + "2026/11/02 10:11:12 warm\n\n" + strings.Join(lines[3:], "") + "exit\n"
	}},
	{"CRLF", "", each(func(_ int, s string) string { return s + "\r" })},
	{"-json", "of go test -json put together", events},
	{"-json in GitHub's log", "of go test -json put together", func(s string) string { return before("2026-11-02T10:11:%02d.1234567Z ")(events(s)) }},
	{"GitHub Actions", "prefix or indentation removed from 8 results", func(s string) string {
		return before("2026-11-02T10:11:%02d.1234567Z ")("##[group]Run go test\nshell: /usr/bin/bash -e {0}\n\x1b[36;1mgo test\x1b[0m\n##[endgroup]\n" + s)
	}},
	{"gh run view --log", "removed from 8 results", before("bench\tRun go test\t\uFEFF2026-11-02T10:11:%02d.1234567Z ")},
	{"GitLab", "removed from 8 results", before("2026-11-02T10:11:%02d.123456Z 00O ")},
	{"Jenkins", "removed from 8 results", before("[2026-11-02T10:11:%02d.123Z] ")},
	{"Jenkins, time of day", "removed from 8 results", before("10:11:%02d  ")},
	{"Jenkins, a branch", "removed from 8 results", before("[Linux %[1]d] ")},
	{"docker buildx", "removed from 8 results", before("#12 34.%02d ")},
	{"docker compose", "removed from 8 results", before("bench-1  | \x1b[%dm")},
	{"act", "removed from 8 results", each(func(_ int, s string) string { return "[CI/bench]   | " + s })},
	{"Buildkite", "", before("\x1b_bk;t=17306%02d\a")},
	{"colours", "", each(func(_ int, s string) string { return "\x1b[32m" + s + "\x1b[0m" })},
	{"indentation", "removed from 8 results", each(func(_ int, s string) string { return "    " + s })},
	{"tabs made spaces", "", func(s string) string { return strings.ReplaceAll(s, "\t", "    ") }},
}

// The rows are the same with every wrapping, and so are the lines in errors.
func TestWrappings(t *testing.T) {
	want, _ := read(t, two, two)
	for _, w := range wrappings {
		rows, remarks := read(t, two, w.wrap(two))
		if d := cmp.Diff(want, rows); d != "" {
			t.Errorf("%s: rows (-want +got):\n%s", w.name, d)
		}
		loud := slices.DeleteFunc(slices.Clone(remarks), func(r verdict.Remark) bool {
			return r.Level == verdict.Notice && strings.Contains(r.Text, "measured apart") ||
				strings.Contains(r.Text, "jobs or services are taken together") && strings.Contains(w.name, "branch")
		})
		if w.told == "" && len(loud) > 0 || w.told != "" && (len(loud) != 1 || !says(loud, verdict.Notice, w.told)) {
			t.Errorf("%s: remarks %v, want %q", w.name, loud, w.told)
		}
		bad := w.wrap(strings.Replace(two, "PASS\n", "BenchmarkBad 1 5\nPASS\n", 1))
		_, err := parse("f.txt", []byte(bad))
		text, _ := decode([]byte(bad))
		at := strings.Count(string(text)[:strings.Index(string(text), "BenchmarkBad")], "\n") + 1
		if line := fmt.Sprintf("f.txt:%d: missing units", at); err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("%s: error %v, want %s", w.name, err, line)
		}
	}
}

// Results of several jobs in one log may be of several machines.
func TestSources(t *testing.T) {
	log := before("old\tRun\t2026-11-02T10:11:%02dZ ")(small) + before("new\tRun\t2026-11-02T10:11:%02dZ ")(small)
	_, remarks := read(t, small, log)
	if !says(remarks, verdict.Warning, "new.txt: results of 2 jobs or services are taken together: old\tRun, new\tRun.") {
		t.Errorf("remarks %v", remarks)
	}
}

// Packages whose events alternate stay separate.
func TestEventsAlternate(t *testing.T) {
	var parts [][]string
	for _, name := range []string{"a", "b"} {
		text := strings.ReplaceAll(strings.ReplaceAll(head+"BenchmarkX-8 \t100\t5 ns/op\nPASS\n", "5 ns", map[string]string{"a": "5 ns", "b": "7 ns"}[name]), "example.com/a", "example.com/"+name)
		var lines []string
		for line := range strings.Lines(text) {
			e, _ := json.Marshal(event{"output", "example.com/" + name, line})
			lines = append(lines, string(e)+"\n")
		}
		parts = append(parts, lines)
	}
	mixed := ""
	for i := range parts[0] {
		mixed += parts[0][i] + parts[1][i]
	}
	rows, _ := read(t, mixed, mixed)
	if len(rows) != 2 || rows[0].Name != "example.com/a.X-8" || rows[0].Old[0] != 5 || rows[1].Name != "example.com/b.X-8" || rows[1].Old[0] != 7 {
		t.Errorf("%+v", rows)
	}
}

// A benchmark's output doesn't hide its result, or the line is named.
func TestSplit(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"a logger", "BenchmarkX-8   \t2026/11/02 10:11:12 cache warm\n     100\t        10.0 ns/op\n", ""},
		{"a logger, two lines", "BenchmarkX-8   \t2026/11/02 10:11:12 cache warm\nagain\n     100\t        10.0 ns/op\t       0 B/op\n", ""},
		{"dots", "..BenchmarkX-8   \t...     100\t        10.0 ns/op\n", ""},
		{"a progress bar", "50%\r100%\rBenchmarkX-8   \t50%\r100%\r     100\t        10.0 ns/op\n", ""},
		{"digits", "BenchmarkX-8   \t2026 of 2027     100\t        10.0 ns/op\n", ""},
		{"many iterations", "BenchmarkX-8   \t.100000000\t        10.0 ns/op\n", ""},
		{"in a CI log", "#12 34.5 BenchmarkX-8   \t2026/11/02 10:11:12 cache warm\n#12 34.6      100\t        10.0 ns/op\n", ""},
		{"tabs made spaces", "BenchmarkX-8   \tcache warm\n     100       10.0 ns/op\n", ""},
		{"-v", "BenchmarkX\n    x_test.go:5: 1 of 2\nBenchmarkX-8   \t     100\t        10.0 ns/op\n", ""},
		{"a log behind it", "BenchmarkX-8   \t     100\t        10.0 ns/op\n--- BENCH: BenchmarkX-8\n    x_test.go:5: 5 MB/s\n", ""},
		{"an application's events", "{\"Action\":\"login\",\"Package\":5}\nBenchmarkX-8 \t{\"Action\":5}\n     100\t        10.0 ns/op\n", ""},

		{"two results", "BenchmarkX-8   \t1\t 5 ns/op\n     100\t        10.0 ns/op\n", `f.txt:6: a result without its benchmark's name, which other output has split off: "100\t        10.0 ns/op"; keep the benchmark from printing`},
		{"no name", "warm\n     100\t        10.0 ns/op\n", `f.txt:6: a result without its benchmark's name`},
		{"no name, another unit", "warm\n     100\t        10.0 hops/op\n", `f.txt:6: a result without its benchmark's name`},
		{"a name without a tab", "BenchmarkX-8 is warm\n     100\t        10.0 ns/op\n", `f.txt:6: a result without its benchmark's name`},
		{"an unknown prefix", "app> BenchmarkX-8   \t     100\t        10.0 ns/op\n", `f.txt:5: a benchmark's result behind something else: "app> BenchmarkX-8   \t     100\t        10.0 ns/op"; write go test's output to a file of its own, by >bench.txt`},
		{"an unknown prefix, split", "app> BenchmarkX-8    warm\napp>      100     10.0 ns/op\n", `f.txt:6: a result without its benchmark's name`},
		{"something between", "BenchmarkX-8 warm 100 10.0 ns/op\n", `f.txt:5: a benchmark's result that can't be read: "BenchmarkX-8 warm`},
		{"two encodings", "B\x00e\x00n\x00c\x00h\x00m\x00a\x00r\x00k\x00X\x00 \x001\x000\x00 \x005\x00 \x00n\x00s\x00/\x00o\x00p\x00\n", `f.txt:5: a result in another encoding than the lines before: "BenchmarkX 10 5 ns/op"; write the file anew in one encoding`},
		{"half an event", `{"Time":"2026-11-02T10:11:12Z","Action":"outp` + "\n", `f.txt:5: no whole event of go test -json (unexpected end of JSON input)`},
	} {
		f, err := parse("f.txt", []byte(head+tt.text+"PASS\n"))
		switch {
		case tt.want != "":
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: error %v, want %s", tt.name, err, tt.want)
			}
		case err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case len(f.rows) != 1 || f.rows[0].name != "X-8" || !slices.Equal(f.rows[0].units[0].figures, []float64{10}):
			t.Errorf("%s: rows %v", tt.name, f.rows)
		}
	}
}

// What is left out is named, and the rest is judged.
func TestLeftOut(t *testing.T) {
	with := func(lines string) string { return strings.Replace(small, "PASS\n", lines, 1) }
	for _, tt := range []struct{ name, text, level, want string }{
		{"a failed benchmark", with("BenchmarkZ-8 \t--- FAIL: BenchmarkZ-8\n    z_test.go:5: no\nBenchmarkZ-8 \t--- FAIL: BenchmarkZ-8\nFAIL\n"), verdict.Warning, `new.txt: what failed is left out, and only the rest is judged: "--- FAIL: BenchmarkZ-8" (line 9).`},
		{"a failed package", small + "FAIL\texample.com/b [build failed]\nFAIL\n", verdict.Warning, `"FAIL\texample.com/b [build failed]" (line 11).`},
		{"only FAIL", with("FAIL\n"), verdict.Warning, `only the rest is judged: "FAIL" (line 9).`},
		{"a panic", with("BenchmarkZ-8 \tpanic: boom\n\ngoroutine 39 [running]:\nexit status 2\nFAIL\texample.com/a\t0.1s\n"), verdict.Warning, "new.txt: benchmarks without a result, left out: BenchmarkZ-8 (line 9); if they did end, keep"},
		{"a panic's package", with("BenchmarkZ-8 \tpanic: boom\nFAIL\texample.com/a\t0.1s\n"), verdict.Warning, `"FAIL\texample.com/a\t0.1s" (line 10)`},
		{"an end without a result", with("BenchmarkZ-8 \twarm\nPASS\n"), verdict.Warning, "benchmarks without a result, left out: BenchmarkZ-8 (line 9)"},
		{"another benchmark before the result", with("BenchmarkZ-8 \twarm\nBenchmarkX-8 \t100\t10 ns/op\nPASS\n"), verdict.Warning, "without a result, left out: BenchmarkZ-8 (line 9)"},
		{"stopped", with("BenchmarkZ-8 \t       0\t               NaN ns/op\nPASS\n"), verdict.Warning, "new.txt: no measurement, left out: Z-8 has 0 iterations (line 9)."},
		{"NaN", strings.ReplaceAll(small, "8 p99-ns", "NaN p99-ns"), verdict.Warning, "new.txt: no measurement, left out: Y-8 p99-ns is NaN (line 8)."},
		{"infinite", strings.ReplaceAll(small, "8 p99-ns", "+Inf p99-ns"), verdict.Warning, "Y-8 p99-ns is +Inf (line 8)"},
		{"prose", "Benchmark results follow\nBenchmark 3 of 5\nBenchmarking\twith care\n" + small, verdict.Notice, `new.txt: taken for prose, not for a result: "Benchmark results follow" (line 1), "Benchmark 3 of 5" (line 2), "Benchmarking\twith care" (line 3).`},
		{"a unit's prose", "Unit tests were skipped\n" + small, verdict.Notice, `taken for prose, not for a result: "Unit tests were skipped" (line 1).`},
		{"a package cut, another whole", small[:strings.Index(small, "PASS")] + strings.ReplaceAll(small, "example.com/a", "example.com/b"), verdict.Notice, "new.txt:3: go test never says PASS or ok of this package"},
		{"injected", "inject: Switch=1.5\n" + small, verdict.Warning, "new.txt: INJECTED SLOWDOWN (inject: Switch=1.5)"},
	} {
		rows, remarks := read(t, two, tt.text)
		if !says(remarks, tt.level, tt.want) {
			t.Errorf("%s: %v, want %s: %s", tt.name, remarks, tt.level, tt.want)
		}
		if len(rows) < 7 || rows[0].New[0] != 10 || rows[4].New[1] != 2100 {
			t.Errorf("%s: rows %+v", tt.name, rows)
		}
	}
	for _, w := range wrappings[3:7] {
		if _, err := parse("f.txt", []byte(w.wrap(small)+small)); err == nil || !strings.Contains(err.Error(), "this line is not; write the file anew in one encoding") {
			t.Errorf("%s: error %v", w.name, err)
		}
	}
	_, err := parse("f.txt", []byte(small[:strings.Index(small, "PASS")]+"BenchmarkZ-8 \twarm\n"))
	if err == nil || !strings.Contains(err.Error(), "f.txt:9: the file is cut short: BenchmarkZ-8 has no result") {
		t.Errorf("error %v", err)
	}
}

// go test's own output for a module that logs, prints dots, fails and panics:
// as text with standard error in it, and as events.
func TestNoisy(t *testing.T) {
	var names [2][]string
	for i, name := range []string{"testdata/noisy.txt", "testdata/noisy.json"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parse(name, data)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range f.rows {
			for _, u := range r.units {
				names[i] = append(names[i], fmt.Sprintf("%s.%s %s %d", r.pkg, r.name, u.name, len(u.figures)))
			}
		}
		for _, want := range []string{"--- FAIL: BenchmarkFail-2", `FAIL\texample.com/mod/bad`, "Whole-2 hits/miss is NaN"} {
			if !says(f.remarks, verdict.Warning, want) {
				t.Errorf("%s: remarks %v, want %s", name, f.remarks, want)
			}
		}
	}
	want := []string{"example.com/mod/bad.Whole-2 ns/op 3", "example.com/mod/ok.Log-2 ns/op 3", "example.com/mod/ok.Dots-2 ns/op 3",
		"example.com/mod/ok.Sub/x_y-2 ns/op 3", "example.com/mod/ok.Sub/x_y-2 B/op 3", "example.com/mod/ok.Sub/x_y-2 allocs/op 3"}
	for i := range names {
		if d := cmp.Diff(want, names[i]); d != "" {
			t.Errorf("file %d (-want +got):\n%s", i, d)
		}
	}
}

// FuzzNoise lets a benchmark print anything. The row has its figure, or a
// remark or an error says that it is missing.
func FuzzNoise(f *testing.F) {
	for _, noise := range []string{"", "log\n", ".", "5\t7 ns/op\n", "5 6 u 7", "PASS\n", "\x1b[1", "\x00", "a\r", "pkg: b\n", "--- FAIL: x\n", `{"Action":"output","Output":"7"}` + "\n", "\nBenchmarkY \t", "#1 2.5 "} {
		for wrap := range wrappings {
			f.Add(noise, noise, byte(wrap))
		}
	}
	f.Fuzz(func(t *testing.T, first, noise string, wrap byte) {
		w := wrappings[int(wrap)%len(wrappings)]
		text := w.wrap(head + first + "BenchmarkX-8   \t" + noise + "     100\t        10.00 ns/op\nPASS\n")
		file, err := parse("f.txt", []byte(text))
		if err != nil || slices.ContainsFunc(file.remarks, func(r verdict.Remark) bool {
			return r.Level == verdict.Warning || strings.Contains(r.Text, "taken for prose")
		}) {
			return
		}
		for _, r := range file.rows {
			for _, u := range r.units {
				if u.tidy == "sec/op" && strings.HasSuffix(r.name, "X-8") && slices.Contains(u.tidied, 10e-9) {
					return
				}
			}
		}
		t.Fatalf("%s: rows %v, remarks %v of %q", w.name, file.rows, file.remarks, text)
	})
}
