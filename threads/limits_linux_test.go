package threads

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"threadbench/threads/cgroup"
)

// A tree is a fixture: the content of each file by its path, below a
// directory that stands for "/". A content "-> x" makes a symbolic link.
type tree map[string]string

// with is the tree with files changed; an empty content takes a file out.
func (f tree) with(changes tree) tree {
	changed := tree{}
	for _, g := range []tree{f, changes} {
		for name, content := range g {
			changed[name] = content
			if content == "" {
				delete(changed, name)
			}
		}
	}
	return changed
}

func (f tree) machine(t *testing.T) machine {
	t.Helper()
	root := t.TempDir()
	for name, content := range f {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(content, "-> "); ok {
			err = os.Symlink(target, name)
		} else {
			err = os.WriteFile(name, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return machine{root: root}
}

func status(uid, threads int, capEff string) string {
	return fmt.Sprintf("Name:\tx\nUid:\t%d\t0\t0\t0\nThreads:\t%d\nCapEff:\t%s\n", uid, threads, capEff)
}

func rlimits(nproc string) string {
	return "Limit                     Soft Limit           Hard Limit           Units     \n" +
		"Max processes             " + nproc + "               unlimited            processes \n" +
		"Max open files            1024                 4096                 files     \n"
}

// alone is a machine whose process 10 is without privileges, with every
// limit but the control groups' set.
var alone = tree{
	"proc/self":                     "-> 10",
	"proc/10/status":                status(1000, 7, "0000000000000000"),
	"proc/10/limits":                rlimits("3000"),
	"proc/10/ns/user":               "-> user:[4026531837]",
	"proc/10/maps":                  strings.Repeat("7f0000000000-7f0000001000 rw-p 00000000 00:00 0\n", 40),
	"proc/10/cgroup":                "0::/\n",
	"proc/10/mountinfo":             "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
	"proc/20/status":                status(1000, 30, "0000000000000000"),
	"proc/30/status":                status(0, 500, "000001ffffffffff"),
	"proc/loadavg":                  "0.00 0.01 0.05 2/600 1234\n",
	"proc/meminfo":                  "MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\n",
	"proc/sys/kernel/pid_max":       "32768\n",
	"proc/sys/kernel/threads-max":   "20000\n",
	"proc/sys/vm/max_map_count":     "65530\n",
	"sys/fs/cgroup/cgroup.procs":    "10\n",
	"sys/fs/cgroup/memory.pressure": "some\n",
}

// use is what tests compare of a limit: what was read and where from.
type use struct {
	Name, Where string
	Value, Used int64
}

func uses(m machine, all []Limit) []use {
	var got []use
	for _, l := range all {
		got = append(got, use{l.Name, strings.TrimPrefix(l.Where, m.root), l.Value, l.Used})
	}
	slices.SortFunc(got, func(a, b use) int { return strings.Compare(a.Name+a.Where, b.Name+b.Where) })
	return got
}

var every = Need{Threads: 9000, MapsPerThread: 2, BytesPerThread: 40 << 10}

func TestSystemLimits(t *testing.T) {
	m := alone.machine(t)
	all, err := m.limits(every)
	if err != nil {
		t.Fatal(err)
	}
	want := []use{
		{"MemAvailable", "/proc/meminfo", 8000000 << 10, 0},
		{"RLIMIT_NPROC", "/proc/self/limits", 3000, 37},
		{"kernel.pid_max", "/proc/sys/kernel/pid_max", 32768, 900},
		{"kernel.threads-max", "/proc/sys/kernel/threads-max", 20000, 600},
		{"vm.max_map_count", "/proc/sys/vm/max_map_count", 65530, 40},
	}
	if d := cmp.Diff(want, uses(m, all)); d != "" {
		t.Errorf("limits (-want +got):\n%s", d)
	}
	for name, want := range map[string]struct {
		room   int64
		remedy string
	}{
		"MemAvailable":       {8000000/2/40 - reserve(), fmt.Sprintf("stop other programs or add memory until it is %d", (9000+reserve())*2*40<<10)},
		"RLIMIT_NPROC":       {3000 - 37 - reserve(), fmt.Sprintf("ulimit -u %d, above the hard limit by root: nproc in /etc/security/limits.conf", 9000+37+reserve())},
		"kernel.pid_max":     {32768 - 900 - reserve(), fmt.Sprintf("sysctl -w kernel.pid_max=%d", 9000+900+reserve())},
		"kernel.threads-max": {20000 - 600 - reserve(), fmt.Sprintf("sysctl -w kernel.threads-max=%d", 9000+600+reserve())},
		"vm.max_map_count":   {(65530-40)/2 - reserve(), fmt.Sprintf("sysctl -w vm.max_map_count=%d", 40+2*(9000+reserve()))},
	} {
		if l, _ := find(all, name); l.Room != want.room || l.Remedy != want.remedy {
			t.Errorf("%s: room %d, remedy %q; want %d, %q", name, l.Room, l.Remedy, want.room, want.remedy)
		}
	}

	// What costs nothing is not bound.
	all, err = m.limits(Need{Threads: 9000})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"MemAvailable", "vm.max_map_count"} {
		if l, ok := find(all, name); ok {
			t.Errorf("threads that take no maps and no memory are bound by %+v", l)
		}
	}
}

func TestUserLimit(t *testing.T) {
	const (
		inContainer = "-> user:[4026532240]"
		resource    = "0000000001000000"
		admin       = "0000000000200000"
		other       = "00000000000000ff"
	)
	for _, test := range []struct {
		name    string
		changes tree
		used    int64 // 0 for not bound
	}{
		{"an ordinary user", nil, 37},
		{"unlimited", tree{"proc/10/limits": rlimits("unlimited")}, 0},
		{"root", tree{"proc/10/status": status(0, 7, "000001ffffffffff")}, 0},
		{"root without capabilities", tree{"proc/10/status": status(0, 7, "0000000000000000")}, 0},
		{"root of a container", tree{"proc/10/status": status(0, 7, "000001ffffffffff"), "proc/10/ns/user": inContainer}, 507},
		{"CAP_SYS_RESOURCE", tree{"proc/10/status": status(1000, 7, resource)}, 0},
		{"CAP_SYS_ADMIN", tree{"proc/10/status": status(1000, 7, admin)}, 0},
		{"CAP_SYS_ADMIN of a container", tree{"proc/10/status": status(1000, 7, admin), "proc/10/ns/user": inContainer}, 37},
		{"other capabilities", tree{"proc/10/status": status(1000, 7, other)}, 37},
		{"root of who knows what namespace", tree{"proc/10/status": status(0, 7, resource), "proc/10/ns/user": ""}, 507},
		{"a process that ended", tree{"proc/20/status": "", "proc/20/x": "x"}, 7},
		{"processes that are hidden", tree{"proc/20/status": "", "proc/30/status": ""}, 7},
		{"its own limits hidden", tree{"proc/10/limits": ""}, 0},
		{"its own status hidden", tree{"proc/10/status": ""}, 0},
		{"a status without a user", tree{"proc/10/status": "Name:\tx\n"}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			all, err := alone.with(test.changes).machine(t).limits(every)
			if err != nil {
				t.Fatal(err)
			}
			l, ok := find(all, "RLIMIT_NPROC")
			if ok != (test.used != 0) || l.Used != test.used {
				t.Errorf("RLIMIT_NPROC = %+v, binds %v; want %d in use", l, ok, test.used)
			}
		})
	}
}

const (
	v1groups = "9:name=systemd:/a\n8:pids:/a/b\n4:memory:/a\n0::/\n"
	v1mounts = "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n" +
		"35 31 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n" +
		"39 31 0:36 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n" +
		"41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)

func TestGroupLimits(t *testing.T) {
	v1 := alone.with(tree{
		"proc/10/cgroup":                               v1groups,
		"proc/10/mountinfo":                            v1mounts,
		"sys/fs/cgroup/pids/cgroup.procs":              "\n",
		"sys/fs/cgroup/pids/a/pids.max":                "500\n",
		"sys/fs/cgroup/pids/a/pids.current":            "40\n",
		"sys/fs/cgroup/pids/a/b/cgroup.procs":          "10\n",
		"sys/fs/cgroup/pids/a/b/pids.max":              "64\n",
		"sys/fs/cgroup/pids/a/b/pids.current":          "12\n",
		"sys/fs/cgroup/memory/memory.limit_in_bytes":   "9223372036854771712\n",
		"sys/fs/cgroup/memory/memory.usage_in_bytes":   "5000000000\n",
		"sys/fs/cgroup/memory/a/cgroup.procs":          "10\n",
		"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1073741824\n",
		"sys/fs/cgroup/memory/a/memory.usage_in_bytes": "700000000\n",
		"sys/fs/cgroup/memory/a/memory.stat":           "cache 5\ninactive_file 5\ntotal_inactive_file 600000000\n",
		"sys/fs/cgroup/unified/cgroup.procs":           "10\n",
		"sys/fs/cgroup/pids/elsewhere/pids.max":        "1\n",
	})
	v2 := alone.with(tree{
		"proc/10/cgroup":                      "0::/a/b\n",
		"sys/fs/cgroup/a/pids.max":            "100\n",
		"sys/fs/cgroup/a/pids.current":        "90\n",
		"sys/fs/cgroup/a/memory.max":          "max\n",
		"sys/fs/cgroup/a/memory.current":      "80000000\n",
		"sys/fs/cgroup/a/b/cgroup.procs":      "10\n",
		"sys/fs/cgroup/a/b/pids.max":          "max\n",
		"sys/fs/cgroup/a/b/pids.current":      "9\n",
		"sys/fs/cgroup/a/b/memory.max":        "200000000\n",
		"sys/fs/cgroup/a/b/memory.current":    "70000000\n",
		"sys/fs/cgroup/a/b/memory.stat":       "anon 5\ninactive_file 20000000\n",
		"sys/fs/cgroup/a/sibling/pids.max":    "1\n",
		"sys/fs/cgroup/a/b/child/pids.max":    "1\n",
		"sys/fs/cgroup/a/b/child/memory.max":  "1\n",
		"sys/fs/cgroup/a/sibling/memory.stat": "nonsense\n",
	})
	for _, test := range []struct {
		name  string
		files tree
		want  []use
	}{
		{"version 1, hybrid", v1, []use{
			{"memory.limit_in_bytes", "/sys/fs/cgroup/memory/a/memory.limit_in_bytes", 1 << 30, 100000000},
			{"pids.max", "/sys/fs/cgroup/pids/a/b/pids.max", 64, 12},
			{"pids.max", "/sys/fs/cgroup/pids/a/pids.max", 500, 40},
		}},
		{"version 2, max is no limit", v2, []use{
			{"memory.max", "/sys/fs/cgroup/a/b/memory.max", 200000000, 50000000},
			{"pids.max", "/sys/fs/cgroup/a/pids.max", 100, 90},
		}},
		{"more cache than use", v2.with(tree{"sys/fs/cgroup/a/b/memory.stat": "inactive_file 90000000\n"}), []use{
			{"memory.max", "/sys/fs/cgroup/a/b/memory.max", 200000000, 0},
			{"pids.max", "/sys/fs/cgroup/a/pids.max", 100, 90},
		}},
		{"no cache told", v2.with(tree{"sys/fs/cgroup/a/b/memory.stat": "anon 5\n"}), []use{
			{"memory.max", "/sys/fs/cgroup/a/b/memory.max", 200000000, 70000000},
			{"pids.max", "/sys/fs/cgroup/a/pids.max", 100, 90},
		}},
		{"no memory.stat", v2.with(tree{"sys/fs/cgroup/a/b/memory.stat": ""}), []use{
			{"memory.max", "/sys/fs/cgroup/a/b/memory.max", 200000000, 70000000},
			{"pids.max", "/sys/fs/cgroup/a/pids.max", 100, 90},
		}},
		{"a namespace whose root has the limits", v2.with(tree{
			"proc/10/cgroup":                   "0::/\n",
			"sys/fs/cgroup/pids.max":           "300\n",
			"sys/fs/cgroup/pids.current":       "9\n",
			"sys/fs/cgroup/a/b/cgroup.procs":   "",
			"sys/fs/cgroup/a/b/memory.current": "",
		}), []use{
			{"pids.max", "/sys/fs/cgroup/pids.max", 300, 9},
		}},
		{"a container with only its part mounted", alone.with(tree{
			"proc/10/cgroup":                  "8:pids:/docker/4f5e\n",
			"proc/10/mountinfo":               "39 31 0:36 /docker/4f5e /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n",
			"sys/fs/cgroup/pids/cgroup.procs": "10\n",
			"sys/fs/cgroup/pids/pids.max":     "300\n",
			"sys/fs/cgroup/pids/pids.current": "9\n",
		}), []use{
			{"pids.max", "/sys/fs/cgroup/pids/pids.max", 300, 9},
		}},
		{"a group that no mount shows", v2.with(tree{"proc/10/cgroup": "0::/../c\n"}), nil},
		{"no control groups", v2.with(tree{"proc/10/cgroup": ""}), nil},
		{"a group that makes no sense", v2.with(tree{"proc/10/cgroup": "nonsense\n"}), nil},
		{"mounts hidden", v2.with(tree{"proc/10/mountinfo": ""}), nil},
		{"a group that can't be read, below one that can", v2.with(tree{
			"sys/fs/cgroup/a/b/pids.max":   "",
			"sys/fs/cgroup/a/b/pids.max/x": "a directory\n",
			"sys/fs/cgroup/a/b/memory.max": "",
		}), []use{
			{"pids.max", "/sys/fs/cgroup/a/pids.max", 100, 90},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := test.files.machine(t)
			all, err := m.limits(every)
			if err != nil {
				t.Fatal(err)
			}
			var got []use
			for _, u := range uses(m, all) {
				if strings.HasPrefix(u.Name, "pids.") || strings.HasPrefix(u.Name, "memory.") {
					got = append(got, u)
				}
			}
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("limits of control groups (-want +got):\n%s", d)
			}
		})
	}
}

// TestTightestGroup: of nested groups the one with the least room decides,
// not the nearest and not the one with the smallest value.
func TestTightestGroup(t *testing.T) {
	m := alone.with(tree{
		"proc/10/cgroup":                              "0::/my app/it's 100%\n",
		"sys/fs/cgroup/my app/pids.max":               "100\n",
		"sys/fs/cgroup/my app/pids.current":           "90\n",
		"sys/fs/cgroup/my app/it's 100%/cgroup.procs": "10\n",
		"sys/fs/cgroup/my app/it's 100%/pids.max":     "80\n",
		"sys/fs/cgroup/my app/it's 100%/pids.current": "9\n",
	}).machine(t)
	all, err := m.limits(Need{Threads: 50})
	if err != nil {
		t.Fatal(err)
	}
	n, limit := tightest(Need{Threads: 50}, all)
	parent := filepath.Join(m.root, "sys/fs/cgroup/my app/pids.max")
	want := Limit{
		Name: "pids.max", Where: parent, Value: 100, Used: 90,
		Remedy: fmt.Sprintf("echo %d > '%s'", 50+90+reserve(), parent),
	}
	if n != 0 || limit != want {
		t.Errorf("headroom %d, %+v; want 0, %+v", n, limit, want)
	}
	own := all[0]
	if want := fmt.Sprintf(`/it'\''s 100%%/pids.max'`); !strings.HasSuffix(own.Remedy, want) {
		t.Errorf("remedy %q is not quoted for a shell: want it to end in %q", own.Remedy, want)
	}
}

func TestMalformed(t *testing.T) {
	inGroup := alone.with(tree{
		"proc/10/cgroup":                 "0::/a\n",
		"sys/fs/cgroup/a/cgroup.procs":   "10\n",
		"sys/fs/cgroup/a/pids.max":       "64\n",
		"sys/fs/cgroup/a/pids.current":   "12\n",
		"sys/fs/cgroup/a/memory.max":     "200000000\n",
		"sys/fs/cgroup/a/memory.current": "70000000\n",
	})
	if _, err := inGroup.machine(t).limits(every); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ file, content, named string }{
		{"sys/fs/cgroup/a/pids.max", "many\n", "sys/fs/cgroup/a/pids.max"},
		{"sys/fs/cgroup/a/pids.max", "\n", "sys/fs/cgroup/a/pids.max"},
		{"sys/fs/cgroup/a/pids.current", "-5\n", "sys/fs/cgroup/a/pids.current"},
		{"sys/fs/cgroup/a/memory.max", "200M\n", "sys/fs/cgroup/a/memory.max"},
		{"sys/fs/cgroup/a/memory.current", "?\n", "sys/fs/cgroup/a/memory.current"},
		{"sys/fs/cgroup/a/memory.stat", "inactive_file -7\n", "sys/fs/cgroup/a/memory.stat"},
		{"proc/10/limits", rlimits("several"), "proc/self/limits"},
		{"proc/10/status", "Uid:\tnobody\n", "proc/self/status"},
		{"proc/10/status", "Uid:\t1000\nCapEff:\tall\n", "proc/self/status"},
		{"proc/20/status", "Uid:\tnobody\n", "proc/20/status"},
		{"proc/20/status", "Uid:\t1000\nThreads:\t-1\n", "proc/20/status"},
		{"proc/loadavg", "0.00 0.01 0.05 2 600\n", "proc/loadavg"},
		{"proc/sys/kernel/pid_max", "all\n", "proc/sys/kernel/pid_max"},
		{"proc/sys/kernel/threads-max", "1 2\n", "proc/sys/kernel/threads-max"},
		{"proc/sys/vm/max_map_count", "-1\n", "proc/sys/vm/max_map_count"},
		{"proc/meminfo", "MemAvailable: plenty kB\n", "proc/meminfo"},
	} {
		t.Run(test.file, func(t *testing.T) {
			all, err := inGroup.with(tree{test.file: test.content}).machine(t).limits(every)
			if err == nil {
				t.Fatalf("limits = %+v, want an error", all)
			}
			if !strings.Contains(err.Error(), test.named) {
				t.Errorf("error %q does not name %q", err, test.named)
			}
		})
	}
}

