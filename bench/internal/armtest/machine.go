package armtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Tree makes a tree of files, and of symbolic links where a name ends in @.
func Tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range files {
		name, isLink := strings.CutSuffix(name, "@")
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if isLink {
			err = os.Symlink(content, path)
		} else {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// Machine makes a tree of the kernel's files about CPUs. Names are relative to
// sys/devices.
func Machine(t *testing.T, files map[string]string) string {
	t.Helper()
	all := map[string]string{}
	for name, content := range files {
		all["sys/devices/"+name] = content
	}
	return Tree(t, all)
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
