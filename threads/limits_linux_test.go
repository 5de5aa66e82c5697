package threads

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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

	// Threads that take no memory are not bound by it.
	all, err = alone.with(space).machine(t).limits(Need{Threads: 9000})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"MemAvailable", "vm.max_map_count", "RLIMIT_AS", "CommitLimit"} {
		if l, ok := find(all, name); ok {
			t.Errorf("threads that take no maps and no memory are bound by %+v", l)
		}
	}
}

// space is what the address space of the machine alone is limited by.
var space = tree{
	"proc/10/status":                status(1000, 7, "0000000000000000") + "VmSize:\t 1200000 kB\n",
	"proc/10/limits":                rlimits("3000") + "Max address space         4000000000           unlimited            bytes     \n",
	"proc/meminfo":                  "MemAvailable:    8000000 kB\nCommitLimit:     5000000 kB\nCommitted_AS:     800000 kB\n",
	"proc/sys/vm/overcommit_memory": "2\n",
}

// TestAddressSpace: the memory that a thread maps counts, touched or not, or the
// memory that it keeps if that is more.
func TestAddressSpace(t *testing.T) {
	const ulimit, commit = "ulimit -v $((%d/1024)), above the hard limit by root: as in /etc/security/limits.conf", "sysctl -w vm.overcommit_kbytes=$((%d/1024)), or vm.overcommit_memory=0"
	for _, test := range []struct {
		name    string
		changes tree
		need    Need
		each    int64 // 0 for not bound by either
		only    string
	}{
		{"its stack", nil, Need{Threads: 9000, SpacePerThread: 8 << 20}, 8 << 20, ""},
		{"less than it keeps", nil, Need{Threads: 9000, SpacePerThread: 8 << 10, BytesPerThread: 64 << 10}, 64 << 10, ""},
		{"nothing", nil, Need{Threads: 9000}, 0, ""},
		{"promises beyond what there is", tree{"proc/sys/vm/overcommit_memory": "0\n"}, Need{Threads: 9000, SpacePerThread: 8 << 20}, 8 << 20, "RLIMIT_AS"},
		{"unlimited", tree{"proc/10/limits": rlimits("3000") + "Max address space         unlimited            unlimited            bytes     \n"}, Need{Threads: 9000, SpacePerThread: 8 << 20}, 8 << 20, "CommitLimit"},
		{"hidden", tree{"proc/10/limits": "", "proc/sys/vm/overcommit_memory": ""}, Need{Threads: 9000, SpacePerThread: 8 << 20}, 0, ""},
	} {
		m := alone.with(space).with(test.changes).machine(t)
		all, err := m.limits(test.need)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		for _, l := range []struct {
			name, where, remedy string
			value, used         int64
		}{
			{"RLIMIT_AS", "proc/self/limits", ulimit, 4_000_000_000, 1_200_000<<10 + runtimeSpace},
			{"CommitLimit", "proc/meminfo", commit, 5_000_000 << 10, 800_000<<10 + runtimeSpace},
		} {
			got, ok := find(all, l.name)
			if test.each == 0 || test.only != "" && test.only != l.name {
				if ok {
					t.Errorf("%s: bound by %+v", test.name, got)
				}
				continue
			}
			want := Limit{
				Name: l.name, Where: filepath.Join(m.root, l.where), Value: l.value, Used: l.used,
				Room:   (l.value-l.used)/test.each - reserve(),
				Remedy: fmt.Sprintf(l.remedy, (9000+reserve())*test.each+l.used),
			}
			if got != want {
				t.Errorf("%s: %+v, want %+v", test.name, got, want)
			}
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
		"proc/sys/vm/overcommit_memory":  "2\n",
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
		{"proc/meminfo", "CommitLimit: plenty kB\n", "proc/meminfo"},
		{"proc/meminfo", "CommitLimit: 5 kB\nCommitted_AS: little kB\n", "proc/meminfo"},
		{"proc/sys/vm/overcommit_memory", "strict\n", "proc/sys/vm/overcommit_memory"},
		{"proc/10/limits", "Max address space  much  unlimited  bytes\n", "proc/self/limits"},
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

// TestUnreadable: a file that a process may not read doesn't bind, and hides no other
// limit.
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

// FuzzWordAfter: a result is a word of a line that begins with the key.
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
