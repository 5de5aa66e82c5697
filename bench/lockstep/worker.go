package lockstep

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A Spec says how to start a worker.
type Spec struct {
	Path string   // the program
	Args []string // its arguments
	Env  []string // its whole environment, in the form of os.Environ
	CPUs []int    // the CPUs that it may run on, from its first instruction; nil for the coordinator's
	// Turn is the aimed length of its turns in Measure, 0 for the plan's
	// slices. With a Turn it runs in every tenth lap: see longEvery.
	Turn time.Duration
	// Patience is how long it may take to open its arm, to do a slice, or to
	// close, before it is killed as hung; 0 for a minute.
	Patience time.Duration
	// Around surrounds the ops in Once, after the arm is open: for instance by
	// the timer of package testing. nil does nothing. Around has to call run.
	Around func(run func())
	// Silent is a hint for the error of a worker that a fault ended before it
	// wrote anything to standard error.
	Silent string
	// Starter starts the process and waits for it, nil for the plain way. CPUs
	// has no effect on a Starter that starts it on another thread.
	Starter Starter
}

// A Starter starts a process, as cmd.Start does, and waits for it, as cmd.Wait.
type Starter interface {
	Start(cmd *exec.Cmd) error
	Wait(cmd *exec.Cmd) error
}

type plainStarter struct{}

func (plainStarter) Start(cmd *exec.Cmd) error { return cmd.Start() }
func (plainStarter) Wait(cmd *exec.Cmd) error  { return cmd.Wait() }

// A Worker is a running worker process. One goroutine at a time uses it.
type Worker struct {
	Cuts []string // its reports that it measures less, and why

	cmd      *exec.Cmd
	in       io.WriteCloser
	stdout   io.Closer
	out      *bufio.Reader
	stderr   head
	silent   string
	patience time.Duration
	starter  Starter
	hung     atomic.Bool
	over     bool
}

// mostCuts is the number of cuts that a worker may report.
const mostCuts = 100

// A WorkerError is a worker that failed: it said so, died, hung, or answered
// nonsense.
type WorkerError struct {
	What   string // the failure; if it died, with the beginning of its standard error
	Killed bool   // it died or was killed; otherwise it reported an error
}

func (e *WorkerError) Error() string { return e.What }

// Start starts a worker and waits until it has opened its arm. The error is a
// *Skip if the arm can't be measured here, a *WorkerError if the worker failed,
// ctx's cause if ctx ended, else the reason why the process did not start. The
// worker is killed when ctx ends and, where the system can, when the
// coordinator dies.
func Start(ctx context.Context, spec Spec) (*Worker, error) {
	w := &Worker{cmd: exec.CommandContext(ctx, spec.Path, spec.Args...), silent: spec.Silent, patience: cmp.Or(spec.Patience, time.Minute)}
	w.cmd.Env = spec.Env
	w.cmd.Stderr = &w.stderr
	w.cmd.SysProcAttr = sysProcAttr()
	// A child of the worker that outlives it must not keep us waiting for its
	// standard error.
	w.cmd.WaitDelay = time.Second
	w.cmd.Cancel = w.stop
	w.starter = spec.Starter
	if w.starter == nil {
		w.starter = plainStarter{}
	}
	if err := OnCPUs(spec.CPUs, w.start); err != nil {
		if w.cmd.Process != nil { // it runs, but the coordinator's thread did not get its mask back
			w.Kill()
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("starting worker %s: %w", spec.Path, err)
	}
	stop := time.AfterFunc(w.patience, w.expire)
	defer stop.Stop()
	for {
		word, rest, err := w.answer()
		if err != nil {
			return nil, w.fail(ctx, err)
		}
		switch word {
		case "ready":
			return w, nil
		case "cut":
			if len(w.Cuts) == mostCuts {
				return nil, w.fail(ctx, &WorkerError{What: fmt.Sprintf("the worker answered nonsense: it is cut %d times and more", mostCuts)})
			}
			w.Cuts = append(w.Cuts, oneLine(rest))
		case "skip":
			w.Kill()
			return nil, &Skip{oneLine(rest)}
		default:
			return nil, w.fail(ctx, w.complaint(word, rest))
		}
	}
}

// start makes the pipes to the process and starts it. If that fails, it closes
// both.
func (w *Worker) start() error {
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		in.Close()
		return err
	}
	w.in, w.stdout, w.out = in, out, bufio.NewReader(out)
	return w.starter.Start(w.cmd)
}

