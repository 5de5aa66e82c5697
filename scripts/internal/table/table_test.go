package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/prose"
	"threadbench/scripts/internal/results"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

// files are the results files that the golden files are made from.
var files = []string{
	"../results/testdata/lockstep.txt",
	"../results/testdata/single.txt",
	"../results/testdata/testing.txt",
	"testdata/gaps.txt",    // a missing contender, goroutine arm, round; notes; a killed run
	"testdata/skipped.txt", // notes and no rows
	"testdata/odd.txt",     // zero, negative, families and contenders that aren't known
	"testdata/few.txt",     // driver testing with too few runs
	"testdata/traced.txt",  // figures without a factor
}

func load(t *testing.T, path string) *Table {
	t.Helper()
	f, err := results.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return New(f)
}

func TestGolden(t *testing.T) {
	forms := []struct {
		ext    string
		render func(*Table, io.Writer) error
	}{{".golden", (*Table).Text}, {".json", (*Table).JSON}, {".csv", (*Table).CSV}}
	for _, path := range files {
		table := load(t, path)
		for _, form := range forms {
			if form.ext != ".golden" && strings.HasSuffix(path, "lockstep.txt") {
				continue // the smaller files show the same
			}
			var got bytes.Buffer
			if err := form.render(table, &got); err != nil {
				t.Fatal(err)
			}
			check(t, path, form.ext, got.Bytes())
			golden := filepath.Join("testdata", strings.TrimSuffix(filepath.Base(path), ".txt")+form.ext)
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				continue
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got.String()); d != "" {
				t.Errorf("%s (-want +got; go test -update writes it):\n%s", golden, d)
			}
		}
	}
}

// check holds what is true of every output.
func check(t *testing.T, path, ext string, out []byte) {
	t.Helper()
	for _, never := range []string{"∞", "NaN", "Inf", "{", "\x00"} {
		if never == "{" && ext == ".json" {
			continue
		}
		if bytes.Contains(out, []byte(never)) {
			t.Errorf("%s%s holds %q", path, ext, never)
		}
	}
	switch ext {
	case ".golden":
		for line := range strings.Lines(string(out)) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > prose.Width {
				t.Errorf("%s: a line of %d columns: %s", path, n, line)
			}
		}
	case ".json":
		var doc document
		d := json.NewDecoder(bytes.NewReader(out))
		d.DisallowUnknownFields()
		if err := d.Decode(&doc); err != nil || doc.Version != Version {
			t.Errorf("%s: version %d, %v", path, doc.Version, err)
		}
	}
}

func TestSummarize(t *testing.T) {
	for _, tt := range []struct {
		values []float64
		want   Stat
	}{
		{[]float64{5}, Stat{Median: 5, N: 1}},
		{[]float64{5, 3, 1, 2, 4}, Stat{Median: 3, N: 5}},
		// The chance that the median is below all of 6 values or above is 2/64.
		{[]float64{6, 5, 3, 1, 2, 4}, Stat{Median: 3.5, Low: 1, High: 6, Interval: true, N: 6}},
		{[]float64{9, 6, 5, 3, 1, 2, 4, 7, 8}, Stat{Median: 5, Low: 2, High: 8, Interval: true, N: 9}},
	} {
		before := append([]float64(nil), tt.values...)
		if d := cmp.Diff(tt.want, Summarize("", tt.values)); d != "" {
			t.Errorf("Summarize(%v) (-want +got):\n%s", before, d)
		}
		if d := cmp.Diff(before, tt.values); d != "" {
			t.Errorf("summarize changed its argument (-before +after):\n%s", d)
		}
	}
	if n := Enough(); n != 6 {
		t.Errorf("Enough() = %d, want 6", n)
	}
}

