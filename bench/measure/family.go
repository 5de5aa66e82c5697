package measure

import (
	"fmt"

	"threadbench/bench/catalog"
	"threadbench/bench/lockstep"
)

// A Family is a set of cases that measure the same thing in different
// contenders and ways.
type Family struct {
	catalog.Family
	Cases []Case

	// AtMain is called at the first line of main in each worker of the
	// family's, if it isn't nil.
	AtMain func()

	// Roles are what else than a worker of a case the binary is for the family:
	// the other side of what an arm measures, a process of its own. A role is
	// named as a case is; it answers the process's exit code.
	Roles map[string]func() int
}

// Families are families in the order of every table.
type Families []Family

// Cases are all the cases of all families.
func (fs Families) Cases() []Case {
	var all []Case
	for _, f := range fs {
		all = append(all, f.Cases...)
	}
	return all
}

// Lookup finds a case by its full name.
func (fs Families) Lookup(name string) (Case, bool) {
	for _, c := range fs.Cases() {
		if c.Name.String() == name {
			return c, true
		}
	}
	return Case{}, false
}

// Of is the family of that name.
func (fs Families) Of(name string) (Family, bool) {
	for _, f := range fs {
		if f.Name == name {
			return f, true
		}
	}
	return Family{}, false
}

// An Opening opens an arm; cut reports that it will measure less than it was
// asked for. An arm that can't be measured here is a *lockstep.Skip.
type Opening = func(cut func(reason string)) (lockstep.Arm, error)

// A Measurement is what is measured once a process.
type Measurement interface {
	// Measure is called once at the most.
	Measure() (lockstep.Slice, error)
	// Close ends everything that the measurement has started, whether or not
	// anything was measured; an error says what was left behind.
	Close() error
}

// An OpeningOnce opens a measurement, as an Opening does an arm.
type OpeningOnce = func(cut func(reason string)) (Measurement, error)

// open opens the case as an arm.
func (c Case) open(cut func(reason string)) (lockstep.Arm, error) {
	if c.OpenOnce == nil {
		return c.Open(cut)
	}
	m, err := c.OpenOnce(cut)
	if err != nil {
		return nil, err
	}
	return &single{Measurement: m, of: c}, nil
}

// single is a measurement as an arm: it refuses a second run.
type single struct {
	Measurement
	of       Case
	measured bool
}

// Run measures, whatever n is: a measurement says how many ops it did.
func (a *single) Run(int) (lockstep.Slice, error) {
	if a.measured {
		return lockstep.Slice{}, fmt.Errorf("%s is measured once a process", a.of.Name)
	}
	a.measured = true
	return a.Measure()
}
