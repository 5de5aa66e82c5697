//go:build !linux

package serve

import (
	"runtime"

	"threadbench/bench/lockstep"
)

// clientOnly is the name of no case here.
const clientOnly = "client"

func openServe(impl, mode string, n int) func(func(string)) (lockstep.Arm, error) {
	return func(func(string)) (lockstep.Arm, error) {
		return nil, lockstep.Skipf("%s can't hold a server and its client on a CPU each", runtime.GOOS)
	}
}

func openClient(func(string)) (lockstep.Arm, error) {
	return nil, lockstep.Skipf("%s has no epoll", runtime.GOOS)
}
