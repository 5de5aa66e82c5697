package bench

// Facts are what a family is and how it is read: all that a table or a page
// needs to know of it.
type Facts struct {
	Name    string
	Op      string            // what one op is
	ModeOps map[string]string // the same in the modes where it is something else
	Primary []string          // the units whose sum x-goroutine compares
	Read    string            // the protocol, whom it favours, how to read it
}

// OneOp is what one op of the family is in a mode, "" for none.
func (f Facts) OneOp(mode string) string {
	if op, ok := f.ModeOps[mode]; ok {
		return op
	}
	return f.Op
}
