package host

import (
	"golang.org/x/sys/unix"
)

// CpuTimeOnOneCPU is the CPU time that this process took so far, in ns. It is
// exact where all threads of the process are kept to one CPU: the reader has it,
// so that each other thread has lost it, and its account is up to date.
func CpuTimeOnOneCPU() int64 { return cpuClock(unix.CLOCK_PROCESS_CPUTIME_ID) }
