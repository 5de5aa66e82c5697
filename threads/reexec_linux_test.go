//go:build linux && (amd64 || arm64)

package threads

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"threadbench/bench/lockstep"
	"threadbench/goroutines"
)

// Tests of what ends, limits or bombards a whole process run in one of their
// own: the test binary starts itself for the one test, with a role in the
// environment.
const roleEnv = "THREADBENCH_THREADS_ROLE"

// emulatorEnv names what has to run the test binary where the system can't
// run it itself, with GOARCH=arm64 on amd64 for example "qemu-aarch64".
const emulatorEnv = "THREADBENCH_EMULATOR"

// tortureEnv, set to anything, has some tests take numbers that need half a
// minute instead of a second, as .ci/torture does.
const tortureEnv = "THREADBENCH_TORTURE"

// torture is asked for when a test runs: what is read of the environment before
// is not part of what the go command knows a cached result by.
func torture() bool { return os.Getenv(tortureEnv) != "" }

// tortured picks a number.
func tortured(usually, underTorture int) int {
	if torture() {
		return underTorture
	}
	return usually
}

// brief says that a test is to take short of its usual numbers.
func brief() bool { return testing.Short() && !torture() }

// countedPrefix goes before what a test has counted.
const countedPrefix = "counted: "

// counted tells what a test has counted, in a role too.
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
	if emulator := os.Getenv(emulatorEnv); emulator != "" {
		return exec.Command(emulator, append([]string{path}, args...)...)
	}
	if err := runsItself(); err != nil {
		t.Skipf("needs a system that runs this binary, or %s to name what does: %v", emulatorEnv, err)
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

// inRole starts the test (of a subtest the one at the top) anew in a role and
// answers what it wrote and how it ended.
func inRole(t *testing.T, role string, env ...string) (output string, err error) {
	t.Helper()
	out, err := commandInRole(t, role, env...).CombinedOutput()
	return string(out), err
}

func commandInRole(t *testing.T, role string, env ...string) *exec.Cmd {
	t.Helper()
	name, _, _ := strings.Cut(t.Name(), "/")
	cmd := self(t, "-test.run=^"+name+"$", "-test.count=1", "-test.timeout=100s")
	cmd.Env = append(append(os.Environ(), env...), roleEnv+"="+role)
	if testing.Short() {
		cmd.Args = append(cmd.Args, "-test.short")
	}
	if testing.CoverMode() != "" {
		cmd.Env = append(cmd.Env, "GOCOVERDIR="+t.TempDir()) // or it complains when it exits
	}
	return cmd
}

// passInRole fails or skips the test as its process in the role did, and
// tells what that has counted.
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

// idle leaves the runtime n idle threads, so that it needs no new one soon.
// Where threads are limited it would not survive asking for one.
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

// TestGuard: a thread that goes below its stack ends the process, and
// silently, since no handler may run on it. It doesn't get to what lies below.
func TestGuard(t *testing.T) {
	const begun = "begun\n"
	if role() != "" {
		depth, err := strconv.Atoi(role())
		if err != nil {
			t.Fatal(err)
		}
		unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
		h, err := NewHerd(LeastStack(0), 0)
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

// TestFaultTold: with FaultsVariable set, a process that a raw thread faults
// in dies as it does without, and tells of it; the Go side keeps its own
// faults. The same through a coordinator, with the variable and without.
func TestFaultTold(t *testing.T) {
	// What makes a raw thread fault; it begins to run meanwhile.
	parked := func(spoil func(*thread)) func() {
		return func() {
			th, err := newThread(pcs.park, LeastStack(0))
			if err != nil {
				t.Fatal(err)
			}
			h, err := NewHerd(LeastStack(0), 0)
			if err != nil {
				t.Fatal(err)
			}
			th.control.herd = h.words
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
	const inPark = `, in \S*(?:park|touch|hold)\S*\+0x[0-9a-f]+ \(raw_linux_\w+\.s:\d+\), pc 0x[0-9a-f]+, sp 0x[0-9a-f]+$`
	tests := []struct {
		name   string
		fault  func()
		signal syscall.Signal
		says   string // a pattern of what is told
	}{
		{"guard", parked(func(th *thread) { th.control.depth = uintptr(LeastStack(0)) }), unix.SIGSEGV,
			`faulted: segmentation fault \(code 2\) at address 0x[0-9a-f]{4,}` + inPark},
		{"nil", parked(func(th *thread) { th.control.herd = nil }), unix.SIGSEGV,
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
			if os.Getenv(emulatorEnv) != "" {
				out, _, _ = strings.Cut(out, "qemu: uncaught target signal")
			}
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
			if os.Getenv(emulatorEnv) != "" && name == "silent worker" {
				t.Skip("needs a system that runs this binary: the emulator tells of a fault")
			}
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

// storm sends n of each signal to this process.
func storm(t *testing.T, n int, signals ...syscall.Signal) {
	for range n {
		for _, s := range signals {
			if err := unix.Kill(os.Getpid(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestStorm has 1,000 threads alive, pairs at work and threads made and
// joined while the process is shot at with signals that Go handles, the
// collector runs without a break and a CPU profile is taken; under torture
// 9,000 threads and 200,000 signals.
func TestStorm(t *testing.T) {
	if role() == "" {
		passInRole(t, "bombarded", "GOGC=1")
		return
	}
	leaveNothing(t)
	signals := []syscall.Signal{unix.SIGURG, unix.SIGINT, unix.SIGTERM, unix.SIGUSR1}
	handled := map[os.Signal]*atomic.Int64{}
	// The handlers stay to the end of the process: a late signal that nobody
	// handles would be its end.
	deliveries := make(chan os.Signal, 100)
	for _, s := range signals {
		handled[s] = new(atomic.Int64)
		signal.Notify(deliveries, s)
	}
	go func() {
		for s := range deliveries {
			handled[s].Add(1)
		}
	}()
	n, signalsEach := tortured(1000, 9000), tortured(10_000, 50_000)
	needRoom(t, n+100)
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		t.Fatal(err)
	}
	defer pprof.StopCPUProfile()

	h := made(t, n, LeastStack(10_000), 10_000)
	stop := make(chan struct{})
	var at sync.WaitGroup
	again := func(work func()) {
		at.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					work()
				}
			}
		})
	}
	var garbage atomic.Pointer[[]*control]
	var freed atomic.Int64
	again(func() {
		kept := make([]*control, rand.IntN(10_000))
		for i := range kept {
			kept[i] = h.members[i%n].control
		}
		garbage.Store(&kept)
		debug.FreeOSMemory()
		freed.Add(1)
	})
	var turns, joined atomic.Int64
	for _, o := range ops {
		pair, err := NewPair(o.op)
		d := newDriverOf(t, pair, err)
		defer d.Close()
		again(func() {
			if _, err := d.Run(1000, 0); err != nil {
				t.Error(err)
			}
			turns.Add(1)
		})
	}
	again(func() {
		h, err := NewHerd(LeastStack(0), 0)
		if err == nil {
			err = h.Make(20)
			h.Release()
			h.Join()
		}
		if err != nil {
			t.Error(err)
		}
		joined.Add(20)
	})
	creator, err := NewCreator(10)
	d := newDriverOf(t, creator, err)
	defer d.Close()
	again(func() {
		if timing, err := d.Run(10, 0); err != nil || timing.Spawned != 10 {
			t.Errorf("%+v, %v", timing, err)
		}
		joined.Add(10)
	})
	storm(t, signalsEach, signals...)
	close(stop)
	at.Wait()
	pprof.StopCPUProfile()

	for _, s := range signals {
		eventually(t, "each signal is handled", func() bool { return handled[s].Load() > 0 })
	}
	if tids := h.TIDs(); len(tids) != n || !distinct(tids) {
		t.Errorf("%d threads, want %d", len(tids), n)
	}
	for _, member := range h.members {
		if atomic.LoadUint32(&member.control.tid) == 0 {
			t.Fatal("a parked thread is gone")
		}
	}
	if turns.Load() == 0 || joined.Load() == 0 || freed.Load() == 0 {
		t.Errorf("%d turns, %d threads joined, %d times FreeOSMemory meanwhile", turns.Load(), joined.Load(), freed.Load())
	}
	var sent, got int64
	for _, s := range signals {
		sent += int64(signalsEach)
		got += handled[s].Load()
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	counted(t, "%d raw threads parked with GOGC=%s: %d signals sent to the process, %d told to Go (the kernel merges those that wait), meanwhile %d threads made and joined, %d turns of 1,000 hand-offs, %d collections, %d times FreeOSMemory",
		n, os.Getenv("GOGC"), sent, got, joined.Load(), turns.Load(), mem.NumGC, freed.Load())
	samples(t, profile.Bytes(), n)
}

// samples reads a CPU profile that was taken with n raw threads alive: it
// parses, it has samples, and none is of a raw thread, where SIGPROF is
// blocked. The parser is the go command's, so without one the samples stay
// unread; they do so, too, when the test is not under torture.
func samples(t *testing.T, profile []byte, n int) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(profile))
	if err == nil {
		_, err = io.Copy(io.Discard, z)
	}
	if err != nil {
		t.Fatalf("a CPU profile of %d bytes: %v", len(profile), err)
	}
	goCommand, err := exec.LookPath("go")
	if !torture() || err != nil {
		return
	}
	file := filepath.Join(t.TempDir(), "cpu.pprof")
	if err := os.WriteFile(file, profile, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(goCommand, "tool", "pprof", "-raw", "-symbolize=none", file)
	cmd.Env = append(os.Environ(), "GOGC=100")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go tool pprof: %v\n%s", err, out)
	}
	_, raw, ok := strings.Cut(string(out), "cpu/nanoseconds\n")
	lines, locations, located := strings.Cut(raw, "Locations\n")
	if !ok || !located {
		t.Fatalf("go tool pprof -raw says\n%s", out)
	}
	total := 0
	for line := range strings.Lines(lines) {
		count, _, _ := strings.Cut(strings.TrimSpace(line), " ")
		c, err := strconv.Atoi(count)
		if err != nil {
			continue // a label
		}
		total += c
	}
	if total == 0 {
		t.Errorf("a CPU profile without a sample:\n%s", out)
	}
	if body := regexp.MustCompile(`(?m)^.* (exit|park|drive|serve|spawn|join|\w+(Pass|Take)|nop) \S*raw_linux_\w+\.s.*$`).FindString(locations); body != "" {
		t.Errorf("a CPU profile with a sample of a raw thread: %s", body)
	}
	counted(t, "%d samples in a CPU profile with %d raw threads alive, none of a raw thread", total, n)
}

// TestExec starts other programs while 1,000 threads are alive, 5,000 under
// torture.
func TestExec(t *testing.T) {
	leaveNothing(t)
	n, programs := tortured(1000, 5000), tortured(10, 50)
	needRoom(t, n)
	h := made(t, n, LeastStack(0), 0)
	for range programs {
		if out, err := self(t, "-test.run=^$").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if raw, _ := Alive(); raw != n || !distinct(h.TIDs()) {
		t.Errorf("%d threads, want %d", raw, n)
	}
	counted(t, "%d programs started with %d raw threads alive", programs, n)
}

// TestEnd: a process ends as it is to end, whatever its raw threads are at.
func TestEnd(t *testing.T) {
	ends := []struct {
		name string
		end  func() error
		is   func(syscall.WaitStatus) bool
	}{
		{"exit", func() error { os.Exit(7); return nil }, func(s syscall.WaitStatus) bool { return s.ExitStatus() == 7 }},
		{"panic", func() error { go panic("the end"); select {} }, func(s syscall.WaitStatus) bool { return s.ExitStatus() == 2 }},
		{"signal", func() error { unix.Kill(os.Getpid(), unix.SIGTERM); select {} }, func(s syscall.WaitStatus) bool { return s.Signal() == unix.SIGTERM }},
		{"exec", func() error { return unix.Exec("/bin/sh", []string{"sh", "-c", "exit 9"}, nil) }, func(s syscall.WaitStatus) bool { return s.ExitStatus() == 9 }},
	}
	pair := func(op Op) func() { return func() { d, err := NewPair(op); midTurn(t, newDriverOf(t, d, err)) } }
	states := []struct {
		name string
		set  func()
	}{
		{"parked", func() {
			n := tortured(1000, 9000)
			needRoom(t, n)
			made(t, n, LeastStack(0), 0)
			fmt.Printf("%s%d raw threads parked\n", countedPrefix, n)
		}},
		{"spinning", func() {
			h, err := NewHogs()
			if err == nil {
				err = h.Make(2)
			}
			if err != nil {
				t.Fatal(err)
			}
			h.Wait()
			fmt.Printf("%s2 raw threads spinning\n", countedPrefix)
		}},
		{"futex", pair(Futex)},
		{"pipe", pair(Pipe)},
		{"yield", pair(Yield)},
		{"creator", func() { d, err := NewCreator(10); midTurn(t, newDriverOf(t, d, err)) }},
	}
	for _, state := range states {
		for _, end := range ends {
			name := state.name + "/" + end.name
			if role() == name {
				state.set()
				err := end.end()
				if errors.Is(err, os.ErrNotExist) {
					fmt.Printf("%sneeds a shell: %v\n", skipPrefix, err)
				}
				os.Exit(3)
			}
			if role() != "" {
				continue
			}
			t.Run(name, func(t *testing.T) {
				out, err := inRole(t, name)
				if _, reason, skipped := strings.Cut(out, skipPrefix); skipped {
					t.Skip(reason)
				}
				var exit *exec.ExitError
				if !errors.As(err, &exit) || !end.is(exit.Sys().(syscall.WaitStatus)) {
					t.Errorf("it ended with %v\n%s", err, out)
				}
				if _, what, told := strings.Cut(out, countedPrefix); told {
					what, _, _ = strings.Cut(what, "\n")
					t.Log(countedPrefix + what + " when the process ended")
				}
			})
		}
	}
}

// midTurn gives a driver a turn without end and sees it begin.
func midTurn(t *testing.T, d *Driver) {
	go d.Run(1<<50, 0)
	eventually(t, "the driver is in its turn", func() bool { return atomic.LoadUint64(&d.driver.control.calls) > 50 })
}

// wantRefused checks that a step was refused for want of something.
func wantRefused(t *testing.T, err error, step string, errno unix.Errno, alive int) {
	t.Helper()
	var start *StartError
	if !errors.As(err, &start) || start.Step != step || !errors.Is(err, errno) {
		t.Fatalf("got %v, want a *StartError of %s: %v", err, step, errno)
	}
	if start.Alive != alive {
		t.Errorf("%v: want %d alive", err, alive)
	}
}

// TestPIDsRefused fills a control group with threads until the kernel refuses
// one, and goes on at that limit.
func TestPIDsRefused(t *testing.T) {
	if dir := role(); dir != "" {
		refusedAt(t, "pids.max", func() {
			set(t, dir, "cgroup.procs", strconv.Itoa(os.Getpid()))
			set(t, dir, "pids.max", "150")
		})
		return
	}
	dir := newGroup(t, ownGroup(t, "pids"), "pids", "pids.max")
	passInRole(t, dir, "GOMAXPROCS=2")
}

// TestUserRefused does the same as a user whom RLIMIT_NPROC binds and who has
// no other process.
func TestUserRefused(t *testing.T) {
	if role() != "" {
		refusedAt(t, "RLIMIT_NPROC", func() {
			if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: 150, Max: 150}); err != nil {
				t.Fatal(err)
			}
		})
		return
	}
	needRoot(t)
	cmd := commandInRole(t, "unprivileged", "GOMAXPROCS=2")
	if os.Getenv(emulatorEnv) != "" {
		t.Skip("needs a system that runs this binary: an emulator can't read it as another user")
	}
	// The directory of a test binary is its owner's alone.
	cmd.Path, cmd.Dir = "/proc/self/exe", "/"
	id := uint32(1<<30 + os.Getpid())
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: id}}
	pass(t, cmd)
}

// refusedAt is what both do in a process of their own, once it is limited to
// 150 threads by what has that name.
func refusedAt(t *testing.T, name string, limit func()) {
	leaveNothing(t)
	idle(30)
	limit()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mask := func() (set unix.Sigset_t) {
		if err := unix.PthreadSigmask(unix.SIG_BLOCK, nil, &set); err != nil {
			t.Fatal(err)
		}
		return set
	}

	// Fill it up, twice: the second time the herd's Wait begins when its last
	// threads have yet to arrive.
	before := mask()
	room, fills := 0, 20
	if brief() {
		fills = 5
	}
	for range fills {
		h, err := NewHerd(LeastStack(0), 0)
		if err != nil {
			t.Fatal(err)
		}
		err = h.Make(1000)
		room = len(h.members)
		wantRefused(t, err, "clone", unix.EAGAIN, room)
		h.Wait()
		if tids := h.TIDs(); room < 50 || !distinct(tids) {
			t.Errorf("%d threads made: %d", room, tids)
		}
		if n, l, err := Headroom(Need{Threads: 1}); n != 0 || l.Name != name {
			t.Errorf("with no thread to be had, Headroom = %d, %+v, %v; want 0 by %s", n, l, err, name)
		}
		if err := h.Make(1); err == nil {
			t.Error("one more could be made")
		}
		h.Wait()
		h.Release()
		h.Join()
	}
	if after := mask(); after != before {
		t.Errorf("the creator's mask is %x after refusals, was %x", after.Val, before.Val)
	}
	if raw, mappings := Alive(); raw != 0 || mappings != 0 {
		t.Errorf("Alive() = %d, %d", raw, mappings)
	}

	// All but one slot taken: a join returns before that one is free again.
	h := made(t, room-1, LeastStack(0), 0)
	last, err := newThread(pcs.exit, LeastStack(0))
	if err != nil {
		t.Fatal(err)
	}
	joins, late := tortured(1000, 10_000), 0
	for i := range joins {
		if result := clone(last.control); result > 0 {
			alive.Add(1)
		} else if late++; result != -int(unix.EAGAIN) {
			t.Fatal(unix.Errno(-result))
		} else if err := last.start(); err != nil {
			t.Fatalf("after %d joins: %v", i, err)
		}
		last.join()
	}
	last.mapping.unmap()
	counted(t, "%d times a thread refused beside %d by %s; %d made and joined one by one in the last slot, %d of them refused at first and made within %v",
		fills, room, name, joins, late, lateSlot)

	// A pair that finds one slot leaves no peer behind.
	if _, err := NewPair(Futex); err == nil {
		t.Error("a pair was made in one slot")
	} else {
		wantRefused(t, err, "clone", unix.EAGAIN, room)
	}

	// A creator in the last slot finds none for its threads, says so, and
	// goes on when there are some.
	creator, err := NewCreator(5)
	d := newDriverOf(t, creator, err)
	defer d.Close()
	if timing, err := d.Run(10, 0); !errors.Is(err, unix.EAGAIN) {
		t.Errorf("Run = %+v, %v; want EAGAIN", timing, err)
	}
	h.Release()
	h.Join()
	eventually(t, "the slots are free", func() bool {
		timing, err := d.Run(10, 0)
		return err == nil && timing.Spawned == 10
	})
}

var heap atomic.Pointer[[32 << 20]byte]

// TestMemoryRefused takes from a process the memory to map stacks in.
func TestMemoryRefused(t *testing.T) {
	if role() == "" {
		passInRole(t, "starved", "GOGC=off")
		return
	}
	leaveNothing(t)
	// The runtime would not survive a refusal: it gets its threads and its
	// heap beforehand.
	idle(10)
	heap.Store(new([32 << 20]byte))
	heap.Store(nil)
	runtime.GC()
	const room = 64 << 20
	limit := func(bytes uint64) {
		var r unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_AS, &r); err != nil {
			t.Fatal(err)
		}
		r.Cur = min(bytes, r.Max)
		if err := unix.Setrlimit(unix.RLIMIT_AS, &r); err != nil {
			t.Fatal(err)
		}
	}
	size, err := strconv.ParseUint(strings.TrimSuffix(statusOf(t, os.Getpid(), "VmSize"), " kB"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	limit(size<<10 + room)
	defer limit(unix.RLIM_INFINITY)
	if m, err := mapMemory(2 * room); err == nil {
		m.unmap()
		skipRole(t, "needs a system that obeys RLIMIT_AS")
	}

	h, err := NewHerd(2*room, 0)
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, h.Make(1), "mmap", unix.ENOMEM, 0)
	h.Wait()
	h.Join()

	// Refused half-way: Wait is for those that were made.
	for range 100 {
		h, err := NewHerd(room/8, 0)
		if err != nil {
			t.Fatal(err)
		}
		err = h.Make(1000)
		n := len(h.members)
		wantRefused(t, err, "mmap", unix.ENOMEM, n)
		h.Wait()
		if n < 2 || !distinct(h.TIDs()) {
			t.Errorf("%d made: %d", n, h.TIDs())
		}
		h.Release()
		h.Join()
	}

	// The array of a creator's threads, and the stack of one of them.
	for _, batch := range []int{2 * room / 8, room / LeastStack(0)} {
		_, err := NewCreator(batch)
		wantRefused(t, err, "mmap", unix.ENOMEM, 0)
	}

	// With room for no, one, or two small stacks: nothing of a pair stays.
	for stacks := range 3 {
		runtime.LockOSThread()
		var all []mapping
		each := uintptr(LeastStack(0) + pageBytes)
		for size := each; size > 0; {
			m, err := mapMemory(size)
			if err != nil {
				size = size / 2 / each * each
				continue
			}
			if all = append(all, m); len(all) == 2 {
				size = room
			}
		}
		for _, m := range all[:stacks] {
			m.unmap()
		}
		all = all[stacks:]
		d, err := NewPair(Futex)
		for _, m := range all {
			m.unmap()
		}
		runtime.UnlockOSThread()
		if stacks < 2 {
			wantRefused(t, err, "mmap", unix.ENOMEM, 0)
			continue
		}
		run(t, newDriverOf(t, d, err), 10, 0)
		d.Close()
	}
}

// sanitizer is the flag by which this binary was built with one, "" if it
// wasn't.
func sanitizer() string {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Value == "true" && slices.Contains([]string{"-race", "-asan", "-msan"}, s.Key) {
			return s.Key
		}
	}
	return ""
}

// TestMapsRefused: one map more than vm.max_map_count is refused, and what
// was mapped can be unmapped at that limit.
func TestMapsRefused(t *testing.T) {
	content, err := os.ReadFile("/proc/sys/vm/max_map_count")
	if err != nil {
		t.Skipf("needs vm.max_map_count: %v", err)
	}
	limit, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	if limit > 1<<17 {
		t.Skipf("needs a vm.max_map_count of at most %d, or it takes gigabytes: it is %d", 1<<17, limit)
	}
	if role() == "" {
		if brief() {
			t.Skip("needs a second or two: not in short mode")
		}
		if tool := sanitizer(); tool != "" {
			t.Skipf("needs a runtime that may be refused a map for a moment: that of %s ends the process", tool)
		}
		passInRole(t, "at the limit", "GOGC=off")
		return
	}
	leaveNothing(t)
	idle(10)
	var all []thread
	for {
		var th thread
		if th, err = newThread(pcs.exit, LeastStack(0)); err != nil {
			break
		}
		all = append(all, th)
	}
	// At once, so that the Go runtime finds a map for itself when it wants one.
	const spared = 500
	reached := len(all)
	for _, th := range all[reached-spared:] {
		th.mapping.unmap()
	}
	all = all[:reached-spared]
	var start *StartError
	if !errors.As(err, &start) || !errors.Is(err, unix.ENOMEM) || start.Step != "mmap" && start.Step != "mprotect" || !strings.Contains(err.Error(), "vm.max_map_count") {
		t.Errorf("got %v, want ENOMEM of mmap or mprotect, and vm.max_map_count named", err)
	}
	if n := MapsPerThread * reached; n > limit || n < limit-1000 {
		t.Errorf("%d threads mapped, with %d maps each and a limit of %d", reached, MapsPerThread, limit)
	}
	counted(t, "%d stacks mapped until vm.max_map_count %d: %v", reached, limit, err)

	// A little below, the look-up refuses before the kernel does.
	need := Need{Threads: 2 * spared, MapsPerThread: MapsPerThread}
	n, l, err := Headroom(need)
	if err != nil || l.Name != "vm.max_map_count" || n < spared/2 || n > spared+spare {
		t.Errorf("Headroom = %d, %+v, %v; want about %d by vm.max_map_count", n, l, err, spared)
	}
	counted(t, "Headroom there: %v", &LimitError{Limit: l, Wanted: need.Threads})

	// Every second one, so that nothing merges.
	for i := 0; i < len(all); i += 2 {
		all[i].mapping.unmap()
	}
	for i := 1; i < len(all); i += 2 {
		all[i].mapping.unmap()
	}
}

// TestDescriptorsRefused takes from a process the descriptors for its pipes.
func TestDescriptorsRefused(t *testing.T) {
	if role() == "" {
		passInRole(t, "without descriptors")
		return
	}
	leaveNothing(t)
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		need int
		open func() (io.Closer, error)
	}{
		{"pair", 4, func() (io.Closer, error) { return NewPair(Pipe) }},
		{"floor", 2, func() (io.Closer, error) { return NewFloor(Pipe) }},
		{"link", 4, func() (io.Closer, error) { return NewPipeLink() }},
		{"polled link", 4, func() (io.Closer, error) { return goroutines.NewPipe() }},
	} {
		for free := range test.need + 1 {
			var spare []int
			for {
				fd, err := unix.FcntlInt(0, unix.F_DUPFD_CLOEXEC, 0)
				if err != nil {
					break
				}
				spare = append(spare, fd)
			}
			for _, fd := range spare[len(spare)-free:] {
				unix.Close(fd)
			}
			before := takeCensus()
			c, err := test.open()
			if left := takeCensus(); err != nil && !maps.Equal(left.files, before.files) {
				t.Errorf("%s with %d descriptors left %v of %v", test.name, free, left.files, before.files)
			}
			for _, fd := range spare[:len(spare)-free] {
				unix.Close(fd)
			}
			switch {
			case free == test.need:
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
			case !strings.HasSuffix(test.name, "link"):
				wantRefused(t, err, "pipe2", unix.EMFILE, 0)
			case !errors.Is(err, unix.EMFILE):
				t.Errorf("%s with %d descriptors: %v, want EMFILE", test.name, free, err)
			}
			// Standard input is the one that a careless clean-up would close.
			if _, err := unix.FcntlInt(0, unix.F_GETFD, 0); err != nil {
				t.Fatalf("%s with %d descriptors closed descriptor 0: %v", test.name, free, err)
			}
		}
	}
}
