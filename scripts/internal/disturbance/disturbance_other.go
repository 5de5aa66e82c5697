//go:build !linux

package disturbance

import "time"

// A Reading is a moment. This system's disturbances are unknown.
type Reading struct{ at time.Time }

// Read is a reading of now.
func Read() Reading { return Reading{time.Now()} }

// Amount is the time from r until now.
func (r Reading) Amount() Amount { return Amount{Time: time.Since(r.at), Throttled: -1} }
