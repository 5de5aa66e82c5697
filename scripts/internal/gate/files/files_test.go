package files

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/scripts/internal/gate/verdict"
)

const head = "goos: linux\ngoarch: amd64\npkg: example.com/a\ncpu: A CPU\n"

const small = head + `BenchmarkX-8   	 100	 10.0 ns/op	 50 MB/s	 16 B/op	 1 allocs/op
BenchmarkX-8   	 100	 11.0 ns/op	 51 MB/s	 16 B/op	 1 allocs/op
BenchmarkY-8   	 100	 2000 ns/op	 0 B/op	 0 allocs/op	 7 p99-ns
BenchmarkY-8   	 100	 2100 ns/op	 0 B/op	 0 allocs/op	 8 p99-ns
PASS
ok  	example.com/a	3.210s
`

// write makes a file for a test.
func write(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t testing.TB, before, after string) ([]verdict.Row, []verdict.Remark) {
	t.Helper()
	rows, remarks, err := Read(write(t, "old.txt", before), write(t, "new.txt", after))
	if err != nil {
		t.Fatal(err)
	}
	return rows, remarks
}

func says(remarks []verdict.Remark, level, text string) bool {
	return slices.ContainsFunc(remarks, func(r verdict.Remark) bool { return r.Level == level && strings.Contains(r.Text, text) })
}

