package compare

import (
	"fmt"
	"slices"
	"strings"

	"threadbench/scripts/internal/results"
)

// versions is the table of two files, before against after, and what is to be
// said below it.
func versions(before, after *results.File) (tables []benchstat, below string, err error) {
	if before.Driver != after.Driver {
		return nil, "", fmt.Errorf("%s has driver %s, %s has driver %s: one holds medians of rounds, the other means, and they are never pooled; make both with the same command", before.Name, before.Driver, after.Name, after.Driver)
	}
	both := keep(before.Rows, func(r *results.Row) bool { return after.Row(r.Name.String()) != nil })
	if len(both) == 0 {
		return nil, "", fmt.Errorf("%s and %s have no row in common (the first are %s and %s); run both with the same -bench", before.Name, after.Name, before.Rows[0].FullName, after.Rows[0].FullName)
	}

	about := fmt.Sprintf("old: %s\nnew: %s\n", file(before), file(after))
	ignore, changes := differences(before, after)
	for _, r := range both {
		if n := after.Row(r.Name.String()); n.Procs != r.Procs {
			ignore = append(ignore, "/gomaxprocs")
			changes = append(changes, fmt.Sprintf("  GOMAXPROCS: %d → %d", max(r.Procs, 1), max(n.Procs, 1)))
			break
		}
	}
	if len(changes) > 0 {
		about += "What differs between the two, and is ignored below:\n" + strings.Join(changes, "\n") + "\n"
	}
	args := []string{"-col", ".file"}
	if len(ignore) > 0 {
		args = append(args, "-ignore", strings.Join(ignore, ","))
	}
	args = append(args, "-filter", match(".unit", units(slices.Concat(before.Rows, after.Rows))), "old="+before.Name, "new="+after.Name)
	return []benchstat{{about, args}}, "The two were measured apart, so what the machine did meanwhile is in the differences.\n", nil
}

// file is a file in a few words: "a.txt (8 rounds)".
func file(f *results.File) string {
	noun := "rounds"
	if f.Driver == results.Testing {
		noun = "runs"
	}
	if f.Rounds == 1 {
		noun = strings.TrimSuffix(noun, "s")
	}
	return fmt.Sprintf("%s (%d %s)", f.Name, f.Rounds, noun)
}

// differences are the configuration keys that differ between two files, as
// benchstat takes them and in lines for a reader, in the files' order.
func differences(before, after *results.File) (keys, lines []string) {
	note := func(key string) {
		was, is := before.Get(key), after.Get(key)
		if was == is || slices.Contains(keys, word(key)) {
			return
		}
		for _, v := range []*string{&was, &is} {
			if *v == "" {
				*v = "(not there)"
			}
		}
		keys = append(keys, word(key))
		lines = append(lines, fmt.Sprintf("  %s: %s → %s", key, was, is))
	}
	for _, s := range slices.Concat(before.Config, after.Config) {
		note(s.Key)
	}
	return keys, lines
}
