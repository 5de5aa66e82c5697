package threads

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/threads/cgroup"
)

func TestSystemHere(t *testing.T) {
	all, err := Limits(every)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if l.Value <= 0 || l.Used < 0 || l.Room < 0 || l.Remedy == "" {
			t.Errorf("%+v: want a value, a use, a room and a remedy", l)
		}
		if _, err := os.Stat(l.Where); err != nil {
			t.Errorf("%s: %v", l.Name, err)
		}
	}
	if l, ok := find(all, "kernel.threads-max"); ok && l.Used < int64(threadsOfSelf(t)) {
		t.Errorf("%+v: this process alone has %d threads", l, threadsOfSelf(t))
	}
}

func threadsOfSelf(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

// childEnv holds what a test's child is to do, an assignment in JSON.
const childEnv = "THREADBENCH_LIMITS_CHILD"

type assignment struct {
	Join    string // directory of the control group to enter, "" for none
	Unshare bool   // enter a control group namespace of its own
	NProc   uint64 // RLIMIT_NPROC to set, 0 to leave it
	Need    Need
	Make    bool // make the threads that there is headroom for
}

// A finding is what the child found, in JSON on a line of its own that
// begins with findingPrefix.
type finding struct {
	Before, After int // threads of the child, counted on both sides of the look-up
	Headroom      int
	Limit         Limit
	All           []Limit
	Made          int // threads made at once, all there together
	Left          int // headroom while they were there
}

const findingPrefix = "finding: "

// child does the assignment if this process is a test's child, and reports whether
// it is.
func child(t *testing.T) bool {
	work := os.Getenv(childEnv)
	if work == "" {
		return false
	}
	var a assignment
	if err := json.Unmarshal([]byte(work), &a); err != nil {
		t.Fatal(err)
	}
	if a.Join != "" {
		if err := os.WriteFile(filepath.Join(a.Join, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
			t.Fatal(err)
		}
	}
	if a.Unshare {
		runtime.LockOSThread() // the namespace is this thread's alone
		if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
			t.Fatal(err)
		}
	}
	if a.NProc != 0 {
		if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: a.NProc, Max: a.NProc}); err != nil {
			t.Fatal(err)
		}
	}
	var f finding
	var err error
	f.Before = threadsOfSelf(t)
	if f.All, err = Limits(a.Need); err != nil {
		t.Fatal(err)
	}
	f.Headroom, f.Limit = tightest(a.Need, f.All)
	f.After = threadsOfSelf(t)
	if a.Make {
		release := make(chan struct{})
		var made, gone sync.WaitGroup
		for range f.Headroom {
			made.Add(1)
			gone.Go(func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				made.Done()
				<-release
			})
		}
		made.Wait()
		f.Made = threadsOfSelf(t) - f.After
		if f.Left, _, err = Headroom(a.Need); err != nil {
			t.Error(err)
		}
		close(release)
		gone.Wait()
	}
	out, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\n%s%s\n", findingPrefix, out)
	return true
}

// delegate runs this test in a child that does the assignment.
func delegate(t *testing.T, a assignment, credential *syscall.Credential) finding {
	t.Helper()
	work, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	// Not os.Executable: the directory of a test binary is its owner's alone.
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.count=1")
	cmd.Dir = "/"
	// Few Ps: the reserve has one slot for each, and the limits are small.
	cmd.Env = append(os.Environ(), childEnv+"="+string(work), "GOMAXPROCS=2")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the child: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, findingPrefix); ok {
			var f finding
			if err := json.Unmarshal([]byte(text), &f); err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	t.Fatalf("the child found nothing:\n%s", out)
	return finding{}
}

// needRoot skips a test that has to be root of the initial user namespace.
func needRoot(t *testing.T) {
	t.Helper()
	if ns, _ := os.Readlink("/proc/self/ns/user"); os.Getuid() != 0 || ns != initialUserNS {
		t.Skip("needs root of the initial user namespace")
	}
}

// needHeadroom skips a test that sets a limit of n threads, where another limit
// is as tight.
func needHeadroom(t *testing.T, n int) {
	t.Helper()
	room, limit, err := Headroom(Need{Threads: n})
	if err != nil {
		t.Fatal(err)
	}
	if room < n {
		t.Skipf("needs room: %v", &LimitError{Limit: limit, Wanted: n})
	}
}