// Run gives the worker a turn of n ops. After an error the worker is dead.
func (w *Worker) Run(ctx context.Context, n int) (Slice, error) {
	word, rest, err := w.ask(fmt.Sprintf("run %d", n))
	if err == nil && word != "done" {
		err = w.complaint(word, rest)
	}
	var s Slice
	if err == nil {
		s, err = parseSlice(rest)
	}
	if err == nil && s.Elapsed > w.patience {
		err = &WorkerError{What: fmt.Sprintf("the worker answered nonsense: %.200q: NS is more than the %v that it may take", rest, w.patience)}
	}
	if err != nil {
		return Slice{}, w.fail(ctx, err)
	}
	return s, nil
}

// Close has the worker close its arm and waits for its end. The error says what
// the arm left behind, or how the worker failed.
func (w *Worker) Close(ctx context.Context) error {
	if w.over {
		return nil
	}
	word, rest, err := w.ask("close")
	if err == nil && word != "closed" {
		err = w.complaint(word, rest)
	}
	if err != nil {
		return w.fail(ctx, err)
	}
	w.over = true
	w.in.Close()
	stop := time.AfterFunc(w.patience, w.expire)
	defer stop.Stop()
	err = w.starter.Wait(w.cmd)
	switch {
	case w.hung.Load():
		return &WorkerError{What: fmt.Sprintf("the worker hung: it had closed and did not end within %v%s", w.patience, w.stderr.quote()), Killed: true}
	case err != nil:
		return &WorkerError{What: fmt.Sprintf("the worker ended badly after it had closed: %v%s", err, w.stderr.quote()), Killed: true}
	}
	return nil
}

// Kill ends the worker at once.
func (w *Worker) Kill() {
	if w.over {
		return
	}
	w.over = true
	w.in.Close()
	w.cmd.Process.Kill()
	w.starter.Wait(w.cmd)
}

func (w *Worker) expire() {
	w.hung.Store(true)
	w.stop()
}

// stop ends the worker, and any wait for its answer: another process may hold
// its standard output open.
func (w *Worker) stop() error {
	w.stdout.Close()
	return w.cmd.Process.Kill()
}

// ask gives an order and waits for the answer. It refuses an answer that came
// before the order: that one would be taken for this order's answer, and each
// later one for another's.
func (w *Worker) ask(order string) (word, rest string, err error) {
	if early := w.out.Buffered(); early > 0 {
		text, _ := w.out.Peek(early)
		return "", "", &WorkerError{What: fmt.Sprintf("the worker answered nonsense: %.200q, which nobody had asked for", text)}
	}
	stop := time.AfterFunc(w.patience, w.expire)
	defer stop.Stop()
	if _, err := fmt.Fprintln(w.in, order); err != nil {
		return "", "", w.death()
	}
	return w.answer()
}

// answer returns the next line of the worker.
func (w *Worker) answer() (word, rest string, err error) {
	line, err := w.out.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return "", "", &WorkerError{What: fmt.Sprintf("the worker answered nonsense: a line that begins %.60q and does not end", line)}
	case err != nil:
		return "", "", w.death()
	}
	word, rest, _ = strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
	return word, rest, nil
}

// complaint returns the error for an answer that was not expected.
func (w *Worker) complaint(word, rest string) error {
	if word == "error" {
		return &WorkerError{What: oneLine(rest)}
	}
	return &WorkerError{What: fmt.Sprintf("the worker answered nonsense: %.200q", word+" "+rest)}
}

func (w *Worker) death() error {
	w.cmd.Process.Kill()
	w.starter.Wait(w.cmd)
	w.over = true
	if w.hung.Load() {
		return &WorkerError{What: fmt.Sprintf("the worker hung: no answer within %v%s", w.patience, w.stderr.quote()), Killed: true}
	}
	why := w.stderr.quote()
	if why == "" && w.silent != "" && faulted(w.cmd.ProcessState) {
		why = ": " + w.silent
	}
	return &WorkerError{What: fmt.Sprintf("the worker died: %v%s", w.cmd.ProcessState, why), Killed: true}
}

// faulted reports whether a signal that an instruction can raise ended the
// process.
func faulted(state *os.ProcessState) bool {
	status, ok := state.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return false
	}
	switch status.Signal() {
	case syscall.SIGSEGV, syscall.SIGBUS, syscall.SIGILL, syscall.SIGFPE, syscall.SIGTRAP:
		return true
	}
	return false
}

func (w *Worker) fail(ctx context.Context, err error) error {
	w.Kill()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// head keeps the beginning of a worker's standard error: a runtime that gives
// up says why in its first lines.
type head struct {
	mu   sync.Mutex
	text []byte
}

func (t *head) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if room := 2048 - len(t.text); room > 0 {
		t.text = append(t.text, p[:min(room, len(p))]...)
	}
	return len(p), nil
}

func (t *head) quote() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := oneLine(string(t.text))
	if s == "" {
		return ""
	}
	return fmt.Sprintf(": %.300s", s)
}
