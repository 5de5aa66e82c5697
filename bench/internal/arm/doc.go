// Package arm has what the families' arms share: the clock of an arm in Go and
// the counts that go with it, stamps of single ops, parked tasks, limits that
// are looked up before threads are made, links and sockets between tasks, and a
// worker whose system calls a tracer counts.
//
// It imports measure, lockstep, host, and the two packages under measurement,
// goroutines and threads; the families import it. Code that only one family
// needs is elsewhere, unless it belongs beside its kind.
package arm
