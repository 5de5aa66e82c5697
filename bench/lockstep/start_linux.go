package lockstep

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// sysProcAttr: a worker dies with its coordinator, even one that is killed,
// and it stands in a process group of its own, so that ^C reaches the
// coordinator alone, which then ends its workers in order.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// OnCPUs calls start, which starts a process, on the CPUs: a child inherits
// the mask of the thread that forks it, so this thread takes it for that long.
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
		// The thread stays wired and so keeps its mask to itself.
		return fmt.Errorf("sched_setaffinity back to the mask before: %w", e)
	}
	runtime.UnlockOSThread()
	return err
}

// keepThread keeps the calling thread on the CPUs, all of them: the kernel
// passes over those that aren't allowed as long as one is. A refusal is a
// *Skip.
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
		return Skipf("sched_setaffinity to CPUs %v: %v; allow the call, or take CPUs that this process may use", cpus, err)
	}
	return nil
}

// MostCPUs is how many CPUs an affinity mask has room for, as many as a kernel
// can be built for (NR_CPUS). A mask shorter than the kernel's own is refused,
// and unix.CPUSet ends at 1,024.
const MostCPUs = 8192

func setOf(cpus []int) unix.CPUSetDynamic {
	set := unix.NewCPUSet(MostCPUs)
	for _, c := range cpus {
		set.Set(c)
	}
	return set
}

// AllowedCPUs are the CPUs that this process may run on, in rising order.
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

// KeepTo keeps every thread of this process, and those to come, on the CPUs:
// a coordinator that has woken a worker is not to run beside it.
func KeepTo(cpus []int) error {
	set := setOf(cpus)
	// A thread made meanwhile by one that was not yet moved is found by going
	// over them again.
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
