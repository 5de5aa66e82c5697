package arm

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"threadbench/bench/internal/ptrace"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

func TestSkipUntraceable(t *testing.T) {
	var skip *lockstep.Skip
	for _, err := range []error{ptrace.ErrUnsupported, fmt.Errorf("starting: %w", &ptrace.RefusedError{Step: "asking", Err: unix.EPERM, Why: "no"})} {
		if got := measure.SkipUntraceable(err); !errors.As(got, &skip) || !strings.Contains(skip.Reason, err.Error()) {
			t.Errorf("skipUntraceable(%v) = %v, want a *Skip", err, got)
		}
	}
	if err := errors.New("broken"); measure.SkipUntraceable(err) != err {
		t.Error("what is no refusal is passed over")
	}
}

// TestCallCount counts the calls on a turn's clock, and no others.
func TestCallCount(t *testing.T) {
	var c callCount
	say := func(names ...string) {
		c.reset()
		for _, name := range names {
			c.entered(name)
		}
	}
	say("write", "getrusage", "futex", "futex", "nanosleep", "getcpu", "write", "getrusage", "futex")
	counts, err := c.taken()
	if d := cmp.Diff(map[string]int64{"futex": 2, "write": 1, "nanosleep": 1, "getcpu": 1, "syscalls": 3}, counts); err != nil || d != "" {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	say("getrusage", "getrusage")
	if counts, err := c.taken(); err != nil || len(counts) != 1 || counts["syscalls"] != 0 {
		t.Errorf("of a turn without calls: %v, %v", counts, err)
	}
	for _, marks := range [][]string{nil, {"getrusage", "futex"}, {"getrusage", "getrusage", "getrusage"}} {
		say(marks...)
		if counts, err := c.taken(); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("expected 2 calls of getrusage, where its clock starts and stops; seen %d", strings.Count(fmt.Sprint(marks), "getrusage"))) {
			t.Errorf("of %q: %v, %v", marks, counts, err)
		}
	}
}
