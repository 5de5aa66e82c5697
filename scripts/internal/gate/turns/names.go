package turns

import (
	"regexp"
	"slices"
	"strings"
)

// Exactly is the pattern for -test.bench that matches the benchmark and the
// benchmarks below it.
func Exactly(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = "^" + regexp.QuoteMeta(parts[i]) + "$"
	}
	return strings.Join(parts, "/")
}

// Below are the names that Exactly(name) matches besides the name. Spec.Skip
// takes them.
func Below(name string, names []string) []string {
	var below []string
	for _, n := range names {
		if strings.HasPrefix(n, name+"/") {
			below = append(below, n)
		}
	}
	return below
}

// skipping is the pattern for -test.skip that matches the benchmarks. Short
// names come first: the first alternative that matches in part hides later ones
// that match in full.
func skipping(names []string) string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	for i, n := range names {
		names[i] = Exactly(n)
	}
	return strings.Join(names, "|")
}
