package host

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"threadbench/bench/internal/armtest"
	"threadbench/threads/cgroup"
)

// memoryGroup is this process's own memory group, of which it may make a
// child; it skips the test where it may not.
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

func TestKilobytes(t *testing.T) {
	const text = "MemTotal:       24684096 kB\nKernelStack:       3200 kB\nHugePages_Total:       5\nBad: x kB\nMany: 1 2 kB\nHuge: 99999999999999999999 kB\n"
	for key, want := range map[string]int64{"MemTotal:": 24684096 << 10, "KernelStack:": 3200 << 10} {
		if got, err := kilobytes([]byte(text), key); err != nil || got != want {
			t.Errorf("kilobytes of %s = %d, %v, want %d", key, got, err, want)
		}
	}
	for key, want := range map[string]string{
		"None:":            "no line None:",
		"HugePages_Total:": "no number of kB",
		"Bad:":             "Bad: x kB",
		"Many:":            "no number of kB",
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
	parent := memoryGroup(t)
	m := grouped(t)
	if want := filepath.Join(parent, groupPrefix+strconv.Itoa(os.Getpid())); m.group != want {
		t.Errorf("its group is %s, want %s", m.group, want)
	}
	if now := memoryGroup(t); now != m.group {
		t.Errorf("this process is in the group %s, want %s", now, m.group)
	}
	group := m.group
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if now := memoryGroup(t); now != parent {
		t.Errorf("after it, this process is in the group %s, want %s", now, parent)
	}
	if _, err := os.Stat(group); !os.IsNotExist(err) {
		t.Errorf("after it, %s is still there: %v", group, err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("closing once more: %v", err)
	}
}
