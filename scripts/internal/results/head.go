package results

import (
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// Head is the configuration of a text in the benchmark format: that of its
// first result, with testing's -GOMAXPROCS as "/gomaxprocs", or all of it if
// there is no result. Nothing is an error.
func Head(text io.Reader) map[string]string {
	settings := map[string]string{}
	r := benchfmt.NewReader(io.MultiReader(text, strings.NewReader("\nBenchmarkEnd 1 0 end\n")), "")
	for r.Scan() {
		result, ok := r.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		for _, c := range result.Config {
			settings[c.Key] = string(c.Value)
		}
		if _, procs := cutProcs(string(result.Name)); procs > 0 {
			settings["/gomaxprocs"] = strconv.Itoa(procs)
		}
		break
	}
	return settings
}

// Differing are the keys whose values differ between two configurations,
// sorted.
func Differing(a, b map[string]string) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(key string) bool { return a[key] == b[key] })
}
