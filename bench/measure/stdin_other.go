//go:build !linux

package measure

import (
	"io"
	"os"
)

// heldInput is standard input. Only on Linux can the wait be hidden from the
// scheduler; here its monitor disturbs the slices a little.
type heldInput struct{}

// Read reads os.Stdin.
func (heldInput) Read(b []byte) (int, error) { return os.Stdin.Read(b) }

// parked is standard input as well.
func parked() io.Reader { return os.Stdin }
