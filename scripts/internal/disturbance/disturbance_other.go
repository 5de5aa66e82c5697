//go:build !linux

package disturbance

import (
	"fmt"
	"time"
)

// A Reading is a moment; what else went on is not known here.
type Reading struct{ at time.Time }

// Read is now.
func Read() Reading { return Reading{time.Now()} }

// Since says what went on from r until now.
func (r Reading) Since() string { return fmt.Sprintf("seconds=%.1f", time.Since(r.at).Seconds()) }
