package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"threadbench/bench/internal/armtest"
	"threadbench/threads/cgroup"
)

// memoryGroup returns this process's own memory group. It skips the test if the
// process may not make a child of it.
func memoryGroup(t *testing.T) string {
	t.Helper()
	dirs, err := cgroup.Paths("memory")
	if err != nil || len(dirs) == 0 {
		t.Skipf("needs a memory cgroup: %v", err)
	}
	return dirs[0]
}

// grouped is a meter with a group of its own.
func grouped(t *testing.T) *MemoryMeter {
	t.Helper()
	m, err := NewMemoryMeter()
	if err != nil {
		t.Fatal(err)
	}
	if m.group == "" {
		t.Skip("this process may not make a memory cgroup")
	}
	return m
}

// TestMemoryMeterWithoutGroup reads the system's counters where there is no
// group.
func TestMemoryMeterWithoutGroup(t *testing.T) {
	m := &MemoryMeter{}
	got, err := m.Read()
	if err != nil {
		t.Fatal(err)
	}
	if got.User <= 0 || got.Kernel <= 0 || got.Reserved < got.User {
		t.Errorf("%+v, want some of each and more reserved than resident", got)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}

// TestMeterBelow: no group stays that doesn't report kernel memory. The parent is
// no control group, so groups made there have no files.
func TestMeterBelow(t *testing.T) {
	parent := t.TempDir()
	if m, err := meterBelow(parent, parent); m != nil || err != nil {
		t.Errorf("%+v, %v, want none", m, err)
	}
	if left, err := os.ReadDir(parent); len(left) != 0 || err != nil {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if m, err := meterBelow(filepath.Join(parent, "none"), parent); m != nil || err != nil {
		t.Errorf("below none: %+v, %v", m, err)
	}
}

func TestKernelBytesFrom(t *testing.T) {
	if !armtest.Alone(t) {
		return
	}
	before := memoryGroup(t)
	got := KernelBytesFrom()
	switch got {
	case "memcg-v1", "memcg-v2", "system":
	default:
		t.Errorf("kernel memory comes from %q", got)
	}
	if now := memoryGroup(t); now != before {
		t.Errorf("to have asked has moved this process from %s to %s", before, now)
	}
}

// TestSweepGroups sweeps beside a group of a living process, of a dead one,
// and of somebody else.
func TestSweepGroups(t *testing.T) {
	parent := memoryGroup(t)
	dead := exec.Command("/proc/self/exe", "-test.run=^$")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	group := func(name string) string {
		dir := filepath.Join(parent, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Skipf("needs to make a memory cgroup: %v", err)
		}
		t.Cleanup(func() { os.Remove(dir) })
		return dir
	}
	ofDead := group(groupPrefix + strconv.Itoa(dead.Process.Pid))
	kept := []string{
		group(groupPrefix + strconv.Itoa(os.Getppid())),
		group(groupPrefix + "of-somebody-else"),
		group("other-" + strconv.Itoa(dead.Process.Pid)),
	}
	SweepGroups()
	if _, err := os.Stat(ofDead); !os.IsNotExist(err) {
		t.Errorf("the group of a dead process is still there: %v", err)
	}
	for _, dir := range kept {
		if _, err := os.Stat(dir); err != nil {
			t.Errorf("a group that is none of a dead worker's is gone: %v", err)
		}
	}
}

// TestMemoryMeterInLeaf: in version 2 a group with processes has no children
// with a memory controller, so the meter's group stands beside it, unless the
// process would escape a limit there.
func TestMemoryMeterInLeaf(t *testing.T) {
	if !armtest.Alone(t) {
		return
	}
	home := memoryGroup(t)
	if !exists(home, "cgroup.controllers") {
		t.Skip("needs a memory controller of version 2")
	}
	parent := home
	for !enables(parent, "memory") {
		if parent = filepath.Dir(parent); !exists(parent, "cgroup.controllers") {
			t.Skipf("needs a group above %s that enables the memory controller", home)
		}
	}
	leaf, err := os.MkdirTemp(parent, "threadbench-test-")
	if err != nil {
		t.Skipf("needs to make a memory cgroup: %v", err)
	}
	if err := join(leaf); err != nil {
		os.Remove(leaf)
		t.Skipf("needs to enter a memory cgroup: %v", err)
	}
	defer func() {
		if err := join(home); err != nil {
			t.Error(err)
		} else if err := os.Remove(leaf); err != nil {
			t.Error(err)
		}
	}()
	if !readsKernel(leaf) {
		t.Skip("needs a memory.stat with a line kernel, which Linux has from 5.18 on")
	}
	if got := KernelBytesFrom(); got != "memcg-v2" {
		t.Errorf("kernel memory is from %s, want memcg-v2", got)
	}
	m := grouped(t)
	if got := filepath.Dir(m.group); got != parent {
		t.Errorf("the group is below %s, want %s", got, parent)
	}
	if got, err := m.Read(); err != nil || got.User <= 0 || got.Kernel < 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if now := memoryGroup(t); now != leaf {
		t.Errorf("after it, this process is in %s, want %s", now, leaf)
	}

	for file, values := range map[string][2]string{
		"memory.max":  {"8589934592", "max"},
		"memory.high": {"8589934592", "max"},
		"cpu.max":     {"90000 100000", "max 100000"},
		"pids.max":    {"5000", "max"},
	} {
		if !exists(leaf, file) {
			continue
		}
		put := func(value string) {
			if err := os.WriteFile(filepath.Join(leaf, file), []byte(value), 0); err != nil {
				t.Fatal(err)
			}
		}
		put(values[0])
		want := "system"
		if file == "pids.max" {
			want = "memcg-v2"
		}
		if got := KernelBytesFrom(); got != want {
			t.Errorf("with %s %s kernel memory is from %s, want %s", file, values[0], got, want)
		}
		put(values[1])
	}
}

// enables tells whether the children of a group have the controller.
func enables(dir, controller string) bool {
	text, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
	return err == nil && slices.Contains(strings.Fields(string(text)), controller)
}

// readsKernel reports whether a group of version 2 reports kernel memory.
func readsKernel(dir string) bool {
	_, err := (&MemoryMeter{group: dir, file: "memory.stat", stat: true}).kernel()
	return err == nil
}

// TestLimits: a group limits if a limit of memory or CPU time is set, if it has
// CPUs of its own, and if it can't be read.
func TestLimits(t *testing.T) {
	for name, test := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"nothing set":    {map[string]string{"memory.max": "max\n", "memory.high": "max\n", "memory.swap.max": "max\n", "cpu.max": "max 100000\n", "pids.max": "max\n"}, false},
		"no controllers": {map[string]string{"cgroup.procs": "1\n"}, false},
		"threads":        {map[string]string{"pids.max": "500\n"}, false},
		"memory":         {map[string]string{"memory.max": "8589934592\n"}, true},
		"high":           {map[string]string{"memory.high": "8589934592\n"}, true},
		"swap":           {map[string]string{"memory.swap.max": "0\n"}, true},
		"version 1":      {map[string]string{"memory.limit_in_bytes": "8589934592\n"}, true},
		"unset there":    {map[string]string{"memory.limit_in_bytes": "9223372036854771712\n"}, false},
		"CPU time":       {map[string]string{"cpu.max": "150000 100000\n"}, true},
		"CPUs":           {map[string]string{"cpuset.cpus": "\n"}, true},
		"nonsense":       {map[string]string{"memory.max": "much\n"}, true},
	} {
		if got := limits(armtest.Tree(t, test.files)); got != test.want {
			t.Errorf("%s: limits: %v, want %v", name, got, test.want)
		}
	}
}

// TestResident adds up smaps where there is no smaps_rollup.
func TestResident(t *testing.T) {
	const smaps = "00400000-00401000 r-xp 00000000 00:00 0 a\nRss:                   4 kB\nPss: 3 kB\n00500000-00502000 rw-p 00000000 00:00 0\nRss:                   8 kB\n"
	for name, test := range map[string]struct {
		files map[string]string
		want  int64
		err   string
	}{
		"rolled up":  {map[string]string{"smaps_rollup": "00400000-7fff r--p 0 00:00 0 [rollup]\nRss:  20 kB\n", "smaps": smaps}, 20 << 10, ""},
		"in parts":   {map[string]string{"smaps": smaps}, 12 << 10, ""},
		"none":       {nil, 0, "smaps"},
		"no Rss":     {map[string]string{"smaps": "Size: 4 kB\n"}, 0, "smaps: no line Rss:"},
		"unreadable": {map[string]string{"smaps_rollup/x": "", "smaps": smaps}, 0, "smaps_rollup"},
	} {
		got, err := resident(armtest.Tree(t, test.files))
		armtest.Says(t, name, err, test.err)
		if got != test.want {
			t.Errorf("%s: %d bytes, want %d", name, got, test.want)
		}
	}
}

func TestKilobytes(t *testing.T) {
	const text = "MemTotal:       24684096 kB\nKernelStack:       3200 kB\nHugePages_Total:       5\nBad: x kB\nMany: 1 2 kB\nHuge: 99999999999999999999 kB\n"
	for key, want := range map[string]int64{"MemTotal:": 24684096 << 10, "KernelStack:": 3200 << 10} {
		if got, err := kilobytes([]byte(text), key); err != nil || got != want {
			t.Errorf("kilobytes of %s = %d, %v, want %d", key, got, err, want)
		}
	}
	for key, want := range map[string]string{
		"None:":            "no line None:",
		"HugePages_Total:": "not a number of kB",
		"Bad:":             "Bad: x kB",
		"Many:":            "not a number of kB",
		"Huge:":            "Huge: 99999999999999999999 kB",
	} {
		if got, err := kilobytes([]byte(text), key); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("kilobytes of %s = %d, %v, want an error with %q", key, got, err, want)
		}
	}
}

// TestMemoryMeterGroup makes a group, finds this process in it, leaves it and
// finds it gone.
func TestMemoryMeterGroup(t *testing.T) {
	if !armtest.Alone(t) {
		return
	}
	home := memoryGroup(t)
	m := grouped(t)
	dirs, _ := cgroup.Paths("memory")
	if parent := filepath.Dir(m.group); m.home != home || parent != home && !slices.Contains(dirs, parent) {
		t.Errorf("its group is %s, want one below %s or what is above that", m.group, home)
	}
	if now := memoryGroup(t); now != m.group {
		t.Errorf("this process is in the group %s, want %s", now, m.group)
	}
	group := m.group
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if now := memoryGroup(t); now != home {
		t.Errorf("after it, this process is in the group %s, want %s", now, home)
	}
	if _, err := os.Stat(group); !os.IsNotExist(err) {
		t.Errorf("after it, %s is still there: %v", group, err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("closing once more: %v", err)
	}
}
