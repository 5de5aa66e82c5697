package calibration

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threadbench/scripts/internal/gate/verdict"
)

var machineA = map[string]string{"goos": "linux", "goarch": "amd64", "cpu": "A", "cpus": "2", "virt": "kvm", "kernel": "6.1", "go": "go1.26"}

func newSession() *Session {
	return &Session{Version: Version, Begun: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Commit: "abc", Alpha: 0.01, Margin: 0.01, Config: machineA}
}

// A world is where runs are simulated: figures by row, round and arm.
type world struct {
	r      *rand.Rand
	round  float64 // sd of a round's log(head/base)
	run    float64 // of what all rounds of a run have alike
	layout float64 // of a layout's effect on one side
	shared float64 // of what moves head against base in all rows of a round
}

var names = []string{
	"Create/impl=goroutine/mode=reused", "Create/impl=clone/mode=reused",
	"Switch/impl=goroutine/via=channel/place=same", "Switch/impl=clone/via=futex/place=same",
}

// simulate is a run, its verdict the gate's own.
func (w world) simulate(t *testing.T, s *Session, kind string, inject float64, budget time.Duration, rounds int) *Run {
	t.Helper()
	r := &Run{Kind: kind, Inject: inject, Budget: Duration(budget), Begun: s.Begun, Seconds: budget.Seconds(), Rounds: rounds, Pool: 8, Seed: 1, Session: s}
	for i := range rounds {
		r.Layouts.Base = append(r.Layouts.Base, uint64(2*i+1))
		r.Layouts.Control = append(r.Layouts.Control, uint64(2*i+2))
	}
	shared := make([]float64, rounds)
	for i := range shared {
		shared[i] = w.shared * w.r.NormFloat64()
	}
	var rows []verdict.Row
	for _, name := range names {
		all := w.run * w.r.NormFloat64()
		row := verdict.Row{Name: name, Unit: "ns/op", Better: "lower"}
		side := w.round / math.Sqrt2
		for i := range rounds {
			pair, control := w.layout*w.r.NormFloat64(), w.layout*w.r.NormFloat64()
			base := 100 * math.Exp(pair+side*w.r.NormFloat64())
			head := 100 * math.Exp(pair+side*w.r.NormFloat64()+all+shared[i]) * (1 + inject)
			if kind == Rebuilt {
				head *= math.Exp(w.layout*w.r.NormFloat64() - pair)
			}
			row.Pairs = append(row.Pairs, verdict.Pair{Round: i + 1, Base: base, Head: head})
			row.Control = append(row.Control, verdict.Pair{Round: i + 1, Base: base, Head: 100 * math.Exp(control+side*w.r.NormFloat64())})
		}
		rows = append(rows, row)
	}
	report, err := verdict.Judge(rows, verdict.Rules{Alpha: s.Alpha, Margin: s.Margin})
	if err != nil {
		t.Fatal(err)
	}
	r.Verdict, r.Exit = report.Verdict, report.ExitCode()
	for _, res := range report.Rows {
		r.Rows = append(r.Rows, NewRow(res, rounds))
	}
	return r
}

// keep writes runs through a store and reads them back.
func keep(t *testing.T, runs ...*Run) (*File, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "new", "data.jsonl")
	s, err := OpenStore(path, newSession())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		if err := s.Add(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return f, path
}

// TestKept reads back what was kept, to six digits, a round without figures and a
// run without a verdict included.
func TestKept(t *testing.T) {
	w := world{r: rand.New(rand.NewPCG(1, 1)), round: 0.02}
	run := w.simulate(t, newSession(), Same, 0.03, time.Minute, 12)
	for _, f := range []Figures{run.Rows[1].Base, run.Rows[1].Head, run.Rows[1].Control} {
		f[4] = math.NaN()
	}
	failed := &Run{Kind: Package, Budget: Duration(5 * time.Minute), Begun: newSession().Begun, Seconds: 3, Error: "it died", Exit: 2}
	f, _ := keep(t, run, failed)
	if len(f.Sessions) != 1 || len(f.Runs) != 2 || f.Torn != 0 {
		t.Fatalf("%d sessions, %d runs, %d bytes torn", len(f.Sessions), len(f.Runs), f.Torn)
	}
	near := cmp.Comparer(func(a, b float64) bool {
		return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-5*math.Abs(b)
	})
	for i, want := range []*Run{run, failed} {
		if diff := cmp.Diff(want, f.Runs[i], near); diff != "" {
			t.Errorf("run %d (-kept +read):\n%s", i+1, diff)
		}
	}
}

