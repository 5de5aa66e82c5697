package catalog

import (
	"runtime/debug"
	"slices"
	"strings"
)

// A BuildFlag is a flag of the go command that changes the code made from the
// same source.
type BuildFlag struct {
	Name  string // "race"
	Value string // "true", or the flag's value

	// Distorts says that the flag makes code that no program meant to be fast
	// would run: instrumented, or with other orders to the optimizer.
	Distorts bool
}

// String writes the flag as the go command takes it.
func (f BuildFlag) String() string { return "-" + f.Name + "=" + f.Value }

// buildFlags are the flags that BuildFlags looks for. Any -gcflags distorts:
// which of the compiler's flags are harmless changes from release to release.
var buildFlags = []BuildFlag{
	{Name: "race", Distorts: true}, {Name: "msan", Distorts: true}, {Name: "asan", Distorts: true},
	{Name: "cover", Distorts: true}, {Name: "gcflags", Distorts: true},
	{Name: "asmflags"}, {Name: "ldflags"}, {Name: "pgo"}, {Name: "buildmode"},
}

// Distorting returns the names of the flags that distort measurements.
func Distorting() []string {
	var names []string
	for _, f := range buildFlags {
		if f.Distorts {
			names = append(names, f.Name)
		}
	}
	return names
}

// BuildFlags returns the flags that a binary was built with, by the settings
// that the go command left in it. It leaves out what changes no code: the
// default -buildmode, and all of -ldflags but what changes the layout or the
// linking.
func BuildFlags(settings []debug.BuildSetting) []BuildFlag {
	var flags []BuildFlag
	for _, f := range buildFlags {
		i := slices.IndexFunc(settings, func(s debug.BuildSetting) bool { return s.Key == "-"+f.Name })
		if i < 0 {
			continue
		}
		switch f.Value = settings[i].Value; f.Name {
		case "ldflags":
			f.Value = strings.Join(slices.DeleteFunc(strings.Fields(f.Value), func(field string) bool {
				name, _, _ := strings.Cut(strings.TrimLeft(field, "-"), "=")
				return !slices.Contains([]string{"randlayout", "funcalign", "linkmode", "buildmode"}, name)
			}), " ")
		case "pgo": // a path of the machine that built it
			f.Value = f.Value[strings.LastIndexAny(f.Value, `/\`)+1:]
		case "buildmode":
			if f.Value == "exe" {
				f.Value = ""
			}
		}
		if f.Value != "" && f.Value != "false" {
			flags = append(flags, f)
		}
	}
	return flags
}

// DistortedBuild reports whether a value of the configuration's key build has a
// flag that distorts measurements.
func DistortedBuild(value string) bool {
	for word := range strings.SplitSeq(value, ",") {
		if name, _, _ := strings.Cut(word, "="); slices.Contains(Distorting(), name) {
			return true
		}
	}
	return false
}
