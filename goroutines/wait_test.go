package goroutines

import (
	"errors"
	"slices"
	"testing"
)

// TestWaiters wakes tasks a known number of times each.
func TestWaiters(t *testing.T) {
	const n = 3
	var wake [n]chan bool
	for i := range wake {
		wake[i] = make(chan bool)
	}
	began := make(chan int, n)
	w := NewWaiters(n, func() { began <- 1 }, func(task int) (bool, error) { return <-wake[task], nil })
	w.WaitTurns(0)
	if len(began) != n {
		t.Errorf("%d tasks have begun, want %d", len(began), n)
	}
	want, sent := []int64{0, 1, 5}, 0
	for i, times := range want {
		for range times {
			wake[i] <- true
			sent++
			w.WaitTurns(sent)
		}
	}
	for _, c := range wake {
		close(c)
	}
	if turns, err := w.Join(); err != nil || !slices.Equal(turns, want) {
		t.Errorf("they have waited %v times, %v, want %v", turns, err, want)
	}
}

// TestWaitersFail: an error ends its task, and Join reports it.
func TestWaitersFail(t *testing.T) {
	broken := errors.New("broken")
	w := NewWaiters(2, nil, func(task int) (bool, error) {
		if task == 1 {
			return true, broken
		}
		return false, nil
	})
	if turns, err := w.Join(); !errors.Is(err, broken) || !slices.Equal(turns, []int64{0, 0}) {
		t.Errorf("they have waited %v times, %v, want %v", turns, err, broken)
	}
}
