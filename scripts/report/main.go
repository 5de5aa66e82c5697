// Report makes a page, or Markdown with pictures, of results files. See its -h.
package main

import (
	"os"

	"threadbench/scripts/internal/report"
)

func main() { os.Exit(report.Run(os.Args[1:], os.Stdout, os.Stderr)) }
