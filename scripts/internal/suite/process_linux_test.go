package suite

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"threadbench/bench/catalog"
	"threadbench/bench/lockstep"
	"threadbench/scripts/internal/results"
	"threadbench/threads/cgroup"
)

// A session is where runs are made, each in a process of its own.
type session struct {
	*testing.T
	temp string // its folder for temporary files, empty at first
	root string // the module that is found
	dir  string // for results
}

// newSession makes runs with the stand-in for the go command.
func newSession(t *testing.T) *session {
	t.Helper()
	temp, root := withStandIn(t)
	return &session{t, temp, root, t.TempDir()}
}

// run is a run that is not started yet, prepared so.
func (s *session) run(how string, args ...string) *exec.Cmd {
	s.Helper()
	if flags := builtWith(); flags != "" && os.Getenv(faultVariable) != "" {
		args = append([]string{"-allow", flags}, args...) // the worker is this binary
	}
	cmd := exec.Command(filepath.Join(tools(s.T), "run"), args...)
	cmd.Env = append(os.Environ(), runVariable+"="+how)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // if the tests are killed
	cmd.Stdout, cmd.Stderr = new(bytes.Buffer), new(bytes.Buffer)
	return cmd
}

// builtWith are the flags that this binary is built with and run refuses.
func builtWith() string {
	info, _ := debug.ReadBuildInfo()
	var names []string
	for _, f := range catalog.BuildFlags(info.Settings) {
		if f.Distorts {
			names = append(names, f.Name)
		}
	}
	return strings.Join(names, ",")
}

// succeed makes a run that must end well, and answers its output.
func (s *session) succeed(cmd *exec.Cmd) (stdout, stderr string) {
	s.Helper()
	err := cmd.Run()
	stdout, stderr = written(cmd)
	if err != nil {
		s.Fatalf("run %q: %v\n%s%s", cmd.Args[1:], err, stdout, stderr)
	}
	s.clean()
	return stdout, stderr
}

// fail makes a run that must end with exit code 2 and a message with all these
// words.
func (s *session) fail(cmd *exec.Cmd, want ...string) (stderr string) {
	s.Helper()
	err := cmd.Run()
	_, stderr = written(cmd)
	for _, want := range want {
		if cmd.ProcessState.ExitCode() != 2 || !strings.Contains(stderr, want) {
			s.Errorf("run %q: %v, want exit code 2 and %q: %s", cmd.Args[1:], err, want, stderr)
		}
	}
	s.clean()
	return stderr
}

func written(cmd *exec.Cmd) (stdout, stderr string) {
	return cmd.Stdout.(*bytes.Buffer).String(), cmd.Stderr.(*bytes.Buffer).String()
}

// clean fails if a process or a temporary folder of a run is left.
func (s *session) clean() {
	s.Helper()
	if left := s.processes(); len(left) > 0 {
		s.Errorf("processes %v are left", left)
	}
	if left := s.folders(); len(left) > 0 {
		s.Errorf("temporary folders are left: %v", left)
	}
}

// folders are the temporary folders, except those whose process id now belongs
// to another program or thread: a later run will remove these.
func (s *session) folders() []string {
	s.Helper()
	return slices.DeleteFunc(entries(s.T, s.temp), func(name string) bool {
		id, _, _ := strings.Cut(strings.TrimPrefix(name, "threadbench-"), "-")
		pid, err := strconv.Atoi(id)
		return err == nil && !lockstep.Gone(pid)
	})
}

