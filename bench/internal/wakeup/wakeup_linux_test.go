package wakeup

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"threadbench/bench/internal/armtest"
	"threadbench/bench/lockstep"
	"threadbench/threads"
)

// TestHelpers starts this binary again in either role.
func TestHelpers(t *testing.T) {
	if !threads.Supported {
		t.Skip(threads.ErrUnsupported)
	}
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	h, err := startHelper("hogs")
	if err != nil {
		t.Fatal(err)
	}
	if chunks, err := h.end(); err != nil || len(chunks) != len(cpus) || slices.Min(chunks) < 1 {
		t.Errorf("hogs on %v did %v chunks, %v", cpus, chunks, err)
	}
	if again, err := h.end(); again != nil || err != nil {
		t.Errorf("ended once more: %v, %v", again, err)
	}

	p, err := newPacer()
	if err != nil {
		t.Fatal(err)
	}
	at := schedule(monotonic(), 3)
	begin := newAnchor()
	if err := p.pace(at); err != nil {
		t.Fatal(err)
	}
	stamps, err := p.end()
	if err != nil {
		t.Fatal(err)
	}
	if delays, err := (anchors{begin, newAnchor()}).delays(at, stamps); err != nil || len(delays) != 3 {
		t.Errorf("the pacer's bytes come %v ticks after %v, %v", delays, at, err)
	}
	b := make([]byte, 10)
	if n, err := unix.Read(p.bytes.In, b); n != 3 || err != nil {
		t.Errorf("%d bytes in the pacer's pipe, %v, want 3", n, err)
	}
	if n, err := unix.Read(p.bytes.In, b); n != 0 || err != nil {
		t.Errorf("then %d bytes, %v, want the end", n, err)
	}
	p.hangUp()
}

// TestHelperFails: a helper's error is reported.
func TestHelperFails(t *testing.T) {
	t.Setenv(dyingForTests, "out of luck")
	h, err := startHelper("hogs")
	if err != nil {
		t.Fatal(err)
	}
	_, err = h.end()
	armtest.Says(t, "a helper that dies", err, "expected the other process to end with exit status 0, seen exit status 3")
}

// TestPacerEndsEarly: a pacer that writes too few bytes is no measurement.
func TestPacerEndsEarly(t *testing.T) {
	if !threads.Supported {
		t.Skip(threads.ErrUnsupported)
	}
	for _, impl := range []string{"goroutine", "locked", "clone"} {
		arm, err := openWakeup(impl, "", "pipe", "idle")
		if err != nil {
			t.Fatal(err)
		}
		a := arm.(*wakeupArm)
		task, err := a.task(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.pacer.end(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- task.run() }()
		want := "expected the task to read 500 bytes, seen 0"
		armtest.Says(t, impl, <-done, want)
		if err := errors.Join(task.end(), a.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestParts: the pacer's own delay is no part of the wake-up.
func TestParts(t *testing.T) {
	var late, paced, stamps []int64
	for i := range int64(100) {
		late = append(late, 1000*i)
		paced = append(paced, 10_000*i)
		stamps = append(stamps, 10_000*i+2*i) // i ns each, half a nanosecond a tick
	}
	pacer, wake, err := parts(late, paced, stamps, 0.5)
	if near := func(x, want float64) bool { return math.Abs(x-want) <= want/1000 }; err != nil || !near(pacer, 49_000) || !near(wake, 98) {
		t.Errorf("the pacer is late by %v ns and the wake-up takes %v, %v; want 49000 and 98", pacer, wake, err)
	}
	_, _, err = parts([]int64{1}, []int64{7}, []int64{6}, 1)
	armtest.Says(t, "before its byte", err, "op 1 of 1: stamped 7 at its beginning and 6 at its end")
	_, _, err = parts([]int64{1}, []int64{7}, nil, 1)
	armtest.Says(t, "missing", err, "expected a stamp at the end of each of 1 ops, seen 0")
}

func TestAnchors(t *testing.T) {
	// A tick takes half a nanosecond, and 1,000 ns are tick 5,000.
	a := anchors{{5000, 1000}, {9000, 3000}}
	if a.ns() != 0.5 {
		t.Errorf("a tick takes %v ns, want 0.5", a.ns())
	}
	delays, err := a.delays([]int64{1100, 2000}, []int64{5210, 7000})
	if err != nil || !slices.Equal(delays, []int64{10, 0}) {
		t.Errorf("delays %v, %v, want 10 and 0 ticks", delays, err)
	}
	_, err = a.delays([]int64{1100}, []int64{5199})
	armtest.Says(t, "too early", err, "op 1 of 1: stamped 5200 at its beginning and 5199 at its end")
	_, err = a.delays([]int64{1100}, nil)
	armtest.Says(t, "missing", err, "expected a stamp at the end of each of 1 ops, seen 0")
	if b := newAnchor(); b.ns > monotonic() || runtime.GOARCH == "amd64" && b.ticks <= 0 {
		t.Errorf("an anchor from the future: %+v", b)
	}
}

// TestWakeupNeedsItsSlack: a timer's slack that isn't what the name says is no
// measurement.
func TestWakeupNeedsItsSlack(t *testing.T) {
	now, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	if err != nil {
		t.Skip(err)
	}
	armtest.Says(t, "as it is", hasSlack(now), "")
	armtest.Says(t, "any", hasSlack(0), "")
	for _, impl := range []string{"locked", "clone"} {
		a := &wakeupArm{impl: impl, load: "idle", slack: now + 1}
		_, err := a.Measure()
		if !errors.Is(err, threads.ErrUnsupported) {
			armtest.Says(t, impl, err, "expected a timer slack of ")
		}
	}
}