// TestUnreadable: what a process may not see doesn't bind, and hides nothing
// else.
func TestUnreadable(t *testing.T) {
	for file, name := range map[string]string{
		"proc/loadavg":                "kernel.pid_max",
		"proc/sys/kernel/pid_max":     "kernel.pid_max",
		"proc/sys/kernel/threads-max": "kernel.threads-max",
		"proc/sys/vm/max_map_count":   "vm.max_map_count",
		"proc/10/maps":                "vm.max_map_count",
		"proc/meminfo":                "MemAvailable",
	} {
		t.Run(file, func(t *testing.T) {
			all, err := alone.with(tree{file: ""}).machine(t).limits(every)
			if err != nil {
				t.Fatal(err)
			}
			if l, ok := find(all, name); ok {
				t.Errorf("found %+v", l)
			}
			if len(all) < 3 {
				t.Errorf("only %+v is left of the other limits", all)
			}
		})
	}
	for name, files := range map[string]tree{
		"no proc":         {"sys/x": "x"},
		"an empty proc":   {"proc/x": "x"},
		"proc is a file":  {"proc": "x"},
		"no MemAvailable": {"proc/meminfo": "MemTotal: 5 kB\n"},
	} {
		if all, err := files.machine(t).limits(every); len(all) != 0 || err != nil {
			t.Errorf("%s: limits = %+v, %v; want none", name, all, err)
		}
	}
}

