package host

import (
	"testing"

	"threadbench/bench/internal/armtest"
	"threadbench/bench/lockstep"
)

// TestCPUTimeOnOneCPU holds the process's clock, of a process on one CPU that
// has a thread at work besides, against the exact one.
func TestCPUTimeOnOneCPU(t *testing.T) {
	if !armtest.Alone(t, "GOMAXPROCS=2") {
		return
	}
	cpus, err := lockstep.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	if err := lockstep.KeepTo(cpus[:1]); err != nil {
		t.Fatal(err)
	}
	if n := behind(t, spinner(t, cpus[0]), CpuTimeOnOneCPU); n > behindTrials/4 {
		t.Errorf("behind in %d of %d", n, behindTrials)
	}
}
