package lockstep

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWorkerFails has workers fail in each way at each moment.
func TestWorkerFails(t *testing.T) {
	for _, test := range []struct {
		name   string
		script string
		// The errors of Start, Run and Close, "" for none; after an error the
		// rest is not called.
		start, run, close string
		killed            bool
		hangs             bool // it hangs; the test's patience is short
	}{
		{name: "good", script: "say ready\nawait\nsay done 1 5\nawait\nsay closed"},
		{name: "says that it failed to open", script: "say error no pipes: raise ulimit -n\nexit 1", start: "no pipes: raise ulimit -n"},
		{name: "exits before it has opened", script: "exit 3", start: "the worker died: exit status 3", killed: true},
		{name: "exits well before it has opened", script: "exit 0", start: "the worker died: exit status 0", killed: true},
		{name: "is killed before it has opened", script: "kill", start: "the worker died: ", killed: true},
		{name: "says why it dies", script: "stderr runtime: failed to create new OS thread (have 5 already; errno=11)\nstderr\nstderr goroutine 1\nexit 2",
			start: "the worker died: exit status 2: runtime: failed to create new OS thread (have 5 already; errno=11) goroutine 1", killed: true},
		{name: "says a lot as it dies", script: "stderr " + strings.Repeat("word ", 9000) + "\nexit 2",
			start: "exit status 2: " + strings.Repeat("word ", 60), killed: true},
		{name: "answers nonsense as it opens", script: "say hello there\nhang", start: `the worker answered nonsense: "hello there"`},
		{name: "answers a slice as it opens", script: "say done 1 5\nhang", start: `the worker answered nonsense: "done 1 5"`},
		{name: "answers an empty line as it opens", script: "say\nhang", start: `the worker answered nonsense: " "`},
		{name: "never ends a line as it opens", script: "babble", start: `nonsense: a line that begins "babble babble`},
		{name: "is cut for ever", script: strings.Repeat("say cut down\n", mostCuts+1) + "hang", start: "the worker answered nonsense: it is cut 100 times and more"},
		{name: "says something without an end as it opens", script: "drip", hangs: true, start: "the worker hung: no answer within", killed: true},
		{name: "hangs as it opens", script: "hang", hangs: true, start: "the worker hung: no answer within", killed: true},

		{name: "says that a slice failed", script: "say ready\nawait\nsay error expected 5, seen 6\nexit 1", run: "expected 5, seen 6"},
		{name: "exits in a slice", script: "say ready\nawait\nexit 4", run: "the worker died: exit status 4", killed: true},
		{name: "exits between two slices", script: "say ready\nexit 4", run: "the worker died: exit status 4", killed: true},
		{name: "is killed in a slice", script: "say ready\nawait\nkill", run: "the worker died: ", killed: true},
		{name: "says why it dies in a slice", script: "say ready\nawait\nstderr fatal error: out of memory\nexit 2", run: "exit status 2: fatal error: out of memory", killed: true},
		{name: "says ready for a slice", script: "say ready\nawait\nsay ready\nhang", run: `the worker answered nonsense: "ready "`},
		{name: "answers a slice of no ops", script: "say ready\nawait\nsay done 0 5\nhang", run: `the worker answered nonsense: "0 5": OPS is not a positive whole number`},
		{name: "answers half a slice", script: "say ready\nawait\nsay done 1\nhang", run: `the worker answered nonsense: "1": OPS and NS are missing`},
		{name: "answers a slice of a time that is over", script: "say ready\nawait\nsay done 1 9223372036854775807\nhang", run: `nonsense: "1 9223372036854775807": NS is more than the 2m0s that it may take`},
		{name: "answers a slice of a time to come", script: "say ready\nawait\nsay done 1 -5\nhang", run: `nonsense: "1 -5": NS is not a whole number of 0 or more`},
		{name: "answers before it was asked", script: "both ready|done 1 5\nhang", run: `nonsense: "done 1 5\n", which nobody had asked for`},
		{name: "never ends a line in a slice", script: "say ready\nawait\nbabble", run: `nonsense: a line that begins "babble babble`},
		{name: "hangs in a slice", script: "say ready\nawait\nstderr all asleep\nhang", hangs: true, run: ": all asleep", killed: true},

		{name: "answers twice", script: "say ready\nawait\nboth done 1 5|done 1 6\nhang", close: `nonsense: "done 1 6\n", which nobody had asked for`},
		{name: "leaves something behind", script: "say ready\nawait\nsay done 1 5\nawait\nsay error left behind: 2 raw threads\nexit 1", close: "left behind: 2 raw threads"},
		{name: "exits as it closes", script: "say ready\nawait\nsay done 1 5\nawait\nexit 5", close: "the worker died: exit status 5", killed: true},
		{name: "exits badly when it has closed", script: "say ready\nawait\nsay done 1 5\nawait\nsay closed\nstderr still here\nexit 6", close: "the worker ended badly after it had closed: exit status 6: still here", killed: true},
		{name: "answers a slice as it closes", script: "say ready\nawait\nsay done 1 5\nawait\nsay done 1 5\nhang", close: `the worker answered nonsense: "done 1 5"`},
		{name: "hangs as it closes", script: "say ready\nawait\nsay done 1 5\nawait\nhang", hangs: true, close: "the worker hung: no answer within", killed: true},
		{name: "hangs when it has closed", script: "say ready\nawait\nsay done 1 5\nawait\nsay closed\nstderr exit handlers\nhang", hangs: true, close: "the worker hung: it had closed and did not end within", killed: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			spec := scripted(t, test.script)
			if test.hangs && test.start != "" {
				spec.Patience = 100 * time.Millisecond
			}
			w, err := Start(ctx, spec)
			if failed(t, "Start", err, test.start, test.killed) {
				return
			}
			if test.hangs {
				// Only from here on: the start may take any time.
				w.patience = 100 * time.Millisecond
			}
			s, err := w.Run(ctx, 1)
			if failed(t, "Run", err, test.run, test.killed) {
				return
			}
			if want := withMaps(Slice{Ops: 1, Elapsed: 5}); !cmp.Equal(s, want) {
				t.Errorf("Run = %+v, want %+v", s, want)
			}
			if failed(t, "Close", w.Close(ctx), test.close, test.killed) {
				return
			}
			// A deferred Kill or Close does no harm.
			w.Kill()
			if err := w.Close(ctx); err != nil {
				t.Errorf("closing once more: %v", err)
			}
		})
	}
}

