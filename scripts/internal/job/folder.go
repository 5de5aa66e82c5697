package job

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"threadbench/bench/lockstep"
)

// folderPrefix begins the name of a temporary folder. The id of its process
// follows.
const folderPrefix = "threadbench-"

// TempFolder makes a temporary folder for programs that are built and run
// there. remove deletes it with all its content. It is in GOTMPDIR, like the go
// command's own, or else in TMPDIR. It is an error if the system runs no
// program there.
func TempFolder() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(tempDir(), fmt.Sprintf("%s%d-", folderPrefix, os.Getpid()))
	if err == nil {
		if err = runnable(dir); err != nil {
			removeAll(dir)
		}
	}
	if err != nil {
		return "", nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	return dir, func() { removeAll(dir) }, nil
}

// tempDir is where temporary folders are made.
func tempDir() string { return cmp.Or(os.Getenv("GOTMPDIR"), os.TempDir()) }

// runnable is an error if programs in the folder can't be run.
func runnable(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	path := filepath.Join(dir, "runnable")
	defer os.Remove(path)
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		return err
	}
	return started(path)
}

// started is an error if a program in a folder may not run there. A missing
// shell is no such error.
func started(path string) error {
	if err := exec.Command(path).Run(); errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s runs no program: %w; it is on a file system that is mounted noexec: set GOTMPDIR to a folder that isn't", filepath.Dir(path), err)
	}
	return nil
}

// removeAll removes a folder. A compiler that has lost its go command may still
// be writing in it, so removeAll tries several times.
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
	temp := tempDir()
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

// SweepFolders removes the temporary folders of commands that were killed. If
// another program has the process id by now, the folder stays until later.
func SweepFolders() {
	left, _ := filepath.Glob(filepath.Join(tempDir(), folderPrefix+"*-*"))
	for _, dir := range left {
		if StaleFolder(dir) {
			removeAll(dir)
		}
	}
}
