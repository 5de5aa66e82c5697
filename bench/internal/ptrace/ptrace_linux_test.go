package ptrace

import (
	"bufio"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// roleVariable makes this test binary a process of a test's: one of roles,
// and perhaps its argument.
const roleVariable = "THREADBENCH_TEST_ROLE"

var roles = map[string]func(arg string) error{
	"call":   makeCalls,
	"signal": signalItself,
	"die":    func(string) error { return unix.Kill(os.Getpid(), unix.SIGKILL) },
	"hang":   func(string) error { fmt.Println("hangs"); time.Sleep(time.Hour); return nil },
	"trace":  traceHanging,
}

func TestMain(m *testing.M) {
	if role, ok := os.LookupEnv(roleVariable); ok {
		role, arg, _ := strings.Cut(role, " ")
		if err := roles[role](arg); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(7)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// perThread is how many calls each thread of makeCalls makes.
const perThread = 100

// makeCalls makes calls on two threads that were there before the filter, and
// on that many more, one after the other, each of which ends with its thread.
func makeCalls(more string) error {
	n, err := strconv.Atoi(more)
	if err != nil {
		return err
	}
	call := func() {
		for range perThread {
			unix.RawSyscall(unix.SYS_GETPPID, 0, 0, 0)
		}
	}
	var there, over sync.WaitGroup
	filtered := make(chan struct{})
	for range 2 {
		there.Add(1)
		over.Go(func() {
			runtime.LockOSThread()
			there.Done()
			<-filtered
			call()
		})
	}
	there.Wait()
	call() // the tracer must not report these
	if err := Filter(); err != nil {
		return err
	}
	close(filtered)
	for range n {
		over.Go(func() {
			runtime.LockOSThread() // its thread ends with it
			call()
		})
		over.Wait()
	}
	over.Wait()
	return nil
}

// signalItself sends itself signals, one after the other, and waits for each.
func signalItself(string) error {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, unix.SIGUSR1)
	if err := Filter(); err != nil {
		return err
	}
	for range 50 {
		unix.Kill(os.Getpid(), unix.SIGUSR1)
		<-signals
	}
	return nil
}

// traceHanging traces a process, says its id, and doesn't end.
func traceHanging(string) error {
	cmd := as("hang")
	if err := new(Tracer).Start(cmd); err != nil {
		return err
	}
	fmt.Println(cmd.Process.Pid)
	select {}
}

// as is this binary in a role.
func as(role string) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(program)
	// A process under the race detector would sleep for a second as it exits.
	cmd.Env = append(os.Environ(), roleVariable+"="+role, "GORACE=atexit_sleep_ms=0")
	return cmd
}

// traced runs the role to its end under a tracer and counts its calls.
func traced(t *testing.T, role string) (calls map[string]int, err error) {
	t.Helper()
	calls = map[string]int{}
	tracer := &Tracer{Entered: func(call string) { calls[call]++ }}
	cmd := as(role)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	start(t, tracer, cmd)
	err = tracer.Wait(cmd)
	if stderr.Len() > 0 {
		t.Errorf("%s says: %s", role, stderr.String())
	}
	gone(t, cmd.Process.Pid)
	return calls, err
}

// start skips the test where the system lets nobody trace.
func start(t *testing.T, tracer *Tracer, cmd *exec.Cmd) {
	t.Helper()
	err := tracer.Start(cmd)
	var refused *RefusedError
	if errors.As(err, &refused) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// gone fails unless nothing is left of a process: no thread to wait for.
func gone(t *testing.T, pid int) {
	t.Helper()
	if s, err := wait(-pid, unix.WEXITED|unix.WSTOPPED|unix.WNOHANG|unix.WNOWAIT); err != unix.ECHILD {
		t.Errorf("process %d is left behind: %+v, %v", pid, s, err)
	}
}

// TestCounts counts the calls of a process to the last one: of threads that
// were there, that are made meanwhile, and that end.
func TestCounts(t *testing.T) {
	for _, more := range []int{0, 1, 20} {
		calls, err := traced(t, fmt.Sprintf("call %d", more))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := calls["getppid"], (2+more)*perThread; got != want {
			t.Errorf("%d calls of getppid counted with %d more threads, want %d; all of them: %v", got, more, want, calls)
		}
		// The runtime may have had an idle thread or two. The C library makes
		// them by clone3.
		if made := calls["clone"] + calls["syscall-435"]; made < more/2 {
			t.Errorf("%d threads seen made, want %d at least", made, more/2)
		}
		if calls["exit_group"] != 1 {
			t.Errorf("exit_group is counted %d times", calls["exit_group"])
		}
	}
}

// TestSignals sees that signals reach a process that is traced.
func TestSignals(t *testing.T) {
	calls, err := traced(t, "signal")
	if err != nil {
		t.Fatal(err)
	}
	// It ends when each has come; the latest handlers may not have returned.
	if calls["rt_sigreturn"] == 0 {
		t.Errorf("no handler's return is counted: %v", calls)
	}
}

// TestEnds has processes end in several ways.
func TestEnds(t *testing.T) {
	for role, want := range map[string]string{
		"call 0":    "",
		"call none": "exit status 7",
		"die":       "signal: killed",
	} {
		cmd := as(role)
		tracer := &Tracer{Entered: func(string) {}}
		start(t, tracer, cmd)
		got := ""
		if err := tracer.Wait(cmd); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s ends with %q, want %q", role, got, want)
		}
		gone(t, cmd.Process.Pid)
	}
}

// TestKilled kills a process while its threads are stopped and not.
func TestKilled(t *testing.T) {
	for range 10 {
		cmd := as("call 1000000")
		seen := make(chan struct{})
		n := 0
		tracer := &Tracer{Entered: func(call string) {
			if n++; n == 500 {
				close(seen)
			}
		}}
		start(t, tracer, cmd)
		<-seen
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := tracer.Wait(cmd); err == nil || err.Error() != "signal: killed" {
			t.Errorf("killed, it ends with %v", err)
		}
		gone(t, cmd.Process.Pid)
	}
}

// TestTracerDies kills the tracer: the process that it traces dies, too.
func TestTracerDies(t *testing.T) {
	traced(t, "call 0") // or the test is skipped
	cmd := as("trace")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		cmd.Wait()
		t.Fatalf("the tracer says %q and %s", line, stderr.String())
	}
	// TracerPid is the thread that traces, seldom the process's first.
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(text), "TracerPid:\t")
	by, _, _ := strings.Cut(rest, "\n")
	if _, not := os.Stat(fmt.Sprintf("/proc/%d/task/%s", cmd.Process.Pid, by)); err != nil || by == "" || not != nil {
		t.Errorf("process %d is traced by %q, want a thread of %d: %v\n%s", pid, by, cmd.Process.Pid, err, text)
	}
	cmd.Process.Kill()
	cmd.Wait()
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, rest, _ := strings.Cut(string(text), ") "); err != nil || strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X") {
			break
		}
		if time.Since(begin) > time.Minute {
			unix.Kill(pid, unix.SIGKILL)
			t.Fatal("the process that was traced lives on")
		}
	}
}