// The factor of a lockstep file is the median of the paired ones, whatever the
// medians of the two arms say.
func TestPairedFactor(t *testing.T) {
	f, err := results.Read(strings.NewReader(`driver: lockstep
BenchmarkSwitch/impl=goroutine 1 100 ns/op 1 x-goroutine
BenchmarkSwitch/impl=locked 1 200 ns/op 2 x-goroutine
# end round 1
BenchmarkSwitch/impl=goroutine 1 300 ns/op 1 x-goroutine
BenchmarkSwitch/impl=locked 1 900 ns/op 3 x-goroutine
# end round 2
BenchmarkSwitch/impl=goroutine 1 200 ns/op 1 x-goroutine
BenchmarkSwitch/impl=locked 1 440 ns/op 2.2 x-goroutine
# end round 3
`), "f.txt")
	if err != nil {
		t.Fatal(err)
	}
	rows := New(f).Sections[0].Rows
	if x := rows[1].Factor; x.Median != 2.2 || !x.Paired || x.N != 3 {
		t.Errorf("factor %+v, want 2.2 over 3 rounds, paired", x)
	}
	if !rows[0].Own() || rows[0].Words != "" || rows[1].Own() {
		t.Error("the goroutine arm is its own, without words; the locked one is not")
	}
}

func TestUnpairedFactor(t *testing.T) {
	for _, tt := range []struct {
		goroutine, locked string
		want              float64 // 0: none
	}{
		{"100 ns/op", "250 ns/op", 2.5},
		{"0 ns/op", "250 ns/op", 0},
		{"100 ns/op", "-250 ns/op", 0},
		{"0 ns/op", "0 ns/op", 0},
		{"100 req/s", "250 ns/op", 0},
		{"1 user-B/task 4 kernel-B/task", "9 user-B/task 1 kernel-B/task", 2},
		{"7 ns/op", "7 ns/op", 1},
		{"1 user-B/task", "9 user-B/task 1 kernel-B/task", 0},
	} {
		f, err := results.Read(strings.NewReader("driver: testing\nUnit user-B/task decides=X\nUnit kernel-B/task decides=X\nBenchmarkX/impl=goroutine 1 "+tt.goroutine+"\nBenchmarkX/impl=locked 1 "+tt.locked+"\n"), "f.txt")
		if err != nil {
			t.Fatal(err)
		}
		got := New(f).Sections[0].Rows[1].Factor
		switch {
		case tt.want == 0 && got != nil:
			t.Errorf("%s against %s: factor %v, want none", tt.locked, tt.goroutine, got.Median)
		case tt.want != 0 && (got == nil || got.Median != tt.want || got.Paired || got.Interval || got.Few == (tt.want == 1)):
			t.Errorf("%s against %s: factor %+v, want %v, unpaired, of too few runs but where all are equal", tt.locked, tt.goroutine, got, tt.want)
		}
	}
}

