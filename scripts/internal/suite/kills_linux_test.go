package suite

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
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

	"golang.org/x/perf/benchfmt"

	"threadbench/scripts/internal/results"
)

// killsVariable is how many runs TestKills stops, instead of a few.
const killsVariable = "THREADBENCH_KILLS"

// nojoin is a selection of one row, which is measured in a fraction of a second.
const nojoin = "Create/impl=floor/mode=nojoin"

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// A way is how a run is stopped.
type way struct {
	name   string
	signal syscall.Signal
	group  bool // to its process group, as a terminal does it
	parent bool // it has a parent as go run is one, who gets the signal, too; a kill gets that one alone
}

var ways = []way{
	{"killed", syscall.SIGKILL, false, false},
	{"interrupted", syscall.SIGINT, false, false},
	{"killed with its group", syscall.SIGKILL, true, false},
	{"interrupted with its group", syscall.SIGINT, true, false},
	{"killed below a parent", syscall.SIGKILL, false, true},
	{"interrupted with its group below a parent", syscall.SIGINT, true, true},
}

// phases are the parts of a run's life in which it is stopped: how each begins,
// and how long to wait then at the most.
var phases = []struct {
	name  string
	most  time.Duration
	begun func(k *killing, size int64) bool
}{
	{"as it starts", 20 * time.Millisecond, func(*killing, int64) bool { return true }},
	{"as it builds", 200 * time.Millisecond, func(k *killing, _ int64) bool { return strings.Contains(k.said(), "building the worker\n") }},
	{"as it measures", 250 * time.Millisecond, func(k *killing, size int64) bool { return k.size() > size }},
	{"as it writes", time.Millisecond, func(k *killing, size int64) bool { return k.size() > size }},
	{"as it prints", 3 * time.Millisecond, func(k *killing, _ int64) bool {
		text, _ := os.ReadFile(k.path)
		return bytes.HasSuffix(text, fmt.Appendf(nil, "# end round %d\n", killRounds))
	}},
}

const killRounds = 8