func FuzzParseTasks(f *testing.F) {
	for _, s := range []string{"0.00 0.01 0.05 2/600 1234\n", "0.00 0.00 0.00 0/0 0\n", "1 1 1 2 3", "1 1 1 /", "1 1 1 1/-1 1", "1 1 1 1/99999999999 1", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseTasks(s)
		if n < 0 || err != nil && n != 0 {
			t.Errorf("parseTasks(%q) = %d, %v", s, n, err)
		}
		if err == nil && !strings.Contains(s, "/") {
			t.Errorf("parseTasks(%q) = %d, found in no fraction", s, n)
		}
	})
}

// FuzzWordAfter: what is found is a word of a line that begins with the key.
func FuzzWordAfter(f *testing.F) {
	for _, s := range []string{"cache 5\ninactive_file 4096\n", "inactive_file", "inactive_file \n", "inactive_file2 1\n", "total_inactive_file 5\n", "Max processes   5  6 processes\n", "Uid:\t1\t2\t3\t4\n", "\n\n", ""} {
		f.Add("inactive_file", s)
		f.Add("Uid:", s)
		f.Add("Max processes", s)
	}
	f.Fuzz(func(t *testing.T, key, s string) {
		got := wordAfter(key, s)
		if got == "" {
			return
		}
		if len(strings.Fields(got)) != 1 {
			t.Errorf("wordAfter(%q, %q) = %q, not one word", key, s, got)
		}
		if !strings.HasPrefix(s, key) && !strings.Contains(s, "\n"+key) {
			t.Errorf("wordAfter(%q, %q) = %q, found on no line with the key", key, s, got)
		}
	})
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"0", "65530", "-1", "+1", "1_000", "0x10", "9223372036854775807", "9223372036854775808", "1 2", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseNumber("/proc/x", s)
		if err != nil {
			if n != 0 || !strings.Contains(err.Error(), "/proc/x") {
				t.Errorf("parseNumber(%q) = %d, %v; want 0 and the file named", s, n, err)
			}
			return
		}
		if strings.TrimLeft(s, "0") != strings.TrimLeft(strconv.FormatInt(n, 10), "0") {
			t.Errorf("parseNumber(%q) = %d", s, n)
		}
	})
}

