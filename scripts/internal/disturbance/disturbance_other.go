//go:build !linux

package disturbance

import "time"

// A Reading is a moment; what else went on is not known here.
type Reading struct{ at time.Time }

// Read is now.
func Read() Reading { return Reading{time.Now()} }

// Amount is what went on from r until now.
func (r Reading) Amount() Amount { return Amount{Time: time.Since(r.at), Throttled: -1} }
