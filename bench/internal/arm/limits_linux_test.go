package arm

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"threadbench/bench/internal/armtest"
	"threadbench/bench/lockstep"
)

// TestAddressSpaceLimited holds as many threads as fit into little address space:
// the error names the limit before the kernel refuses a thread.
func TestAddressSpaceLimited(t *testing.T) {
	if !armtest.Alone(t, Still...) {
		return
	}
	const stack, room = 8 << 20, 1 << 30
	var size int64
	statm, err := os.ReadFile("/proc/self/statm")
	if _, e := fmt.Sscan(string(statm), &size); err != nil || e != nil {
		t.Skipf("needs /proc/self/statm: %v, %v", err, e)
	}
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &before); err != nil {
		t.Fatal(err)
	}
	limit := unix.Rlimit{Cur: uint64(size)*uint64(os.Getpagesize()) + room, Max: before.Max}
	if limit.Cur > limit.Max {
		t.Skipf("needs %d bytes of address space: RLIMIT_AS is %d", limit.Cur, limit.Max)
	}
	if err := unix.Setrlimit(unix.RLIMIT_AS, &limit); err != nil {
		t.Fatal(err)
	}
	const wanted = 1000
	var cuts []string
	n, err := Parkable("clone", wanted, 0, stack, func(why string) { cuts = append(cuts, why) })
	if err != nil || n < stackLeast || n > room/stack {
		t.Fatalf("%d of %d threads with stacks of %d bytes can be held in %d, %v", n, wanted, stack, room, err)
	}
	if len(cuts) != 1 || !strings.HasPrefix(cuts[0], "RLIMIT_AS ") && !strings.HasPrefix(cuts[0], "CommitLimit ") {
		t.Errorf("cut: %q, want RLIMIT_AS or what is tighter", cuts)
	}
	h, err := ParkedClones(n, 0, stack)
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		t.Skip(skip.Reason)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Make(n); err != nil {
		t.Errorf("of %d threads that fit: %v", n, err)
	}
	h.Wait()
	h.Release()
	h.Join()

	// Without room for the few that a slope takes, there is no figure.
	limit.Cur = uint64(size)*uint64(os.Getpagesize()) + room/8
	if err := unix.Setrlimit(unix.RLIMIT_AS, &limit); err != nil {
		t.Fatal(err)
	}
	for _, impl := range []string{"goroutine", "locked", "clone"} {
		_, err := Parkable(impl, wanted, 0, stack, func(why string) { t.Errorf("%s is cut: %s", impl, why) })
		if !errors.As(err, &skip) || !strings.HasPrefix(skip.Reason, "RLIMIT_AS ") && !strings.HasPrefix(skip.Reason, "CommitLimit ") {
			t.Errorf("%s: %v, want a skip that names RLIMIT_AS", impl, err)
		}
	}
	if err := Headroom(NeedOf(1, false)); !errors.As(err, &skip) {
		t.Errorf("a raw thread: %v, want a skip", err)
	}
}
