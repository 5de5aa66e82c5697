package lockstep

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// A coordinator is a process of its own that has started a worker.
type coordinator struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	worker int // its process id
}

// newCoordinator starts a coordinator in a process group of its own. The coordinator
// starts a worker that follows the script.
func newCoordinator(t *testing.T, script string) *coordinator {
	t.Helper()
	spec := fake(t, "coordinator", scriptVariable+"="+script)
	c := &coordinator{cmd: exec.Command(spec.Path)}
	c.cmd.Env = spec.Env
	c.cmd.Stderr = os.Stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewScanner(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.in.Close()
		c.cmd.Wait()
	})
	if c.worker, err = strconv.Atoi(c.says(t)); err != nil {
		t.Fatalf("starting a coordinator: %v", err)
	}
	return c
}

// says returns the next line that the coordinator prints.
func (c *coordinator) says(t *testing.T) string {
	t.Helper()
	if !c.out.Scan() {
		t.Fatalf("the coordinator says nothing more: %v", c.out.Err())
	}
	return c.out.Text()
}

// TestWorkerDiesWithCoordinator kills a coordinator whose worker ignores the end of
// its input.
func TestWorkerDiesWithCoordinator(t *testing.T) {
	c := newCoordinator(t, "say ready\nhang")
	if ended(c.worker) {
		t.Fatal("the worker has ended before its coordinator")
	}
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the worker dies", func() bool { return ended(c.worker) })
}

// TestInterruptSparesWorker interrupts the coordinator's process group, as ^C does:
// the coordinator gets the signal, and the worker doesn't.
func TestInterruptSparesWorker(t *testing.T) {
	c := newCoordinator(t, "say ready\nawait\nsay done 1 1\nawait\nsay closed")
	group, err := unix.Getpgid(c.worker)
	if err != nil {
		t.Fatal(err)
	}
	if group != c.worker {
		t.Errorf("the worker %d stands in process group %d, want one of its own", c.worker, group)
	}
	if err := unix.Kill(-c.cmd.Process.Pid, unix.SIGINT); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(c.in, "go on")
	if got := c.says(t); got != "turn: <nil>" {
		t.Errorf("interrupted, the worker's turn ends with %q", got)
	}
	c.in.Close()
	if got := c.says(t); got != "close: <nil>" {
		t.Errorf("interrupted, the worker closes with %q", got)
	}
}

// allowed are the CPUs that the test may use, at least n of them.
func allowed(t *testing.T, n int) []int {
	t.Helper()
	cpus, err := AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if len(cpus) < n {
		t.Skipf("needs %d CPUs, this process may use %v", n, cpus)
	}
	return cpus
}

// masks are the CPUs that each thread of this process may use.
func masks() []string {
	var all []string
	paths, _ := filepath.Glob("/proc/self/task/*/status")
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(text), "Cpus_allowed_list:")
		list, _, _ := strings.Cut(rest, "\n")
		all = append(all, strings.TrimSpace(list))
	}
	return all
}

// distinctMasks returns the masks without repetition.
func distinctMasks() []string {
	all := masks()
	slices.Sort(all)
	return slices.Compact(all)
}

// TestCPUs starts workers on one CPU each: they have it before the Go runtime
// counts CPUs, which it does in its first instructions, and the coordinator
// keeps its own.
func TestCPUs(t *testing.T) {
	before := distinctMasks()
	cpus := allowed(t, 1)
	sets := [][]int{nil, cpus}
	for _, cpu := range cpus {
		sets = append(sets, []int{cpu})
	}
	for _, set := range sets {
		spec := scripted(t, "say ready\nawait\ncpus\nawait\nsay closed")
		spec.CPUs = set
		s, _, err := Once(context.Background(), spec, 1)
		if err != nil {
			t.Fatal(err)
		}
		if set == nil {
			set = cpus
		}
		want := map[string]int64{"at-start": int64(len(set))}
		for _, cpu := range set {
			want[fmt.Sprintf("cpu%d", cpu)] = 1
		}
		if d := cmp.Diff(want, s.Counts); d != "" {
			t.Errorf("a worker on %v (-want +got):\n%s", set, d)
		}
	}
	if d := cmp.Diff(before, distinctMasks()); d != "" {
		t.Errorf("CPUs of the coordinator's threads (-before +after):\n%s", d)
	}
}

