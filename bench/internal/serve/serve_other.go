//go:build !linux

package serve

import (
	"runtime"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// clientOnly names no case here.
const clientOnly = "client"

func openServe(impl, mode string, n int) measure.OpeningOnce {
	return func(func(string)) (measure.Measurement, error) {
		return nil, lockstep.Skipf("%s can't hold a server and its client on a CPU each", runtime.GOOS)
	}
}

func openClient(func(string)) (lockstep.Arm, error) {
	return nil, lockstep.Skipf("%s has no epoll", runtime.GOOS)
}