func TestWords(t *testing.T) {
	futex, channel := "Switch/impl=clone/via=futex/place=same", "Switch/impl=goroutine/via=channel/place=same"
	paired := func(m, low, high float64) Factor {
		return Factor{Stat: Stat{Median: m, Low: low, High: high, Interval: true, N: 8}, Paired: true}
	}
	// The goroutine arm against itself in eight rounds.
	aa := []float64{0.98, 0.985, 0.99, 1, 1, 1.01, 1.015, 1.02}
	for _, tt := range []struct {
		name, ref string
		factor    Factor
		self      []float64
		want      string
	}{
		{futex, channel, paired(11.2, 11, 11.4), aa, "A switch between raw threads through a futex takes 11.2 times as long as one between goroutines through a channel [11.0, 11.4]."},
		{futex, channel, paired(1, 0.98, 1.03), aa, "A switch between raw threads through a futex and one between goroutines through a channel: no difference seen, 0.980 to 1.03 times as long."},
		{futex, channel, paired(0.8, 0.78, 0.82), aa, "A switch between raw threads through a futex takes 0.800 times as long as one between goroutines through a channel [0.780, 0.820]: faster."},
		{futex, channel, paired(1.015, 1.01, 1.02), aa, "A switch between raw threads through a futex takes 1.01 times as long as one between goroutines through a channel [1.01, 1.02], which says nothing: the goroutine arm against itself came out so, too."},
		{futex, channel, paired(0.985, 0.98, 0.99), nil, "A switch between raw threads through a futex takes 0.985 times as long as one between goroutines through a channel [0.980, 0.990]: faster."},
		{futex, channel, Factor{Stat: Stat{Median: 11.2, N: 2}, Paired: true}, aa, "A switch between raw threads through a futex takes 11.2 times as long as one between goroutines through a channel (2 rounds: no interval)."},
		{futex, channel, Factor{Stat: Stat{Median: 11.2, N: 8}, P: 0.00004}, aa, "A switch between raw threads through a futex takes 11.2 times as long as one between goroutines through a channel (medians of unpaired runs, p <0.001)."},
		{futex, channel, Factor{Stat: Stat{Median: 1.12, N: 8}, P: 0.05}, aa, "A switch between raw threads through a futex and one between goroutines through a channel: no difference seen, 1.12 times as long (unpaired, p 0.050)."},
		{futex, channel, Factor{Stat: Stat{Median: 1.12, N: 3}, P: 0.1, Few: true}, aa, "A switch between raw threads through a futex takes 1.12 times as long as one between goroutines through a channel (unpaired; too few runs to tell)."},
		{"Switch/impl=clone/via=futex/place=cross", "Switch/impl=goroutine/via=channel/place=free", paired(160, 159, 161), aa, "A switch between raw threads through a futex across two CPUs takes 160 times as long as one between goroutines through a channel placed freely [159, 161]."},
		{"Switch/impl=locked/via=channel/place=free", "Switch/impl=goroutine/via=channel/place=free", paired(160, 159, 161), aa, "A switch between locked threads through a channel takes 160 times as long as one between goroutines through a channel [159, 161] (a lottery)."},
		{"Switch/impl=pthread/via=yield", "Switch/impl=goroutine/via=yield", paired(9, 8, 10), aa, "A switch between C threads by yielding takes 9.00 times as long as one between goroutines by yielding [8.00, 10.0]."},
		{"Switch/impl=floor/via=channel", "Switch/impl=goroutine/via=channel", paired(0.3, 0.2, 0.4), aa, "The floor of a switch through a channel takes 0.300 times as long as one between goroutines through a channel [0.200, 0.400]: faster."},
		{"Create/impl=clone/mode=cold", "Create/impl=goroutine/mode=cold", paired(14, 13, 15), aa, "Creating, running and joining a raw thread with none to reuse takes 14.0 times as long as a goroutine [13.0, 15.0]."},
		{"Create/impl=locked/mode=nojoin", "Create/impl=goroutine/mode=nojoin", paired(14, 13, 15), aa, "Creating a locked thread up to its first step takes 14.0 times as long as a goroutine [13.0, 15.0]."},
		{"Create/impl=locked/mode=inplace", "Create/impl=goroutine/mode=reused", paired(1.03, 1.02, 1.05), nil, "Creating, running and joining a locked goroutine that runs on its maker's thread takes 1.03 times as long as a goroutine made from what the last one left [1.02, 1.05]."},
		{"Create/impl=locked/mode=pooled", "Create/impl=goroutine/mode=reused", paired(30, 29, 31), aa, "Creating, running and joining a locked goroutine for which a thread of the pool is woken takes 30.0 times as long as a goroutine made from what the last one left [29.0, 31.0]."},
		// Files from before these two have a row that is neither.
		{"Create/impl=locked/mode=reused", "Create/impl=goroutine/mode=reused", paired(1.03, 1.02, 1.05), nil, "Create, locked thread, mode=reused: 1.03 times the goroutine arm's ns/op [1.02, 1.05]."},
		{"Create/impl=clone/mode=other", "Create/impl=goroutine/mode=other", paired(14, 13, 15), aa, "Create, raw thread (clone), mode=other: 14.0 times the goroutine arm's ns/op [13.0, 15.0]."},
		{"Stack/impl=clone/stack=least/depth=0", "Stack/impl=goroutine/depth=0", paired(9.1, 9, 9.2), aa, "Parked, a raw thread on the least stack holds 9.10 times as much memory, user and kernel, as a goroutine [9.00, 9.20]."},
		{"Stack/impl=locked/depth=4096", "Stack/impl=goroutine/depth=4096", paired(0.5, 0.4, 0.6), aa, "Parked at depth 4096, a locked thread holds 0.500 times as much memory, user and kernel, as a goroutine [0.400, 0.600]: less."},
		{"Other/impl=locked/n=1000", "Other/impl=goroutine/n=1000", paired(0.5, 0.4, 0.6), aa, "Other, locked thread, n=1000: 0.500 times the goroutine arm's ns/op [0.400, 0.600]."},
		{"Other/impl=locked/n=1000", "Other/impl=goroutine/n=1000", paired(1, 0.9, 1.1), aa, "Other, locked thread, n=1000: no difference from the goroutine arm seen, 0.900 to 1.10 times its ns/op."},
		{"Scale/impl=locked/n=1000", "Scale/impl=goroutine/n=1000", paired(9, 8, 10), aa, "Creating, holding and joining a locked thread, 1000 at once, takes 9.00 times as long as a goroutine [8.00, 10.0]."},
		{"Scale/impl=clone/n=1000", "Scale/impl=goroutine/n=1000", paired(1, 0.5, 1.6), aa, "Creating, holding and joining a raw thread, 1000 at once, and a goroutine: no difference seen, 0.500 to 1.60 times as long."},
		{"GC/impl=locked/n=1000/depth=65536", "GC/impl=goroutine/n=1000/depth=65536", paired(2, 1.8, 2.2), aa, "A collection with 1000 locked threads parked at depth 65536 stops the world 2.00 times as long as with goroutines [1.80, 2.20]."},
		{"GC/impl=clone/n=1000/depth=0", "GC/impl=goroutine/n=1000/depth=0", paired(1, 0.5, 1.6), aa, "A collection with 1000 raw threads parked, and with goroutines: no difference seen, the world is stopped 0.500 to 1.60 times as long."},
		{"GC/impl=floor/n=1000/depth=0", "GC/impl=goroutine/n=1000/depth=0", paired(0.5, 0.4, 0.6), aa, "A collection in a process without tasks stops the world 0.500 times as long as with goroutines parked [0.400, 0.600]: shorter."},
		{"Block/impl=clone/wait=net/n=100", "Block/impl=goroutine/wait=net/n=100", paired(1.2, 1.1, 1.3), aa, "A bystander's work beside raw threads that wait for a socket, 100 of them, takes 1.20 times as long as beside goroutines [1.10, 1.30]."},
		{"Block/impl=floor/wait=disk/n=1", "Block/impl=goroutine/wait=disk/n=1", paired(0.8, 0.7, 0.9), aa, "A bystander's work beside nobody takes 0.800 times as long as beside goroutines that wait for the disk, 1 of them [0.700, 0.900]: faster."},
		{"Wakeup/impl=clone/via=pipe/load=hogs", "Wakeup/impl=goroutine/via=pipe/load=hogs", paired(0.1, 0.09, 0.11), aa, "Woken through a pipe beside hogs on every CPU, a raw thread has a 99th percentile of the time to wake 0.100 times that of a goroutine [0.0900, 0.110]: sooner."},
		{"Wakeup/impl=clone/mode=noslack/via=timer/load=idle", "Wakeup/impl=goroutine/mode=noslack/via=timer/load=idle", paired(1, 0.9, 1.1), aa, "Woken by a timer on an idle machine, without timer slack, a raw thread and a goroutine: no difference seen in the 99th percentile of the time to wake, 0.900 to 1.10 times."},
		{"Switch/impl=fiber/via=channel", "Switch/impl=goroutine/via=channel", paired(2, 1.9, 2.1), aa, "Switch, fiber, via=channel: 2.00 times the goroutine arm's ns/op [1.90, 2.10]."},
		{"Switch/impl=clone/via=eventfd", channel, paired(2, 1.9, 2.1), aa, "Switch, raw thread (clone), via=eventfd: 2.00 times the goroutine arm's ns/op [1.90, 2.10]."},
		{futex, "", paired(2, 1.9, 2.1), aa, "Switch, raw thread (clone), via=futex, place=same: 2.00 times the goroutine arm's ns/op [1.90, 2.10]."},
		{futex, channel, paired(0, 0, 0), aa, ""},
		{futex, channel, paired(-2, -3, -1), aa, ""},
		{channel, channel, paired(1, 1, 1), aa, ""},
	} {
		n, err := catalog.ParseName(tt.name)
		if err != nil {
			t.Fatal(err)
		}
		var ref *results.Row
		if tt.ref != "" {
			refName, err := catalog.ParseName(tt.ref)
			if err != nil {
				t.Fatal(err)
			}
			ref = &results.Row{Name: refName}
			for _, x := range tt.self {
				ref.Runs = append(ref.Runs, results.Run{Values: map[string]float64{results.SelfFactor: x}})
			}
		}
		r := Row{Name: n, Contender: contender(n), Ref: tt.ref, Lottery: n.Get("place") == "free", Stats: []Stat{{Unit: "ns/op"}}, Factor: &tt.factor}
		if got := words(r, ref); got != tt.want {
			t.Errorf("%s, factor %+v:\ngot  %s\nwant %s", tt.name, tt.factor, got, tt.want)
		}
	}
}

