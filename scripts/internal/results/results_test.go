package results

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"threadbench/bench/catalog"
)

const head = "driver: lockstep\ngoos: linux\nUnit ns/op better=lower\nUnit tasks assume=exact\nUnit ns/op assume=nothing\n"

func read(t *testing.T, text string) *File {
	t.Helper()
	f, err := Read(strings.NewReader(text), "f.txt")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRead(t *testing.T) {
	got := read(t, head+`# plan {"profile": "quick"}
# begun 2026-01-02T03:04:05Z on a-host
# skip BenchmarkSwitch/impl=clone/via=futex: 1 CPU: 2 wanted
# round 1: steal=0.1% throttled=0 load=0.35
BenchmarkSwitch/impl=goroutine/via=channel 100 165.25 ns/op 1 x-goroutine 1.5 p99-ns
BenchmarkSwitch/impl=locked/via=channel 3 9e3 ns/op 0 kernel-switches/op 2 MB/s
# cut BenchmarkStack/impl=locked/depth=0: pids.max 64
# end round 1
# round 2: steal=0.1%
# cut BenchmarkStack/impl=locked/depth=0: pids.max 64
# failed BenchmarkSwitch/impl=locked/via=channel: seen 3
BenchmarkSwitch/impl=goroutine/via=channel 101 0 ns/op 1 x-goroutine
# end round 2
`)
	want := &File{
		Name: "f.txt", Driver: Lockstep, Plan: `{"profile": "quick"}`, Rounds: 2,
		Begun:        []string{"2026-01-02T03:04:05Z on a-host"},
		Disturbances: []Disturbance{{1, "steal=0.1% throttled=0 load=0.35"}, {2, "steal=0.1%"}},
		Config:       []Setting{{"driver", "lockstep"}, {"goos", "linux"}},
		Units:        []Unit{{Name: "ns/op", Better: "lower"}, {Name: "tasks", Exact: true}},
		Rows: []*Row{
			{FullName: "Switch/impl=goroutine/via=channel", Runs: []Run{
				{Round: 1, Line: 10, Iters: 100, Values: map[string]float64{"ns/op": 165.25, "x-goroutine": 1, "p99-ns": 1.5}},
				{Round: 2, Line: 17, Iters: 101, Values: map[string]float64{"ns/op": 0, "x-goroutine": 1}},
			}, units: []string{"ns/op", "x-goroutine", "p99-ns"}, decides: []string{"ns/op"}},
			{FullName: "Switch/impl=locked/via=channel", Runs: []Run{
				{Round: 1, Line: 11, Iters: 3, Values: map[string]float64{"ns/op": 9000, "kernel-switches/op": 0, "MB/s": 2}},
			}, units: []string{"ns/op", "kernel-switches/op", "MB/s"}, decides: []string{"ns/op"}},
		},
		Notes: []Note{
			{Kind: "skip", FullName: "Switch/impl=clone/via=futex", Reason: "1 CPU: 2 wanted", Rounds: 1, Line: 8},
			{Kind: "cut", FullName: "Stack/impl=locked/depth=0", Reason: "pids.max 64", Rounds: 2, Line: 12},
			{Kind: "failed", FullName: "Switch/impl=locked/via=channel", Reason: "seen 3", Rounds: 1, Line: 16},
		},
	}
	opts := cmp.Options{cmpopts.IgnoreTypes(catalog.Name{}), cmp.AllowUnexported(Row{})}
	if d := cmp.Diff(want, got, opts); d != "" {
		t.Errorf("Read (-want +got):\n%s", d)
	}
	for _, r := range got.Rows {
		if r.Name.String() != r.FullName {
			t.Errorf("Name %s of %s", r.Name, r.FullName)
		}
	}
	locked := got.Row("Switch/impl=locked/via=channel")
	if ref := got.Ref(locked); ref != got.Rows[0] {
		t.Errorf("Ref = %v, want the goroutine's row", ref)
	}
	if got.Row("Switch/impl=pthread/via=channel") != nil || got.Get("kernel") != "" || got.Get("goos") != "linux" {
		t.Error("Row or Get found what is not there, or missed what is")
	}
	if d := cmp.Diff([]float64{165.25, 0}, got.Rows[0].Values("ns/op")); d != "" {
		t.Errorf("Values (-want +got):\n%s", d)
	}
}

func TestReadFile(t *testing.T) {
	for _, name := range []string{"lockstep.txt", "newer.txt", "single.txt", "testing.txt"} {
		f, err := ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, r := range f.Rows {
			if len(r.Runs) != f.Rounds {
				t.Errorf("%s: %s has %d runs, want %d", name, r.FullName, len(r.Runs), f.Rounds)
			}
		}
	}
	missing := filepath.Join(t.TempDir(), "missing.txt")
	if _, err := ReadFile(missing); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), missing) || !strings.Contains(err.Error(), "scripts/run") {
		t.Errorf("a missing file: %v", err)
	}
	dir := t.TempDir()
	if _, err := ReadFile(dir); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a directory: %v", err)
	}
}

