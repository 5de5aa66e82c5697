// Package goroutines is the goroutine side of the suite: tasks that are
// created, hand a turn to each other, and park, in plain Go.
//
// A locked goroutine does the same work through the same functions: it is a
// goroutine whose setup wires it to a thread (package threads has that, and
// the links that only a thread can use). Whatever a pair of the two differs
// by is then the wire and nothing else.
package goroutines

// A Clock is started and stopped by the task that does the ops, around them
// and nothing else.
type Clock interface {
	Start()
	Stop()
}
