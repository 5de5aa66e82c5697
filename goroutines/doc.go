// Package goroutines is the goroutine side of the suite: tasks in plain Go that
// are created, hand a turn to each other, and park.
//
// A locked goroutine does the same work through the same functions: its setup
// wires it to a thread. (Package threads has that setup, and the links that
// only a thread can use.) So the wire is the only difference between the two.
package goroutines

// A Clock is started and stopped by the task that does the ops, just before and
// just after them.
type Clock interface {
	Start()
	Stop()
}