func TestRows(t *testing.T) {
	rows, remarks := read(t, small, strings.ReplaceAll(small, "2100 ns/op", "2200 ns/op"))
	want := []verdict.Row{
		{Name: "X-8", Unit: "ns/op", Better: "lower", Old: []float64{10, 11}, New: []float64{10, 11}},
		{Name: "X-8", Unit: "MB/s", Better: "higher", Old: []float64{50, 51}, New: []float64{50, 51}},
		{Name: "X-8", Unit: "B/op", Better: "lower", Exact: true, Old: []float64{16, 16}, New: []float64{16, 16}},
		{Name: "X-8", Unit: "allocs/op", Better: "lower", Exact: true, Old: []float64{1, 1}, New: []float64{1, 1}},
		{Name: "Y-8", Unit: "ns/op", Better: "lower", Old: []float64{2000, 2100}, New: []float64{2000, 2200}},
		{Name: "Y-8", Unit: "B/op", Better: "lower", Exact: true, Old: []float64{0, 0}, New: []float64{0, 0}},
		{Name: "Y-8", Unit: "allocs/op", Better: "lower", Exact: true, Old: []float64{0, 0}, New: []float64{0, 0}},
		{Name: "Y-8", Unit: "p99-ns", Old: []float64{7, 8}, New: []float64{7, 8}},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if len(remarks) != 1 || !says(remarks, verdict.Notice, "measured apart") {
		t.Errorf("remarks %v", remarks)
	}
}

func TestUnitLines(t *testing.T) {
	const lines = "Unit p99-ns better=lower\nUnit B/op assume=nothing\nUnit ns/op assume=exact\n"
	for _, at := range []string{lines + small, small + lines} { // they may come last
		rows, _ := read(t, at, small)
		i := slices.IndexFunc(rows, func(r verdict.Row) bool { return r.Unit == "p99-ns" })
		if rows[i].Better != "lower" || rows[2].Exact || rows[0].Exact {
			t.Errorf("%+v", rows)
		}
	}
	rows, _ := read(t, lines+small, lines+small)
	if !rows[0].Exact || rows[2].Exact || !rows[3].Exact {
		t.Errorf("%+v", rows)
	}
	_, _, err := Read(write(t, "old.txt", "Unit u better=lower\n"+head+"BenchmarkX 1 1 u\n"), write(t, "new.txt", "Unit u better=higher\n"+head+"BenchmarkX 1 1 u\n"))
	if err == nil || !strings.Contains(err.Error(), "old.txt says of u that lower is better") || !strings.Contains(err.Error(), "new.txt that higher is") {
		t.Errorf("error %v", err)
	}
}

// A unit that one file, or some lines, have in tidied form is the same unit.
func TestTidyUnits(t *testing.T) {
	rows, _ := read(t, "BenchmarkX 1 5 ns/op\nBenchmarkX 1 0 ns/op\n", "BenchmarkX 1 5e-9 sec/op\nBenchmarkX 1 6 ns/op\nBenchmarkX 1 7e-9 sec/op\n")
	if len(rows) != 1 || rows[0].Unit != "sec/op" || len(rows[0].Old) != 2 || len(rows[0].New) != 3 {
		t.Fatalf("%+v", rows)
	}
	for i, want := range []float64{5e-9, 6e-9, 7e-9} {
		if math.Abs(rows[0].New[i]-want) > 1e-15 {
			t.Errorf("figure %d is %v, want %v", i, rows[0].New[i], want)
		}
	}
}

func TestRemarks(t *testing.T) {
	for _, tt := range []struct{ name, before, after, level, want string }{
		{"goos", small, strings.Replace(small, "linux", "darwin", 1), verdict.Warning, "Not comparable: goos differs, linux → darwin."},
		{"cpu gone", small, strings.Replace(small, "cpu: A CPU\n", "", 1), verdict.Warning, "cpu differs, A CPU → (not there)"},
		{"pkg", small, strings.ReplaceAll(small, "example.com/a", "example.com/b"), verdict.Notice, "pkg differs: example.com/a → example.com/b."},
		{"a commit", "commit: 1\n" + small, "commit: 2\n" + small, verdict.Notice, "commit differs: 1 → 2."},
		{"a key that varies", small, small + "date: 1\nBenchmarkY-8 1 2000 ns/op\ndate: 2\nBenchmarkY-8 1 2000 ns/op\n", verdict.Notice, "new.txt: date has 2 values (1, 2), which are taken together"},
		{"a row gone", small, strings.ReplaceAll(small, "BenchmarkY", "BenchmarkZ"), verdict.Warning, "1 row only in "},
		{"its name", small, strings.ReplaceAll(small, "BenchmarkY", "BenchmarkZ"), verdict.Warning, "old.txt, not compared: Y-8"},
		{"a row added", small, strings.ReplaceAll(small, "BenchmarkY", "BenchmarkZ"), verdict.Warning, "new.txt, not compared: Z-8"},
		{"a unit gone", small, strings.ReplaceAll(small, "	 16 B/op	 1 allocs/op", ""), verdict.Warning, "2 units in one file only, not compared: X-8 B/op ("},
		{"a unit added", strings.NewReplacer("	 7 p99-ns", "", "	 8 p99-ns", "").Replace(small), small, verdict.Warning, "1 unit in one file only, not compared: Y-8 p99-ns ("},
		{"fewer figures", small, strings.Replace(small, "BenchmarkY-8   	 100	 2100 ns/op	 0 B/op	 0 allocs/op	 8 p99-ns\n", "", 1), verdict.Warning, "new.txt: not all rows have 2 figures: example.com/a.Y-8 in ns/op has 1."},
		{"no end", small, small[:strings.Index(small, "PASS")], verdict.Notice, "new.txt:3: go test never says PASS or ok of this package"},
	} {
		_, remarks := read(t, tt.before, tt.after)
		if !says(remarks, tt.level, tt.want) {
			t.Errorf("%s: %v, want %s: %s", tt.name, remarks, tt.level, tt.want)
		}
	}
	path := write(t, "one.txt", small)
	if _, remarks, err := Read(path, path); err != nil || !says(remarks, verdict.Warning, "are the same file") {
		t.Errorf("%v, %v", remarks, err)
	}
}

// Two packages may have benchmarks of one name.
func TestPackages(t *testing.T) {
	two := small + strings.ReplaceAll(strings.ReplaceAll(small, "example.com/a", "example.com/b"), "10.0 ns/op", "99.0 ns/op")
	rows, _ := read(t, two, two)
	if len(rows) != 16 || rows[0].Name != "example.com/a.X-8" || rows[8].Name != "example.com/b.X-8" || rows[8].Old[0] != 99 || rows[0].New[0] != 10 {
		t.Errorf("%d rows, %+v and %+v", len(rows), rows[0], rows[8])
	}
	rows, remarks := read(t, two, small)
	if len(rows) != 8 || !says(remarks, verdict.Warning, "2 rows only in ") {
		t.Errorf("%d rows, remarks %v", len(rows), remarks)
	}
}

const lockstep = "driver: lockstep\ngoos: linux\nUnit ns/op better=lower\n# plan {\"rounds\":2}\n"

func lockstepRound(n int, ns float64) string {
	return fmt.Sprintf("# round %d: steal=0\nBenchmarkSwitch/impl=goroutine/via=channel/place=same 100 %v ns/op 1 x-goroutine 0.5 kernel-switches/op\n"+
		"BenchmarkSwitch/impl=goroutine/via=channel/place=free 100 %v ns/op 1 x-goroutine 0.5 kernel-switches/op\n"+
		"BenchmarkStack/impl=goroutine/depth=0 100 2000 user-B/task %v kernel-B/task 1 x-goroutine\n# end round %d\n", n, ns, ns, ns, n)
}

// Of this suite's own files the primary figures of the rounds are compared.
func TestOwn(t *testing.T) {
	text := lockstep + lockstepRound(1, 100) + lockstepRound(2, 101)
	rows, remarks := read(t, text, text)
	want := []verdict.Row{
		{Name: "Switch/impl=goroutine/via=channel/place=same", Unit: "ns/op", Better: "lower", Old: []float64{100, 101}, New: []float64{100, 101}},
		{Name: "Switch/impl=goroutine/via=channel/place=free", Unit: "ns/op", Old: []float64{100, 101}, New: []float64{100, 101}},
		{Name: "Stack/impl=goroutine/depth=0", Unit: "user+kernel-B/task", Better: "lower", Old: []float64{2100, 2101}, New: []float64{2100, 2101}},
	}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if len(remarks) != 1 {
		t.Errorf("remarks %v", remarks)
	}
	_, remarks = read(t, text, lockstep+lockstepRound(1, 100))
	if !says(remarks, verdict.Warning, "new.txt holds 1 of 2 planned rounds: its run was stopped.") {
		t.Errorf("remarks %v", remarks)
	}
	for _, path := range []string{"lockstep.txt", "testing.txt"} {
		path = filepath.Join("..", "..", "results", "testdata", path)
		if rows, _, err := Read(path, path); err != nil || len(rows) == 0 {
			t.Errorf("%s: %d rows, %v", path, len(rows), err)
		}
	}
}

// Raw rounds of the gate, in which a decided row takes no more rounds. A round
// that was cut short is an error.
func TestGateRounds(t *testing.T) {
	raw := "Unit steps/op better=lower\ngoos: linux\n# plan gate -base main -pkg ./... -seed 7\n# begun 2026-01-02T03:04:05Z\n"
	for k := range 6 {
		raw += fmt.Sprintf("# round %d: layout=%d steal=0.00%%\n", k+1, k)
		if k < 3 {
			raw += "pkg: example.com/a\nBenchmarkEarly 100 10 ns/op\n"
		}
		raw += fmt.Sprintf("pkg: example.com/b\nBenchmarkLate 100 2%d ns/op\n# end round %d\n", k, k+1)
	}
	rows, remarks := read(t, raw, raw)
	if len(rows) != 2 || len(rows[0].New) != 3 || len(rows[1].New) != 6 {
		t.Errorf("rows %+v", rows)
	}
	if want := "not all have 6 rounds: example.com/a.Early in ns/op has 3."; !says(remarks, verdict.Notice, want) || says(remarks, verdict.Notice, "cut short") {
		t.Errorf("remarks %v, want %q", remarks, want)
	}
	cut := raw[:strings.LastIndex(raw, "# end round")]
	if rows, _, err := Read(write(t, "old.txt", raw), write(t, "new.txt", cut)); err == nil || !strings.Contains(err.Error(), "this round never ended") {
		t.Errorf("with a cut round it reads %+v, %v", rows, err)
	}
}

func TestErrors(t *testing.T) {
	const testing = "driver: testing\nBenchmarkSwitch/impl=goroutine 1 6 ns/op\n"
	for _, tt := range []struct{ name, before, after, want string }{
		{"empty", small, "", "new.txt:1: the file is empty; measure again"},
		{"blank", " \n\n", small, "old.txt:1: the file is empty"},
		{"no benchmarks", "hello\nworld\n", small, "old.txt:2: no benchmark line up to here; give a file"},
		{"binary", "\x7fELF\x00\x01\n", small, "old.txt:1: no benchmark line up to here"},
		{"only a header", head, small, "old.txt:4: no benchmark line up to here"},
		{"cut in a line", small, small[:len(small)-30], "new.txt:9: the last line has no end: the file is cut short; measure again"},
		{"no iterations", head + "BenchmarkX ns/op\n", small, `old.txt:5: no benchmark line up to here, only prose: "BenchmarkX ns/op" (line 5); give a file`},
		{"no measurement", head + "BenchmarkX 1\n", small, "old.txt:5: missing measurements;"},
		{"no unit", head + "BenchmarkX 1 5\n", small, "old.txt:5: missing units;"},
		{"no name", head + "Benchmark 1 5 ns/op\n", small, "old.txt:5: a benchmark without a name"},
		{"zero iterations", head + "BenchmarkX 0 5 ns/op\n", small, "old.txt:5: no row is left, since these are no measurements: X has 0 iterations (line 5); fix"},
		{"NaN", head + "BenchmarkX 1 NaN ns/op\n", small, "X ns/op is NaN (line 5); fix the benchmark"},
		{"infinite", head + "BenchmarkX 1 Inf ns/op\n", small, "X ns/op is +Inf (line 5)"},
		{"huge", head + "BenchmarkX 1 1e101 u\n", small, "old.txt:5: no row is left, since these are no measurements: X u is 1e+101 (line 5)"},
		{"huge once tidied", head + "BenchmarkX 1 1e99 MB/s\n", small, "X MB/s is 1e+99 (line 5)"},
		{"overflow", head + "BenchmarkX 1 1e999 ns/op\n", small, "old.txt:5: parsing measurement: value out of range"},
		{"unit twice", head + "BenchmarkX 1 5 ns/op 5e-9 sec/op\n", small, "old.txt:5: BenchmarkX: the unit sec/op stands twice"},
		{"unit line", "Unit ns/op better=lower higher\n" + small, small, "old.txt:1: expected key=value;"},
		{"better", "Unit ns/op better=less\n" + small, small, "old.txt:1: unit ns/op has better=less; give lower or higher"},
		{"assume", "Unit ns/op assume=normal\n" + small, small, "old.txt:1: unit ns/op has assume=normal; give nothing or exact"},
		{"unit line twice", "Unit u better=lower\nUnit u better=higher\n" + small, small, "old.txt:2: metadata better of unit u already set to lower"},
		{"two machines", small + strings.Replace(small, "linux", "darwin", 1), small, `old.txt:15: configuration goos: "darwin" here, "linux" before; results of two machines`},
		{"all failed", small, head + "--- FAIL: BenchmarkZ\n    z_test.go:5: no\nFAIL\n", `new.txt:7: no benchmark line up to here, and go test failed: "--- FAIL: BenchmarkZ" (line 5); fix it`},
		{"a long line", head + "Benchmark" + strings.Repeat("x", 1<<17) + " 1 5 ns/op\n", small, "old.txt:5: a line of 131091 bytes, at most 65534 can be read"},
		{"a round in flight", small + "# round 2: x\nBenchmarkX-8 1 10 ns/op\n", small, "old.txt:11: this round never ended: the file is cut short"},
		{"nothing in common", "BenchmarkA 1 5 ns/op\n", "BenchmarkB 1 5 ns/op\n", "have no row in common (the first are A in ns/op and B in ns/op); run the same benchmarks with the same GOMAXPROCS"},
		{"no unit in common", "BenchmarkA 1 5 ns/op\n", "BenchmarkA 1 5 u\n", "have no row in common"},
		{"cut within a row", small, small[:strings.LastIndex(small, "BenchmarkY")], "new.txt:3: the file is cut short: go test never says PASS or ok of this package, and not all rows have 2 figures (example.com/a.Y-8 in ns/op has 1); measure again, or end it"},
		{"cut before a row", small, small[:strings.Index(small, "BenchmarkY")], "new.txt:3: the file is cut short: go test never says PASS or ok of this package, and it lacks 1 row that "},
		{"the old one cut", small[:strings.Index(small, "BenchmarkY")], small, "old.txt:3: the file is cut short:"},
		{"two drivers", testing, lockstep + lockstepRound(1, 1), `one has driver "testing", the other "lockstep", and their figures are never pooled`},
		{"ours and another's", testing, small, `one has driver "testing", the other ""`},
		{"ours, malformed", "driver: lockstep\nBenchmarkX 1\n# end round 1\n", small, "old.txt:2: missing measurements"},
		{"ours, cut", lockstep + lockstepRound(1, 1) + "# round 2: \nBenchmarkStack/impl=goroutine/depth=0 1 1 user-B/task\n", small, "old.txt:10: the round up to line 11 never ended: the run was killed; go on with it"},
		{"ours, only notes", "driver: lockstep\n# skip BenchmarkSwitch/impl=clone: linux only\n# end round 1\n", small, "old.txt:2: no rows, only notes (BenchmarkSwitch/impl=clone: linux only)"},
	} {
		rows, _, err := Read(write(t, "old.txt", tt.before), write(t, "new.txt", tt.after))
		if err == nil {
			t.Errorf("%s: read %+v, want the error %q", tt.name, rows, tt.want)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %q, want %q", tt.name, err, tt.want)
		}
	}
}

func TestUnreadable(t *testing.T) {
	ok := write(t, "ok.txt", small)
	for _, tt := range []struct{ path, want string }{
		{filepath.Join(t.TempDir(), "missing.txt"), "missing.txt: no such file"},
		{t.TempDir(), "check that it is a readable file"},
		{"-", `"-" is no file`},
	} {
		for _, pair := range [][2]string{{tt.path, ok}, {ok, tt.path}} {
			if _, _, err := Read(pair[0], pair[1]); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v: %v", pair, err)
			}
		}
	}
}

