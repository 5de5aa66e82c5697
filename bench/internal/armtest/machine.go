package armtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Machine makes a tree of what the kernel tells of CPUs: by file below
// sys/devices.
func Machine(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		path := filepath.Join(root, "sys/devices", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// HybridMachine has one fast core of two threads, CPUs 0 and 1, and two slow
// ones, CPUs 2 and 3.
func HybridMachine(t *testing.T) string {
	files := map[string]string{"system/cpu/online": "0-3", "cpu_core/cpus": "0-1", "cpu_atom/cpus": "2-3"}
	for n, c := range []struct{ capacity, khz, threads string }{
		{"1024", "5199999", "0-1"}, {"1024", "5199999", "0-1"}, {"623", "3900000", "2"}, {"623", "3900000", "3"},
	} {
		dir := fmt.Sprintf("system/cpu/cpu%d/", n)
		files[dir+"cpu_capacity"], files[dir+"cpufreq/cpuinfo_max_freq"] = c.capacity, c.khz
		files[dir+"topology/thread_siblings_list"], files[dir+"topology/physical_package_id"] = c.threads, "0"
	}
	return Machine(t, files)
}
