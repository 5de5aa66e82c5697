//go:build unix

package block

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/armtest"
	"threadbench/bench/lockstep"
	"threadbench/threads"
)

func TestReadAll(t *testing.T) {
	for _, test := range []struct {
		turns []int64
		sent  int
		want  string
	}{
		{[]int64{9, 8, 8}, 25, ""},
		{[]int64{1, 0}, 1, ""},
		{[]int64{0, 1}, 1, "expected task 1 of 2 to read 1 of 1 bytes, seen 0"},
		{[]int64{9, 8, 9}, 25, "expected task 3 of 3 to read 8 of 25 bytes, seen 9"},
	} {
		armtest.Says(t, "", readAll(test.turns, test.sent), test.want)
	}
}

func TestWritten(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	armtest.Says(t, "nothing", written([]*os.File{f}, []int64{0}), "")
	if _, err := f.Write(make([]byte, 2*threads.RecordBytes)); err != nil {
		t.Fatal(err)
	}
	armtest.Says(t, "two", written([]*os.File{f}, []int64{2}), "")
	armtest.Says(t, "one more", written([]*os.File{f}, []int64{3}), "expected 768 bytes in the file of task 1 after 3 records, seen 512")
}

// TestBlockNeedsItsTasks: a phase whose tasks behave otherwise has no figure.
func TestBlockNeedsItsTasks(t *testing.T) {
	defer func(was time.Duration) { arm.AsleepFor = was }(arm.AsleepFor)
	arm.AsleepFor = 20 * time.Millisecond
	asleep := func(n int) func(waitingTasks) waitingTasks {
		return func(c waitingTasks) waitingTasks { c.asleep = func() (int, error) { return n, nil }; return c }
	}
	broken := errors.New("broken")
	whole := waitingTasks{
		arrive: func(int) {},
		wake:   func(int) error { return nil },
		asleep: func() (int, error) { return 7, nil },
		end:    func(int) error { return nil },
	}
	for _, test := range []struct {
		name  string
		least int
		with  func(c waitingTasks) waitingTasks
		want  string
	}{
		{"whole", 0, func(c waitingTasks) waitingTasks { return c }, ""},
		{"threads missing", 1 << 20, func(c waitingTasks) waitingTasks { return c }, "expected at least 1048576 threads of this process while 7 tasks wait, seen "},
		{"one can't be woken", 0, func(c waitingTasks) waitingTasks { c.wake = func(int) error { return broken }; return c }, "broken"},
		{"one can't be looked at", 0, func(c waitingTasks) waitingTasks { c.asleep = func() (int, error) { return 0, broken }; return c }, "broken"},
		{"half wait", 0, asleep(3), "waiting until 7 tasks are blocked: 3 are after "},
		{"twice as many wait", 0, asleep(14), "waiting until 7 tasks are blocked: 14 are after "},
		{"half the threads", arm.ThreadsNow() * 2, func(c waitingTasks) waitingTasks { return c }, "threads of this process while 7 tasks wait, seen "},
		{"twice the bytes read", 0, func(c waitingTasks) waitingTasks {
			c.end = func(woken int) error { return readAll([]int64{6}, woken) }
			return c
		}, "to read 3 of 3 bytes, seen 6"},
		{"a byte unread", 0, func(c waitingTasks) waitingTasks {
			c.end = func(woken int) error { return readAll([]int64{0}, woken) }
			return c
		}, "to read 3 of 3 bytes, seen 0"},
	} {
		a := &blockArm{n: 7, length: phaseLength{blockEvery, 3 * blockEvery}, leastThreads: test.least, makeTasks: func() (waitingTasks, error) { return test.with(whole), nil }}
		_, seen, err := a.beside()
		armtest.Says(t, test.name, err, test.want)
		if err == nil && seen < 1 {
			t.Errorf("%s: %d threads", test.name, seen)
		}
	}
}

// TestMaker makes tasks of each kind: they wait in the right place, are woken, and
// leave nothing behind.
func TestMaker(t *testing.T) {
	const n = 3
	for _, wait := range []string{"net", "syscall", "disk"} {
		for _, impl := range []string{"goroutine", "locked", "clone"} {
			t.Run(impl+" "+wait, func(t *testing.T) {
				makeTasks, err := maker(impl, wait, n)
				var skip *lockstep.Skip
				if errors.As(err, &skip) {
					t.Skip(skip.Reason)
				}
				if err != nil {
					t.Fatal(err)
				}
				for range 2 {
					c, err := makeTasks()
					if err != nil {
						t.Fatal(err)
					}
					c.arrive(0)
					if err := arm.AllAsleep(n, c.asleep); err != nil {
						t.Error(err)
					}
					woken := 0
					for ; woken < n+1; woken++ {
						if err := c.wake(woken); err != nil {
							t.Error(err)
						}
					}
					c.arrive(woken)
					if err := c.end(woken); err != nil {
						t.Error(err)
					}
				}
				if err := arm.Leaks(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestDescriptors asks for more than any process may have.
func TestDescriptors(t *testing.T) {
	err := descriptors(1 << 30)
	var skip *lockstep.Skip
	if !errors.As(err, &skip) || !strings.Contains(skip.Reason, "RLIMIT_NOFILE ") || !strings.Contains(skip.Reason, "raise it: ulimit -n ") {
		t.Errorf("%v, want a *Skip that says what to raise", err)
	}
	if err := descriptors(4); err != nil {
		t.Error(err)
	}
}

func TestBystander(t *testing.T) {
	wakes := 0
	drained := false
	const chunks = 4*blockEvery + 1
	b, err := bystand(chunks, func(time int) error {
		if time != wakes {
			t.Errorf("wake-up %d came as number %d", time, wakes)
		}
		wakes++
		return nil
	}, func() { drained = true })
	if err != nil || wakes != 4 || !drained || len(b.stamps) != chunks+1 || b.elapsed <= 0 {
		t.Errorf("%d wake-ups, drained %v, %d stamps, %v, %v", wakes, drained, len(b.stamps), b.elapsed, err)
	}
	if got := perChunk([]bystanding{{6 * time.Microsecond, make([]int64, 4)}, {0, make([]int64, 1)}}); got != 2000 {
		t.Errorf("3 chunks in 6 us are %v ns each", got)
	}
	slow := b
	slow.elapsed = time.Hour
	s, err := figuresOf([]bystanding{b, slow, b}, 1)
	if mean := (2*b.elapsed + slow.elapsed) / 3; err != nil || s.Ops != chunks || (s.Elapsed-mean).Abs() > time.Microsecond {
		t.Errorf("three phases are %+v, %v", s, err)
	}
	if _, err := figuresOf([]bystanding{{time.Second, []int64{5, 4}}}, 1); err == nil {
		t.Error("a chunk that ended before it began passes")
	}
}
