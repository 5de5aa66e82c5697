package compare

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/scripts/internal/results"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

const fixtures = "../results/testdata/"

// call runs the command and answers its exit status and what it wrote.
func call(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = Run(args, strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

func TestGolden(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files []string
	}{
		{"lockstep", []string{"lockstep.txt"}},
		{"testing", []string{"testing.txt"}},
		{"two", []string{"lockstep.txt", "newer.txt"}},
	} {
		var args []string
		for _, f := range tt.files {
			args = append(args, fixtures+f)
		}
		status, stdout, stderr := call(args...)
		if status != 0 {
			t.Errorf("%s: exit status %d, want 0: %s", tt.name, status, stderr)
			continue
		}
		got := commands(stderr) + "\n" + stdout
		golden := filepath.Join("testdata", tt.name+".golden")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s (-want +got; go test -update writes it):\n%s", golden, d)
		}
	}
}

// commands are the lines of standard error that are ours: the go command may
// add some while it fetches and builds benchstat.
func commands(stderr string) string {
	var ours []string
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "$ ") {
			ours = append(ours, line)
		}
	}
	return strings.Join(ours, "")
}

func parse(t *testing.T, name, lines string) *results.File {
	t.Helper()
	f, err := results.Read(strings.NewReader("driver: lockstep\n"+lines+"# end round 1\n"), name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestContenders(t *testing.T) {
	const (
		channel = "BenchmarkSwitch/impl=goroutine/via=channel 1 1 ns/op\n"
		locked  = "BenchmarkSwitch/impl=locked/via=channel 1 1 ns/op\n"
		lfutex  = "BenchmarkSwitch/impl=locked/via=futex 1 1 ns/op\n"
		futex   = "BenchmarkSwitch/impl=clone/via=futex 1 1 ns/op\n"
		stack   = "BenchmarkStack/impl=goroutine/depth=0 1 1 user-B/task 1 kernel-B/task 1 tasks\n"
		least   = "BenchmarkStack/impl=clone/stack=least/depth=0 1 1 user-B/task 1 kernel-B/task\n"
		pipe    = "BenchmarkSwitch/impl=clone/via=pipe/place=cross 1 1 ns/op\n"
	)
	for _, tt := range []struct {
		name, lines string
		want        []string
		after       string
	}{
		{"the native pair alone", channel + futex, []string{
			"-col /impl -ignore /via -filter '/via:(channel OR futex) .unit:ns/op' f.txt",
		}, ""},
		{"both", channel + locked + futex, []string{
			"-col /impl -filter '-/via:futex .unit:ns/op' f.txt",
			"-table '' -col /impl -ignore /via -filter '/via:(channel OR futex) .unit:ns/op' f.txt",
		}, ""},
		{"a contender with both primitives isn't pooled", channel + locked + lfutex + futex, []string{
			"-col /impl -filter '-/via:futex .unit:ns/op' f.txt",
			"-table '' -col /impl -ignore /via -filter '((/impl:goroutine /via:channel) OR (-/impl:goroutine /via:futex)) .unit:ns/op' f.txt",
		}, ""},
		{"the goroutine's column first", futex + locked + channel, []string{
			"-col '/impl@(goroutine locked)' -filter '-/via:futex .unit:ns/op' f.txt",
			"-table '' -col '/impl@(goroutine locked clone)' -ignore /via -filter '/via:(channel OR futex) .unit:ns/op' f.txt",
		}, ""},
		{"stacks", stack + least + channel + locked, []string{
			"-col /impl -filter '-/stack:least .unit:(user-B/task OR kernel-B/task OR ns/op)' f.txt",
			`-table '' -col /impl -ignore /stack -filter '/stack:("" OR least) .name:Stack .unit:(user-B/task OR kernel-B/task)' f.txt`,
		}, ""},
		{"a place of its own", channel + locked + pipe, []string{
			"-col /impl -filter '-/via:pipe -/place:cross .unit:ns/op' f.txt",
		}, "In none of these tables, for want of a goroutine's row to stand beside:\n  Switch/impl=clone/via=pipe/place=cross\n"},
		{"a contender of its own", "BenchmarkX/impl=fiber 1 1 ns/op\nBenchmarkX/impl=goroutine 1 1 ns/op\n", []string{
			"-col '/impl@(goroutine fiber)' -filter .unit:ns/op f.txt",
		}, ""},
	} {
		tables, after, err := contenders(parse(t, "f.txt", tt.lines))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got []string
		for _, b := range tables {
			got = append(got, quote(b.args))
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
		if after != tt.after {
			t.Errorf("%s: after the tables %q, want %q", tt.name, after, tt.after)
		}
	}
}

func TestVersions(t *testing.T) {
	const row = "BenchmarkSwitch/impl=goroutine/via=channel 1 1 ns/op\n"
	before := parse(t, "a.txt", "go: go1.26\nkernel: 6\ngogc: 50\n"+row)
	after := parse(t, "b.txt", "go: go1.27\nkernel: 6\nodd,key: 1\n"+row)
	tables, _, err := versions(before, after)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := quote(tables[0].args), `-col .file -ignore 'go,gogc,"odd,key"' -filter .unit:ns/op old=a.txt new=b.txt`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got, want := tables[0].about, `old: a.txt (1 round)
new: b.txt (1 round)
What differs between the two, and is ignored below:
  go: go1.26 → go1.27
  gogc: 50 → (not there)
  odd,key: (not there) → 1
`; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}

	procs := func(n string) *results.File {
		f, err := results.Read(strings.NewReader("driver: testing\nBenchmarkSwitch/impl=goroutine"+n+" 1 1 ns/op\n"), "f.txt")
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	tables, _, err = versions(procs(""), procs("-4"))
	if err != nil {
		t.Fatal(err)
	}
	if got := quote(tables[0].args); !strings.Contains(got, "-ignore /gomaxprocs ") || !strings.Contains(tables[0].about, "  GOMAXPROCS: 1 → 4\n") {
		t.Errorf("one file without suffix, one with: %s\n%s", got, tables[0].about)
	}
}

// A path that benchstat would take for a flag or a label, and differing
// settings, come through it.
func TestOddPaths(t *testing.T) {
	data, err := os.ReadFile(fixtures + "single.txt")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	odd := filepath.Join(dir, "a=b c.txt")
	if err := os.WriteFile(odd, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if status, stdout, stderr := call(odd); status != 0 || !strings.Contains(stdout, "Switch/place=same") {
		t.Errorf("one file: exit status %d, %s%s", status, stdout, stderr)
	}
	changed := filepath.Join(dir, "changed.txt")
	if err := os.WriteFile(changed, bytes.Replace(data, []byte("cpus: 2"), []byte("cpus: 64"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := call(odd, changed)
	if status != 0 || !strings.Contains(stdout, "  cpus: 2 → 64\n") || strings.Count(stdout, "│     old      │") != 1 {
		t.Errorf("two files: exit status %d, want one table:\n%s%s", status, stdout, stderr)
	}
	if got := operand("-x.txt"); got != "file=-x.txt" {
		t.Errorf("operand(-x.txt) = %s", got)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const head, end = "driver: lockstep\n", "# end round 1\n"
	goroutine := file("goroutine.txt", head+"BenchmarkX/impl=goroutine 1 1 ns/op\n"+end)
	clone := file("clone.txt", head+"BenchmarkX/impl=clone 1 1 ns/op\n"+end)
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"no file", nil, "compare: 0 files given; give one"},
		{"three files", []string{"a", "b", "c"}, "compare: 3 files given; give one"},
		{"a flag", []string{"-x"}, "not defined: -x"},
		{"standard input", []string{"-"}, `compare: "-" is no file: standard input can't be read twice; write it to a file`},
		{"missing", []string{filepath.Join(dir, "missing.txt")}, "missing.txt: "},
		{"malformed", []string{file("bad.txt", head+"BenchmarkX 1\n"+end)}, "bad.txt:2: missing measurements; mend"},
		{"second malformed", []string{goroutine, file("empty.txt", "")}, "empty.txt:1: the file is empty"},
		{"only notes", []string{file("notes.txt", head+"# skip BenchmarkX: no luck\n"+end)}, "notes.txt:2: no rows, only notes (BenchmarkX: no luck); run again"},
		{"a round in flight", []string{file("flight.txt", head+"BenchmarkX/impl=goroutine 1 1 ns/op\n"+end+"BenchmarkX/impl=goroutine 1 1 ns/op\n")}, "flight.txt:4: the round up to line 4 never ended, and benchstat would count its lines; go on with the run (go run ./scripts/run -resume -o FILE), or leave them out (sed '4,4d' FILE > WHOLE)"},
		{"no goroutine", []string{clone}, "clone.txt: no row of impl=goroutine to compare with; run again"},
		{"no thread", []string{goroutine}, "goroutine.txt: no thread's row that could stand beside a goroutine's; run again"},
		{"two drivers", []string{fixtures + "lockstep.txt", fixtures + "testing.txt"}, "testing.txt has driver testing: one holds medians of rounds, the other means, and they are never pooled; make both"},
		{"nothing in common", []string{goroutine, clone}, "have no row in common (the first are X/impl=goroutine and X/impl=clone); run both"},
	} {
		status, stdout, stderr := call(tt.args...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: exit status %d, stdout %q, stderr %q; want 2, nothing, %q", tt.name, status, stdout, stderr, tt.want)
		}
	}
}

// A round that was only begun has no lines that benchstat could count.
func TestBegunRound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "begun.txt")
	if err := os.WriteFile(path, []byte("driver: lockstep\nBenchmarkX 1 1 ns/op\n# end round 1\n# round 2: load=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := read(path); err != nil {
		t.Error(err)
	}
}

func TestHelp(t *testing.T) {
	if status, stdout, stderr := call("-h"); status != 0 || stdout != usage || stderr != "" {
		t.Errorf("exit status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

func TestWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	status, _, stderr := call(fixtures + "single.txt")
	if status != 2 || !strings.Contains(stderr, "install Go (https://go.dev/dl), or put its bin directory on PATH") {
		t.Errorf("exit status %d, stderr %q", status, stderr)
	}
}

func TestOutsideTheModule(t *testing.T) {
	path, err := filepath.Abs(fixtures + "single.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOFLAGS", "")
	t.Chdir(t.TempDir())
	status, _, stderr := call(path)
	if status != 2 || !strings.Contains(stderr, "run this within a checkout of threadbench, whose go.mod names the tool") {
		t.Errorf("exit status %d, stderr %q", status, stderr)
	}
}

// benchstat exits 0 when it fails. A go command that does the same stands in.
func TestBenchstatFails(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in is a shell script")
	}
	for _, script := range []string{"echo 'benchstat: out of luck' >&2; echo table", "exit 0"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		t.Setenv("PATH", dir)
		status, stdout, stderr := call(fixtures + "single.txt")
		if status != 2 || strings.Contains(stdout, "table") || !strings.Contains(stderr, "no table, for what it says above") {
			t.Errorf("%s: exit status %d, stdout %q, stderr %q", script, status, stdout, stderr)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteError(t *testing.T) {
	b := benchstat{args: []string{"-col", "/impl", fixtures + "single.txt"}}
	if err := b.run(full{}, io.Discard); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("error %v, want the writer's", err)
	}
}

func TestQuote(t *testing.T) {
	if got, want := quote([]string{"a", "", "it's", "b c", "/impl"}), `a '' 'it'\''s' 'b c' /impl`; got != want {
		t.Errorf("quote = %s, want %s", got, want)
	}
}

func TestWord(t *testing.T) {
	for s, want := range map[string]string{"futex": "futex", "": `""`, "OR": `"OR"`, "a b": `"a b"`, "-x": `"-x"`, "/re/": `"/re/"`, "x/op": "x/op", "a,b": `"a,b"`} {
		if got := word(s); got != want {
			t.Errorf("word(%q) = %s, want %s", s, got, want)
		}
	}
}
