package cgroup

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// write puts a file and its directories below root.
func write(t *testing.T, root, name, content string) {
	t.Helper()
	name = filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// system is a fixture tree: what proc says, and the groups that exist.
func system(t *testing.T, groups, mountinfo string, dirs ...string) FS {
	t.Helper()
	root := t.TempDir()
	write(t, root, "proc/1/cgroup", groups)
	write(t, root, "proc/1/mountinfo", mountinfo)
	if err := os.Symlink("1", filepath.Join(root, "proc/self")); err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		write(t, root, filepath.Join(d, "cgroup.procs"), "1\n")
	}
	return FS{Root: root}
}

const (
	v2mount = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"

	hybridGroups = "8:pids:/user.slice\n4:cpu,cpuacct:/\n1:name=systemd:/user.slice\n0::/user.slice\n"
	hybridMounts = "31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n" +
		"32 31 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" +
		"33 31 0:30 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n" +
		"34 31 0:31 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
		"35 31 0:32 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
)

func TestPaths(t *testing.T) {
	for _, test := range []struct {
		name       string
		groups     string
		mountinfo  string
		exist      []string
		controller string
		want       []string
		wantErr    string
	}{
		{
			name:      "version 2, up to the root",
			groups:    "0::/a.slice/b.scope\n",
			mountinfo: v2mount,
			exist:     []string{"sys/fs/cgroup/a.slice/b.scope"}, controller: "pids",
			want: []string{"sys/fs/cgroup/a.slice/b.scope", "sys/fs/cgroup/a.slice", "sys/fs/cgroup"},
		},
		{
			name:      "version 2 in a namespace of its own",
			groups:    "0::/\n",
			mountinfo: v2mount,
			exist:     []string{"sys/fs/cgroup"}, controller: "memory",
			want: []string{"sys/fs/cgroup"},
		},
		{
			name:      "hybrid, controller in version 1",
			groups:    hybridGroups,
			mountinfo: hybridMounts,
			exist:     []string{"sys/fs/cgroup/pids/user.slice"}, controller: "pids",
			want: []string{"sys/fs/cgroup/pids/user.slice", "sys/fs/cgroup/pids"},
		},
		{
			name:      "hybrid, controller that shares a hierarchy",
			groups:    hybridGroups,
			mountinfo: hybridMounts,
			exist:     []string{"sys/fs/cgroup/cpu,cpuacct"}, controller: "cpu",
			want: []string{"sys/fs/cgroup/cpu,cpuacct"},
		},
		{
			name:      "hybrid, controller in version 2",
			groups:    hybridGroups,
			mountinfo: hybridMounts,
			exist:     []string{"sys/fs/cgroup/unified/user.slice"}, controller: "memory",
			want: []string{"sys/fs/cgroup/unified/user.slice", "sys/fs/cgroup/unified"},
		},
		{
			name:      "version 1 container: only its own part is mounted",
			groups:    "5:memory:/docker/4f5e\n",
			mountinfo: "700 690 0:30 /docker/4f5e /sys/fs/cgroup/memory ro master:15 - cgroup cgroup rw,memory\n",
			exist:     []string{"sys/fs/cgroup/memory"}, controller: "memory",
			want: []string{"sys/fs/cgroup/memory"},
		},
		{
			name:   "of two mounts the one that shows more",
			groups: "0::/a/b\n",
			mountinfo: "700 690 0:30 /a /mnt/part rw - cgroup2 cgroup2 rw\n" +
				v2mount,
			exist: []string{"mnt/part/b", "sys/fs/cgroup/a/b"}, controller: "cpu",
			want: []string{"sys/fs/cgroup/a/b", "sys/fs/cgroup/a", "sys/fs/cgroup"},
		},
		{
			name:   "a mount hidden under another one",
			groups: "0::/a\n",
			mountinfo: v2mount +
				"31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n" +
				"32 31 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
			exist: []string{"sys/fs/cgroup/unified/a"}, controller: "cpu",
			want: []string{"sys/fs/cgroup/unified/a", "sys/fs/cgroup/unified"},
		},
		{
			name:      "names that mountinfo escapes",
			groups:    `0::/app-gnome\x2dterm` + "\n",
			mountinfo: `30 23 0:26 /app-gnome\134x2dterm /my\040groups rw - cgroup2 cgroup2 rw` + "\n",
			exist:     []string{"my groups"}, controller: "cpu",
			want: []string{"my groups"},
		},
		{
			name:      "both above the root of the namespace",
			groups:    "0::/../sibling\n",
			mountinfo: "30 23 0:26 /.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
			exist:     []string{"sys/fs/cgroup/sibling"}, controller: "cpu",
			want: []string{"sys/fs/cgroup/sibling", "sys/fs/cgroup"},
		},
		{
			name:      "namespace entered, hierarchy not mounted anew",
			groups:    "0::/\n",
			mountinfo: "30 23 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
			exist:     []string{"sys/fs/cgroup/a/b"}, controller: "cpu",
			want: []string{"sys/fs/cgroup/a/b", "sys/fs/cgroup/a", "sys/fs/cgroup"},
		},
		{
			name:      "the same, in a group below the namespace's root",
			groups:    "0::/c\n",
			mountinfo: "30 23 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
			exist:     []string{"sys/fs/cgroup/a/b/c"}, controller: "cpu",
			want: []string{"sys/fs/cgroup/a/b/c", "sys/fs/cgroup/a/b", "sys/fs/cgroup/a", "sys/fs/cgroup"},
		},
		{
			name:      "the same, at another depth",
			groups:    "0::/\n",
			mountinfo: "30 23 0:26 /../.. /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
			exist:     []string{"sys/fs/cgroup", "sys/fs/cgroup/a"}, controller: "cpu",
			wantErr: `no mount shows the group "/"`,
		},
		{
			name:      "group outside of what the namespace shows",
			groups:    "0::/../sibling\n",
			mountinfo: v2mount,
			exist:     []string{"sys/fs/cgroup", "sys/fs/sibling"}, controller: "cpu",
			wantErr: `no mount shows the group "/../sibling"`,
		},
		{
			name:      "a mount whose root only begins like the group",
			groups:    "0::/docker/4f5e\n",
			mountinfo: "30 23 0:26 /docker/4f /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
			exist:     []string{"sys/fs/cgroup", "sys/fs/cgroup/5e"}, controller: "cpu",
			wantErr: "no mount shows the group",
		},
		{
			name:       "not mounted at all",
			groups:     "8:pids:/\n",
			controller: "pids",
			wantErr:    "finding the pids control group of this process",
		},
		{
			name:       "no hierarchy that could carry it",
			groups:     "8:pids:/\n",
			controller: "cpu",
		},
		{
			name:       "proc that makes no sense",
			groups:     "nonsense\n",
			controller: "cpu",
			wantErr:    "nonsense",
		},
		{
			name:       "mounts that make no sense",
			groups:     "0::/\n",
			mountinfo:  "30 23 0:26 / /sys/fs/cgroup\n",
			controller: "cpu",
			wantErr:    "which is no mount",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := system(t, test.groups, test.mountinfo, test.exist...)
			got, err := f.Paths(test.controller)
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Fatalf("Paths = %q, %v; want an error with %q", got, err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			for _, d := range test.want {
				want = append(want, filepath.Join(f.Root, d))
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("Paths (-want +got):\n%s", d)
			}
		})
	}
}

