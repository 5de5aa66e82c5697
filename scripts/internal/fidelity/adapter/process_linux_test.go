package main

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

const (
	fakeVariable    = "THREADBENCH_TEST_JUDGE"   // set, this binary is a judge of that kind
	adapterVariable = "THREADBENCH_TEST_ADAPTER" // set, it is the adapter
)

func TestMain(m *testing.M) {
	if os.Getenv(adapterVariable) != "" && len(os.Args) > 1 && os.Args[1] == "-cpus" {
		main()
	}
	if kind := os.Getenv(fakeVariable); kind != "" {
		os.Exit(fake(kind, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// fake is a judge OPS BATCHES whose k-th line says 1000 + k/1000 ns/op. What is
// wrong with it shows only when it runs for ever, so that the pilot run works.
func fake(kind string, args []string) int {
	ops, _ := strconv.Atoi(args[0])
	batches, _ := strconv.Atoi(args[1])
	if kind == "no pilot" {
		fmt.Fprintln(os.Stderr, "no room for threads")
		return 4
	}
	for k := 0; batches == 0 || k < batches; k++ {
		if batches == 0 && k >= 4 { // the line may fall into a stop, which drops it
			switch kind {
			case "dies":
				return 3
			case "complains":
				fmt.Fprintln(os.Stderr, "no room for threads")
				return 3
			case "killed":
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
			case "early":
				return 0
			case "words":
				fmt.Println("all is well")
			case "no time":
				fmt.Println(ops, "0 ns/op")
			case "endless line":
				for {
					fmt.Print(strings.Repeat("x", 4096))
				}
			case "silent":
				time.Sleep(time.Hour)
			}
		}
		fmt.Printf("%d %.3f ns/op\n", ops, 1000+float64(k)/1000)
		if kind != "flood" {
			time.Sleep(time.Millisecond)
		}
	}
	return 0
}

// line is the k that the slice of a single batch came from.
func line(t *testing.T, s lockstep.Slice) int {
	t.Helper()
	return int(math.Round((float64(s.Elapsed)/float64(s.Ops) - 1000) * 1000))
}

// faked is the adapter's arm of a fake judge, on a thread of the test's own.
func faked(t *testing.T, kind, way string) (lockstep.Arm, error) {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	t.Setenv(fakeVariable, kind)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return open([]string{"-cpus", somewhere(t), "-for", "1.5ms", way, "c", self})
}

func somewhere(t *testing.T) string {
	t.Helper()
	site, err := measure.NewSite(-1)
	if err != nil {
		t.Fatal(err)
	}
	return strconv.Itoa(site.CPU)
}

// state is that of a process, as proc_pid_stat(5) has it.
func state(t *testing.T, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return rest[:1]
}

// pending is how many bytes can be read.
func pending(t *testing.T, pipe *os.File) (n int) {
	t.Helper()
	conn, err := pipe.SyscallConn()
	if err == nil {
		conn.Control(func(fd uintptr) { n, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestTurns(t *testing.T) {
	for _, kind := range []string{"steady", "flood"} {
		t.Run(kind, func(t *testing.T) {
			arm, err := faked(t, kind, "turns")
			if err != nil {
				t.Fatal(err)
			}
			p := arm.(*turns).process
			last := 0 // line of the last turn; the first line was dropped when the judge was opened
			for turn := range 20 {
				if got := state(t, p.cmd.Process.Pid); got != "T" {
					t.Fatalf("before turn %d the judge is in state %s, want T, stopped", turn, got)
				}
				if n := pending(t, p.out); n != 0 {
					t.Fatalf("before turn %d there were %d bytes to read from before the stop", turn, n)
				}
				batches := 1 + turn%2*2
				s, err := arm.Run(batches * 1500)
				if err != nil {
					t.Fatal(err)
				}
				if s.Ops != batches*1500 {
					t.Errorf("turn %d took %d ops, want %d", turn, s.Ops, batches*1500)
				}
				// The process was measuring the line after the last one taken
				// during the stop.
				if k := line(t, s); k-batches/2 < last+2 {
					t.Errorf("turn %d took lines around %d, the turn before ended with line %d", turn, k, last)
				} else {
					last = k + batches/2
				}
			}
			if err := arm.Close(); err != nil {
				t.Error(err)
			}
			if !lockstep.Gone(p.cmd.Process.Pid) {
				t.Error("after Close the judge lives on")
			}
		})
	}
}

// TestTurnsFewer asks for less than a batch.
func TestTurnsFewer(t *testing.T) {
	arm, err := faked(t, "steady", "turns")
	if err != nil {
		t.Fatal(err)
	}
	defer arm.Close()
	if s, err := arm.Run(1); err != nil || s.Ops != 1500 {
		t.Errorf("of one op: %+v, %v; want one batch of 1500", s, err)
	}
}

// TestBadJudges runs judges that fail after some batches.
func TestBadJudges(t *testing.T) {
	was := patience
	patience = 2 * time.Second
	defer func() { patience = was }()
	for kind, says := range map[string]string{
		// A line that a stop interrupts is not among the results.
		"dies":         "ended early: exit status 3, after ",
		"complains":    `no room for threads"`,
		"killed":       "ended early: signal: killed, after ",
		"early":        "ended early: exit status 0, after ",
		"words":        `printed nonsense: "all is well": parsing iteration count`,
		"no time":      `printed nonsense: "1500 0 ns/op": want one op or more`,
		"endless line": "want a line that ends",
		"silent":       `printed no result within 2s; before that "1500 1000.00`, // which line, the stops decide
	} {
		t.Run(kind, func(t *testing.T) {
			arm, err := faked(t, kind, "turns")
			pid := 0
			for err == nil {
				pid = arm.(*turns).cmd.Process.Pid
				if _, err = arm.Run(1); err == nil && arm.(*turns).batches > 100 {
					t.Fatal("it goes on")
				}
			}
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%v, want %q", err, says)
			}
			if arm != nil {
				arm.Close()
			}
			if pid != 0 && !lockstep.Gone(pid) {
				t.Error("the judge lives on")
			}
		})
	}
	t.Run("no pilot", func(t *testing.T) {
		for _, way := range []string{"turns", "whole"} {
			if _, err := faked(t, "no pilot", way); err == nil || !strings.Contains(err.Error(), "failed: exit status 4; it said \"no room for threads\"") {
				t.Errorf("%s: %v", way, err)
			}
		}
	})
}

func TestWhole(t *testing.T) {
	arm, err := faked(t, "steady", "whole")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ n, want int }{{1, 1500}, {2000, 1500}, {4000, 4500}} {
		if s, err := arm.Run(test.n); err != nil || s.Ops != test.want || line(t, s) != 0 {
			t.Errorf("of %d ops: %+v, %v; want the first batch of a process, of %d", test.n, s, err, test.want)
		}
	}
	if err := arm.Close(); err != nil {
		t.Error(err)
	}
}

// TestNothingLeft ends an adapter in each way. Its judge ends with it.
func TestNothingLeft(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for how, end := range map[string]func(*exec.Cmd, interface{ Close() error }){
		"killed":           func(cmd *exec.Cmd, _ interface{ Close() error }) { cmd.Process.Kill() },
		"its input closed": func(_ *exec.Cmd, in interface{ Close() error }) { in.Close() },
	} {
		t.Run(how, func(t *testing.T) {
			cmd := exec.Command(self, "-cpus", somewhere(t), "-for", "1.5ms", "turns", "c", self)
			cmd.Env = append(os.Environ(), adapterVariable+"=1", fakeVariable+"=steady")
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer cmd.Wait()
			defer cmd.Process.Kill()
			answers := bufio.NewScanner(out)
			fmt.Fprintln(in, "run 1")
			for _, want := range []string{"ready", "done 1500 "} {
				if !answers.Scan() || !strings.HasPrefix(answers.Text(), want) {
					t.Fatalf("the adapter says %q, want %q", answers.Text(), want)
				}
			}
			judges := children(t, cmd.Process.Pid)
			if len(judges) != 1 {
				t.Fatalf("the adapter has the children %v, want one", judges)
			}
			end(cmd, in)
			for begin := time.Now(); !lockstep.Gone(judges[0]); time.Sleep(time.Millisecond) {
				if time.Since(begin) > time.Minute {
					t.Fatal("the judge lives on")
				}
			}
		})
	}
}

// children are the processes that the process has started.
func children(t *testing.T, of int) (pids []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil { // it has ended
			continue
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(of) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			if err != nil {
				t.Fatal(err)
			}
			pids = append(pids, pid)
		}
	}
	return pids
}

func TestOpen(t *testing.T) {
	for says, args := range map[string]string{
		"lacks -cpus, -for, turns or whole":     "",
		"lacks -cpus":                           "-for 1ms turns c x",
		"lacks -cpus, -for":                     "-cpus 0 turns c x",
		`"x" is no CPU`:                         "-cpus x -for 1ms turns c x",
		`"drum" is no kind of judge`:            "-cpus 0 -for 1ms turns drum x",
		"of kind c: it takes 1 arguments":       "-cpus 0 -for 1ms turns c",
		"of kind go: it takes 2 arguments":      "-cpus 0 -for 1ms turns go x",
		`"sideways" is neither turns nor whole`: "-cpus 0 -for 1ms sideways c x",
		"no such file or directory":             "-cpus 0 -for 1ms turns c /nowhere/prog",
		"sched_setaffinity to CPUs [4096]":      "-cpus 4096 -for 1ms turns c /bin/true",
		"ended without a result":                "-cpus 0 -for 1ms whole c /bin/true",
	} {
		runtime.LockOSThread()
		args = strings.Replace(args, "-cpus 0", "-cpus "+somewhere(t), 1)
		if _, err := open(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %q", args, err, says)
		}
		runtime.UnlockOSThread()
	}
	t.Setenv("PATH", "/nowhere")
	var skip *lockstep.Skip
	if _, err := open([]string{"-cpus", "0", "-for", "1ms", "whole", "perf"}); !errors.As(err, &skip) || !strings.Contains(err.Error(), "perf is not in PATH") {
		t.Errorf("without perf: %v", err)
	}
}
