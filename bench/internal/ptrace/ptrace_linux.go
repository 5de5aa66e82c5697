package ptrace

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Start starts the command and watches it, on a thread of its own, until the
// process has ended. The process is killed when this process dies. It gets a
// process group of its own. Processes that it starts are not watched.
//
// The error is a *RefusedError if the system doesn't allow tracing.
func (t *Tracer) Start(cmd *exec.Cmd) error {
	t.over = make(chan struct{})
	started := make(chan error)
	go func() {
		// Only the thread that started the process may trace it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := t.begin(cmd)
		started <- err
		if err == nil {
			t.watch()
			close(t.over)
		}
	}()
	return <-started
}

// Wait waits for the process, in place of cmd.Wait: waiting for the end of a
// traced process would also report its stops.
func (t *Tracer) Wait(cmd *exec.Cmd) error {
	<-t.over
	return cmd.Wait()
}

func (t *Tracer) begin(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Ptrace = true
	cmd.SysProcAttr.Setpgid = true
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL // until EXITKILL is set
	if err := cmd.Start(); err != nil {
		return refused("starting a process that asks to be traced", err)
	}
	t.process = cmd.Process.Pid
	t.known = map[int]bool{t.process: true}
	err := t.take()
	if err != nil {
		cmd.Process.Kill()
		t.watch()
		cmd.Wait()
	}
	return err
}

// take takes over the process at the stop after its exec.
func (t *Tracer) take() error {
	s, err := wait(t.process, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT)
	if err != nil {
		return err
	}
	if !s.stopped() {
		return errors.New("tracing a process: it was gone before its first instruction")
	}
	const options = unix.PTRACE_O_EXITKILL | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACESECCOMP
	if err := unix.PtraceSetOptions(t.process, options); err != nil {
		return refused("PTRACE_SETOPTIONS", err)
	}
	return unix.PtraceCont(t.process, 0)
}

// watch lets the threads of the process run from stop to stop.
func (t *Tracer) watch() {
	for {
		// WNOWAIT leaves what is waited for: the end of the process itself is
		// for Wait, and a stop ends when the thread goes on.
		s, err := wait(-t.process, unix.WSTOPPED|unix.WEXITED|unix.WNOWAIT)
		switch {
		case err != nil:
			return // nothing of the process is left
		case s.stopped():
			t.goOn(s)
		case s.pid == t.process:
			return
		default:
			unix.Wait4(s.pid, nil, unix.WALL, nil)
		}
	}
}

// goOn reports why a thread has stopped and lets it go on. If the thread was
// killed in the meantime all calls fail, and its end is waited for next.
func (t *Tracer) goOn(s stop) {
	signal := 0
	switch event := s.status >> 8; {
	case event == unix.PTRACE_EVENT_SECCOMP:
		if number, err := unix.PtraceGetEventMsg(s.pid); err == nil {
			t.Entered(callName(int(number)))
		}
	case event != 0:
	case s.status == int(unix.SIGSTOP) && !t.known[s.pid]: // as each new thread begins
	default:
		signal = s.status
	}
	t.known[s.pid] = true
	unix.PtraceCont(s.pid, signal)
}

// refused returns a *RefusedError if a system that forbids tracing answers with
// that error, else the error itself.
func refused(step string, err error) error {
	for _, e := range []error{unix.EPERM, unix.EACCES, unix.ENOSYS, unix.EIO, unix.EINVAL} {
		if !errors.Is(err, e) {
			continue
		}
		scope := "not there"
		if text, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope"); err == nil {
			scope = strings.TrimSpace(string(text))
		}
		return &RefusedError{Step: step, Err: err, Why: "kernel.yama.ptrace_scope is " + scope +
			"; it may not be above 1 (2 for root), the kernel needs seccomp filters, a container needs a seccomp profile that allows ptrace(2), " +
			"and no strace, debugger or emulator may watch or run this process"}
	}
	return err
}
