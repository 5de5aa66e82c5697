//go:build linux && (amd64 || arm64)

package threads

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

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

// TestStorm keeps 1,000 threads alive, pairs at work and threads being made and
// joined. Meanwhile the process gets signals that Go handles, the garbage
// collector runs without a break and a CPU profile is taken. Under torture there
// are 9,000 threads and 200,000 signals.
func TestStorm(t *testing.T) {
	if role() == "" {
		passInRole(t, "bombarded", "GOGC=1")
		return
	}
	leaveNothing(t)
	signals := []syscall.Signal{unix.SIGURG, unix.SIGINT, unix.SIGTERM, unix.SIGUSR1}
	handled := map[os.Signal]*atomic.Int64{}
	// The handlers stay: a late signal without a handler would end the
	// process.
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
		h, err := NewSet(LeastStack(0), 0)
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
// parses, has samples, and none of a raw thread, where SIGPROF is blocked. The
// go command parses it, so without a go command, or without torture, the samples
// stay unread.
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

// TestEnd: a process ends as it should, whatever its raw threads are doing.
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
