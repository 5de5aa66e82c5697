package goroutines

import (
	"slices"
	"testing"
)

// TestTicks: the counter never goes back, and it rises.
func TestTicks(t *testing.T) {
	last := Ticks()
	rose := 0
	for range 10_000 {
		now := Ticks()
		if now < last {
			t.Fatalf("from %d to %d", last, now)
		}
		if now > last {
			rose++
		}
		last = now
	}
	if rose == 0 {
		t.Error("it stands still")
	}
}

func TestStamps(t *testing.T) {
	s := NewStamps(3)
	if len(s.All()) != 0 {
		t.Errorf("new: %v", s.All())
	}
	for n := 1; n <= 3; n++ {
		s.Put()
		if all := s.All(); len(all) != n || !slices.IsSorted(all) || all[0] < 0 {
			t.Errorf("after %d: %v", n, all)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a stamp that there is no room for was taken")
		}
	}()
	s.Put()
}

// TestStampedPair: each task takes a stamp a round trip, each after the one
// before it.
func TestStampedPair(t *testing.T) {
	for _, link := range links {
		if link.alone || link.name == "yield" {
			continue
		}
		t.Run(link.name, func(t *testing.T) {
			leaveNothing(t)
			const n, warm = 600, 7
			p, err := NewPair(open(t, link.open), nil)
			if err != nil {
				t.Fatal(err)
			}
			p.Tally().Stamp(n + warm)
			if err := p.Run(n, warm, &record{tally: p.Tally}); err != nil {
				t.Fatal(err)
			}
			driver, other := p.Tally().Stamps()
			inTurn(t, other.All(), driver.All(), n+warm)
			if got := p.Tally(); got.Samples != 0 || got.Answers != n+warm {
				t.Errorf("%d samples and %d answers, want none and %d", got.Samples, got.Answers, n+warm)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// inTurn sees that there are n stamps of either, the first one's first.
func inTurn(t *testing.T, first, second []int64, n int) {
	t.Helper()
	if len(first) != n || len(second) != n {
		t.Fatalf("%d and %d stamps, want %d of either", len(first), len(second), n)
	}
	last := int64(0)
	for i := range first {
		if first[i] < last || second[i] < first[i] {
			t.Fatalf("stamps %d: %d and %d, after %d", i, first[i], second[i], last)
		}
		last = second[i]
	}
}

// TestCreateStamped: as many goroutines as asked for, one after the other,
// each with the stamp of its call before that of its first instruction.
func TestCreateStamped(t *testing.T) {
	leaveNothing(t)
	still(t)
	for _, n := range []int{0, 1, 1000} {
		calls, firsts := NewStamps(n), NewStamps(n)
		in, out := 0, make(chan bool, n)
		before := metric(t, "/sched/goroutines-created:goroutines")
		CreateStamped(n, calls, firsts, func() { in++ }, func() { out <- true })
		if created := metric(t, "/sched/goroutines-created:goroutines") - before; created < n || created > n+10 {
			t.Errorf("%d goroutines created, want %d", created, n)
		}
		if in != n {
			t.Errorf("in was called %d times, want %d", in, n)
		}
		for range n {
			<-out
		}
		inTurn(t, calls.All(), firsts.All(), n)
	}
}

// TestGrower: a stack grows once, the first time, and stays there.
func TestGrower(t *testing.T) {
	leaveNothing(t)
	still(t)
	for _, depth := range []int{4 << 10, 64 << 10, 1 << 20} {
		in := 0
		stacks := metric(t, "/memory/classes/heap/stacks:bytes")
		g := NewGrower(depth, func() { in++ })
		s := NewStamps(6)
		for time := range 3 {
			if moved := g.Grow(s); moved != (time == 0) {
				t.Errorf("depth %d, time %d: moved is %v", depth, time+1, moved)
			}
		}
		g.Park()
		if held := metric(t, "/memory/classes/heap/stacks:bytes") - stacks; depth >= 64<<10 && held < depth*7/8 { // smaller ones may have come from a span that was there
			t.Errorf("depth %d: %d bytes more of stacks", depth, held)
		}
		g.Close()
		if all := s.All(); len(all) != 6 || !slices.IsSorted(all) {
			t.Errorf("depth %d: stamps %v", depth, all)
		}
		if in != 1 {
			t.Errorf("in was called %d times", in)
		}
	}
}
