package catalog

import "slices"

// Families are in the order of every table.
var Families = []Family{
	Create,
	Stack,
	StackGrow,
	Switch,
	Scale,
	Block,
	Serve,
	Mixed,
	Wakeup,
	Balance,
	GC,
	Pipeline,
	Delegate,
	Start,
}

// FamilyOf finds a family by its name.
func FamilyOf(name string) (Family, bool) {
	i := slices.IndexFunc(Families, func(f Family) bool { return f.Name == name })
	if i < 0 {
		return Family{}, false
	}
	return Families[i], true
}