func TestPathsWithoutControlGroups(t *testing.T) {
	f := system(t, "", "")
	if err := os.Remove(filepath.Join(f.Root, "proc/self/cgroup")); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Paths("cpu"); got != nil || err != nil {
		t.Errorf("Paths on a kernel without control groups = %q, %v; want none", got, err)
	}
	if got, err := (FS{Root: t.TempDir()}).Paths("cpu"); err == nil {
		t.Errorf("Paths without proc = %q, want an error", got)
	}
}

// TestPathsHere reads the running system, whatever it is: every directory
// that is found must be one, and its limits must be readable.
func TestPathsHere(t *testing.T) {
	for _, controller := range []string{"cpu", "memory", "pids"} {
		dirs, err := Paths(controller)
		if err != nil {
			t.Logf("%s: %v", controller, err)
			continue
		}
		for _, dir := range dirs {
			if _, err := Read(dir, "pids.max"); err != nil {
				t.Error(err)
			}
			if _, err := Read(dir, "memory.max", "memory.limit_in_bytes"); err != nil {
				t.Error(err)
			}
			if _, err := CPUs(dir); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, file, content string
		want                int64
		wantErr             bool
	}{
		{"version 2", "memory.max", "1073741824\n", 1 << 30, false},
		{"version 1", "memory.limit_in_bytes", "2147483648\n", 2 << 30, false},
		{"none stated", "memory.max", "max\n", Unlimited, false},
		{"version 1, unset", "memory.limit_in_bytes", "9223372036854771712\n", Unlimited, false},
		{"version 1, minus one", "memory.limit_in_bytes", "-1\n", Unlimited, false},
		{"no file", "other", "5\n", Unlimited, false},
		{"empty", "memory.max", "", 0, true},
		{"negative", "memory.max", "-2\n", 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, test.file, test.content)
			got, err := Read(dir, "memory.max", "memory.limit_in_bytes")
			if got != test.want || (err != nil) != test.wantErr {
				t.Errorf("Read = %d, %v; want %d, error %v", got, err, test.want, test.wantErr)
			}
			if err != nil && !strings.Contains(err.Error(), test.file) {
				t.Errorf("the error %q doesn't name the file", err)
			}
		})
	}
	if _, err := Read(t.TempDir(), "."); err == nil {
		t.Error("reading a directory gave no error")
	}
}

