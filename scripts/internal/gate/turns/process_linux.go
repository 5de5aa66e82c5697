package turns

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

const pins = true

// sysProcAttr makes the process lead a group, and die with this process even if
// that is killed.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// The codes of Siginfo; waitid(2).
const (
	cldExited = 1
	cldKilled = 2
	cldDumped = 3
)

// await waits until the process has ended or, if stops, has stopped. A process
// that has ended keeps its id, and its group's, until reap.
func (p *process) await(stops bool) (ended bool) {
	options := unix.WEXITED | unix.WNOWAIT
	if stops {
		options |= unix.WSTOPPED
	}
	for {
		var info unix.Siginfo
		err := unix.Waitid(unix.P_PID, p.os.Pid, &info, options, nil)
		if err == unix.EINTR {
			continue
		}
		return err != nil || info.Code == cldExited || info.Code == cldKilled || info.Code == cldDumped
	}
}

// reap kills what the ended process has left in its group, and frees its id.
func (p *process) reap() exit {
	children := reapedChildren(p.os.Pid) || inGroup(p.os.Pid)
	p.killGroup()
	for {
		var status syscall.WaitStatus
		var usage syscall.Rusage
		_, err := syscall.Wait4(p.os.Pid, &status, 0, &usage)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return exit{state: fmt.Sprintf("waiting for it: %v", err)}
		}
		e := exitOf(status, &usage)
		e.children = children
		return e
	}
}

// stat are the fields of /proc/PID/stat from the third one, the state;
// proc_pid_stat(5).
func stat(pid string) [][]byte {
	text, err := os.ReadFile(filepath.Join("/proc", pid, "stat"))
	if err != nil {
		return nil
	}
	return bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
}

// reapedChildren tells whether the process has waited for processes of its own:
// if so, they had page faults (cminflt).
func reapedChildren(pid int) bool {
	const cminflt = 11 - 3
	fields := stat(strconv.Itoa(pid))
	return len(fields) > cminflt && string(fields[cminflt]) != "0"
}

// inGroup tells whether other processes are in the group that the process
// leads.
func inGroup(pid int) bool {
	const pgrp = 5 - 3
	id := strconv.Itoa(pid)
	all, _ := os.ReadDir("/proc")
	for _, e := range all {
		if _, err := strconv.Atoi(e.Name()); err != nil || e.Name() == id {
			continue
		}
		if fields := stat(e.Name()); len(fields) > pgrp && string(fields[pgrp]) == id {
			return true
		}
	}
	return false
}