// Every wording's places to fill in are ones that fill knows.
func TestWordingsFill(t *testing.T) {
	n, _ := catalog.ParseName("Switch/impl=clone/via=futex/place=same/depth=1")
	ref, _ := catalog.ParseName("Switch/impl=goroutine/via=channel/place=same")
	all := []catalog.Wording{generic}
	for _, f := range catalog.Families {
		all = append(all, f.Wordings...)
	}
	for _, w := range all {
		if !strings.Contains(w.Says, "{x}") {
			continue // see TestPlainWords
		}
		for _, s := range []string{w.Says, w.Same} {
			got := fill(s, "2 times", Row{Name: n, Stats: []Stat{{Unit: "ns/op"}}}, &results.Row{Name: ref})
			if strings.ContainsAny(got, "{}") || !strings.Contains(got, "2 times") {
				t.Errorf("%q is filled in as %q", s, got)
			}
		}
	}
}

// TestPlainWords has a row say its figure beside its goroutine arm's, where a
// quotient would say nothing or be infinite.
func TestPlainWords(t *testing.T) {
	name, _ := catalog.ParseName("Switch/impl=clone/mode=traced/via=futex/place=same")
	refName, _ := catalog.ParseName("Switch/impl=goroutine/mode=traced/via=channel/place=same")
	row := func(unit string) *results.Row {
		return &results.Row{Name: refName, Runs: []results.Run{{Values: map[string]float64{unit: 0}}}}
	}
	r := Row{Name: name, Ref: refName.String(), Stats: []Stat{{Unit: "syscalls/op", Median: 1.5, N: 1}}}
	for _, test := range []struct {
		ref  *results.Row
		want string
	}{
		{row("syscalls/op"), "A switch between raw threads through a futex makes 1.50 system calls under a tracer, one between goroutines through a channel 0."},
		{row("another"), ""},
		{nil, ""},
	} {
		if got := words(r, test.ref); got != test.want {
			t.Errorf("beside %+v:\ngot  %s\nwant %s", test.ref, got, test.want)
		}
	}
}