// newGroup makes a control group below a directory and removes it when the
// test ends. It skips the test where the system doesn't allow that.
func newGroup(t *testing.T, parent, controller, limitFile string) string {
	t.Helper()
	if control := filepath.Join(parent, subtreeControl); exists(control) && !enables(parent, controller) {
		// The root alone may have processes and children with a controller.
		if procs, err := os.ReadFile(filepath.Join(parent, "cgroup.procs")); err != nil || len(procs) > 0 && exists(filepath.Join(parent, "cgroup.type")) {
			t.Skipf("needs a group without processes, or one above it that enables the %s controller: %s", controller, parent)
		}
		if err := os.WriteFile(control, []byte("+"+controller), 0); err != nil {
			t.Skipf("needs the %s controller for the children of %s: %v", controller, parent, err)
		}
		t.Cleanup(func() {
			if err := os.WriteFile(control, []byte("-"+controller), 0); err != nil {
				t.Error(err)
			}
		})
	}
	dir, err := os.MkdirTemp(parent, "threadbench-test-")
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		t.Skipf("needs to make a control group: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The kernel lets go of a group a moment after its last process.
		var err error
		for range 500 {
			if err = os.Remove(dir); !errors.Is(err, unix.EBUSY) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err != nil {
			t.Error(err)
		}
	})
	if _, err := os.Stat(filepath.Join(dir, limitFile)); err != nil {
		t.Skipf("needs a control group with %s: %v", limitFile, err)
	}
	return dir
}

// subtreeControl has the controllers of a group's children, in version 2.
const subtreeControl = "cgroup.subtree_control"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// enables tells whether a group's children have the controller, in version 2.
func enables(dir, controller string) bool {
	enabled, err := os.ReadFile(filepath.Join(dir, subtreeControl))
	return err == nil && slices.Contains(strings.Fields(string(enabled)), controller)
}

// groupToSplit is a group below which a test may make one: this process's own,
// or in version 2 the nearest above it whose children have the controller.
func groupToSplit(t *testing.T, controller string) string {
	t.Helper()
	needRoot(t)
	dirs, err := cgroup.Paths(controller)
	if err != nil || len(dirs) == 0 {
		t.Skipf("needs the %s controller: %v", controller, err)
	}
	for _, dir := range dirs {
		if enables(dir, controller) {
			return dir
		}
	}
	return dirs[0]
}

