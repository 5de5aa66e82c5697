package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Unlimited is the value of a limit that is not set.
const Unlimited = math.MaxInt64

// enormous is the least version 1 value that means no limit: for an unset
// memory limit the kernel writes 9223372036854771712 (PAGE_COUNTER_MAX in
// bytes).
const enormous = 1 << 62

// FS is the file system in which proc and the control groups are looked up.
type FS struct {
	Root string // the directory that holds proc, and what mountinfo names; "" is "/"
}

// Paths is [FS.Paths] of the running system.
func Paths(controller string) ([]string, error) { return FS{}.Paths(controller) }

// Paths returns the directories of the groups that bind this process under a
// controller ("cpu", "memory", "pids"), from its own up to the root of the
// mount. There are none where the kernel has no hierarchy that could carry the
// controller, since nothing limits the process there. If no mount shows the
// process's group, its limits are not known, and that is an error.
//
// The sources are cgroups(7), "/proc/pid/cgroup", and cgroup_namespaces(7) for
// the paths that a namespace shows.
//
// prometheus/procfs parses both files as well. It imports net, and net links
// cgo into a program wherever there is a C compiler. cgo changes how the
// runtime makes its threads, so this package parses them itself.
func (f FS) Paths(controller string) ([]string, error) {
	root := filepath.Join("/", f.Root)
	fail := func(err error) ([]string, error) {
		return nil, fmt.Errorf("finding the %s control group of this process: %w", controller, err)
	}
	groups, err := os.ReadFile(filepath.Join(root, "proc/self/cgroup"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(root, "proc/self")); err != nil {
			return fail(fmt.Errorf("mount proc: %w", err))
		}
		return nil, nil // a kernel built without control groups
	}
	if err != nil {
		return fail(err)
	}
	own, ok, err := groupOf(string(groups), controller)
	if err != nil {
		return fail(err)
	}
	if !ok {
		return nil, nil
	}
	mounts, err := os.ReadFile(filepath.Join(root, "proc/self/mountinfo"))
	if err != nil {
		return fail(err)
	}

	// A bind mount may show only a part of the hierarchy: the mount that shows
	// the most groups wins. Another mount may hide one; its directory then has
	// no cgroup.procs.
	var longest []string
	for line := range strings.Lines(string(mounts)) {
		m, err := parseMount(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return fail(err)
		}
		if !m.carries(own, controller) {
			continue
		}
		point := filepath.Join(root, m.point)
		sub, ok := below(m.root, own.path)
		if !ok {
			self, err := os.Readlink(filepath.Join(root, "proc/self"))
			if err != nil {
				return fail(err)
			}
			if sub, ok = search(point, m.root, own.path, self); !ok {
				continue
			}
		}
		dirs := upwards(point, sub)
		if _, err := os.Stat(filepath.Join(dirs[0], "cgroup.procs")); err == nil && len(dirs) > len(longest) {
			longest = dirs
		}
	}
	if longest == nil {
		return fail(fmt.Errorf("no mount shows the group %q, so its limits are not known: mount the hierarchy under /sys/fs/cgroup in this mount namespace and cgroup namespace", own.path))
	}
	return longest, nil
}

// A group is a line of /proc/self/cgroup.
type group struct {
	v2   bool
	path string
}

// groupOf picks the group whose hierarchy has the controller: the version 1
// hierarchy that the controller is bound to, else version 2, whose line names
// no controller.
func groupOf(groups, controller string) (g group, ok bool, err error) {
	for line := range strings.Lines(groups) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), ":", 3)
		if len(f) != 3 {
			return group{}, false, fmt.Errorf("/proc/self/cgroup has the line %q, not ID:CONTROLLERS:PATH", line)
		}
		if slices.Contains(strings.Split(f[1], ","), controller) {
			return group{path: f[2]}, true, nil
		}
		if f[0] == "0" && f[1] == "" {
			g, ok = group{v2: true, path: f[2]}, true
		}
	}
	return g, ok, nil
}

// A mount is one line of mountinfo, proc_pid_mountinfo(5).
type mount struct {
	root, point string // of the file system, and where it is mounted
	fstype      string
	options     []string // of the file system
}

func parseMount(line string) (mount, error) {
	before, after, _ := strings.Cut(line, " - ")
	b, a := strings.Split(before, " "), strings.SplitN(after, " ", 3)
	if len(b) < 6 || len(a) != 3 {
		return mount{}, fmt.Errorf("/proc/self/mountinfo has the line %q, which is no mount", line)
	}
	return mount{
		root:    unescape.Replace(b[3]),
		point:   unescape.Replace(b[4]),
		fstype:  a[0],
		options: strings.Split(a[2], ","),
	}, nil
}

// unescape undoes the octal escapes of mountinfo.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\043`, "#", `\134`, `\`)

// carries says whether a mount belongs to the group's hierarchy.
func (m mount) carries(g group, controller string) bool {
	if g.v2 {
		return m.fstype == "cgroup2"
	}
	return m.fstype == "cgroup" && slices.Contains(m.options, controller)
}

