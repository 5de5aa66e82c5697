// Run measures goroutines against threads on this machine and prints the
// paired table; "run -h" says how.
package main

import (
	"os"

	"threadbench/scripts/internal/suite"
)

func main() { os.Exit(suite.Run("", os.Args[1:], os.Stdout, os.Stderr)) }
