package gate

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestPlan holds a plan to what it promises: repeated by its seed, each layout
// once, each item and each arm as often in each place.
func TestPlan(t *testing.T) {
	const rounds, items = 24, 4
	p := newPlan(7, rounds, items, true, false)
	if !reflect.DeepEqual(p, newPlan(7, rounds, items, true, false)) {
		t.Error("the same seed makes another plan")
	}
	if reflect.DeepEqual(p.layouts, newPlan(8, rounds, items, true, false).layouts) || reflect.DeepEqual(p.arms, newPlan(8, rounds, items, true, false).arms) {
		t.Error("another seed makes the same plan")
	}
	seen := map[uint64]bool{0: true}
	for _, l := range p.layouts {
		for _, s := range []uint64{l[baseArm], l[controlArm]} {
			if seen[s] || s >= 1<<31 {
				t.Errorf("the layout %d is drawn twice or is none", s)
			}
			seen[s] = true
		}
	}
	for _, l := range newPlan(7, rounds, items, true, true).layouts {
		if l[headArm] == l[baseArm] || l[controlArm] == l[baseArm] || l[controlArm] == l[headArm] {
			t.Errorf("apart, a round has the layout %v", l)
		}
	}
	var places [items][items]int
	for _, order := range p.items {
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
			order := p.arms[k][item]
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
	for _, l := range newPlan(7, rounds, items, false, false).layouts {
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
	was := target
	target = 200 * time.Millisecond
	defer func() { target = was }()
	for _, test := range []struct {
		ns, bytes float64
		ran, want int
	}{
		{1e6, 0, 1, 200},             // a fifth of a second
		{1e6, 16 << 10, 1, 800},      // five collections of 4 MiB would take 1,280
		{1e6, 64 << 10, 1, 320},      // just as many
		{20, 16, 1, 10_000_000},      // collected often anyway
		{5e9, 1 << 30, 1, 1},         // at least one
		{0, 0, 77, 77},               // no time given
		{0.2, 0, 1_000_000_000, 1e9}, // testing's most
		{3e8, 1 << 10, 1, 3},         // not beyond four times the target
	} {
		if got := chooseIterations(test.ns, test.bytes, test.ran); got != test.want {
			t.Errorf("of %v ns and %v B an op: %d iterations, want %d", test.ns, test.bytes, got, test.want)
		}
	}
}

func TestExactly(t *testing.T) {
	if got, want := exactly("A/b=[1]/c.d|e#01"), `^BenchmarkA$/^b=\[1\]$/^c\.d\|e#01$`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestRepeated(t *testing.T) {
	o := options{args: []string{"-budget", "5m", "-base", "main", "--seed=3", "-rounds=9", "-bench", "a|b c", "-head-env", "X=it's"}}
	if got, want := repeated(o, 12, 34), `gate -base main -bench 'a|b c' -head-env 'X=it'\''s' -rounds 12 -seed 34`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestBudget fits rounds into a budget, and refuses one that is too small for
// a verdict.
func TestBudget(t *testing.T) {
	if got := roundsWithin(time.Minute, 3900*time.Millisecond); got != 15 {
		t.Errorf("%d rounds of 3.9 s a minute, want 15", got)
	}
	o := options{budget: 10 * time.Second}
	if err := enough(o, 10, 10, 4, time.Second); err != nil {
		t.Error(err)
	}
	err := enough(o, 9, 10, 4, 1100*time.Millisecond)
	if err == nil || !regexp.MustCompile(`-budget 10s is 9 rounds of 1\.1s, too few: 4 rows need 10 .* give -budget 12s`).MatchString(err.Error()) {
		t.Errorf("with one round less: %v", err)
	}
}
