package measure

import (
	"io"
	"os"
	"strings"

	"threadbench/bench/internal/ptrace"
	"threadbench/bench/lockstep"
)

// WorkerVariable makes the bench test binary a worker for the case that it
// names.
const WorkerVariable = "THREADBENCH_WORKER"

// IsWorker tells whether this process was started as a worker.
func IsWorker() bool { return os.Getenv(WorkerVariable) != "" }

// Served is a role whose process opens an arm and serves it, as a worker does.
func Served(open Opening) func() int {
	return func() int { return lockstep.Serve(parked(), os.Stdout, open) }
}

// Work is the life of a worker, or of another role, with the cases of the
// families; it answers the process's exit code.
func Work(families Families) int {
	name := os.Getenv(WorkerVariable)
	of, _, _ := strings.Cut(name, "/")
	for _, f := range families {
		if f.AtMain != nil && f.Name == of {
			f.AtMain()
		}
	}
	if name == HeadOnly {
		return head()
	}
	for _, f := range families {
		if role, ok := f.Roles[name]; ok {
			return role()
		}
	}
	c, known := families.Lookup(name)
	var in io.Reader = Awake{}
	if !c.Awake {
		in = parked()
	}
	return lockstep.Serve(in, os.Stdout, func(cut func(string)) (lockstep.Arm, error) {
		if !known {
			return nil, lockstep.Skipf("this build has no case %s", name)
		}
		if os.Getenv(TracedVariable) != "" {
			if err := ptrace.Filter(); err != nil {
				return nil, SkipUntraceable(err)
			}
		}
		arm, err := c.open(cut)
		if err != nil {
			return nil, err
		}
		return inject(arm, cut)
	})
}
