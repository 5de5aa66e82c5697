//go:build unix

package job

import (
	"os/exec"
	"syscall"
)

// group starts the program in a process group of its own. The end of ctx kills
// the group.
func group(cmd *exec.Cmd) {
	cmd.SysProcAttr = sysProcAttr()
	cmd.SysProcAttr.Setpgid = true
	cmd.Cancel = func() error {
		if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL); err != nil {
			return cmd.Process.Kill()
		}
		return nil
	}
}
