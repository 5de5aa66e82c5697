//go:build !linux

package measure

import (
	"io"
	"os"
)

// Awake is standard input; elsewhere than on Linux the scheduler is told of
// the wait, and its monitor disturbs the slices a little.
type Awake struct{}

// Read is os.Stdin's.
func (Awake) Read(b []byte) (int, error) { return os.Stdin.Read(b) }

// parked is standard input, too.
func parked() io.Reader { return os.Stdin }
