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

const usage = `Usage: go run ./scripts/claims [-format text|markdown|json] FILE...

Decides what is commonly taught about goroutines by results files: each
statement with its verdict (holds, fails, inconclusive, missing), the measured
effect with its interval, the bound that it is held to, and the circumstances
under which it turns or, where it is inconclusive, is decided. Several files,
such as two machines', stand side by side.

Examples:
  go run ./scripts/claims results/reference.txt
  go run ./scripts/claims -format markdown results/local/today.txt
  go run ./scripts/claims here.txt there.txt

Exit status: 0 when the verdicts are printed, whatever they are; else 2.

`

// Run is the claims command: args without its name. The answer is its exit
// status, 0 or 2.
func Run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("claims", flag.ContinueOnError)
	format := flags.String("format", "text", "text, markdown or json")
	err := commandline.Parse(flags, usage, args, stdout)
	if err == nil {
		err = run(flags.Args(), *format, stdout)
	}
	return commandline.Exit("claims", err, stderr)
}

func run(paths []string, format string, stdout io.Writer) error {
	if !slices.Contains([]string{"text", "markdown", "json"}, format) {
		return fmt.Errorf("-format %q is none; choose text, markdown or json", format)
	}
	if len(paths) == 0 {
		return errors.New("no file given; give one or more that \"go run ./scripts/run\" wrote, such as results/reference.txt")
	}
	var ledgers []Ledger
	for _, path := range paths {
		f, err := results.ReadFile(path)
		if err != nil {
			return err
		}
		ledgers = append(ledgers, New(f))
	}
	switch format {
	case "markdown":
		return Markdown(stdout, ledgers)
	case "json":
		return JSON(stdout, ledgers)
	}
	return Text(stdout, ledgers)
}

// New is the ledger of a file.
func New(f *results.File) Ledger {
	return Ledger{File: f.Name, Rounds: f.Rounds, Looks: f.Looks(), Warnings: f.Warnings(), Entries: Judge(f)}
}
