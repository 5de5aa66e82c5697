package measure

import (
	"errors"

	"threadbench/bench/internal/ptrace"
	"threadbench/bench/lockstep"
)

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
