package lockstep

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Gone reports whether the process with that id has ended, so that its remains
// may be removed. A zombie counts as ended. Otherwise it would seem to live for
// ever in a container whose first process doesn't wait for its orphans.
func Gone(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil { // Windows' way to say so
		return true
	}
	defer p.Release()
	if errors.Is(p.Signal(syscall.Signal(0)), os.ErrProcessDone) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // proc_pid_stat(5)
	if err != nil {
		return false
	}
	return bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" Z"))
}