func setFile(t *testing.T, dir, name, value string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

// expect checks a finding of a limit that counts the child's threads alone.
func expect(t *testing.T, f finding, name, where string, value int64) {
	t.Helper()
	l := f.Limit
	if l.Name != name || l.Where != where || l.Value != value {
		t.Fatalf("headroom is bound by %+v, want %s %d of %s\nall: %+v", l, name, value, where, f.All)
	}
	if l.Used < int64(f.Before) || l.Used > int64(f.After) {
		t.Errorf("%s: %d in use, want the child's threads, %d to %d", name, l.Used, f.Before, f.After)
	}
	kept := value - l.Used - l.Room
	if int64(f.Headroom) != l.Room || l.Room <= 0 || kept < spare {
		t.Errorf("headroom %d, %+v: want what is left of the value but %d or more", f.Headroom, l, spare)
	}
	// Threads that idle when the locked ones are made may take their part.
	if f.Made > f.Headroom+int(kept) || f.Made < f.Headroom-f.After {
		t.Errorf("%d threads made, want %d", f.Made, f.Headroom)
	}
	if f.Left > f.After {
		t.Errorf("headroom %d with all threads made that there was headroom for, want 0 or what idled", f.Left)
	}
}

// TestPIDsGroup puts a child in a real control group: it must find the
// limit, and live when it makes all the threads that it has headroom for.
func TestPIDsGroup(t *testing.T) {
	if child(t) {
		return
	}
	needHeadroom(t, 300)
	dir := newGroup(t, groupToSplit(t, "pids"), "pids", "pids.max")
	setFile(t, dir, "pids.max", "300")
	f := delegate(t, assignment{Join: dir, Need: Need{Threads: 9000, Runtime: true}, Make: true}, nil)
	expect(t, f, "pids.max", filepath.Join(dir, "pids.max"), 300)
}

// TestPIDsGroupOfParent does the same where the group above is the tight one.
func TestPIDsGroupOfParent(t *testing.T) {
	if child(t) {
		return
	}
	needHeadroom(t, 200)
	parent := newGroup(t, groupToSplit(t, "pids"), "pids", "pids.max")
	setFile(t, parent, "pids.max", "200")
	for _, own := range []string{"max", "5000"} {
		dir := newGroup(t, parent, "pids", "pids.max")
		setFile(t, dir, "pids.max", own)
		f := delegate(t, assignment{Join: dir, Need: Need{Threads: 4000, Runtime: true}, Make: true}, nil)
		expect(t, f, "pids.max", filepath.Join(parent, "pids.max"), 200)
		if l, ok := find(f.All, "pids.max"); !ok || l != f.Limit {
			t.Errorf("the first limit is %+v, want the tightest", l)
		}
	}
}

// TestPIDsGroupInNamespace does the same in a control group namespace whose
// hierarchies were mounted before, and so show what is above its root.
func TestPIDsGroupInNamespace(t *testing.T) {
	if child(t) {
		return
	}
	needHeadroom(t, 200)
	parent := newGroup(t, groupToSplit(t, "pids"), "pids", "pids.max")
	setFile(t, parent, "pids.max", "200")
	dir := newGroup(t, parent, "pids", "pids.max")
	f := delegate(t, assignment{Join: dir, Unshare: true, Need: Need{Threads: 4000, Runtime: true}, Make: true}, nil)
	expect(t, f, "pids.max", filepath.Join(parent, "pids.max"), 200)
}

// TestMemoryGroup reads a real memory limit; no thread is made under it.
func TestMemoryGroup(t *testing.T) {
	if child(t) {
		return
	}
	own := groupToSplit(t, "memory")
	name := "memory.max"
	if _, err := os.Stat(filepath.Join(own, "memory.usage_in_bytes")); err == nil {
		name = "memory.limit_in_bytes"
	}
	dir := newGroup(t, own, "memory", name)
	const limit = 1 << 30
	setFile(t, dir, name, strconv.Itoa(limit))
	f := delegate(t, assignment{Join: dir, Need: Need{Threads: 1 << 20, BytesPerThread: 1 << 20}}, nil)
	i := slices.IndexFunc(f.All, func(l Limit) bool { return l.Where == filepath.Join(dir, name) })
	if i < 0 {
		t.Fatalf("no %s of %s among %+v", name, dir, f.All)
	}
	l := f.All[i]
	if l.Name != name || l.Value != limit || l.Used >= limit || l.Room <= 0 || l.Room > limit>>20/memoryShare {
		t.Errorf("%+v: want %d, and room for at most half of it", l, limit)
	}
}

// TestUserLimitOfChild gives a child a user ID that nobody else has. Then
// its own threads are all that counts.
func TestUserLimitOfChild(t *testing.T) {
	if child(t) {
		return
	}
	needHeadroom(t, 250)
	needRoot(t)
	id := uint32(1<<30 + os.Getpid())
	f := delegate(t,
		assignment{NProc: 250, Need: Need{Threads: 9000, Runtime: true}, Make: true},
		&syscall.Credential{Uid: id, Gid: id})
	expect(t, f, "RLIMIT_NPROC", "/proc/self/limits", 250)
}

// TestUserLimitOfRoot: the same limit does not bind root.
func TestUserLimitOfRoot(t *testing.T) {
	if child(t) {
		return
	}
	needRoot(t)
	f := delegate(t, assignment{NProc: 5, Need: Need{Threads: 50}, Make: true}, nil)
	if l, ok := find(f.All, "RLIMIT_NPROC"); ok {
		t.Errorf("root is bound by %+v", l)
	}
	if f.Headroom == 50 && f.Made+f.After < 50 {
		t.Errorf("%d threads made, want 50", f.Made)
	}
}

// TestMapsHere counts real maps: those that are made are in use.
func TestMapsHere(t *testing.T) {
	need := Need{MapsPerThread: 1}
	count := func() int64 {
		all, err := Limits(need)
		if err != nil {
			t.Fatal(err)
		}
		l, ok := find(all, "vm.max_map_count")
		if !ok {
			t.Skip("needs to read vm.max_map_count and /proc/self/maps")
		}
		return l.Used
	}
	// If every second page is protected, each page is a map of its own.
	const pages = 400
	before := count()
	size := os.Getpagesize()
	block, err := unix.Mmap(-1, 0, pages*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(block)
	for i := 0; i < pages; i += 2 {
		if err := unix.Mprotect(block[i*size:(i+1)*size], unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	if grown := count() - before; grown < pages-1 || grown > pages+spare {
		t.Errorf("%d pages protected by turns made %d maps more", pages, grown)
	}
}