func TestFigure(t *testing.T) {
	for _, tt := range []struct {
		unit  string
		value float64
		want  string
	}{
		{"ns/op", 0, "0 ns"},
		{"ns/op", 0.25, "0.250 ns"},
		{"ns/op", 0.0001, "<0.001 ns"},
		{"ns/op", 165.2, "165 ns"},
		{"ns/op", 999.4, "999 ns"},
		{"ns/op", 999.6, "1.00 µs"},
		{"ns/op", 9995, "9.99 µs"},
		{"ns/op", 9996, "10.0 µs"},
		{"ns/op", 123456, "123 µs"},
		{"ns/op", 5e6, "5.00 ms"},
		{"ns/op", -1850, "−1.85 µs"},
		{"p99-ns", 78e9, "78.0 s"},
		{"p99-ns", 7e12, "7000 s"},
		{"user-B/task", 1023, "1023 B"},
		{"user-B/task", 1023.6, "1020 B"},
		{"user-B/task", 1024, "1.00 KiB"},
		{"user-B/task", 4210, "4.11 KiB"},
		{"residue-B/task", -12.3, "−12.3 B"},
		{"intercept-B", 8 << 20, "8.00 MiB"},
		{"B/op", 5 << 40, "5.00 TiB"},
		{results.Memory, 27310, "26.7 KiB"},
		{"kernel-switches/op", 0.0012, "0.00120"},
		{"kernel-switches/op", 0.00004, "<0.001"},
		{"kernel-switches/op", -0.00004, ">−0.001"},
		{"tasks", 12345, "12345"},
		{"tasks", 1e6, "1000000"},
		{"x-goroutine", 1, "1.00"},
	} {
		if got := Figure(tt.unit, tt.value); got != tt.want {
			t.Errorf("Figure(%q, %v) = %q, want %q", tt.unit, tt.value, got, tt.want)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteErrors(t *testing.T) {
	table := load(t, "testdata/odd.txt")
	for _, render := range []func(*Table, io.Writer) error{(*Table).Text, (*Table).JSON, (*Table).CSV} {
		if err := render(table, full{}); !errors.Is(err, io.ErrShortWrite) {
			t.Errorf("error %v, want the writer's", err)
		}
	}
}

// Whatever Read lets through can be rendered.
func FuzzTable(f *testing.F) {
	for _, path := range files[1:] {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := results.Read(bytes.NewReader(data), "f.txt")
		if err != nil {
			return
		}
		table := New(file)
		rows := 0
		for _, s := range table.Sections {
			rows += len(s.Rows)
			for _, r := range s.Rows {
				for _, s := range r.Stats {
					if math.IsNaN(s.Median) || math.IsInf(s.Median, 0) || s.N < 1 {
						t.Fatalf("%s: %+v", r.FullName, s)
					}
				}
			}
		}
		if rows != len(file.Rows) {
			t.Fatalf("%d rows of %d", rows, len(file.Rows))
		}
		for _, render := range []func(*Table, io.Writer) error{(*Table).Text, (*Table).JSON, (*Table).CSV} {
			if err := render(table, io.Discard); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestInjected says first of all that a file's figures are wrong on purpose.
func TestInjected(t *testing.T) {
	text, err := os.ReadFile("testdata/few.txt")
	if err != nil {
		t.Fatal(err)
	}
	f, err := results.Read(strings.NewReader("inject: 1.03\n"+string(text)), "few.txt")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := New(f).Text(&b); err != nil || !strings.HasPrefix(b.String(), "INJECTED SLOWDOWN (inject: 1.03)") {
		t.Errorf("the table of injected figures begins %.80q, %v", b.String(), err)
	}
}

// TestDistorted says first of all that a file's workers were built with what
// distorts figures, and nothing of a plain build's or an older file's.
func TestDistorted(t *testing.T) {
	text, err := os.ReadFile("testdata/few.txt")
	if err != nil {
		t.Fatal(err)
	}
	for build, says := range map[string]string{"": "threadbench: ", "build: plain\n": "threadbench: ", "build: race\n": "DISTORTED BUILD (build: race)"} {
		f, err := results.Read(strings.NewReader(build+string(text)), "few.txt")
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := New(f).Text(&b); err != nil || !strings.HasPrefix(b.String(), says) {
			t.Errorf("the table of %q begins %.80q, %v; want %q", build, b.String(), err, says)
		}
	}
}

// TestNumber: a row that was cut says how many tasks there were.
func TestNumber(t *testing.T) {
	n, err := catalog.ParseName("Scale/impl=clone/n=100000")
	if err != nil {
		t.Fatal(err)
	}
	for tasks, want := range map[float64]string{100000: "100000", 99500: "100000", 24264: "24264 (of 100000: no more fitted)"} {
		if got := number(Row{Name: n, Stats: []Stat{{Unit: "ns/op"}, {Unit: "tasks", Median: tasks}}}); got != want {
			t.Errorf("%v tasks: %q, want %q", tasks, got, want)
		}
	}
	if got := number(Row{Name: n, Stats: []Stat{{Unit: "ns/op"}}}); got != "100000" {
		t.Errorf("without a count: %q", got)
	}
}
