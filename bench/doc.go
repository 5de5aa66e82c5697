// Package bench is the suite as go test runs it: the list of the families, and
// what a process does that is told to be one of their workers. Its test binary
// is that worker, and "go test -bench" an adaptor over it.
//
// It imports the families' packages and measure. Whatever wants their cases
// imports it; whatever only reads results wants [threadbench/bench/catalog].
package bench
