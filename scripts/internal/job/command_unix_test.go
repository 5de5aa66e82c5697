//go:build unix

package job

import (
	"bufio"
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"threadbench/bench/lockstep"
)

// TestCommand ends a program and all that it has started.
func TestCommand(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd := Command(ctx, "sh", "-c", "sleep 1000 & echo $!; wait")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := cmd.Wait(); err == nil {
		t.Error("it has ended well, though it was killed")
	}
	for begin := time.Now(); !lockstep.Gone(child); time.Sleep(time.Millisecond) {
		if time.Since(begin) > time.Minute {
			t.Fatal("what it has started lives on")
		}
	}
}
