package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"threadbench/scripts/internal/job"
	"threadbench/scripts/internal/results"
)

// killsVariable is how many runs TestKills stops, instead of a few.
const killsVariable = "THREADBENCH_KILLS"

// brief is a selection of one row, which is measured in a fraction of a second.
const brief = "Create/impl=floor/mode=start"

const killRounds = 8

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// ways are how a run is stopped: alone, or with its process group, as a
// terminal does it.
var ways = []struct {
	name   string
	signal syscall.Signal
	group  bool
}{
	{"killed", syscall.SIGKILL, false},
	{"interrupted", syscall.SIGINT, false},
	{"killed with its group", syscall.SIGKILL, true},
	{"interrupted with its group", syscall.SIGINT, true},
}

// TestKills stops runs at random moments, by ^C and by kill -9, and resumes
// each file until it is complete, one file after the other. At any moment the
// file is readable and its earlier rounds are unchanged. At the end it has the
// plan's rounds, each row once in each, and nothing else is left.
func TestKills(t *testing.T) {
	number := func(variable string, otherwise uint64) uint64 {
		text, ok := os.LookupEnv(variable)
		if !ok {
			return otherwise
		}
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("%s=%q: %v", variable, text, err)
		}
		return n
	}
	kills, seed := number(killsVariable, 10), number("THREADBENCH_SEED", uint64(time.Now().UnixNano()))
	t.Logf("THREADBENCH_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s := newSession(t)
	for file, n := 1, uint64(0); n < kills; file++ {
		k := &killing{session: s, path: filepath.Join(s.dir, fmt.Sprintf("file %d $x'y.txt", file)), rounds: killRounds}
		for complete := false; !complete; {
			if n == kills {
				k.succeed(k.run("", k.args()...))
				break
			}
			w, rounds, after := n%uint64(len(ways)), random.IntN(killRounds+1), time.Duration(random.Int64N(int64(250*time.Millisecond)))
			complete = k.stop(ways[w].signal, ways[w].group, rounds, after)
			if t.Failed() {
				t.Fatalf("file %d, %s after %d rounds and %v", file, ways[w].name, rounds, after)
			}
			if !complete {
				n++
			}
		}
		k.complete()
	}
}

// A killing is a results file whose runs are killed.
type killing struct {
	*session
	path   string
	rounds int
	whole  []byte   // the whole rounds at the last look
	told   []string // the arguments that the last run gave for resuming
}

func (k *killing) args() []string {
	if k.told != nil {
		return k.told
	}
	args := []string{"-bench", brief, "-rounds", strconv.Itoa(k.rounds), "-o", k.path}
	text, err := os.ReadFile(k.path)
	switch {
	case err != nil:
	case planLine.Match(text):
		args = append(args, "-resume")
	default: // stopped in its first write
		args = append(args, "-force")
	}
	return args
}

// said is the run's standard error.
func (k *killing) said() string {
	text, _ := os.ReadFile(filepath.Join(k.dir, "stderr"))
	return string(text)
}

