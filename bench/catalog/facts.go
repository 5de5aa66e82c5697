package catalog

import "slices"

// Facts are what a family is and how it is read: all that a table or a page
// needs to know of it.
type Family struct {
	Name    string
	Op      string            // what one op is
	ModeOps map[string]string // the same in the modes where it is something else
	Primary []string          // the units whose sum x-goroutine compares
	Read    string            // the protocol, whom it favours, how to read it
	Laps    []string          // the modes whose arms take turns; "" is that of a case without one. All others are measured once a process
}

// InLaps reports whether the arms of a mode take turns.
func (f Family) InLaps(mode string) bool { return slices.Contains(f.Laps, mode) }

// OneOp is what one op of the family is in a mode, "" for none.
func (f Family) OneOp(mode string) string {
	if op, ok := f.ModeOps[mode]; ok {
		return op
	}
	return f.Op
}
