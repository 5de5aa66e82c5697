// Threadbench is the suite in one file, for hosts without Go: it measures, and
// reads results files. "threadbench -h" says how.
//
//	CGO_ENABLED=0 go build -o threadbench ./scripts/threadbench
//
// It is its own worker, and more is linked into it than into the bench test
// binary, by which "go run ./scripts/run" measures. ARCHITECTURE.md says what that
// moves; its results files have the key worker.
package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"threadbench/bench"
	"threadbench/scripts/internal/claims"
	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/compare"
	"threadbench/scripts/internal/gate"
	"threadbench/scripts/internal/report"
	"threadbench/scripts/internal/suite"
)

func main() {
	worker, err := bench.OwnWorker()
	if err != nil {
		os.Exit(commandline.Exit("threadbench", err, os.Stderr))
	}
	commandline.OneFile = true
	os.Exit(run(worker, os.Args[1:], os.Stdout, os.Stderr))
}

// A command answers its exit code.
type command struct {
	name, does string
	run        func(args []string, stdout, stderr io.Writer) int
}

// commands are what the file holds; worker is the program that measures.
func commands(worker string) []command {
	return []command{
		{"run", "measure goroutines against threads here; print a summary, write results and a page", func(args []string, stdout, stderr io.Writer) int {
			return suite.Run(worker, args, stdout, stderr)
		}},
		{"report", "make a page, or Markdown with pictures, of results files", report.Run},
		{"claims", "decide what is commonly taught by results files", claims.Run},
		{"compare", "sum up one results file, or what differs between two", compare.Sum},
		{"gate", "compare two results files, -files OLD NEW: exit code 1 if the new one is slower", gate.Files},
	}
}

// run is the program; it answers the exit code.
func run(worker string, args []string, stdout, stderr io.Writer) int {
	all := commands(worker)
	var names []string
	for _, c := range all {
		names = append(names, c.name)
	}
	choice := strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
	if len(args) == 0 {
		return commandline.Exit("threadbench", fmt.Errorf("no command given; choose %s, -h says what they do", choice), stderr)
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		fmt.Fprint(stdout, "Usage: threadbench COMMAND [FLAG]... [FILE]...\n\nWhat a goroutine costs against an operating-system thread. It needs no Go.\n\n")
		for _, c := range all {
			fmt.Fprintf(stdout, "  %-8s %s\n", c.name, c.does)
		}
		fmt.Fprint(stdout, "\nStart with: threadbench run\nIt takes about two minutes; results and page go to the current folder.\nthreadbench COMMAND -h shows a command's flags.\n")
		return 0
	}
	for _, c := range all {
		if c.name == args[0] {
			return c.run(args[1:], stdout, stderr)
		}
	}
	return commandline.Exit("threadbench", fmt.Errorf("%q is no command; choose %s, -h says what they do", args[0], choice), stderr)
}
