package compare

import (
	"strconv"
	"strings"
)

// This file writes what benchstat reads: the words, filters and operands of
// golang.org/x/perf/benchproc/syntax and of benchfmt's list of files.

// word is s as one word, in quotes where it has to be.
func word(s string) string {
	if s == "" || s == "OR" || s == "AND" || strings.ContainsAny(s, "\" ():@,") || strings.ContainsAny(s[:1], "-*/") {
		return strconv.Quote(s)
	}
	return s
}

// match is the filter for a key having one of some values.
func match(key string, values []string) string {
	var words []string
	for _, v := range values {
		words = append(words, word(v))
	}
	if len(words) == 1 {
		return key + ":" + words[0]
	}
	return key + ":(" + strings.Join(words, " OR ") + ")"
}

// operand is a path as benchstat takes it: label=path where it would be taken
// for a flag or for a label.
func operand(path string) string {
	if strings.HasPrefix(path, "-") || strings.Contains(path, "=") {
		return "file=" + path
	}
	return path
}
