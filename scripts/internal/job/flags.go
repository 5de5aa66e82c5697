package job

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// ParseFlags reads a command line. Asked for help, it writes the usage and the
// flags to stdout and answers flag.ErrHelp; any other error says what is wrong
// and where the flags are shown.
func ParseFlags(flags *flag.FlagSet, usage string, args []string, stdout io.Writer) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		io.WriteString(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
	case err != nil:
		err = fmt.Errorf("%w; -h shows the flags", err)
	}
	return err
}
