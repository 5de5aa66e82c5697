// Gate tells whether a build is slower than another, for CI; "gate -h" says
// how. Build it, since go run makes a 1 of every exit code that is not 0:
//
//	go build -o gate ./scripts/gate
package main

import (
	"os"

	"threadbench/scripts/internal/gate"
)

func main() { os.Exit(gate.Run(os.Args[1:], os.Stdout, os.Stderr)) }
