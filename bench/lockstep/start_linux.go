package lockstep

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// sysProcAttr makes a worker die with its coordinator, even with one that is
// killed. The worker has a process group of its own: ^C then reaches only the
// coordinator, which ends its workers in order.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// OnCPUs calls start, which starts a process, on the CPUs. A child inherits the
// mask of the thread that forks it, so this thread has that mask for the call.
func OnCPUs(cpus []int, start func() error) error {
	if cpus == nil {
		return start()
	}
	runtime.LockOSThread()
	before := unix.NewCPUSet(MostCPUs)
	if err := unix.SchedGetaffinityDynamic(0, before); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("sched_getaffinity: %w", err)
	}
	err := keepThread(cpus)
	if err == nil {
		err = start()
	}
	if e := unix.SchedSetaffinityDynamic(0, before); e != nil {
		// The thread stays locked, so no other goroutine gets its mask.
		return fmt.Errorf("sched_setaffinity back to the mask before: %w", e)
	}
	runtime.UnlockOSThread()
	return err
}

// keepThread keeps the calling thread on the CPUs. The kernel ignores CPUs that
// aren't allowed as long as one of the set is, so keepThread checks that it has
// got all. A refusal is a *Skip.
func keepThread(cpus []int) error {
	got := unix.NewCPUSet(MostCPUs)
	err := unix.SchedSetaffinityDynamic(0, setOf(cpus))
	if err == nil {
		err = unix.SchedGetaffinityDynamic(0, got)
	}
	if err == nil && got.Count() != len(cpus) {
		err = fmt.Errorf("%d of them allowed", got.Count())
	}
	if err != nil {
		return Skipf("sched_setaffinity to CPUs %v: %v; allow the call, or choose CPUs that this process may use", cpus, err)
	}
	return nil
}

// MostCPUs is the number of CPUs in an affinity mask, the most that a kernel
// can be built for (NR_CPUS). The kernel refuses a mask shorter than its own,
// and unix.CPUSet ends at 1,024.
const MostCPUs = 8192

func setOf(cpus []int) unix.CPUSetDynamic {
	set := unix.NewCPUSet(MostCPUs)
	for _, c := range cpus {
		set.Set(c)
	}
	return set
}

// AllowedCPUs returns the CPUs that this process may run on, in rising order.
func AllowedCPUs() ([]int, error) {
	set := unix.NewCPUSet(MostCPUs)
	if err := unix.SchedGetaffinityDynamic(0, set); err != nil {
		return nil, fmt.Errorf("sched_getaffinity: %w", err)
	}
	var cpus []int
	for c := 0; len(cpus) < set.Count(); c++ {
		if set.IsSet(c) {
			cpus = append(cpus, c)
		}
	}
	return cpus, nil
}

// KeepTo keeps every present and future thread of this process on the CPUs, so
// that a coordinator that has woken a worker doesn't run beside it.
func KeepTo(cpus []int) error {
	set := setOf(cpus)
	// The second pass finds threads made by a thread that was not yet moved.
	for range 2 {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("keeping to CPUs %v: %w", cpus, err)
		}
		for _, t := range tasks {
			tid, err := strconv.Atoi(t.Name())
			if err != nil {
				continue
			}
			if err := unix.SchedSetaffinityDynamic(tid, set); err != nil && err != unix.ESRCH {
				return fmt.Errorf("keeping to CPUs %v: sched_setaffinity: %w", cpus, err)
			}
		}
	}
	return nil
}
