// Package bench is the suite as go test runs it: the list of the families, and the
// work of a process that is started as a worker. Its test binary is such a worker, and
// "go test -bench" is an adaptor over the worker.
//
// It imports the families' packages and measure. A package that needs the families'
// cases imports bench. A package that only reads results imports
// [threadbench/bench/catalog].
package bench
