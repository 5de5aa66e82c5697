package create

import (
	"fmt"

	"threadbench/bench/internal/arm"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
	"threadbench/threads"
)

// stampedCreate makes tasks one after the other, with a stamp before the call
// that makes each and a stamp as its first instruction.
func stampedCreate(n int, how func() hooks) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		a, err := newCreateArm(1, how())
		if err != nil {
			return nil, err
		}
		warm := arm.WarmThread
		calls, firsts := goroutines.NewStamps(n+warm), goroutines.NewStamps(n+warm)
		a.create = func(n, _ int, in, out func()) { goroutines.CreateStamped(n, calls, firsts, in, out) }
		return &arm.StampedArm{Shut: a.Close, Timed: func() ([]int64, lockstep.Slice, error) {
			s, err := a.Run(n)
			if err != nil {
				return nil, s, err
			}
			ticks, err := arm.Intervals(calls.All()[warm:], firsts.All()[warm:])
			return ticks, s, err
		}}, nil
	}
}

// stampedCreator is stampedCreate for raw threads.
func stampedCreator(n int) measure.OpeningOnce {
	warm := arm.WarmThread / 8
	open := openCreator(func(int) (*threads.Driver, error) { return threads.NewStampedCreator(n + warm) }, 1)
	return func(cut func(string)) (measure.Measurement, error) {
		opened, err := open(cut)
		if err != nil {
			return nil, err
		}
		a := opened.(*creatorArm)
		return &arm.StampedArm{Raw: true, Shut: a.Close, Timed: func() ([]int64, lockstep.Slice, error) {
			s, err := a.Run(n)
			if err != nil {
				return nil, s, err
			}
			calls, firsts := a.driver.(*threads.Driver).Stamps()
			if len(calls) < warm || len(firsts) < warm {
				return nil, s, fmt.Errorf("expected %d stamps of calls and first instructions, seen %d and %d", n+warm, len(calls), len(firsts))
			}
			ticks, err := arm.Intervals(calls[warm:], firsts[warm:])
			return ticks, s, err
		}}, nil
	}
}
