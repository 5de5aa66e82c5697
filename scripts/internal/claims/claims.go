package claims

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"

	"threadbench/scripts/internal/commandline"
	"threadbench/scripts/internal/results"
)

const usage = `Usage: go run ./scripts/claims [-format text|markdown|json] [-each] FILE...

Decides what is commonly taught about goroutines by results files: each
statement with its verdict (holds, fails, inconclusive, missing), the measured
effect with its interval, the bound that it is held to, and the circumstances
under which it turns or, where it is inconclusive, is decided.

Of several files it says on how many machines each statement holds, fails, is
inconclusive or missing, the range of its figure, and on which CPU, kernel and
Go. A machine is a host with its CPU, kernel and Go: files that agree in all of
these count once. With -each the files' own ledgers stand side by side.

Examples:
  go run ./scripts/claims results/reference.txt
  go run ./scripts/claims -format markdown results/local/today.txt
  go run ./scripts/claims here.txt there.txt
  go run ./scripts/claims -each here.txt there.txt

Exit status: 0 when the verdicts are printed, whatever they are; else 2.

`

// Run is the claims command; args are without its name. It answers the exit
// status, 0 or 2.
func Run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("claims", flag.ContinueOnError)
	format := flags.String("format", "text", "`FORMAT` of the ledger: text, markdown or json")
	each := flags.Bool("each", false, "print each file's own ledger, not the sum of several")
	err := commandline.Parse(flags, usage, args, stdout)
	if err == nil {
		err = run(flags.Args(), *format, *each, stdout)
	}
	return commandline.Exit("claims", err, stderr)
}

func run(paths []string, format string, each bool, stdout io.Writer) error {
	if !slices.Contains([]string{"text", "markdown", "json"}, format) {
		return fmt.Errorf("-format %q is unknown; choose text, markdown or json", format)
	}
	if len(paths) == 0 {
		return errors.New("no file given; give one or more that \"go run ./scripts/run\" wrote, such as results/reference.txt")
	}
	var files []*results.File
	var ledgers []Ledger
	for _, path := range paths {
		f, err := results.ReadFile(path)
		if err != nil {
			return err
		}
		files, ledgers = append(files, f), append(ledgers, New(f))
	}
	summary := Sum(files, ledgers)
	switch alone := each || len(files) == 1; {
	case format == "markdown" && alone:
		return Markdown(stdout, ledgers)
	case format == "markdown":
		return summary.Markdown(stdout)
	case format == "json" && alone:
		return JSON(stdout, ledgers)
	case format == "json":
		return summary.JSON(stdout)
	case alone:
		return Text(stdout, ledgers)
	}
	return summary.Text(stdout)
}

// New is the ledger of a file.
func New(f *results.File) Ledger {
	return Ledger{File: f.Name, Rounds: f.Rounds, Looks: f.Looks(), Warnings: f.Warnings(), Entries: Judge(f)}
}
