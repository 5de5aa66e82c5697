//go:build unix

package bench

import "golang.org/x/sys/unix"

// kernelSwitches is how often a thread of this process lost its CPU so far,
// by waiting or by preemption (getrusage(2), RUSAGE_SELF); -1 if unknown.
func kernelSwitches() int64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return -1
	}
	return int64(u.Nvcsw) + int64(u.Nivcsw)
}

// minorFaults is how many pages this process was given so far that had not to
// be read from anywhere (getrusage(2)); -1 if unknown.
func minorFaults() int64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return -1
	}
	return int64(u.Minflt)
}
