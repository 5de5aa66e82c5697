package threads

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/bench/lockstep"
	"threadbench/goroutines"
)

// A stopwatch counts its turns.
type stopwatch struct{ started, stopped int }

func (s *stopwatch) Start() { s.started++ }
func (s *stopwatch) Stop()  { s.stopped++ }

var lockedLinks = []struct {
	name   string
	open   func() (goroutines.Link, error)
	places bool // the two sides compare their CPUs
}{
	{"futex", NewFutexLink, true},
	{"blocking-pipe", NewPipeLink, true},
	{"channel", func() (goroutines.Link, error) { return goroutines.NewChannel(), nil }, true},
	{"yield", func() (goroutines.Link, error) { return goroutines.NewYield(), nil }, false},
	{"polled-pipe", goroutines.NewPipe, true},
}

// allowed is the CPUs that this process may use, at least n of them.
func allowed(t *testing.T, n int) []int {
	t.Helper()
	all, err := lockstep.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < n {
		t.Skipf("needs %d CPUs, this process may use %d", n, len(all))
	}
	return all
}

// forbidden says whether the system doesn't let a process pin its threads.
func forbidden(err error) bool { return errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) }

func hasTask(tid int) bool {
	_, err := os.Stat(filepath.Join("/proc/self/task", strconv.Itoa(tid)))
	return err == nil
}

// gone waits until a thread of this process has ended.
func gone(t *testing.T, tid int) {
	t.Helper()
	for begin := time.Now(); hasTask(tid); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("thread %d is still there", tid)
		}
	}
}

