package bench

import (
	"errors"
	"threadbench/bench/lockstep"
	"threadbench/goroutines"
	"threadbench/threads"
)

func openCold(herd newHerd, join bool) func(func(string)) (lockstep.Arm, error) {
	return func(func(string)) (lockstep.Arm, error) {
		h, err := herd(createCold, 0, 0)
		if err != nil {
			return nil, err
		}
		if h.tids != nil {
			_, ofRuntime := h.parkedHerd.(*goroutines.Herd)
			if err := headroom(threads.Need{Threads: createCold, MapsPerThread: mapsPerThread(ofRuntime), Runtime: ofRuntime}); err != nil {
				h.Join()
				return nil, err
			}
		}
		return &coldArm{herd: h, join: join, meter: newMeter()}, nil
	}
}

type coldArm struct {
	herd  census
	join  bool
	used  bool
	meter *meter
}

// Run makes the tasks, whatever n is: once a process.
func (a *coldArm) Run(int) (lockstep.Slice, error) {
	if a.used {
		return lockstep.Slice{}, errors.New("a cold case is measured once a process")
	}
	a.used = true
	made, created := count(threadsAlive), count(goroutinesCreated)
	a.meter.Start()
	if err := a.herd.Make(createCold); err != nil {
		a.herd.Release()
		a.herd.Join()
		return lockstep.Slice{}, err
	}
	a.herd.Wait()
	a.meter.Stop()
	// Counted while all are alive, and off the clock. The tasks of a locked or
	// raw herd say which threads they ran on; that of goroutines is for the
	// process to say.
	counts := map[string]int64{"threads": count(threadsAlive) - made, "created": count(goroutinesCreated) - created}
	if a.herd.tids != nil {
		counts["threads"] = distinct(a.herd.tids())
	}
	end := func() {
		a.herd.Release()
		a.herd.Join()
	}
	if a.join {
		a.meter.goOn(end)
	} else {
		end()
	}
	return lockstep.Slice{Ops: createCold, Elapsed: a.meter.elapsed, Counts: a.meter.counts(counts)}, nil
}

func (a *coldArm) Close() error {
	if !a.used {
		a.herd.Join()
	}
	return leaks()
}
