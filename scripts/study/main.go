// Study measures the studies below results/ and writes their tables and
// pictures. "study -h" says how.
package main

import (
	"os"

	"threadbench/scripts/internal/study"
)

func main() { os.Exit(study.Run(os.Args[1:], os.Stdout, os.Stderr)) }
