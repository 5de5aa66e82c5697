package measure

import (
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"threadbench/bench/lockstep"
)

// An injection is a real and known slowdown, to see whether a gate finds it. A
// worker with InjectVariable in its environment does more ops than it counts,
// within the same span of its arm's clock. Such figures are wrong on purpose.
// The worker says so in a cut, the configuration in the key inject, and run
// refuses to measure.

// InjectVariable holds the factor that slows a worker down.
const InjectVariable = "THREADBENCH_INJECT"

// injectedCut begins the cut of an injected worker.
const injectedCut = "injected slowdown: "

// Injected returns the factor of this process's environment, as it stands
// there, or "".
func Injected() string { return os.Getenv(InjectVariable) }

// SaysInjected reports whether the cuts of a worker say that it is slowed down.
func SaysInjected(cuts []string) bool {
	return slices.ContainsFunc(cuts, func(cut string) bool { return strings.HasPrefix(cut, injectedCut) })
}

// ParseInjection parses a factor: above 1, at most 100.
func ParseInjection(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 1 && f <= 100) {
		return 0, fmt.Errorf("%q is not a factor above 1 and up to 100; 1.03 is 3%% slower", s)
	}
	return f, nil
}

// Repeated returns about how many ops a slowed worker counts for each op that
// it repeats. Its slices are a multiple of that.
func Repeated(factor float64) int { return max(1, int(math.Round(1/(factor-1)))) }

// inject slows the arm down if this process's environment says so.
func inject(arm lockstep.Arm, cut func(reason string)) (lockstep.Arm, error) {
	if Injected() == "" {
		return arm, nil
	}
	f, err := ParseInjection(Injected())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", InjectVariable, err), arm.Close())
	}
	cut(fmt.Sprintf("%s%s ops are done for each one counted; the figure is wrong on purpose", injectedCut, Injected()))
	return &slowed{Arm: arm, factor: f}, nil
}

// slowed is an arm that does factor times the ops that it counts.
type slowed struct {
	lockstep.Arm
	factor     float64
	done, told float64            // ops so far
	rest       map[string]float64 // of each count, the part that rounding left
}

// Run does and counts about n ops, in the right shares: at least enough for one
// whole op to repeat, and a remainder carries over to the next slice. It
// reports the arm's counts in the share of the ops that it reports, so that
// they are valid evidence. The part of a count that rounding leaves goes to the
// next slice.
func (a *slowed) Run(n int) (lockstep.Slice, error) {
	more := a.factor - 1
	repeats := max(1, math.Round(float64(n)*more))
	counted := max(1, math.Round(repeats/more))
	s, err := a.Arm.Run(int(counted + repeats))
	if err != nil {
		return s, err
	}
	if s.Elapsed == 0 {
		return s, errors.New("this case measures no time, so nothing can slow it down")
	}
	a.done += float64(s.Ops)
	tell := max(1, math.Round(a.done/a.factor)-a.told)
	a.told += tell
	share := tell / float64(s.Ops)
	s.Ops = int(tell)
	counts := map[string]int64{}
	if a.rest == nil {
		a.rest = map[string]float64{}
	}
	for k, v := range s.Counts {
		due := float64(v)*share + a.rest[k]
		counts[k] = int64(math.Round(due))
		a.rest[k] = due - float64(counts[k])
	}
	s.Counts = counts
	return s, nil
}
