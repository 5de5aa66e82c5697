package arm

import (
	"maps"
	"runtime/metrics"
	"time"

	"threadbench/bench/internal/host"
	"threadbench/goroutines"
)

// A Meter is the clock of an arm in Go, with counts: the process's context
// switches, and how often the scheduler put a goroutine on a thread.
type Meter struct {
	Elapsed   time.Duration
	switches  int64 // -1 where the system doesn't report it
	schedules int64

	began        time.Duration
	switchesThen int64
	scheduled    int64
	sample       []metrics.Sample
}

// NewMeter returns a stopped meter.
func NewMeter() *Meter {
	m := &Meter{sample: []metrics.Sample{{Name: "/sched/latencies:seconds"}}}
	m.schedulings() // allocates the histogram that later calls reuse
	return m
}

// Start starts the clock, after everything else that it does.
func (m *Meter) Start() {
	m.scheduled = m.schedulings()
	m.switchesThen = host.KernelSwitches()
	m.began = goroutines.Now()
}

// Stop stops the clock before everything else.
func (m *Meter) Stop() {
	m.Elapsed = goroutines.Now() - m.began
	m.switches = -1
	if now := host.KernelSwitches(); now >= 0 {
		m.switches = now - m.switchesThen
	}
	m.schedules = m.schedulings() - m.scheduled
}

// GoOn adds f to the time and the counts of a stopped meter.
func (m *Meter) GoOn(f func()) {
	so := *m
	m.Start()
	f()
	m.Stop()
	m.Elapsed += so.Elapsed
	m.schedules += so.schedules
	if m.switches >= 0 && so.switches >= 0 {
		m.switches += so.switches
	} else {
		m.switches = -1
	}
}

// schedulings returns how often a goroutine has got a thread so far. The
// runtime records every eighth time that a goroutine stops running
// (runtime/proc.go casgstatus, gTrackingPeriod).
func (m *Meter) schedulings() int64 {
	metrics.Read(m.sample)
	var n uint64
	for _, c := range m.sample[0].Value.Float64Histogram().Counts {
		n += c
	}
	return int64(n) * 8
}

// Counts returns the meter's counts and those in more.
func (m *Meter) Counts(more map[string]int64) map[string]int64 {
	all := map[string]int64{"schedules": m.schedules}
	if m.switches >= 0 {
		all["kernel-switches"] = m.switches
	}
	maps.Copy(all, more)
	return all
}
