package host

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The kernel adds a thread's CPU time to its account when the thread loses its
// CPU, and at each tick of the kernel's clock. So a sum of the accounts of a
// process misses up to a tick, 4 to 10 ms, of each thread that runs on another
// CPU. getrusage(2), times(2), the process's CPU clock and /proc/PID/schedstat
// are all such sums (thread_group_cputime in kernel/sched/cputime.c,
// proc_pid_schedstat in fs/proc/base.c). The CPU clock of one thread is exact:
// reading it first brings the account up to date (cpu_clock_sample in
// kernel/time/posix-cpu-timers.c, task_sched_runtime in kernel/sched/core.c). A
// process may read the clocks of its own threads only.
//
// Pointers become numbers only in the calls' argument lists, which is sound:
// their targets stay in place until the call is over.

// ErrNoCPUTime says why a case that needs CPU time can't be measured.
var ErrNoCPUTime = errors.New("reading the CPU clocks of this process's threads: none is readable; mount /proc, and allow clock_gettime")

// cpuReadings is the CPU time that calls of CpuTime have used, in ns.
var cpuReadings atomic.Int64

// CpuTime returns the CPU time that this process has used so far, in ns,
// without the time that CpuTime itself used; -1 if unknown. It reads the clock
// of each thread, which brings the kernel's account of that thread up to date,
// and then the process's clock. For a thread that runs on another CPU it misses
// the time since its clock was read: some 20 us in a process of 10 threads.
//
// CpuTime makes no call that the scheduler knows of, since that would cost the
// caller its P.
func CpuTime() int64 {
	for range 10 {
		tid := unix.Gettid()
		began := cpuClock(unix.CLOCK_THREAD_CPUTIME_ID)
		if !readThreadClocks() {
			return -1
		}
		ended, all := cpuClock(unix.CLOCK_THREAD_CPUTIME_ID), cpuClock(unix.CLOCK_PROCESS_CPUTIME_ID)
		if began < 0 || ended < 0 || all < 0 {
			return -1
		}
		if unix.Gettid() == tid { // else began and ended are times of two threads
			return all - cpuReadings.Add(ended-began)
		}
	}
	return -1
}

// readThreadClocks reads the CPU clock of each thread of this process.
func readThreadClocks() bool {
	path := [...]byte{'/', 'p', 'r', 'o', 'c', '/', 's', 'e', 'l', 'f', '/', 't', 'a', 's', 'k', 0}
	at := unix.AT_FDCWD
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(at), uintptr(unsafe.Pointer(&path)), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return false
	}
	var entries [8192]byte
	read := 0
	for {
		n, _, errno := unix.RawSyscall(unix.SYS_GETDENTS64, fd, uintptr(unsafe.Pointer(&entries)), uintptr(len(entries)))
		if errno != 0 {
			read = 0
		}
		if errno != 0 || n == 0 {
			break
		}
		for left := entries[:n]; len(left) > 0; {
			// struct linux_dirent64 of getdents(2): d_reclen stands at 16, d_name at 19.
			length := binary.NativeEndian.Uint16(left[16:])
			if tid := leadingNumber(left[19:length]); tid > 0 && cpuClock(threadClock(tid)) >= 0 {
				read++
			}
			left = left[length:]
		}
	}
	unix.RawSyscall(unix.SYS_CLOSE, fd, 0, 0)
	return read > 0
}

// leadingNumber returns the number at the beginning of text, 0 for none.
func leadingNumber(text []byte) int32 {
	n := int32(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			break
		}
		n = 10*n + int32(c-'0')
	}
	return n
}

// threadClock returns the id of a thread's CPU clock, as CPUCLOCK_SCHED |
// CPUCLOCK_PERTHREAD_MASK make it, include/linux/posix-timers.h.
func threadClock(tid int32) int32 { return ^tid<<3 | 2 | 4 }

// cpuClock reads a CPU clock, in ns; -1 if there is none.
func cpuClock(clock int32) int64 {
	var t unix.Timespec
	if _, _, errno := unix.RawSyscall(unix.SYS_CLOCK_GETTIME, uintptr(clock), uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		return -1
	}
	return t.Nano()
}

// CpuTimeOnOneCPU returns the CPU time that this process has used so far, in
// ns. It is exact if all threads of the process are kept on one CPU: the reader
// has that CPU, so each other thread has lost it, and its account is up to
// date.
func CpuTimeOnOneCPU() int64 { return cpuClock(unix.CLOCK_PROCESS_CPUTIME_ID) }
