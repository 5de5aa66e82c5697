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
	"threadbench/scripts/internal/summary"
)

var update = flag.Bool("update", false, "write the golden files in testdata")

// files are the results files that the golden files are made from.
var files = []string{
	"../results/testdata/lockstep.txt",
	"../results/testdata/single.txt",
	"../results/testdata/testing.txt",
	"testdata/gaps.txt",    // a contender, a goroutine arm and a round are missing; notes; a killed run
	"testdata/skipped.txt", // notes and no rows
	"testdata/odd.txt",     // zero, negative figures, unknown families and contenders
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
	}{{".golden", (*Table).Text}, {".summary", (*Table).Summary}, {".json", (*Table).JSON}, {".csv", (*Table).CSV}}
	for _, path := range files {
		table := load(t, path)
		for _, form := range forms {
			if (form.ext == ".json" || form.ext == ".csv") && strings.HasSuffix(path, "lockstep.txt") {
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

// check tests what is true of every output.
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
	case ".golden", ".summary":
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

func TestWords(t *testing.T) {
	futex, channel := "Switch/impl=clone/via=futex/place=same", "Switch/impl=goroutine/via=channel/place=same"
	paired := func(m, low, high float64) summary.Summary {
		return summary.Summary{Factor: true, Center: m, Low: low, High: high, Interval: true, Rounds: 8}
	}
	unpaired := func(m, low, high float64) summary.Summary {
		s := paired(m, low, high)
		s.Unpaired = true
		return s
	}
	few := summary.Summary{Factor: true, Center: 11.2, Rounds: 2, Warnings: []summary.Warning{{Kind: summary.Few, Says: "2 rounds: no interval, which takes 6"}}}
	states := paired(0.8, 0.65, 0.95)
	states.States = []summary.State{{Center: 0.65, Rounds: 5}, {Center: 0.95, Rounds: 3}}
	states.Warnings = []summary.Warning{{Kind: summary.TwoStates, Says: "two states: 0.650× in 5 rounds, 0.950× in 3"}}
	for _, tt := range []struct {
		name, ref string
		factor    summary.Summary
		want      string
	}{
		{futex, channel, paired(11.2, 11, 11.4), "A switch between raw threads through a futex takes 11.2 times as long as one between goroutines through a channel [11.0, 11.4]."},
		{futex, channel, paired(1, 0.98, 1.03), "A switch between raw threads through a futex and one between goroutines through a channel: no difference seen, 0.980 to 1.03 times as long."},
		{futex, channel, paired(0.8, 0.78, 0.82), "A switch between raw threads through a futex takes 0.800 times as long as one between goroutines through a channel [0.780, 0.820]: faster."},
		{futex, channel, paired(0.985, 0.98, 0.99), "A switch between raw threads through a futex takes 0.985 times as long as one between goroutines through a channel [0.980, 0.990]: faster."},
		{futex, channel, few, "A switch between raw threads through a futex takes 11.2 times as long as one between goroutines through a channel (2 rounds: no interval, which takes 6)."},
		{futex, channel, states, "A switch between raw threads through a futex takes 0.650 or 0.950 times as long as one between goroutines through a channel (two states: 0.650× in 5 rounds, 0.950× in 3)."},
		{futex, channel, unpaired(11.2, 11, 11.4), "A switch between raw threads through a futex takes 11.2 times as long as one between goroutines through a channel [11.0, 11.4] (unpaired)."},
		{futex, channel, unpaired(1.12, 0.9, 1.3), "A switch between raw threads through a futex and one between goroutines through a channel: no difference seen, 0.900 to 1.30 times as long (unpaired)."},
		{"Switch/impl=clone/via=futex/place=cross", "Switch/impl=goroutine/via=channel/place=free", paired(160, 159, 161), "A switch between raw threads through a futex across two CPUs takes 160 times as long as one between goroutines through a channel placed freely [159, 161]."},
		{"Switch/impl=locked/via=channel/place=free", "Switch/impl=goroutine/via=channel/place=free", paired(160, 159, 161), "A switch between locked threads through a channel takes 160 times as long as one between goroutines through a channel [159, 161] (a lottery)."},
		{"Switch/impl=pthread/via=yield", "Switch/impl=goroutine/via=yield", paired(9, 8, 10), "A switch between C threads by yielding takes 9.00 times as long as one between goroutines by yielding [8.00, 10.0]."},
		{"Switch/impl=floor/via=channel", "Switch/impl=goroutine/via=channel", paired(0.3, 0.2, 0.4), "The floor of a switch through a channel takes 0.300 times as long as one between goroutines through a channel [0.200, 0.400]: faster."},
		{"Create/impl=clone/mode=cold", "Create/impl=goroutine/mode=cold", paired(14, 13, 15), "Creating, running and joining a raw thread with none to reuse takes 14.0 times as long as a goroutine [13.0, 15.0]."},
		{"Create/impl=locked/mode=start", "Create/impl=goroutine/mode=start", paired(14, 13, 15), "Creating a locked thread up to its first step takes 14.0 times as long as a goroutine [13.0, 15.0]."},
		{"Create/impl=locked/mode=inplace", "Create/impl=goroutine/mode=reused", paired(1.03, 1.02, 1.05), "Creating, running and joining a locked goroutine that runs on its maker's thread takes 1.03 times as long as a goroutine made from what the last one left [1.02, 1.05]."},
		{"Create/impl=locked/mode=pooled", "Create/impl=goroutine/mode=reused", paired(30, 29, 31), "Creating, running and joining a locked goroutine for which a thread of the pool is woken takes 30.0 times as long as a goroutine made from what the last one left [29.0, 31.0]."},
		// Files from before these two modes have a row in neither mode.
		{"Create/impl=locked/mode=reused", "Create/impl=goroutine/mode=reused", paired(1.03, 1.02, 1.05), "Create, locked thread, mode=reused: 1.03 times the goroutine arm's ns/op [1.02, 1.05]."},
		{"Create/impl=clone/mode=other", "Create/impl=goroutine/mode=other", paired(14, 13, 15), "Create, raw thread (clone), mode=other: 14.0 times the goroutine arm's ns/op [13.0, 15.0]."},
		{"Stack/impl=clone/stack=least/depth=0", "Stack/impl=goroutine/depth=0", paired(9.1, 9, 9.2), "Parked, a raw thread on the least stack holds 9.10 times as much memory, user and kernel, as a goroutine [9.00, 9.20]."},
		{"Stack/impl=locked/depth=4096", "Stack/impl=goroutine/depth=4096", paired(0.5, 0.4, 0.6), "Parked at depth 4096, a locked thread holds 0.500 times as much memory, user and kernel, as a goroutine [0.400, 0.600]: less."},
		{"Other/impl=locked/n=1000", "Other/impl=goroutine/n=1000", paired(0.5, 0.4, 0.6), "Other, locked thread, n=1000: 0.500 times the goroutine arm's ns/op [0.400, 0.600]."},
		{"Other/impl=locked/n=1000", "Other/impl=goroutine/n=1000", paired(1, 0.9, 1.1), "Other, locked thread, n=1000: no difference from the goroutine arm seen, 0.900 to 1.10 times its ns/op."},
		{"Scale/impl=locked/n=1000", "Scale/impl=goroutine/n=1000", paired(9, 8, 10), "Creating, holding and joining a locked thread, 1000 at once, takes 9.00 times as long as a goroutine [8.00, 10.0]."},
		{"Scale/impl=clone/n=1000", "Scale/impl=goroutine/n=1000", paired(1, 0.5, 1.6), "Creating, holding and joining a raw thread, 1000 at once, and a goroutine: no difference seen, 0.500 to 1.60 times as long."},
		{"GC/impl=locked/n=1000/depth=65536", "GC/impl=goroutine/n=1000/depth=65536", paired(2, 1.8, 2.2), "A collection with 1000 locked threads parked at depth 65536 stops the world 2.00 times as long as with goroutines [1.80, 2.20]."},
		{"GC/impl=clone/n=1000/depth=0", "GC/impl=goroutine/n=1000/depth=0", paired(1, 0.5, 1.6), "A collection with 1000 raw threads parked, and with goroutines: no difference seen, the world is stopped 0.500 to 1.60 times as long."},
		{"GC/impl=floor/n=1000/depth=0", "GC/impl=goroutine/n=1000/depth=0", paired(0.5, 0.4, 0.6), "A collection in a process without tasks stops the world 0.500 times as long as with goroutines parked [0.400, 0.600]: shorter."},
		{"Block/impl=clone/wait=net/n=100", "Block/impl=goroutine/wait=net/n=100", paired(1.2, 1.1, 1.3), "A bystander's work beside raw threads that wait for a socket, 100 of them, takes 1.20 times as long as beside goroutines [1.10, 1.30]."},
		{"Block/impl=floor/wait=disk/n=1", "Block/impl=goroutine/wait=disk/n=1", paired(0.8, 0.7, 0.9), "A bystander's work beside nobody takes 0.800 times as long as beside goroutines that wait for the disk, 1 of them [0.700, 0.900]: faster."},
		{"Wakeup/impl=clone/via=pipe/load=hogs", "Wakeup/impl=goroutine/via=pipe/load=hogs", paired(0.1, 0.09, 0.11), "Woken through a pipe beside hogs on every CPU, a raw thread has a 99th percentile of the time to wake 0.100 times that of a goroutine [0.0900, 0.110]: sooner."},
		{"Wakeup/impl=clone/mode=noslack/via=timer/load=idle", "Wakeup/impl=goroutine/mode=noslack/via=timer/load=idle", paired(1, 0.9, 1.1), "Woken by a timer on an idle machine, without timer slack, a raw thread and a goroutine: no difference seen in the 99th percentile of the time to wake, 0.900 to 1.10 times."},
		{"Create/impl=locked/mode=exitlocked", "Create/impl=goroutine/mode=reused", paired(90, 89, 91), "Creating, running and joining a locked goroutine that exits locked, whose thread dies with it, takes 90.0 times as long as a goroutine made from what the last one left [89.0, 91.0]."},
		{"Delegate/impl=locked/mode=delegated/work=10us/procs=all/n=1", "Delegate/impl=goroutine/mode=direct/work=10us/procs=all/n=1", paired(2, 1.9, 2.1), "Handing a call that works for 10 µs to one locked thread on all CPUs takes 2.00 times as long as calling directly [1.90, 2.10]."},
		{"Delegate/impl=goroutine/mode=delegated/work=100us/procs=1/n=1", "Delegate/impl=goroutine/mode=direct/work=100us/procs=1/n=1", paired(1, 0.9, 1.1), "Handing a call that works for 100 µs to a goroutine on one CPU and calling directly: no difference seen, 0.900 to 1.10 times as long."},
		{"Delegate/impl=locked/mode=pool/work=10us/procs=all/n=16", "Delegate/impl=goroutine/mode=direct/work=10us/procs=all/n=16", paired(2, 1.9, 2.1), "Handing a call that works for 10 µs to a pool of locked threads on all CPUs by 16 goroutines at once takes 2.00 times as long as calling directly [1.90, 2.10]."},
		{"Delegate/impl=locked/mode=direct/work=0/procs=1/n=1", "Delegate/impl=goroutine/mode=direct/work=0/procs=1/n=1", paired(4, 3.9, 4.1), "A call that does nothing between LockOSThread and UnlockOSThread on one CPU takes 4.00 times as long as without [3.90, 4.10]."},
		{"Delegate/impl=locked/mode=crossover/procs=1", "Delegate/impl=goroutine/mode=crossover/procs=1", paired(20, 19, 21), "Handing a call to one locked thread on one CPU costs 5% of work that is 20.0 times as long as with a goroutine [19.0, 21.0]."},
		{"Switch/impl=fiber/via=channel", "Switch/impl=goroutine/via=channel", paired(2, 1.9, 2.1), "Switch, fiber, via=channel: 2.00 times the goroutine arm's ns/op [1.90, 2.10]."},
		{"Switch/impl=clone/via=eventfd", channel, paired(2, 1.9, 2.1), "Switch, raw thread (clone), via=eventfd: 2.00 times the goroutine arm's ns/op [1.90, 2.10]."},
		{futex, "", paired(2, 1.9, 2.1), "Switch, raw thread (clone), via=futex, place=same: 2.00 times the goroutine arm's ns/op [1.90, 2.10]."},
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
		}
		r := Row{Name: n, Contender: contender(n), Ref: tt.ref, Lottery: n.Get("place") == "free", Stats: []summary.Summary{{Unit: "ns/op"}}, Factor: &tt.factor}
		if got := words(r, ref); got != tt.want {
			t.Errorf("%s, factor %+v:\ngot  %s\nwant %s", tt.name, tt.factor, got, tt.want)
		}
	}
}

// TestWordingsFill: fill knows every placeholder of every wording.
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
			got := fill(s, "2 times", Row{Name: n, Stats: []summary.Summary{{Unit: "ns/op"}}}, &results.Row{Name: ref})
			if strings.ContainsAny(got, "{}") || !strings.Contains(got, "2 times") {
				t.Errorf("%q is filled in as %q", s, got)
			}
		}
	}
}

