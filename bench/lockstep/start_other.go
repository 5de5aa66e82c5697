//go:build !linux

package lockstep

import (
	"runtime"
	"syscall"
)

func sysProcAttr() *syscall.SysProcAttr { return nil }

func OnCPUs(cpus []int, start func() error) error {
	if cpus != nil {
		return Skipf("%s can't hold a process on a CPU", runtime.GOOS)
	}
	return start()
}

// AllowedCPUs returns all CPUs here, numbered from 0: the system can't hold a
// process on some.
func AllowedCPUs() ([]int, error) {
	cpus := make([]int, runtime.NumCPU())
	for i := range cpus {
		cpus[i] = i
	}
	return cpus, nil
}

// KeepTo returns a Skip here.
func KeepTo(cpus []int) error { return Skipf("%s can't hold a process on a CPU", runtime.GOOS) }
