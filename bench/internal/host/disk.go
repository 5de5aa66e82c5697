package host

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"threadbench/bench/lockstep"
)

// OnDisk makes a folder on a file system that isn't in memory. It first removes
// what dead workers have left there. The error is a *lockstep.Skip if there is
// no such file system.
func OnDisk() (string, error) {
	var inMemory []string
	for _, dir := range []string{os.TempDir(), "/var/tmp"} {
		if isInMemory(dir) {
			inMemory = append(inMemory, dir)
			continue
		}
		left, _ := filepath.Glob(filepath.Join(dir, diskPrefix+"*"))
		for _, l := range left {
			pid, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(l), diskPrefix), "-")
			if id, err := strconv.Atoi(pid); err == nil && lockstep.Gone(id) {
				os.RemoveAll(l)
			}
		}
		return os.MkdirTemp(dir, diskPrefix+strconv.Itoa(os.Getpid())+"-")
	}
	return "", lockstep.Skipf("%s are in memory, where nothing waits for a disk; set TMPDIR to a folder on a disk", strings.Join(inMemory, " and "))
}

// diskPrefix begins the name of each such folder; the process's id follows.
const diskPrefix = "threadbench-disk-"
