package arm

import (
	"fmt"

	"threadbench/bench/internal/host"
	"threadbench/bench/measure"
	"threadbench/threads"
)

// The arms of impl=pthread show what a C program pays, by pthread_create(3)
// with the default attributes and by libc's own read, write, syscall and
// sched_yield. Their cases are in the tables if the suite is built with -tags
// pthread. They need cgo, and with cgo the runtime makes its own threads
// through the C library. So they have a worker of their own, package
// bench/pthread. It is built beside the bench test binary when the first of
// these cases is needed.

// CThreads makes the tasks of impl=pthread.
type CThreads struct {
	NewPair    func(op threads.Op) (Driver, error)
	NewCreator func(batch int) (Driver, error)
	NewSet     func(n, depth int, least bool) (ParkedThreads, error) // at most n threads, on the least stack or by default attributes
	Alive      func() int                                            // threads started and not joined
	Library    func() string                                         // the C library and its version: "glibc-2.36"
}

// A Driver is two threads that hand the turn to each other, or one that makes
// threads: *threads.Driver.
type Driver interface {
	Run(n, warm int) (threads.Timing, error)
	Pin(driver, peer int) error
	Hold()
	Close() error
}

// ParkedThreads are threads that park until they are released: *threads.Set.
type ParkedThreads interface {
	ParkedTasks
	TIDs() []int
}

// CMaker is set in the worker of impl=pthread, and nowhere else.
var CMaker *CThreads

// CLinked returns an error unless this process can make C threads, with cgo.
func CLinked() error {
	if got := host.Cgo(); CMaker == nil || got != "linked" {
		return fmt.Errorf("opening C threads: they need the worker of package %s with cgo linked; in this process cgo is %s", measure.CWorker, got)
	}
	return nil
}

// CPair makes two C threads that hand the turn to each other.
func CPair(op threads.Op) (Driver, error) {
	if err := CLinked(); err != nil {
		return nil, err
	}
	return CMaker.NewPair(op)
}

// CCreator makes a thread that makes C threads, batch at a time.
func CCreator(batch int) (Driver, error) {
	if err := CLinked(); err != nil {
		return nil, err
	}
	return CMaker.NewCreator(batch)
}

// ParkedC prepares C threads on the least stack, or with the default attributes.
func ParkedC(least bool) NewParked {
	return func(n, depth int, stack int) (Parked, error) {
		if err := CLinked(); err != nil {
			return Parked{}, err
		}
		h, err := CMaker.NewSet(n, depth, least)
		if err != nil {
			return Parked{}, err
		}
		return Parked{h, h.TIDs}, nil
	}
}
