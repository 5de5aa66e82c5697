package catalog

import "slices"

// A Contender is a value of the key impl, the kind of task that does the work,
// and its names.
type Contender struct {
	Impl  string
	Label string // in a table
	Short string // in a picture
	One   string // in a sentence
	Many  string
}

// Contenders are in the order of every table.
var Contenders = []Contender{
	{"goroutine", "goroutine", "goroutine", "a goroutine", "goroutines"},
	{"locked", "locked thread", "locked thread", "a locked thread", "locked threads"},
	{"clone", "raw thread (clone)", "raw thread", "a raw thread", "raw threads"},
	{"pthread", "C thread (pthread)", "C thread", "a C thread", "C threads"},
	{"floor", "floor", "floor", "the floor", "the floor"},
}

// Contender returns the index of the name's contender in Contenders, or -1.
func (n Name) Contender() int {
	return slices.IndexFunc(Contenders, func(c Contender) bool { return c.Impl == n.Get("impl") })
}

// phrases are the words for key values in a sentence.
var phrases = map[string]string{
	"via=channel":   " through a channel",
	"via=futex":     " through a futex",
	"via=pipe":      " through a pipe",
	"via=yield":     " by yielding",
	"via=ring":      " through a ring",
	"via=call":      " by a call",
	"via=gettid":    " by gettid(2)",
	"via=timer":     " by a timer",
	"wait=net":      " for a socket",
	"wait=syscall":  " in a system call",
	"wait=disk":     " for the disk",
	"load=idle":     " on an idle machine",
	"load=hogs":     " beside hogs on every CPU",
	"load=outside":  " beside another process's hogs on every CPU",
	"work=0":        " that does nothing",
	"work=1us":      " that works for 1 µs",
	"work=10us":     " that works for 10 µs",
	"work=100us":    " that works for 100 µs",
	"stack=least":   " on the least stack",
	"stack=default": " on the default stack",
	"place=same":    " on one CPU",
	"place=cross":   " across two CPUs",
	"place=free":    " placed freely",
	"procs=1":       " on one CPU",
	"procs=all":     " on all CPUs",
	"n=16":          " by 16 goroutines at once",
}

// Phrase returns the words for a key's value in a sentence, with a space before
// them: " through a channel". It is "" if the name doesn't carry the key, or
// the value has no words.
func (n Name) Phrase(key string) string { return phrases[key+"="+n.Get(key)] }