// workers are the processes whose program is in the temporary folder.
func (s *session) workers() []int {
	var pids []int
	links, _ := filepath.Glob("/proc/[1-9]*/exe")
	for _, link := range links {
		if program, err := os.Readlink(link); err == nil && strings.HasPrefix(program, s.temp+"/") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(link)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// processes are the processes of runs and what they have started. They all have
// the temporary folder in their environment, and no other process has.
func (s *session) processes() []int {
	var pids []int
	mark := []byte("TMPDIR=" + s.temp + "\x00")
	environs, _ := filepath.Glob("/proc/[1-9]*/environ")
	for _, path := range environs {
		if text, err := os.ReadFile(path); err == nil && bytes.Contains(text, mark) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// eventually waits for something that the system does in its own time.
func (s *session) eventually(what string, is func() bool) {
	s.Helper()
	for begin := time.Now(); !is(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > time.Minute {
			s.Fatalf("waited in vain until %s", what)
		}
	}
}

// read reads a results file and checks that each row is in each of that many
// rounds.
func (s *session) read(path string, rounds int) *results.File {
	s.Helper()
	f, err := results.ReadFile(path)
	if err != nil {
		s.Fatal(err)
	}
	if f.Rounds != rounds || f.Truncated {
		s.Errorf("%s holds %d rounds (truncated: %v), want %d whole ones", path, f.Rounds, f.Truncated, rounds)
	}
	for _, r := range f.Rows {
		for i, run := range r.Runs {
			if run.Round != i+1 {
				s.Errorf("%s: %s: line %d is of round %d", path, r.FullName, i, run.Round)
			}
		}
		if len(r.Runs) != rounds {
			s.Errorf("%s: %s has %d lines, want %d", path, r.FullName, len(r.Runs), rounds)
		}
	}
	return f
}

// names are the rows' full names.
func names(f *results.File) []string {
	var all []string
	for _, r := range f.Rows {
		all = append(all, r.FullName)
	}
	return all
}

// TestRun makes a run with the real go command, reads what it has written, and
// has the table printed in each format.
func TestRun(t *testing.T) {
	real := os.Getenv("PATH")
	s := newSession(t)
	standIn := os.Getenv("PATH")
	t.Setenv("PATH", real)
	path := filepath.Join(s.dir, "new", "folders", "o.txt")
	args := []string{"-bench", one, "-rounds", "2", "-o", path}
	stdout, stderr := s.succeed(s.run("", args...))
	for _, want := range []string{"threadbench: 2 rounds, driver lockstep", "raw thread (clone)"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("the table does not say %q:\n%s", want, stdout)
		}
	}
	page := strings.TrimSuffix(path, ".txt") + ".html"
	if want := "building the worker\nthe page with every figure is " + page + "\nthe raw rounds are in " + path + "\n"; stderr != want {
		t.Errorf("standard error %q, want %q", stderr, want)
	}
	f := s.read(path, 2)
	if want := []string{"Create/impl=goroutine/mode=reused", "Create/impl=clone/mode=reused"}; !slices.Equal(names(f), want) {
		t.Errorf("rows %v, want %v", names(f), want)
	}
	for _, r := range f.Rows {
		want := []string{"ns/op", results.PairedFactor, "started-nth", "kernel-switches/op", "threads/op"}
		if r.Name.Get("impl") == "goroutine" {
			want = []string{"ns/op", results.PairedFactor, results.SelfFactor, "started-nth", "self-started-nth", "kernel-switches/op", "threads/op"}
		}
		if !slices.Equal(r.Units(), want) {
			t.Errorf("%s has the units %v, want %v", r.FullName, r.Units(), want)
		}
	}
	for _, n := range f.Notes {
		// A machine that is busy enough makes too few threads in a round.
		if !strings.Contains(n.Reason, "unproven") {
			t.Errorf("note %v", n)
		}
	}
	if want := fmt.Sprintf(`{"profile":"quick","bench":"Create/impl=(goroutine|clone)/mode=reused$","rounds":2,"cpu":%d}`, site(t).CPU); f.Plan != want {
		t.Errorf("plan %s, want %s", f.Plan, want)
	}
	// The worker's own: this process may be built otherwise.
	for key, want := range map[string]string{"driver": results.Lockstep, "cgo": "off", "gogc": "100"} {
		if got := f.Get(key); got != want && os.Getenv("GOGC") == "" {
			t.Errorf("configuration %s: %q, want %q", key, got, want)
		}
	}

	// All its rounds are there: nothing is left to measure.
	t.Setenv("PATH", standIn)
	whole := contents(t, path)
	s.T.Run("json", func(t *testing.T) {
		stdout, _ := s.succeed(s.run("", append(args, "-resume", "-format", "json")...))
		var doc struct {
			Version, Rounds int
			Rows            []struct{ Name, Unit string }
		}
		if err := json.Unmarshal([]byte(stdout), &doc); err != nil || doc.Version == 0 || doc.Rounds != 2 || len(doc.Rows) < 2 {
			t.Errorf("as JSON, %v: %+v", err, doc)
		}
	})
	s.T.Run("csv", func(t *testing.T) {
		stdout, _ := s.succeed(s.run("", append(args, "-resume", "-format", "csv")...))
		table, err := csv.NewReader(strings.NewReader(stdout)).ReadAll()
		if err != nil || len(table) < 3 || table[0][0] != "name" || table[1][0] != f.Rows[0].FullName {
			t.Errorf("as CSV, %v: %q", err, table)
		}
	})
	s.T.Run("raw", func(t *testing.T) {
		stdout, _ := s.succeed(s.run("", append(args, "-resume", "-format", "raw")...))
		if stdout != string(whole) {
			t.Errorf("raw, it prints\n%s\nwant the results file:\n%s", stdout, whole)
		}
	})
	s.T.Run("nowhere", func(t *testing.T) {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip(err)
		}
		defer full.Close()
		cmd := s.run("", append(args, "-resume")...)
		cmd.Stdout = full
		err = cmd.Run()
		if code := cmd.ProcessState.ExitCode(); code != 2 || !strings.Contains(cmd.Stderr.(*bytes.Buffer).String(), "no space left on device") {
			t.Errorf("with a standard output that is full: %v, %s", err, cmd.Stderr)
		}
	})
	if !bytes.Equal(whole, contents(t, path)) {
		t.Error("to resume a run that is over has changed its results")
	}
}

// TestDistorted has GOFLAGS build a worker that no figure is to come of: it is
// refused before anything is measured, and measured when asked for by name.
func TestDistorted(t *testing.T) {
	real := os.Getenv("PATH")
	s := newSession(t)
	t.Setenv("PATH", real)
	t.Setenv("GOFLAGS", "-gcflags=-l")
	path := filepath.Join(s.dir, "o.txt")
	args := []string{"-bench", brief, "-profile", "full", "-rounds", "1", "-o", path}
	const refused = `run: the worker is built with -gcflags=-l, so its figures would not be those of a plain build; ` +
		`take that out of GOFLAGS ("-gcflags=-l", from the environment), or measure such a build on purpose with -allow gcflags`
	s.fail(s.run("", args...), refused)
	s.fail(s.run("", append([]string{"-allow", "race"}, args...)...), "-allow race,gcflags")
	if exists(path) {
		t.Error("a results file is left of what was not measured")
	}

	stdout, _ := s.succeed(s.run("", append([]string{"-allow", "gcflags"}, args...)...))
	if want := "DISTORTED BUILD (build: gcflags=-l)"; !strings.HasPrefix(stdout, want) {
		t.Errorf("the table does not begin with %q:\n%s", want, stdout)
	}
	if got := s.read(path, 1).Get("build"); got != "gcflags=-l" {
		t.Errorf("configuration build: %q", got)
	}
	// Its rounds are of that build, and a plain one does not go on with them.
	t.Setenv("GOFLAGS", "")
	s.fail(s.run("", append([]string{"-resume"}, args...)...), `its build is "gcflags=-l", here it is "plain"`)
}

func contents(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestReport makes a run that leaves a page, goes on with it, which makes the
// page anew, and puts a page of somebody else's there: that one is refused before
// anything is measured.
func TestReport(t *testing.T) {
	s := newSession(t)
	path, page := filepath.Join(s.dir, "o.txt"), filepath.Join(s.dir, "o.html")
	args := []string{"-bench", "Create/impl=(goroutine|floor)/mode=start", "-rounds", "1", "-o", path}
	s.succeed(s.run("", args...))
	first := contents(t, page)
	for _, want := range []string{"<!doctype html>", "made by threadbench", "1 round, driver lockstep", "Create mode=start"} {
		if !bytes.Contains(first, []byte(want)) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if err := os.Remove(page); err != nil {
		t.Fatal(err)
	}
	s.succeed(s.run("", append(args, "-resume")...))
	if again := contents(t, page); !bytes.Equal(first, again) {
		t.Error("the page of the same rounds is another one")
	}
	const mine = "my own page\n"
	if err := os.WriteFile(page, []byte(mine), 0o644); err != nil {
		t.Fatal(err)
	}
	before := contents(t, path)
	s.fail(s.run("", append(args, "-force")...), "was not made by report")
	if got := string(contents(t, page)); got != mine {
		t.Errorf("the page holds %q, want %q", got, mine)
	}
	if !bytes.Equal(contents(t, path), before) {
		t.Error("the results were touched")
	}
}

// TestStoppedBuild stops runs as the real go command builds the worker from
// nothing: an interrupted one leaves nothing behind, and a killed one a folder
// for the next to sweep.
func TestStoppedBuild(t *testing.T) {
	for _, signal := range []os.Signal{os.Interrupt, os.Kill} {
		t.Run(signal.String(), func(t *testing.T) {
			real := os.Getenv("PATH")
			s := newSession(t)
			standIn := os.Getenv("PATH")
			t.Setenv("PATH", real)
			t.Setenv("GOCACHE", t.TempDir())
			path := filepath.Join(s.dir, "o.txt")
			cmd := s.run("", "-bench", one, "-rounds", "1", "-o", path)
			cmd.Stderr = nil
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewReader(stderr)
			if line, err := lines.ReadString('\n'); err != nil || line != "building the worker\n" {
				t.Fatalf("first it says %q, %v", line, err)
			}
			s.eventually("the go command compiles", func() bool {
				compiling, _ := filepath.Glob(filepath.Join(s.temp, "*", "go-build*", "*", "*"))
				return len(compiling) > 10
			})
			cmd.Process.Signal(signal)
			rest, err := io.ReadAll(lines)
			if err != nil {
				t.Fatal(err)
			}
			cmd.Wait()
			// The compilers, of which the go command knew, end with their package.
			s.eventually("no process is left", func() bool { return len(s.processes()) == 0 })
			if signal == os.Interrupt {
				if want := "run: stopped by a signal (interrupt) before it could measure; start it again\n"; cmd.ProcessState.ExitCode() != 2 || string(rest) != want {
					t.Errorf("exit code %d, want 2; standard error %q, want %q", cmd.ProcessState.ExitCode(), rest, want)
				}
				s.clean()
			}
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a results file without anything to hold: %v", err)
			}
			t.Setenv("PATH", standIn)
			s.succeed(s.run("", "-bench", brief, "-rounds", "1", "-o", path))
		})
	}
}

// TestKilledInGroup kills a run whose worker has a memory group of its own:
// the group is gone after the next run.
func TestKilledInGroup(t *testing.T) {
	dirs, err := cgroup.Paths("memory")
	if err == nil && len(dirs) > 0 {
		probe := filepath.Join(dirs[0], "threadbench-test-probe")
		err = os.Mkdir(probe, 0o755)
		os.Remove(probe)
	}
	if err != nil || len(dirs) == 0 {
		t.Skipf("needs to make a memory cgroup: %v", err)
	}
	s := newSession(t)
	cmd := s.run("", "-bench", "Stack/impl=clone", "-rounds", "1", "-o", filepath.Join(s.dir, "o.txt"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var group string
	s.eventually("the worker measures in its group", func() bool {
		for _, pid := range s.workers() {
			dir := filepath.Join(dirs[0], "threadbench-"+strconv.Itoa(pid))
			// In it, and past the moment in which it says whether it can be.
			if text, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs")); strings.Contains(string(text), strconv.Itoa(pid)) && threadsOf(pid) > 100 {
				group = dir
				return true
			}
		}
		return false
	})
	cmd.Process.Kill()
	cmd.Wait()
	s.eventually("no worker is left", func() bool { return len(s.workers()) == 0 })
	if _, err := os.Stat(group); err != nil {
		t.Errorf("the group was to be left: %v", err)
	}
	s.succeed(s.run("", "-bench", "Create/impl=floor/mode=start", "-rounds", "1", "-o", filepath.Join(s.dir, "next.txt")))
	if _, err := os.Stat(group); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the group is there after the next run: %v", err)
	}
}

// threadsOf counts a process's threads.
func threadsOf(pid int) int {
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	return len(tasks)
}

// TestHangUp hangs up on runs: one that nohup has started goes on.
func TestHangUp(t *testing.T) {
	for how, want := range map[string]int{"": 2, "deaf=": 0} {
		t.Run("prepared as "+how, func(t *testing.T) {
			if how == "" && signal.Ignored(syscall.SIGHUP) {
				t.Skip("these tests run under nohup")
			}
			s := newSession(t)
			cmd := s.run(how, "-bench", one, "-rounds", "1", "-o", filepath.Join(s.dir, "o.txt"))
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			s.eventually("a worker runs", func() bool { return len(s.workers()) > 0 })
			cmd.Process.Signal(syscall.SIGHUP)
			cmd.Wait()
			_, stderr := written(cmd)
			if code := cmd.ProcessState.ExitCode(); code != want {
				t.Errorf("exit code %d, want %d: %s", code, want, stderr)
			}
			s.clean()
		})
	}
}

// unwrapped is a text in one line.
func unwrapped(text string) string { return strings.Join(strings.Fields(text), " ") }
