package measure

import (
	"slices"
	"strings"
)

// Environ is an environment with some of it set; a GODEBUG is added to the
// one that is there, whose settings it wins over.
func Environ(env []string, set ...string) []string {
	env = slices.Clone(env)
	for _, kv := range set {
		key, value, _ := strings.Cut(kv, "=")
		prefix := key + "="
		if i := slices.IndexFunc(env, func(s string) bool { return strings.HasPrefix(s, prefix) }); i >= 0 {
			if old := env[i][len(prefix):]; key == "GODEBUG" && old != "" {
				value = old + "," + value
			}
		}
		env = slices.DeleteFunc(env, func(s string) bool { return strings.HasPrefix(s, prefix) })
		env = append(env, prefix+value)
	}
	return env
}
