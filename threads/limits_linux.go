package threads

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"threadbench/threads/cgroup"
)

// reservedPIDs is RESERVED_PIDS of include/linux/threads.h. The kernel gives no
// pid below it once its count has wrapped at kernel.pid_max, so these count as
// in use.
const reservedPIDs = 300

// initialUserNS is where /proc/self/ns/user links to in the initial user
// namespace: PROC_USER_INIT_INO in include/linux/proc_ns.h.
const initialUserNS = "user:[4026531837]"

// memoryShare is the divisor of the memory left: threads may take half. More
// could drive the machine into reclaim or to the OOM killer.
const memoryShare = 2

// runtimeSpace is the address space that the Go runtime may map in the
// meantime: two arenas of its heap. The runtime ends the process if that is
// refused, so the space counts as in use.
const runtimeSpace = 2 * 64 << 20

func systemLimits(need Need) ([]Limit, error) { return machine{root: "/"}.limits(need) }

// A machine is a Linux system as its files describe it. This package parses
// them itself since prometheus/procfs imports net. net links cgo into a program
// wherever there is a C compiler, and cgo changes how the Go runtime makes the
// threads that this package is about.
type machine struct {
	root string // the directory that holds proc, and the directories that proc's mountinfo names
}

// limits returns the machine's limits, in no order. It leaves out a limit whose
// file can't be read (a system without it, a hidden proc, a sandbox). A file
// with unexpected content is an error.
func (m machine) limits(need Need) ([]Limit, error) {
	var all []Limit
	for _, look := range []func(Need) ([]Limit, error){m.groups, m.user, m.tasks, m.maps, m.memory, m.addressSpace, m.commit} {
		found, err := look(need)
		if refused(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (m machine) path(name string) string { return filepath.Join(m.root, name) }

// refused says whether err is a failed system call, so that nothing was read. A
// file with unexpected content is another error.
func refused(err error) bool {
	var errno syscall.Errno
	return errors.As(err, &errno)
}

// groups returns the limits of the control groups, from this process's own up
// to the root, or as far up as they are visible. A group's pids.max binds
// everyone in it and below it, root too.
func (m machine) groups(need Need) ([]Limit, error) {
	all, err := m.upwards("pids", func(dir string) ([]Limit, error) {
		l, err := group(dir, "pids.max", "pids.current")
		if err != nil || l.Value == cgroup.Unlimited {
			return nil, err
		}
		return []Limit{need.fill(l, 1, echo(l.Where))}, nil
	})
	if err != nil || need.BytesPerThread == 0 {
		return all, err
	}
	memory, err := m.upwards("memory", func(dir string) ([]Limit, error) {
		l, cache, err := memoryGroup(dir)
		if err != nil || l.Value == cgroup.Unlimited {
			return nil, err
		}
		l.Used = max(0, l.Used-cache)
		return []Limit{need.fill(l, need.memoryEach(), echo(l.Where))}, nil
	})
	return append(all, memory...), err
}

// upwards reads a controller's limits in each group that binds this process. If
// the groups can't be found, none is known. If one group's files can't be read,
// those above it still bind.
func (m machine) upwards(controller string, read func(dir string) ([]Limit, error)) ([]Limit, error) {
	dirs, err := cgroup.FS{Root: m.root}.Paths(controller)
	if err != nil {
		return nil, nil
	}
	var all []Limit
	for _, dir := range dirs {
		found, err := read(dir)
		if refused(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

// group returns one limit of a control group and its use. The use is not read
// if the limit is cgroup.Unlimited.
func group(dir, name, used string) (Limit, error) {
	l := Limit{Name: name, Where: filepath.Join(dir, name)}
	var err error
	if l.Value, err = cgroup.Read(dir, name); err != nil || l.Value == cgroup.Unlimited {
		return l, err
	}
	l.Used, err = cgroup.Read(dir, used)
	return l, err
}

// memoryGroup returns a control group's memory limit, by whichever version of
// the controller it has, and its page cache that has not been used lately. The
// kernel counts that cache as use, and drops it when memory is wanted.
func memoryGroup(dir string) (l Limit, cache int64, err error) {
	key := "inactive_file"
	l, err = group(dir, "memory.max", "memory.current")
	if err == nil && l.Value == cgroup.Unlimited {
		key = "total_inactive_file"
		l, err = group(dir, "memory.limit_in_bytes", "memory.usage_in_bytes")
	}
	if err != nil || l.Value == cgroup.Unlimited {
		return l, 0, err
	}
	cache, _, err = number(filepath.Join(dir, "memory.stat"), key)
	if refused(err) {
		return l, 0, nil
	}
	return l, cache, err
}

// user returns RLIMIT_NPROC, which counts the threads of all processes with
// this process's real user ID, getrlimit(2). The kernel reports that count
// nowhere, so it is added up over the processes that proc shows. Processes of
// the same user in another container are not seen. The limit does not bind uid
// 0 or the holders of CAP_SYS_RESOURCE or CAP_SYS_ADMIN, all as of the initial
// user namespace: copy_process in kernel/fork.c.
func (m machine) user(need Need) ([]Limit, error) {
	l, ok, err := m.rlimit("RLIMIT_NPROC", "Max processes")
	if err != nil || !ok {
		return nil, err
	}

	status := m.path("proc/self/status")
	uid, ok, err := number(status, "Uid:")
	if err != nil || !ok {
		return nil, err
	}
	effective, err := word(status, "CapEff:")
	if err != nil {
		return nil, err
	}
	capabilities, err := strconv.ParseUint(effective, 16, 64)
	if err != nil {
		return nil, fmt.Errorf("reading %s: CapEff %q is not a set of capabilities", status, effective)
	}
	privileged := uid == 0 || capabilities&(1<<unix.CAP_SYS_RESOURCE|1<<unix.CAP_SYS_ADMIN) != 0
	if ns, _ := os.Readlink(m.path("proc/self/ns/user")); privileged && ns == initialUserNS {
		return nil, nil
	}

	if l.Used, err = m.threadsOf(uid); err != nil {
		return nil, err
	}
	return []Limit{need.fill(l, 1, "ulimit -u %d, above the hard limit by root: nproc in /etc/security/limits.conf")}, nil
}

// rlimit returns a soft limit of this process by its line in /proc/self/limits,
// in that line's unit. ok is false if the limit is unlimited or not there.
func (m machine) rlimit(name, key string) (l Limit, ok bool, err error) {
	l = Limit{Name: name, Where: m.path("proc/self/limits")}
	soft, err := word(l.Where, key)
	if err != nil || soft == "" || soft == "unlimited" {
		return l, false, err
	}
	l.Value, err = parseNumber(l.Where, soft)
	return l, err == nil, err
}

// threadsOf counts the threads of the processes with a real user ID. It leaves
// out a process that is hidden or that ends in the meantime.
func (m machine) threadsOf(uid int64) (int64, error) {
	processes, err := filepath.Glob(m.path("proc/[1-9]*/status"))
	if err != nil {
		return 0, err
	}
	var all int64
	for _, status := range processes {
		owner, ok, err := number(status, "Uid:")
		if err == nil && ok && owner == uid {
			var threads int64
			threads, _, err = number(status, "Threads:")
			all += threads
		}
		if err != nil && !refused(err) {
			return 0, err
		}
	}
	return all, nil
}

// tasks returns the limits that count every thread of the system. In a pid
// namespace with a lower pid_max of its own, the room comes out too small: the
// kernel counts the namespace's threads, but reports only the system's.
func (m machine) tasks(need Need) ([]Limit, error) {
	loadavg := m.path("proc/loadavg")
	content, err := os.ReadFile(loadavg)
	if err != nil {
		return nil, err
	}
	used, err := parseTasks(string(content))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", loadavg, err)
	}
	var all []Limit
	for _, s := range []struct {
		name     string
		reserved int64
	}{{"kernel.threads-max", 0}, {"kernel.pid_max", reservedPIDs}} {
		l, err := m.sysctl(s.name)
		if refused(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		l.Used = used + s.reserved
		all = append(all, need.fill(l, 1, "sysctl -w "+s.name+"=%d"))
	}
	return all, nil
}

// parseTasks takes the number of threads on the system from the content of
// /proc/loadavg: the second half of the fourth field.
func parseTasks(loadavg string) (int64, error) {
	if f := strings.Fields(loadavg); len(f) >= 4 {
		if _, total, ok := strings.Cut(f[3], "/"); ok {
			if n, err := strconv.ParseUint(total, 10, 32); err == nil {
				return int64(n), nil
			}
		}
	}
	return 0, fmt.Errorf("the fourth field of %q is not RUNNING/TOTAL", loadavg)
}

// maps returns vm.max_map_count, and this process's maps as its use.
func (m machine) maps(need Need) ([]Limit, error) {
	if need.MapsPerThread == 0 {
		return nil, nil
	}
	l, err := m.sysctl("vm.max_map_count")
	if err != nil {
		return nil, err
	}
	maps, err := os.ReadFile(m.path("proc/self/maps"))
	if err != nil {
		return nil, err
	}
	l.Used = int64(bytes.Count(maps, []byte("\n")))
	return []Limit{need.fill(l, int64(need.MapsPerThread), "sysctl -w vm.max_map_count=%d")}, nil
}

// sysctl reads a setting that is one number.
func (m machine) sysctl(name string) (Limit, error) {
	l := Limit{Name: name, Where: m.path("proc/sys/" + strings.ReplaceAll(name, ".", "/"))}
	content, err := os.ReadFile(l.Where)
	if err != nil {
		return l, err
	}
	l.Value, err = parseNumber(l.Where, strings.TrimSpace(string(content)))
	return l, err
}

// memory returns the memory that the system could give to programs without
// swapping.
func (m machine) memory(need Need) ([]Limit, error) {
	if need.BytesPerThread == 0 {
		return nil, nil
	}
	l := Limit{Name: "MemAvailable", Where: m.path("proc/meminfo")}
	kib, ok, err := number(l.Where, "MemAvailable:")
	if err != nil || !ok {
		return nil, err
	}
	l.Value = product(kib, 1024)
	return []Limit{need.fill(l, need.memoryEach(), "stop other programs or add memory until it is %d")}, nil
}

// addressSpace returns RLIMIT_AS (ulimit -v), and as its use all that this
// process has mapped, touched or not.
func (m machine) addressSpace(need Need) ([]Limit, error) {
	if need.spaceEach() == 0 {
		return nil, nil
	}
	l, ok, err := m.rlimit("RLIMIT_AS", "Max address space")
	if err != nil || !ok {
		return nil, err
	}
	kib, _, err := number(m.path("proc/self/status"), "VmSize:")
	if err != nil {
		return nil, err
	}
	l.Used = product(kib, 1024) + runtimeSpace
	return []Limit{need.fill(l, need.spaceEach(), "ulimit -v $((%d/1024)), above the hard limit by root: as in /etc/security/limits.conf")}, nil
}

// commit returns the system's limit of promised memory, where it promises no
// more than it can keep (vm.overcommit_memory=2, proc_sys_vm(5)). MAP_NORESERVE
// counts there like any other mapping
// (Documentation/mm/overcommit-accounting.rst).
func (m machine) commit(need Need) ([]Limit, error) {
	if need.spaceEach() == 0 {
		return nil, nil
	}
	mode, err := m.sysctl("vm.overcommit_memory")
	if err != nil || mode.Value != 2 {
		return nil, err
	}
	l := Limit{Name: "CommitLimit", Where: m.path("proc/meminfo")}
	limit, ok, err := number(l.Where, "CommitLimit:")
	if err != nil || !ok {
		return nil, err
	}
	promised, _, err := number(l.Where, "Committed_AS:")
	if err != nil {
		return nil, err
	}
	l.Value, l.Used = product(limit, 1024), product(promised, 1024)+runtimeSpace
	return []Limit{need.fill(l, need.spaceEach(), "sysctl -w vm.overcommit_kbytes=$((%d/1024)), or vm.overcommit_memory=0")}, nil
}

// spaceEach returns the address space of one thread.
func (need Need) spaceEach() int64 { return max(need.SpacePerThread, need.BytesPerThread) }

// memoryEach returns what one thread counts for in a memory limit, of which
// threads may take one part in memoryShare.
func (need Need) memoryEach() int64 { return product(need.BytesPerThread, memoryShare) }

// number returns the number that follows a key in a file: see word. ok is false
// if the file doesn't have the key.
func number(file, key string) (n int64, ok bool, err error) {
	s, err := word(file, key)
	if err != nil || s == "" {
		return 0, false, err
	}
	n, err = parseNumber(file, s)
	return n, err == nil, err
}

// word returns the first word after a key, in a file whose lines begin with
// keys, or "" if the file doesn't have the key.
func word(file, key string) (string, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	return wordAfter(key, string(content)), nil
}

func wordAfter(key, content string) string {
	for line := range strings.Lines(content) {
		rest, ok := strings.CutPrefix(line, key)
		if f := strings.Fields(rest); ok && len(f) > 0 && strings.ContainsAny(rest[:1], " \t") {
			return f[0]
		}
	}
	return ""
}

func parseNumber(file, s string) (int64, error) {
	n, err := strconv.ParseUint(s, 10, 63)
	if err != nil {
		return 0, fmt.Errorf("reading %s: %q is not a number of 0 or more", file, s)
	}
	return int64(n), nil
}

// echo returns the command that sets a control group's limit, a format for
// fill.
func echo(file string) string {
	if strings.ContainsFunc(file, func(r rune) bool {
		return !strings.ContainsRune("/._-@:+,abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", r)
	}) {
		file = "'" + strings.ReplaceAll(file, "'", `'\''`) + "'"
	}
	return "echo %d > " + strings.ReplaceAll(file, "%", "%%")
}
