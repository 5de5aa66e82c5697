package bench

import (
	"fmt"
	"os"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/measure"
)

// Work runs this process as a worker and returns its exit code.
func Work() int { return measure.Work(Families) }

// OwnWorker belongs at the beginning of main in a program that is its own worker: the
// bench test binary, and the one file. In a process that was started as a worker, it
// does the worker's work and ends the process. In any other process it returns the
// path of this program, to start workers from. It returns "" where workers have to be
// built: if this program links cgo, or measures C threads, whose worker is built
// beside the bench test binary.
func OwnWorker() (path string, err error) {
	if measure.IsWorker() {
		os.Exit(Work())
	}
	if measure.WithPthread || host.Cgo() == "linked" {
		return "", nil
	}
	if path, err = os.Executable(); err != nil {
		return "", fmt.Errorf("looking up this program, which is its own worker: %w", err)
	}
	return path, nil
}

// WorkWith runs this process as the worker that makes C threads with c, and returns its
// exit code. Asked only for the library, it prints the name of c's library.
func WorkWith(c arm.CThreads) int {
	arm.CMaker = &c
	if os.Getenv(measure.WorkerVariable) != measure.LibraryOnly {
		return Work()
	}
	if err := arm.CLinked(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(c.Library())
	return 0
}
