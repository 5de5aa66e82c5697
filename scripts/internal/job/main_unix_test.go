//go:build unix

package job

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTwoSignals has a job that takes time to clean up, and an impatient user:
// the second signal kills nothing.
func TestTwoSignals(t *testing.T) {
	var said strings.Builder
	cleaned := 0
	code := Main("job", nil, &said, func(ctx context.Context) error {
		if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		for range 10 {
			if err := syscall.Kill(syscall.Getpid(), syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
			cleaned++
		}
		return context.Cause(ctx)
	})
	if code != 2 || cleaned != 10 || !strings.Contains(said.String(), "stopped by a signal") {
		t.Errorf("it answers %d after %d steps and says %s", code, cleaned, said.String())
	}
}
