package suite

import (
	"os/exec"
	"syscall"
)

// tie has the command die with this process, even one that is killed.
func tie(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