func TestTesting(t *testing.T) {
	f := read(t, `driver: testing
pkg: threadbench/bench
# skip BenchmarkStack/impl=clone/depth=0-2: not on this platform
BenchmarkSwitch/impl=goroutine/via=channel
BenchmarkSwitch/impl=goroutine/via=channel-2   	 1000000	       165.2 ns/op
BenchmarkSwitch/impl=goroutine/via=channel-2   	 1000000	       166.2 ns/op
BenchmarkSwitch/impl=locked/via=channel-2   	 1000000	       9000 ns/op
# end round 1
PASS
ok  	threadbench/bench	3.2s
`)
	if f.Rounds != 2 || len(f.Rows) != 2 || f.Truncated {
		t.Fatalf("%d rounds, %d rows, truncated %v; want 2, 2, false", f.Rounds, len(f.Rows), f.Truncated)
	}
	r := f.Rows[0]
	if r.FullName != "Switch/impl=goroutine/via=channel" || r.Procs != 2 || r.Runs[1].Round != 2 {
		t.Errorf("row %+v", r)
	}
	if f.Notes[0].FullName != "Stack/impl=clone/depth=0" {
		t.Errorf("note %+v", f.Notes[0])
	}
}

// A killed run leaves a round in flight, at the file's end or, after a resume,
// within it. Nothing in it counts, and nothing in it is an error.
func TestTruncated(t *testing.T) {
	const round1 = "# round 1: load=1\nBenchmarkSwitch/impl=goroutine 1 5 ns/op\n# end round 1\n"
	const round2 = "# round 2: load=1\nBenchmarkSwitch/impl=goroutine 1 6 ns/op\n# end round 2\n"
	for _, tt := range []struct {
		name, text string
		rounds     int
		dropped    []Span
	}{
		{"whole", round1 + round2, 2, nil},
		{"tail", round1 + "# round 2: load=1\nBenchmarkSwitch/impl=goroutine 1 6 ns/op\n", 1, []Span{{9, 10, 1}}},
		{"tail without its begin", round1 + "BenchmarkSwitch/impl=goroutine 1 6 ns/op\n", 1, []Span{{9, 9, 1}}},
		{"just begun", round1 + "# round 2: load=1\n", 1, []Span{{9, 9, 0}}},
		{"torn line", round1 + "# round 2: load=1\nBenchmarkSwitch/impl=goroutine 1 6", 1, []Span{{9, 10, 1}}},
		{"torn end", round1 + "# round 12: load=1\nBenchmarkSwitch/impl=goroutine 1 6 ns/op\n# end round 1", 1, []Span{{9, 11, 1}}},
		{"resumed", round1 + "# round 2: load=1\nBenchmarkSwitch/impl=goroutine 1 NaN ns/op\n# skip BenchmarkStack: gone\nfoo: bar\nBenchmarkX\nfoo:\n" + round2, 2, []Span{{9, 14, 2}}},
	} {
		f := read(t, head+tt.text)
		if f.Rounds != tt.rounds || f.Truncated != (tt.dropped != nil) || len(f.Rows[0].Runs) != tt.rounds || len(f.Notes) != 0 {
			t.Errorf("%s: %d rounds, truncated %v, %d runs, notes %v", tt.name, f.Rounds, f.Truncated, len(f.Rows[0].Runs), f.Notes)
		}
		if d := cmp.Diff(tt.dropped, f.Dropped); d != "" {
			t.Errorf("%s: dropped (-want +got):\n%s", tt.name, d)
		}
	}
}

