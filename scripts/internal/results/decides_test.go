package results

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench"
	"threadbench/bench/catalog"
	"threadbench/bench/measure"
)

// TestHeadDecides reads a line of each case of the suite under the head that
// the suite writes. Each case is decided by the units that the writer names,
// and by the same units if an older head names none.
func TestHeadDecides(t *testing.T) {
	var units, written strings.Builder
	if err := measure.WriteHeader(&units, nil, catalog.Units); err != nil {
		t.Fatal(err)
	}
	for _, u := range catalog.Units {
		fmt.Fprintf(&written, " 1 %s", u.Name)
	}
	cases := bench.Families.Cases()
	for _, head := range []string{units.String(), ""} {
		text := "driver: lockstep\n" + head
		for _, c := range cases {
			text += fmt.Sprintf("Benchmark%s 1%s\n", c.Name, written.String())
		}
		f := read(t, text+"# end round 1\n")
		for i, c := range cases {
			want := catalog.Decides(c.Name)
			unit, parts := f.Rows[i].Primary()
			if len(want) == 0 || !slices.Equal(parts, want) || unit != Sum(want) || !f.Rows[i].Decided() {
				t.Errorf("under a head of %d bytes %s is decided by %s, %q; want %q", len(head), c.Name, unit, parts, want)
			}
			if got := f.Rows[i].Values(unit); len(got) != 1 || got[0] != float64(len(want)) {
				t.Errorf("%s: %v %s, want the sum of %d ones", c.Name, got, unit, len(want))
			}
		}
	}
}

// TestPrimary has files that say what decides, and files that don't.
func TestPrimary(t *testing.T) {
	const says = "Unit p99-ns decides=Switch,Balance\nUnit ns/op better=lower decides=Unknown,Switch/mode=stamped\nUnit user-B/task decides=Stack\nUnit residue-B/task decides=Stack\n"
	for _, tt := range []struct {
		head, name, line string
		unit, parts      string
		decided          bool
	}{
		{"", "Stack/impl=goroutine", "2 user-B/task 3 kernel-B/task 1 x-goroutine", Memory, "user-B/task kernel-B/task", true},
		{"", "Stack/impl=goroutine", "1 x-goroutine 1 x-self 2 user-B/task", "user-B/task", "user-B/task", true},
		{"", "Unknown/impl=goroutine", "9 req/s 2 p99-ns", "req/s", "req/s", false},
		{"", "GC/impl=goroutine", "1 x-goroutine 5 cycle-ns 7 stw-ns", "stw-ns", "stw-ns", true},
		{"", "GC/impl=goroutine", "1 x-goroutine 5 cycle-ns", "cycle-ns", "cycle-ns", false},
		{"", "Serve/impl=goroutine", "2 user-B/task 3 kernel-B/task 9 req/s 7 cpu-ns/op", "cpu-ns/op", "cpu-ns/op", true},
		{"", "Switch/impl=goroutine", "5 ns/op 7 syscalls/op", "ns/op", "ns/op", true},
		{"", "Switch/impl=goroutine/mode=traced", "5 ns/op 7 syscalls/op", "syscalls/op", "syscalls/op", true},

		{says, "Switch/impl=goroutine", "5 ns/op 7 p99-ns", "p99-ns", "p99-ns", true},
		{says, "Switch/impl=goroutine/mode=traced", "7 syscalls/op 9 p99-ns", "p99-ns", "p99-ns", true},
		{says, "Switch/impl=goroutine/mode=stamped", "7 p99-ns 5 ns/op", "ns/op", "ns/op", true},
		{says, "Unknown/impl=goroutine", "7 p99-ns 5 ns/op", "ns/op", "ns/op", true},
		{says, "Stack/impl=goroutine", "2 user-B/task 3 kernel-B/task 4 residue-B/task", "user+residue-B/task", "user-B/task residue-B/task", true},
		{says, "GC/impl=goroutine", "5 cycle-ns 7 stw-ns", "cycle-ns", "cycle-ns", false},
	} {
		r := read(t, "driver: lockstep\n"+tt.head+"Benchmark"+tt.name+" 1 "+tt.line+"\n# end round 1\n").Rows[0]
		unit, parts := r.Primary()
		if unit != tt.unit || strings.Join(parts, " ") != tt.parts || r.Decided() != tt.decided {
			t.Errorf("%s %s, said %q: %q, %q, decided %v; want %q, %q, %v", tt.name, tt.line, tt.head, unit, parts, r.Decided(), tt.unit, tt.parts, tt.decided)
		}
		sum := 0.0
		for _, part := range parts {
			sum += r.Values(part)[0]
		}
		if d := cmp.Diff([]float64{sum}, r.Values(unit)); d != "" {
			t.Errorf("%s: values in %s (-want +got):\n%s", tt.name, unit, d)
		}
	}
}

func TestDecidersOfUnlikeKinds(t *testing.T) {
	const head = "driver: lockstep\nUnit user-B/task decides=Stack\nUnit ns/op decides=Stack\n"
	_, err := Read(strings.NewReader(head+"BenchmarkStack/impl=clone 1 5 ns/op\n# end round 1\n"), "f.txt")
	if want := "f.txt:3: Stack is decided by the sum of user-B/task and ns/op, whose units don't add up"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Read = %v, want %s", err, want)
	}
}
