// Package commandline parses a command line, describes the command's flags, gives
// its exit code, and quotes arguments for a shell. Of our packages it imports prose.
//
// Its stance: commands that only read results files link nothing that measures.
package commandline

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"

	"threadbench/scripts/internal/prose"
)

// OneFile says that this program is the one file with several commands
// (scripts/threadbench). Help and errors then name its commands as they are typed
// there.
var OneFile bool

// Typed rewrites a text so that it names our commands as they are typed to this
// program.
func Typed(text string) string {
	if OneFile {
		text = strings.ReplaceAll(text, "go run ./scripts/", "threadbench ")
	}
	return text
}

// Parse parses a command line. For -h it writes the usage and the flags to stdout and
// returns flag.ErrHelp. Any other error says what is wrong, and how to see the flags.
func Parse(flags *flag.FlagSet, usage string, args []string, stdout io.Writer) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		io.WriteString(stdout, Typed(usage))
		flags.VisitAll(func(f *flag.Flag) { describe(stdout, f) })
	case err != nil:
		err = fmt.Errorf("%w; -h shows the flags", err)
	}
	return err
}

// describe writes what a flag takes and does. flag.PrintDefaults would add
// "(default -1)" to a description that already names its default.
func describe(w io.Writer, f *flag.Flag) {
	takes, does := flag.UnquoteUsage(f)
	switch f.DefValue {
	case "", "0", "0s", "false":
	default:
		if !strings.Contains(does, "(default ") {
			does += " (default " + f.DefValue + ")"
		}
	}
	fmt.Fprintln(w, strings.TrimRight("  -"+f.Name+" "+takes, " "))
	prose.Wrap(w, Typed(does), "        ", "        ")
}

// Exit is a command's exit code: 0 without an error or with flag.ErrHelp, else 2. It
// writes the error to stderr.
func Exit(name string, err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(stderr, Typed(fmt.Sprintf("%s: %v", name, err)))
	return 2
}

var plain = regexp.MustCompile(`^[\w./\\:=,@%+-]+$`)

// QuoteAll quotes arguments for a shell and joins them.
func QuoteAll(args []string) string {
	var all []string
	for _, a := range args {
		all = append(all, Quote(a))
	}
	return strings.Join(all, " ")
}

// Quote quotes an argument for a shell where the shell needs quotes.
func Quote(arg string) string {
	if plain.MatchString(arg) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
