package job

import (
	"context"
	"os/exec"
	"time"
)

// Command is a program to be run until ctx ends; then it and all that it has
// started, where the system can, are killed. ^C in a terminal reaches neither.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	// A child that outlives it must not keep us waiting for its output.
	cmd.WaitDelay = time.Second
	group(cmd)
	return cmd
}
