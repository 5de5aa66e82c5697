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

// mostSteal is the greatest share of a round's CPU time, in percent, that the
// hypervisor may take without a warning.
const mostSteal = 1

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

// disturbed are warnings of what went on while the rounds were measured.
func (f *File) disturbed() []string {
	stolen, throttled, worst := 0, 0, 0.0
	for _, d := range f.Disturbances {
		if steal, ok := d.Amount("steal"); ok && steal > mostSteal {
			stolen, worst = stolen+1, max(worst, steal)
		}
		if times, ok := d.Amount("throttled"); ok && times > 0 {
			throttled++
		}
	}
	var all []string
	of := "of " + prose.Count(len(f.Disturbances), "round")
	if stolen > 0 {
		all = append(all, fmt.Sprintf("The hypervisor gave more than %d%% of the CPU time to others (steal) in %d %s; the worst round lost %.2f%%.", mostSteal, stolen, of, worst))
	}
	if throttled > 0 {
		all = append(all, fmt.Sprintf("A CPU quota stopped the process (throttled) in %d %s.", throttled, of))
	}
	return all
}