func TestOnlyNotes(t *testing.T) {
	f := read(t, head+"# skip BenchmarkSwitch/impl=clone: linux only\n# end round 1\n")
	if len(f.Rows) != 0 || len(f.Notes) != 1 || f.Rounds != 1 || f.Get("goos") != "linux" {
		t.Errorf("rows %v, notes %v, %d rounds, config %v", f.Rows, f.Notes, f.Rounds, f.Config)
	}
}

func TestLineEndings(t *testing.T) {
	f := read(t, strings.ReplaceAll(head+"# skip BenchmarkX: why\nBenchmarkSwitch/impl=goroutine 1 6 ns/op\n# end round 1\n", "\n", "\r\n"))
	if f.Get("goos") != "linux" || f.Notes[0].Reason != "why" || f.Rounds != 1 {
		t.Errorf("config %q, notes %v, %d rounds", f.Config, f.Notes, f.Rounds)
	}
}

func TestErrors(t *testing.T) {
	const ok = "BenchmarkSwitch/impl=goroutine 1 6 ns/op\n"
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "f.txt:1: the file is empty; write it again"},
		{"blank", " \n\n", "f.txt:1: the file is empty"},
		{"no benchmarks", "hello\nworld\n", "f.txt:2: no benchmark line up to here; give a file"},
		{"header only", head, "f.txt:5: no benchmark line up to here; run again"},
		{"no driver", ok, `f.txt:1: driver "" is neither lockstep nor testing; the file needs a line "driver: lockstep"`},
		{"other driver", "driver: x\n" + ok, `f.txt:2: driver "x" is neither`},
		{"driver changes", head + ok + "# end round 1\ndriver: testing\n" + ok, `f.txt:9: configuration driver: "testing" here, "lockstep" at line 6`},
		{"no complete round", head + ok, "f.txt:6: no complete round up to here: the run was stopped in its first; go on with it"},
		{"configuration changes", head + ok + "# end round 1\ngoos: darwin\n" + ok + "# end round 2\n", `f.txt:9: configuration goos: "darwin" here, "linux" at line 6; results under two configurations are two files`},
		{"configuration appears", head + ok + "# end round 1\nkernel: 6\n" + ok + "# end round 2\n", `f.txt:9: configuration kernel: "6" here, "" at line 6`},
		{"configuration goes", head + ok + "# end round 1\ngoos:\n" + ok + "# end round 2\n", `f.txt:9: configuration goos: "" here, "linux" at line 6`},
		{"no iterations", head + "BenchmarkSwitch/impl=goroutine ns/op\n# end round 1\n", "f.txt:6: parsing iteration count: invalid syntax; correct or delete"},
		{"no unit", head + "BenchmarkSwitch/impl=goroutine 1 5\n# end round 1\n", "f.txt:6: missing units;"},
		{"no values", head + "BenchmarkSwitch/impl=goroutine 1\n# end round 1\n", "f.txt:6: missing measurements;"},
		{"zero iterations", head + "BenchmarkSwitch/impl=goroutine 0 5 ns/op\n# end round 1\n", "f.txt:6: BenchmarkSwitch/impl=goroutine: 0 iterations"},
		{"NaN", head + "BenchmarkSwitch/impl=goroutine 1 NaN ns/op\n# end round 1\n", "f.txt:6: BenchmarkSwitch/impl=goroutine: NaN ns/op is no figure between -1e+100 and 1e+100; delete"},
		{"infinity", head + "BenchmarkSwitch/impl=goroutine 1 5 ns/op -Inf tasks\n# end round 1\n", "f.txt:6: BenchmarkSwitch/impl=goroutine: -Inf tasks is no figure"},
		{"absurd", head + "BenchmarkSwitch/impl=goroutine 1 1e101 ns/op\n# end round 1\n", "f.txt:6: BenchmarkSwitch/impl=goroutine: 1e+101 ns/op is no figure"},
		{"overflow", head + "BenchmarkSwitch/impl=goroutine 1 1e999 ns/op\n# end round 1\n", "f.txt:6: parsing measurement: value out of range"},
		{"unit twice", head + "BenchmarkSwitch/impl=goroutine 1 5 ns/op 6 ns/op\n# end round 1\n", "f.txt:6: BenchmarkSwitch/impl=goroutine: the unit ns/op stands twice"},
		{"factors alone", head + "BenchmarkSwitch/impl=locked 1 5 x-goroutine 1 x-self\n# end round 1\n", "f.txt:6: BenchmarkSwitch/impl=locked: the line has a factor, but no figure"},
		{"unknown key", head + "BenchmarkSwitch/size=4k 1 5 ns/op\n# end round 1\n", `f.txt:6: parsing benchmark name "Switch/size=4k": "size=4k" is not`},
		{"suffix", head + "BenchmarkSwitch/impl=goroutine-2 1 5 ns/op\n# end round 1\n", "f.txt:6: BenchmarkSwitch/impl=goroutine-2: the ending -2 reads as GOMAXPROCS"},
		{"twice in a round", head + ok + ok + "# end round 1\n", "f.txt:7: BenchmarkSwitch/impl=goroutine stands twice in round 1, at line 6 too"},
		{"two GOMAXPROCS", "driver: testing\nBenchmarkSwitch/impl=goroutine 1 5 ns/op\nBenchmarkSwitch/impl=goroutine-2 1 5 ns/op\n", "f.txt:3: BenchmarkSwitch/impl=goroutine ran with GOMAXPROCS 1 at line 2 and 2 here"},
		{"round twice", head + ok + "# end round 1\n" + ok + "# end round 1\n", "f.txt:9: round 1 ends a second time; these look like two runs"},
		{"round x", head + ok + "# end round 1\n" + ok + "# end round x\n" + ok + "# end round 2\n", `f.txt:9: the end of round "x", which is no number`},
		{"note without reason", head + "# skip BenchmarkX\n" + ok + "# end round 1\n", `f.txt:6: a note without a reason: "# skip BenchmarkX"`},
		{"note without name", head + "# cut BenchmarkX/y: z\n" + ok + "# end round 1\n", `f.txt:6: parsing benchmark name "X/y"`},
		{"unit line", "Unit ns/op lower\n" + head + ok + "# end round 1\n", "f.txt:1: expected key=value;"},
		{"unit changes", head + "Unit ns/op better=higher\n" + ok + "# end round 1\n", "f.txt:6: metadata better of unit ns/op already set to lower"},
		{"long line", head + "Benchmark" + strings.Repeat("x", 1<<17) + "\n" + ok + "# end round 1\n", "f.txt:6: a line of 131081 bytes, at most 65534 can be read"},
		{"first error wins", head + "BenchmarkSwitch/impl=goroutine 1 NaN ns/op\n# skip BenchmarkX\nBenchmarkY 5\n# end round 1\n", "f.txt:6: BenchmarkSwitch/impl=goroutine: NaN"},
	} {
		f, err := Read(strings.NewReader(tt.text), "f.txt")
		if err == nil {
			t.Errorf("%s: read %+v, want the error %q", tt.name, f, tt.want)
		} else if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %q, want %q", tt.name, err, tt.want)
		}
	}
}

