//go:build unix

package block

import (
	"testing"
	"time"

	"threadbench/bench/internal/arm"
	"threadbench/bench/internal/armtest"
	"threadbench/bench/internal/broken"
	"threadbench/bench/measure"
)

// TestBrokenWaiting has tasks wait in read(2) instead of the poller, and tasks that
// stall the bystander whenever one is woken.
func TestBrokenWaiting(t *testing.T) {
	slow := func(c waitingTasks) waitingTasks {
		wake := c.wake
		c.wake = func(nth int) error {
			for began := time.Now(); time.Since(began) < time.Millisecond; {
			}
			return wake(nth)
		}
		return c
	}
	polled := func(c waitingTasks) waitingTasks { c.asleep = waiting("net"); return c }
	const holding, stalling = "sockets that hold a thread each", "a system call that holds up the others"
	for _, test := range []struct {
		what, row, wait, procs string
		n                      int
		with                   func(waitingTasks) waitingTasks
	}{
		{holding, "Block/impl=goroutine/wait=net/n=1", "net", "", 1, polled},
		{holding, "Block/impl=goroutine/wait=net/n=1000", "net", "", 1000, polled},
		{stalling, "Block/impl=goroutine/wait=syscall/procs=all/n=1", "syscall", "all", 1, slow},
	} {
		t.Run(test.row, func(t *testing.T) {
			if !armtest.Alone(t, append(arm.Still, "GOMAXPROCS=1")...) {
				return
			}
			broken.Row(t, Family, test.row, test.what, func() (measure.Measurement, error) {
				m, err := openBlock("goroutine", test.wait, test.procs, test.n)(nil)
				if err != nil {
					return nil, err
				}
				makeTasks, err := maker("goroutine", "syscall", test.n)
				m.(*blockArm).makeTasks = func() (waitingTasks, error) {
					c, err := makeTasks()
					return test.with(c), err
				}
				return m, err
			})
		})
	}
}
