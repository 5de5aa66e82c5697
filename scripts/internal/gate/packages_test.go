package gate

import "testing"

// TestGivenProcs gives benchmarks all CPUs if a side's environment sets
// GOMAXPROCS, unless it is 1 on both sides.
func TestGivenProcs(t *testing.T) {
	t.Setenv("GOMAXPROCS", "3")
	for _, test := range []struct {
		base, head []string
		given      bool
		procs      [arms]int
	}{
		{nil, nil, false, [arms]int{3, 3, 3}},
		{[]string{"GOMAXPROCS=1"}, nil, true, [arms]int{1, 3, 1}},
		{nil, []string{"GOMAXPROCS=2"}, true, [arms]int{3, 2, 3}},
		{[]string{"GOMAXPROCS=1"}, []string{"GOMAXPROCS=1"}, false, [arms]int{1, 1, 1}},
		{[]string{"GOMAXPROCS=2"}, []string{"GOMAXPROCS=2"}, true, [arms]int{2, 2, 2}},
	} {
		base, head := &side{env: test.base}, &side{env: test.head}
		ps, err := newPackages(options{}, nil, [arms]*side{base, head, base})
		if err != nil {
			t.Fatal(err)
		}
		if ps.given != test.given || ps.procs != test.procs {
			t.Errorf("base %v, head %v: given %v, procs %v, want %v, %v", test.base, test.head, ps.given, ps.procs, test.given, test.procs)
		}
	}
}
