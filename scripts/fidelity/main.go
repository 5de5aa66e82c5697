// Fidelity holds the suite's own figures against C, the plainest loop and
// perf, in turn with them; "fidelity -h" says how.
package main

import (
	"os"

	"threadbench/scripts/internal/fidelity"
)

func main() { os.Exit(fidelity.Run(os.Args[1:], os.Stdout, os.Stderr)) }
