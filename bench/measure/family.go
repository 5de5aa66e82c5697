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

	// AtMain is called at the first line of main in each worker of the family,
	// if it isn't nil.
	AtMain func()

	// Roles are the family's other processes, such as the other side of what an
	// arm measures: the binary becomes one when it is started with the role's
	// name as the case. A role returns the process's exit code.
	Roles map[string]func() int
}

// Families are in the order of every table.
type Families []Family

// Cases returns the cases of all families.
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

// Of finds a family by its name.
func (fs Families) Of(name string) (Family, bool) {
	for _, f := range fs {
		if f.Name == name {
			return f, true
		}
	}
	return Family{}, false
}

// An Opening opens an arm. It calls cut to report that the arm will measure
// less than it was asked for. The error is a *lockstep.Skip if the arm can't be
// measured here.
type Opening = func(cut func(reason string)) (lockstep.Arm, error)

// A Measurement measures once in its process.
type Measurement interface {
	// Measure is called at most once.
	Measure() (lockstep.Slice, error)
	// Close ends everything that the measurement has started, measured or not;
	// an error says what was left behind.
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

// single makes an arm of a measurement: it refuses a second run.
type single struct {
	Measurement
	of       Case
	measured bool
}

// Run measures, whatever n is: the measurement decides how many ops to do.
func (a *single) Run(int) (lockstep.Slice, error) {
	if a.measured {
		return lockstep.Slice{}, fmt.Errorf("%s is measured once a process", a.of.Name)
	}
	a.measured = true
	return a.Measure()
}