// TestNotStarted starts what isn't there: that is no refusal to trace.
func TestNotStarted(t *testing.T) {
	traced(t, "call 0") // or the test is skipped
	err := new(Tracer).Start(exec.Command(filepath.Join(t.TempDir(), "none")))
	var refused *RefusedError
	if err == nil || errors.As(err, &refused) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("starting what isn't there: %v (%T)", err, err)
	}
}

func TestRefused(t *testing.T) {
	for _, errno := range []error{unix.EPERM, unix.ENOSYS, &os.PathError{Op: "fork/exec", Path: "worker", Err: unix.EACCES}} {
		err := refused("asking", errno)
		var r *RefusedError
		if !errors.As(err, &r) || !errors.Is(err, errno) {
			t.Fatalf("refused(%v) = %v (%T)", errno, err, err)
		}
		for _, want := range []string{"asking: ", errno.Error(), "kernel.yama.ptrace_scope is ", "seccomp", "strace"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q lacks %q", err, want)
			}
		}
	}
	for _, other := range []error{unix.ENOENT, unix.EAGAIN, unix.ENOMEM} {
		if err := refused("asking", other); err != other {
			t.Errorf("refused(%v) = %v", other, err)
		}
	}
}

func TestCallNames(t *testing.T) {
	if got := callName(1 << 15); got != "syscall-32768" {
		t.Errorf("a call without a name is %q", got)
	}
	seen := map[string]bool{}
	for name := range maps.Values(calls) {
		if seen[name] || strings.ContainsAny(name, " =+") {
			t.Errorf("%q stands twice, or can't stand in an answer", name)
		}
		seen[name] = true
	}
}
