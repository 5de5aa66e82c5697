package suite

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"threadbench/bench/lockstep"
)

// prepare has this process live under a limit before it becomes a run:
//
//	nproc=N     a user with no more threads than that
//	cgroup=DIR  a control group
//	cpu=N       one CPU
//	deaf=       no notice of a hang-up, as under nohup
//	sync=ERRNO  a disk that answers so when it is to keep what was written
func prepare(how string) {
	what, value, _ := strings.Cut(how, "=")
	var err error
	switch what {
	case "":
	case "nproc":
		var n uint64
		if n, err = strconv.ParseUint(value, 10, 64); err == nil {
			err = unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: n, Max: n})
		}
	case "cgroup":
		err = os.WriteFile(filepath.Join(value, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0)
	case "cpu":
		var cpu int
		if cpu, err = strconv.Atoi(value); err == nil {
			err = lockstep.KeepTo([]int{cpu})
		}
	case "deaf":
		signal.Ignore(syscall.SIGHUP)
	case "sync":
		var errno int
		if errno, err = strconv.Atoi(value); err == nil {
			err = answer(unix.SYS_FSYNC, syscall.Errno(errno))
		}
	default:
		err = fmt.Errorf("no such way to prepare: %q", how)
	}
	if err != nil {
		panic(err)
	}
}

// answer has the kernel answer a system call so, and not make it, in this
// process and those that it starts.
func answer(call uint32, errno syscall.Errno) error {
	// A system call's number is the first word of seccomp_data(2).
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: call, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	// For all threads, this one's filter.
	// Sound, since the conversion stands in the call's argument list.
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	if e != 0 {
		return e
	}
	return nil
}
