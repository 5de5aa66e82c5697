package create

import (
	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/host"
	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
	"threadbench/goroutines"
)

func openCold(herd arm.NewHerd, join bool) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		h, err := herd(createCold, 0, 0)
		if err != nil {
			return nil, err
		}
		if h.Tids != nil {
			_, ofRuntime := h.ParkedHerd.(*goroutines.Herd)
			if err := arm.Headroom(arm.NeedOf(createCold, ofRuntime)); err != nil {
				h.Join()
				return nil, err
			}
		}
		return &coldArm{herd: h, join: join, meter: arm.NewMeter()}, nil
	}
}

type coldArm struct {
	herd  arm.Census // zero after it was joined
	join  bool
	meter *arm.Meter
}

// Measure makes the tasks.
func (a *coldArm) Measure() (lockstep.Slice, error) {
	defer func() { a.herd = arm.Census{} }() // it is joined by then
	made, created := host.Count(host.ThreadsAlive), host.Count(host.GoroutinesCreated)
	a.meter.Start()
	if err := a.herd.Make(createCold); err != nil {
		a.herd.Release()
		a.herd.Join()
		return lockstep.Slice{}, err
	}
	a.herd.Wait()
	a.meter.Stop()
	// Counted while all are alive, off the clock. Locked and raw tasks report
	// their own threads. For goroutines the process's count serves.
	counts := map[string]int64{"threads": host.Count(host.ThreadsAlive) - made, "created": host.Count(host.GoroutinesCreated) - created}
	if a.herd.Tids != nil {
		tids := a.herd.Tids()
		counts["threads"] = arm.Distinct(tids)
		counts["begun"] = arm.Begun(tids)
	}
	end := func() {
		a.herd.Release()
		a.herd.Join()
	}
	if a.join {
		a.meter.GoOn(end)
	} else {
		end()
	}
	return lockstep.Slice{Ops: createCold, Elapsed: a.meter.Elapsed, Counts: a.meter.Counts(counts)}, nil
}

func (a *coldArm) Close() error {
	if a.herd.ParkedHerd != nil {
		a.herd.Join()
	}
	return arm.Leaks()
}
