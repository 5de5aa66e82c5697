package switching

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"threadbench/bench/internal/arm"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// untraceableVariable has the kernel refuse ptrace(2) to this process, as a
// container's seccomp profile may, from its beginning.
const untraceableVariable = "THREADBENCH_TEST_UNTRACEABLE"

func init() {
	if os.Getenv(untraceableVariable) == "" {
		return
	}
	runtime.LockOSThread()
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}, // the call's number
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_PTRACE, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	// The conversion stands in the call's argument list, so it is sound: the
	// filter stays where it is until the call is over.
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	if err != nil || errno != 0 {
		fmt.Fprintln(os.Stderr, "no filter:", err, errno)
		os.Exit(4)
	}
	runtime.UnlockOSThread()
}

// onOneCPU measures a traced case once at the site and answers its counts.
func onOneCPU(t *testing.T, c measure.Case) (lockstep.Slice, error) {
	t.Helper()
	site, err := measure.NewSite(-1)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := c.Spec(program, site)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := lockstep.Once(context.Background(), spec, 1)
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		t.Skip(skip.Reason)
	}
	return s, err
}

// TestTracedByName counts the calls that a hand-off is made of, each by its
// name. With -v it tells all of them.
func TestTracedByName(t *testing.T) {
	const n = arm.CountTraced
	type span struct{ least, most int64 }
	for name, want := range map[string]map[string]span{
		"impl=goroutine/mode=traced/via=channel/place=same": {"futex": {0, 20}, "read": {}, "write": {}, "getcpu": {4, 4}},
		"impl=locked/mode=traced/via=channel/place=same":    {"futex": {3 * n, 5 * n}, "read": {}, "write": {}},
		"impl=locked/mode=traced/via=futex/place=same":      {"futex": {n, 5 * n / 2}, "read": {}, "write": {}},
		"impl=clone/mode=traced/via=futex/place=same":       {"futex": {n, 2*n + 2}, "getcpu": {3, 5}},
		"impl=goroutine/mode=traced/via=pipe/place=same":    {"read": {2*n - n/5, 2*n + 20}, "write": {n, n}, "epoll_pwait": {n - n/5, 2 * n}},
		"impl=locked/mode=traced/via=pipe/place=same":       {"read": {n - 2, n + 2}, "write": {n - 2, n + 2}},
		"impl=clone/mode=traced/via=pipe/place=same":        {"read": {n - 2, n + 2}, "write": {n - 2, n + 2}, "futex": {0, 20}},
		"impl=clone/mode=traced/via=yield/place=same":       {"sched_yield": {n - n/5, n + n/5}},
	} {
		t.Run(name, func(t *testing.T) {
			c, ok := measure.Families{Family}.Lookup("Switch/" + name)
			if !ok {
				t.Fatal("no such case")
			}
			s, err := onOneCPU(t, c)
			if err != nil {
				t.Fatal(err)
			}
			if s.Ops != n || s.Elapsed != 0 {
				t.Errorf("%d ops done in %v, want %d and no time", s.Ops, s.Elapsed, n)
			}
			for call, w := range want {
				if got := s.Counts[call]; got < w.least || got > w.most {
					t.Errorf("%d calls of %s, want %d to %d", got, call, w.least, w.most)
				}
			}
			t.Logf("%d ops: %v", s.Ops, s.Counts)
		})
	}
}

// TestTracedHoldsTheWorker traces a worker whose own counts contradict its case.
func TestTracedHoldsTheWorker(t *testing.T) {
	of, ok := measure.Families{Family}.Lookup("Switch/impl=clone/via=pipe/place=same")
	if !ok {
		t.Fatal("no such case")
	}
	t.Setenv("GOMAXPROCS", "1")
	for _, test := range []struct {
		want measure.Evidence
		says string // of the error, "" for none
	}{
		{measure.Evidence{Count: "kernel-switches", Rate: 99}, ""}, // a tracer's stops are switches, too
		{measure.Evidence{Count: "samples", Rate: 0.5}, "the traced worker measured something else: expected 500 samples of 1000 ops"},
	} {
		of.Evidence = []measure.Evidence{test.want}
		arm, err := arm.OpenTraced(of)(func(string) {})
		var skip *lockstep.Skip
		if errors.As(err, &skip) {
			t.Skip(skip.Reason)
		}
		if err != nil {
			t.Fatal(err)
		}
		_, err = arm.Measure()
		if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
			t.Errorf("wanting %+v: %v, want %q", test.want, err, test.says)
		}
		if err := arm.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestUntraceable has the kernel refuse ptrace: the case is left out, with the
// reason and the way out.
func TestUntraceable(t *testing.T) {
	t.Setenv(untraceableVariable, "1")
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = measure.Environ(os.Environ(), measure.WorkerVariable+"=Switch/impl=clone/mode=traced/via=pipe/place=same")
	text, err := cmd.CombinedOutput()
	if strings.Contains(string(text), "no filter:") {
		t.Skipf("%s", text)
	}
	want := regexp.MustCompile(`^skip counting system calls: .*starting a process that asks to be traced: .*operation not permitted; kernel\.yama\.ptrace_scope is .*; it may not be above 1 .*seccomp.*strace`)
	if err != nil || !want.Match(text) {
		t.Errorf("where ptrace is refused the worker says %q (%v), want a skip with the reason", text, err)
	}
}
