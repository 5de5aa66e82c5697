package measure

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"

	"threadbench/bench/internal/ptrace"
	"threadbench/bench/lockstep"
)

// WorkerVariable names a case. It makes a program that is its own worker, the
// bench test binary or the one file, a worker for that case.
const WorkerVariable = "THREADBENCH_WORKER"

// IsWorker reports whether this process was started as a worker.
func IsWorker() bool { return os.Getenv(WorkerVariable) != "" }

// Served returns a role whose process opens an arm and serves it, as a worker
// does.
func Served(open Opening) func() int {
	return func() int { return lockstep.Serve(parked(), os.Stdout, open) }
}

// Work is the life of a worker, or of another role, with the cases of the
// families. It returns the process's exit code.
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
	var in io.Reader = heldInput{}
	if !c.HoldsP {
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
		if arm, err = inject(arm, cut); err != nil || Observe == nil {
			return arm, err
		}
		return Observe(arm)
	})
}

// Observe, if it isn't nil, gets each arm that this process serves as a worker,
// and returns the arm to serve in its place. The bench test binary takes a
// worker's CPU profile by it; the one file doesn't link the profiler.
var Observe func(lockstep.Arm) (lockstep.Arm, error)

// Environ returns env with some variables set. A GODEBUG is appended to the one
// that is there, and wins over its settings.
func Environ(env []string, set ...string) []string {
	env = slices.Clone(env)
	for _, kv := range set {
		key, value, _ := strings.Cut(kv, "=")
		prefix := key + "="
		if i := slices.IndexFunc(env, func(s string) bool { return strings.HasPrefix(s, prefix) }); i >= 0 {
			if old := env[i][len(prefix):]; key == "GODEBUG" && old != "" {
				value = old + "," + value
			}
		}
		env = slices.DeleteFunc(env, func(s string) bool { return strings.HasPrefix(s, prefix) })
		env = append(env, prefix+value)
	}
	return env
}

// FewerTasks in a worker's environment is for a run that has little time:
//
//	Stack   an eighth of the tasks; a slope needs no more
//	Block   two phases instead of three
//	Serve   loops of a quarter of their time
//	Wakeup  half of the wake-ups
//
// Rows say how many tasks or ops there were.
const FewerTasks = fewerVariable + "=1"

const fewerVariable = "THREADBENCH_FEWER"

// Fewer reports whether this worker belongs to a run that has little time.
func Fewer() bool { return os.Getenv(fewerVariable) != "" }

// TracedVariable lets a tracer count a worker's system calls.
const TracedVariable = "THREADBENCH_TRACED"

// SkipUntraceable returns a *lockstep.Skip if the system allows no tracing,
// else the error itself.
func SkipUntraceable(err error) error {
	var refused *ptrace.RefusedError
	if errors.As(err, &refused) || errors.Is(err, ptrace.ErrUnsupported) {
		return &lockstep.Skip{Reason: "counting system calls: " + err.Error()}
	}
	return err
}
