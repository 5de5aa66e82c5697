// Package commandline reads a command's line, shows its flags, ends the command
// with its exit code, and quotes arguments for a shell. Of ours it imports prose.
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
// (scripts/threadbench): help and errors then name them as they are typed there.
var OneFile bool

// Typed is a text that names our commands, as they are typed to this program.
func Typed(text string) string {
	if OneFile {
		text = strings.ReplaceAll(text, "go run ./scripts/", "threadbench ")
	}
	return text
}

// Parse reads a command line. Asked for help, it writes the usage and the
// flags to stdout and answers flag.ErrHelp; any other error says what is wrong
// and where the flags are shown.
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

// describe writes what a flag takes and does. flag.PrintDefaults would add a second
// "(default -1)" to a description that names its default.
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

// Exit is a command's exit code: 0 without an error or with flag.ErrHelp, else
// 2, and the error is on stderr.
func Exit(name string, err error, stderr io.Writer) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(stderr, Typed(fmt.Sprintf("%s: %v", name, err)))
	return 2
}

var plain = regexp.MustCompile(`^[\w./\\:=,@%+-]+$`)

// QuoteAll are arguments as a shell takes them.
func QuoteAll(args []string) string {
	var all []string
	for _, a := range args {
		all = append(all, Quote(a))
	}
	return strings.Join(all, " ")
}

// Quote is an argument as a shell takes it.
func Quote(arg string) string {
	if plain.MatchString(arg) {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}
