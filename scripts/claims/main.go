// Claims decides what is commonly taught about goroutines by results files.
// See its -h.
package main

import (
	"os"

	"threadbench/scripts/internal/claims"
)

func main() { os.Exit(claims.Run(os.Args[1:], os.Stdout, os.Stderr)) }
