package results

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"threadbench/scripts/internal/prose"
)

// A Weather is what a round's first line says of it.
type Weather struct {
	Round int
	Says  string // "" where the round has no such line
}

// mostSteal is the share of the CPU time of a round, in per cent, up to which
// the hypervisor's taking is no warning.
const mostSteal = 1

// Amount is the number of a key in what a round's first line says: 2.2 of steal
// in "seconds=64.5 steal=2.2%".
func (w Weather) Amount(key string) (float64, bool) {
	for _, f := range strings.Fields(w.Says) {
		if text, ok := strings.CutPrefix(f, key+"="); ok {
			v, err := strconv.ParseFloat(strings.TrimSuffix(text, "%"), 64)
			return v, err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
		}
	}
	return 0, false
}

// disturbed are the warnings of what went on while the rounds were measured.
func (f *File) disturbed() []string {
	stolen, throttled, worst := 0, 0, 0.0
	for _, w := range f.Weather {
		if steal, ok := w.Amount("steal"); ok && steal > mostSteal {
			stolen, worst = stolen+1, max(worst, steal)
		}
		if times, ok := w.Amount("throttled"); ok && times > 0 {
			throttled++
		}
	}
	var all []string
	of := "of " + prose.Count(len(f.Weather), "round")
	if stolen > 0 {
		all = append(all, fmt.Sprintf("The hypervisor took more than %d%% of the CPU time for others (steal) in %d %s, at most %.2f%%.", mostSteal, stolen, of, worst))
	}
	if throttled > 0 {
		all = append(all, fmt.Sprintf("A CPU quota held the process up (throttled) in %d %s.", throttled, of))
	}
	return all
}
