package goroutines

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// A stopwatch counts how often it was started and stopped.
type stopwatch struct{ starts, stops int }

func (s *stopwatch) Start() { s.starts++ }
func (s *stopwatch) Stop()  { s.stops++ }

// TestPipeline: every item goes through each function once and in order, in
// turns of any size.
func TestPipeline(t *testing.T) {
	leaveNothing(t)
	for _, stages := range []int{1, 4} {
		for _, buffer := range []int{0, 3} {
			var fs []func(uint64) uint64
			for i := range stages {
				fs = append(fs, func(x uint64) uint64 { return Work(x, 10+i) })
			}
			p, err := NewPipeline(fs, buffer, nil)
			if err != nil {
				t.Fatal(err)
			}
			watch, items, sum := &stopwatch{}, 0, uint64(0)
			for turn, size := range [][2]int{{1, 0}, {0, 3}, {5, 2}, {1000, 10}} {
				p.Run(size[0], size[1], watch)
				for range size[0] + size[1] {
					x := uint64(items)
					for _, f := range fs {
						x = f(x)
					}
					sum += x
					items++
				}
				n, got, each := p.Flow()
				if want := slices.Repeat([]int{items}, stages); n != items || got != sum || !slices.Equal(each, want) {
					t.Errorf("%d stages, buffers of %d, turn %d: %d items, sum %d, stages %v; want %d, %d, %v", stages, buffer, turn, n, got, each, items, sum, want)
				}
				if watch.starts != turn+1 || watch.stops != turn+1 {
					t.Errorf("%d turns: clock started %d times, stopped %d times", turn+1, watch.starts, watch.stops)
				}
			}
			p.Close()
		}
	}
}

// TestSetupFails: a task that can't begin ends all of them.
func TestSetupFails(t *testing.T) {
	leaveNothing(t)
	broken := errors.New("broken")
	for _, at := range []int{-1, 0, 1, 2} {
		setup := func(task int) error {
			if task == at {
				return broken
			}
			return nil
		}
		if at >= 0 {
			if _, err := NewPipeline([]func(uint64) uint64{func(x uint64) uint64 { return x }}, 0, setup); err != broken {
				t.Errorf("a pipeline whose task %d fails: %v", at, err)
			}
		}
		if at < 2 {
			if _, err := NewPool(Queued, 2, setup); err != broken {
				t.Errorf("a pool whose task %d fails: %v", at, err)
			}
		}
	}
}

// TestPool: one worker does each item, once, with the right result, in lists of
// any length.
func TestPool(t *testing.T) {
	leaveNothing(t)
	const workers = 3
	for _, how := range []Sharing{PerItem, Queued, Shared, Fixed} {
		c, err := NewPool(how, workers, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int{1, 2, 500, 7} {
			var list []Item
			for i := range n {
				list = append(list, Item{uint64(i), 1 + i%13})
			}
			took, records := c.Run(list)
			if took <= 0 || took > time.Minute || len(records) != n {
				t.Errorf("sharing %d: %d items of %d in %v", how, len(records), n, took)
			}
			for i, r := range records {
				owner := i * workers / n // of a fixed part, but for rounding
				switch {
				case r.Times != 1 || r.Result != Worked(list[i].X, list[i].Steps):
					t.Errorf("sharing %d, item %d of %d: %+v, want %d, once", how, i, n, r, Worked(list[i].X, list[i].Steps))
				case how == PerItem && r.Worker != -1, how != PerItem && (r.Worker < 0 || r.Worker >= workers):
					t.Errorf("sharing %d, item %d of %d: worker %d", how, i, n, r.Worker)
				case how == Fixed && n == 500 && int(r.Worker) != owner && int(r.Worker) != owner+1 && int(r.Worker) != owner-1:
					t.Errorf("item %d of %d went to worker %d, far from its part, %d", i, n, r.Worker, owner)
				}
			}
		}
		c.Close()
	}
}
