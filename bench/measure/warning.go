package measure

import (
	"runtime/debug"
	"strings"

	"threadbench/bench/catalog"
)

// BuildWarning is what a reader of this process's output must know of how it
// was built, "" if there is nothing.
func BuildWarning() string {
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return ""
	}
	var flags []string
	for _, f := range catalog.BuildFlags(info.Settings) {
		if f.Distorts {
			flags = append(flags, f.String())
		}
	}
	if flags == nil {
		return ""
	}
	return "this test binary is built with " + strings.Join(flags, " and ") + ": its figures are not those of a plain build"
}