func TestReadFails(t *testing.T) {
	_, err := Read(iotest.ErrReader(io.ErrClosedPipe), "f.txt")
	if !errors.Is(err, io.ErrClosedPipe) || !strings.Contains(err.Error(), "f.txt") {
		t.Errorf("error %v, want the reader's, with the file's name", err)
	}
}

// benchfmt's scanner must accept the longest allowed line. A comment may have
// any length.
func TestLongLines(t *testing.T) {
	for n := longest - 4; n < longest+4; n++ {
		line := "Benchmark" + strings.Repeat("x", n-len("Benchmark 1 5 ns/op")) + " 1 5 ns/op"
		_, err := Read(strings.NewReader(head+line+"\n# end round 1\n"), "f.txt")
		if tooLong := err != nil; tooLong != (n >= longest) {
			t.Errorf("a line of %d bytes: %v", len(line), err)
		} else if tooLong && !strings.Contains(err.Error(), fmt.Sprintf("f.txt:6: a line of %d bytes", n)) {
			t.Errorf("a line of %d bytes: %v", n, err)
		}
	}
	plan := strings.Repeat("x", 1<<20)
	if f := read(t, head+"# plan "+plan+"\nBenchmarkX 1 5 ns/op\n# end round 1\n"); f.Plan != plan {
		t.Errorf("a plan of %d bytes was read as %d", len(plan), len(f.Plan))
	}
}