// stop starts a run, stops it so long after the file has so many rounds, if it
// still runs, and checks what is left.
func (k *killing) stop(signal syscall.Signal, group bool, rounds int, after time.Duration) (complete bool) {
	k.Helper()
	stderr, err := os.Create(filepath.Join(k.dir, "stderr"))
	if err != nil {
		k.Fatal(err)
	}
	defer stderr.Close()
	cmd := k.run("", k.args()...)
	cmd.Stdout, cmd.Stderr = nil, stderr
	cmd.SysProcAttr.Setpgid = true
	k.told = nil
	if err := cmd.Start(); err != nil {
		k.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stopped := false
	for wait := time.Duration(0); ; wait = 200 * time.Microsecond {
		text, _ := os.ReadFile(k.path)
		if there := len(endLine.FindAll(text, -1)) >= rounds; there {
			wait, stopped = after, true
		}
		select {
		case err = <-ended:
			k.look()
			if err != nil {
				k.Fatalf("not stopped by anybody, it ended with %v: %s", err, k.said())
			}
			return true
		case <-time.After(wait):
		}
		if stopped {
			break
		}
	}
	to := cmd.Process.Pid
	if group {
		to = -to
	}
	syscall.Kill(to, signal) // not waited for, the process is there
	err = <-ended
	k.look()
	switch {
	case err == nil:
		return true
	case signal == syscall.SIGKILL:
		k.eventually("no process is left", func() bool { return len(k.processes()) == 0 })
		if left := k.folders(); len(left) > 1 {
			k.Errorf("killed, it leaves more than its own folder: %v", left)
		}
	case cmd.ProcessState.ExitCode() == 2: // else it had not yet come to hear of signals
		k.clean()
		k.heard("run: stopped by a signal (interrupt)")
	}
	return false
}

// TestOrphan kills the program that started a run as go run does. The run ends,
// too.
func TestOrphan(t *testing.T) {
	s := newSession(t)
	k := &killing{session: s, path: filepath.Join(s.dir, "o.txt"), rounds: 1000}
	program := filepath.Join(s.dir, "go-build1", "exe", "run")
	if err := errors.Join(os.MkdirAll(filepath.Dir(program), 0o755), copyFile(program, filepath.Join(tools(t), "run"))); err != nil {
		t.Fatal(err)
	}
	parent := exec.Command("sh", append([]string{"-c", `"$0" "$@" 2>"$STDERR"; exit $?`, program}, k.args()...)...)
	parent.Env = append(k.run("").Env, "STDERR="+filepath.Join(s.dir, "stderr"))
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	s.eventually("it measures", func() bool { return exists(k.path) })
	parent.Process.Kill()
	parent.Wait()
	s.eventually("the orphan has ended", func() bool { return len(k.processes()) == 0 })
	k.clean()
	k.heard("run: stopped since the go run that started it is gone")
	k.look()
}

// heard checks what a stopped run said, and follows its advice.
func (k *killing) heard(reason string) {
	k.Helper()
	said := strings.TrimSpace(k.said())
	last := said[strings.LastIndex(said, "\n")+1:]
	if !strings.HasPrefix(last, reason) {
		k.Errorf("at last it says %q, want %q", last, reason)
	}
	_, command, ok := strings.Cut(last, "; go on with ")
	if !ok {
		if !strings.HasSuffix(last, " before it could measure; start it again") {
			k.Errorf("it does not say how to go on: %q", last)
		}
		return
	}
	typed, err := exec.Command("sh", "-c", "printf '%s\\n' "+command).Output()
	if err != nil {
		k.Fatalf("%q: %v", command, err)
	}
	k.told = strings.Split(strings.TrimSuffix(string(typed), "\n"), "\n")
	o, err := parse(k.told, nil)
	if err != nil || !o.resume || o.out != k.path || o.plan.line() != k.plan().line() {
		k.Errorf("it says to go on with %q, which is %+v, %v", k.told, o, err)
	}
}

func (k *killing) plan() Plan {
	return Plan{Profile: "quick", Bench: brief, Rounds: k.rounds, CPU: site(k.T).CPU}
}

// look reads the file.
func (k *killing) look() {
	k.Helper()
	text, err := os.ReadFile(k.path)
	if errors.Is(err, fs.ErrNotExist) && k.whole == nil {
		return
	}
	if err != nil {
		k.Fatal(err)
	}
	if k.whole == nil && !planLine.Match(text) {
		k.Logf("stopped in its first write: %d bytes", len(text))
		return
	}
	if !bytes.HasPrefix(text, k.whole) {
		k.Fatalf("what was whole of the file, %d bytes, has changed; it is now\n%s", len(k.whole), text)
	}
	out := output{file: job.File{Path: k.path}}
	if err := out.resume(k.plan(), []byte(headOf(k.T))); err != nil {
		k.Fatal(err)
	}
	rounds := out.next - 1
	k.whole = text[:out.file.Size]
	f, err := results.ReadFile(k.path)
	if rounds > 0 && (err != nil || f.Rounds != rounds || len(f.Notes) > 0) {
		k.Errorf("with %d whole rounds it reads as %+v, %v", rounds, f, err)
	}
	if rounds == 0 && err == nil {
		k.Errorf("without a whole round it reads as %+v", f)
	}
}

// complete checks that the plan is done and nothing else is left.
func (k *killing) complete() {
	k.Helper()
	k.look()
	k.clean()
	f := k.read(k.path, k.rounds)
	if want := []string{brief}; !slices.Equal(names(f), want) {
		k.Errorf("rows %v, want %v", names(f), want)
	}
	if n := bytes.Count(k.whole, []byte("# plan ")); n != 1 {
		k.Errorf("%d plans", n)
	}
	for round := 1; round <= k.rounds; round++ {
		if n := bytes.Count(k.whole, fmt.Appendf(nil, "\n# round %d: ", round)); n != 1 {
			k.Errorf("round %d begins %d times", round, n)
		}
	}
}