func TestCPUs(t *testing.T) {
	for _, test := range []struct {
		name    string
		files   map[string]string
		want    float64
		wantErr bool
	}{
		{"version 2", map[string]string{"cpu.max": "150000 100000\n"}, 1.5, false},
		{"version 2, none", map[string]string{"cpu.max": "max 100000\n"}, math.Inf(1), false},
		{"version 1", map[string]string{"cpu.cfs_quota_us": "50000\n", "cpu.cfs_period_us": "100000\n"}, 0.5, false},
		{"version 1, none", map[string]string{"cpu.cfs_quota_us": "-1\n", "cpu.cfs_period_us": "100000\n"}, math.Inf(1), false},
		{"root group", nil, math.Inf(1), false},
		{"no period", map[string]string{"cpu.max": "150000\n"}, 0, true},
		{"a period of zero", map[string]string{"cpu.max": "150000 0\n"}, 0, true},
		{"version 1, no period", map[string]string{"cpu.cfs_quota_us": "50000\n"}, 0, true},
		{"version 1, no number", map[string]string{"cpu.cfs_quota_us": "lots\n"}, 0, true},
		{"a period that is none", map[string]string{"cpu.max": "150000 x\n"}, 0, true},
		{"a quota that is none", map[string]string{"cpu.max": "x 100000\n"}, 0, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range test.files {
				write(t, dir, name, content)
			}
			got, err := CPUs(dir)
			if (err != nil) != test.wantErr || err == nil && got != test.want {
				t.Errorf("CPUs = %v, %v; want %v, error %v", got, err, test.want, test.wantErr)
			}
		})
	}
}

// FuzzValues feeds both parsers anything: a value is never negative, a number
// below the unlimited ones reads as itself, and a quota comes out finite or
// as none at all.
func FuzzValues(f *testing.F) {
	for _, s := range []string{"max", "-1", "0\n", "100000", "150000 100000", "max 100000", "5 0", "9223372036854771712", "99999999999999999999", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := parseValue(s)
		if err != nil && v != 0 || v < 0 {
			t.Errorf("parseValue(%q) = %d, %v", s, v, err)
		}
		if n, nerr := strconv.ParseUint(strings.TrimSpace(s), 10, 62); nerr == nil && (v != int64(n) || err != nil) {
			t.Errorf("parseValue(%q) = %d, %v; want %d", s, v, err, n)
		}
		c, err := parseCPUMax(s)
		if math.IsNaN(c) || c < 0 || err != nil && c != 0 {
			t.Errorf("parseCPUMax(%q) = %v, %v", s, c, err)
		}
	})
}

// FuzzWay feeds the walk any pair of paths: whatever is found lies within the
// mount, and the walk ends at the mount point.
func FuzzWay(f *testing.F) {
	for _, s := range [][2]string{{"/", "/"}, {"/", "/a/b"}, {"/a", "/a/b"}, {"/..", "/../b"}, {"/", "/.."}, {"/", "/a/../../b"}, {"", ""}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, root, group string) {
		sub, ok := below(root, group)
		if !ok {
			return
		}
		dirs := upwards("/mount", sub)
		if last := dirs[len(dirs)-1]; last != "/mount" {
			t.Errorf("from %q to %q the walk ends at %q", root, group, last)
		}
		for _, d := range dirs {
			if d != "/mount" && !strings.HasPrefix(d, "/mount/") {
				t.Errorf("from %q to %q the walk leaves the mount: %q", root, group, d)
			}
		}
	})
}
