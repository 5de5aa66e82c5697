package gate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"threadbench/scripts/internal/gate/verdict"
)

// TestPlan checks a plan's promises: its seed repeats it, no layout comes
// twice, and each item and arm is equally often in each place.
func TestPlan(t *testing.T) {
	const rounds, items = 24, 4
	draw := func(seed uint64, random, apart bool) (layouts []layout, orders [][]int, armOrders [][][]int) {
		p := newPlan(seed, items, random, apart)
		for k := range rounds {
			o, a := p.orders()
			layouts, orders, armOrders = append(layouts, p.layout(k)), append(orders, o), append(armOrders, a)
		}
		return layouts, orders, armOrders
	}
	layouts, orders, armOrders := draw(7, true, false)
	again, ordersAgain, armsAgain := draw(7, true, false)
	if !reflect.DeepEqual(layouts, again) || !reflect.DeepEqual(orders, ordersAgain) || !reflect.DeepEqual(armOrders, armsAgain) {
		t.Error("the same seed makes another plan")
	}
	if other, _, otherArms := draw(8, true, false); reflect.DeepEqual(layouts, other) || reflect.DeepEqual(armOrders, otherArms) {
		t.Error("another seed makes the same plan")
	}
	seen := map[uint64]bool{0: true}
	for _, l := range layouts {
		if s := l[baseArm]; seen[s] || s >= 1<<31 || l[headArm] != s {
			t.Errorf("the layout %v is drawn twice or is none, or is not both sides'", l)
		}
		seen[l[baseArm]] = true
	}
	apart, _, _ := draw(7, true, true)
	for _, l := range apart {
		if l[headArm] == l[baseArm] {
			t.Errorf("apart, a round has the layout %v", l)
		}
	}
	var places [items][items]int
	for _, order := range orders {
		for place, item := range order {
			places[item][place]++
		}
	}
	for item, counts := range places {
		for place, n := range counts {
			if n != rounds/items {
				t.Errorf("item %d stands %d times in place %d, want %d", item, n, place, rounds/items)
			}
		}
	}
	for item := range items {
		var after [arms][arms]int
		for k := range rounds {
			order := armOrders[k][item]
			for i := 1; i < arms; i++ {
				after[order[i-1]][order[i]]++
			}
		}
		for a := range arms {
			for b := range arms {
				if a != b && after[a][b] != rounds/3 {
					t.Errorf("item %d: %s comes after %s %d times, want %d", item, armNames[b], armNames[a], after[a][b], rounds/3)
				}
			}
		}
	}
	fixed, _, _ := draw(7, false, false)
	for _, l := range fixed {
		if l != (layout{}) {
			t.Errorf("without layouts, one is drawn: %v", l)
		}
	}
}

func TestLDFlags(t *testing.T) {
	for _, test := range []struct{ goflags, want string }{
		{"", ""},
		{"-buildvcs=false", ""},
		{"-ldflags=-w", "-w"},
		{"--ldflags=-w", "-w"},
		{"'-ldflags=-X a.b=c -s' -tags=x", "-X a.b=c -s"},
		{`-tags=x "-ldflags=-X 'a.b=c d'"`, "-X 'a.b=c d'"},
		{"-ldflags=-w -ldflags=-s", "-s"},
		{" -x\t-ldflags=-s ", "-s"},
		{"-gcflags=-ldflags=-s", ""},
	} {
		if got, err := ldflags(test.goflags); err != nil || got != test.want {
			t.Errorf("of %q: %q, %v, want %q", test.goflags, got, err, test.want)
		}
	}
	for _, bad := range []string{"'-ldflags=-s", `-x "`} {
		if got, err := ldflags(bad); err == nil {
			t.Errorf("of %q: %q, want an error", bad, got)
		}
	}
}

func FuzzLDFlags(f *testing.F) {
	f.Add("'-ldflags=-X a.b=c -s' -tags=x")
	f.Add(`"" -ldflags='`)
	f.Fuzz(func(t *testing.T, goflags string) {
		if got, err := ldflags(goflags); err == nil && !strings.Contains(goflags, got) {
			t.Errorf("of %q: %q, which is not in it", goflags, got)
		}
	})
}

func TestIterations(t *testing.T) {
	for _, test := range []struct {
		ns, bytes float64
		want      int
	}{
		{1e6, 0, 200},           // a fifth of a second
		{1e6, 16 << 10, 800},    // five collections of 4 MiB would take 1,280
		{1e6, 64 << 10, 320},    // just as many
		{20, 16, 10_000_000},    // collected often anyway
		{5e9, 1 << 30, 1},       // at least one
		{0.1, 0, 1_000_000_000}, // testing's most
		{3e8, 1 << 10, 3},       // not beyond four times as long
	} {
		if got := chooseIterations(200*time.Millisecond, test.ns, test.bytes); got != test.want {
			t.Errorf("of %v ns and %v B an op: %d iterations, want %d", test.ns, test.bytes, got, test.want)
		}
	}
}

