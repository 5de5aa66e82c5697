package arm

import (
	"context"
	"fmt"
	"os"

	"threadbench/bench/lockstep"
	"threadbench/bench/measure"
)

// StartAside starts this program again, as a worker of that name with one P:
// the other side of what an arm measures, such as a client. cpus are the CPUs
// that it may run on, nil for this process's. A process of its own keeps its
// threads, its memory and its CPU time out of the arm's.
func StartAside(ctx context.Context, name string, cpus []int, set ...string) (*lockstep.Worker, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("starting the %s: %w", name, err)
	}
	env := measure.Environ(os.Environ(), append([]string{measure.WorkerVariable + "=" + name, "GOMAXPROCS=1"}, set...)...)
	w, err := lockstep.Start(ctx, lockstep.Spec{Path: program, Env: env, CPUs: cpus})
	if err != nil {
		return nil, fmt.Errorf("starting the %s: %w", name, err)
	}
	return w, nil
}
