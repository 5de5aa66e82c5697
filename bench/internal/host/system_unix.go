//go:build unix

package host

import "golang.org/x/sys/unix"

// KernelSwitches is how often a thread of this process lost its CPU so far,
// by waiting or by preemption (getrusage(2), RUSAGE_SELF); -1 if unknown.
func KernelSwitches() int64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return -1
	}
	return int64(u.Nvcsw) + int64(u.Nivcsw)
}

// MinorFaults is how many pages this process was given so far that had not to
// be read from anywhere (getrusage(2)); -1 if unknown.
func MinorFaults() int64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return -1
	}
	return int64(u.Minflt)
}
