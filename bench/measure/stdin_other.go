//go:build !linux

package measure

import (
	"io"
	"os"
)

// heldInput is standard input; elsewhere than on Linux the scheduler is told of
// the wait, and its monitor disturbs the slices a little.
type heldInput struct{}

// Read is os.Stdin's.
func (heldInput) Read(b []byte) (int, error) { return os.Stdin.Read(b) }

// parked is standard input, too.
func parked() io.Reader { return os.Stdin }
