package results

import (
	"slices"
	"strings"
)

// An Aspect is one property of a machine, with the configuration keys that
// identify it. The first key names it for a reader.
type Aspect struct {
	Name string
	Keys []string
}

// Aspects identify a machine, together with its host. Files that differ in an
// aspect can't be compared. What a run was allowed (cgroups, limits) and what
// it measured of itself (timer-ns) are no aspects: they make no other machine.
var Aspects = []Aspect{
	{"CPU", []string{"cpu", "goarch", "cpus", "smt", "virt", "cpu-type", "cpu-capacity", "cpu-max-freq"}},
	{"kernel", []string{"kernel", "goos", "preempt", "page-size", "thp", "mitigations", "spectre-v2", "retbleed", "spec-rstack-overflow"}},
	{"Go", []string{"go", "build", "goexperiment", "godebug", "goamd64", "cgo", "gogc", "gomemlimit"}},
}

// Host is the host on which the file's run began, "" if the file doesn't say.
func (f *File) Host() string {
	if len(f.Begun) == 0 {
		return ""
	}
	_, host, _ := strings.Cut(f.Begun[0], " on ")
	return host
}

// Day is the day on which the file's run began, "" if the file doesn't say.
func (f *File) Day() string {
	if len(f.Begun) == 0 {
		return ""
	}
	day, _, _ := strings.Cut(f.Begun[0], " on ")
	return day
}

// Machines groups files by machine. Machines and files are in the order of the
// files. Files are of one machine if they agree in the host and in every key of
// the Aspects. Two machines that can't be told apart, since neither has a host
// or both have the same, count as one: rather too few machines than too many.
func Machines(files []*File) [][]*File {
	var machines [][]*File
	for _, f := range files {
		i := slices.IndexFunc(machines, func(m []*File) bool { return f.sameMachine(m[0]) })
		if i < 0 {
			i = len(machines)
			machines = append(machines, nil)
		}
		machines[i] = append(machines[i], f)
	}
	return machines
}

func (f *File) sameMachine(g *File) bool {
	return f.Host() == g.Host() && !slices.ContainsFunc(Aspects, func(a Aspect) bool { return a.of(f) != a.of(g) })
}

// of is the file's values of the aspect's keys.
func (a Aspect) of(f *File) string {
	var values []string
	for _, key := range a.Keys {
		values = append(values, f.Get(key))
	}
	return strings.Join(values, "\n")
}

// A Split groups machines by an aspect.
type Split struct {
	By     string // "CPU", or "CPU and kernel" if both group them alike
	Groups []Group
}

// A Group is machines that agree in the split's aspect.
type Group struct {
	Name string // "AMD-EPYC"; with other keys of the aspect if another group has the same: "AMD-EPYC, cpus 8"
	Of   []int  // indices of the machines
}

// Splits group machines, each given by one of its files, by each aspect in
// which they differ. Aspects that group them alike share a split: these files
// can't tell which of the aspects matters.
func Splits(machines []*File) []Split {
	var splits []Split
	for _, a := range Aspects {
		s := a.split(machines)
		if len(s.Groups) < 2 {
			continue
		}
		same := func(t Split) bool {
			return slices.EqualFunc(s.Groups, t.Groups, func(g, h Group) bool { return slices.Equal(g.Of, h.Of) })
		}
		i := slices.IndexFunc(splits, same)
		if i < 0 {
			splits = append(splits, s)
			continue
		}
		splits[i].By = strings.Replace(splits[i].By, " and ", ", ", 1) + " and " + s.By
		for k := range s.Groups {
			splits[i].Groups[k].Name += ", " + s.Groups[k].Name
		}
	}
	return splits
}

func (a Aspect) split(machines []*File) Split {
	s := Split{By: a.Name}
	at := map[string]int{}
	for i, f := range machines {
		values := a.of(f)
		k, there := at[values]
		if !there {
			k = len(s.Groups)
			at[values] = k
			s.Groups = append(s.Groups, Group{})
		}
		s.Groups[k].Of = append(s.Groups[k].Of, i)
	}
	for k := range s.Groups {
		var words []string
		f := machines[s.Groups[k].Of[0]]
		for i, key := range a.Keys {
			differs := slices.ContainsFunc(machines, func(g *File) bool { return g.Get(key) != f.Get(key) })
			switch v := f.Get(key); {
			case !differs:
			case v == "":
				words = append(words, "no "+key)
			case i == 0:
				words = append(words, v)
			default:
				words = append(words, key+" "+v)
			}
		}
		s.Groups[k].Name = strings.Join(words, ", ")
	}
	return s
}
