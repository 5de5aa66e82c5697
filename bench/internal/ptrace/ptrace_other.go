//go:build !linux

package ptrace

import "os/exec"

// Start is refused here.
func (t *Tracer) Start(*exec.Cmd) error { return ErrUnsupported }

// Filter is refused here.
func Filter() error { return ErrUnsupported }

// Wait is refused here.
func (t *Tracer) Wait(*exec.Cmd) error { return ErrUnsupported }
