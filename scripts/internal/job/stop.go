// Package job is what surrounds the commands, above all those that measure for
// minutes: how they read their flags and are stopped, where their temporary
// files lie, which processes they start, how they say how far they are, and how
// rounds are kept.
package job

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// UntilStopped is a context that a signal to stop ends; and so does the end of
// a "go run" that this process was started by, which passes on no SIGKILL.
func UntilStopped() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // as nohup has it
			signal.Notify(signals, s)
		}
	}
	parent := os.Getppid()
	byGoRun := strings.Contains(os.Args[0], string(filepath.Separator)+"go-build")
	go func() {
		tick := time.NewTicker(500 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case s := <-signals:
				cancel(fmt.Errorf("stopped by a signal (%v)", s))
			case <-tick.C:
				if byGoRun && os.Getppid() != parent {
					cancel(errors.New("stopped since the go run that started it is gone"))
				}
			case <-ctx.Done():
				signal.Stop(signals)
				return
			}
		}
	}()
	return ctx, func() { cancel(nil) }
}
