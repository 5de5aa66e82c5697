//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package turns

import (
	"fmt"
	"os"
	"syscall"
	"time"
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

// read waits for output, and notes when it was read.
func (o *output) read(r *os.File, buf []byte, begun time.Time) (n int, err error) {
	n, err = r.Read(buf)
	o.add(buf[:n], time.Since(begun))
	return n, err
}

// drain has nothing to do: without turns nobody asks when output arrived.
func (o *output) drain(*os.File, time.Time) {}