// TestTorn cuts a file at each byte of its last line: the runs before are
// there, what is torn is told, and going on makes it whole.
func TestTorn(t *testing.T) {
	w := world{r: rand.New(rand.NewPCG(1, 1)), round: 0.02}
	run := w.simulate(t, newSession(), Same, 0, time.Minute, 10)
	_, path := keep(t, run, run)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	for cut := last; cut < len(text); cut++ {
		f, err := Read(bytes.NewReader(text[:cut]), path)
		if err != nil {
			t.Fatalf("cut at byte %d of the last line: %v", cut-last, err)
		}
		if len(f.Runs) != 1 || f.Torn != cut-last {
			t.Fatalf("cut at byte %d of the last line: %d runs, %d bytes torn", cut-last, len(f.Runs), f.Torn)
		}
	}
	for _, cut := range []int{last + 1, last + (len(text)-last)/2, len(text) - 1} {
		if err := os.WriteFile(path, text[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := OpenStore(path, newSession())
		if err != nil {
			t.Fatal(err)
		}
		if s.Torn != cut-last {
			t.Errorf("%d bytes are said to be torn, want %d", s.Torn, cut-last)
		}
		if err := s.Add(run); err != nil {
			t.Fatal(err)
		}
		s.Close()
		f, err := ReadFile(path)
		if err != nil || len(f.Runs) != 2 || len(f.Sessions) != 2 || f.Torn != 0 {
			t.Errorf("gone on after a cut: %v, %+v", err, f)
		}
	}
}

// TestStore refuses what would mix two machines' data or two writers', and
// leaves nothing where nothing was measured.
func TestStore(t *testing.T) {
	run := world{r: rand.New(rand.NewPCG(1, 1)), round: 0.02}.simulate(t, newSession(), Same, 0, time.Minute, 10)
	_, path := keep(t, run)
	other := newSession()
	other.Config = map[string]string{"goos": "linux", "goarch": "amd64", "cpu": "B", "cpus": "2", "virt": "kvm", "kernel": "6.1"}
	if _, err := OpenStore(path, other); err == nil || !strings.Contains(err.Error(), `its cpu is "A", here it is "B"`) {
		t.Errorf("another machine: %v", err)
	}
	for key, was := range map[string]string{"cpu-type": "core", "build": "plain"} {
		s := &Session{Config: map[string]string{}}
		if got, _, _ := s.Differs(map[string]string{key: was}); got != "" {
			t.Errorf("a session from before %s is another machine's", key)
		}
		s.Config[key] = was
		if got, _, _ := s.Differs(map[string]string{key: was}); got != "" {
			t.Errorf("the same %s is another machine's", key)
		}
		if got, was, is := s.Differs(map[string]string{key: "atom"}); got != key || was != s.Config[key] || is != "atom" {
			t.Errorf("another %s: %q, %q, %q", key, got, was, is)
		}
	}
	one, err := OpenStore(path, newSession())
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	two, err := OpenStore(path, newSession())
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	if err := one.Add(run); err != nil {
		t.Fatal(err)
	}
	if err := two.Add(run); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a second writer: %v", err)
	}
	bad := *run
	bad.Rounds++
	if err := one.Add(&bad); err == nil {
		t.Error("a run that doesn't fit its rounds was kept")
	}
	if err := one.Add(run); err != nil {
		t.Error(err)
	}
	if _, err := OpenStore(t.TempDir(), newSession()); err == nil {
		t.Error("a folder was taken for a file")
	}
	empty := filepath.Join(t.TempDir(), "empty.jsonl")
	s, err := OpenStore(empty, newSession())
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := os.Stat(empty); err == nil {
		t.Error("a file without runs was left")
	}
}

// TestMalformed names the line of what can't be read.
func TestMalformed(t *testing.T) {
	run := world{r: rand.New(rand.NewPCG(1, 1)), round: 0.02}.simulate(t, newSession(), Same, 0, time.Minute, 10)
	_, path := keep(t, run)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := string(text)
	second := whole[strings.Index(whole, "\n")+1:]
	for _, test := range []struct{ name, text, want string }{
		{"no session", second, ":1: a run before any session"},
		{"blank", whole + "\n", ":3: no line of calibration data"},
		{"another version", strings.Replace(whole, `{"calibration":1`, `{"calibration":2`, 1), ":1: it is calibration data of version 2"},
		{"a level", strings.Replace(whole, `"alpha":0.01`, `"alpha":1`, 1), "level 1"},
		{"two values", strings.Replace(whole, "}\n", "} {}\n", 1), "follows"},
		{"an unknown field", strings.Replace(whole, `"seconds"`, `"minutes"`, 1), "minutes"},
		{"a kind", strings.Replace(whole, `"run":"same"`, `"run":"other"`, 1), `"other"`},
		{"a budget", strings.Replace(whole, `"budget":"1m"`, `"budget":"-1m"`, 1), "not above 0"},
		{"no budget", strings.Replace(whole, `"budget":"1m",`, ``, 1), "without a budget"},
		{"rounds", strings.Replace(whole, `"rounds":10`, `"rounds":11`, 1), "11 rounds"},
		{"a verdict", strings.Replace(whole, `"verdict":"`, `"verdict":"x`, 1), "verdict"},
		{"an error, too", strings.Replace(whole, `"verdict":"`, `"error":"x","verdict":"`, 1), "both"},
		{"a figure", strings.Replace(whole, `"head":[`, `"head":[-`, 1), "the figure -"},
		{"some arms", strings.Replace(whole, `"control":[1`, `"control":[null,1`, 2), ""},
		{"a row twice", strings.Replace(whole, "goroutine/mode", "clone/mode", 1), "stands twice"},
		{"no unit", strings.Replace(whole, `"unit":"ns/op"`, `"unit":""`, 1), "without a name or a unit"},
		{"a direction", strings.Replace(whole, `"better":"lower"`, `"better":"up"`, 1), `"up"`},
		{"binary", "\x00\x01\n", ":1:"},
	} {
		_, err := Read(strings.NewReader(test.text), "data.jsonl")
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "data.jsonl:") {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	if f, err := Read(strings.NewReader(""), "x"); err != nil || len(f.Runs) != 0 {
		t.Errorf("an empty file: %v", err)
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that isn't there was read")
	}
}

// FuzzRead reads anything without a fault; what it takes can be analysed and
// written again.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	session, err := line(newSession())
	if err != nil {
		f.Fatal(err)
	}
	b.Write(session)
	figures := slices.Repeat(Figures{1.5}, 9)
	seeds := slices.Repeat([]uint64{3}, 9)
	run, err := line(&Run{Kind: Same, Budget: Duration(time.Minute), Verdict: verdict.Pass, Rounds: 9, Layouts: Layouts{Base: seeds, Control: seeds},
		Rows: []Row{{Name: "A", Unit: "ns/op", Better: "lower", Verdict: verdict.Pass, Base: figures, Head: figures, Control: figures}}})
	if err != nil {
		f.Fatal(err)
	}
	b.Write(run)
	f.Add(b.Bytes())
	f.Add([]byte("{\"run\":\"same\"}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := Read(bytes.NewReader(text), "x")
		if err != nil {
			return
		}
		if _, err := Analyse(file); err != nil {
			return
		}
		for _, r := range file.Runs {
			again, err := line(r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := Read(bytes.NewReader(slices.Concat(session, again)), "again"); err != nil {
				t.Errorf("it can't be read again: %v", err)
			}
		}
	})
}
