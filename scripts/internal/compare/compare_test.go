package compare

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/scripts/internal/results"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

const fixtures = "../results/testdata/"

// call runs the command and returns its exit status and its output.
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

// commands are our lines of standard error. The go command may add others while it
// fetches and builds benchstat.
func commands(stderr string) string {
	var ours []string
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, "$ ") {
			ours = append(ours, line)
		}
	}
	return strings.Join(ours, "")
}

// TestVersions: compare names the settings that differ between two files, and they
// don't split the table. It also says that one file was slowed down on purpose.
func TestVersions(t *testing.T) {
	data, err := os.ReadFile(fixtures + "single.txt")
	if err != nil {
		t.Fatal(err)
	}
	changed := filepath.Join(t.TempDir(), "a=b c.txt")
	if err := os.WriteFile(changed, bytes.Replace(data, []byte("cpus: 2"), []byte("cpus: 64\nodd,key: 1\ninject: Switch=1.5"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := call(fixtures+"single.txt", changed)
	if status != 0 || strings.Count(stdout, "  cpus: 2 → 64\n") != 1 || !strings.Contains(stdout, "  odd,key: (not there) → 1\n") || !strings.Contains(stdout, "INJECTED") || strings.Count(stdout, "│     old      │") != 1 {
		t.Errorf("exit status %d, want one table:\n%s%s", status, stdout, stderr)
	}
}

// TestProcs: rows that ran with different GOMAXPROCS are compared.
func TestProcs(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for _, procs := range []string{"", "-4"} {
		path := filepath.Join(dir, "f"+procs+".txt")
		line := "BenchmarkSwitch/impl=goroutine/via=channel" + procs + " 1 1 ns/op\n"
		if err := os.WriteFile(path, []byte("driver: testing\n"+line), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	status, stdout, stderr := call(paths...)
	if status != 0 || !strings.Contains(stdout, "  GOMAXPROCS: 1 → 4\n") || !strings.Contains(stdout, "(p=1.000 n=1)") {
		t.Errorf("exit status %d, want a comparison:\n%s%s", status, stdout, stderr)
	}
}

// TestPooled: benchstat pools no two rows, since each comparison has one value a
// round.
func TestPooled(t *testing.T) {
	path := "../../../results/reference.txt"
	f, err := results.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := call(path)
	sizes := regexp.MustCompile(` n=([\d+]+)`).FindAllStringSubmatch(stdout, -1)
	if status != 0 || len(sizes) < 100 {
		t.Fatalf("exit status %d, %d comparisons: %s", status, len(sizes), stderr)
	}
	rounds := map[string]bool{} // a row that decides a statement has more than others
	for _, r := range f.Rows {
		rounds[strconv.Itoa(len(r.Runs))] = true
	}
	for _, n := range sizes {
		for side := range strings.SplitSeq(n[1], "+") {
			if !rounds[side] {
				t.Errorf("a comparison of %s values, and no row has as many rounds: %v", n[1], rounds)
			}
		}
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
		{"malformed", []string{file("bad.txt", head+"BenchmarkX 1\n"+end)}, "bad.txt:2: missing measurements; correct"},
		{"second malformed", []string{goroutine, file("empty.txt", "")}, "empty.txt:1: the file is empty"},
		{"only notes", []string{file("notes.txt", head+"# skip BenchmarkX: no luck\n"+end)}, "notes.txt:2: no rows, only notes (BenchmarkX: no luck); run again"},
		{"no goroutine", []string{clone}, "clone.txt: no row of impl=goroutine to compare with; run again"},
		{"two drivers", []string{fixtures + "lockstep.txt", fixtures + "testing.txt"}, "testing.txt has driver testing: one holds medians of rounds, the other means, and they are never pooled; make both"},
	} {
		status, stdout, stderr := call(tt.args...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, tt.want) {
			t.Errorf("%s: exit status %d, stdout %q, stderr %q; want 2, nothing, %q", tt.name, status, stdout, stderr, tt.want)
		}
	}
}

// TestUnfinished: benchstat's table and the sum leave out rounds that never ended,
// with a warning. The sed command on standard error leaves out the same rounds.
func TestUnfinished(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("TMP", os.Getenv("TMPDIR"))
	file := func(name, rest string) string {
		path := filepath.Join(dir, name)
		text := "driver: lockstep\nBenchmarkX/impl=goroutine 1 10 ns/op\nBenchmarkX/impl=clone 1 20 ns/op\n# end round 1\n" + rest
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole := file("whole.txt", "")
	const warning = "A round of this file never ended"
	for name, rest := range map[string]string{
		"begun.txt":  "# round 2: load=1\n",
		"flight.txt": "# round 2: load=1\nBenchmarkX/impl=goroutine 1 90 ns/op\n",
		"torn.txt":   "# round 2: load=1\nBenchmarkX/impl=goroutine 1 90 ns/op\nBenchmarkX/impl=clo",
		"resumed.txt": "# round 2: load=1\nBenchmarkX/impl=goroutine 1 90 ns/op\n" +
			"# round 2: load=1\nBenchmarkX/impl=goroutine 1 10 ns/op\nBenchmarkX/impl=clone 1 20 ns/op\n# end round 2\n# round 3:\nBenchmarkX",
	} {
		path := file(name, rest)
		status, stdout, stderr := call(path)
		if n := strings.Count(stdout, warning); status != 0 || n != 1 || strings.Contains(stdout, "90.00n") || !strings.Contains(stdout, "20.00n") {
			t.Errorf("%s: exit status %d, warned %d times, want the table of the whole rounds:\n%s%s", name, status, n, stdout, stderr)
		}
		var out, errs bytes.Buffer
		if status := Sum([]string{whole, path}, &out, &errs); status != 0 || strings.Count(out.String(), warning) != 1 || strings.Count(out.String(), "10.00n") != 2 {
			t.Errorf("%s: the sum's exit status is %d:\n%s%s", name, status, out.String(), errs.String())
		}
		if _, err := exec.LookPath("sed"); err != nil || !strings.Contains(stderr, "$ sed ") {
			t.Logf("%s: no sed to run", name)
			continue
		}
		line, _, _ := strings.Cut(strings.TrimPrefix(commands(stderr), "$ "), " > ")
		text, err := exec.Command("sh", "-c", line).Output()
		if err != nil || strings.Contains(string(text), " 90 ") || strings.Count(string(text), "BenchmarkX/impl=clone 1 20 ns/op\n") != strings.Count(string(text), "# end") {
			t.Errorf("%s: %s leaves %q, %v", name, line, text, err)
		}
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "threadbench-compare-*"))
	if err != nil || left != nil {
		t.Errorf("left behind: %v, %v", left, err)
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

// TestBenchstatFails: benchstat exits 0 when it fails. A fake go command does the
// same.
func TestBenchstatFails(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in is a shell script")
	}
	dir := t.TempDir()
	const script = "#!/bin/sh\necho 'benchstat: out of luck' >&2; echo table\n"
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
	status, stdout, stderr := call(fixtures + "single.txt")
	if status != 2 || strings.Contains(stdout, "table") || !strings.Contains(stderr, "no table, for what it says above") {
		t.Errorf("exit status %d, stdout %q, stderr %q", status, stdout, stderr)
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

// TestSum compares each figure, change and p of the sum-up with benchstat's.
func TestSum(t *testing.T) {
	golden, err := os.ReadFile("testdata/two.golden")
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if status := Sum([]string{fixtures + "lockstep.txt", fixtures + "newer.txt"}, &out, &errs); status != 0 {
		t.Fatalf("exit status %d: %s", status, errs.String())
	}
	have := map[string]bool{}
	for line := range strings.Lines(out.String()) {
		if fields := strings.Fields(line); strings.Contains(line, "(p=") {
			have[strings.Join(append(fields[:1:1], fields[2:]...), " ")] = true // without the unit
		}
	}
	rows := 0
	for line := range strings.Lines(string(golden)) {
		if !strings.Contains(line, "(p=") {
			continue
		}
		rows++
		line, _, _ = strings.Cut(line, " ¹") // a footnote
		if want := strings.Join(strings.Fields(line), " "); !have[want] {
			t.Errorf("benchstat says %q; not in\n%s", want, out.String())
		}
	}
	if rows < 20 || rows != len(have) {
		t.Errorf("%d rows, benchstat has %d", len(have), rows)
	}
}

func TestSumErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name, row string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("driver: lockstep\nBenchmark"+row+" 1 1 ns/op\n# end round 1\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	x, y := file("x.txt", "X/impl=goroutine"), file("y.txt", "Y/impl=goroutine")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{x, y}, "have no row in common"},
		{[]string{fixtures + "lockstep.txt", fixtures + "testing.txt"}, "never pooled"},
		{[]string{x, x, x}, "3 files given"},
	} {
		var out, errs bytes.Buffer
		if status := Sum(test.args, &out, &errs); status != 2 || out.Len() > 0 || !strings.Contains(errs.String(), test.want) {
			t.Errorf("%q: exit status %d, %q and %q; want 2, nothing, %q", test.args, status, out.String(), errs.String(), test.want)
		}
	}
}
