package catalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Keys are the name keys in the order in which they stand in a benchmark's
// name. A name carries those that vary within its family.
var Keys = []string{"impl", "mode", "via", "wait", "load", "work", "stack", "place", "stages", "procs", "n", "depth"}

// Name is a benchmark's name taken apart: "Switch/impl=clone/via=futex".
// It has neither the prefix "Benchmark" nor testing's suffix -GOMAXPROCS.
type Name struct {
	Family string
	value  map[string]string
}

// ParseName takes a name apart. A part that is no known key=value, a key
// that stands twice and an empty family are errors.
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
			return Name{}, fmt.Errorf("parsing benchmark name %q: key %q stands twice", s, k)
		}
		n.value[k] = v
	}
	return n, nil
}

// Get is the value of a key, "" where the name doesn't carry it.
func (n Name) Get(key string) string { return n.value[key] }

// With is the name with the key set to v, or without the key if v is "".
func (n Name) With(key, v string) Name {
	m := Name{Family: n.Family, value: map[string]string{}}
	maps.Copy(m.value, n.value)
	m.value[key] = v
	if v == "" {
		delete(m.value, key)
	}
	return m
}

// String puts the name together, keys in the order of Keys.
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

// natural is, of modes in which goroutines could do a thing, the one in which
// they do: they wait through the poller, and beside each other. Of the modes of
// a locked goroutine's thread it is what a plain goroutine has in their place:
// what the last one left. A call that is handed to another is held against one
// that isn't. How a raw thread's hand-off is written is no mode of
// a goroutine's.
var natural = map[string]string{"blocking": "poller", "serial": "together", "inplace": "reused", "pooled": "reused", "exitlocked": "reused", "delegated": "direct", "pool": "direct", "called": ""}

// instead is what goroutines have where threads have such a primitive: a
// channel; and such a place: two goroutines can't be held on two CPUs, and are
// left to the schedulers.
var instead = map[string]string{"via=futex": "channel", "via=ring": "channel", "via=call": "channel", "place=cross": "free"}

// Ref is the name of the goroutine arm that the name's x-goroutine refers to:
// the one with the same keys but for what goroutines have instead, and for the
// key stack, of which they have one kind.
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
