package goroutines

// This file imports unsafe. That is sound here: each pointer is to a variable
// of the calling function, and is converted in the call's own argument list,
// where it is kept alive until the call is over.

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel32     = windows.NewLazySystemDLL("kernel32.dll")
	queryCounter = kernel32.NewProc("QueryPerformanceCounter")
	perSecond    = counterFrequency()
)

// counterFrequency returns the performance counter's counts in a second. By its
// documentation neither call fails on a Windows that Go runs on.
func counterFrequency() int64 {
	var f int64
	kernel32.NewProc("QueryPerformanceFrequency").Call(uintptr(unsafe.Pointer(&f)))
	return f
}

// Now reads the performance counter: the time since some moment before this
// process. It never goes back. Only differences of two readings have a meaning.
// The clock of package time is too coarse here: it steps by 0.5 to 16 ms (the
// runtime reads InterruptTime of KUSER_SHARED_DATA), and a slice takes 1.5 ms.
func Now() time.Duration {
	var c int64
	queryCounter.Call(uintptr(unsafe.Pointer(&c)))
	return time.Duration(c/perSecond)*time.Second + time.Duration(c%perSecond*int64(time.Second)/perSecond)
}
