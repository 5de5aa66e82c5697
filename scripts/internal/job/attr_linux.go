package job

import "syscall"

// sysProcAttr: the program dies with this process, even if that is killed.
func sysProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