// A file that is cut anywhere is an error, or a remark says so, or nothing is
// missing from it.
func TestCutAnywhere(t *testing.T) {
	lock := lockstep + lockstepRound(1, 100) + lockstepRound(2, 101)
	twice := strings.ReplaceAll(two, "   \t 100\t", "   \tcache warm\nagain.    100\t") // a logger splits each result
	texts := []string{small, two, lock, twice}
	for _, w := range wrappings {
		texts = append(texts, w.wrap(two))
	}
	for _, text := range texts {
		whole, err := parse("whole.txt", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		all, _, err := compare(whole, whole)
		if err != nil {
			t.Fatal(err)
		}
		errs, told, same := 0, 0, 0
		for n := range len(text) {
			var rows []verdict.Row
			var remarks []verdict.Remark
			f, err := parse("f.txt", []byte(text[:n]))
			if err == nil {
				rows, remarks, err = compare(whole, f)
			}
			missing := len(rows) < len(all)
			for i, r := range rows {
				missing = missing || len(r.New) < len(all[i].New)
			}
			switch {
			case err != nil:
				if !strings.Contains(err.Error(), "f.txt:") || !strings.Contains(err.Error(), "; ") {
					t.Errorf("cut at %d: error %q names no line or no way out", n, err)
				}
				errs++
			case !missing:
				same++
			case says(remarks, verdict.Warning, "only in whole.txt") || says(remarks, verdict.Warning, "planned rounds"):
				told++
			default:
				t.Errorf("cut at %d: silently half, %v:\n%s", n, remarks, text[:n])
			}
		}
		// A remark reports a whole package or a whole round that is missing.
		// Anything else missing is an error.
		if told > 20 || same > 25 || errs+told+same != len(text) {
			t.Errorf("%d errors, %d told, %d with nothing missing, of %d bytes", errs, told, same, len(text))
		}
		t.Logf("%d errors, %d told, %d with nothing missing, of %d bytes", errs, told, same, len(text))
	}
}

func TestHuge(t *testing.T) {
	var b strings.Builder
	b.WriteString(head)
	for i := range 20_000 {
		fmt.Fprintf(&b, "BenchmarkX/%d-8 100 %d ns/op\n", i%200, 1000+i)
	}
	b.WriteString("noise " + strings.Repeat("y", 1<<20) + "\nPASS\n")
	rows, remarks := read(t, b.String(), b.String())
	if len(rows) != 200 || len(rows[0].Old) != 100 || len(remarks) != 1 {
		t.Errorf("%d rows of %d figures, remarks %v", len(rows), len(rows[0].Old), remarks)
	}
	if _, err := parse("f.txt", make([]byte, most+1)); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("error %v", err)
	}
}

