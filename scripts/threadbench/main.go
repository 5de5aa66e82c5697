// Threadbench is the suite in one file, for hosts without Go: it measures, and
// reads results files. "threadbench -h" says how.
//
//	CGO_ENABLED=0 go build -o threadbench ./scripts/threadbench
//
// Threadbench is its own worker. "go run ./scripts/run" measures by another one,
// the bench test binary, into which less is linked. The two binaries agree about
// as well as two layouts of one binary do. In lockstep, 135 rounds over 65
// layouts (-randlayout), on an AMD EPYC (Zen 3) with two CPUs:
//
//	row                                threadbench over test binary, 95%
//	Create goroutine, mode=reused      +0.4% [-0.5, +1.3]
//	Create clone, mode=reused          +0.5% [-0.2, +1.2]
//	Switch goroutine channel, one CPU  -0.2% [-1.2, +0.7]
//
// Forty of the layouts are of a build that parsed its templates before main. They
// show the same. Two other layouts move a goroutine row's difference by 3.4%, one
// standard deviation, and a raw thread's not at all. So 1% between two single
// links says nothing of goroutines.
//
// A collection that marks little takes longer in threadbench: GC's floor marks
// for 0.63 ms, in the test binary for 0.46 ms. With 10,000 goroutines the
// difference is lost in the noise. The cause is what the packages of the other
// commands leave in memory before main (runtime/metrics, after two collections):
//
//	                          threadbench  test binary
//	globals to scan           269 KB       231 KB
//	heap to scan              283 KB       244 KB
//	objects on the heap       2,015        1,491
//	goroutines of the runtime 6            5
//
// For the same reason report, chart and gate/files make their templates and
// patterns at first use. The sixth goroutine is package unique's, which
// html/template brings by net/url and net/netip.
//
// Results files of threadbench have the key worker, by which -resume refuses to
// mix the two.
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
