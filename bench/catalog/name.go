package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Keys are the name keys in the order of a benchmark's name. A name carries the
// keys that vary within its family.
var Keys = []string{"impl", "mode", "via", "wait", "load", "work", "stack", "place", "stages", "procs", "n", "depth"}

// A Name is a parsed benchmark name: "Switch/impl=clone/via=futex". It has
// neither the prefix "Benchmark" nor testing's suffix -GOMAXPROCS.
type Name struct {
	Family string
	value  map[string]string
}

// ParseName parses a name. It is an error if the family is empty, if a part is
// not a known key=value, or if a key appears twice.
func ParseName(s string) (Name, error) {
	parts := strings.Split(s, "/")
	n := Name{Family: parts[0], value: map[string]string{}}
	if n.Family == "" {
		return Name{}, fmt.Errorf("parsing benchmark name %q: no family", s)
	}
	for _, p := range parts[1:] {
		k, v, ok := strings.Cut(p, "=")
		if !ok || v == "" || !slices.Contains(Keys, k) {
			return Name{}, fmt.Errorf("parsing benchmark name %q: %q is not a key=value with a key of %s", s, p, strings.Join(Keys, ", "))
		}
		if _, twice := n.value[k]; twice {
			return Name{}, fmt.Errorf("parsing benchmark name %q: key %q appears twice", s, k)
		}
		n.value[k] = v
	}
	return n, nil
}

// Get returns the value of a key, "" if the name doesn't carry it.
func (n Name) Get(key string) string { return n.value[key] }

// With returns the name with the key set to v, or without the key if v is "".
func (n Name) With(key, v string) Name {
	m := Name{Family: n.Family, value: map[string]string{}}
	maps.Copy(m.value, n.value)
	m.value[key] = v
	if v == "" {
		delete(m.value, key)
	}
	return m
}

// String writes the name with its keys in the order of Keys.
func (n Name) String() string {
	var b strings.Builder
	b.WriteString(n.Family)
	for _, k := range Keys {
		if v := n.value[k]; v != "" {
			b.WriteString("/" + k + "=" + v)
		}
	}
	return b.String()
}

// natural maps a mode to the mode of the goroutine arm to compare with. Of two
// ways that goroutines have too, it is the usual one: they wait through the
// poller, and beside each other. A locked goroutine's thread, inplace, pooled or
// exitlocked, compares with a plain goroutine made from what the last one left. A
// call that is handed to another task compares with a direct call. A raw thread's
// hand-off by function calls, and its floor, have no such mode among goroutines.
var natural = map[string]string{"blocking": "poller", "serial": "together", "inplace": "reused", "pooled": "reused", "exitlocked": "reused", "delegated": "direct", "pool": "direct", "called": "", "raw": ""}

// instead maps a primitive or a place that only threads have to the goroutines'
// own: a channel, and any CPU. Two goroutines can't be pinned to two CPUs; the
// schedulers place them.
var instead = map[string]string{"via=futex": "channel", "via=ring": "channel", "via=call": "channel", "via=gettid": "channel", "place=cross": "free"}

// Ref returns the name of the goroutine arm that the name's x-goroutine refers
// to. It has the same keys, apart from natural and instead, and no key stack:
// goroutines have one kind of stack.
func (n Name) Ref() Name {
	ref := n.With("impl", "goroutine").With("stack", "")
	if m, ok := natural[n.Get("mode")]; ok {
		ref = ref.With("mode", m)
	}
	for _, key := range []string{"via", "place"} {
		if v, ok := instead[key+"="+n.Get(key)]; ok {
			ref = ref.With(key, v)
		}
	}
	return ref
}
