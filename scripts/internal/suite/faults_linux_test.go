package suite

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"threadbench/scripts/internal/results"
)

// fail is a worker that fails as the faults say for its case, in lines "CASE
// HOW". For any other case it becomes the real worker. If HOW begins with
// "first " or "second ", only the first or second process of that case fails.
func fail(faults string) int {
	name := os.Getenv("THREADBENCH_WORKER")
	for line := range strings.Lines(faults) {
		of, how, _ := strings.Cut(strings.TrimSpace(line), " ")
		if of != name {
			continue
		}
		if which, rest, ok := strings.Cut(how, " "); ok {
			if ordinal(name) != which {
				break
			}
			how = rest
		}
		return failures[how]()
	}
	panic(syscall.Exec(filepath.Join(filepath.Dir(os.Args[0]), "real"), os.Args, os.Environ()))
}

// ordinal is which process of that case this is, of the first two.
func ordinal(name string) string {
	for _, which := range []string{"first", "second"} {
		mark := filepath.Join(filepath.Dir(os.Args[0]), which+"-"+strings.ReplaceAll(name, "/", "-"))
		f, err := os.OpenFile(mark, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if err == nil {
			f.Close()
			return which
		}
	}
	return "later"
}

var orders = bufio.NewReader(os.Stdin)

// await is the next order's number of ops; 0 is the order to close.
func await() (n int) {
	line, err := orders.ReadString('\n')
	if err != nil {
		os.Exit(0)
	}
	fmt.Sscanf(line, "run %d\n", &n)
	return n
}

// inSlice is a worker that fails in its 12th slice, and claims to have done the
// earlier ones.
func inSlice(failure func()) func() int {
	return func() int {
		fmt.Println("ready")
		for slice := 1; ; slice++ {
			n := await()
			if n == 0 {
				fmt.Println("closed")
				return 0
			}
			if slice >= 12 {
				failure()
				continue
			}
			fmt.Println("done", n, 1000*n)
		}
	}
}

// answering is a worker that claims to have done each op in that many
// nanoseconds, with that many threads.
func answering(nanoseconds, threads int) func() int {
	return func() int {
		fmt.Println("ready")
		for n := await(); n > 0; n = await() {
			fmt.Printf("done %d %d +threads=%d\n", n, nanoseconds*n, threads*n)
		}
		fmt.Println("closed")
		return 0
	}
}

func hang() { time.Sleep(time.Hour) }

// failures are the ways in which a worker fails. Other wrong answers are tested
// in package lockstep.
var failures = map[string]func() int{
	"exits-at-once": func() int { return 3 },
	"hangs-at-once": func() int { hang(); return 0 },
	"killed":        inSlice(func() { syscall.Kill(os.Getpid(), syscall.SIGKILL); hang() }),
	"hangs":         inSlice(hang),
	"complains":     inSlice(func() { fmt.Println("error no pipes: raise ulimit -n"); os.Exit(1) }),
	"leaves": func() int {
		fmt.Println("ready")
		for n := await(); n > 0; n = await() {
			fmt.Println("done", n, 1000*n)
		}
		fmt.Println("error left behind: 2 raw threads")
		return 1
	},
	"takes-1": answering(1000, 0),
	"takes-2": answering(2000, 1),
	"noisy": func() int { // a good one
		os.Stderr.WriteString(strings.Repeat("word ", 200_000))
		panic(syscall.Exec(filepath.Join(filepath.Dir(os.Args[0]), "real"), os.Args, os.Environ()))
	},
}

// A fault is how a case's worker fails, "" for not at all, and the expected
// reason or a part of it.
type fault struct{ how, reason string }

// withFaults makes the stand-in for the go command build workers that fail so,
// by case.
func withFaults(t *testing.T, faults map[string]fault) {
	t.Helper()
	var lines strings.Builder
	for name, f := range faults {
		if f.how != "" {
			fmt.Fprintln(&lines, name, f.how)
		}
	}
	t.Setenv(realVariable, os.Getenv(workerVariable))
	t.Setenv(workerVariable, filepath.Join(tools(t), "run"))
	t.Setenv(faultVariable, lines.String())
}

// failedNotes are the reasons of the rows that failed, by name.
func failedNotes(f *results.File) map[string]string {
	reasons := map[string]string{}
	for _, n := range f.Notes {
		if n.Kind == "failed" {
			reasons[n.FullName] = n.Reason
		}
	}
	return reasons
}

// TestFailingWorkers makes a run of two rounds in which most workers fail, each
// in another way. Each failure is named, has no figure, and spoils no other
// figure. A worker that fails once has the other round's figure.
func TestFailingWorkers(t *testing.T) {
	s := newSession(t)
	want := map[string]fault{
		"Create/impl=locked/mode=inplace":              {"killed", "the worker died: signal: killed"},
		"Create/impl=clone/mode=reused":                {"first killed", "the worker died: signal: killed"},
		"Create/impl=clone/mode=burst":                 {"leaves", "left behind: 2 raw threads"},
		"Create/impl=clone/mode=start":                 {"exits-at-once", "the worker died: exit status 3"},
		"Create/impl=goroutine/mode=burst":             {"complains", "no pipes: raise ulimit -n"},
		"Switch/impl=floor/via=pipe/place=same":        {"hangs", "the worker hung: no answer within 5s"},
		"Switch/impl=goroutine/via=yield/place=same":   {"second killed", "measured once more, for x-self: the worker died: signal: killed"},
		"Switch/impl=goroutine/via=channel/place=same": {"noisy", ""},
		"Create/impl=goroutine/mode=reused":            {"", ""},
		"Create/impl=goroutine/mode=start":             {"", ""},
	}
	none := map[string]bool{"killed": true, "leaves": true, "exits-at-once": true, "complains": true, "hangs": true}
	withFaults(t, want)
	path := filepath.Join(s.dir, "o.txt")
	cmd := s.run("", "-profile", "full", "-bench", "^Benchmark("+strings.Join(slices.Sorted(maps.Keys(want)), "|")+")$", "-rounds", "2", "-patience", "5s", "-o", path)
	cmd.Run()
	stdout, stderr := written(cmd)
	s.clean()
	f, err := results.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; the run says %s", err, stderr)
	}
	said := failedNotes(f)
	var unmeasured []string
	for name, w := range want {
		if reason := said[name]; !strings.Contains(reason, w.reason) || w.reason == "" && reason != "" || len(reason) > 600 {
			t.Errorf("%s, whose worker is %q, failed for %q, want %q", name, w.how, reason, w.reason)
		}
		runs := 2
		switch {
		case none[w.how]:
			runs = 0
			unmeasured = append(unmeasured, "Benchmark"+name)
		case w.how == "first killed":
			runs = 1
		}
		row := f.Row(name)
		if row == nil && runs > 0 || row != nil && len(row.Runs) != runs {
			t.Errorf("%s, whose worker is %q: %+v, want %d figures", name, w.how, row, runs)
		}
		if w.how == "second killed" && row != nil && len(row.Values(results.SelfFactor)) != 1 {
			t.Errorf("%s has the factors %v of itself, want the second round's", name, row.Values(results.SelfFactor))
		}
		if w.reason != "" && !strings.Contains(unwrapped(stdout), "failed: Benchmark"+name+": ") {
			t.Errorf("the table does not name %s", name)
		}
	}
	if !strings.Contains(unwrapped(stdout), "the worker died: signal: killed (in 1 of 2 rounds)") {
		t.Errorf("the table does not say what failed once:\n%s", stdout)
	}
	_, list, _ := strings.Cut(stderr, "run: no figure for ")
	list, _, ok := strings.Cut(list, ": failed in every round; the notes say why")
	got := strings.Split(list, ", ")
	slices.Sort(got)
	slices.Sort(unmeasured)
	if code := cmd.ProcessState.ExitCode(); code != 2 || !ok || !slices.Equal(got, unmeasured) {
		t.Errorf("exit code %d, want 2; without a figure are %v, want %v", code, got, unmeasured)
	}
}

