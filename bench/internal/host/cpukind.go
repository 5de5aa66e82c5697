package host

import (
	"strconv"
)

// Kind is what the configuration tells of a site's CPUs, "" where the system
// doesn't tell.
type Kind struct{ Kind, Capacity, MaxFreq, CrossShares string }

// KindOf looks a site's CPUs up below root.
func KindOf(numbers []int, root FS) Kind {
	cpus := root.CPUs(numbers)
	own := cpus[0]
	k := Kind{Kind: own.Type}
	if own.Capacity > 0 {
		k.Capacity = strconv.Itoa(own.Capacity)
	}
	switch {
	case own.KHz > 0:
		k.MaxFreq = strconv.Itoa((own.KHz+500)/1000) + "MHz"
	case own.Perf > 0:
		k.MaxFreq = "cppc-" + strconv.Itoa(own.Perf)
	}
	if len(cpus) == 1 {
		k.CrossShares = "one-cpu"
		return k
	}
	k.CrossShares = root.Shares(own.Number, cpus[1].Number)
	if !Alike(own, cpus[1]) {
		if k.CrossShares == "" {
			k.CrossShares = unknown
		}
		k.CrossShares += "+other-kind"
	}
	return k
}
