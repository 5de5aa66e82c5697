package job

import "syscall"

// sysProcAttr makes the program die with this process, even if this process is
// killed.
func sysProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
