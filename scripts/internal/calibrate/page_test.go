package calibrate

import (
	"bytes"
	"flag"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"threadbench/scripts/internal/gate/verdict"
	"threadbench/scripts/internal/job"
)

var update = flag.Bool("update", false, "write the golden files anew")

// invented is a small data file with known results: 20 runs of our own rows and
// 10 of toml with nothing changed, with one false alarm, one inconclusive and one
// invalid run; 10 of each with 5%, where toml's miss one; some at another
// margin; and one that failed.
func invented() *file {
	f := &file{File: job.File{Path: "data.jsonl"}, sessions: []*session{onMachine("A"), onMachine("B")}}
	r := rand.New(rand.NewPCG(1, 2))
	at := onMachine("A").Begun
	add := func(c cell, n int) (all []*trial) {
		for i := range n {
			one := &trial{Cell: c, Apart: c.inject > 0 || i%2 == 1, Begun: at, Seconds: 40 + float64(r.IntN(400))/10, Disturbance: "seconds=40 steal=0.50% load=1.2",
				Margin: 0.03, Alpha: 0.01, Verdict: verdict.Pass}
			if c.margin > 0 {
				one.Margin = c.margin
			}
			if c.inject > 0 {
				one.Verdict = verdict.Regression
			}
			for _, name := range []string{"First", "Second"} {
				ratio := 1 + c.inject + float64(r.IntN(100)-50)/1e4
				one.Rows = append(one.Rows, row{Name: name, Unit: "ns/op", Verdict: one.Verdict, Rounds: 12, Ratio: ratio, Low: ratio - 0.01, High: ratio + 0.01, Most: ratio - 0.99, Spread: 0.008})
			}
			if c.subject != own {
				one.Rows = append(one.Rows, row{Name: "First", Unit: "allocs/op", Verdict: verdict.Pass, Rounds: 12, Ratio: 1})
			}
			at = at.Add(time.Minute)
			all = append(all, one)
		}
		f.runs = append(f.runs, all...)
		return all
	}
	ownRuns := add(cell{own, 0, 0}, 20)
	ownRuns[3].Verdict, ownRuns[3].Rows[0].Verdict = verdict.Regression, verdict.Regression
	ownRuns[4].Verdict, ownRuns[4].Seconds, ownRuns[4].Disturbance = "inconclusive", 310, "seconds=300 steal=9.00% load=3"
	ownRuns[4].Rows[1] = row{Name: "Second", Unit: "ns/op", Verdict: "inconclusive", Rounds: 60, Ratio: 1.012, Low: 0.98, High: 1.042, Most: 0.042, Spread: 0.06}
	ownRuns[5].Verdict = verdict.Invalid
	add(cell{"toml", 0, 0}, 10)
	add(cell{own, 0, 0.05}, 10)
	slower := add(cell{"toml", 0, 0.05}, 10)
	slower[0].Verdict = verdict.Pass
	for i := range slower[0].Rows[:2] {
		slower[0].Rows[i].Verdict, slower[0].Rows[i].Ratio, slower[0].Rows[i].Most = verdict.Pass, 1.021, 0.029
	}
	add(cell{own, 0.01, 0}, 4)
	add(cell{own, 0.01, 0.05}, 2)
	f.runs = append(f.runs, &trial{Cell: cell{subject: own}, Begun: at, Seconds: 2, Error: "died"})
	for i, r := range f.runs {
		r.on = f.sessions[min(i/10, 1)] // the first ten were on machine A
	}
	return f
}

// TestPage holds the page and its picture against the golden files.
func TestPage(t *testing.T) {
	f := invented()
	var page, picture bytes.Buffer
	if err := f.page(&page, "small.svg"); err != nil {
		t.Fatal(err)
	}
	if err := f.picture(&picture); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"small.md": page.Bytes(), "small.svg": picture.Bytes()} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs; see git diff after go test -update\n%s", path, got)
		}
	}
	if strings.Contains(page.String(), "NaN") || strings.Contains(page.String(), "unbounded") {
		t.Errorf("it says\n%s", page.String())
	}
	var plain bytes.Buffer
	if err := f.page(&plain, ""); err != nil || strings.Contains(plain.String(), "svg") {
		t.Errorf("without a picture: %v\n%s", err, plain.String())
	}
}