// FuzzEcho: whatever a group is called, a shell writes to that file.
func FuzzEcho(f *testing.F) {
	for _, s := range []string{"/sys/fs/cgroup/pids.max", "/a b/c", `/a\x2db`, "/it's", "/100%d", "/$(x)`x`", "/-\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if s == "" || strings.ContainsRune(s, 0) {
			t.Skip("no path")
		}
		command := fmt.Sprintf(echo(s), 7)
		target, ok := strings.CutPrefix(command, "echo 7 > ")
		if !ok {
			t.Fatalf("echo(%q) gives %q", s, command)
		}
		if out, err := exec.Command("/bin/sh", "-c", "printf %s "+target).Output(); err != nil || string(out) != s {
			t.Errorf("a shell takes %q for %q, want %q (%v)", target, out, s, err)
		}
	})
}

func TestSystemHere(t *testing.T) {
	all, err := Limits(every)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if l.Value <= 0 || l.Used < 0 || l.Room < 0 || l.Remedy == "" {
			t.Errorf("%+v: want a value, a use, a room and a remedy", l)
		}
		if _, err := os.Stat(l.Where); err != nil {
			t.Errorf("%s: %v", l.Name, err)
		}
	}
	if l, ok := find(all, "kernel.threads-max"); ok && l.Used < int64(threadsOfSelf(t)) {
		t.Errorf("%+v: this process alone has %d threads", l, threadsOfSelf(t))
	}
}

