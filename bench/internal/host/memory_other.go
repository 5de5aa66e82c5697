//go:build !linux

package host

import (
	"runtime"

	"threadbench/bench/lockstep"
)

const CanPin = false

type Memory struct{ User, Kernel, Reserved int64 }

type MemoryMeter struct{}

// NewMemoryMeter has nothing to read here.
func NewMemoryMeter() (*MemoryMeter, error) {
	return nil, lockstep.Skipf("%s does not tell user, kernel and reserved memory apart", runtime.GOOS)
}

func (m *MemoryMeter) Read() (Memory, error) { panic("bench: no memory meter here") }
func (m *MemoryMeter) Close() error          { return nil }

// SweepGroups has nothing to remove here.
func SweepGroups() {}

// KernelBytesFrom is none here.
func KernelBytesFrom() string { return "none" }