// TestForbiddenCPU asks for CPUs that don't exist, alone and with one that does: a
// refusal keeps no descriptor.
func TestForbiddenCPU(t *testing.T) {
	const none = 1023 // the last that a mask of this kind can name
	cpus := allowed(t, 1)
	if slices.Contains(cpus, none) {
		t.Skipf("this process may use CPU %d", none)
	}
	start := func(set []int) {
		spec := scripted(t, "say ready\nhang")
		spec.CPUs = set
		w, err := Start(context.Background(), spec)
		var skip *Skip
		if !errors.As(err, &skip) || !strings.Contains(skip.Reason, fmt.Sprint(set)) {
			t.Errorf("starting on CPUs %v: %v (%T), want a *Skip that names them", set, err, err)
		}
		if err == nil {
			w.Kill()
		}
	}
	start([]int{none})
	before := descriptors(t)
	for range 10 {
		start([]int{none})
		start([]int{none, cpus[0]})
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d descriptors are open after 20 refusals, %d before", after, before)
	}
}

// descriptors counts the pipes that are open.
func descriptors(t *testing.T) int {
	t.Helper()
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, fd := range fds {
		if target, err := os.Readlink(fd); err == nil && strings.HasPrefix(target, "pipe:") {
			n++
		}
	}
	return n
}

func init() { fakes["kept"] = keep }

// keep is a process that keeps itself on a CPU and prints where each of its
// threads may run.
func keep() int {
	cpu, err := strconv.Atoi(os.Getenv(scriptVariable))
	if err != nil {
		panic(err)
	}
	threads := func(n int) {
		for range n {
			made := make(chan bool)
			go func() {
				runtime.LockOSThread()
				close(made)
				select {}
			}()
			<-made
		}
	}
	threads(5)
	if err := KeepTo([]int{cpu}); err != nil {
		panic(err)
	}
	threads(5)
	for _, list := range masks() {
		fmt.Println(list)
	}
	return 0
}

// TestKeepTo keeps a process on one CPU: each of its threads is there, those
// made before and those made after.
func TestKeepTo(t *testing.T) {
	cpus := allowed(t, 2)
	spec := fake(t, "kept", scriptVariable+"="+strconv.Itoa(cpus[0]))
	cmd := exec.Command(spec.Path)
	cmd.Env = spec.Env
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	lines := strings.Fields(string(text))
	if len(lines) < 10 {
		t.Fatalf("%d threads say where they may run, want 10 and more: %s", len(lines), text)
	}
	for _, list := range lines {
		if list != strconv.Itoa(cpus[0]) {
			t.Errorf("a thread may run on CPUs %s, want %d alone", list, cpus[0])
		}
	}
}

// TestSilentFault: the hint for a silent fault is given for no other end.
func TestSilentFault(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skipf("needs a shell: %v", err)
	}
	for end, hint := range map[string]bool{
		"kill -SEGV $$":               true,
		"kill -TRAP $$":               true,
		"kill -KILL $$":               false,
		"echo why >&2; kill -SEGV $$": false,
		"exit 139":                    false,
	} {
		w, err := Start(t.Context(), Spec{Path: shell, Args: []string{"-c", "ulimit -c 0; echo ready; read order; " + end}, Silent: "a hint"})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.Run(t.Context(), 1)
		var worker *WorkerError
		if !errors.As(err, &worker) || !worker.Killed || strings.HasSuffix(worker.What, ": a hint") != hint {
			t.Errorf("%s: %v, want a hint: %t", end, err, hint)
		}
	}
}
