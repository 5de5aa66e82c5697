package bench

import (
	"fmt"
	"os"

	"threadbench/bench/internal/arm"
	"threadbench/bench/measure"
)

// Work is a worker's life; it answers the process's exit code.
func Work() int { return measure.Work(Families) }

// WorkWith is the life of the worker that makes such threads; it answers the
// process's exit code.
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
