package bench

import (
	"fmt"

	"threadbench/threads"
)

// impl=pthread: what a C program pays, by pthread_create(3) with the default
// attributes and by libc's own read, write, syscall and sched_yield. Its cases
// stand in the tables if the suite is built with -tags pthread. It takes cgo,
// and with cgo the runtime makes its own threads through the C library: so
// these cases have a worker of their own, package bench/pthread, which is built
// when the first of them is asked for, beside the bench test binary.

// CThreads makes the tasks of impl=pthread.
type CThreads struct {
	NewPair    func(op threads.Op) (Driver, error)
	NewCreator func(batch int) (Driver, error)
	NewHerd    func(n, depth int, least bool) (Herd, error) // at most n threads, on the least stack or by default attributes
	Alive      func() int                                   // threads started and not joined
	Library    func() string                                // the C library and its version: "glibc-2.36"
}

// A Driver is two threads that hand the turn to each other, or one that makes
// threads: *threads.Driver.
type Driver interface {
	Run(n, warm int) (threads.Timing, error)
	Pin(driver, peer int) error
	Hold()
	Close() error
}

// A Herd is tasks that park until they are released: *threads.Herd.
type Herd interface {
	parkedHerd
	TIDs() []int
}

// cThreads is set in the worker of impl=pthread, and nowhere else.
var cThreads *CThreads

// cLinked is an error unless this process has what makes C threads, with cgo.
func cLinked() error {
	if got := cgo(); cThreads == nil || got != "linked" {
		return fmt.Errorf("opening C threads: they need the worker of package %s with cgo linked; in this one cgo is %s", cWorker, got)
	}
	return nil
}

func cPair(op threads.Op) (Driver, error) {
	if err := cLinked(); err != nil {
		return nil, err
	}
	return cThreads.NewPair(op)
}

func cCreator(batch int) (Driver, error) {
	if err := cLinked(); err != nil {
		return nil, err
	}
	return cThreads.NewCreator(batch)
}

// cHerd is C threads on the least stack, or with the default attributes.
func cHerd(least bool) newHerd {
	return func(n, depth int, stack int) (census, error) {
		if err := cLinked(); err != nil {
			return census{}, err
		}
		h, err := cThreads.NewHerd(n, depth, least)
		if err != nil {
			return census{}, err
		}
		return census{h, h.TIDs}, nil
	}
}
