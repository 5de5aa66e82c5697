//go:build unix

package host

import "golang.org/x/sys/unix"

// readUsage asks the kernel (getrusage(2), RUSAGE_SELF).
func readUsage() usage {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return usage{-1, -1, -1}
	}
	return usage{int64(u.Nvcsw) + int64(u.Nivcsw), int64(u.Minflt), u.Utime.Nano() + u.Stime.Nano()}
}