// A file that is read can be judged, up to the exit code.
func TestJudged(t *testing.T) {
	file := func(factor float64, allocs int) string {
		text := head
		for i := range 12 {
			text += fmt.Sprintf("BenchmarkX-8 100 %.4g ns/op %d allocs/op\n", (100+float64(i*7%12)/10)*factor, allocs)
		}
		return text + "PASS\n"
	}
	for _, tt := range []struct {
		after string
		want  int
	}{{file(1, 0), 0}, {file(1.1, 0), 1}, {file(0.9, 0), 0}, {file(1.01, 0), 3}, {file(1, 2), 1}} {
		rows, _ := read(t, file(1, 0), tt.after)
		r, err := verdict.Judge(rows, verdict.Rules{Alpha: 0.01, Margin: 0.01})
		if err != nil {
			t.Fatal(err)
		}
		if got := r.ExitCode(); got != tt.want {
			t.Errorf("exit code %d, want %d: %s", got, tt.want, tt.after)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(small)
	f.Add(lockstep + lockstepRound(1, 1))
	f.Add("Unit u better=higher\r\nBenchmark 1 5 u\r\npkg:\n# round 1\n# end round 1\n")
	for _, w := range wrappings {
		f.Add(w.wrap(small))
	}
	f.Add("..BenchmarkX-8 \tlog\n 100\t 5 ns/op\nBenchmark of\nUnit tests\nBenchmarkY-8 0 NaN ns/op 1 u\n--- FAIL: BenchmarkZ\nFAIL\ta\t1s\n")
	f.Add("driver: testing\nBenchmarkSwitch/impl=goroutine-4 1 6 ns/op\nFAIL\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text)%8 != 0 {
			text += "\n" // without it there is little to find
		}
		file, err := parse("f.txt", []byte(text))
		if err != nil {
			if !strings.HasPrefix(err.Error(), "reading results") || !strings.Contains(err.Error(), "f.txt:") || !strings.Contains(err.Error(), "; ") {
				t.Fatalf("error %q names no line or no way out", err)
			}
			return
		}
		rows, _, err := compare(file, file)
		if err != nil {
			t.Fatalf("a file has nothing in common with itself: %v", err)
		}
		for _, r := range rows {
			if len(r.Old) == 0 || !slices.Equal(r.Old, r.New) {
				t.Fatalf("%+v", r)
			}
			for _, v := range r.Old {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s: %v", r, v)
				}
			}
		}
		verdict.Judge(rows, verdict.Rules{Alpha: 0.01, Margin: 0.01})
	})
}
