package ptrace

// All unsafe code of the tracer. It is sound because the kernel gets pointers
// to variables of the types that it expects, which live until it has answered.

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A stop is the event that a wait for a thread returned.
type stop struct {
	pid    int
	code   int32 // CLD_EXITED, CLD_TRAPPED, ...
	status int   // the signal; above it, PTRACE_EVENT_*
}

func (s stop) stopped() bool { return s.code == cldTrapped || s.code == cldStopped }

// From include/uapi/asm-generic/siginfo.h, which x/sys/unix leaves out.
const (
	cldTrapped = 4
	cldStopped = 5
)

// siginfo is unix.Siginfo as waitid(2) fills it. Its union is aligned for a
// pointer.
type siginfo struct {
	_     [3]int32
	union struct {
		_      [0]uintptr
		pid    int32
		_      uint32 // the user
		status int32
	}
}

// wait waits for a thread, or with -pid for any thread of a process group.
func wait(pid, options int) (stop, error) {
	which := unix.P_PID
	if pid < 0 {
		which, pid = unix.P_PGID, -pid
	}
	for {
		var info unix.Siginfo
		err := unix.Waitid(which, pid, &info, options|unix.WALL, nil)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return stop{}, err
		}
		s := (*siginfo)(unsafe.Pointer(&info))
		return stop{int(s.union.pid), info.Code, int(s.union.status)}, nil
	}
}

// Filter makes each system call of this process, from here on and of all its
// threads, stop for the tracer. Without a tracer each call fails with ENOSYS.
func Filter() error {
	// The answer is SECCOMP_RET_TRACE with the call's number for the tracer.
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // seccomp_data.nr
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: unix.SECCOMP_RET_DATA},
		{Code: unix.BPF_ALU | unix.BPF_OR | unix.BPF_K, K: unix.SECCOMP_RET_TRACE},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
	return install(program)
}

// install makes the program a filter for all threads of this process.
func install(program []unix.SockFilter) error {
	runtime.LockOSThread() // the first call is for the calling thread
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return refused("prctl PR_SET_NO_NEW_PRIVS", err)
	}
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(program)
	if errno != 0 {
		return refused("seccomp SECCOMP_SET_MODE_FILTER", errno)
	}
	return nil
}