// failed reports whether there was an error, and fails unless it is a *WorkerError
// with the wanted text.
func failed(t *testing.T, what string, err error, want string, killed bool) bool {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return false
	}
	var worker *WorkerError
	if !errors.As(err, &worker) {
		t.Fatalf("%s = %v (%T), want a *WorkerError", what, err, err)
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("%s: %q, want it to say %q", what, err, want)
	}
	if len(err.Error()) > 500 {
		t.Errorf("%s: an error of %d bytes, want a line", what, len(err.Error()))
	}
	if worker.Killed != killed {
		t.Errorf("%s: %q: Killed is %v, want %v", what, err, worker.Killed, killed)
	}
	return true
}

func TestStartSkips(t *testing.T) {
	_, err := Start(context.Background(), scripted(t, "say cut only 3 fit\nsay skip pids.max 64: 1000 threads wanted\nhang"))
	var skip *Skip
	if !errors.As(err, &skip) || skip.Reason != "pids.max 64: 1000 threads wanted" {
		t.Errorf("Start = %v (%T), want the *Skip", err, err)
	}
}

func TestStartTellsOfCuts(t *testing.T) {
	w, err := Start(context.Background(), scripted(t, "say cut 3 fit\nsay cut no poller\nsay ready\nawait\nsay closed"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"3 fit", "no poller"}, w.Cuts); d != "" {
		t.Errorf("cuts (-want +got):\n%s", d)
	}
	if err := w.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestStartWithoutProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none")
	_, err := Start(context.Background(), Spec{Path: path})
	var worker *WorkerError
	var skip *Skip
	if !errors.Is(err, os.ErrNotExist) || errors.As(err, &worker) || errors.As(err, &skip) || !strings.Contains(err.Error(), path) {
		t.Errorf("Start = %v (%T), want an error of its own that names %s", err, err, path)
	}
}

