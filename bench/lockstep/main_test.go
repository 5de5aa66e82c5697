package lockstep

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// These variables make this test binary a process of a test.
const (
	belowVariable = "THREADBENCH_TEST_BELOW" // it is some process of a test
	fakeVariable  = "THREADBENCH_TEST_FAKE"  // which one of fakes
	markVariable  = "THREADBENCH_TEST_MARK"  // the test that it belongs to

	scriptVariable = "THREADBENCH_TEST_SCRIPT" // of a script worker
	nameVariable   = "THREADBENCH_TEST_NAME"   // the rest is of a logging worker
	logVariable    = "THREADBENCH_TEST_LOG"
	perOpVariable  = "THREADBENCH_TEST_PER_OP"
	failVariable   = "THREADBENCH_TEST_FAIL"
	leastVariable  = "THREADBENCH_TEST_LEAST"
)

// fakes are what the test binary may be.
var fakes = map[string]func() int{
	"script":      script,
	"arm":         func() int { return Serve(os.Stdin, os.Stdout, openLogging) },
	"lingers":     linger,
	"coordinator": coordinate,
}

func TestMain(m *testing.M) {
	if fake, ok := os.LookupEnv(fakeVariable); ok {
		os.Exit(fakes[fake]())
	}
	if os.Getenv(belowVariable) != "" && !slices.Contains(os.Args, "-test.fuzzworker") {
		// It would run all the tests again, and each of their processes, too.
		fmt.Fprintln(os.Stderr, "a process of a test's, which was not told what to be")
		os.Exit(97)
	}
	os.Setenv(belowVariable, "1")
	// A process under the race detector would sleep for a second as it exits.
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	os.Exit(m.Run())
}

// fake returns how to start a process of a test. The test fails if one is left
// behind.
func fake(t *testing.T, which string, env ...string) Spec {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	mark := fmt.Sprintf("%s=%d %s", markVariable, os.Getpid(), t.Name())
	t.Cleanup(func() { eventually(t, "no process is left", func() bool { return len(marked(mark)) == 0 }) })
	return Spec{
		Path:     program,
		Env:      append(os.Environ(), append(env, fakeVariable+"="+which, mark)...),
		Patience: 2 * time.Minute, // longer than any test
	}
}

// scripted is a worker that follows a script: see script.
func scripted(t *testing.T, lines string) Spec {
	t.Helper()
	return fake(t, "script", scriptVariable+"="+lines)
}

