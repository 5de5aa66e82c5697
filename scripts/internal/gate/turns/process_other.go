//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package turns

import (
	"fmt"
	"syscall"
)

const (
	signals = false
	pins    = false
)

func sysProcAttr() *syscall.SysProcAttr { return nil }

func (p *process) stop() {}

func (p *process) resume() {}

func (p *process) killGroup() { p.os.Kill() }

// await waits until the process has ended.
func (p *process) await(bool) (ended bool) {
	state, err := p.os.Wait()
	switch {
	case err != nil:
		p.exit.state = fmt.Sprintf("waiting for it: %v", err)
	case !state.Success():
		p.exit.state = state.String()
	}
	if state != nil {
		p.exit.cpu = state.UserTime() + state.SystemTime()
	}
	return true
}

func (p *process) reap() exit { return p.exit }
