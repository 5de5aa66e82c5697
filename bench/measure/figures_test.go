package measure

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench/catalog"
)

func TestFigures(t *testing.T) {
	got := Figures(1000,
		map[string]int64{"kernel-switches": 500, "threads": 0, "samples": 4, "crossed": 1, "created": 1000},
		map[string]float64{"tasks": 9})
	want := map[string]float64{"kernel-switches/op": 0.5, "threads/op": 0, "crossed/op": 0.25, "tasks": 9}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("figures (-want +got):\n%s", d)
	}
	if got := Figures(1000, map[string]int64{"crossed": 0, "samples": 0}, nil); len(got) != 0 {
		t.Errorf("a share of no samples is reported: %v", got)
	}
	for _, r := range reported {
		if !slices.ContainsFunc(catalog.Units, func(u catalog.Unit) bool { return u.Name == r.unit }) {
			t.Errorf("unit %s is unknown", r.unit)
		}
	}
}
