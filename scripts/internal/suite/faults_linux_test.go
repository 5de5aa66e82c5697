package suite

import (
	"bufio"
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
	"threadbench/threads/cgroup"
)

// killsVariable is how many runs TestKills stops, instead of a few.
const killsVariable = "THREADBENCH_KILLS"

// nojoin is a selection of one row, which is measured in a fraction of a second.
const nojoin = "Create/impl=floor/mode=nojoin"

// A pen holds runs together: a memory cgroup in which they start, so that
// the kernel knows what is left of them.
type pen struct{ dir string } // "" where no cgroup can be made

func newPen(s *session) pen {
	dirs, err := cgroup.Paths("memory")
	if err != nil || len(dirs) == 0 {
		return pen{}
	}
	dir := filepath.Join(dirs[0], fmt.Sprintf("threadbench-test-%d-%s", os.Getpid(), filepath.Base(filepath.Dir(s.temp))))
	if err := os.Mkdir(dir, 0o755); err != nil {
		return pen{}
	}
	s.Cleanup(func() {
		s.eventually("the runs' cgroup is empty", func() bool { return errors.Is(os.Remove(dir), nil) || !exists(dir) })
	})
	return pen{dir}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// how is how a run prepares itself to be in it.
func (p pen) how() string {
	if p.dir == "" {
		return ""
	}
	return "cgroup=" + p.dir
}

// left are the processes and the cgroups in it.
func (p pen) left() (pids, groups []string) {
	if p.dir == "" {
		return nil, nil
	}
	text, _ := os.ReadFile(filepath.Join(p.dir, "cgroup.procs"))
	pids = strings.Fields(string(text))
	dirs, _ := filepath.Glob(filepath.Join(p.dir, "*", "cgroup.procs"))
	for _, procs := range dirs {
		groups = append(groups, filepath.Base(filepath.Dir(procs)))
		text, _ := os.ReadFile(procs)
		pids = append(pids, strings.Fields(string(text))...)
	}
	return pids, groups
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
	p := newPen(s)
	if p.dir == "" {
		t.Log("no memory cgroup can be made: processes are known by their environment, and groups are not looked for")
	}
	done := map[string]int{}
	for file, n := 1, 0; n < kills; file++ {
		k := &killing{session: s, pen: p, path: filepath.Join(s.dir, fmt.Sprintf("file %d $x'y.txt", file))}
		survived := 0
		for try := 0; ; try++ {
			if try > 200 {
				t.Fatal("it does not come to an end")
			}
			if n == kills {
				k.succeed(k.run(p.how(), k.args()...))
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
	pen   pen
	path  string
	whole []byte   // what was whole of it when it was last looked at
	told  []string // the arguments that the last run has told to go on with
}

func (k *killing) args() []string {
	if k.told != nil {
		return k.told
	}
	args := []string{"-bench", nojoin, "-rounds", strconv.Itoa(killRounds), "-o", k.path}
	if exists(k.path) {
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
	cmd := k.run(k.pen.how(), k.args()...)
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
		k.eventually("no process is left", func() bool {
			pids, _ := k.pen.left()
			return len(pids) == 0 && len(k.processes()) == 0
		})
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
		k.cleanPen()
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

// cleanPen fails if a process, a group or a folder is left.
func (k *killing) cleanPen() {
	k.Helper()
	k.clean()
	if pids, groups := k.pen.left(); len(pids)+len(groups) > 0 {
		k.Errorf("processes %v and groups %v are left", pids, groups)
	}
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
	if errors.Is(err, errNoPlan) && len(k.whole) == 0 {
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
	k.cleanPen()
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

// fail is a worker that fails as the faults say of its case, a line "CASE HOW"
// each; any other becomes the worker that it stands for. HOW may begin with
// "first " or "second ": then only the first or second process of that case
// fails so.
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

// await is the next order's number of ops, 0 if that is to close.
func await() (n int) {
	line, err := orders.ReadString('\n')
	if err != nil {
		os.Exit(0)
	}
	fmt.Sscanf(line, "run %d\n", &n)
	return n
}

// inSlice is a worker that fails in its 12th slice; those before it claims to
// have done. One with long turns has twelve in a round, and some to find out how
// long they are.
func inSlice(failure func(n int)) func() int {
	return func() int {
		fmt.Println("ready")
		for slice := 1; ; slice++ {
			n := await()
			if n == 0 {
				fmt.Println("closed")
				return 0
			}
			if slice >= 12 {
				failure(n)
				continue
			}
			fmt.Println("done", n, 1000*n)
		}
	}
}

// asItCloses is a worker that fails at its end.
func asItCloses(failure func()) func() int {
	return func() int {
		fmt.Println("ready")
		for n := await(); n > 0; n = await() {
			fmt.Println("done", n, 1000*n)
		}
		failure()
		return 1
	}
}

func hang() { time.Sleep(time.Hour) }

func flood(w *os.File) { w.WriteString(strings.Repeat("word ", 200_000)) }

// failures are the ways of a worker to fail.
var failures = map[string]func() int{
	"exits-at-once":   func() int { return 3 },
	"hangs-at-once":   func() int { hang(); return 0 },
	"killed":          inSlice(func(int) { syscall.Kill(os.Getpid(), syscall.SIGKILL); hang() }),
	"exits":           inSlice(func(int) { os.Exit(0) }),
	"hangs":           inSlice(func(int) { hang() }),
	"garbage":         inSlice(func(int) { fmt.Println("\x00\xff\x1b[31m garbage\r") }),
	"negative":        inSlice(func(n int) { fmt.Println("done", n, -1000*n) }),
	"no-number":       inSlice(func(n int) { fmt.Println("done", n, 1000*n, "share=NaN") }),
	"endless":         inSlice(func(int) { flood(os.Stdout) }),
	"twice":           inSlice(func(n int) { fmt.Printf("done %d %d\ndone %[1]d %[2]d\n", n, 1000*n) }),
	"no-time":         inSlice(func(n int) { fmt.Println("done", n, 0) }),
	"for-ever":        inSlice(func(n int) { fmt.Println("done", n, int64(1)<<62) }),
	"too-many":        inSlice(func(n int) { fmt.Println("done", int64(1)<<62, 1000*n) }),
	"complains":       inSlice(func(int) { fmt.Println("error no pipes: raise ulimit -n"); os.Exit(1) }),
	"loud":            inSlice(func(int) { flood(os.Stderr); os.Exit(2) }),
	"leaves":          asItCloses(func() { fmt.Println("error left behind: 2 raw threads") }),
	"hangs-as-closes": asItCloses(func() { fmt.Println("closed"); hang() }),
	"early": func() int {
		fmt.Print("ready\ndone 5 5000\n")
		hang()
		return 0
	},
	"apart": func() int { // an answer too many, but later than the other
		return inSlice(func(n int) {
			fmt.Println("done", n, 1000*n)
			time.Sleep(time.Millisecond)
			fmt.Println("done", n, 1000*n)
		})()
	},
	"beyond": func() int { // a figure that no reader takes
		fmt.Println("ready")
		fmt.Println("done", await(), 1000, "user-B/task=1e+200")
		await()
		fmt.Println("closed")
		return 0
	},
	"noisy": func() int { // a good one
		flood(os.Stderr)
		panic(syscall.Exec(filepath.Join(filepath.Dir(os.Args[0]), "real"), os.Args, os.Environ()))
	},
}

// A fault is how a case's worker fails, "" for not at all, and the reason
// that is to be given, or a part of it.
type fault struct{ how, reason string }

// withFaults has the stand-in for the go command build workers that fail so,
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

// TestFailingWorkers makes a run in which most workers fail, each in another
// way: each is named with what it did, has no figure, and spoils no other's.
func TestFailingWorkers(t *testing.T) {
	s := newSession(t)
	const nonsense = "nonsense: "
	want := map[string]fault{
		"Create/impl=locked/mode=inplace":              {"killed", "the worker died: signal: killed"},
		"Create/impl=clone/mode=reused":                {"exits", "the worker died: exit status 0"},
		"Create/impl=floor/mode=reused":                {"for-ever", "NS is more than the 1m0s that it may take"},
		"Create/impl=locked/mode=burst":                {"garbage", nonsense + `"\x00\xff\x1b[31m garbage\r"`},
		"Create/impl=clone/mode=burst":                 {"leaves", "left behind: 2 raw threads"},
		"Create/impl=locked/mode=nojoin":               {"beyond", nonsense + "reading results this line:2: BenchmarkCreate/impl=locked/mode=nojoin: 1e+200 user-B/task is no figure"},
		"Create/impl=clone/mode=nojoin":                {"exits-at-once", "the worker died: exit status 3"},
		"Switch/impl=locked/via=channel/place=same":    {"negative", "NS is no whole number from 0"},
		"Switch/impl=locked/via=futex/place=same":      {"no-number", `"share=NaN" is no finite number`},
		"Switch/impl=clone/via=futex/place=same":       {"endless", `a line that begins "word word word`},
		"Switch/impl=floor/via=channel/place=same":     {"twice", "which nobody had asked for"},
		"Switch/impl=floor/via=futex/place=same":       {"early", `"done 5 5000\n", which nobody had asked for`},
		"Switch/impl=locked/via=pipe/place=same":       {"loud", "the worker died: exit status 2: word word word"},
		"Switch/impl=clone/via=pipe/place=same":        {"apart", nonsense},
		"Switch/impl=floor/via=pipe/place=same":        {"exits-at-once", "the worker died: exit status 3"},
		"Switch/impl=locked/via=yield/place=same":      {"too-many", "4611686018427387904 ops, asked for "},
		"Switch/impl=clone/via=yield/place=same":       {"no-time", "ops in no time"},
		"Switch/impl=floor/via=yield/place=same":       {"killed", "the worker died: signal: killed"},
		"Switch/impl=goroutine/via=yield/place=same":   {"second killed", "measured once more, for x-self: the worker died: signal: killed"},
		"Switch/impl=goroutine/via=channel/place=same": {"noisy", ""},
		"Create/impl=goroutine/mode=nojoin":            {"", ""},
		"Create/impl=floor/mode=nojoin":                {"", ""},
		"Create/impl=goroutine/mode=reused":            {"", ""},
		"Create/impl=goroutine/mode=burst":             {"complains", "no pipes: raise ulimit -n"},
		"Switch/impl=goroutine/via=pipe/place=same":    {"", ""},
	}
	var none strings.Builder
	withFaults(t, want)
	path := filepath.Join(s.dir, "o.txt")
	cmd := s.run("", "-profile", "full", "-bench", "Create/.*/mode=(reused|inplace|burst|nojoin)|Switch/impl=[a-z]*/via=[a-z]*/place=same", "-rounds", "1", "-o", path)
	cmd.Run()
	stdout, stderr := written(cmd)
	s.clean()
	f := s.read(path, 1)
	said := failedNotes(f)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		w := want[name]
		if reason := said[name]; !strings.Contains(reason, w.reason) || w.reason == "" && reason != "" || len(reason) > 600 {
			t.Errorf("%s, whose worker is %q, failed for %q, want %q", name, w.how, reason, w.reason)
		}
		well := w.how == "" || w.how == "noisy" || strings.HasPrefix(w.how, "second ")
		if row := f.Row(name); (row != nil) != well {
			t.Errorf("%s, whose worker is %q, has a figure: %v", name, w.how, row != nil)
		} else if row != nil && strings.Contains(name, "impl=goroutine") && (len(row.Values(results.SelfFactor)) == 1) != (w.how != "second killed") {
			t.Errorf("%s, whose worker is %q, has the factors %v of itself", name, w.how, row.Values(results.SelfFactor))
		}
		if !well {
			fmt.Fprintf(&none, "Benchmark%s ", name)
		}
		if w.reason != "" && !strings.Contains(unwrapped(stdout), "failed: Benchmark"+name+": ") {
			t.Errorf("the table does not name %s", name)
		}
	}
	_, list, _ := strings.Cut(stderr, "run: no figure for ")
	list, _, ok := strings.Cut(list, ": failed in every round; the notes say why")
	got := strings.Split(list, ", ")
	slices.Sort(got)
	if code := cmd.ProcessState.ExitCode(); code != 2 || !ok || !slices.Equal(got, strings.Fields(none.String())) {
		t.Errorf("exit code %d, want 2; without a figure are %v, want %s", code, got, none.String())
	}
}

// TestHangingWorkers makes a run in which all workers hang, each at another
// moment: each is named and none is waited for for long.
func TestHangingWorkers(t *testing.T) {
	s := newSession(t)
	want := map[string]fault{
		"Create/impl=floor/mode=reused":          {"hangs", "the worker hung: no answer within 2s"},
		"Switch/impl=floor/via=pipe/place=same":  {"hangs-at-once", "the worker hung: no answer within 2s"},
		"Switch/impl=floor/via=yield/place=same": {"hangs-as-closes", "the worker hung: it had closed and did not end within 2s"},
	}
	withFaults(t, want)
	path := filepath.Join(s.dir, "o.txt")
	s.fail(s.run("", "-profile", "full", "-bench", "Create/impl=floor/mode=reused|Switch/impl=floor/via=(pipe|yield)/place=same", "-rounds", "1", "-patience", "2s", "-o", path), "run: no figure for ")
	f := s.read(path, 1)
	if len(f.Rows) > 0 {
		t.Errorf("rows %v", names(f))
	}
	said := failedNotes(f)
	for name, w := range want {
		if said[name] != w.reason {
			t.Errorf("%s, whose worker %s, failed for %q, want %q", name, w.how, said[name], w.reason)
		}
	}
}

// TestFailingOnce has a worker fail in the first of two rounds: it is named,
// the row has the other round's figure, and that is no failure of the run's.
func TestFailingOnce(t *testing.T) {
	s := newSession(t)
	const clone = "Create/impl=clone/mode=reused"
	withFaults(t, map[string]fault{clone: {how: "first killed"}})
	path := filepath.Join(s.dir, "o.txt")
	stdout, _ := s.succeed(s.run("", "-bench", one, "-rounds", "2", "-o", path))
	f, err := results.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if reason := failedNotes(f)[clone]; reason != "the worker died: signal: killed" {
		t.Errorf("%s failed for %q", clone, reason)
	}
	if row := f.Row(clone); row == nil || len(row.Runs) != 1 || row.Runs[0].Round != 2 {
		t.Errorf("%s: %+v, want the second round alone", clone, row)
	}
	if row := f.Row("Create/impl=goroutine/mode=reused"); row == nil || len(row.Runs) != 2 {
		t.Errorf("beside it: %+v, want both rounds", row)
	}
	if !strings.Contains(unwrapped(stdout), "failed: Benchmark"+clone+": the worker died: signal: killed (in 1 of 2 rounds)") {
		t.Errorf("the table does not say that %s failed once:\n%s", clone, stdout)
	}
}

// TestFailingAtOnce has the first worker fail, which is asked for the head of
// the results: there is no file then.
func TestFailingAtOnce(t *testing.T) {
	for how, want := range map[string]string{
		"exits-at-once": "run: asking the worker for its configuration: exit status 3",
		"hangs-at-once": "run: asking the worker for its configuration: no answer within 1s",
	} {
		t.Run(how, func(t *testing.T) {
			s := newSession(t)
			withFaults(t, map[string]fault{"head": {how: how}})
			path := filepath.Join(s.dir, "o.txt")
			s.fail(s.run("", "-bench", nojoin, "-patience", "1s", "-o", path), want)
			if exists(path) {
				t.Error("there is a file")
			}
		})
	}
}

// TestBelowATest starts this binary without a word of what it is to be, alone
// and as the worker of a run, which has told what the run is to be: it runs no
// test and is no run, each of which would start such a process again.
func TestBelowATest(t *testing.T) {
	s := newSession(t)
	const want = "exit status 97: a process of a test's, which was not told what to be"
	text, err := exec.Command(filepath.Join(tools(t), "run")).CombinedOutput()
	if got := fmt.Sprintf("%v: %s", err, bytes.TrimSpace(text)); got != want {
		t.Errorf("alone: %s", got)
	}
	t.Setenv(workerVariable, filepath.Join(tools(t), "run"))
	// Under the race detector this binary is one, too.
	s.fail(s.run("", "-allow", "race", "-bench", nojoin, "-o", filepath.Join(s.dir, "o.txt")), "run: asking the worker for its configuration: "+want+"\n")
}

// TestInterruptedHanging interrupts a run whose worker takes no notice of
// anything: it does not wait for that.
func TestInterruptedHanging(t *testing.T) {
	s := newSession(t)
	withFaults(t, map[string]fault{nojoin: {how: "hangs-at-once"}})
	path := filepath.Join(s.dir, "o.txt")
	cmd := s.run("", "-bench", nojoin, "-rounds", "3", "-patience", "1h", "-o", path)
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
