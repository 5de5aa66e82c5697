package claims

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/results/resample"
	"threadbench/scripts/internal/summary"
)

// fleet writes the files of n machines, drawn from the reference: four CPUs,
// three kernels and two versions of Go. On the second CPU making a raw thread
// is as fast as making a goroutine.
func fleet(t testing.TB, n int) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "results", "reference.txt"))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	cheap := func(fields []string) {
		if fields[0] != "BenchmarkCreate/impl=clone/mode=cold" {
			return
		}
		at := slices.Index(fields, results.PairedFactor) - 1
		x, err := strconv.ParseFloat(fields[at], 64)
		if err != nil {
			t.Fatal(err)
		}
		fields[at] = fmt.Sprint(x / 20)
	}
	dir := t.TempDir()
	var paths []string
	for k := range n {
		m := resample.Machine{Host: fmt.Sprintf("host%d", k), Config: map[string]string{
			"cpu":    []string{"EPYC-7B13", "Xeon-8488C", "Graviton4", "Ultra-7"}[k%4],
			"kernel": []string{"5.15.0", "6.8.0", "6.18.44"}[k%3],
			"go":     []string{"go1.26.8", "go1.27.0"}[k/4%2],
		}}
		if k%4 == 1 {
			m.Edit = cheap
		}
		path := filepath.Join(dir, fmt.Sprintf("m%02d.txt", k))
		if err := os.WriteFile(path, []byte(resample.Text(string(text), 18, rng, m)), 0o644); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func output(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := Run(args, &stdout, &stderr); code != 0 {
		t.Fatalf("claims %q: exit %d\n%s", args, code, stderr.String())
	}
	return stdout.String()
}

// TestManyMachines sums up 40 files on one screen, and says where machines
// contradict each other.
func TestManyMachines(t *testing.T) {
	paths := fleet(t, 40)
	files := make([]*results.File, len(paths))
	ledgers := make([]Ledger, len(paths))
	for i, path := range paths {
		f, err := results.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[i], ledgers[i] = f, New(f)
	}
	form := func(n int, write func(*Summary, io.Writer) error) string {
		var b strings.Builder
		if err := write(Sum(files[:n], ledgers[:n]), &b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, test := range []struct {
		files int
		want  []string
	}{
		{40, []string{
			"40 files of 40 machines. They differ in CPU (4 kinds), kernel (3 kinds), Go (2 kinds).",
			"on average up to 2 of these 40 ledgers have one",
			"by CPU: EPYC-7B13 holds on 10; Xeon-8488C fails on 10; Graviton4 holds on 10; Ultra-7 holds on 10",
			"holds on 30, fails on 10: ",
		}},
		{3, []string{"3 files of 3 machines", "by CPU and kernel: EPYC-7B13, 5.15.0 holds on 1; Xeon-8488C, 6.8.0 fails on 1; ", "at most 15% in all of them"}},
		{2, []string{"2 files of 2 machines", "A is ", "(host0, EPYC-7B13, 5.15.0, go1.26.8): 18 rounds", "A holds: ", "; B fails: "}},
	} {
		text := form(test.files, (*Summary).Text)
		if n := strings.Count(text, "\n"); n > screen {
			t.Errorf("%d files: %d lines, at most %d wanted\n%s", test.files, n, screen, text)
		}
		flowing := strings.Join(strings.Fields(text), " ")
		for _, want := range test.want {
			if !strings.Contains(flowing, want) {
				t.Errorf("%d files: %q is missing of\n%s", test.files, want, text)
			}
		}
		if t.Failed() {
			return
		}
	}
	var doc summaryJSON
	if err := json.Unmarshal([]byte(form(40, (*Summary).JSON)), &doc); err != nil {
		t.Fatal(err)
	}
	for i, s := range doc.Statements {
		sum := func(t tallyJSON) int { return len(t.Holds) + len(t.Fails) + len(t.Inconclusive) + len(t.Missing) }
		parts := map[string]int{}
		for _, g := range s.Groups {
			parts[g.By] += sum(g.tallyJSON)
		}
		if d := cmp.Diff(map[string]int{"CPU": 40, "kernel": 40, "Go": 40}, parts); s.ID != statements[i].id || sum(s.tallyJSON) != 40 || d != "" {
			t.Errorf("%s: of %d machines; by group (-want +got):\n%s", s.ID, sum(s.tallyJSON), d)
		}
	}
	if len(doc.Machines) != 40 || len(doc.Statements) != len(statements) {
		t.Errorf("%d machines and %d statements", len(doc.Machines), len(doc.Statements))
	}
	md := form(40, (*Summary).Markdown)
	for _, want := range []string{"| holds on 10: ", "By kernel:", "| Xeon-8488C (10) |"} {
		if !strings.Contains(md, want) {
			t.Errorf("%q is missing of\n%s", want, md)
		}
	}
	if want, got := form(2, (*Summary).Text), output(t, paths[:2]...); want != got {
		t.Errorf("the command prints another summary of two files:\n%s", cmp.Diff(want, got))
	}
	// -each prints each file's own ledger, the same as of the file alone.
	each := output(t, "-each", "-format", "json", paths[0], paths[1])
	var both, alone []entryJSON
	if json.Unmarshal([]byte(each), &both) != nil || json.Unmarshal([]byte(output(t, "-format", "json", paths[1])), &alone) != nil {
		t.Fatal("no JSON")
	}
	if d := cmp.Diff(alone, both[len(alone):]); d != "" {
		t.Errorf("the second ledger (-alone +of two):\n%s", d)
	}
}

// TestTheMachineCounts: files of one machine count once, by the file with the
// most rounds, and not at all if they contradict each other.
func TestTheMachineCounts(t *testing.T) {
	ledger := one(1, atLeast(2, factor(clone), "faster"))
	made := func(name, host string, rounds int, x float64, extra string) *results.File {
		var b strings.Builder
		fmt.Fprintf(&b, "driver: lockstep\ncpu: A\nkernel: 6\ngo: go1\n%s# begun 2026-11-2%dT00:00:00Z on %s\n", extra, rounds%10, host)
		for k := range rounds {
			fmt.Fprintf(&b, "# round %d: seconds=1\nBenchmark%s 1 10 ns/op 1 x-goroutine\nBenchmark%s 1 10 ns/op %g x-goroutine\n# end round %[1]d\n", k+1, goroutine, clone, x+float64(k)/1000)
		}
		f, err := results.Read(strings.NewReader(b.String()), name)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	sum := func(files ...*results.File) *Summary {
		var ledgers []Ledger
		for _, f := range files {
			ledgers = append(ledgers, Ledger{File: f.Name, Rounds: f.Rounds, Warnings: f.Warnings(), Entries: judge(ledger, f)})
		}
		return Sum(files, ledgers)
	}
	for _, test := range []struct {
		name   string
		files  []*results.File
		want   string
		figure string
	}{
		{"one", []*results.File{made("a", "h", 12, 3, "")}, "holds on 1", "3.01×"},
		{"twice", []*results.File{made("a", "h", 12, 3, ""), made("b", "h", 14, 4, "")}, "holds on 1", "4.01×"},
		{"with a file of fewer rounds, later", []*results.File{made("a", "h", 12, 3, ""), made("b", "h", 9, 4, "")}, "holds on 1", "3.01×"},
		{"contradicted by itself", []*results.File{made("a", "h", 12, 3, ""), made("b", "h", 14, 1, "")}, "inconclusive on 1", "1.01×"},
		{"two", []*results.File{made("a", "h", 12, 3, ""), made("b", "i", 12, 1, "")}, "holds on 1 (a), fails on 1 (b)", "1.01× to 3.01×"},
		{"beside a slowdown on purpose", []*results.File{made("a", "h", 12, 3, ""), made("b", "i", 12, 1, "inject: 10%\n")}, "holds on 1", "3.01×"},
	} {
		s := sum(test.files...)
		tally := s.Tally(0, s.All())
		if got := s.Counts(tally); got != test.want || tally.Primary[0].String() != test.figure {
			t.Errorf("%s: %s: %s; want %s: %s", test.name, got, tally.Primary[0], test.want, test.figure)
		}
	}
	s := sum(made("b", "i", 12, 1, "inject: 10%\n"))
	for _, write := range []func(*Summary, io.Writer) error{(*Summary).Text, (*Summary).Markdown, (*Summary).JSON} {
		var b bytes.Buffer
		if err := write(s, &b); err != nil || !strings.Contains(b.String(), "INJECTED SLOWDOWN") {
			t.Errorf("no file that counts: %v\n%s", err, b.String())
		}
	}
}

// TestRange: the range of a figure with limits, and of the deciding condition
// if it isn't the primary one.
func TestRange(t *testing.T) {
	f := file(t, results.Lockstep, 12, func(k int) lines {
		return lines{goroutine: "10 ns/op 1 x-goroutine 1 threads/op", clone: fmt.Sprintf("50 ns/op %g x-goroutine 1 threads/op", 5+float64(k)/100)}
	})
	entries := judge(one(1, atLeast(2, factor(clone), "time"), atMost(0.02, value(goroutine, "threads/op"), "threads")), f)
	s := Sum([]*results.File{f}, []Ledger{{Entries: entries}})
	tally := s.Tally(0, s.All())
	if len(tally.By) != 1 || tally.By[0].What != "threads" || tally.By[0].String() != "1.00" || tally.Primary[0].What != "time" {
		t.Errorf("decided by %+v, primary %q", tally.By, tally.Primary[0].What)
	}
	var ranges []Range
	for _, f := range []Finding{{There: true, Factor: true, Bounded: true, Effect: 1, Most: 2}, {}, {There: true, Factor: true, Bounded: true, Effect: 0.5, Most: 1.5}} {
		ranges = added(ranges, f)
	}
	if r := ranges[0]; len(ranges) != 1 || r.String() != "0.500× to 2.00×" || r.N != 2 {
		t.Errorf("%s of %d", r, r.N)
	}
	two := Finding{There: true, Effect: 0.8, States: []summary.State{{Center: 0.6, Rounds: 5}, {Center: 0.9, Rounds: 7}}}
	if got := added(nil, two)[0].String(); got != "0.600 to 0.900" {
		t.Errorf("two states: %s", got)
	}
}

// TestForemost: the largest groups stand beside each other.
func TestForemost(t *testing.T) {
	var split results.Split
	for i, n := range []int{1, 3, 2, 1, 1, 1, 1, 1} {
		split.Groups = append(split.Groups, results.Group{Name: fmt.Sprint(i), Of: make([]int, n)})
	}
	var got []string
	for _, g := range foremost(split) {
		got = append(got, fmt.Sprintf("%s: %d", g.Name, len(g.Of)))
	}
	want := []string{"1: 3", "2: 2", "0: 1", "3: 1", "4: 1", "3 others: 3"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestGather merges remarks that differ only in their numbers.
func TestGather(t *testing.T) {
	got := Gather([]Said{{"a", "took 1.5 s"}, {"b", "took 2 s"}, {"b", "cut"}, {"c", "cut"}, {"c", "failed"}})
	want := []string{"2 files, such as a: took 1.5 s", "2 files: cut", "c: failed"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
