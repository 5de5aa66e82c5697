package goroutines

import (
	"errors"
	"slices"
	"testing"
)

// TestCallers: each call is made once and does its work, whoever calls the
// function, in turns of any size.
func TestCallers(t *testing.T) {
	leaveNothing(t)
	for _, how := range []Calling{Direct, Locking, Handed, Coroutine} {
		for _, n := range []int{1, 3} {
			looks := make([]int, n)
			c, err := NewCallers(n, how, 2, nil, func(caller int) { looks[caller]++ })
			if err != nil {
				t.Fatal(err)
			}
			watch := &stopwatch{}
			wantCalls, wantX, wantLooks := make([]int, n), make([]uint64, n), make([]int, n)
			for turn, size := range []struct{ n, warm, steps int }{{1, 0, 5}, {0, 3, 0}, {5, 2, 1}, {60_000, 10, 2}} {
				c.Steps(size.steps)
				c.Run(size.n, size.warm, watch)
				for _, all := range []int{size.warm, size.n} {
					for i := range n {
						share := (i+1)*all/n - i*all/n
						wantCalls[i] += share
						wantX[i] = Worked(wantX[i], share*size.steps)
						wantLooks[i] += (share + lookEvery - 1) / lookEvery
					}
				}
				calls, x, served := c.Answered()
				if !slices.Equal(calls, wantCalls) || !slices.Equal(x, wantX) || !slices.Equal(looks, wantLooks) {
					t.Errorf("calling %d, turn %d: %v calls, %v looks, work %v; want %v, %v, %v", how, turn, calls, looks, x, wantCalls, wantLooks, wantX)
				}
				wantServed := 0
				if how == Handed {
					for _, n := range wantCalls {
						wantServed += n
					}
				}
				if served != wantServed {
					t.Errorf("calling %d, turn %d: servers made %d calls, want %d", how, turn, served, wantServed)
				}
				if watch.starts != turn+1 || watch.stops != turn+1 {
					t.Errorf("calling %d, %d turns: clock started %d times, stopped %d times", how, turn+1, watch.starts, watch.stops)
				}
			}
			c.Close()
		}
	}
}

// TestServersSetup: each server is set up, and one that can't be ends all of
// them.
func TestServersSetup(t *testing.T) {
	leaveNothing(t)
	broken := errors.New("broken")
	for _, at := range []int{0, 2} {
		if _, err := NewCallers(2, Handed, 3, func(server int) error {
			if server == at {
				return broken
			}
			return nil
		}, nil); err != broken {
			t.Errorf("callers whose server %d fails: %v", at, err)
		}
	}
	if c, err := NewCallers(1, Direct, 3, func(int) error { return broken }, nil); err != nil {
		t.Errorf("callers that need no server: %v", err)
	} else {
		c.Close()
	}
}
