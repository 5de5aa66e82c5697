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

// WorkerVariable makes a program that is its own worker, the bench test binary
// or the one file, a worker for the case that it names.
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

// Observe, if it isn't nil, is given each arm that this process serves as a worker,
// and answers the arm to serve in its place. The bench test binary takes a worker's
// CPU profile by it; the one file doesn't link the profiler.
var Observe func(lockstep.Arm) (lockstep.Arm, error)

// Environ is an environment with some of it set; a GODEBUG is added to the
// one that is there, whose settings it wins over.
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

// FewerTasks in a worker's environment is for a run that has little time. A Stack
// case holds an eighth of its tasks, since a slope needs no more; a Block case has
// two phases for three; a Serve case has loops of a quarter of their time, and a
// Wakeup case half of its wake-ups. Rows say how many tasks or ops there were.
const FewerTasks = fewerVariable + "=1"

const fewerVariable = "THREADBENCH_FEWER"

// Fewer tells whether this worker is one of a run that has little time.
func Fewer() bool { return os.Getenv(fewerVariable) != "" }

// TracedVariable has a worker let its system calls be counted from outside.
const TracedVariable = "THREADBENCH_TRACED"

// SkipUntraceable is a *lockstep.Skip where the system lets nobody trace,
// else the error as it is.
func SkipUntraceable(err error) error {
	var refused *ptrace.RefusedError
	if errors.As(err, &refused) || errors.Is(err, ptrace.ErrUnsupported) {
		return &lockstep.Skip{Reason: "counting system calls: " + err.Error()}
	}
	return err
}