func threadsOfSelf(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

// childEnv holds what a test's child is to do, an assignment in JSON.
const childEnv = "THREADBENCH_LIMITS_CHILD"

type assignment struct {
	Join    string // directory of the control group to enter, "" for none
	Unshare bool   // enter a control group namespace of its own
	NProc   uint64 // RLIMIT_NPROC to set, 0 to leave it
	Need    Need
	Make    bool // make the threads that there is headroom for
}

// A finding is what the child found, in JSON on a line of its own that
// begins with findingPrefix.
type finding struct {
	Before, After int // threads of the child, counted on both sides of the look-up
	Headroom      int
	Limit         Limit
	All           []Limit
	Made          int // threads made at once, all there together
	Left          int // headroom while they were there
}

const findingPrefix = "finding: "

// child does the assignment if this process is a test's child, and says so.
func child(t *testing.T) bool {
	work := os.Getenv(childEnv)
	if work == "" {
		return false
	}
	var a assignment
	if err := json.Unmarshal([]byte(work), &a); err != nil {
		t.Fatal(err)
	}
	if a.Join != "" {
		if err := os.WriteFile(filepath.Join(a.Join, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
			t.Fatal(err)
		}
	}
	if a.Unshare {
		runtime.LockOSThread() // the namespace is this thread's alone
		if err := unix.Unshare(unix.CLONE_NEWCGROUP); err != nil {
			t.Fatal(err)
		}
	}
	if a.NProc != 0 {
		if err := unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: a.NProc, Max: a.NProc}); err != nil {
			t.Fatal(err)
		}
	}
	var f finding
	var err error
	f.Before = threadsOfSelf(t)
	if f.All, err = Limits(a.Need); err != nil {
		t.Fatal(err)
	}
	f.Headroom, f.Limit = tightest(a.Need, f.All)
	f.After = threadsOfSelf(t)
	if a.Make {
		release := make(chan struct{})
		var made, gone sync.WaitGroup
		for range f.Headroom {
			made.Add(1)
			gone.Go(func() {
				runtime.LockOSThread()
				defer runtime.UnlockOSThread()
				made.Done()
				<-release
			})
		}
		made.Wait()
		f.Made = threadsOfSelf(t) - f.After
		if f.Left, _, err = Headroom(a.Need); err != nil {
			t.Error(err)
		}
		close(release)
		gone.Wait()
	}
	out, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("\n%s%s\n", findingPrefix, out)
	return true
}

