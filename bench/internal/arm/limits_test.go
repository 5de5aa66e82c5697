package arm

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"threadbench/bench/lockstep"
	"threadbench/threads"
)

// TestRoom asks for more than any machine has: threads are cut by some limit,
// goroutines by memory alone.
func TestRoom(t *testing.T) {
	const many = 1 << 30
	fits, limit, err := Room(threads.Need{Threads: many, BytesPerThread: 1 << 20}, false)
	if err != nil {
		t.Fatal(err)
	}
	if fits < many && !slices.Contains([]string{"MemAvailable", "memory.max", "memory.limit_in_bytes", "RLIMIT_AS", "CommitLimit"}, limit.Name) {
		t.Errorf("goroutines are cut to %d by %s, want memory", fits, limit.Name)
	}
	if few, _, err := Room(threads.Need{Threads: 1, BytesPerThread: 1}, false); err != nil || few != 1 {
		t.Errorf("%d of 1 goroutine fits, %v", few, err)
	}
	err = Headroom(threads.Need{Threads: many})
	var skip *lockstep.Skip
	if fits, _, _ := threads.Headroom(threads.Need{Threads: many}); fits < many && (!errors.As(err, &skip) || !strings.Contains(skip.Reason, "raise it: ")) {
		t.Errorf("headroom for %d threads: %v (%T), want a *Skip that says what to raise", many, err, err)
	}
	if err := Headroom(threads.Need{Threads: 0}); err != nil {
		t.Errorf("headroom for none: %v", err)
	}
}
