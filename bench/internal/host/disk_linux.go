package host

import "golang.org/x/sys/unix"

// isInMemory tells whether what is written to the folder never gets to a disk;
// so does a folder that isn't there.
func isInMemory(dir string) bool {
	var s unix.Statfs_t
	return unix.Statfs(dir, &s) != nil || uint32(s.Type) == unix.TMPFS_MAGIC || uint32(s.Type) == unix.RAMFS_MAGIC
}
