package host

import (
	"runtime/debug"
	"slices"
	"strings"

	"threadbench/bench/catalog"
)

// A Build is the settings that the go command left in the binary, nil if it
// left none.
type Build map[string]string

// BuildSettings returns those of this binary.
func BuildSettings() Build {
	info, ok := debug.ReadBuildInfo()
	if !ok || len(info.Settings) == 0 {
		return nil
	}
	b := Build{}
	for _, s := range info.Settings {
		b[s.Key] = s.Value
	}
	return b
}

// get returns a setting's value, or without if the go command left the setting
// out.
func (b Build) get(key, without string) string {
	if b == nil {
		return unknown
	}
	if v := b[key]; v != "" {
		return v
	}
	return without
}

// godebug joins the binary's own settings and the environment's; later ones
// win.
func (b Build) godebug(env string) string {
	all := slices.DeleteFunc([]string{b["DefaultGODEBUG"], env}, func(s string) bool { return s == "" })
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ",")
}

// flags returns the build flags that change the code, in the configuration's
// form: "race,gcflags=-N", or "plain" for none.
func (b Build) flags() string {
	if b == nil {
		return unknown
	}
	var settings []debug.BuildSetting
	for key, value := range b {
		settings = append(settings, debug.BuildSetting{Key: key, Value: value})
	}
	var words []string
	for _, f := range catalog.BuildFlags(settings) {
		word := f.Name
		if f.Value != "true" {
			word += "=" + f.Value
		}
		words = append(words, word)
	}
	if words == nil {
		return "plain"
	}
	return strings.Join(words, ",")
}
