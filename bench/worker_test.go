package bench_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"threadbench/bench"
	"threadbench/bench/catalog"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// relayVariable makes this binary a relay between a coordinator and a worker. Its value
// is "NAME FILE": the relay writes a line with NAME into FILE for each turn.
const relayVariable = "THREADBENCH_TEST_RELAY"

// dyingVariable makes a worker die with a message as soon as it runs. With the value
// panic it dies with the stacks that the runtime prints.
const dyingVariable = "THREADBENCH_TEST_DYING"

func dieIfTold() {
	switch why := os.Getenv(dyingVariable); why {
	case "":
	case "panic":
		panic("told to")
	default:
		fmt.Fprintln(os.Stderr, why)
		os.Exit(3)
	}
}

// relay starts this binary again without relayVariable, passes its orders on, and
// returns its exit code.
func relay(to string) int {
	name, path, _ := strings.Cut(to, " ")
	log, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(os.Args[0], os.Args[1:]...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, relayVariable+"=") })
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		panic(err)
	}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	for orders := bufio.NewScanner(os.Stdin); orders.Scan(); {
		if strings.HasPrefix(orders.Text(), "run ") {
			fmt.Fprintln(log, name)
		}
		fmt.Fprintln(in, orders.Text())
	}
	in.Close()
	cmd.Wait()
	return cmd.ProcessState.ExitCode()
}

// here is the site that the tests measure at, and this binary.
func here(t *testing.T) (site measure.Site, program string) {
	t.Helper()
	site, err := measure.NewSite(-1)
	if err != nil {
		t.Fatal(err)
	}
	if program, err = os.Executable(); err != nil {
		t.Fatal(err)
	}
	return site, program
}

// raceEnabled reports whether this binary is built with the race detector.
var raceEnabled = func() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}()

// heavy says why TestCases doesn't run a case, or "" if it does.
func heavy(c measure.Case) string {
	depth := c.Name.Get("depth")
	switch {
	case c.Name.Family == "StackGrow" && depth != "4096" && depth != "262144":
		return "depths between two others"
	case c.Name.Family == "Scale" && c.N > 1000, c.Name.Family == "GC" && c.N != 1000:
		return "it holds thousands of tasks"
	case c.Name.Get("impl") == "locked" && c.Name.Get("mode") == "crossover":
		return "it takes seconds on a busy machine; the goroutine's and the raw threads' are as good"
	case c.Name.Family == "Block" && c.Name.Get("impl") != "floor" && c.N != 16 && c.N != 1000:
		return "fewer tasks than another case"
	case c.Name.Family == "Wakeup" && c.Name.Get("impl") == "locked" && c.Name.Get("load") != "idle":
		return "between a goroutine and a raw thread"
	case c.Name.Family == "Serve" && (c.N == 100 || c.N == 10_000):
		return "between two others, or thousands of connections"
	case c.Name.Family != "Stack":
	case raceEnabled:
		return "the race detector survives 8,128 goroutines"
	case testing.Short():
		return "it holds thousands of tasks"
	case depth != "0" && depth != "65536":
		return "depths between two others"
	}
	return ""
}

// TestCases opens every case in a worker of its own, measures once, and closes the
// case. Closing fails if a thread or a mapping is left.
func TestCases(t *testing.T) {
	site, program := here(t)
	for _, c := range bench.Families.Cases() {
		t.Run(c.Name.String(), func(t *testing.T) {
			if why := heavy(c); why != "" {
				t.Skip(why)
			}
			spec, err := c.Spec(program, site)
			skipOrFail(t, err)
			const n = 2000
			s := slice(t, spec, n)
			if c.Once == 0 && s.Ops < n {
				t.Errorf("%d ops done, %d asked for", s.Ops, n)
			}
			decides := catalog.Decides(c.Name)
			if inTime := slices.Contains(decides, "ns/op"); inTime != (s.Elapsed > 0) {
				t.Errorf("the ops took %v", s.Elapsed)
			}
			for _, w := range c.Evidence {
				if _, ok := s.Counts[w.Count]; !ok {
					t.Errorf("its evidence, %s, was not counted: %v", w.Count, s.Counts)
				}
				if w.Of != "" && s.Counts[w.Of] == 0 {
					t.Errorf("%s is to be a share of %s, of which none was counted: %v", w.Count, w.Of, s.Counts)
				}
			}
			figures := measure.Figures(s.Ops, s.Counts, s.Figures)
			for unit, x := range figures {
				if !slices.ContainsFunc(catalog.Units, func(u catalog.Unit) bool { return u.Name == unit }) {
					t.Errorf("it reports %v in the unknown unit %s", x, unit)
				}
			}
			for _, unit := range decides {
				if _, ok := figures[unit]; !ok && unit != "ns/op" {
					t.Errorf("it does not report %s", unit)
				}
			}
			proven(t, c, spec, s)
		})
	}
}

