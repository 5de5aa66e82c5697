package create

import (
	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
)

func openCold(park arm.NewParked, join bool) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		h, err := park(createCold, 0, 0)
		if err != nil {
			return nil, err
		}
		if h.Tids != nil {
			_, ofRuntime := h.ParkedTasks.(*goroutines.Set)
			if err := arm.Headroom(arm.NeedOf(createCold, ofRuntime)); err != nil {
				h.Join()
				return nil, err
			}
		}
		return &coldArm{parked: h, join: join, meter: arm.NewMeter()}, nil
	}
}

type coldArm struct {
	parked arm.Parked // zero after it was joined
	join   bool
	meter  *arm.Meter
}

// Measure makes the tasks.
func (a *coldArm) Measure() (lockstep.Slice, error) {
	defer func() { a.parked = arm.Parked{} }() // it is joined by then
	made, created := host.Count(host.ThreadsAlive), host.Count(host.GoroutinesCreated)
	a.meter.Start()
	if err := a.parked.Make(createCold); err != nil {
		a.parked.Release()
		a.parked.Join()
		return lockstep.Slice{}, err
	}
	a.parked.Wait()
	a.meter.Stop()
	// Counted while all are alive, off the clock. Locked and raw tasks report
	// their own threads. For goroutines the process's count serves.
	counts := map[string]int64{"threads": host.Count(host.ThreadsAlive) - made, "created": host.Count(host.GoroutinesCreated) - created}
	if a.parked.Tids != nil {
		tids := a.parked.Tids()
		counts["threads"] = arm.Distinct(tids)
		counts["begun"] = arm.Begun(tids)
	}
	end := func() {
		a.parked.Release()
		a.parked.Join()
	}
	if a.join {
		a.meter.GoOn(end)
	} else {
		end()
	}
	return lockstep.Slice{Ops: createCold, Elapsed: a.meter.Elapsed, Counts: a.meter.Counts(counts)}, nil
}

func (a *coldArm) Close() error {
	if a.parked.ParkedTasks != nil {
		a.parked.Join()
	}
	return arm.Leaks()
}
