//go:build !linux

package bench

import (
	"runtime"

	"threadbench/bench/lockstep"
)

const canPin = false

type memory struct{ user, kernel, reserved int64 }

type memoryMeter struct{}

// newMemoryMeter has nothing to read here.
func newMemoryMeter() (*memoryMeter, error) {
	return nil, lockstep.Skipf("%s does not tell user, kernel and reserved memory apart", runtime.GOOS)
}

func (m *memoryMeter) read() (memory, error) { panic("bench: no memory meter here") }
func (m *memoryMeter) close() error          { return nil }

// SweepGroups has nothing to remove here.
func SweepGroups() {}

// KernelBytesFrom is none here.
func KernelBytesFrom() string { return "none" }