// TestChildHoldsStandardError has a worker leave a child behind that holds its
// standard error open: nobody waits for the child.
func TestChildHoldsStandardError(t *testing.T) {
	for _, test := range []struct{ name, script, want string }{
		{"died", "say ready\nlinger FILE\nstderr why\nexit 3", "exit status 3: why"},
		{"closed", "say ready\nlinger FILE\nawait\nsay closed", "ended badly after it had closed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			spec := scripted(t, strings.ReplaceAll(test.script, "FILE", file))
			w, err := Start(context.Background(), spec)
			if err != nil {
				t.Fatal(err)
			}
			err = w.Close(context.Background())
			failed(t, "Close", err, test.want, true)
			if left := marked(spec.Env[len(spec.Env)-1]); exists("/proc/self/environ") && len(left) != 1 {
				t.Errorf("processes %v are left, want the child alone: it was to outlive the worker", left)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestChildHoldsStandardOutput has a worker leave a child behind that holds its
// standard output open. So the coordinator doesn't see the worker's end there, and
// waits no longer than its patience or the context.
func TestChildHoldsStandardOutput(t *testing.T) {
	cause := errors.New("stopped by the test")
	for _, ends := range []bool{false, true} {
		t.Run(fmt.Sprintf("context ends %v", ends), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(file, nil, 0o644); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			w, err := Start(ctx, scripted(t, "say ready\nawait\nhold "+file+"\nstderr here\nexit 3"))
			if err != nil {
				t.Fatal(err)
			}
			if ends {
				go w.endsWhenItSays("here", func() { cancel(cause) })
			} else {
				w.patience = 100 * time.Millisecond
			}
			_, err = w.Run(ctx, 1)
			if ends && !errors.Is(err, cause) {
				t.Errorf("error %v, want the context's cause", err)
			}
			if !ends {
				failed(t, "Run", err, "the worker hung: no answer within 100ms", true)
			}
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestLingerEndsWithTests: a process of these tests that outlives a worker ends when
// the tests are killed, though its file stays.
func TestLingerEndsWithTests(t *testing.T) {
	if !exists("/proc/self/stat") {
		t.Skip("needs to see whether a process has ended")
	}
	// Nobody waits for it, as in a container whose first process doesn't.
	gone := exec.Command(scripted(t, "").Path)
	if err := gone.Start(); err != nil {
		t.Fatal(err)
	}
	defer gone.Wait()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	spec := fake(t, "lingers", logVariable+"="+file)
	cmd := exec.Command(spec.Path)
	cmd.Env = append(spec.Env, fmt.Sprintf("%s=%d %s", markVariable, gone.Process.Pid, t.Name()))
	if err := cmd.Run(); err != nil {
		t.Error(err)
	}
}

// TestBelowATest starts this binary as a process of a test without a role: it runs no
// tests, which would start such processes again.
func TestBelowATest(t *testing.T) {
	_, err := Start(context.Background(), Spec{Path: scripted(t, "").Path})
	failed(t, "Start", err, "the worker died: exit status 97: a process of a test's, which was not told what to be", true)
}

// TestContextEnds ends the context at each moment: the worker is killed, and
// the error is the context's cause.
func TestContextEnds(t *testing.T) {
	cause := errors.New("stopped by the test")
	for _, test := range []struct {
		name, script string
		call         func(ctx context.Context, end func(), w *Worker) error
	}{
		{"in a slice", "say ready\nawait\nstderr here\nhang", func(ctx context.Context, end func(), w *Worker) error {
			go w.endsWhenItSays("here", end)
			_, err := w.Run(ctx, 1)
			return err
		}},
		{"before a slice", "say ready\nhang", func(ctx context.Context, end func(), w *Worker) error {
			end()
			_, err := w.Run(ctx, 1)
			return err
		}},
		{"as it closes", "say ready\nawait\nstderr here\nhang", func(ctx context.Context, end func(), w *Worker) error {
			go w.endsWhenItSays("here", end)
			return w.Close(ctx)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			w, err := Start(ctx, scripted(t, test.script))
			if err != nil {
				t.Fatal(err)
			}
			if err := test.call(ctx, func() { cancel(cause) }, w); !errors.Is(err, cause) {
				t.Errorf("error %v, want the context's cause", err)
			}
			if w.cmd.ProcessState == nil {
				t.Error("the worker was not waited for")
			}
		})
	}
}

// endsWhenItSays calls end when the worker has written text to standard error.
func (w *Worker) endsWhenItSays(text string, end func()) {
	for !strings.Contains(w.stderr.quote(), text) {
		time.Sleep(time.Millisecond)
	}
	end()
}

func TestContextEndsAsItStarts(t *testing.T) {
	cause := errors.New("stopped by the test")
	t.Run("before", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		cancel(cause)
		if _, err := Start(ctx, scripted(t, "say ready")); !errors.Is(err, cause) {
			t.Errorf("Start = %v, want the context's cause", err)
		}
	})
	t.Run("while it opens", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(context.Background())
		file := filepath.Join(t.TempDir(), "file")
		go func() {
			for !exists(file) {
				time.Sleep(time.Millisecond)
			}
			cancel(cause)
		}()
		if _, err := Start(ctx, scripted(t, "create "+file+"\nhang")); !errors.Is(err, cause) {
			t.Errorf("Start = %v, want the context's cause", err)
		}
	})
}
