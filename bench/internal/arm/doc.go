// Package arm is what the families' arms share: the clock of an arm in Go and
// what is counted along with it, stamps of single ops, herds of parked tasks,
// limits that are looked up before threads are made, links and sockets between
// tasks, and a worker whose system calls are counted from outside.
//
// It imports measure, lockstep, host, and what is measured, goroutines and
// threads; the families import it. It has nothing that only one family needs,
// but for what stands beside its kind.
package arm
