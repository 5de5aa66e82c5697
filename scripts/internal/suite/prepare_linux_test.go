package suite

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"threadbench/bench/lockstep"
)

// prepare puts this process under a limit before it becomes a run:
//
//	nproc=N     a user with no more threads than that
//	cgroup=DIR  a control group
//	cpu=N       one CPU
//	deaf=       ignores a hang-up, as under nohup
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
	default:
		err = fmt.Errorf("no such way to prepare: %q", how)
	}
	if err != nil {
		panic(err)
	}
}
