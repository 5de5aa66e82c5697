package bench

import (
	"fmt"
	"os"
)

// WorkAll is a worker's life; it answers the process's exit code.
func WorkAll() int { return Work(All) }

// WorkWith is the life of the worker that makes such threads; it answers the
// process's exit code.
func WorkWith(c CThreads) int {
	cThreads = &c
	if os.Getenv(workerVariable) != libraryOnly {
		return WorkAll()
	}
	if err := cLinked(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(c.Library())
	return 0
}