// slice measures a slice of n ops in a fresh process. Other programs decide some
// errors: they take CPU time from a hog, and disturb the times that find a
// crossover. slice then tries again, and skips the test if that doesn't help.
func slice(t *testing.T, spec lockstep.Spec, n int) lockstep.Slice {
	t.Helper()
	for try := 1; ; try++ {
		s, _, err := lockstep.Once(t.Context(), spec, n)
		busy := err != nil && slices.ContainsFunc([]string{"expected hog", "expected hand-offs that cost", "looking for the crossover"}, func(what string) bool {
			return strings.Contains(err.Error(), what)
		})
		switch {
		case !busy:
			skipOrFail(t, err)
			return s
		case try == 6:
			t.Skipf("the machine is too busy: %v", err)
		}
		t.Logf("once more, since others took the CPU: %v", err)
	}
}

// proven fails unless the evidence holds. Other processes can spoil a slice, so
// proven tries a few more. Two counts may be too high on a busy machine, and are
// passed over. An op that gives way to whoever wants the CPU, by a yield or by
// waiting for its peer, has more kernel switches. A traced worker has more system
// calls: a yield comes back without a hand-off, and the runtime's own threads make
// calls as time goes by.
func proven(t *testing.T, c measure.Case, spec lockstep.Spec, s lockstep.Slice) {
	t.Helper()
	passed := map[string]bool{
		"kernel-switches": c.Name.Get("via") == "yield" || c.CPUs == 2,
		"syscalls":        c.Name.Get("mode") == "traced",
	}
	proven, err := c.Check(s.Ops, s.Counts)
	for range 9 {
		var evidence *measure.EvidenceError
		if errors.As(err, &evidence) && passed[evidence.Evidence.Count] && evidence.Seen > evidence.Expected {
			t.Logf("on a busy machine: %v", err)
			return
		}
		if err == nil {
			break
		}
		t.Logf("once more, since the evidence does not hold: %v", err)
		s = slice(t, spec, s.Ops)
		proven, err = c.Check(s.Ops, s.Counts)
	}
	if err != nil || !proven {
		t.Errorf("the evidence is proven: %v, %v (counts %v)", proven, err, s.Counts)
	}
}

// skipOrFail ends the test on an error: a *lockstep.Skip skips it, any other fails it.
func skipOrFail(t *testing.T, err error) {
	t.Helper()
	var skip *lockstep.Skip
	if errors.As(err, &skip) {
		t.Skip(skip.Reason)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestStartStacks compares the goroutines that a starting program reports with the
// stacks that the runtime prints at the same moment. Both include the runtime's own.
func TestStartStacks(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector links cgo, with which the runtime counts a goroutine that it keeps for threads of C")
	}
	site, program := here(t)
	for _, name := range []string{"Start/impl=goroutine/procs=1", "Start/impl=goroutine/procs=4"} {
		c, _ := bench.Families.Lookup(name)
		spec, err := c.Spec(program, site)
		skipOrFail(t, err)
		s, _, err := lockstep.Once(context.Background(), spec, 1)
		skipOrFail(t, err)

		cmd := exec.Command(spec.Path)
		cmd.Env = append(spec.Env, dyingVariable+"=panic", "GOTRACEBACK=system")
		text, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(text), "panic: told to") {
			t.Fatalf("%s: told to panic: %v\n%.300s", name, err, text)
		}
		shown := len(regexp.MustCompile(`(?m)^goroutine [1-9]`).FindAll(text, -1))
		own := len(regexp.MustCompile(`(?m)^created by runtime\.`).FindAll(text, -1))
		users, runtimes := s.Figures["user-goroutines"], s.Figures["runtime-goroutines"]
		if float64(shown) != users+runtimes || float64(own) != runtimes || users != 1 {
			t.Errorf("%s: %v goroutines of the program and %v of the runtime; the runtime shows %d, of which it made %d itself", name, users, runtimes, shown, own)
		}
	}
}

