//go:build linux && (amd64 || arm64)

package threads

import (
	"strings"
	"testing"
	"time"

	"threadbench/goroutines"
)

// TestPool: each item is done once and comes to what it should, by threads of
// their own; lists of any length.
func TestPool(t *testing.T) {
	leaveNothing(t)
	const workers, most = 3, 500
	c, err := NewPool(workers, most)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, most, 7, most} {
		var list []goroutines.Item
		for i := range n {
			list = append(list, goroutines.Item{X: uint64(i), Steps: 1 + i%13})
		}
		took, records, err := c.Run(list)
		if err != nil || took <= 0 || took > time.Minute || len(records) != n {
			t.Fatalf("%d items of %d in %v, %v", len(records), n, took, err)
		}
		last := map[int32]int32{}
		for i, r := range records {
			if want := goroutines.Worked(list[i].X, list[i].Steps); r.Times != 1 || r.Result != want || r.Worker < 0 || r.Worker >= workers {
				t.Errorf("item %d of %d: %+v, want %d, once, by one of %d", i, n, r, want, workers)
			}
			from, ok := last[r.Worker]
			if !ok {
				from = -1
			}
			if r.From != from || r.CPU < 0 {
				t.Errorf("item %d of %d: %+v, want it to come from CPU %d", i, n, r, from)
			}
			last[r.Worker] = r.CPU
		}
	}
	if tids := c.TIDs(); len(tids) != workers || !distinct(tids) {
		t.Errorf("threads %v, want %d", tids, workers)
	}
	for want, list := range map[string][]goroutines.Item{
		"a list of 501 items, there is room for 500": make([]goroutines.Item, most+1),
		"item 1 has 0 steps":                         {{X: 1, Steps: 1}, {}},
	} {
		if _, _, err := c.Run(list); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Run: %v, want %q", err, want)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// TestPipeline: every item goes through each stage once, over rings of any
// size, in turns of any size.
func TestPipeline(t *testing.T) {
	leaveNothing(t)
	for _, stages := range []int{1, 4} {
		for _, slots := range []int{1, 4, ringSlots} {
			p, err := NewPipeline(stages, slots, 5)
			if err != nil {
				t.Fatal(err)
			}
			items, sum := 0, uint64(0)
			for turn, size := range [][2]int{{1, 0}, {0, 3}, {5, 2}, {3000, 100}, {200, 0}} {
				steps := 5 + turn
				p.SetSteps(steps)
				timing, err := p.Run(size[0], size[1])
				if err != nil || timing.Ops != size[0] || timing.Elapsed < 0 {
					t.Fatalf("%d stages, %d slots, turn %d: %+v, %v", stages, slots, turn, timing, err)
				}
				for range size[0] + size[1] {
					sum += goroutines.Worked(uint64(items), steps*stages)
					items++
				}
				n, got, each := p.Flow()
				if n != items || got != sum {
					t.Errorf("%d stages, %d slots, turn %d: %d items, sum %d; want %d, %d", stages, slots, turn, n, got, items, sum)
				}
				for _, calls := range each {
					if calls != items {
						t.Errorf("%d stages, %d slots, turn %d: the stages have done %v of %d items", stages, slots, turn, each, items)
					}
				}
			}
			if tids := p.TIDs(); len(tids) != stages+2 || !distinct(tids) {
				t.Errorf("threads %v, want %d", tids, stages+2)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestUnusedPool closes what was never given anything to do.
func TestUnusedPool(t *testing.T) {
	leaveNothing(t)
	c, err := NewPool(2, 10)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPipeline(2, 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
