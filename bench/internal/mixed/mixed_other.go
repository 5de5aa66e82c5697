//go:build !linux

package mixed

import (
	"runtime"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// downloadsOnly names no case here.
const downloadsOnly = "downloads"

func openMixed(locked, serial bool) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		return nil, lockstep.Skipf("%s does not tell the threads of a process", runtime.GOOS)
	}
}

func openDownloads(func(string)) (lockstep.Arm, error) {
	return nil, lockstep.Skipf("%s has no client for downloads", runtime.GOOS)
}