// TestOnceIsOnce: a case that is measured once a process refuses a second time.
func TestOnceIsOnce(t *testing.T) {
	site, program := here(t)
	for _, name := range []string{"Create/impl=goroutine/mode=cold", "Create/impl=clone/mode=start", "Scale/impl=locked/n=10", "Switch/impl=clone/mode=stamped/via=futex/place=same"} {
		c, ok := bench.Families.Lookup(name)
		if !ok {
			t.Fatalf("no case %s", name)
		}
		t.Run(name, func(t *testing.T) {
			spec, err := c.Spec(program, site)
			skipOrFail(t, err)
			w, err := lockstep.Start(context.Background(), spec)
			skipOrFail(t, err)
			defer w.Kill()
			if _, err := w.Run(context.Background(), 1); err != nil {
				t.Fatal(err)
			}
			_, err = w.Run(context.Background(), 1)
			var worker *lockstep.WorkerError
			if !errors.As(err, &worker) || !strings.Contains(err.Error(), name+" is measured once a process") {
				t.Errorf("measuring once more: %v (%T), want a *WorkerError", err, err)
			}
		})
	}
}

// TestUnused closes each case without having measured anything.
func TestUnused(t *testing.T) {
	site, program := here(t)
	for _, c := range bench.Families.Cases() {
		t.Run(c.Name.String(), func(t *testing.T) {
			spec, err := c.Spec(program, site)
			skipOrFail(t, err)
			w, err := lockstep.Start(context.Background(), spec)
			skipOrFail(t, err)
			if err := w.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNoSuchCase asks a worker for a case that its build doesn't have. A base may lack
// a case of its head.
func TestNoSuchCase(t *testing.T) {
	site, program := here(t)
	c, err := catalog.ParseName("Switch/impl=clone/via=futex/place=nowhere")
	if err != nil {
		t.Fatal(err)
	}
	spec, err := measure.Case{Name: c}.Spec(program, site)
	if err != nil {
		t.Fatal(err)
	}
	_, err = lockstep.Start(context.Background(), spec)
	var skip *lockstep.Skip
	if want := "this build has no case " + c.String(); !errors.As(err, &skip) || skip.Reason != want {
		t.Errorf("Start = %v (%T), want a *Skip: %s", err, err, want)
	}
}

// TestPositions measures a real case against itself. In every window, each of the two
// runs first as often as second.
func TestPositions(t *testing.T) {
	site, program := here(t)
	const laps, windows = 4, 2
	for _, name := range []string{"Create/impl=goroutine/mode=reused", "Switch/impl=clone/via=pipe/place=same"} {
		c, ok := bench.Families.Lookup(name)
		if !ok {
			t.Fatalf("no case %s", name)
		}
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "turns")
			var specs []lockstep.Spec
			for _, twin := range []string{"a", "b"} {
				spec, err := c.Spec(program, site)
				skipOrFail(t, err)
				spec.Env = append(spec.Env, relayVariable+"="+twin+" "+log)
				specs = append(specs, spec)
			}
			results, err := lockstep.Measure(context.Background(), specs, lockstep.Plan{Slice: time.Millisecond, Laps: laps, Windows: windows})
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range results {
				skipOrFail(t, r.Err)
				if len(r.Windows) != windows || slices.Min(r.Windows) <= 0 || r.Ops < laps*windows || r.Counts["kernel-switches"] < 0 {
					t.Errorf("twin %d measured %+v", i, r)
				}
			}
			text, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			turns := strings.Fields(string(text))
			turns = turns[len(turns)-2*laps*windows:] // the turns before are calibration
			for w := range windows {
				first := map[string]int{}
				for lap := range laps {
					first[turns[2*(w*laps+lap)]]++
				}
				if d := cmp.Diff(map[string]int{"a": laps / 2, "b": laps / 2}, first); d != "" {
					t.Errorf("window %d: how often each stood first (-want +got):\n%s", w, d)
				}
			}
		})
	}
}

// TestEndOfInput ends the input of workers that have had no order.
func TestEndOfInput(t *testing.T) {
	site, program := here(t)
	for _, name := range []string{"Create/impl=goroutine/mode=reused", "Create/impl=locked/mode=cold"} {
		c, ok := bench.Families.Lookup(name)
		if !ok {
			t.Fatalf("no case %s", name)
		}
		spec, err := c.Spec(program, site)
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(spec.Path)
		cmd.Env = spec.Env
		cmd.Stdin = strings.NewReader("")
		text, err := cmd.CombinedOutput()
		if want := "ready\nclosed\n"; err != nil || string(text) != want {
			t.Errorf("%s without orders: %v, said %q, want %q", name, err, text, want)
		}
	}
}
