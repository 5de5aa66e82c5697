package results

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"threadbench/scripts/internal/prose"
)

// A Disturbance is what a round's first line says went on during the round.
type Disturbance struct {
	Round int
	Says  string // "" if the round has no such line
}

// A round up to these limits is no warning: CPUs that other processes kept busy,
// and the share of the CPU time, in percent, that a hypervisor took. From
// mostOthers on, package disturbance gives other processes as a reason for
// scatter, too.
const (
	mostOthers = 0.25
	mostSteal  = 1.0
)

// Amount is the number of a key in the round's first line: 2.2 for steal in
// "seconds=64.5 steal=2.2%".
func (d Disturbance) Amount(key string) (float64, bool) {
	for _, f := range strings.Fields(d.Says) {
		if text, ok := strings.CutPrefix(f, key+"="); ok {
			v, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
			return v, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
		}
	}
	return 0, false
}

// disturbed is the warning of what went on while the rounds were measured, nil
// for none. The load average decides nothing: it counts this program's processes.
func (f *File) disturbed() []string {
	of := "of " + prose.Count(len(f.Disturbances), "round")
	beyond := func(key string, most float64) (rounds int, worst float64) {
		for _, d := range f.Disturbances {
			if v, ok := d.Amount(key); ok && v > most {
				rounds, worst = rounds+1, max(worst, v)
			}
		}
		return rounds, worst
	}
	var why []string
	if n, worst := beyond("others", mostOthers); n > 0 {
		why = append(why, fmt.Sprintf("other processes took up to %.2f CPUs (over %v in %d %s)", worst, mostOthers, n, of))
	}
	if n, worst := beyond("steal", mostSteal); n > 0 {
		why = append(why, fmt.Sprintf("the hypervisor stole up to %.2f%% of CPU time (over %v%% in %d %s)", worst, mostSteal, n, of))
	}
	if n, _ := beyond("throttled", 0); n > 0 {
		why = append(why, fmt.Sprintf("a CPU quota throttled this program (in %d %s)", n, of))
	}
	if why == nil {
		return nil
	}
	return []string{"The machine was busy: " + strings.Join(why, "; ") + "."}
}
