//go:build linux && (amd64 || arm64)

package threads

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A test that ends, limits or bombards a whole process runs in a process of its
// own: the test binary starts itself for that test, with a role in the
// environment.
const roleEnv = "THREADBENCH_THREADS_ROLE"

// tortureEnv, set to anything, has some tests take numbers that need half a
// minute instead of a second, as .ci/torture does.
const tortureEnv = "THREADBENCH_TORTURE"

// torture reads the environment when a test runs. A variable read before that is
// not part of the go command's key for cached results.
func torture() bool { return os.Getenv(tortureEnv) != "" }

// tortured picks a number.
func tortured(usually, underTorture int) int {
	if torture() {
		return underTorture
	}
	return usually
}

// brief says that a test should take smaller numbers than usual.
func brief() bool { return testing.Short() && !torture() }

// countedPrefix goes before what a test has counted.
const countedPrefix = "counted: "

// counted logs what a test has counted, also from a process in a role.
func counted(t *testing.T, format string, args ...any) {
	t.Helper()
	if role() != "" {
		fmt.Printf("\n%s%s\n", countedPrefix, fmt.Sprintf(format, args...))
		return
	}
	t.Logf(countedPrefix+format, args...)
}

// needRoom skips a test that needs more threads than can be made here.
func needRoom(t *testing.T, n int) {
	t.Helper()
	room, limit, err := Headroom(Need{Threads: n, MapsPerThread: MapsPerThread, BytesPerThread: 48 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if room < n {
		skipRole(t, "needs room: %v", &LimitError{Limit: limit, Wanted: n})
	}
}

// self is the test binary as a command. It skips the test where the binary
// can't run itself.
func self(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := runsItself(); err != nil {
		t.Skipf("needs a system that runs this binary, and not an emulator: %v", err)
	}
	return exec.Command(path, args...)
}

var runsItself = sync.OnceValue(func() error {
	path, err := os.Executable()
	if err != nil {
		return err
	}
	if err := exec.Command(path, "-test.run=^$").Run(); errors.Is(err, unix.ENOEXEC) {
		return err
	}
	return nil
})

// inRole runs the top-level test anew in a process with a role, and returns what
// it wrote and how it ended.
func inRole(t *testing.T, role string, env ...string) (output string, err error) {
	t.Helper()
	out, err := commandInRole(t, role, env...).CombinedOutput()
	return string(out), err
}

func commandInRole(t *testing.T, role string, env ...string) *exec.Cmd {
	t.Helper()
	name, _, _ := strings.Cut(t.Name(), "/")
	timeout := "0" // none, or a minute less than the test itself has, so that the child reports a timeout
	if end, ok := t.Deadline(); ok {
		timeout = max(time.Second, time.Until(end)-time.Minute).String()
	}
	cmd := self(t, "-test.run=^"+name+"$", "-test.count=1", "-test.timeout="+timeout)
	cmd.Env = append(append(os.Environ(), env...), roleEnv+"="+role)
	if testing.Short() {
		cmd.Args = append(cmd.Args, "-test.short")
	}
	if testing.CoverMode() != "" {
		cmd.Env = append(cmd.Env, "GOCOVERDIR="+t.TempDir()) // or it complains when it exits
	}
	return cmd
}

// passInRole fails or skips the test as its process in the role did, and logs
// that process's counts.
func passInRole(t *testing.T, role string, env ...string) {
	t.Helper()
	pass(t, commandInRole(t, role, env...))
}

func pass(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("in a process of its own: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, countedPrefix) {
			t.Log(strings.TrimSpace(line))
		}
	}
	if _, reason, skipped := strings.Cut(string(out), skipPrefix); skipped {
		reason, _, _ = strings.Cut(reason, "\n")
		t.Skip(reason)
	}
}

// skipPrefix goes before the reason for which a process in a role skips its
// test.
const skipPrefix = "skipped: "

func skipRole(t *testing.T, format string, args ...any) {
	t.Helper()
	if role() == "" {
		t.Skipf(format, args...)
	}
	fmt.Printf("\n%s%s\n", skipPrefix, fmt.Sprintf(format, args...))
	t.SkipNow()
}

func role() string { return os.Getenv(roleEnv) }

// idle leaves the runtime n idle threads, so that it needs no new one soon. The
// runtime would not survive the refusal of a thread.
func idle(n int) {
	var all, gone sync.WaitGroup
	all.Add(n)
	release := make(chan struct{})
	for range n {
		gone.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all.Done()
			<-release
		})
	}
	all.Wait()
	close(release)
	gone.Wait()
}
