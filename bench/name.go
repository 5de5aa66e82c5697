package bench

import (
	"fmt"
	"strings"
)

// Keys are the name keys in the order in which they stand in a benchmark's
// name. A name carries those that vary within its family.
var Keys = []string{"impl", "mode", "via", "wait", "load", "stack", "place", "stages", "procs", "n", "depth"}

// Contenders are the values of the key impl in the order of every table.
var Contenders = []string{"goroutine", "locked", "clone", "pthread", "floor"}

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
		if !ok || v == "" || !known(k) {
			return Name{}, fmt.Errorf("parsing benchmark name %q: %q is not a key=value with a key of %s", s, p, strings.Join(Keys, ", "))
		}
		if _, twice := n.value[k]; twice {
			return Name{}, fmt.Errorf("parsing benchmark name %q: key %q stands twice", s, k)
		}
		n.value[k] = v
	}
	return n, nil
}

func known(key string) bool {
	for _, k := range Keys {
		if k == key {
			return true
		}
	}
	return false
}

// Get is the value of a key, "" where the name doesn't carry it.
func (n Name) Get(key string) string { return n.value[key] }

// With is the name with the key set to v, or without the key if v is "".
func (n Name) With(key, v string) Name {
	m := Name{Family: n.Family, value: map[string]string{}}
	for k, old := range n.value {
		m.value[k] = old
	}
	if v == "" {
		delete(m.value, key)
	} else {
		m.value[key] = v
	}
	return m
}

// String puts the name together, keys in the order of Keys.
func (n Name) String() string {
	var b strings.Builder
	b.WriteString(n.Family)
	for _, k := range Keys {
		if v := n.value[k]; v != "" {
			fmt.Fprintf(&b, "/%s=%s", k, v)
		}
	}
	return b.String()
}

// natural is, of modes in which goroutines could do a thing, the one in which
// they do: they wait through the poller, and beside each other. Of the modes of
// a locked goroutine's thread it is what a plain goroutine has in their place:
// what the last one left. How a raw thread's hand-off is written is no mode of
// a goroutine's.
var natural = map[string]string{"blocking": "poller", "serial": "together", "inplace": "reused", "pooled": "reused", "called": ""}

// Ref is the goroutine arm that a name's x-goroutine refers to, chosen among
// the names that exist: the one with the same keys; where goroutines have no
// such primitive, the channel; where they have no such place (two goroutines
// cannot be held on two CPUs), the schedulers' free choice; where a mode has a
// natural one beside it, that; and a goroutine has one kind of stack, so the key
// stack never tells.
func (n Name) Ref(exists func(string) bool) (Name, bool) {
	want := n.With("impl", "goroutine").With("stack", "")
	if m, ok := natural[n.Get("mode")]; ok {
		want = want.With("mode", m)
	}
	for _, via := range []string{n.Get("via"), "channel"} {
		for _, place := range []string{n.Get("place"), "free"} {
			r := want.With("via", via).With("place", place)
			if n.Get("via") == "" {
				r = r.With("via", "")
			}
			if n.Get("place") == "" {
				r = r.With("place", "")
			}
			if exists(r.String()) {
				return r, true
			}
		}
	}
	return Name{}, false
}
