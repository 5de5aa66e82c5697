package bench

import (
	"strconv"
	"threadbench/bench/internal/host"
)

// kind is what the configuration tells of a site's CPUs, "" where the system
// doesn't tell.
type kind struct{ kind, capacity, maxFreq, crossShares string }

// kindOf looks a site's CPUs up below root.
func kindOf(numbers []int, root host.FS) kind {
	cpus := root.CPUs(numbers)
	own := cpus[0]
	k := kind{kind: own.Type}
	if own.Capacity > 0 {
		k.capacity = strconv.Itoa(own.Capacity)
	}
	switch {
	case own.KHz > 0:
		k.maxFreq = strconv.Itoa((own.KHz+500)/1000) + "MHz"
	case own.Perf > 0:
		k.maxFreq = "cppc-" + strconv.Itoa(own.Perf)
	}
	if len(cpus) == 1 {
		k.crossShares = "one-cpu"
		return k
	}
	k.crossShares = root.Shares(own.Number, cpus[1].Number)
	if !host.Alike(own, cpus[1]) {
		if k.crossShares == "" {
			k.crossShares = unknown
		}
		k.crossShares += "+other-kind"
	}
	return k
}
