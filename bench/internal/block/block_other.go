//go:build !unix

package block

import (
	"runtime"

	"threadbench/bench/lockstep"
)

// maker returns a *lockstep.Skip here.
func maker(impl, wait string, n int) (func() (waitingTasks, error), error) {
	return nil, lockstep.Skipf("%s has no read(2) to wait in", runtime.GOOS)
}

// nobody returns a *lockstep.Skip here.
func nobody(wait string) (silent func(int) error, end func() error, err error) {
	return nil, nil, lockstep.Skipf("%s has no read(2) to wait in", runtime.GOOS)
}
