//go:build linux || darwin || freebsd

package gate

import "golang.org/x/sys/unix"

// freeSpace is how many bytes an unprivileged user may still write in the file
// system of a folder.
func freeSpace(dir string) (free int64, known bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
