//go:build pthread && cgo && (amd64 || arm64)

// The worker of impl=pthread. It alone links cgo, so that the runtime of no
// other arm makes its threads through the C library.
package main

import (
	"os"

	"threadbench/bench"
	"threadbench/bench/internal/arm"
	"threadbench/threads"
	"threadbench/threads/pthread"
)

func main() {
	os.Exit(bench.WorkWith(arm.CThreads{
		NewPair:    func(op threads.Op) (arm.Driver, error) { return pthread.NewPair(op) },
		NewCreator: func(batch int) (arm.Driver, error) { return pthread.NewCreator(batch) },
		NewSet:     func(n, depth int, least bool) (arm.ParkedThreads, error) { return pthread.NewSet(n, depth, least) },
		Alive:      pthread.Alive,
		Library:    pthread.Library,
	}))
}
