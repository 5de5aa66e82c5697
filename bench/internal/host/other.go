//go:build !linux

package host

import (
	"os"
	"runtime"
	"strconv"

	"threadbench/bench/lockstep"
)

// KernelThreads returns the number of threads of this process, by the runtime's
// count.
func KernelThreads() (int, error) { return int(Count(ThreadsAlive)), nil }

// CpuTime returns the CPU time that this process has used so far, in user mode
// and in the kernel, in ns (getrusage(2)); -1 if unknown. It may miss up to a
// tick of the kernel's clock for a thread that runs on another CPU.
func CpuTime() int64 { return readUsage().cpu }

// readFacts knows the number of CPUs, and that no process can be pinned.
func readFacts() facts {
	return facts{cpus: strconv.Itoa(runtime.NumCPU()), affinity: "no"}
}

// isInMemory reports whether the folder doesn't exist.
func isInMemory(dir string) bool {
	_, err := os.Stat(dir)
	return err != nil
}

// CanPin says whether a process can be held on a CPU.
const CanPin = false

// Memory is the memory that a process holds, in bytes.
type Memory struct{ User, Kernel, Reserved int64 }

// A MemoryMeter reads nothing here.
type MemoryMeter struct{}

// NewMemoryMeter returns a Skip here.
func NewMemoryMeter() (*MemoryMeter, error) {
	return nil, lockstep.Skipf("%s does not tell user, kernel and reserved memory apart", runtime.GOOS)
}

// Read and Close have nothing to do: there is no such meter here.
func (m *MemoryMeter) Read() (Memory, error) { panic("bench: no memory meter here") }
func (m *MemoryMeter) Close() error          { return nil }

// SweepGroups has nothing to remove here.
func SweepGroups() {}

// KernelBytesFrom is none here.
func KernelBytesFrom() string { return "none" }
