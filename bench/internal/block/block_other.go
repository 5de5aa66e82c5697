//go:build !unix

package block

import (
	"runtime"

	"threadbench/bench/lockstep"
)

// gathering is a *lockstep.Skip here.
func gathering(impl, wait string, n int) (func() (crowd, error), error) {
	return nil, lockstep.Skipf("%s has no read(2) to wait in", runtime.GOOS)
}

// nobody is a *lockstep.Skip here.
func nobody(wait string) (silent func(int) error, end func() error, err error) {
	return nil, nil, lockstep.Skipf("%s has no read(2) to wait in", runtime.GOOS)
}
