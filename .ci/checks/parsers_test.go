package checks

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// filesVariable names more files to parse, separated by spaces.
const filesVariable = "THREADBENCH_FILES"

// TestParsers has other tools' parsers read the reference result, and the files
// named in the environment.
//
// Our lines stay as x/perf writes them, with spaces, which the format allows.
// gobenchdata alone wants tabs and a PASS, for which results/README.md has a
// filter. Rejected: tabs and PASS in our own files, since a file that grows round
// by round, and that -resume goes on with, has no end to mark.
func TestParsers(t *testing.T) {
	parse(t, append(strings.Fields(os.Getenv(filesVariable)), filepath.Join(root(t), "results", "reference.txt"))...)
}

// A line is a benchmark line as a parser understood it.
type line struct {
	name    string
	times   int
	figures map[string]float64
}

var parsers = map[string]func(t *testing.T, path string) []line{"github-action-benchmark": githubActionBenchmark, "gobenchdata": gobenchdata}

// parse compares what the parsers make of files with the fields in them
// (https://go.dev/design/14313-benchmark-format).
func parse(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		var want []line
		for text := range strings.Lines(read(t, path)) {
			if !strings.HasPrefix(text, "Benchmark") {
				continue
			}
			fields := strings.Fields(text)
			if len(fields) < 4 || len(fields)%2 != 0 {
				t.Fatalf("%s: a line with %d fields: %s", path, len(fields), text)
			}
			l := line{name: fields[0], times: whole(t, fields[1]), figures: map[string]float64{}}
			for i := 2; i < len(fields); i += 2 {
				l.figures[fields[i+1]] = number(t, fields[i])
			}
			want = append(want, l)
		}
		if want == nil {
			t.Errorf("%s holds no benchmark", path)
		}
		for _, parser := range []string{"github-action-benchmark", "gobenchdata"} {
			got := parsers[parser](t, path)
			if len(got) != len(want) {
				t.Errorf("%s: %s reads %d benchmarks, want %d", path, parser, len(got), len(want))
				continue
			}
			for i := range want {
				if got[i].name != want[i].name || got[i].times != want[i].times || !maps.Equal(got[i].figures, want[i].figures) {
					t.Fatalf("%s: %s reads %+v, want %+v", path, parser, got[i], want[i])
				}
			}
		}
		t.Logf("%s: %d benchmarks read alike", path, len(want))
	}
}

// gobenchdata reads a file as that tool does (bench/parser.go of
// github.com/bobheadxi/gobenchdata, v1.3.1), through the filter of
// results/README.md. A suite goes from a line goos: to a line with PASS. Fields
// are between tabs; each has a value and a unit with one space between. The module
// can't be fetched everywhere, so this restates the parser.
func gobenchdata(t *testing.T, path string) []line {
	t.Helper()
	filter := regexp.MustCompile(`(?m)^    (sed -E '.*') results/reference\.txt`).FindStringSubmatch(read(t, filepath.Join(root(t), "results", "README.md")))
	if filter == nil {
		t.Fatal("results/README.md has no filter for gobenchdata")
	}
	cmd := exec.Command("bash", "-c", filter[1]+` "$1"`, "-", path)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", filter[1], err)
	}
	var all []line
	within, ended := false, false // within a suite, and whether the last one has ended
	for text := range strings.Lines(string(out)) {
		text = strings.TrimRight(text, "\r\n")
		switch {
		case !within:
			if strings.HasPrefix(text, "goos:") {
				within, ended = true, false
			}
		case strings.HasPrefix(text, "PASS"), strings.HasPrefix(text, "FAIL"):
			within, ended = false, true
		case strings.HasPrefix(text, "Benchmark"):
			fields := strings.Split(text, "\t")
			if len(fields) < 2 {
				t.Fatalf("%s: gobenchdata finds no tab in %q", path, text)
			}
			l := line{strings.Trim(fields[0], " "), whole(t, strings.Trim(fields[1], " ")), map[string]float64{}}
			for _, f := range fields[2:] {
				value, unit, ok := strings.Cut(strings.Trim(f, " "), " ")
				if unit, _, _ = strings.Cut(unit, " "); !ok {
					t.Fatalf("%s: gobenchdata finds no value and unit in %q of %q", path, f, text)
				}
				l.figures[unit] = number(t, value)
			}
			all = append(all, l)
		}
	}
	if within || !ended {
		t.Fatalf("%s: gobenchdata finds no end", path)
	}
	return all
}

// goLine is the regular expression for a line of go test in
// github-action-benchmark (src/extract.ts, extractGoResult, of
// github.com/benchmark-action/github-action-benchmark at c38cce98215c, after
// v1.22.0). The tool is on no package registry. So goLine and
// githubActionBenchmark restate its parser.
var goLine = regexp.MustCompile(`^(?P<name>Benchmark\w+[\w()$%^&*-=|,[\]{}"#]*?)(?P<procs>-\d+)?\s+(?P<times>\d+)\s+(?P<remainder>.+)$`)

// githubActionBenchmark reads a file as that tool does: pairs of value and
// unit, between spaces or tabs. A line with several units gives a result for
// each, called NAME - UNIT, after a result called NAME with the first value.
func githubActionBenchmark(t *testing.T, path string) []line {
	t.Helper()
	var all []line
	for text := range strings.Lines(read(t, path)) {
		m := goLine.FindStringSubmatch(strings.TrimRight(text, "\r\n"))
		if m == nil {
			continue
		}
		l := line{m[1] + m[2], whole(t, m[3]), map[string]float64{}}
		pieces := regexp.MustCompile(`[ \t]+`).Split(m[4], -1)
		for i := 0; i+1 < len(pieces); i += 2 {
			l.figures[pieces[i+1]] = number(t, pieces[i])
		}
		all = append(all, l)
	}
	return all
}

func whole(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
