package turns

import (
	"regexp"
	"slices"
	"strings"
)

// Exactly is the pattern for -test.bench that matches the benchmark, and those
// below it.
func Exactly(name string) string {
	parts := strings.Split(name, "/")
	for i := range parts {
		parts[i] = "^" + regexp.QuoteMeta(parts[i]) + "$"
	}
	return strings.Join(parts, "/")
}

// Below are those of the names that Exactly(name) matches besides the name:
// what Spec.Skip is for.
func Below(name string, names []string) []string {
	var below []string
	for _, n := range names {
		if strings.HasPrefix(n, name+"/") {
			below = append(below, n)
		}
	}
	return below
}

// skipping is the pattern for -test.skip that matches the benchmarks. The
// first alternative that matches in part hides later ones that match in full,
// so short names come first.
func skipping(names []string) string {
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	for i, n := range names {
		names[i] = Exactly(n)
	}
	return strings.Join(names, "|")
}