func TestRepeated(t *testing.T) {
	o := options{args: []string{"-budget", "5m", "-base", "main", "--seed=3", "-bench", "a|b c", "-head-env", "X=it's"}}
	if got, want := repeated(o, 34), `gate -budget 5m -base main -bench 'a|b c' -head-env 'X=it'\''s' -seed 34`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestFit shortens measurements that don't fit the time. Then it leaves out the
// costliest, which keep their counts.
func TestFit(t *testing.T) {
	items := func() (all []*item) {
		for i, cost := range []time.Duration{time.Second, 4 * time.Second, 2 * time.Second} {
			it := &item{name: fmt.Sprint("item", i), varying: 1, rows: []*verdict.Row{
				{Name: fmt.Sprint("item", i), Unit: "ns/op", Better: "lower"},
				{Name: fmt.Sprint("item", i), Unit: "B/op", Better: "lower", Exact: true},
			}}
			it.size = func(share float64) time.Duration { return time.Duration(share * float64(cost)) }
			it.resize(1)
			all = append(all, it)
		}
		return all
	}
	const second = time.Second
	for _, test := range []struct {
		left  time.Duration
		costs []time.Duration
		rows  []int
		lost  []string
	}{
		{time.Hour, []time.Duration{second, 4 * second, 2 * second}, []int{2, 2, 2}, nil},
		{50 * second, []time.Duration{second / 2, 2 * second, second}, []int{2, 2, 2}, nil},
		{10 * second, []time.Duration{second / 5, 8 * second / 100, 2 * second / 5}, []int{2, 1, 2}, []string{"item1"}},
		{second, []time.Duration{second / 5, 8 * second / 100, 4 * second / 100}, []int{2, 0, 0}, []string{"item1", "item2"}},
	} {
		all := items()
		missing, would, err := fit(all, test.left, 0, 100*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		var lost []string
		for _, m := range missing {
			lost = append(lost, m.Name)
			if m.Verdict != verdict.Inconclusive || !strings.Contains(m.Why, "-budget ") {
				t.Errorf("within %v: %+v", test.left, m)
			}
		}
		if (would > test.left) != (lost != nil) {
			t.Errorf("within %v, a budget of %v would do for all, and %q are not timed", test.left, would, lost)
		}
		if !slices.Equal(lost, test.lost) {
			t.Errorf("within %v, %q are not timed, want %q", test.left, lost, test.lost)
		}
		for i, it := range all {
			if it.cost != test.costs[i] || len(it.rows) != test.rows[i] {
				t.Errorf("within %v, %s costs %v and has %d rows, want %v and %d", test.left, it.name, it.cost, len(it.rows), test.costs[i], test.rows[i])
			}
		}
	}
}

// TestNeeds: the budget named is one with which the first looks fit, and none
// is named where they did.
func TestNeeds(t *testing.T) {
	it := &item{name: "item", varying: 1, rounds: 7, over: true, cost: 1240 * time.Millisecond, rows: []*verdict.Row{{Name: "item", Unit: "ns/op", Better: "lower"}}}
	rounds := verdictRounds(t, it)
	want := (time.Second + time.Duration(rounds)*(it.cost+100*time.Millisecond)) * 10 / 9
	if got := needs([]*item{it}, 100*time.Millisecond, time.Second, 0, 8*time.Second); got != roundUp(want) {
		t.Errorf("needs -budget %s, want %s", got, roundUp(want))
	}
	if got := needs([]*item{it}, 100*time.Millisecond, time.Second, 0, time.Minute); got != "" {
		t.Errorf("needs -budget %s of a minute, which was enough", got)
	}
	if got := needs([]*item{it}, 100*time.Millisecond, time.Second, 50*time.Second, 8*time.Second); got != "50s" {
		t.Errorf("needs -budget %s with an item left out, want 50s", got)
	}
}

// verdictRounds are the rounds of the item's first look.
func verdictRounds(t *testing.T, it *item) int {
	looks, err := verdict.PlanLooks(rowsOf([]*item{it}), alpha)
	if err != nil {
		t.Fatal(err)
	}
	return looks.Rounds(0)
}

// TestSelected reads -bench and -skip as package testing does.
func TestSelected(t *testing.T) {
	for _, test := range []struct {
		bench, skip, name string
		want              bool
	}{
		{".", "", "BenchmarkA", true},
		{"A/x", "", "BenchmarkA/x", true},
		{"A/x", "", "BenchmarkA", false},
		{"A/x", "", "BenchmarkA/y", false},
		{"A/x", "", "BenchmarkA/x/z", true},
		{"A/x|B", "", "BenchmarkB/y", true},
		{"A/[x/]", "", "BenchmarkA/x", true},
		{".", "A", "BenchmarkA/x", false},
		{".", "A/x", "BenchmarkA/y", true},
		{".", "A/x", "BenchmarkA/x/z", false},
	} {
		if got := selected(test.bench, test.skip, test.name); got != test.want {
			t.Errorf("-bench %q -skip %q select %s: %v, want %v", test.bench, test.skip, test.name, got, test.want)
		}
	}
	for _, test := range []struct{ bench, function, want string }{
		{".", "BenchmarkA", ""},
		{"A/x/y", "BenchmarkA", "x/y"},
		{"A/x|C", "BenchmarkA", "x"},
		{"A/x|A/y", "BenchmarkA", ""},
	} {
		if got := below(test.bench, test.function); got != test.want {
			t.Errorf("below %s, -bench %q is %q, want %q", test.function, test.bench, got, test.want)
		}
	}
}
