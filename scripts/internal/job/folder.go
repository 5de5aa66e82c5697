package job

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"threadbench/bench/lockstep"
)

// folderPrefix begins the name of a temporary folder; the id of its process
// follows.
const folderPrefix = "threadbench-"

// TempFolder makes a temporary folder; remove takes it away with all that is
// in it.
func TempFolder() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", fmt.Sprintf("%s%d-", folderPrefix, os.Getpid()))
	if err != nil {
		return "", nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	return dir, func() { removeAll(dir) }, nil
}

// removeAll removes a folder in which a compiler that has lost its go command
// may still be writing.
func removeAll(dir string) {
	for range 20 {
		if os.RemoveAll(dir) == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// StaleFolder tells whether the path is a temporary folder, or in one, whose
// process has ended.
func StaleFolder(path string) bool {
	temp := os.TempDir()
	real, err := filepath.EvalSymlinks(temp)
	if err != nil {
		real = temp
	}
	for _, dir := range []string{temp, real} {
		rest, ok := strings.CutPrefix(filepath.Clean(path), filepath.Join(dir, folderPrefix))
		id, _, dashed := strings.Cut(rest, "-")
		if pid, err := strconv.Atoi(id); ok && dashed && err == nil && pid > 0 && lockstep.Gone(pid) {
			return true
		}
	}
	return false
}

// SweepFolders removes the temporary folders of commands that were killed. One
// whose process id is another program's by now stays until later.
func SweepFolders() {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*-*"))
	for _, dir := range left {
		if StaleFolder(dir) {
			removeAll(dir)
		}
	}
}