// TestKills stops runs at random moments, by ^C and by kill -9, and goes on with
// each file until it is complete, a file after the other. Whenever it is
// looked at, the file is readable and the rounds before are what they were;
// at last it holds the plan's rounds, each row once in each; and nothing else
// is left.
func TestKills(t *testing.T) {
	kills := 10
	if text := os.Getenv(killsVariable); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil || kills < 1 {
			t.Fatalf("%s=%q is no number of kills", killsVariable, text)
		}
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("THREADBENCH_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("THREADBENCH_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	s := newSession(t)
	done := map[string]int{}
	for file, n := 1, 0; n < kills; file++ {
		k := &killing{session: s, path: filepath.Join(s.dir, fmt.Sprintf("file %d $x'y.txt", file))}
		survived := 0
		for try := 0; ; try++ {
			if try > 200 {
				t.Fatal("it does not come to an end")
			}
			if n == kills {
				k.succeed(k.run("", k.args()...))
				break
			}
			w := ways[n%len(ways)]
			phase := random.IntN(len(phases))
			after := time.Duration(random.Int64N(int64(phases[phase].most)))
			stopped, complete := k.stop(w, phase, after)
			if t.Failed() {
				t.Fatalf("file %d, %s %s and %v", file, w.name, phases[phase].name, after)
			}
			if stopped {
				n++
				survived++
				done[w.name+", "+phases[phase].name]++
			}
			if complete {
				break
			}
		}
		k.complete()
		t.Logf("file %d: complete after %d kills", file, survived)
	}
	for _, what := range slices.Sorted(maps.Keys(done)) {
		t.Logf("%3d %s", done[what], what)
	}
}

// A killing is a results file whose runs are killed.
type killing struct {
	*session
	path  string
	whole []byte   // what was whole of it when it was last looked at
	told  []string // the arguments that the last run has told to go on with
}

func (k *killing) args() []string {
	if k.told != nil {
		return k.told
	}
	args := []string{"-bench", nojoin, "-rounds", strconv.Itoa(killRounds), "-o", k.path}
	text, err := os.ReadFile(k.path)
	switch _, _, _, noPlan := wholeRounds(text); {
	case err != nil:
	case noPlan != nil: // stopped in its first write
		args = append(args, "-force")
	default:
		args = append(args, "-resume")
	}
	return args
}

func (k *killing) size() int64 {
	info, err := os.Stat(k.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func (k *killing) stderr() string { return filepath.Join(k.dir, "stderr") }

// said is what the run has written to standard error.
func (k *killing) said() string {
	text, _ := os.ReadFile(k.stderr())
	return string(text)
}

// stop starts a run and stops it so long after the phase has begun, if it
// lasts till then, and looks at what is left.
func (k *killing) stop(w way, phase int, after time.Duration) (stopped, complete bool) {
	k.Helper()
	cmd := k.run("", k.args()...)
	if w.parent {
		// The shell waits for it, interrupted, too, as go run does.
		script := exec.Command("sh", append([]string{"-c", `trap : INT; "$0" "$@"; code=$?; exit $code`, goRunCopy(k.session)}, k.args()...)...)
		script.Env = cmd.Env
		cmd = script
	}
	stderr, err := os.Create(k.stderr())
	if err != nil {
		k.Fatal(err)
	}
	defer stderr.Close()
	cmd.Stdout, cmd.Stderr = nil, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	k.told = nil
	size := k.size()
	if err := cmd.Start(); err != nil {
		k.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	over := false
	for !over && !phases[phase].begun(k, size) {
		select {
		case err = <-ended:
			over = true
		case <-time.After(200 * time.Microsecond):
		}
	}
	if !over {
		select {
		case err = <-ended:
			over = true
		case <-time.After(after):
		}
	}
	if !over {
		to := cmd.Process.Pid
		if w.group {
			to = -to
		}
		syscall.Kill(to, w.signal) // not waited for, the process is there
		err = <-ended
	}
	if err == nil {
		k.look()
		return false, true
	}
	if over {
		k.Fatalf("not stopped by anybody, it ended with %v: %s", err, k.said())
	}

	orphan := w.parent && w.signal == syscall.SIGKILL
	if w.signal == syscall.SIGKILL {
		k.eventually("no process is left", func() bool { return len(k.processes()) == 0 })
	}
	if orphan && strings.Contains(k.said(), "building the worker\n") {
		// It has ended by itself, if not well.
		k.eventually("the orphan has ended", func() bool {
			return strings.Contains(k.said(), "\nrun: ") || strings.Contains(k.said(), "\nthe raw rounds")
		})
	}
	if w.signal == syscall.SIGKILL && !orphan {
		if left := k.folders(); len(left) > 1 {
			k.Errorf("killed, it leaves more than its own folder: %v", left)
		}
	} else if strings.Contains(k.said(), "building the worker\n") || cmd.ProcessState.ExitCode() == 2 && k.said() != "" {
		k.clean()
		k.heard(cmd, orphan)
	}
	k.look()
	return true, false
}

// goRunCopy is the run command where go run has it.
func goRunCopy(s *session) string {
	program := filepath.Join(s.dir, "go-build1", "exe", "run")
	if !exists(program) {
		if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
			s.Fatal(err)
		}
		if err := copyFile(program, filepath.Join(tools(s.T), "run")); err != nil {
			s.Fatal(err)
		}
	}
	return program
}

// heard looks at what an interrupted run has said, and takes it at its word.
func (k *killing) heard(cmd *exec.Cmd, orphan bool) {
	k.Helper()
	said := strings.TrimSpace(k.said())
	last := said[strings.LastIndex(said, "\n")+1:]
	reason := "run: stopped by a signal (interrupt)"
	if orphan {
		reason = "run: stopped since the go run that started it is gone"
		if strings.HasPrefix(last, "the raw rounds are in ") {
			return // it was about to end
		}
	} else if code := cmd.ProcessState.ExitCode(); code != 2 {
		k.Errorf("exit code %d, want 2: %s", code, said)
	}
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
	if err != nil || !o.resume || o.out != k.path || o.plan != k.plan() {
		k.Errorf("it says to go on with %q, which is %+v, %v", k.told, o, err)
	}
}

func (k *killing) plan() Plan {
	return Plan{Profile: "quick", Bench: nojoin, Rounds: killRounds, CPU: site(k.T).CPU}
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
	if !bytes.HasPrefix(text, k.whole) {
		k.Fatalf("what was whole of the file, %d bytes, has changed; it is now\n%s", len(k.whole), text)
	}
	plan, rounds, whole, err := wholeRounds(text)
	if err != nil && len(k.whole) == 0 {
		k.Logf("stopped in its first write: %d bytes", len(text))
		return
	}
	if err != nil || plan != k.plan() {
		k.Fatalf("its plan is %+v, %v, want %+v", plan, err, k.plan())
	}
	k.whole = text[:whole]
	if lines := benchLines(k.T, text, whole); lines != rounds {
		k.Errorf("benchfmt reads %d results in %d whole rounds", lines, rounds)
	}
	f, err := results.ReadFile(k.path)
	if rounds > 0 && (err != nil || f.Rounds != rounds || len(f.Notes) > 0) {
		k.Errorf("with %d whole rounds it reads as %+v, %v", rounds, f, err)
	}
	if rounds == 0 && err == nil {
		k.Errorf("without a whole round it reads as %+v", f)
	}
}

// benchLines reads a file with benchfmt and counts the results in what is
// whole of it, where each line is to be right.
func benchLines(t *testing.T, text []byte, whole int) int {
	t.Helper()
	all := benchfmt.NewReader(bytes.NewReader(text), "results")
	for all.Scan() {
	}
	if err := all.Err(); err != nil {
		t.Errorf("benchfmt: %v", err)
	}
	lines := 0
	for r := benchfmt.NewReader(bytes.NewReader(text[:whole]), "results"); r.Scan(); {
		switch rec := r.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Errorf("benchfmt: %v", rec)
		case *benchfmt.Result:
			lines++
		}
	}
	return lines
}

// complete sees that the plan was fulfilled and nothing else is left.
func (k *killing) complete() {
	k.Helper()
	k.look()
	k.clean()
	f := k.read(k.path, killRounds)
	if want := []string{nojoin}; !slices.Equal(names(f), want) {
		k.Errorf("rows %v, want %v", names(f), want)
	}
	if n := bytes.Count(k.whole, []byte("# plan ")); n != 1 {
		k.Errorf("%d plans", n)
	}
	for round := 1; round <= killRounds; round++ {
		if n := bytes.Count(k.whole, fmt.Appendf(nil, "\n# round %d: ", round)); n != 1 {
			k.Errorf("round %d begins %d times", round, n)
		}
	}
}
