package arm

import (
	"testing"

	"threadbench/goroutines"
)

// TestInState parks goroutines on a channel: they are counted there and in no
// other state.
func TestInState(t *testing.T) {
	h := goroutines.NewSet(0, nil)
	// The runner of the tests receives, too, once it has started this one.
	if err := AllAsleep(1, func() (int, error) { return min(1, InState("chan receive")), nil }); err != nil {
		t.Fatal(err)
	}
	before := InState("chan receive")
	if err := h.Make(100); err != nil {
		t.Fatal(err)
	}
	h.Wait()
	if err := AllAsleep(100, func() (int, error) { return InState("chan receive") - before, nil }); err != nil {
		t.Error(err)
	}
	if got := InState("IO wait"); got > 2 {
		t.Errorf("%d goroutines in the poller", got)
	}
	h.Release()
	h.Join()
}
