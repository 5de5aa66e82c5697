//go:build linux && (amd64 || arm64)

package threads

import (
	"slices"
	"strings"
	"testing"
)

// stampsInTurn sees that there are n stamps of either, the first one's first.
func stampsInTurn(t *testing.T, first, second []int64, n int) {
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

// TestStamped: raw threads take one stamp a hand-off, and one more turn than
// there is room for is refused.
func TestStamped(t *testing.T) {
	leaveNothing(t)
	cpu := slices.Max(allowed(t, 1))
	for _, o := range written {
		if o.op == Yield {
			continue
		}
		t.Run(o.name, func(t *testing.T) {
			pair, err := NewStampedPair(o.op, 600)
			d := newDriverOf(t, pair, err)
			defer d.Close()
			pin(t, d, cpu, cpu)
			if timing := run(t, d, 1000, 20); timing.Ops != 1000 || timing.Answers != 510 {
				t.Errorf("%+v", timing)
			}
			driver, other := d.Stamps()
			stampsInTurn(t, other, driver, 510)
			if _, err := d.Run(200, 0); err == nil || !strings.Contains(err.Error(), "610 stamps wanted, there is room for 600") {
				t.Errorf("a turn that there is no room for: %v", err)
			}
		})
	}
	t.Run("creator", func(t *testing.T) {
		creator, err := NewStampedCreator(300)
		d := newDriverOf(t, creator, err)
		defer d.Close()
		pin(t, d, cpu, cpu)
		if timing := run(t, d, 290, 10); timing.Spawned != 300 {
			t.Errorf("%+v", timing)
		}
		calls, firsts := d.Stamps()
		stampsInTurn(t, calls, firsts, 300)
	})
	t.Run("stamper", func(t *testing.T) {
		stamper, err := NewStamper(100)
		d := newDriverOf(t, stamper, err)
		defer d.Close()
		run(t, d, 100, 0)
		own, other := d.Stamps()
		if len(own) != 200 || !slices.IsSorted(own) || other != nil {
			t.Errorf("%d stamps, %d of another", len(own), len(other))
		}
	})
}

// TestGrower: a thread that goes down its stack for the first time meets a
// page fault a page at least, and takes a stamp before and after.
func TestGrower(t *testing.T) {
	leaveNothing(t)
	resident := func(m mapping) (n int) {
		for _, is := range m.resident(t, pageBytes) {
			if is {
				n++
			}
		}
		return n
	}
	for _, pages := range []int{1, 16, 64} {
		grower, err := NewGrower(pages * pageBytes)
		d := newDriverOf(t, grower, err)
		before := resident(d.driver.mapping)
		timing := run(t, d, 1, 0)
		// Each page faults once. A few faults are those of the process's other
		// threads.
		least, most := int64(pages), int64(pages+pages/2+16)
		if grown := resident(d.driver.mapping) - before; grown != pages || timing.Faults < least || timing.Faults > most {
			t.Errorf("depth of %d pages: %d more are resident, %d page faults", pages, grown, timing.Faults)
		}
		own, _ := d.Stamps()
		if len(own) != 2 || own[1] < own[0] {
			t.Errorf("stamps %v", own)
		}
		d.Close()
	}
}
