//go:build unix && !linux

package host

import "golang.org/x/sys/unix"

// CpuTime is the CPU time that this process took so far, in user mode and in
// the kernel, in ns (getrusage(2)); -1 if unknown. It may be behind by a tick of
// the kernel's clock for a thread that runs on another CPU.
func CpuTime() int64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return -1
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
