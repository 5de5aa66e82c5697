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

// What is no warning yet, in a round: so many CPUs that other processes kept
// busy, and so many per cent of the CPU time that a hypervisor took. The first is
// also from where on package disturbance gives a reason for scatter.
const (
	mostOthers = 0.25
	mostSteal  = 1.0
)

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

// disturbed is the warning of what went on while the rounds were measured, nil
// for none. The load average decides nothing: it counts this program's processes.
func (f *File) disturbed() []string {
	of := "of " + prose.Count(len(f.Weather), "round")
	beyond := func(key string, most float64) (rounds int, worst float64) {
		for _, w := range f.Weather {
			if v, ok := w.Amount(key); ok && v > most {
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