// marked returns the processes with that line in their environment, where the system
// shows them.
func marked(line string) []int {
	var pids []int
	environs, _ := filepath.Glob("/proc/[1-9]*/environ")
	for _, path := range environs {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains("\x00"+string(text), "\x00"+line+"\x00") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// eventually waits for what the system gets to in its own time.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begin := time.Now(); !is(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}

// script is a worker that follows its script, line by line:
//
//	say TEXT     a line on standard output
//	await        reads an order
//	stderr TEXT  a line on standard error
//	create FILE  an empty file
//	both A|B     two lines on standard output, at once
//	drip         a line of a cut now and then, and never another
//	linger FILE  leaves a child that holds standard error open while FILE is there
//	hold FILE    leaves a child that holds standard output open
//	cpus         answers a slice with the CPUs that it may run on
//	babble       writes and never ends the line
//	hang         sleeps, whatever its input does
//	kill         kills itself
//	exit CODE
//
// After the last line it exits with code 0.
func script() int {
	in := bufio.NewReader(os.Stdin)
	for line := range strings.Lines(os.Getenv(scriptVariable)) {
		order, arg, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch order {
		case "say":
			fmt.Println(arg)
		case "await":
			in.ReadString('\n')
		case "stderr":
			fmt.Fprintln(os.Stderr, arg)
		case "create":
			if err := os.WriteFile(arg, nil, 0o644); err != nil {
				panic(err)
			}
		case "both":
			fmt.Print(strings.ReplaceAll(arg, "|", "\n") + "\n")
		case "drip":
			for {
				fmt.Println("cut again")
				time.Sleep(20 * time.Millisecond)
			}
		case "linger", "hold":
			program, err := os.Executable()
			if err != nil {
				panic(err)
			}
			cmd := exec.Command(program)
			cmd.Env = append(os.Environ(), fakeVariable+"=lingers", logVariable+"="+arg)
			if order == "hold" {
				cmd.Stdout = os.Stdout
			} else {
				cmd.Stderr = os.Stderr
			}
			if err := cmd.Start(); err != nil {
				panic(err)
			}
		case "cpus":
			allowed, err := AllowedCPUs()
			if err != nil {
				panic(err)
			}
			fmt.Printf("done 1 1 +at-start=%d", runtime.NumCPU())
			for _, c := range allowed {
				fmt.Printf(" +cpu%d=1", c)
			}
			fmt.Println()
		case "babble":
			for {
				fmt.Print("babble ")
			}
		case "hang":
			time.Sleep(time.Hour)
		case "kill":
			self, err := os.FindProcess(os.Getpid())
			if err != nil {
				panic(err)
			}
			self.Kill()
			time.Sleep(time.Hour)
		case "exit":
			code, err := strconv.Atoi(arg)
			if err != nil {
				panic(err)
			}
			return code
		default:
			panic("no such line in a script: " + line)
		}
	}
	return 0
}

// linger is a process that lives as long as a file does, but no longer than the
// tests: tests that are killed don't remove the file.
func linger() int {
	id, _, _ := strings.Cut(os.Getenv(markVariable), " ")
	pid, err := strconv.Atoi(id)
	if err != nil {
		panic(err)
	}
	for exists(os.Getenv(logVariable)) && !(exists("/proc/self/stat") && ended(pid)) {
		time.Sleep(time.Millisecond)
	}
	return 0
}

// ended reports whether a process is gone or a zombie, where the system shows
// that.
func ended(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, ok := strings.Cut(string(text), ") ")
	return err != nil || !ok || rest[0] == 'Z' || rest[0] == 'X'
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// A loggingArm writes its turns into a log that it shares with others, and reports
// the given time for each op.
type loggingArm struct {
	name  string
	log   *os.File
	perOp []time.Duration // of each run in turn, then from the first again
	fail  string          // "K CODE": exit in the K-th run, with that code; "K hang"; "K many" ops
	least int             // ops of a run
	runs  int
}

func openLogging(cut func(string)) (Arm, error) {
	a := &loggingArm{name: os.Getenv(nameVariable), fail: os.Getenv(failVariable)}
	for text := range strings.SplitSeq(os.Getenv(perOpVariable), " ") {
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, err
		}
		a.perOp = append(a.perOp, d)
	}
	cut("named " + a.name)
	var err error
	if text := os.Getenv(leastVariable); text != "" {
		if a.least, err = strconv.Atoi(text); err != nil {
			return nil, err
		}
	}
	a.log, err = os.OpenFile(os.Getenv(logVariable), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	return a, err
}

func (a *loggingArm) Run(n int) (Slice, error) {
	fmt.Fprintf(a.log, "%s begins %d\n", a.name, n)
	a.runs++
	n = max(n, a.least)
	if run, how, _ := strings.Cut(a.fail, " "); run == strconv.Itoa(a.runs) {
		switch how {
		case "hang":
			time.Sleep(time.Hour)
		case "many":
			return Slice{Ops: 123456, Elapsed: time.Millisecond}, nil
		}
		code, err := strconv.Atoi(how)
		if err != nil {
			return Slice{}, errors.New(how)
		}
		os.Exit(code)
	}
	perOp := a.perOp[(a.runs-1)%len(a.perOp)]
	fmt.Fprintf(a.log, "%s ends %d\n", a.name, n)
	return Slice{Ops: n, Elapsed: time.Duration(n) * perOp, Counts: map[string]int64{"twice": 2 * int64(n)}}, nil
}

func (a *loggingArm) Close() error {
	fmt.Fprintf(a.log, "%s closes 0\n", a.name)
	return a.log.Close()
}

// coordinate is a coordinator. It starts a worker that follows the script, prints the
// worker's process id, and gives it a turn for each line of its own input. An
// interrupt doesn't end it.
func coordinate() int {
	// Not signal.Ignore: the worker would inherit that.
	signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	program, err := os.Executable()
	if err != nil {
		panic(err)
	}
	w, err := Start(context.Background(), Spec{Path: program, Env: append(os.Environ(), fakeVariable+"=script")})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println(w.cmd.Process.Pid)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		_, err := w.Run(context.Background(), 1)
		fmt.Println("turn:", err)
	}
	fmt.Println("close:", w.Close(context.Background()))
	return 0
}
