package measure

import (
	"runtime/debug"
	"strings"

	"threadbench/bench/catalog"
)

// BuildWarning returns a warning about this binary's build for readers of its
// output, or "".
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
