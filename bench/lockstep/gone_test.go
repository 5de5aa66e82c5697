package lockstep

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

func TestGone(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if Gone(os.Getpid()) || Gone(os.Getppid()) {
		t.Error("a process that lives is gone")
	}
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), fakeVariable+"=script")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// It ends by itself, and is not waited for.
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		for begin := time.Now(); !Gone(cmd.Process.Pid); time.Sleep(time.Millisecond) {
			if time.Since(begin) > time.Minute {
				t.Fatal("a process that has ended is there while it isn't waited for")
			}
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if !Gone(cmd.Process.Pid) {
		t.Error("a process that was waited for is still there")
	}
}
