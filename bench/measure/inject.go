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

// An injection is a slowdown that is real and known, to see whether a gate
// finds it: a worker that has its variable in its environment does more ops
// than it counts, within the same span of its arm's clock. Such figures are
// wrong on purpose. The worker says so in a cut, the configuration in the key
// inject, and run refuses to measure.

// InjectVariable holds the factor by which a worker is to be slower.
const InjectVariable = "THREADBENCH_INJECT"

// injectedCut begins the cut by which an injected worker says that it is one.
const injectedCut = "injected slowdown: "

// Injected is the factor that this process's environment would slow its
// workers down by, as it stands there; "" for none.
func Injected() string { return os.Getenv(InjectVariable) }

// SaysInjected tells whether a worker has said among its cuts that it is
// slowed down.
func SaysInjected(cuts []string) bool {
	return slices.ContainsFunc(cuts, func(cut string) bool { return strings.HasPrefix(cut, injectedCut) })
}

// ParseInjection reads a factor: above 1, at most 100.
func ParseInjection(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 1 && f <= 100) {
		return 0, fmt.Errorf("%q is no factor above 1 and up to 100; 1.03 is 3%% slower", s)
	}
	return f, nil
}

// Repeated is how many ops a worker that is slowed down by a factor counts for
// each one that it repeats, about: its slices have a multiple of that.
func Repeated(factor float64) int { return max(1, int(math.Round(1/(factor-1)))) }

// inject slows the arm down if this process is told to.
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
	rest       map[string]float64 // of each count, what was left when it was rounded
}

// Run does about n ops and counts, so that the shares are right: at least as
// many as have one whole op to repeat, and with what doesn't come out even in
// one slice carried on to the next. What the arm counts is told for the share
// of the ops that is, so that it proves what it did; what rounding leaves of a
// count goes to the next slice.
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
