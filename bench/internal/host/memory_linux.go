package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"threadbench/bench/lockstep"
	"threadbench/threads/cgroup"
)

// This package parses the files itself, without procfs: procfs imports net,
// which with cgo enabled links cgo into the binary. That changes how the
// runtime makes the threads under measurement.

// CanPin says whether a process can be held on a CPU.
const CanPin = true

// Memory is the memory that a process holds, in bytes.
type Memory struct{ User, Kernel, Reserved int64 }

// A MemoryMeter reads the memory that this process holds. It reads kernel
// memory from a memory cgroup of its own, if it may make one.
//
// That group is a child of the process's own group or, if that group can have
// no children, of the nearest ancestor that can. In version 2 a group with
// processes, as systemd gives each session and service, has no children with a
// memory controller.
//
// A group below an ancestor escapes the limits of the groups passed over. So
// none of these may limit memory or CPU time, or have a cpuset of its own; else
// the meter reads the system's counters. A limit of threads (pids.max, which
// systemd sets for each service) doesn't matter: it was looked up before, and
// no more threads are made than it allows. Weights and limits of I/O don't
// matter either, since a process with parked tasks neither competes nor reads.
//
// Rejected: giving the group copies of these limits, since k workers would have
// k copies; moving all processes of the group into a child of it, since they
// aren't ours.
type MemoryMeter struct {
	group, home string // directories: its own, "" without one, and the process's group before
	file        string // in group
	stat        bool   // file is a memory.stat with a line "kernel"
}

// groupPrefix begins the name of each such cgroup; the process's id follows.
const groupPrefix = "threadbench-"

// NewMemoryMeter moves the process into a memory cgroup of its own.
func NewMemoryMeter() (*MemoryMeter, error) {
	dirs, err := cgroup.Paths("memory")
	if err != nil {
		return &MemoryMeter{}, nil // its groups are hidden
	}
	for i, parent := range dirs {
		if i > 0 && limits(dirs[i-1]) {
			break
		}
		m, err := meterBelow(parent, dirs[0])
		if m != nil || err != nil {
			return m, err
		}
	}
	return &MemoryMeter{}, nil
}

// limits reports whether a group limits memory or CPU time, has CPUs of its
// own, or can't be read.
func limits(dir string) bool {
	for _, files := range [][]string{{"memory.max", "memory.limit_in_bytes"}, {"memory.high"}, {"memory.swap.max"}} {
		if v, err := cgroup.Read(dir, files...); err != nil || v != cgroup.Unlimited {
			return true
		}
	}
	cpus, err := cgroup.CPUs(dir)
	return err != nil || !math.IsInf(cpus, 1) || exists(dir, "cpuset.cpus")
}

// meterBelow makes the group below parent. It returns nil if parent can't have
// one that reports kernel memory.
func meterBelow(parent, home string) (*MemoryMeter, error) {
	group := filepath.Join(parent, groupPrefix+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(group, 0o755); err != nil {
		return nil, nil
	}
	m := &MemoryMeter{group: group, home: home}
	switch {
	case exists(group, "memory.kmem.usage_in_bytes"):
		m.file = "memory.kmem.usage_in_bytes"
	case exists(group, "memory.current"):
		m.file, m.stat = "memory.stat", true
	}
	if m.file != "" {
		_, err := m.kernel()
		if err == nil && join(group) == nil {
			return m, nil
		}
	}
	return nil, os.Remove(group)
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
	if err := join(m.home); err != nil {
		return fmt.Errorf("moving back to cgroup %s: %w", m.home, err)
	}
	group := m.group
	m.group = ""
	if err := os.Remove(group); err != nil {
		return fmt.Errorf("removing the worker's own cgroup: %w", err)
	}
	return nil
}

// SweepGroups removes the memory cgroups of workers that died.
func SweepGroups() {
	dirs, err := cgroup.Paths("memory")
	if err != nil {
		return
	}
	for _, parent := range dirs {
		left, _ := filepath.Glob(filepath.Join(parent, groupPrefix+"*"))
		for _, dir := range left {
			pid, err := strconv.Atoi(strings.TrimPrefix(filepath.Base(dir), groupPrefix))
			if err == nil && lockstep.Gone(pid) {
				os.Remove(dir)
			}
		}
	}
}

// KernelBytesFrom says where kernel memory is read: memcg-v1, memcg-v2, or
// system, where the figure includes all other processes. memcg-v2 needs Linux
// 5.18: before that, memory.stat has no line "kernel", and in older releases no
// page tables.
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

// Read reads the memory that this process holds.
func (m *MemoryMeter) Read() (Memory, error) {
	var got Memory
	var err error
	if got.User, err = resident("/proc/self"); err != nil {
		return got, fmt.Errorf("reading resident memory: %w", err)
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

// resident returns the resident memory of the process with that directory in
// proc. A system without smaps_rollup (gVisor, Linux before 4.14) has its parts
// in smaps. VmRSS would be cheaper, but may be off by 63 pages a thread.
func resident(dir string) (int64, error) {
	name := filepath.Join(dir, "smaps_rollup")
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		name = filepath.Join(dir, "smaps")
		text, err = os.ReadFile(name)
	}
	if err != nil {
		return 0, err
	}
	n, err := kilobytes(text, "Rss:")
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return n, nil
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
	return 0, fmt.Errorf("reading kernel memory: %s has no line kernel; it needs Linux 5.18 or later", path)
}

// systemKernel returns what the whole system's kernel holds of the three kinds
// of memory that threads take.
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

// kilobytes adds up the lines "KEY 123 kB", at least one, and returns the sum
// in bytes.
func kilobytes(text []byte, key string) (int64, error) {
	sum, seen := int64(0), false
	for line := range bytes.Lines(text) {
		rest, ok := bytes.CutPrefix(line, []byte(key))
		if !ok {
			continue
		}
		fields := strings.Fields(string(rest))
		if len(fields) != 2 || fields[1] != "kB" {
			return 0, fmt.Errorf("%q is not a number of kB", strings.TrimSpace(string(line)))
		}
		n, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q: %w", strings.TrimSpace(string(line)), err)
		}
		sum, seen = sum+n<<10, true
	}
	if !seen {
		return 0, fmt.Errorf("no line %s", key)
	}
	return sum, nil
}

// isInMemory reports whether files in the folder never get to a disk, as when
// the folder doesn't exist.
func isInMemory(dir string) bool {
	var s unix.Statfs_t
	return unix.Statfs(dir, &s) != nil || uint32(s.Type) == unix.TMPFS_MAGIC || uint32(s.Type) == unix.RAMFS_MAGIC
}