func FuzzRead(f *testing.F) {
	for _, name := range []string{"single.txt", "testing.txt"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(head + "# round 1:\nBenchmarkX 1 5 ns/op\n# end round 1\n# round 2:\nBenchmarkX 1")
	f.Add("driver: testing\nUnit\nBenchmark 1 5 MB/s\r\n# skip Benchmark: \n# end round -1\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := Read(strings.NewReader(text), "f.txt")
		if err != nil {
			if !strings.HasPrefix(err.Error(), "reading results f.txt:") || !strings.Contains(err.Error(), "; ") {
				t.Fatalf("error %q names no line or no way out", err)
			}
			return
		}
		if len(file.Rows)+len(file.Notes) == 0 {
			t.Fatal("neither rows nor notes, and no error")
		}
		for _, r := range file.Rows {
			if len(r.Runs) == 0 || len(r.Runs) > file.Rounds {
				t.Fatalf("%s: %d runs in %d rounds", r.FullName, len(r.Runs), file.Rounds)
			}
			if file.Row(r.Name.String()) != r {
				t.Fatalf("%s isn't found by its name", r.FullName)
			}
			file.Ref(r)
			unit, _ := r.Primary()
			for _, u := range append(r.Units(), unit) {
				for _, v := range r.Values(u) {
					if math.IsNaN(v) || math.IsInf(v, 0) {
						t.Fatalf("%s: %v %s", r.FullName, v, u)
					}
				}
			}
		}
	})
}

// TestMachineWarnings: a file with the memory of parked tasks warns of huge
// pages that were not asked for, and one with switches of a slow clock.
func TestMachineWarnings(t *testing.T) {
	const (
		stack  = "BenchmarkStack/impl=locked/depth=0 1 5 user-B/task\n"
		change = "BenchmarkSwitch/impl=goroutine/via=channel/place=same 1 5 ns/op\n"
		other  = "BenchmarkCreate/impl=locked/mode=cold 1 5 ns/op\n"
	)
	for _, test := range []struct {
		setting, rows string
		warned        bool
	}{
		{"thp: always", stack, true},
		{"thp: always", other + stack, true},
		{"thp: always", other, false},
		{"thp: madvise", stack, false},
		{"thp: unknown", stack, false},
		{"clocksource: hpet", change, true},
		{"clocksource: hpet", other, false},
		{"clocksource: tsc", change, false},
		{"clocksource: arch_sys_counter", change, false},
	} {
		f := read(t, "driver: testing\n"+test.setting+"\n"+test.rows)
		warned := slices.ContainsFunc(f.Warnings(), func(w string) bool { return strings.Contains(w, "("+test.setting+")") })
		if warned != test.warned {
			t.Errorf("%s, %q: warnings %q", test.setting, test.rows, f.Warnings())
		}
	}
}

// TestEmulated: a file of an emulated CPU warns of its times.
func TestEmulated(t *testing.T) {
	for virt, want := range map[string]bool{"tcg": true, "tcg+container": true, "qemu": false, "kvm+container": false} {
		f := read(t, "driver: testing\nvirt: "+virt+"\nBenchmarkStack/impl=locked/depth=0 1 5 user-B/task\n")
		warned := slices.ContainsFunc(f.Warnings(), func(w string) bool { return strings.Contains(w, "emulated (virt: "+virt+")") })
		if f.Emulated() != want || warned != want {
			t.Errorf("virt: %s: emulated %t, warnings %q; want %t", virt, f.Emulated(), f.Warnings(), want)
		}
	}
}