// below returns the path from a mount's root down to a group. Both are as the
// reader's cgroup namespace shows them, where a path above the namespace's own
// root begins with "/..".
func below(root, group string) (sub string, ok bool) {
	sub, ok = strings.CutPrefix(strings.TrimSuffix(group, "/")+"/", strings.TrimSuffix(root, "/")+"/")
	sub = filepath.Clean(sub)
	return sub, ok && filepath.IsLocal(sub)
}

// search finds a process's group below a mount whose root lies above that of
// the reader's cgroup namespace ("/../.."), as after entering a namespace
// without mounting the hierarchy anew. The namespace hides the names of the
// groups between the two roots. So search takes the group that has the process
// in it, among those at the right depth and with the right end of the path.
func search(point, root, group, pid string) (sub string, ok bool) {
	up, rest := ups(root)
	down, end := ups(group)
	if up < down || rest != "/" {
		return "", false
	}
	quoted := strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`)
	found, _ := filepath.Glob(filepath.Join(quoted.Replace(point), strings.Repeat("*/", up-down), quoted.Replace(end), "cgroup.procs"))
	for _, procs := range found {
		pids, err := os.ReadFile(procs)
		if err != nil || !slices.Contains(strings.Fields(string(pids)), pid) {
			continue
		}
		sub, err = filepath.Rel(point, filepath.Dir(procs))
		return sub, err == nil
	}
	return "", false
}

// ups removes the leading "/.." of a path and counts them.
func ups(path string) (n int, rest string) {
	path = strings.TrimSuffix(path, "/") + "/"
	for strings.HasPrefix(path, "/../") {
		path = path[len("/.."):]
		n++
	}
	return n, path
}

// upwards returns the directories from mount/sub up to the mount point.
func upwards(mount, sub string) []string {
	dir := filepath.Join(mount, sub)
	dirs := []string{dir}
	for dir != mount {
		dir = filepath.Dir(dir)
		dirs = append(dirs, dir)
	}
	return dirs
}

// Read returns the number in the first of the named files of a group that
// exists. Name both versions' files where they differ ("memory.max",
// "memory.limit_in_bytes"). The result is [Unlimited] if the file says so, or
// if none of the files exists: neither a root group has limits, nor a group
// without that controller.
func Read(dir string, files ...string) (int64, error) {
	for _, name := range files {
		s, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("reading a control group: %w", err)
		}
		v, err := parseValue(string(s))
		if err != nil {
			return 0, fmt.Errorf("reading a control group: %s: %w", filepath.Join(dir, name), err)
		}
		return v, nil
	}
	return Unlimited, nil
}

// CPUs returns the CPU time that a group may use in one second of real time, as
// a number of CPUs (1.5), or +Inf without a quota. It reads cpu.max, or
// cpu.cfs_quota_us and cpu.cfs_period_us.
func CPUs(dir string) (float64, error) {
	s, err := os.ReadFile(filepath.Join(dir, "cpu.max"))
	if err == nil {
		n, err := parseCPUMax(string(s))
		if err != nil {
			return 0, fmt.Errorf("reading a control group: %s: %w", filepath.Join(dir, "cpu.max"), err)
		}
		return n, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("reading a control group: %w", err)
	}
	quota, err := Read(dir, "cpu.cfs_quota_us")
	if err != nil || quota == Unlimited {
		return math.Inf(1), err
	}
	period, err := Read(dir, "cpu.cfs_period_us")
	if err != nil {
		return 0, err
	}
	n, err := perSecond(quota, period)
	if err != nil {
		return 0, fmt.Errorf("reading a control group: %s: %w", dir, err)
	}
	return n, nil
}

// parseValue parses one file's value: a number, "max", or version 1's -1.
func parseValue(s string) (int64, error) {
	s = strings.TrimSpace(s)
	if s == "max" || s == "-1" {
		return Unlimited, nil
	}
	v, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is neither a number nor max", s)
	}
	if v >= enormous {
		return Unlimited, nil
	}
	return int64(v), nil
}

// parseCPUMax reads version 2's "QUOTA PERIOD" in microseconds.
func parseCPUMax(s string) (float64, error) {
	f := strings.Fields(s)
	if len(f) != 2 {
		return 0, fmt.Errorf("%q is not a quota and a period", s)
	}
	quota, err := parseValue(f[0])
	if err != nil {
		return 0, err
	}
	period, err := parseValue(f[1])
	if err != nil {
		return 0, err
	}
	if quota == Unlimited {
		return math.Inf(1), nil
	}
	return perSecond(quota, period)
}

func perSecond(quota, period int64) (float64, error) {
	if period <= 0 || period == Unlimited {
		return 0, fmt.Errorf("a quota of %d µs has no period: it is %d µs", quota, period)
	}
	return float64(quota) / float64(period), nil
}