// delegate runs this test in a child that does the assignment.
func delegate(t *testing.T, a assignment, credential *syscall.Credential) finding {
	t.Helper()
	work, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	// Not os.Executable: the directory of a test binary is its owner's alone.
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+strings.ReplaceAll(t.Name(), "/", "$/^")+"$", "-test.count=1")
	cmd.Dir = "/"
	// Few Ps: the reserve has one slot for each, and the limits are small.
	cmd.Env = append(os.Environ(), childEnv+"="+string(work), "GOMAXPROCS=2")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the child: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, findingPrefix); ok {
			var f finding
			if err := json.Unmarshal([]byte(text), &f); err != nil {
				t.Fatal(err)
			}
			return f
		}
	}
	t.Fatalf("the child found nothing:\n%s", out)
	return finding{}
}

// needRoot skips a test that has to be root of the initial user namespace.
func needRoot(t *testing.T) {
	t.Helper()
	if ns, _ := os.Readlink("/proc/self/ns/user"); os.Getuid() != 0 || ns != initialUserNS {
		t.Skip("needs root of the initial user namespace")
	}
}

// newGroup makes a control group below a directory and removes it when the
// test ends. It skips the test where the system doesn't allow that.
func newGroup(t *testing.T, parent, controller, limitFile string) string {
	t.Helper()
	control := filepath.Join(parent, "cgroup.subtree_control") // version 2
	if enabled, err := os.ReadFile(control); err == nil && !slices.Contains(strings.Fields(string(enabled)), controller) {
		if err := os.WriteFile(control, []byte("+"+controller), 0); err != nil {
			t.Skipf("needs the %s controller for the children of %s: %v", controller, parent, err)
		}
		t.Cleanup(func() {
			if err := os.WriteFile(control, []byte("-"+controller), 0); err != nil {
				t.Error(err)
			}
		})
	}
	dir, err := os.MkdirTemp(parent, "threadbench-test-")
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.EROFS) {
		t.Skipf("needs to make a control group: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The kernel lets go of a group a moment after its last process.
		var err error
		for range 500 {
			if err = os.Remove(dir); !errors.Is(err, unix.EBUSY) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if err != nil {
			t.Error(err)
		}
	})
	if _, err := os.Stat(filepath.Join(dir, limitFile)); err != nil {
		t.Skipf("needs a control group with %s: %v", limitFile, err)
	}
	return dir
}

