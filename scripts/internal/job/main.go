// Package job is the frame of the commands that measure: how they are stopped
// and end, which programs they start, where their temporary files are, how they
// keep rounds and show their progress. Of ours it imports lockstep, for Gone,
// which tells whether a process has ended, and commandline.
//
// Its stance: whatever stops a command, it leaves nothing behind and keeps what
// it has measured. An error names what to type next.
package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"threadbench/scripts/internal/commandline"
)

// Main does a command's job and answers the exit code. err is the command
// line's error, if it has one. A signal ends the job's context.
func Main(name string, err error, stderr io.Writer, do func(context.Context) error) int {
	if err == nil {
		ctx, stop := untilStopped()
		defer stop()
		err = do(ctx)
		if stopped := context.Cause(ctx); err != nil && stopped != nil && !errors.Is(err, stopped) {
			// Other errors are consequences of the stop.
			err = fmt.Errorf("%w before it could measure; start it again", stopped)
		}
	}
	return commandline.Exit(name, err, stderr)
}

// untilStopped is a context that ends at a signal to stop. It also ends when
// the "go run" that started this process is gone: go run passes on no SIGKILL.
// Until the job is over, further signals do nothing, since it is cleaning up.
func untilStopped() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) { // nohup ignores it
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
				return
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		signal.Stop(signals)
	}
}
