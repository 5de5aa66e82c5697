// Package allow refuses to measure workers whose build distorts their figures. The
// race detector is an example: GOFLAGS in the environment can switch it on unseen. Of
// our packages it imports bench/catalog, for the list of such flags, and job.
//
// Its stance: the settings recorded in a binary count, not the command line that
// built it.
package allow

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"threadbench/bench/catalog"
	"threadbench/scripts/internal/job"
)

// Flags are the distorting build flags that a command line allows. It is a
// flag.Value.
type Flags []string

// Usage describes the flag of a command.
var Usage = "measure workers although they are built with `FLAGS`, by commas: " + strings.Join(catalog.Distorting(), ", ") + " (default none: they are refused)"

func (f *Flags) String() string { return strings.Join(*f, ",") }

// Build is the value of the configuration's key build for a worker with only these
// flags.
func (f Flags) Build() string {
	if f == nil {
		return "plain"
	}
	return f.String()
}

// Set reads "race,cover".
func (f *Flags) Set(text string) error {
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if !slices.Contains(catalog.Distorting(), name) {
			return fmt.Errorf("%q is none; choose of %s", name, strings.Join(catalog.Distorting(), ", "))
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	*f = names
	return nil
}

// Check returns an error if the program's build has distorting flags that aren't in
// f, or if the program can't be read. The go command built the program in dir, with
// the environment env. The error names the flags, where they come from, and the flag
// that allows them.
func (f Flags) Check(ctx context.Context, program, dir string, env []string) error {
	info, err := buildinfo.ReadFile(program)
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return fmt.Errorf("looking up how the worker is built: %w", err)
	case err != nil:
		return nil // a worker in another language has no such flags
	}
	var seen, names []string
	for _, flag := range catalog.BuildFlags(info.Settings) {
		if flag.Distorts && !slices.Contains(f, flag.Name) {
			seen, names = append(seen, flag.String()), append(names, flag.Name)
		}
	}
	if seen == nil {
		return nil
	}
	all := append(slices.Clone(f), names...)
	return fmt.Errorf("the worker is built with %s, so its figures would not be those of a plain build; take that out of GOFLAGS%s, or measure such a build on purpose with -allow %s",
		strings.Join(seen, " and "), goflags(ctx, dir, env), strings.Join(all, ","))
}

// goflags says what GOFLAGS is and where it was set, or "" if GOFLAGS is empty or
// unknown.
func goflags(ctx context.Context, dir string, env []string) string {
	now, err := job.Output(ctx, dir, env, "go", "env", "GOFLAGS")
	switch {
	case err != nil || now == "":
		return ""
	case slices.ContainsFunc(env, func(kv string) bool { return strings.HasPrefix(kv, "GOFLAGS=") && kv != "GOFLAGS=" }):
		return fmt.Sprintf(" (%q, from the environment)", now)
	default:
		return fmt.Sprintf(" (%q, kept by go env -w)", now)
	}
}