// ownGroup is this process's group under a controller.
func ownGroup(t *testing.T, controller string) string {
	t.Helper()
	needRoot(t)
	dirs, err := cgroup.Paths(controller)
	if err != nil || len(dirs) == 0 {
		t.Skipf("needs the %s controller: %v", controller, err)
	}
	return dirs[0]
}

func set(t *testing.T, dir, name, value string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0); err != nil {
		t.Fatal(err)
	}
}

// expect checks a finding of a limit that counts the child's threads alone.
func expect(t *testing.T, f finding, name, where string, value int64) {
	t.Helper()
	l := f.Limit
	if l.Name != name || l.Where != where || l.Value != value {
		t.Fatalf("headroom is bound by %+v, want %s %d of %s\nall: %+v", l, name, value, where, f.All)
	}
	if l.Used < int64(f.Before) || l.Used > int64(f.After) {
		t.Errorf("%s: %d in use, want the child's threads, %d to %d", name, l.Used, f.Before, f.After)
	}
	kept := value - l.Used - l.Room
	if int64(f.Headroom) != l.Room || l.Room <= 0 || kept < spare {
		t.Errorf("headroom %d, %+v: want what is left of the value but %d or more", f.Headroom, l, spare)
	}
	// Threads that idle when the locked ones are made may take their part.
	if f.Made > f.Headroom+int(kept) || f.Made < f.Headroom-f.After {
		t.Errorf("%d threads made, want %d", f.Made, f.Headroom)
	}
	if f.Left > f.After {
		t.Errorf("headroom %d with all threads made that there was headroom for, want 0 or what idled", f.Left)
	}
}

// TestPIDsGroup puts a child in a real control group: it must find the
// limit, and live when it makes all the threads that it has headroom for.
func TestPIDsGroup(t *testing.T) {
	if child(t) {
		return
	}
	dir := newGroup(t, ownGroup(t, "pids"), "pids", "pids.max")
	set(t, dir, "pids.max", "300")
	f := delegate(t, assignment{Join: dir, Need: Need{Threads: 9000, Runtime: true}, Make: true}, nil)
	expect(t, f, "pids.max", filepath.Join(dir, "pids.max"), 300)
}