// TestPlainWords: a row gives its figure beside its goroutine arm's figure where a
// quotient would be meaningless or infinite.
func TestPlainWords(t *testing.T) {
	name, _ := catalog.ParseName("Switch/impl=clone/mode=traced/via=futex/place=same")
	refName, _ := catalog.ParseName("Switch/impl=goroutine/mode=traced/via=channel/place=same")
	row := func(unit string) *results.Row {
		return &results.Row{Name: refName, Runs: []results.Run{{Values: map[string]float64{unit: 0}}}}
	}
	r := Row{Name: name, Ref: refName.String(), Stats: []summary.Summary{{Unit: "syscalls/op", Center: 1.5, Rounds: 1}}}
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

// FuzzTable: every file that Read accepts can be rendered.
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
					if math.IsNaN(s.Center) || math.IsInf(s.Center, 0) || s.Rounds < 1 {
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

// TestInjected: the output begins by saying that a file's figures are wrong on
// purpose.
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

// TestDistorted: the output begins with a warning if the workers were built with
// flags that distort figures. It says nothing about a plain build or an older file.
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

// TestNumber: a row that was cut gives the number of tasks that there were.
func TestNumber(t *testing.T) {
	n, err := catalog.ParseName("Scale/impl=clone/n=100000")
	if err != nil {
		t.Fatal(err)
	}
	for tasks, want := range map[float64]string{100000: "100000", 99500: "100000", 24264: "24264 (of 100000: no more fitted)"} {
		if got := number(Row{Name: n, Stats: []summary.Summary{{Unit: "ns/op"}, {Unit: "tasks", Center: tasks}}}); got != want {
			t.Errorf("%v tasks: %q, want %q", tasks, got, want)
		}
	}
	if got := number(Row{Name: n, Stats: []summary.Summary{{Unit: "ns/op"}}}); got != "100000" {
		t.Errorf("without a count: %q", got)
	}
}