// TestCounts counts the known results of the invented runs.
func TestCounts(t *testing.T) {
	runs, err := invented().judged()
	if err != nil {
		t.Fatal(err)
	}
	line := func(table [][]string, name string) string {
		for _, l := range table {
			if l[0] == name {
				return strings.Join(l[:6], " | ")
			}
		}
		return ""
	}
	for _, test := range []struct {
		table      [][]string
		name, want string
	}{
		{unchangedTable(runs), own, "own | 1 of 20 | 21.6% | 17 of 20 | 1 of 20 | 1 of 20"},
		{unchangedTable(runs), "toml", "toml | 0 of 10 | 25.9% | 10 of 10 | 0 of 10 | 0 of 10"},
		{unchangedTable(runs), "all foreign", "all foreign | 0 of 10 | 25.9% | 10 of 10 | 0 of 10 | 0 of 10"},
		{unchangedTable(runs), "all in base's layout", "all in base's layout | 0 of 15 | 18.1% | 14 of 15 | 1 of 15 | 0 of 15"},
		{unchangedTable(runs), "all on machine 1", "all on machine 1 | 1 of 10 | 39.4% | 7 of 10 | 1 of 10 | 1 of 10"},
		{unchangedTable(runs), "all on machine 2", "all on machine 2 | 0 of 20 | 13.9% | 20 of 20 | 0 of 20 | 0 of 20"},
		{unchangedTable(runs), "own@1%", "own@1% | 0 of 4 | 52.7% | 4 of 4 | 0 of 4 | 0 of 4"},
		{slowerTable(runs), "own+5%", "own+5% | 10 of 10 | 74.1% | 20 of 20 | 0 of 20 | +5.0%"},
		{slowerTable(runs), "toml+5%", "toml+5% | 9 of 10 | 60.6% | 18 of 20 | 2 of 20 | +5.1%"},
		{slowerTable(runs), own, ""},
	} {
		if got := line(test.table, test.name); got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
	missed, text := limits(runs)
	for name, want := range map[string]string{
		"own, Second (ns/op)":     "own, Second (ns/op) | inconclusive in 1 of 20 | ±6% | ±0.8% | +1.2% | +4.2%",
		"toml+5%, First (ns/op)":  "toml+5%, First (ns/op) | not found in 1 of 10 | ±0.8% | ±0.8% | +2.1% | +2.9%",
		"toml+5%, Second (ns/op)": "toml+5%, Second (ns/op) | not found in 1 of 10 | ±0.8% | ±0.8% | +2.1% | +2.9%",
	} {
		if got := line(missed, name); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if text != "" {
		t.Errorf("all limits are in the table, and it says %q", text)
	}
	if got, want := busy(runs), [][]string{{"median run", "worst run", "median inconclusive run"}, {"0.5%", "9%", "9%"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("steal %q, want %q", got, want)
	}
	missed, text = limits(where(runs, func(r *trial) bool { return r.Verdict == verdict.Pass && unchanged(r) }))
	if len(missed) != 1 || !strings.Contains(text, "no row was left inconclusive") {
		t.Errorf("nothing limits, and it says %q, %q", missed, text)
	}
}

// TestNothingToSay: without a run with a verdict the error names the file.
func TestNothingToSay(t *testing.T) {
	for _, f := range []*file{{File: job.File{Path: "x"}}, {File: job.File{Path: "x"}, runs: []*trial{died}}} {
		if err := f.page(io.Discard, ""); err == nil || !strings.Contains(err.Error(), "x has no run with a verdict") {
			t.Errorf("%v", err)
		}
	}
	f := invented()
	f.runs[0].Margin = 0.02
	if err := f.page(io.Discard, ""); err == nil || !strings.Contains(err.Error(), "margin 2%") || !strings.Contains(err.Error(), "margin 3%") {
		t.Errorf("two margins: %v", err)
	}
}
