package switching

import (
	"fmt"

	"threadbench/bench/internal/arm"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
	"threadbench/threads"
)

// handOffs returns the intervals of a pair's round trips on the clock, two in
// each: the turn goes to the other task and comes back.
func handOffs(driver, other []int64, warm int) ([]int64, error) {
	if len(driver) != len(other) || warm < 1 || warm > len(driver) {
		return nil, fmt.Errorf("expected the same number of stamps from both tasks, %d of them to warm up; seen %d and %d", warm, len(driver), len(other))
	}
	there, err := arm.Intervals(driver[warm-1:len(driver)-1], other[warm:])
	if err != nil {
		return nil, err
	}
	back, err := arm.Intervals(other[warm:], driver[warm:])
	return append(there, back...), err
}

// stampedPair opens two goroutines on a link and stamps each hand-off.
func stampedPair(trips int, link func() (goroutines.Link, error), setup func(task int) error) measure.OpeningOnce {
	open := openPair(link, setup)
	return func(cut func(string)) (measure.Measurement, error) {
		opened, err := open(cut)
		if err != nil {
			return nil, err
		}
		a := opened.(*pairArm)
		warm := min((a.warm+1)/2, trips)
		a.Tally().Stamp(trips + warm)
		return &arm.StampedArm{Shut: a.Close, Timed: func() ([]int64, lockstep.Slice, error) {
			s, err := a.Run(2 * trips)
			if err != nil {
				return nil, s, err
			}
			driver, other := a.Tally().Stamps()
			ticks, err := handOffs(driver.All(), other.All(), warm)
			return ticks, s, err
		}}, nil
	}
}

// stampedRaw opens two raw threads and stamps each hand-off.
func stampedRaw(trips int, op threads.Op, apart bool) measure.OpeningOnce {
	warm := min(arm.WarmThread/2, trips)
	open := openRaw(func(op threads.Op) (*threads.Driver, error) { return threads.NewStampedPair(op, trips+warm) }, op, apart)
	return func(cut func(string)) (measure.Measurement, error) {
		opened, err := open(cut)
		if err != nil {
			return nil, err
		}
		a := opened.(*rawArm)
		return &arm.StampedArm{Raw: true, Shut: a.Close, Timed: func() ([]int64, lockstep.Slice, error) {
			s, err := a.Run(2 * trips)
			if err != nil {
				return nil, s, err
			}
			driver, other := a.Driver.(*threads.Driver).Stamps()
			ticks, err := handOffs(driver, other, warm)
			return ticks, s, err
		}}, nil
	}
}
