package commandline

import (
	"errors"
	"flag"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestExit(t *testing.T) {
	for _, test := range []struct {
		args []string
		code int
		out  string // how it begins
		errs string
	}{
		{nil, 0, "", ""},
		{[]string{"-h"}, 0, "usage\n  -n int\n        how many\n", ""},
		{[]string{"-n", "x"}, 2, "", "name: invalid value \"x\" for flag -n: parse error; -h shows the flags\n"},
		{[]string{"-n", "1"}, 2, "", "name: broken\n"},
	} {
		var out, errs strings.Builder
		flags := flag.NewFlagSet("name", flag.ContinueOnError)
		n := flags.Int("n", 0, "how many")
		err := Parse(flags, "usage\n", test.args, &out)
		if err == nil && *n > 0 {
			err = errors.New("broken")
		}
		if code := Exit("name", err, &errs); code != test.code || out.String() != test.out || errs.String() != test.errs {
			t.Errorf("%q: exit code %d, %q and %q, want %d, %q and %q", test.args, code, out.String(), errs.String(), test.code, test.out, test.errs)
		}
	}
}

// TestDescribe: each flag's default stands there once. The value has the name that the
// flag's description gives.
func TestDescribe(t *testing.T) {
	flags := flag.NewFlagSet("name", flag.ContinueOnError)
	flags.Int("cpu", -1, "the CPU, `N` (default the fastest)")
	flags.String("format", "text", "`FORMAT` of the table: text or json")
	flags.Duration("for", 0, "how long")
	flags.Bool("each", false, "print each by go run ./scripts/claims")
	flags.Duration("patience", time.Minute, strings.Repeat("word ", 20)+"end")
	const want = `  -cpu N
        the CPU, N (default the fastest)
  -each
        print each by go run ./scripts/claims
  -for duration
        how long
  -format FORMAT
        FORMAT of the table: text or json (default text)
  -patience duration
        word word word word word word word word word word word word word word word word word word
        word word end (default 1m0s)
`
	var out strings.Builder
	Parse(flags, "", []string{"-h"}, &out)
	if out.String() != want {
		t.Errorf("flags:\n%s\nwant\n%s", out.String(), want)
	}
}

// TestOneFile: help and errors of the one file name its commands as a user types
// them there.
func TestOneFile(t *testing.T) {
	OneFile = true
	defer func() { OneFile = false }()
	var out, errs strings.Builder
	Parse(flag.NewFlagSet("run", flag.ContinueOnError), "type go run ./scripts/run -list\n", []string{"-h"}, &out)
	Exit("run", errors.New("go on: go run ./scripts/run -resume"), &errs)
	if out.String() != "type threadbench run -list\n" || errs.String() != "run: go on: threadbench run -resume\n" {
		t.Errorf("help %q, error %q", out.String(), errs.String())
	}
}

// TestQuote: a shell reads quoted arguments back unchanged.
func TestQuote(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no shell")
	}
	args := []string{"", "a", "-bench", "Create/impl=(clone|floor)", "it's", `a"b$x\`, "two words", "~", "#", "x\ny", "a=b,c"}
	command := "printf '%s\\0'"
	for _, a := range args {
		command += " " + Quote(a)
	}
	out, err := exec.Command("sh", "-c", command).Output()
	if want := strings.Join(args, "\x00") + "\x00"; err != nil || string(out) != want {
		t.Errorf("a shell reads %q, %v, want %q", out, err, want)
	}
}
