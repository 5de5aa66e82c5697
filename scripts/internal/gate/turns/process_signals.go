//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package turns

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

const signals = true

// stop asks the process, and those that it has started, to stop.
func (p *process) stop() { syscall.Kill(-p.os.Pid, syscall.SIGSTOP) }

func (p *process) resume() { syscall.Kill(-p.os.Pid, syscall.SIGCONT) }

func (p *process) killGroup() { syscall.Kill(-p.os.Pid, syscall.SIGKILL) }

// exitOf is how a process ended, from what the system says.
func exitOf(status syscall.WaitStatus, usage *syscall.Rusage) exit {
	e := exit{cpu: time.Duration(usage.Utime.Nano() + usage.Stime.Nano())}
	switch {
	case status.Signaled():
		e.state = fmt.Sprintf("signal: %v", status.Signal())
	case status.ExitStatus() != 0:
		e.state = fmt.Sprintf("exit status %d", status.ExitStatus())
	}
	return e
}

// read waits for output, and notes when it was read. The error is io.EOF at its
// end.
func (o *output) read(r *os.File, buf []byte, begun time.Time) (n int, err error) {
	raw, err := r.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	err = raw.Read(func(fd uintptr) (done bool) {
		o.mu.Lock()
		defer o.mu.Unlock()
		n, failed = o.take(int(fd), buf, begun)
		return failed != syscall.EAGAIN
	})
	if err == nil {
		err = failed
	}
	return n, err
}

// drain reads what the stopped process has written and read hasn't seen yet.
func (o *output) drain(r *os.File, begun time.Time) {
	raw, err := r.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		o.mu.Lock()
		defer o.mu.Unlock()
		buf := make([]byte, 64<<10)
		for {
			if _, err := o.take(int(fd), buf, begun); err != nil {
				return
			}
		}
	})
}

// take reads without waiting. The caller holds mu.
func (o *output) take(fd int, buf []byte, begun time.Time) (n int, err error) {
	for {
		n, err = syscall.Read(fd, buf)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			return 0, err
		case n == 0:
			return 0, io.EOF
		}
		o.add(buf[:n], time.Since(begun))
		return n, nil
	}
}
