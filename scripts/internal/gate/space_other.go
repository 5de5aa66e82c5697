//go:build !linux && !darwin && !freebsd

package gate

// freeSpace: this system is not asked.
func freeSpace(string) (free int64, known bool) { return 0, false }
