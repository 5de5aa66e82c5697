// Calibrate measures the gate itself: how often it is wrong where nothing has
// changed, and which slowdowns it finds. "calibrate -h" says how.
package main

import (
	"os"

	"threadbench/scripts/internal/calibrate"
)

func main() { os.Exit(calibrate.Run(os.Args[1:], os.Stdout, os.Stderr)) }
