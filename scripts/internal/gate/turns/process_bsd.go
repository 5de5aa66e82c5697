//go:build darwin || freebsd || netbsd || openbsd || dragonfly

package turns

import (
	"fmt"
	"syscall"
)

const pins = false

// sysProcAttr makes the process lead a group.
func sysProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// await waits until the process has ended or, if stops, has stopped.
func (p *process) await(stops bool) (ended bool) {
	options := 0
	if stops {
		options = syscall.WUNTRACED
	}
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		_, err := syscall.Wait4(p.os.Pid, &status, options, &usage)
		switch {
		case err == syscall.EINTR:
			continue
		case err != nil:
			p.exit.state = fmt.Sprintf("waiting for it: %v", err)
			return true
		case status.Stopped():
			return false
		}
		p.exit = exitOf(status, &usage)
		return true
	}
}

// reap kills what the ended process has left in its group.
func (p *process) reap() exit {
	p.killGroup()
	return p.exit
}
