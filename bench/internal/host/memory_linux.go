package host

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"threadbench/bench/lockstep"
	"threadbench/threads/cgroup"
)

// Parsed here, and not by a library: procfs imports net, which with cgo
// enabled links cgo into the binary and so changes how the runtime makes the
// threads that are measured.

// CanPin tells whether a process can be held on a CPU.
const CanPin = true

// Memory is what is held, in bytes.
type Memory struct{ User, Kernel, Reserved int64 }

// A MemoryMeter reads what this process holds. Kernel memory comes from a
// memory cgroup of its own, if it may make one.
type MemoryMeter struct {
	group, parent string // directories, "" without a group
	file          string // in group
	stat          bool   // file is a memory.stat with a line "kernel"
}

// groupPrefix begins the name of every cgroup of ours; the process's id ends
// it.
const groupPrefix = "threadbench-"

// NewMemoryMeter moves the process into a memory cgroup of its own.
func NewMemoryMeter() (*MemoryMeter, error) {
	dirs, err := cgroup.Paths("memory")
	if err != nil || len(dirs) == 0 {
		return &MemoryMeter{}, nil
	}
	parent := dirs[0]
	group := filepath.Join(parent, groupPrefix+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		return &MemoryMeter{}, nil
	}
	m := &MemoryMeter{group: group, parent: parent}
	switch {
	case exists(group, "memory.kmem.usage_in_bytes"):
		m.file = "memory.kmem.usage_in_bytes"
	case exists(group, "memory.stat") && exists(group, "memory.current"):
		m.file, m.stat = "memory.stat", true
	}
	if m.file == "" || join(group) != nil {
		os.Remove(group)
		return &MemoryMeter{}, nil
	}
	if _, err := m.kernel(); err != nil {
		return &MemoryMeter{}, errors.Join(err, m.Close())
	}
	return m, nil
}

func exists(dir, file string) bool {
	_, err := os.Stat(filepath.Join(dir, file))
	return err == nil
}

// join moves this process into the cgroup.
func join(dir string) error {
	return os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0)
}

// Close moves the process back and removes its cgroup.
func (m *MemoryMeter) Close() error {
	if m.group == "" {
		return nil
	}
	if err := join(m.parent); err != nil {
		return fmt.Errorf("moving back to cgroup %s: %w", m.parent, err)
	}
	group := m.group
	m.group = ""
	if err := os.Remove(group); err != nil {
		return fmt.Errorf("removing the worker's own cgroup: %w", err)
	}
	return nil
}

// SweepGroups removes the memory cgroups that workers have left behind by
// dying.
func SweepGroups() {
	dirs, err := cgroup.Paths("memory")
	if err != nil || len(dirs) == 0 {
		return
	}
	left, _ := filepath.Glob(filepath.Join(dirs[0], groupPrefix+"*"))
	for _, dir := range left {
		pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(dir), groupPrefix))
		if err == nil && lockstep.Gone(pid) {
			os.Remove(dir)
		}
	}
}

// KernelBytesFrom says where kernel memory is read: memcg-v1, memcg-v2, or
// system, where it is everybody's and the figures are to be taken as such.
func KernelBytesFrom() string {
	m, err := NewMemoryMeter()
	if err != nil {
		return "unknown"
	}
	defer m.Close()
	switch {
	case m.group == "":
		return "system"
	case m.stat:
		return "memcg-v2"
	}
	return "memcg-v1"
}

// Read reads what this process holds.
func (m *MemoryMeter) Read() (Memory, error) {
	var got Memory
	rollup, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return got, fmt.Errorf("reading resident memory: %w", err)
	}
	if got.User, err = kilobytes(rollup, "Rss:"); err != nil {
		return got, fmt.Errorf("reading resident memory: /proc/self/smaps_rollup: %w", err)
	}
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return got, fmt.Errorf("reading address space: %w", err)
	}
	size, _, _ := strings.Cut(string(statm), " ")
	pages, err := strconv.ParseInt(size, 10, 64)
	if err != nil {
		return got, fmt.Errorf("reading address space: /proc/self/statm: %w", err)
	}
	got.Reserved = pages * int64(os.Getpagesize())
	got.Kernel, err = m.kernel()
	return got, err
}

func (m *MemoryMeter) kernel() (int64, error) {
	if m.group == "" {
		return systemKernel()
	}
	path := filepath.Join(m.group, m.file)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, fmt.Errorf("reading kernel memory: %w", err)
	}
	if !m.stat {
		n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("reading kernel memory: %s: %w", path, err)
		}
		return n, nil
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, "kernel "); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("reading kernel memory: %s: %w", path, err)
			}
			return n, nil
		}
	}
	return 0, fmt.Errorf("reading kernel memory: %s has no line kernel (Linux 5.18 and newer do)", path)
}

// systemKernel is what the whole system's kernel holds of the three kinds
// that threads take.
func systemKernel() (int64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, fmt.Errorf("reading kernel memory: %w", err)
	}
	var sum int64
	for _, key := range []string{"KernelStack:", "PageTables:", "SUnreclaim:"} {
		n, err := kilobytes(text, key)
		if err != nil {
			return 0, fmt.Errorf("reading kernel memory: /proc/meminfo: %w", err)
		}
		sum += n
	}
	return sum, nil
}

// kilobytes finds the line "KEY 123 kB" and answers its bytes.
func kilobytes(text []byte, key string) (int64, error) {
	for line := range bytes.Lines(text) {
		rest, ok := bytes.CutPrefix(line, []byte(key))
		if !ok {
			continue
		}
		fields := strings.Fields(string(rest))
		if len(fields) != 2 || fields[1] != "kB" {
			return 0, fmt.Errorf("%q is no number of kB", strings.TrimSpace(string(line)))
		}
		n, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q: %w", strings.TrimSpace(string(line)), err)
		}
		return n << 10, nil
	}
	return 0, fmt.Errorf("no line %s", key)
}

// isInMemory tells whether what is written to the folder never gets to a disk;
// so does a folder that isn't there.
func isInMemory(dir string) bool {
	var s unix.Statfs_t
	return unix.Statfs(dir, &s) != nil || uint32(s.Type) == unix.TMPFS_MAGIC || uint32(s.Type) == unix.RAMFS_MAGIC
}
