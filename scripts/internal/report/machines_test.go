package report

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"threadbench/scripts/internal/results"
	"threadbench/scripts/internal/results/resample"
)

// fleet makes the files of n machines out of the reference file.
func fleet(t testing.TB, n int) []*results.File {
	t.Helper()
	text := contents(t, "../../../results/reference.txt")
	rng := rand.New(rand.NewPCG(3, 4))
	var files []*results.File
	for k := range n {
		m := resample.Machine{Host: fmt.Sprintf("host%d", k), Config: map[string]string{
			"cpu":    []string{"EPYC-7B13", "Xeon-8488C", "<b>Graviton4"}[k%3],
			"kernel": []string{"6.8.0", "6.18.44"}[k%2],
		}}
		f, err := results.Read(strings.NewReader(resample.Text(text, 6, rng, m)), fmt.Sprintf("m%02d.txt", k))
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// TestMany: a page of 40 machines shows what they have in common. It has no more
// bytes than a page of three machines.
func TestMany(t *testing.T) {
	const most = 3 << 20
	files := fleet(t, 40)
	three := rendered(t, files[:3]...)
	for _, want := range []string{"3 files of 3 machines", "By CPU", `<span class="source">host0`} {
		if !strings.Contains(three, want) {
			t.Errorf("the page of three does not say %q", want)
		}
	}
	r := New(files)
	var page, md bytes.Buffer
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	if err := r.Markdown(&md, "fleet"); err != nil {
		t.Fatal(err)
	}
	sound(t, page.String())
	if len(three) > most || page.Len() > most || md.Len() > most {
		t.Errorf("%d bytes for three machines, %d for 40, %d as Markdown; at most %d wanted", len(three), page.Len(), md.Len(), most)
	}
	for text, form := range map[string]string{page.String(): "page", md.String(): "Markdown"} {
		for _, want := range []string{
			"40 files of 40 machines", "By CPU", "By kernel", "Each machine", "m39.txt", "go run ./scripts/claims FILE",
			"the least and the greatest of 40 machines", "40 files: A virtual machine (kvm)", "cut: BenchmarkScale/impl=locked/n=10000 (",
		} {
			if !strings.Contains(strings.NewReplacer("\\", "", "&#61;", "=").Replace(text), want) {
				t.Errorf("the %s does not say %q", form, want)
			}
		}
		if strings.Contains(text, "<b>Graviton4") {
			t.Errorf("the %s has markup of a file", form)
		}
	}
	pictures, err := r.Pictures()
	if err != nil || len(pictures) != 1 || pictures[0].Name != "overview" {
		t.Errorf("%d pictures, %v; want the overview", len(pictures), err)
	}
}

// TestMachineRows: each machine gives one figure to a row, from the file with the
// most rounds.
func TestMachineRows(t *testing.T) {
	made := func(host string, rounds int, x float64) *results.File {
		var b strings.Builder
		fmt.Fprintf(&b, "driver: lockstep\ngo: go1\n# begun 2026-11-29T00:00:00Z on %s\n", host)
		for k := range rounds {
			b.WriteString(round(k+1, "BenchmarkCreate/impl=goroutine/mode=cold 1 10 ns/op 1 x-goroutine",
				fmt.Sprintf("BenchmarkCreate/impl=clone/mode=cold 1 %g ns/op %g x-goroutine", 10*x, x)))
		}
		return load(t, b.String())
	}
	r := New([]*results.File{made("a", 3, 4), made("a", 4, 5), made("b", 2, 0.5), made("c", 2, 2), made("d", 2, 3)})
	row := r.sources[0].rows["Create/impl=clone/mode=cold"]
	if row == nil || row.Factor == nil {
		t.Fatalf("the row has no factor: %+v", row)
	}
	f := row.Factor
	if f.Rounds != 4 || math.Abs(f.Center-2.5) > 1e-9 || math.Abs(f.Low-0.5) > 1e-9 || math.Abs(f.High-5) > 1e-9 || row.Stats[0].Center != 25 {
		t.Errorf("%+v, figure %+v; want 2.5 from 0.5 to 5 of 4 machines", f, row.Stats[0])
	}
	if want := "below 1× on 1 of 4 machines; no interval on 4 of 4 machines"; row.Doubt != want {
		t.Errorf("doubt %q, want %q", row.Doubt, want)
	}
}
