package ptrace

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// calls names the system calls that Go's runtime and a hand-off make.
var calls = map[int]string{
	unix.SYS_CLOCK_GETTIME:     "clock_gettime",
	unix.SYS_CLOCK_NANOSLEEP:   "clock_nanosleep",
	unix.SYS_CLONE:             "clone",
	unix.SYS_EPOLL_CTL:         "epoll_ctl",
	unix.SYS_EPOLL_PWAIT:       "epoll_pwait",
	unix.SYS_EXIT:              "exit",
	unix.SYS_EXIT_GROUP:        "exit_group",
	unix.SYS_FCNTL:             "fcntl",
	unix.SYS_FUTEX:             "futex",
	unix.SYS_GETCPU:            "getcpu",
	unix.SYS_GETPID:            "getpid",
	unix.SYS_GETPPID:           "getppid",
	unix.SYS_GETRUSAGE:         "getrusage",
	unix.SYS_GETTID:            "gettid",
	unix.SYS_MADVISE:           "madvise",
	unix.SYS_MUNMAP:            "munmap",
	unix.SYS_NANOSLEEP:         "nanosleep",
	unix.SYS_READ:              "read",
	unix.SYS_RT_SIGPROCMASK:    "rt_sigprocmask",
	unix.SYS_RT_SIGRETURN:      "rt_sigreturn",
	unix.SYS_SCHED_GETAFFINITY: "sched_getaffinity",
	unix.SYS_SCHED_YIELD:       "sched_yield",
	unix.SYS_SIGALTSTACK:       "sigaltstack",
	unix.SYS_TGKILL:            "tgkill",
	unix.SYS_WRITE:             "write",
}

// callName returns a system call's name, which has no space.
func callName(number int) string {
	if name, ok := calls[number]; ok {
		return name
	}
	return fmt.Sprintf("syscall-%d", number)
}
