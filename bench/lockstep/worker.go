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
	Env  []string // its whole environment, as os.Environ has it
	CPUs []int    // the CPUs that it may run on from its first instruction; nil for those of the coordinator
	// Turn is how long its turns are aimed to be in Measure, 0 for as long as
	// the plan's slices. It has one in every tenth lap then: see longEvery.
	Turn time.Duration
	// Patience is how long it may take to open its arm, to do a slice, or to
	// close, before it is killed as hung; 0 for a minute.
	Patience time.Duration
	// Around is what surrounds the ops in Once, when the arm is open, such as
	// the timer of package testing; nil for nothing. It has to call run.
	Around func(run func())
	// Silent is what to say of a worker that a fault ended before it had
	// written anything to standard error.
	Silent string
	// Starter starts the process and waits for it, nil for who just does so.
	// One that does it on another thread is not reached by CPUs.
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

// A Worker is a running worker process. It is used by one goroutine at a
// time.
type Worker struct {
	Cuts []string // what it said it measures less of, and why

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

// mostCuts is how often a worker may say that it measures less.
const mostCuts = 100

// A WorkerError is a worker that failed: it said so, died, hung, or answered
// nonsense.
type WorkerError struct {
	What   string // what it did, with the beginning of what it wrote to standard error if it died
	Killed bool   // it died or was killed, rather than having said what is wrong
}

func (e *WorkerError) Error() string { return e.What }

// Start starts a worker and waits until it has opened its arm. The error is a
// *Skip if it can't be measured here, a *WorkerError if it failed, ctx's if
// that ended, else what kept the process from starting. When ctx ends, the
// worker is killed; so it is, where the system can, when the coordinator dies.
func Start(ctx context.Context, spec Spec) (*Worker, error) {
	w := &Worker{cmd: exec.CommandContext(ctx, spec.Path, spec.Args...), silent: spec.Silent, patience: cmp.Or(spec.Patience, time.Minute)}
	w.cmd.Env = spec.Env
	w.cmd.Stderr = &w.stderr
	w.cmd.SysProcAttr = sysProcAttr()
	// A child of the worker's that outlives it must not keep us waiting for
	// its standard error.
	w.cmd.WaitDelay = time.Second
	w.cmd.Cancel = w.stop
	w.starter = spec.Starter
	if w.starter == nil {
		w.starter = plainStarter{}
	}
	if err := OnCPUs(spec.CPUs, w.start); err != nil {
		if w.cmd.Process != nil { // it runs, and the coordinator is not where it was before
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

// start makes the pipes to the process and starts it; if that fails, both are
// closed.
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

// Close lets the worker close its arm and waits for its end. An error says
// what the arm left behind, or how the worker failed.
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

// stop ends the worker, and what waits for an answer of it: another process
// may hold its standard output open.
func (w *Worker) stop() error {
	w.stdout.Close()
	return w.cmd.Process.Kill()
}

// ask gives an order and waits for the answer. An answer that is there before
// it was asked for would be taken for this one, and each later one for another.
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

// answer is the next line that the worker says.
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

// complaint is what an answer says that is none of those expected.
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

// faulted tells whether a process was ended by a signal that an instruction
// can raise.
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

// head keeps the beginning of what a worker writes to standard
// error: a runtime that gives up says why in its first lines.
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
