//go:build linux && (amd64 || arm64)

package threads

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"threadbench/bench/lockstep"
)

// TestGuard: a thread that goes below its stack ends the process, silently,
// since no handler may run on that thread. It doesn't reach what lies below.
func TestGuard(t *testing.T) {
	const begun = "begun\n"
	if role() != "" {
		depth, err := strconv.Atoi(role())
		if err != nil {
			t.Fatal(err)
		}
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
		h, err := NewSet(LeastStack(0), 0)
		if err != nil {
			t.Fatal(err)
		}
		h.depth = depth
		fmt.Print(begun)
		if err := h.Make(1); err != nil {
			t.Fatal(err)
		}
		h.Wait()
		h.Release()
		h.Join()
		os.Exit(0)
	}
	lowest := LeastStack(0) - int(controlBytes) // the last byte above the guard page
	if out, err := inRole(t, strconv.Itoa(lowest)); err != nil || out != begun {
		t.Errorf("a thread that uses all of its stack: %v\n%s", err, out)
	}
	out, err := inRole(t, strconv.Itoa(lowest+1))
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != unix.SIGSEGV {
		t.Fatalf("a thread that goes below its stack: %v, want a segmentation fault\n%s", err, out)
	}
	if !strings.HasPrefix(out, begun) || strings.Contains(out, "goroutine") {
		t.Errorf("it wrote %q, want that it has begun and nothing from the Go runtime", out)
	}
}

// TestFaultTold: with FaultsVariable set, a process in which a raw thread faults
// dies as it does without, and reports the fault. Faults of Go code stay Go's.
// The same goes through a coordinator, with the variable and without.
func TestFaultTold(t *testing.T) {
	// parked spoils a raw thread, which begins to run meanwhile.
	parked := func(spoil func(*thread)) func() {
		return func() {
			th, err := newThread(pcs.park, LeastStack(0))
			if err != nil {
				t.Fatal(err)
			}
			h, err := NewSet(LeastStack(0), 0)
			if err != nil {
				t.Fatal(err)
			}
			th.control.set = h.words
			spoil(&th)
			if err := th.start(); err != nil {
				t.Fatal(err)
			}
			waitWhile(&h.words.arrived, 0, false)
			select {}
		}
	}
	sent := func(s syscall.Signal) func() {
		return func() {
			h := made(t, 1, LeastStack(0), 0)
			unix.Tgkill(os.Getpid(), h.TIDs()[0], s)
			select {}
		}
	}
	const inPark = `, in \S*(?:park|touch|hold)\S*\+0x[0-9a-f]+ \((?:raw_linux_\w+\.s|bodies_linux\.h):\d+\), pc 0x[0-9a-f]+, sp 0x[0-9a-f]+$`
	tests := []struct {
		name   string
		fault  func()
		signal syscall.Signal
		says   string // a pattern of what is told
	}{
		{"guard", parked(func(th *thread) { th.control.depth = uintptr(LeastStack(0)) }), unix.SIGSEGV,
			`faulted: segmentation fault \(code 2\) at address 0x[0-9a-f]{4,}` + inPark},
		{"nil", parked(func(th *thread) { th.control.set = nil }), unix.SIGSEGV,
			`faulted: segmentation fault \(code 1\) at address 0x0` + inPark},
		{"jump", parked(func(th *thread) { th.control.then = 8 }), unix.SIGSEGV,
			`faulted: segmentation fault \(code 1\) at address 0x8, in no function of this program, pc 0x8, sp 0x[0-9a-f]+$`},
		{"sent SIGSEGV", sent(unix.SIGSEGV), unix.SIGSEGV, `was sent segmentation fault \(code -6\) by process [1-9]\d*` + inPark},
		{"sent SIGBUS", sent(unix.SIGBUS), unix.SIGBUS, `was sent bus error \(code -6\) by process [1-9]\d*` + inPark},
		{"sent SIGILL", sent(unix.SIGILL), unix.SIGILL, `was sent illegal instruction \(code -6\) by process [1-9]\d*` + inPark},
		{"sent SIGFPE", sent(unix.SIGFPE), unix.SIGFPE, `was sent floating point exception \(code -6\) by process [1-9]\d*` + inPark},
		{"sent SIGTRAP", sent(unix.SIGTRAP), unix.SIGTRAP, `was sent trace/breakpoint trap \(code -6\) by process [1-9]\d*` + inPark},
	}
	for _, test := range tests {
		switch role() {
		case test.name:
			unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
			test.fault()
		case "worker " + test.name:
			unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
			os.Exit(lockstep.Serve(os.Stdin, os.Stdout, func(func(string)) (lockstep.Arm, error) { return faultyArm(test.fault), nil }))
		}
	}
	if role() == "go" {
		goFaults(t)
		return
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			out, err := inRole(t, test.name, FaultsVariable+"=1")
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != test.signal {
				t.Errorf("it ended with %v, want %v", err, test.signal)
			}
			told := regexp.MustCompile(`(?m)^threads: raw thread [1-9]\d* ` + test.says)
			if !told.MatchString(out) || strings.Count(out, "\n") != 1 {
				t.Errorf("it told %q, want %v alone", out, told)
			}
		})
	}
	t.Run("go", func(t *testing.T) { passInRole(t, "go", FaultsVariable+"=1") })
	for name, test := range map[string]struct{ variable, want string }{
		"worker":        {FaultsVariable + "=1", `threads: raw thread \d+ faulted: segmentation fault .*(?:park|touch|hold)`},
		"silent worker": {FaultsVariable + "=", `^the worker died: signal: segmentation fault( \(core dumped\))?: a hint$`},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := self(t, "-test.run=^TestFaultTold$", "-test.count=1")
			w, err := lockstep.Start(t.Context(), lockstep.Spec{
				Path:   cmd.Path,
				Args:   cmd.Args[1:],
				Env:    append(os.Environ(), roleEnv+"=worker nil", test.variable),
				Silent: "a hint",
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err = w.Run(t.Context(), 1); err == nil || !regexp.MustCompile(test.want).MatchString(err.Error()) {
				t.Errorf("with %s the coordinator says %v, want %s", test.variable, err, test.want)
			}
		})
	}
}

// A faultyArm ends its worker when it is run.
type faultyArm func()

func (a faultyArm) Run(int) (lockstep.Slice, error) { a(); return lockstep.Slice{}, nil }

func (a faultyArm) Close() error { return nil }

// goFaults has the Go side fault while raw threads are watched and at work.
func goFaults(t *testing.T) {
	leaveNothing(t)
	h := made(t, 20, LeastStack(100), 100)
	pair, err := NewPair(Futex)
	d := newDriverOf(t, pair, err)
	defer d.Close()
	if !distinct(h.TIDs()) {
		t.Errorf("tids %d", h.TIDs())
	}
	var nothing *control
	for range 100 {
		func() {
			defer func() {
				if err, ok := recover().(runtime.Error); !ok || !strings.Contains(err.Error(), "nil pointer") {
					t.Errorf("a nil pointer panics with %v", err)
				}
			}()
			nothing.n++
		}()
		run(t, d, 100, 0)
	}
	creator, err := NewCreator(10)
	c := newDriverOf(t, creator, err)
	defer c.Close()
	if timing := run(t, c, 100, 0); timing.Spawned != 100 {
		t.Errorf("%+v, want 100 threads", timing)
	}
}
