//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package turns

import (
	"fmt"
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
