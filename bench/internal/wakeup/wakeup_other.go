//go:build !linux

package wakeup

import (
	"runtime"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// openWakeup returns a *lockstep.Skip here.
func openWakeup(impl, mode, via, load string) (measure.Measurement, error) {
	return nil, lockstep.Skipf("%s has no clock of Linux's that a pacer and a task share", runtime.GOOS)
}

// helpers are none here.
var helpers = map[string]func() int{}
