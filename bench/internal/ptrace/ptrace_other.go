//go:build !linux

package ptrace

import "os/exec"

// Start returns ErrUnsupported here.
func (t *Tracer) Start(*exec.Cmd) error { return ErrUnsupported }

// Filter returns ErrUnsupported here.
func Filter() error { return ErrUnsupported }

// Wait returns ErrUnsupported here.
func (t *Tracer) Wait(*exec.Cmd) error { return ErrUnsupported }