// TestLockedPair wires the two tasks of every link to threads of their own:
// they answer each turn and take their threads with them.
func TestLockedPair(t *testing.T) {
	for _, link := range lockedLinks {
		t.Run(link.name, func(t *testing.T) {
			leaveNothing(t)
			l, err := link.open()
			if err != nil {
				t.Fatal(err)
			}
			var tids [2]int
			p, err := goroutines.NewPair(l, func(task int) error {
				runtime.LockOSThread()
				tids[task] = TID()
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if tids[0] == tids[1] || !hasTask(tids[0]) || !hasTask(tids[1]) {
				t.Errorf("the tasks are on threads %d, want one each", tids)
			}
			var clock stopwatch
			answers, turns := 0, 0
			for _, size := range [][2]int{{0, 0}, {1, 0}, {0, 1}, {3, 2}, {600, 300}} {
				if err := p.Run(size[0], size[1], &clock); err != nil {
					t.Fatal(err)
				}
				answers += size[0] + size[1]
				turns++
				if got := p.Tally().Answers; got != answers {
					t.Errorf("after Run(%d, %d): %d answers, want %d", size[0], size[1], got, answers)
				}
			}
			if clock != (stopwatch{turns, turns}) {
				t.Errorf("the clock was run %+v times in %d turns", clock, turns)
			}
			// The 907 round trips so far are sampled at 0, 256, 512 and 768.
			if got := p.Tally(); link.places && (got.Samples != 4 || got.Crossed > 4) {
				t.Errorf("%+v, want 4 samples", *got)
			}
			if err := p.Close(); err != nil {
				t.Error(err)
			}
			gone(t, tids[0])
			gone(t, tids[1])
		})
	}
}

// TestLockedPlace pins the two tasks to one CPU and to two.
func TestLockedPlace(t *testing.T) {
	all := allowed(t, 1)
	for _, link := range lockedLinks {
		if !link.places {
			continue
		}
		for name, cpus := range map[string][2]int{"same": {all[0], all[0]}, "cross": {all[0], all[len(all)-1]}} {
			t.Run(link.name+"/"+name, func(t *testing.T) {
				leaveNothing(t)
				if name == "cross" {
					allowed(t, 2)
				}
				l, err := link.open()
				if err != nil {
					t.Fatal(err)
				}
				p, err := goroutines.NewPair(l, func(task int) error {
					runtime.LockOSThread()
					return Pin(cpus[task])
				})
				if forbidden(err) {
					t.Skipf("needs to pin threads: %v", err)
				}
				if err != nil {
					t.Fatal(err)
				}
				defer p.Close()
				if err := p.Run(600, 0, &stopwatch{}); err != nil {
					t.Fatal(err)
				}
				want := 0
				if name == "cross" {
					want = 3
				}
				if got := p.Tally(); got.Samples != 3 || got.Crossed != want {
					t.Errorf("%+v, want 3 samples and %d crossed", *got, want)
				}
			})
		}
	}
}

// TestLockedPairRefused: a setup that fails leaves no task, thread or
// descriptor.
func TestLockedPairRefused(t *testing.T) {
	for _, link := range lockedLinks {
		for _, fails := range [][]int{{0}, {1}, {0, 1}} {
			leaveNothing(t)
			l, err := link.open()
			if err != nil {
				t.Fatal(err)
			}
			var tids [2]int
			_, err = goroutines.NewPair(l, func(task int) error {
				runtime.LockOSThread()
				tids[task] = TID()
				if slices.Contains(fails, task) {
					return Pin(1023)
				}
				return nil
			})
			if !errors.Is(err, unix.EINVAL) && !forbidden(err) {
				t.Errorf("%s: NewPair with task %d pinned to CPU 1023: %v", link.name, fails, err)
			}
			gone(t, tids[0])
			gone(t, tids[1])
		}
	}
}

// TestLockedLinkClose closes links in every state: with tasks that have done
// nothing yet or a turn or two, with none, and before they begin to serve.
func TestLockedLinkClose(t *testing.T) {
	for _, link := range lockedLinks {
		t.Run(link.name, func(t *testing.T) {
			leaveNothing(t)
			for turns := range 3 {
				for range 10 {
					l, err := link.open()
					if err != nil {
						t.Fatal(err)
					}
					p, err := goroutines.NewPair(l, func(int) error { runtime.LockOSThread(); return nil })
					if err != nil {
						t.Fatal(err)
					}
					for range turns {
						if err := p.Run(3, 0, &stopwatch{}); err != nil {
							t.Fatal(err)
						}
					}
					if err := p.Close(); err != nil {
						t.Fatal(err)
					}
				}
			}
			l, err := link.open()
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if err := l.Serve(); err != nil {
				t.Errorf("Serve after Close: %v", err)
			}
		})
	}
}

// TestPipeLinkBroken: a side that can't go on is an error of both, and keeps
// nothing open.
func TestPipeLinkBroken(t *testing.T) {
	leaveNothing(t)
	l, err := NewPipeLink()
	if err != nil {
		t.Fatal(err)
	}
	// The write end of the way back becomes something that can't be written.
	back := l.(*pipeLink).pipes[1][1]
	null, err := unix.Open("/dev/null", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Dup3(null, back, unix.O_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	unix.Close(null)
	if err := l.Drive(5); err != errHungUp {
		t.Errorf("Drive with nobody to answer: %v, want %v", err, errHungUp)
	}
	// The byte of that round trip is there to be answered.
	go l.(*pipeLink).Begin(1)
	if err := l.Serve(); !errors.Is(err, unix.EBADF) {
		t.Errorf("Serve with no way to answer: %v, want EBADF", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}

	// A Serve that has failed has its driver wait for no answer.
	l, err = NewPipeLink()
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.SetNonblock(l.(*pipeLink).pipes[0][0], true); err != nil {
		t.Fatal(err)
	}
	go l.(*pipeLink).Begin(1)
	if err := l.Serve(); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("Serve that may not block: %v, want EAGAIN", err)
	}
	if err := l.Drive(1); err != errHungUp {
		t.Errorf("Drive with nobody to answer any more: %v, want %v", err, errHungUp)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

// TestTID: threads differ, and a goroutine wired to one stays on it.
func TestTID(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	other := make(chan int)
	go func() {
		runtime.LockOSThread()
		other <- TID()
	}()
	own := TID()
	if tid := <-other; tid == own || !slices.Equal([]int{own, own}, []int{TID(), unix.Gettid()}) {
		t.Errorf("own thread %d, then %d; other %d", own, TID(), tid)
	}
}

// TestPin holds a thread on each CPU in turn.
func TestPin(t *testing.T) {
	all := allowed(t, 1)
	result := make(chan error)
	go func() {
		runtime.LockOSThread() // and ends with its thread, whose affinity is changed
		for _, cpu := range all {
			if err := Pin(cpu); err != nil {
				result <- err
				return
			}
			if on := goroutines.CPU(); on != cpu {
				t.Errorf("pinned to CPU %d, runs on %d", cpu, on)
			}
		}
		result <- nil
		result <- Pin(1023)
	}()
	if err := <-result; forbidden(err) {
		t.Skipf("needs to pin threads: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	if err := <-result; !errors.Is(err, unix.EINVAL) {
		t.Errorf("Pin(1023) = %v, want EINVAL", err)
	}
}