// TestPIDsGroupOfParent does the same where the group above is the tight one.
func TestPIDsGroupOfParent(t *testing.T) {
	if child(t) {
		return
	}
	parent := newGroup(t, ownGroup(t, "pids"), "pids", "pids.max")
	set(t, parent, "pids.max", "200")
	for _, own := range []string{"max", "5000"} {
		dir := newGroup(t, parent, "pids", "pids.max")
		set(t, dir, "pids.max", own)
		f := delegate(t, assignment{Join: dir, Need: Need{Threads: 4000, Runtime: true}, Make: true}, nil)
		expect(t, f, "pids.max", filepath.Join(parent, "pids.max"), 200)
		if l, ok := find(f.All, "pids.max"); !ok || l != f.Limit {
			t.Errorf("the first limit is %+v, want the tightest", l)
		}
	}
}

// TestPIDsGroupInNamespace does the same in a control group namespace whose
// hierarchies were mounted before, and so show what is above its root.
func TestPIDsGroupInNamespace(t *testing.T) {
	if child(t) {
		return
	}
	parent := newGroup(t, ownGroup(t, "pids"), "pids", "pids.max")
	set(t, parent, "pids.max", "200")
	dir := newGroup(t, parent, "pids", "pids.max")
	f := delegate(t, assignment{Join: dir, Unshare: true, Need: Need{Threads: 4000, Runtime: true}, Make: true}, nil)
	expect(t, f, "pids.max", filepath.Join(parent, "pids.max"), 200)
}

// TestMemoryGroup reads a real memory limit; no thread is made under it.
func TestMemoryGroup(t *testing.T) {
	if child(t) {
		return
	}
	own := ownGroup(t, "memory")
	name := "memory.max"
	if _, err := os.Stat(filepath.Join(own, "memory.usage_in_bytes")); err == nil {
		name = "memory.limit_in_bytes"
	}
	dir := newGroup(t, own, "memory", name)
	const limit = 1 << 30
	set(t, dir, name, strconv.Itoa(limit))
	f := delegate(t, assignment{Join: dir, Need: Need{Threads: 1 << 20, BytesPerThread: 1 << 20}}, nil)
	i := slices.IndexFunc(f.All, func(l Limit) bool { return l.Where == filepath.Join(dir, name) })
	if i < 0 {
		t.Fatalf("no %s of %s among %+v", name, dir, f.All)
	}
	l := f.All[i]
	if l.Name != name || l.Value != limit || l.Used >= limit || l.Room <= 0 || l.Room > limit>>20/memoryShare {
		t.Errorf("%+v: want %d, and room for at most half of it", l, limit)
	}
}

// TestUserLimitOfChild gives a child a user ID that nobody else has. Then
// its own threads are all that counts.
func TestUserLimitOfChild(t *testing.T) {
	if child(t) {
		return
	}
	needRoot(t)
	id := uint32(1<<30 + os.Getpid())
	f := delegate(t,
		assignment{NProc: 250, Need: Need{Threads: 9000, Runtime: true}, Make: true},
		&syscall.Credential{Uid: id, Gid: id})
	expect(t, f, "RLIMIT_NPROC", "/proc/self/limits", 250)
}

// TestUserLimitOfRoot: the same limit does not bind root.
func TestUserLimitOfRoot(t *testing.T) {
	if child(t) {
		return
	}
	needRoot(t)
	f := delegate(t, assignment{NProc: 5, Need: Need{Threads: 50}, Make: true}, nil)
	if l, ok := find(f.All, "RLIMIT_NPROC"); ok {
		t.Errorf("root is bound by %+v", l)
	}
	if f.Headroom == 50 && f.Made+f.After < 50 {
		t.Errorf("%d threads made, want 50", f.Made)
	}
}

// TestMapsHere counts real maps: those that are made are in use.
func TestMapsHere(t *testing.T) {
	need := Need{MapsPerThread: 1}
	count := func() int64 {
		all, err := Limits(need)
		if err != nil {
			t.Fatal(err)
		}
		l, ok := find(all, "vm.max_map_count")
		if !ok {
			t.Skip("needs to read vm.max_map_count and /proc/self/maps")
		}
		return l.Used
	}
	// Pages of which each second one is protected are a map each.
	const pages = 400
	before := count()
	size := os.Getpagesize()
	block, err := unix.Mmap(-1, 0, pages*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(block)
	for i := 0; i < pages; i += 2 {
		if err := unix.Mprotect(block[i*size:(i+1)*size], unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	if grown := count() - before; grown < pages-1 || grown > pages+spare {
		t.Errorf("%d pages protected by turns made %d maps more", pages, grown)
	}
}