// TestFailingAtOnce has the first worker fail, which is asked for the head of
// the results. Then there is no file.
func TestFailingAtOnce(t *testing.T) {
	for how, want := range map[string]string{
		"exits-at-once": "run: asking the worker for its configuration: exit status 3",
		"hangs-at-once": "run: asking the worker for its configuration: no answer within 1s",
	} {
		t.Run(how, func(t *testing.T) {
			s := newSession(t)
			withFaults(t, map[string]fault{"head": {how: how}})
			path := filepath.Join(s.dir, "o.txt")
			s.fail(s.run("", "-bench", brief, "-patience", "1s", "-o", path), want)
			if exists(path) {
				t.Error("there is a file")
			}
		})
	}
}

// TestBelowATest starts this binary without saying what it should be, alone and
// as the worker of a run. It must not run the tests or be a run: either would
// start such a process again.
func TestBelowATest(t *testing.T) {
	s := newSession(t)
	const want = "exit status 97: a process of a test's, which was not told what to be"
	text, err := exec.Command(filepath.Join(tools(t), "run")).CombinedOutput()
	if got := fmt.Sprintf("%v: %s", err, bytes.TrimSpace(text)); got != want {
		t.Errorf("alone: %s", got)
	}
	t.Setenv(workerVariable, filepath.Join(tools(t), "run"))
	// Under the race detector this binary is one, too.
	s.fail(s.run("", "-allow", "race", "-bench", brief, "-o", filepath.Join(s.dir, "o.txt")), "run: asking the worker for its configuration: "+want+"\n")
}

// TestInterruptedHanging interrupts a run whose worker ignores everything. The
// run doesn't wait for it.
func TestInterruptedHanging(t *testing.T) {
	s := newSession(t)
	withFaults(t, map[string]fault{brief: {how: "hangs-at-once"}})
	path := filepath.Join(s.dir, "o.txt")
	cmd := s.run("", "-bench", brief, "-rounds", "3", "-patience", "1h", "-o", path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.eventually("the worker hangs", func() bool { return exists(path) && len(s.workers()) > 0 })
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	_, stderr := written(cmd)
	if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(stderr, "run: stopped by a signal (interrupt) after 0 of 3 rounds; go on with -resume ") {
		t.Errorf("exit code %d, want 2 and how to go on: %s", code, stderr)
	}
	s.clean()
}
