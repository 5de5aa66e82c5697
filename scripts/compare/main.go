// Compare shows what benchstat says of one results file (goroutine against
// thread) or of two (old against new), with the right flags. See its -h.
package main

import (
	"os"

	"threadbench/scripts/internal/compare"
)

func main() { os.Exit(compare.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
