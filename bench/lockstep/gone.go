package lockstep

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"syscall"
)

// Gone reports whether the process with that id has ended, so that what it has
// left behind may go as well. One that nobody has waited for has ended: where
// the first process of a container doesn't, it would seem to live for ever.
func Gone(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil { // as Windows says it
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
